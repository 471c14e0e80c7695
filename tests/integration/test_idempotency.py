"""Idempotency keys through the daemon: retries, restarts, kill -9 in between."""
import concurrent.futures
import contextlib
import json
import os
import signal
import threading
import unittest

from harness import GATEWAY_TOKEN, POLICY_ALL, Gateway, local_gateway, text_of, until

# mktemp makes another file each time it runs: files count effects. The slow one then waits until
# somebody opens its gate, a FIFO.
COMMANDS = """commands:
  - name: make_file
    description: "Make one more file, which changes something"
    command_template: "mktemp -p {folder}"
    category: custom
    capability: "system:write"
    tier: control
    parameters: {folder: {type: path, description: "Where"}}
  - name: make_file_slowly
    description: "Make one more file, and stay for a while"
    command_template: "mktemp -p {folder} && cat {gate}"
    category: custom
    capability: "system:write"
    tier: control
    parameters: {folder: {type: path, description: "Where"}, gate: {type: path, description: "What to wait for"}}
"""


def gateway_with_commands(settings="mcp: {task_after: 1s}\n"):
    made = local_gateway(policy=POLICY_ALL, gateway=GATEWAY_TOKEN + "commands: commands.yaml\n" + settings)
    made.write("commands.yaml", COMMANDS)
    return made


