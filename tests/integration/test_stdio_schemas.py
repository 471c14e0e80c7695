"""Every line of `tailops stdio` is valid against the published schema of the revision it was said in.

test_schemas.py over a pipe: the official clients start the gateway behind the tap of tests/support/wire.
"""
import contextlib
import json
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile
import unittest

from everything import (COMMANDS, EXPECTED_LEGACY, EXPECTED_MODERN, FOLLOWED, GATEWAY, MODERN, POLICY, TARGETS, Asking,
                        check_record, modern, tapped)
from harness import Gateway, until
from test_client_tasks import Pipe
from test_protocol import message

# No HTTP: nothing to mirror in headers, no tokens.
ONLY_OVER_HTTP = {"error -32020", "error 403"}
# The scopes that a token has elsewhere.
USER = pwd.getpwuid(os.getuid()).pw_name
KEEPER = POLICY.replace("rules:\n", f"""roles:
  keeper: {{members: {{subjects: ["local|{USER}"]}}, scopes: [admin]}}
rules:
""", 1)
UNREADABLE = ("{", "7", "[]", json.dumps({"id": 1}), json.dumps({"jsonrpc": "2.0", "id": 1.5, "method": "ping"}))
LATE = json.dumps(message("notifications/cancelled", requestId="nothing"))


def line(method, number, **more):
    """A request of 2026-07-28."""
    return modern(method, number, **more)[2]


