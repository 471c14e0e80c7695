"""`tailops stdio`: one client at stdin and stdout, the process's user as the one who asks."""
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import unittest

import harness
from harness import GATEWAY_TOKEN, LOCAL_TARGET, PROTOCOL, Gateway, text_of
from official import Driver

USER = pwd.getpwuid(os.getuid()).pw_name
STATUS = {"name": "get_system_status", "arguments": {"target": "local"}}
WHO = {"name": "whoami", "arguments": {}}

POLICY = """version: 1
roles:
  keeper: {members: {subjects: ["local|%s"]}, scopes: [%s]}
rules:
  - {id: keepers, effect: allow, principals: {roles: [keeper]}, tier: admin}
"""


def modern(method, number, **params):
    params["_meta"] = {"io.modelcontextprotocol/protocolVersion": PROTOCOL,
                       "io.modelcontextprotocol/clientCapabilities": {}}
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


class Stdio(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="tailops-it-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.words = [str(harness.BINARY), "stdio", "--embedded", "--state-dir", f"{self.directory}/state"]

    def start(self, words=None):
        process = subprocess.Popen(words or self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()

    def exchange(self, *lines, words=None):
        """What one run answers to these lines, by id; everything on stdout must be a message."""
        done = subprocess.run(words or self.words, input="".join(line + "\n" for line in lines), text=True,
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        messages = [json.loads(line) for line in done.stdout.splitlines()]
        for message in messages:
            self.assertEqual(message["jsonrpc"], "2.0")
        return {message.get("id"): message for message in messages}

    def check(self, kind, version):
        with Driver() as driver:
            client = driver.start(kind, self.words)
            self.assertEqual(client.version, version)
            self.assertIn("get_system_status", [tool["name"] for tool in client.ask("listTools")["tools"]])
            self.assertEqual(len(client.ask("listPrompts")["prompts"]), 9)
            who, status = (client.ask("callTool", call)["structuredContent"] for call in (WHO, STATUS))
            client.close()
        self.assertEqual((who["subject"], who["method"]), (USER, "local_user"))
        self.assertNotIn("expires", who)
        self.assertGreater(status["memory_usage"]["total"], 0)

    def test_sdk_v1(self):
        self.check("v1", None)

    def test_sdk_v2_legacy(self):
        self.check("v2-legacy", "2025-11-25")

    def test_sdk_v2_finds_the_modern_era_by_itself(self):
        self.check("v2-auto", "2026-07-28")

    def test_sdk_v2_modern(self):
        self.check("v2-modern", "2026-07-28")

    def test_answers_every_line_of_a_file_and_ends_with_it(self):
        answers = self.exchange(modern("server/discover", 1), "", "{", "[]", modern("tools/call", 2, **WHO),
                                modern("no/such", 3), modern("tools/call", 4, name="x", arguments={}))
        self.assertIn("result", answers[1])
        self.assertEqual(answers[2]["result"]["structuredContent"]["subject"], USER)
        self.assertEqual(answers[3]["error"]["code"], -32601)
        self.assertEqual(answers[4]["error"]["code"], -32602)
        self.assertIn(answers[None]["error"]["code"], (-32700, -32600))

    def test_a_signal_ends_it(self):
        process = self.start()
        process.stdin.write(modern("server/discover", 1) + "\n")
        process.stdin.flush()
        self.assertEqual(json.loads(process.stdout.readline())["id"], 1)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 0)
        self.assertEqual(process.stdout.read(), "")

    def test_a_cancelled_call_is_never_answered(self):
        self.check_that_it_is_never_answered(self.start())

    def test_a_cancelled_call_is_never_answered_beside_a_session(self):
        process = self.start()
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "by-hand", "version": "1"}}
        process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}) + "\n")
        process.stdin.flush()
        self.assertIn("result", json.loads(process.stdout.readline()))
        self.check_that_it_is_never_answered(process)

    def check_that_it_is_never_answered(self, process):
        listen = modern("subscriptions/listen", 1, notifications={"toolsListChanged": True})
        process.stdin.write(listen + "\n")
        process.stdin.flush()
        self.assertEqual(json.loads(process.stdout.readline())["method"],
                         "notifications/subscriptions/acknowledged")
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
        process.stdin.write(json.dumps(cancel) + "\n" + modern("tools/call", 2, **WHO) + "\n")
        process.stdin.close()
        messages = [json.loads(line) for line in process.stdout]
        self.assertEqual([message.get("id") for message in messages], [2])
        self.assertEqual(process.wait(20), 0)

    def test_a_state_directory_has_one_process(self):
        first = self.start()
        first.stdin.write(modern("server/discover", 1) + "\n")
        first.stdin.flush()
        self.assertTrue(first.stdout.readline())
        second = subprocess.run(self.words, input="", text=True, capture_output=True, timeout=60)
        self.assertEqual((second.returncode, second.stdout), (1, ""))
        self.assertIn("another daemon writes this audit trail", second.stderr)
        self.assertIn("--state-dir", second.stderr)

    def test_the_policy_decides_for_the_user_as_for_anyone(self):
        for subject, scopes, allowed in ((USER, "readonly", True), (USER, "container:read", False),
                                         (USER + "x", "readonly", False)):
            with self.subTest(subject=subject, scopes=scopes):
                files = {"gateway.yaml": GATEWAY_TOKEN, "targets.yaml": LOCAL_TARGET,
                         "policy.yaml": POLICY % (subject, scopes)}
                gateway = Gateway(files=files)
                self.addCleanup(shutil.rmtree, gateway.directory, ignore_errors=True)
                words = [gateway.binary, "stdio", "--config", gateway.config]
                answers = self.exchange(modern("tools/list", 1), modern("tools/call", 2, **STATUS), words=words)
                names = [tool["name"] for tool in answers[1]["result"]["tools"]]
                self.assertEqual("get_system_status" in names, allowed)
                result = answers[2]["result"]
                self.assertEqual(not result.get("isError", False), allowed, text_of(result))
                trail = gateway.command("audit", "query", "--state-dir", str(gateway.state_dir),
                                        "--tool", "get_system_status", check=True).stdout
                self.assertIn(f'"local|{USER}"', trail)
                self.assertIn('"local_user"', trail)

    def test_says_what_is_missing(self):
        done = subprocess.run([self.words[0], "stdio", "--config", f"{self.directory}/none.yaml"], input="",
                              text=True, capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("none.yaml", done.stderr)


if __name__ == "__main__":
    unittest.main()
