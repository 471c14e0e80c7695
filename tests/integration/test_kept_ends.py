"""What calls came to while the database does not play: told from memory, and kept once it does."""
import contextlib
import os
import sqlite3
import threading
import unittest

from harness import GATEWAY_TOKEN, POLICY_ALL, local_gateway, text_of, until

TASKS = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
COMMANDS = """commands:
  - name: change
    description: "Run the script of a test"
    command_template: "{script}"
    category: custom
    capability: "system:write"
    tier: control
"""


class Ends(unittest.TestCase):
    def setUp(self):
        self.gateway = local_gateway(policy=POLICY_ALL, gateway=GATEWAY_TOKEN + (
            "commands: commands.yaml\nmcp: {task_after: 1s}\n"))
        self.told, self.gate = self.gateway.directory / "told", self.gateway.directory / "gate"
        script = self.gateway.directory / "change.sh"
        # Stays until somebody opens the gate, a FIFO.
        script.write_text(f"#!/bin/sh\necho start >> {self.told}\ncat {self.gate}\n")
        script.chmod(0o755)
        os.mkfifo(self.gate)
        self.gateway.write("commands.yaml", COMMANDS.format(script=script))
        self.gateway.start()
        self.addCleanup(self.gateway.__exit__)

    @contextlib.contextmanager
    def held_database(self):
        """The database as another process holds it: nobody can write."""
        connection = sqlite3.connect(self.gateway.state_dir / "tailops.db", isolation_level=None, timeout=10)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
            connection.close()

    def open_gate(self):
        def opened():
            with contextlib.suppress(OSError):  # ENXIO: nobody reads
                os.close(os.open(self.gate, os.O_WRONLY | os.O_NONBLOCK))
                return True
        until(opened, what="a command at the gate")

    def call(self, **more):
        arguments = {"target": "local", "command_name": "change", "idempotency_key": "k"}
        return self.gateway.call("execute_command", arguments, **more)

    def task(self, identifier):
        return self.gateway.rpc("tasks/get", {"taskId": identifier}, capabilities=TASKS,
                                headers={"Mcp-Name": identifier}).result

    def test_are_told_while_they_wait_and_stand_after_a_restart(self):
        begun = self.call(capabilities=TASKS)
        self.assertEqual(begun["resultType"], "task")
        with self.held_database():
            self.open_gate()
            done = until(lambda: (lambda task: task["status"] != "working" and task)(self.task(begun["taskId"])), 30,
                         "the end of the task")
            self.assertEqual((done["status"], done["result"].get("isError")), ("completed", None))
        token = self.gateway.token
        until(lambda: "idempotency_failed" in self.gateway.logged(), what="the log")
        self.gateway.stop()
        self.gateway.start()
        self.gateway.token = token
        self.assertEqual(self.task(begun["taskId"])["status"], "completed")
        self.assertTrue(self.call()["structuredContent"]["replayed"])
        self.assertEqual(self.told.read_text(), "start\n", "it was done once")

    def test_of_a_call_are_replayed_while_they_wait(self):
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.call()))
        thread.start()
        until(lambda: self.told.exists(), what="the command")
        with self.held_database():
            self.open_gate()
            thread.join(30)
            self.assertEqual(len(answers), 1)
        again = self.call()
        self.assertTrue(again["structuredContent"]["replayed"], text_of(again))
        self.assertEqual(self.told.read_text(), "start\n", "it was done once")


if __name__ == "__main__":
    unittest.main()