class ByHand:
    """One `tailops stdio` that lines are sent to as they are."""

    def __init__(self, words):
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)

    def say(self, *texts):
        self.process.stdin.write("".join(text + "\n" for text in texts))
        self.process.stdin.flush()

    def hear(self, **members):
        """The next message that has at least these members."""
        for text in self.process.stdout:
            said = json.loads(text)
            if isinstance(said, dict) and members.items() <= said.items():
                return said
        raise AssertionError(f"it ended without {members}")

    def ask(self, text):
        self.say(text)
        return self.hear(id=json.loads(text)["id"])

    def end(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.stdout.close()
        return self.process.wait(20)


class EveryLine(Asking, unittest.TestCase):
    def setUp(self):
        gateway = Gateway(files={"gateway.yaml": GATEWAY, "targets.yaml": TARGETS, "policy.yaml": KEEPER,
                                 "commands.yaml": COMMANDS})
        self.addCleanup(shutil.rmtree, gateway.directory, ignore_errors=True)
        self.record = pathlib.Path(gateway.directory) / "record"
        self.words = tapped(self.record, [gateway.binary, "stdio", "--config", gateway.config])

    def pid(self):
        """Of the process that speaks: a client may have started one before, to find out what it speaks."""
        return [entry["pid"] for entry in map(json.loads, self.record.read_text().splitlines()) if "pid" in entry][-1]

    @contextlib.contextmanager
    def by_hand(self):
        """After the official client, whose lines stay in the record."""
        process = ByHand(self.words)
        try:
            yield process
            self.assertEqual(process.end(), 0)
        finally:
            process.process.kill()
            process.process.wait()

    def hear_progress(self, process, call_for):
        with Pipe() as pipe:
            process.say(call_for(pipe.call()))
            self.assertEqual(process.hear(method="notifications/progress")["params"]["progressToken"], "p")
            pipe.end("that took long")
            self.assertIn("result", process.hear(id="long"))

    def legacy(self, revision, kind="v1"):
        client = self.driver.start(kind, self.words, revision=revision)
        client.ask("subscribeResource", {"uri": FOLLOWED})
        self.hear_changes(self.pid(), client)
        self.ask_everything(client)
        self.hear_log(client)
        client.ask("ping")
        client.ask("unsubscribeResource", {"uri": FOLLOWED})
        client.close()
        with self.by_hand() as process:
            agreed = process.ask(json.dumps(message("initialize", 1, protocolVersion=revision, capabilities={},
                                                    clientInfo={"name": "by-hand", "version": "1"})))
            self.assertEqual(agreed["result"]["protocolVersion"], revision)
            process.say(json.dumps(message("notifications/initialized")))
            self.hear_progress(process, lambda arguments: json.dumps(message(
                "tools/call", "long", name="execute_command", arguments=arguments, _meta={"progressToken": "p"})))
            process.say(*UNREADABLE, LATE, json.dumps([message("ping", 5), message("no/such", 6), message("notifications/no")]),
                        json.dumps(message("no/such", 3)), json.dumps(message("tools/call", "four", name=7)),
                        json.dumps(message("resources/read", 8, uri="tailops://nothing")))
            self.assertIn("result", process.ask(json.dumps(message("ping", "last"))))
        self.check(check_record(self.record), revision, set(EXPECTED_LEGACY) - ONLY_OVER_HTTP)

    def modern(self, kind):
        client = self.driver.start(kind, self.words)
        self.assertEqual(client.version, MODERN)
        wanted = {"toolsListChanged": True, "promptsListChanged": True, "resourcesListChanged": True,
                  "resourceSubscriptions": [FOLLOWED]}
        self.assertEqual(client.order("listen", filter=wanted).value(), wanted)
        self.hear_changes(self.pid(), client)
        self.ask_everything(client)
        client.close()
        with self.by_hand() as process:
            self.hear_progress(process, lambda arguments: line(
                "tools/call", "long", progress="p", name="execute_command", arguments=arguments))
            process.say(line("tools/call", 15, log="debug", name="whoami", arguments={}))
            self.assertEqual(process.hear(method="notifications/message")["params"]["data"]["tool"], "whoami")
            self.run_tasks(process)
            process.say(*UNREADABLE, LATE, f"[{line('tools/list', 5)}]", line("no/such", 6), line("initialize", 7),
                        line("tools/list", 8, version="2000-01-01"), line("tools/list", 9, cursor="nothing"),
                        line("tasks/get", 10, taskId="nothing"), line("tools/call", 11, name="x", arguments={}),
                        line("subscriptions/listen", 12, notifications=7))
            # Cancelled by the client: never answered.
            process.say(line("subscriptions/listen", 13, notifications={"toolsListChanged": True}))
            process.hear(method="notifications/subscriptions/acknowledged")
            process.say(json.dumps(message("notifications/cancelled", requestId=13)))
            self.assertIn("result", process.ask(line("server/discover", "last")))
            # Open when the input ends: this one gets its result.
            process.say(line("subscriptions/listen", 14, notifications={"toolsListChanged": True}))
            process.hear(method="notifications/subscriptions/acknowledged")
        self.check(check_record(self.record), MODERN, set(EXPECTED_MODERN) - ONLY_OVER_HTTP)

    def run_tasks(self, process):
        with Pipe() as one, Pipe() as other:
            def begun(pipe, number):
                created = process.ask(line("tools/call", number, tasks=True, name="execute_command",
                                           arguments=pipe.call()))
                return created["result"]["taskId"]

            ends, stopped = begun(one, 1), begun(other, 2)
            process.say(line("subscriptions/listen", "tasks", tasks=True, notifications={"taskIds": [ends, stopped]}))
            process.hear(method="notifications/subscriptions/acknowledged")
            one.end("that took long")
            self.assertEqual(process.hear(method="notifications/tasks")["params"]["status"], "completed")
            self.assertIn("result", process.ask(line("tasks/cancel", 3, tasks=True, taskId=stopped)))
            self.assertEqual(process.hear(method="notifications/tasks")["params"]["status"], "cancelled")
            for number, task, status in ((4, ends, "completed"), (5, stopped, "cancelled")):
                told = process.ask(line("tasks/get", number, tasks=True, taskId=task))
                self.assertEqual(told["result"]["status"], status)

    def test_is_valid_in_2026_07_28(self):
        self.modern("v2-modern")

    def test_is_valid_for_a_client_that_finds_the_modern_era_by_itself(self):
        self.modern("v2-auto")


# What a server says to `tools/list`, after which nothing follows; a word of the complaint, none where it is right.
RIGHT = {"jsonrpc": "2.0", "id": 1, "result": {"resultType": "complete", "tools": [], "ttlMs": 0,
                                               "cacheScope": "private"}}
LIST = line("tools/list", 1)
SAID = (
    (LIST, [json.dumps(RIGHT)], None),
    (LIST, ["hello", json.dumps(RIGHT)], "not JSON"),
    (LIST, [json.dumps({**RIGHT, "id": 2})], "answers no request"),
    (LIST, [json.dumps({**RIGHT, "result": {**RIGHT["result"], "tools": {}}})], "array"),
    (LIST, [json.dumps([RIGHT])], "batch"),
    (LIST, [json.dumps({"jsonrpc": "2.0", "error": {"code": -32600, "message": "no"}})], "answers no line"),
    (LATE, [json.dumps({"jsonrpc": "2.0", "error": {"code": -32600, "message": "no"}})], "answers no line"),
    ("{", [json.dumps({"jsonrpc": "2.0", "error": {"code": -32700, "message": "no"}})], None),
    (LIST, [json.dumps(message("notifications/tools/changed"))], "no notification"),
    (LIST, [json.dumps(RIGHT) + "\\c"], "without an end"))


class TheCheck(unittest.TestCase):
    def test_notices_what_is_wrong_and_nothing_else(self):
        for asked, said, word in SAID:
            with self.subTest(asked=asked, said=said), tempfile.TemporaryDirectory() as folder:
                record = pathlib.Path(folder) / "record"
                # printf: its \c ends the output, without the newline.
                script = "read -r line; printf '%b\\n' \"$@\""
                done = subprocess.run(tapped(record, ["/bin/sh", "-c", script, "sh", *said]), input=asked + "\n",
                                      text=True, capture_output=True, timeout=60)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                complaints = [one["message"] for one in check_record(record)["violations"]]
                if word is None:
                    self.assertEqual(complaints, [])
                else:
                    self.assertTrue(any(word in one for one in complaints), complaints or "nothing was noticed")

    def test_passes_on_what_it_hears_and_how_the_server_ends(self):
        with tempfile.TemporaryDirectory() as folder:
            record = pathlib.Path(folder) / "record"
            words = tapped(record, [sys.executable, "-c", "import sys; print(sys.stdin.read().upper()); sys.exit(7)"])
            done = subprocess.run(words, input="a\nb", text=True, capture_output=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout), (7, "A\nB\n"))
            heard = [json.loads(text) for text in record.read_text().splitlines()[1:]]
            self.assertEqual([one for one in heard if one["from"] == "client"],
                             [{"from": "client", "text": "a"}, {"from": "client", "text": "b", "torn": True}])


if __name__ == "__main__":
    unittest.main()
