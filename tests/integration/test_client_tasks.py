"""Calls that outlast the patience of a client: tasks, with the official extension of the SDK, where the client takes
them; a longer wait where it does not."""
import os
import pathlib
import tempfile
import unittest

from harness import local_gateway, until
from official import KINDS, Driver

GATEWAY = """version: 1
listen: ["127.0.0.1:0"]
state_dir: "@STATE@"
commands: commands.yaml
auth: {mode: token}
mcp: {task_after: 1s}
log: {level: debug}
"""

COMMANDS = """commands:
  - name: read_pipe
    description: "Read a pipe to its end"
    command_template: cat {path}
    parameters: {path: "The pipe"}
"""


class Pipe:
    """A command that runs until we say so: it reads a pipe to its end."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="tailops-pipe-")
        pathlib.Path(self.folder.name).chmod(0o755)
        self.path = os.path.join(self.folder.name, "pipe")
        os.mkfifo(self.path)
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def end(self, text):
        def written():
            try:
                pipe = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:  # nobody reads yet
                return False
            os.write(pipe, text.encode())
            os.close(pipe)
            return True
        until(written, what="a reader of the pipe")

    def call(self):
        return {"target": "local", "command_name": "read_pipe", "parameters": {"path": self.path}}


def setUpModule():
    global gateway, driver
    gateway = local_gateway(gateway=GATEWAY)
    gateway.write("commands.yaml", COMMANDS)
    gateway.start()
    driver = Driver().__enter__()


def tearDownModule():
    driver.__exit__()
    gateway.__exit__()


class Case(unittest.TestCase):
    def connect(self, kind, subject="tester"):
        client = driver.connect(kind, gateway, gateway.mint("admin", subject=subject))
        self.addCleanup(client.close)
        return client


class Tasks:
    """What lasts longer than mcp.task_after becomes a task of whoever called."""
    kind = None

    def setUp(self):
        self.client = self.connect(self.kind)

    def begun(self, pipe):
        begun = self.client.order("beginTask", tool="execute_command", arguments=pipe.call()).value()
        self.assertEqual(begun["kind"], "task")
        return begun["taskId"]

    def state(self, client, task):
        return client.order("askTasks", method="tasks/get", params={"taskId": task}).value()

    def test_a_call_that_cannot_last_is_no_task(self):
        begun = self.client.order("beginTask", tool="list_targets", arguments={}).value()
        self.assertEqual(begun["kind"], "immediate")
        self.assertEqual(self.client.order("settleTask").value()["status"], "completed")

    def test_a_long_call_becomes_a_task_and_gives_its_result(self):
        with Pipe() as pipe:
            task = self.begun(pipe)
            seen = self.state(self.client, task)["result"]
            self.assertEqual((seen["taskId"], seen["status"]), (task, "working"))
            pipe.end("that took long")
            settled = self.client.order("settleTask").value()
        self.assertEqual(settled["status"], "completed")
        self.assertEqual(settled["result"]["structuredContent"]["output"], "that took long")
        self.assertEqual(self.state(self.client, task)["result"]["status"], "completed")

    def test_a_task_can_be_cancelled(self):
        with Pipe() as pipe:
            task = self.begun(pipe)
            self.client.order("cancelTask").value()
            self.assertEqual(self.client.order("settleTask").value()["status"], "cancelled")
            until(lambda: self.state(self.client, task)["result"]["status"] == "cancelled", what="the end of the task")

    def test_a_task_is_nobody_elses(self):
        stranger = self.connect(self.kind, subject="somebody")
        with Pipe() as pipe:
            task = self.begun(pipe)
            for method in ("tasks/get", "tasks/cancel"):
                answer = stranger.order("askTasks", method=method, params={"taskId": task}).value()
                self.assertEqual(answer["error"]["code"], -32602, answer)
            unknown = stranger.order("askTasks", method="tasks/get", params={"taskId": "0" * 32}).value()
            self.assertEqual(self.state(stranger, task), unknown)
            self.assertEqual(self.state(self.client, task)["result"]["status"], "working")
            pipe.end("still here")
            self.assertEqual(self.client.order("settleTask").value()["status"], "completed")


class TasksOfSdkV2Auto(Tasks, Case):
    kind = "v2-auto"


class TasksOfSdkV2Modern(Tasks, Case):
    kind = "v2-modern"


class WithoutTasks(Case):
    """Whoever does not take tasks waits for the answer, however long it takes."""

    def outlast_the_patience(self):
        """Returns when a call that began now has become a task, so that one which began before could have."""
        taker = self.connect("v2-modern")
        with Pipe() as pipe:
            begun = taker.order("beginTask", tool="execute_command", arguments=pipe.call()).value()
            self.assertEqual(begun["kind"], "task")
            pipe.end("")

    def test_a_long_call_is_answered_when_it_ends(self):
        for kind in KINDS:
            with self.subTest(kind), Pipe() as pipe:
                pending = self.connect(kind).begin("callTool", {"name": "execute_command", "arguments": pipe.call()})
                self.outlast_the_patience()
                self.assertFalse(pending.is_answered())
                pipe.end("that took long")
                self.assertEqual(pending.value()["structuredContent"]["output"], "that took long")


if __name__ == "__main__":
    unittest.main()
