"""Changes that wait for their turn when their caller leaves or the gateway stops: nothing of them is begun."""
import contextlib
import http.client
import json
import os
import signal
import threading
import unittest
import urllib.parse

from harness import GATEWAY_TOKEN, POLICY_ALL, PROTOCOL, local_gateway, text_of, until

# One at a time, so that the second waits; the first ends when somebody opens its gate, a FIFO.
TARGETS = """version: "1.0"
targets:
  local:
    type: local
    capabilities: ["system:read", "system:write"]
    constraints: {concurrency: 1, timeout: 60s}
    metadata: {environment: lab}
"""
COMMANDS = """commands:
  - {name: occupy, description: "Stay until the gate is opened", command_template: "SCRIPT", category: custom}
  - name: make_file
    description: "Make one more file, which changes something"
    command_template: "mktemp -p {folder}"
    category: custom
    capability: "system:write"
    tier: control
    parameters: {folder: {type: path, description: "Where"}}
"""


class Waiting(unittest.TestCase):
    def setUp(self):
        self.gateway = local_gateway(policy=POLICY_ALL, targets=TARGETS,
                                     gateway=GATEWAY_TOKEN + "commands: commands.yaml\n")
        script = self.gateway.directory / "occupy.sh"
        script.write_text(f"#!/bin/sh\ncat {self.gateway.directory}/gate\n")
        script.chmod(0o755)
        self.gateway.write("commands.yaml", COMMANDS.replace("SCRIPT", str(script)))
        self.folder, self.gate = self.gateway.directory / "effects", self.gateway.directory / "gate"
        self.folder.mkdir()
        os.mkfifo(self.gate)
        self.gateway.start()
        self.addCleanup(self.gateway.__exit__)

    def files(self):
        return list(self.folder.iterdir())

    def records(self, phase, command):
        told = self.gateway.command("audit", "query", "--limit", "1000", "--state-dir", str(self.gateway.state_dir))
        records = [json.loads(line) for line in told.stdout.splitlines()]
        return [r for r in records if r["phase"] == phase and command in str(r.get("parameters", ""))]

    def arguments(self, command, key=None, **parameters):
        out = {"target": "local", "command_name": command, "parameters": parameters}
        return {**out, "idempotency_key": key} if key else out

    def begin(self, arguments, token=None):
        """A call whose client can leave: its connection."""
        where = urllib.parse.urlsplit(self.gateway.url)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
        params = {"name": "execute_command", "arguments": arguments,
                  "_meta": {"io.modelcontextprotocol/protocolVersion": PROTOCOL,
                            "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
                            "io.modelcontextprotocol/clientCapabilities": {}}}
        connection.request("POST", where.path,
                           json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}),
                           {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
                            "MCP-Protocol-Version": PROTOCOL, "Mcp-Method": "tools/call", "Mcp-Name": "execute_command",
                            "Mcp-Param-Target": "local", "Authorization": f"Bearer {token or self.gateway.token}"})
        return connection

    @contextlib.contextmanager
    def occupied(self):
        """A call holds the target's one slot meanwhile."""
        thread = threading.Thread(target=self.gateway.call,
                                  args=("execute_command", self.arguments("occupy")))
        thread.start()

        def opened():
            with contextlib.suppress(OSError):  # ENXIO: nobody reads
                return os.open(self.gate, os.O_WRONLY | os.O_NONBLOCK)
        gate = until(opened, what="the first call at the gate")
        try:
            yield
        finally:
            os.close(gate)
            thread.join()

    def queued(self, key=None, token=None):
        connection = self.begin(self.arguments("make_file", key, folder=str(self.folder)), token)
        until(lambda: self.records("intent", "make_file"), what="the call that waits")
        return connection

    def test_who_leaves_takes_back_what_waits_and_its_key(self):
        with self.occupied():
            self.queued(key="once").close()
            ended = until(lambda: self.records("outcome", "make_file"), what="the end of the call that waited")
            self.assertEqual(ended[0]["outcome"], "cancelled")
            self.assertEqual(ended[0]["detail"], "the caller went away before anything was done")
        self.assertEqual(self.files(), [])
        # Its key is free again, and the call with it is the first of its kind.
        again = self.gateway.call("execute_command",
                                  self.arguments("make_file", "once", folder=str(self.folder)))
        self.assertFalse(again.get("isError"), text_of(again))
        self.assertNotIn("replayed", again["structuredContent"])
        self.assertEqual(len(self.files()), 1)

    def test_what_waits_is_not_begun_for_a_token_that_was_revoked_meanwhile(self):
        token = self.gateway.mint("admin", subject="ci")
        listed = self.gateway.command("token", "list", "--state-dir", str(self.gateway.state_dir)).stdout
        public_id = next(line.split()[0] for line in listed.splitlines() if " ci " in line)
        with self.occupied():
            waiting = self.queued(token=token)
            other = self.queued()
            revoked = self.gateway.command("token", "revoke", public_id, "--state-dir", str(self.gateway.state_dir))
            self.assertEqual(revoked.returncode, 0, revoked.stderr)
            until(lambda: self.records("event", public_id)[1:], what="the record of the revocation")
        self.assertIn("the token was revoked while the call waited; nothing was done",
                      waiting.getresponse().read().decode())
        self.assertNotIn("isError\":true", other.getresponse().read().decode())
        self.assertEqual(len(self.files()), 1)

    def test_a_stop_begins_nothing_that_waits(self):
        told = []
        with self.occupied():
            waiting = self.queued()
            self.gateway.process.send_signal(signal.SIGTERM)
            told.append(waiting.getresponse().read().decode())
        self.gateway.stop()
        self.assertEqual(self.files(), [])
        self.assertIn("the gateway is stopping; nothing was done", told[0])
        self.assertEqual([r["outcome"] for r in self.records("outcome", "make_file")],
                         ["unavailable"])


if __name__ == "__main__":
    unittest.main()
