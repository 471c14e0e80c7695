"""How the daemon stops: what is under way gets its time, and what is left is ended and told."""
import http.client
import json
import threading
import unittest

from harness import GATEWAY_TOKEN, POLICY_ALL, local_gateway, until

# What the commands run. Each writes to the file `told` what it has come to; the stubborn one would run
# for good, and says when it is told to end.
SCRIPTS = {
    "change_slowly": "echo start >> told; sleep 3; echo end >> told",
    "change_for_ever": "trap 'echo told >> told; exit 7' TERM; echo start >> told; while :; do sleep 0.1; done",
    "look_for_ever": "echo start >> told; while :; do sleep 0.1; done",
}
COMMAND = """  - name: {name}
    description: "Run the script of a test"
    command_template: "{script}"
    category: custom
    capability: "{capability}"
    tier: {tier}
"""
TASKS = {"extensions": {"io.modelcontextprotocol/tasks": {}}}


class Stop(unittest.TestCase):
    def setUp(self):
        self.gateway = None

    def start(self, grace):
        gateway = local_gateway(policy=POLICY_ALL, gateway=GATEWAY_TOKEN + (
            f"commands: commands.yaml\nmcp: {{task_after: 1s}}\nlimits: {{stop_grace: {grace}}}\n"))
        commands = "commands:\n"
        for name, text in SCRIPTS.items():
            script = gateway.directory / f"{name}.sh"
            script.write_text(f"#!/bin/sh\ncd {gateway.directory}\n{text}\n")
            script.chmod(0o755)
            looks = name.startswith("look")
            commands += COMMAND.format(name=name, script=script, tier="observe" if looks else "control",
                                       capability="system:read" if looks else "system:write")
        gateway.write("commands.yaml", commands)
        gateway.start()
        self.addCleanup(gateway.__exit__)
        self.gateway, self.told = gateway, gateway.directory / "told"

    def lines(self):
        return self.told.read_text().split() if self.told.exists() else []

    def begin(self, command, capabilities=None):
        """Calls from a thread, and returns once the command runs; what it answers is put into the list."""
        answers = []

        def call():
            try:
                answers.append(self.gateway.call("execute_command", {
                    "target": "local", "command_name": command}, capabilities=capabilities))
            except (OSError, AssertionError, ValueError, http.client.HTTPException) as error:
                answers.append(error)
        thread = threading.Thread(target=call)
        thread.start()
        self.addCleanup(thread.join)
        until(lambda: "start" in self.lines(), what=f"{command} to run")
        return answers

    def stop(self):
        self.assertEqual(self.gateway.stop(), 0)

    def outcomes(self):
        found = self.gateway.command("audit", "query", "--tool", "execute_command", "--state-dir",
                                     str(self.gateway.state_dir), check=True).stdout
        return [record["outcome"] for record in map(json.loads, found.splitlines())
                if record["phase"] == "outcome"]

    def test_gives_a_change_that_became_a_task_the_grace_of_a_plain_call(self):
        for capabilities in (TASKS, None):
            with self.subTest(capabilities=capabilities):
                self.start("60s")
                answers = self.begin("change_slowly", capabilities)
                if capabilities:
                    until(lambda: answers, what="the task")
                    self.assertEqual(answers[0]["resultType"], "task")
                self.stop()
                self.assertEqual(self.lines(), ["start", "end"])
                self.assertEqual(self.outcomes(), ["ok"])
                self.assertNotIn("stop_incomplete", self.gateway.logged())

    def test_keeps_the_end_of_a_task_for_the_next_start(self):
        self.start("60s")
        subject = self.gateway.mint("admin", subject="keeper")
        self.gateway.token = subject
        answers = self.begin("change_slowly", TASKS)
        until(lambda: answers, what="the task")
        self.stop()
        self.gateway.start()
        self.gateway.token = subject
        task = self.gateway.rpc("tasks/get", {"taskId": answers[0]["taskId"]}, capabilities=TASKS,
                                headers={"Mcp-Name": answers[0]["taskId"]}).result
        self.assertEqual(task["status"], "completed", task)

    def test_cancels_a_task_that_only_looks_after_the_grace(self):
        self.start("1s")
        answers = self.begin("look_for_ever", TASKS)
        until(lambda: answers, what="the task")
        self.stop()
        self.assertEqual(self.outcomes(), ["cancelled"])
        self.assertNotIn("stop_incomplete", self.gateway.logged())

    def test_ends_a_change_that_outlasts_everything_in_order_and_names_it(self):
        for capabilities in (TASKS, None):
            with self.subTest(capabilities=capabilities):
                self.start("1s")
                answers = self.begin("change_for_ever", capabilities)
                if capabilities:
                    until(lambda: answers, what="the task")
                self.stop()
                self.assertEqual(self.lines(), ["start", "told"], "SIGTERM, before anything is killed")
                self.assertEqual(len(self.outcomes()), 1)
                self.assertNotIn("unknown", self.outcomes())
                logged = self.gateway.logged()
                self.assertIn("stop_incomplete", logged)
                self.assertIn("execute_command on local (request ", logged)


if __name__ == "__main__":
    unittest.main()