class IdempotencyKeys(unittest.TestCase):
    def setUp(self):
        self.gateway = gateway_with_commands()
        self.folder = self.gateway.directory / "effects"
        self.folder.mkdir()
        self.gate = self.gateway.directory / "gate"
        os.mkfifo(self.gate)
        self.gateway.start()
        self.addCleanup(self.gateway.__exit__)
        # What a killed gateway left waiting.
        self.addCleanup(lambda: os.close(os.open(self.gate, os.O_RDWR | os.O_NONBLOCK)))

    def open_gate(self):
        """Waits until a slow command stands at the gate, and lets it end."""
        def opened():
            with contextlib.suppress(OSError):  # ENXIO: nobody reads
                os.close(os.open(self.gate, os.O_WRONLY | os.O_NONBLOCK))
                return True
        until(opened, what="a command at the gate")

    def make(self, key, command="make_file", **more):
        parameters = {"folder": str(self.folder)}
        if command == "make_file_slowly":
            parameters["gate"] = str(self.gate)
        arguments = {"target": "local", "command_name": command, "parameters": parameters}
        if key:
            arguments["idempotency_key"] = key
        return self.gateway.call("execute_command", arguments, **more)

    def effects(self):
        return len(list(self.folder.iterdir()))

    def restart(self, how):
        """Ends the daemon and starts another on the same files; the token stays the same."""
        token = self.gateway.token
        self.gateway.stop(how)
        Gateway.start(self.gateway)
        self.gateway.token = token

    def records(self, outcome):
        told = self.gateway.command("audit", "query", "--outcome", outcome, "--state-dir",
                                    str(self.gateway.state_dir), check=True)
        return [json.loads(line) for line in told.stdout.splitlines()]

    def test_answer_retries_across_restarts_and_leave_other_calls_alone(self):
        first = self.make("key-1")
        self.assertFalse(first.get("isError", False), text_of(first))
        for replays, how in enumerate((None, signal.SIGTERM, signal.SIGKILL), 1):
            if how:
                self.restart(how)
            again = self.make("key-1")
            content = again["structuredContent"]
            self.assertEqual(content["output"], first["structuredContent"]["output"])
            self.assertTrue(content["replayed"])
            self.assertEqual(self.effects(), 1)
            until(lambda: len(self.records("replayed")) == replays, what="the record of the replay")
        for record in self.records("replayed"):
            self.assertIn(content["first_request"], record["detail"])
        self.assertNotIn("replayed", self.make(None)["structuredContent"])
        self.assertNotIn("replayed", self.make("key-2")["structuredContent"])
        self.assertEqual(self.effects(), 3)

    def test_refuse_other_arguments(self):
        self.make("key-1")
        other = self.gateway.call("execute_command", {"target": "local", "command_name": "make_file",
                                                      "parameters": {"folder": "/tmp"}, "idempotency_key": "key-1"})
        self.assertTrue(other["isError"])
        self.assertIn("was used with other arguments", text_of(other))
        self.assertIn('differ in "parameters"', text_of(other))
        self.assertEqual(self.effects(), 1)

    def test_do_not_repeat_what_kill_9_interrupted(self):
        def slow():
            with contextlib.suppress(Exception):
                self.make("key-1", "make_file_slowly")
        caller = threading.Thread(target=slow)
        caller.start()
        until(lambda: self.effects() == 1, what="the effect")
        busy = self.make("key-1", "make_file_slowly")
        self.assertTrue(busy["isError"])
        self.assertIn("still running", text_of(busy))
        self.restart(signal.SIGKILL)
        caller.join()

        for _ in range(2):
            again = self.make("key-1", "make_file_slowly")
            self.assertTrue(again["isError"])
            self.assertIn("outcome_unknown: ", text_of(again))
        unknown = [record for record in self.records("unknown") if record["tool"] == "execute_command"]
        self.assertEqual(len(unknown), 1)
        first = unknown[0]["request"]
        self.assertIn(f'get_run "{first}"', text_of(again))
        run = self.gateway.call("get_run", {"run_id": first})["structuredContent"]
        self.assertEqual(run["state"], "unknown")
        self.assertEqual(self.effects(), 1)
        self.assertFalse(self.make("key-2").get("isError", False))
        self.assertEqual(self.effects(), 2)

    def test_let_one_of_many_callers_do_it(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda _: self.make("key-1"), range(16)))
        self.assertEqual(self.effects(), 1)
        firsts = [result for result in results
                  if not result.get("isError") and "replayed" not in result["structuredContent"]]
        self.assertEqual(len(firsts), 1)
        for result in results:
            if result.get("isError"):
                self.assertIn("still running", text_of(result))

    def test_are_refused_where_nothing_can_change(self):
        for tool, arguments in (("get_system_status", {"target": "local"}), ("whoami", {})):
            self.assertNotIn("idempotency_key", self.schema(tool)["properties"])
            refused = self.gateway.call(tool, {**arguments, "idempotency_key": "key-1"})
            self.assertTrue(refused["isError"])
            self.assertIn('invalid_argument: unknown parameter "idempotency_key"', text_of(refused))
        self.assertIn("idempotency_key", self.schema("execute_command")["properties"])

    def schema(self, name):
        tools = self.gateway.rpc("tools/list").result["tools"]
        return next(tool["inputSchema"] for tool in tools if tool["name"] == name)

    def test_give_nothing_to_a_caller_who_lost_the_right(self):
        self.make("key-1")
        self.gateway.write("policy.yaml", POLICY_ALL.replace("tier: admin", "tier: observe"))
        os.kill(self.gateway.pid, signal.SIGHUP)
        until(lambda: self.make("key-1").get("isError"), what="the new policy")
        denied = self.make("key-1")
        self.assertIn("denied: ", text_of(denied))
        self.assertNotIn("structuredContent", denied)
        self.gateway.write("policy.yaml", POLICY_ALL)
        os.kill(self.gateway.pid, signal.SIGHUP)
        until(lambda: not self.make("key-1").get("isError"), what="the old policy")
        self.assertEqual(self.effects(), 1)

    def test_survive_the_call_becoming_a_task(self):
        takes_tasks = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
        task = self.make("key-1", "make_file_slowly", capabilities=takes_tasks)
        self.assertEqual(task["resultType"], "task", task)
        busy = self.make("key-1", "make_file_slowly", capabilities=takes_tasks)
        self.assertIn("still running", text_of(busy))
        self.open_gate()

        def ended():
            got = self.gateway.rpc("tasks/get", {"taskId": task["taskId"]}, capabilities=takes_tasks,
                                   headers={"Mcp-Name": task["taskId"]}).result
            return got if got["status"] != "working" else None
        first = until(ended, what="the end of the task")
        self.assertEqual(first["status"], "completed", first)
        again = self.make("key-1", "make_file_slowly", capabilities=takes_tasks)
        content = again["structuredContent"]
        self.assertTrue(content.pop("replayed"))
        content.pop("first_request")
        self.assertEqual(content, first["result"]["structuredContent"])
        self.assertEqual(self.effects(), 1)


class IdempotencyKeysOfTheCompactList(unittest.TestCase):
    def test_are_arguments_of_the_tool_that_is_called(self):
        with gateway_with_commands("mcp: {tool_exposure: compact}\n") as gateway:
            folder = gateway.directory / "effects"
            folder.mkdir()
            inner = {"target": "local", "command_name": "make_file", "parameters": {"folder": str(folder)},
                     "idempotency_key": "key-1"}
            outer = {"name": "execute_command", "arguments": inner}
            first = gateway.call("call_tool", outer)
            again = gateway.call("call_tool", outer)
            self.assertNotIn("replayed", first["structuredContent"])
            self.assertTrue(again["structuredContent"]["replayed"])
            self.assertTrue(gateway.call("execute_command", inner)["structuredContent"]["replayed"])
            misplaced = gateway.call("call_tool", {**outer, "idempotency_key": "key-1"})
            self.assertIn('unknown parameter "idempotency_key"', text_of(misplaced))
            self.assertEqual(len(list(folder.iterdir())), 1)


if __name__ == "__main__":
    unittest.main()
