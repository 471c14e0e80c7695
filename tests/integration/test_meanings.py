"""What rules say of paths, names and tests of targets, held against a real gateway and real requests."""
import http.server
import json
import signal
import threading
import unittest

from harness import GATEWAY_TOKEN, local_gateway, text_of, until


class FakeServer(http.server.BaseHTTPRequestHandler):
    """Stands in for an API whose every path answers with a secret; `seen` is what it was asked."""
    seen = []

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        FakeServer.seen.append((self.command, self.path, self.headers.get("Authorization")))
        body = json.dumps({"path": self.path, "secret": "hunter2"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = answer

    def log_message(self, *_):
        pass


POLICY = """version: 1
rules:
  - {id: public-only, effect: allow, principals: {subjects: [pam]}, targets: {ids: [api, open]}, tools: [http_request],
     parameters: {path: {path_under: [/public]}}}
  - {id: ask, effect: require_approval, principals: {subjects: [pam]}, tier: control, tools: [http_request],
     capabilities: ["http:write"]}
  - {id: all, effect: allow, principals: {subjects: [ann]}, tier: control}
  - {id: no-admin, effect: deny, tools: [http_request], parameters: {path: {path_under: [/admin]}}}
  - {id: no-actions, effect: deny, tools: [http_request], parameters: {path: {pattern: '.*:(delete|disable)'}}}
  - {id: dry, effect: dry_run_only, principals: {subjects: [dora]}, tier: control}
  - {id: who, effect: allow, principals: {subjects: [walt]}, tools: [whoami]}
  - {id: blind, effect: deny, principals: {subjects: [nina]}, tools: [list_targets]}
  - {id: nina, effect: allow, principals: {subjects: [nina]}}
"""


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FakeServer)
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{cls.server.server_address[1]}"
        targets = f"""version: "1.0"
targets:
  api:
    executor: http
    connection: {{base_url: "{url}/v1", methods: [GET], paths: [/orders, /public],
                 auth: {{scheme: bearer, credential: "env:APICRED"}}}}
    capabilities: ["http:read"]
  open: {{executor: http, connection: {{base_url: "{url}"}}, capabilities: ["http:read"]}}
  hook: {{executor: http, connection: {{base_url: "{url}/hook", methods: [POST], paths: [/run]}},
         capabilities: ["http:write"]}}
"""
        cls.gateway = cls.enterClassContext(local_gateway(
            policy=POLICY, targets=targets, environment={"APICRED": "cred-0123456789"}))
        cls.tokens = {name: cls.gateway.mint("admin", subject=name) for name in ("pam", "ann", "dora", "walt", "nina")}

    def setUp(self):
        FakeServer.seen.clear()

    def call(self, who, tool, **arguments):
        return self.gateway.call(tool, arguments, token=self.tokens[who])

    def seen_by(self, who):
        listed = self.call(who, "list_targets")["structuredContent"]["targets"]
        return {row["id"]: row["tools"] for row in listed}

    def test_a_test_shows_nothing_and_sends_what_the_caller_could_send(self):
        for who in ("pam", "ann"):
            told = self.call(who, "test_target", target="api")
            self.assertFalse(told.get("isError", False), text_of(told))
            self.assertNotIn("hunter2", text_of(told))
        self.assertEqual(FakeServer.seen, [("GET", "/v1/orders", "Bearer cred-0123456789")], "for ann alone")

    def test_a_test_keeps_to_methods_approvals_and_dry_runs(self):
        self.assertIn("connected; no request was sent", text_of(self.call("ann", "test_target", target="hook")))
        self.assertIn("approval_required", text_of(self.call("pam", "test_target", target="hook")))
        told = self.call("dora", "test_target", target="api")
        self.assertTrue(told["structuredContent"]["dry_run"])
        self.assertEqual(FakeServer.seen, [])

    def test_targets_are_seen_where_something_can_be_done(self):
        self.assertEqual(self.seen_by("walt"), {})
        self.assertIn("not_found", text_of(self.call("walt", "test_target", target="api")))
        self.assertEqual(self.seen_by("pam"), {"api": ["http_request", "test_target"],
                                               "hook": ["http_request", "test_target"],
                                               "open": ["http_request", "test_target"]})

    def test_who_may_not_list_targets_learns_no_name(self):
        self.assertTrue(self.call("nina", "list_targets")["isError"])
        for reference in ({"type": "ref/resource", "uri": "tailops://targets/{id}"},
                          {"type": "ref/prompt", "name": "health_check"}):
            argument = "id" if "uri" in reference else "target"
            question = {"ref": reference, "argument": {"name": argument, "value": ""}}
            told = self.gateway.rpc("completion/complete", question, token=self.tokens["nina"])
            self.assertEqual(told.result["completion"]["values"], [])
            told = self.gateway.rpc("completion/complete", question, token=self.tokens["ann"])
            self.assertEqual(told.result["completion"]["values"], ["api", "hook", "open"])

    def test_paths_have_one_spelling(self):
        def sent(path):
            FakeServer.seen.clear()
            told = self.call("ann", "http_request", target="open", path=path)
            return text_of(told), [row[1] for row in FakeServer.seen]
        for path in ("/admin", "/admin/", "/admin/y", "/ADMIN/y", "/Admin/", "/x:delete", "/x:DELETE", "/x:delete/"):
            text, seen = sent(path)
            self.assertIn("denied: decided by rule no-a", text, path)
            self.assertEqual(seen, [], path)
        for path in ("/x%3Adelete", "/x%3adelete", "/%61dmin", "/admin;x/y", "/admin%3Bx/y", "/admin%20/y", "/a/..;/admin",
                     "/a/..%3Bx/admin", "/a/.%3B/admin", "/a/..%20/admin", "/users/%40me", "/a%c3%a4", "/a%C0%AF..",
                     "/api/v4/projects/group%2Frepo"):
            text, seen = sent(path)
            self.assertIn("is refused: ", text, path)
            self.assertEqual(seen, [], path)
        self.assertIn('write "/users/@me"', sent("/users/%40me")[0])
        for path in ("/", "/administrators/", "/users/@me", "/a%20b/%C3%A4", "/x:deleted"):
            self.assertEqual(sent(path)[1], [path])

    def test_a_slash_at_the_end_is_under_its_folder(self):
        for path, allowed in (("/public/", True), ("/public/a/", True), ("/publicity/", False), ("/PUBLIC/", False)):
            told = text_of(self.call("pam", "http_request", target="open", path=path))
            self.assertEqual("hunter2" in told, allowed, f"{path}: {told}")


UNITS = """#!/bin/sh
# Stands in for systemctl(1): one unit with an alias, and one without.
echo "$@" >> {log}
case "$1 $5" in
  "show ssh"|"show ssh.service"|"show sshd"|"show sshd.service") printf 'Id=ssh.service\\nNames=ssh.service sshd.service\\n' ;;
  "show "*) printf 'Id=%s.service\\nNames=%s.service\\n' "${{5%.service}}" "${{5%.service}}" ;;
esac
"""


class Units(unittest.TestCase):
    """A deny on a unit's name holds for its aliases; what runs is the unit that was decided on."""

    def test_are_held_against_rules_by_all_their_names(self):
        policy = """version: 1
rules:
  - {id: all, effect: allow, tier: control}
  - {id: no-ssh, effect: deny, tools: [execute_command], parameters: {parameters.unit: {equals: ssh},
     command_name: {equals: restart}}}
"""
        gateway = local_gateway(policy=policy, gateway=GATEWAY_TOKEN + "commands: commands.yaml\n", targets="""version: "1.0"
targets:
  local: {type: local, capabilities: ["system:write", "service:control"]}
""")
        log = gateway.directory / "asked"
        fake = gateway.directory / "systemctl"
        fake.write_text(UNITS.format(log=log))
        fake.chmod(0o755)
        gateway.write("commands.yaml", f"""commands:
  - name: restart
    description: "Restart a service of this machine"
    command_template: "{fake} restart {{unit}}"
    category: service
    capability: service:control
    dangerous: true
    parameters: {{unit: "Which one"}}
""")
        with gateway:
            def restart(unit):
                return text_of(gateway.call("execute_command", {"target": "local", "command_name": "restart",
                                                                "parameters": {"unit": unit}}))
            for unit in ("ssh", "ssh.service", "sshd", "sshd.service"):
                self.assertIn("denied: decided by rule no-ssh", restart(unit), unit)
            self.assertNotIn("restart", log.read_text() if log.exists() else "")
            self.assertIn('"success":true', restart("nginx").replace(" ", ""))
            self.assertEqual(log.read_text().splitlines()[-2:],
                             ["show --property=Id --property=Names -- nginx", "restart nginx.service"])
            # Without a rule about it nothing is asked.
            gateway.write("policy.yaml", "version: 1\nrules:\n  - {id: all, effect: allow, tier: control}\n")
            gateway.process.send_signal(signal.SIGHUP)
            until(lambda: "denied" not in restart("sshd"), what="the new policy")
            log.unlink()
            restart("sshd")
            self.assertEqual(log.read_text().splitlines(), ["restart sshd"])


if __name__ == "__main__":
    unittest.main()
