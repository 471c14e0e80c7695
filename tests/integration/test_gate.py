"""Policy, approvals, visibility, reload and the command line, through the daemon."""
import json
import signal
import unittest

from harness import GATEWAY_TOKEN, LOCAL_TARGET, Gateway, local_gateway, text_of, until

COMMANDS = """commands:
  - name: make_marker
    description: "Create a marker file, which changes something"
    command_template: "touch {path}"
    category: custom
    capability: "system:write"
    tier: control
    parameters: {path: "Where"}
"""

POLICY = """version: 1
roles:
  viewer:
    members: {subjects: [vera]}
    scopes: ["readonly"]
rules:
  - id: observe
    effect: allow
    tier: observe
  - id: markers
    effect: allow
    tools: [execute_command]
    capabilities: ["system:write"]
    tier: control
    principals: {subjects: [tester]}
  - id: dry
    effect: dry_run_only
    tools: [execute_command]
    capabilities: ["system:write"]
    tier: control
    principals: {subjects: [dora]}
  - id: ask
    effect: require_approval
    tools: [execute_command]
    capabilities: ["system:write"]
    tier: control
    principals: {subjects: [asker]}
"""


def gateway_with_commands(policy=POLICY):
    made = local_gateway(policy=policy, gateway=GATEWAY_TOKEN + "commands: commands.yaml\n")
    made.write("commands.yaml", COMMANDS)
    return made


class Gate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = gateway_with_commands().start()

    @classmethod
    def tearDownClass(cls):
        cls.gateway.__exit__()

    def mark(self, name, **more):
        path = self.gateway.directory / name
        result = self.gateway.call("execute_command", {"target": "local", "command_name": "make_marker",
                                                       "parameters": {"path": str(path)}}, **more)
        return path, result

    def test_lets_through_what_a_rule_allows(self):
        path, result = self.mark("allowed")
        self.assertFalse(result.get("isError", False), text_of(result))
        self.assertTrue(path.exists())

    def test_answers_approval_required_and_does_nothing(self):
        path, result = self.mark("asked", token=self.gateway.mint("admin", subject="asker"))
        self.assertTrue(result["isError"])
        self.assertIn("approval required", text_of(result))
        self.assertFalse(path.exists())

    def test_says_what_a_dry_run_would_do_and_does_nothing(self):
        path, result = self.mark("dry", token=self.gateway.mint("admin", subject="dora"))
        self.assertFalse(result.get("isError", False), text_of(result))
        self.assertIn("would run", text_of(result))
        self.assertIn("would run", result["structuredContent"]["would"])
        self.assertFalse(path.exists())

    def test_denies_by_default_and_names_the_reason(self):
        path, result = self.mark("denied", token=self.gateway.mint("admin", subject="stranger"))
        self.assertTrue(result["isError"])
        self.assertIn("no rule matched", text_of(result))
        self.assertFalse(path.exists())

    def test_asks_for_the_scope_that_the_token_lacks(self):
        path = self.gateway.directory / "unscoped"
        answer = self.gateway.rpc("tools/call", {"name": "execute_command", "arguments": {
            "target": "local", "command_name": "make_marker", "parameters": {"path": str(path)}}},
            token=self.gateway.mint("readonly"))
        self.assertEqual(answer.status, 403)
        self.assertIn('error="insufficient_scope"', answer.headers["www-authenticate"])
        self.assertIn('scope="system:write readonly"', answer.headers["www-authenticate"])
        self.assertFalse(path.exists())

    def test_gives_roles_their_rights_when_the_token_has_no_scopes(self):
        vera = self.gateway.mint(subject="vera")
        self.assertFalse(self.gateway.call("get_system_status", {"target": "local"}, token=vera).get("isError"))
        self.assertIn("viewer", self.gateway.call("whoami", token=vera)["structuredContent"]["roles"])
        nobody = self.gateway.mint(subject="nobody")
        self.assertTrue(self.gateway.call("get_system_status", {"target": "local"}, token=nobody)["isError"])

    def test_shows_a_caller_only_what_it_may_call(self):
        everything = self.gateway.tools()
        self.assertIn("execute_command", everything)
        files_only = self.gateway.tools(token=self.gateway.mint("file:read"))
        self.assertIn("file_operations", files_only)
        self.assertNotIn("get_network_status", files_only)
        nobody = self.gateway.tools(token=self.gateway.mint(subject="nobody"))
        self.assertNotIn("file_operations", nobody)
        self.assertEqual(self.gateway.call("list_targets", token=self.gateway.mint(subject="nobody"))
                         ["structuredContent"]["count"], 0)

    def test_shows_a_caller_only_the_commands_that_it_may_run(self):
        def shown(**who):
            rows = self.gateway.call("list_commands", **who)["structuredContent"]["commands"]
            return [row["name"] for row in rows]

        def run(name, **who):
            arguments = {"target": "local", "command_name": name, "parameters": {"path": "/nonexistent"}}
            return text_of(self.gateway.call("execute_command", arguments, **who)).replace(name, "NAME")
        self.assertEqual(shown(), ["make_marker"])
        vera = {"token": self.gateway.mint(subject="vera")}
        self.assertEqual(shown(**vera), [])
        self.assertEqual(run("make_marker", **vera), run("make_nothing", **vera))
        completed = self.gateway.rpc("completion/complete", {
            "ref": {"type": "ref/resource", "uri": "tailops://commands/{command_name}"},
            "argument": {"name": "command_name", "value": ""}}, **vera)
        self.assertEqual(completed.result["completion"]["values"], [])

    def test_refuses_option_and_newline_injection(self):
        for value in ("-rf", "--help", "a\nb", "$(id)", "x;id", "../x", "/tmp/a\x00b"):
            result = self.gateway.call("execute_command", {"target": "local", "command_name": "make_marker",
                                                           "parameters": {"path": value}})
            self.assertTrue(result["isError"], repr(value))

    def test_stops_a_token_at_once_when_it_is_revoked_or_ends(self):
        token = self.gateway.mint("readonly", subject="leaver")
        self.assertEqual(self.gateway.rpc("tools/list", token=token).status, 200)
        listed = self.gateway.command("token", "list", "--state-dir", str(self.gateway.state_dir), check=True).stdout
        number = next(line.split()[0] for line in listed.splitlines() if "leaver" in line)
        self.assertNotIn(token, listed)
        self.gateway.command("token", "revoke", number, "--state-dir", str(self.gateway.state_dir), check=True)
        until(lambda: self.gateway.rpc("tools/list", token=token).status == 401, what="the revocation")
        brief = self.gateway.mint("readonly", subject="brief", ttl="1s")
        until(lambda: self.gateway.rpc("tools/list", token=brief).status == 401, what="the expiry")

    def test_writes_who_did_what_and_why_without_secrets(self):
        self.mark("audited")

        def phases():
            lines = self.gateway.command("audit", "query", "--state-dir", str(self.gateway.state_dir),
                                         "--tool", "execute_command", "--limit", "50", check=True).stdout.splitlines()
            records = [json.loads(line) for line in lines]
            mine = {record["request"] for record in records if "audited" in json.dumps(record)}
            return {record["phase"] for record in records if record["request"] in mine}
        # The intent was durable before the marker was made; the outcome follows within a second.
        until(lambda: phases() == {"intent", "outcome"}, what="intent and outcome")
        everything = "".join(path.read_text(errors="replace") for path in self.gateway.state_dir.rglob("*.jsonl"))
        self.assertNotIn(self.gateway.token, everything)
        self.assertNotIn(self.gateway.token, self.gateway.logged())


class Reload(unittest.TestCase):
    def test_takes_a_good_policy_and_keeps_the_old_one_over_a_bad(self):
        with gateway_with_commands() as gateway:
            status = {"target": "local"}
            self.assertFalse(gateway.call("get_system_status", status).get("isError"))
            gateway.write("policy.yaml", "version: 1\nrules: []\n")
            gateway.process.send_signal(signal.SIGHUP)
            until(lambda: gateway.call("get_system_status", status).get("isError"), what="the new policy")
            gateway.write("policy.yaml", "version: 1\nrulez: []\n")
            checked = gateway.command("check", "--config", gateway.config)
            self.assertEqual(checked.returncode, 2)
            self.assertIn('policy.yaml:2:1: unknown key "rulez"; did you mean "rules"?', checked.stderr)
            gateway.process.send_signal(signal.SIGHUP)
            until(lambda: "reload_refused" in gateway.logged(), what="the refusal in the log")
            self.assertTrue(gateway.call("get_system_status", status).get("isError"))
            gateway.write("policy.yaml", POLICY)
            gateway.process.send_signal(signal.SIGHUP)
            until(lambda: not gateway.call("get_system_status", status).get("isError"), what="the old policy again")


class RefusedTokens(unittest.TestCase):
    BAD = "tailops_" + "A" * 43

    def exhaust(self, gateway, **headers):
        """Bad tokens until they are answered 429."""
        answers = [gateway.rpc("tools/list", token=self.BAD, headers=headers).status for _ in range(31)]
        self.assertEqual((set(answers[:30]), answers[30]), ({401}, 429))

    def test_leave_a_known_token_of_the_same_address_alone(self):
        with local_gateway() as gateway:
            stranger = gateway.mint("admin")
            self.assertEqual(gateway.rpc("tools/list").status, 200)
            self.exhaust(gateway)
            self.assertEqual(gateway.rpc("tools/list").status, 200)
            self.assertEqual(gateway.rpc("tools/list", token=None).status, 401)
            self.assertEqual(gateway.rpc("tools/list", token=stranger).status, 429)
            # No proxy is trusted: nobody gets another address by saying so.
            forged = {"X-Forwarded-For": "100.64.0.9"}
            self.assertEqual(gateway.rpc("tools/list", token=stranger, headers=forged).status, 429)

    def test_are_counted_for_the_client_that_a_trusted_proxy_names(self):
        with local_gateway(gateway=GATEWAY_TOKEN + "trusted_proxies: [127.0.0.1]\n") as gateway:
            self.exhaust(gateway, **{"X-Forwarded-For": "100.64.0.7"})
            for client, status in (("100.64.0.7", 429), ("100.64.0.8, 100.64.0.7", 429), ("100.64.0.8", 200)):
                answer = gateway.rpc("tools/list", headers={"X-Forwarded-For": client})
                self.assertEqual(answer.status, status, client)
            self.assertIn("client=100.64.0.7", gateway.logged())


class CommandLine(unittest.TestCase):
    def test_explains_a_decision(self):
        with gateway_with_commands() as gateway:
            told = gateway.command("policy", "explain", "--config", gateway.config, "--as", "asker", "--scope", "admin",
                                   "--tool", "execute_command", "--target", "local", "--param",
                                   "command_name=make_marker", "--param", 'parameters={"path":"/tmp/x"}')
            self.assertEqual(told.returncode, 0, told.stderr)
            self.assertTrue(told.stdout.startswith("require_approval: decided by rule ask"), told.stdout)
            wrong = gateway.command("policy", "explain", "--config", gateway.config, "--as", "a", "--tool",
                                    "execute_comand", "--target", "local")
            self.assertEqual(wrong.returncode, 2)
            self.assertIn('did you mean "execute_command"', wrong.stderr)

    def test_calls_a_tool_of_a_running_gateway(self):
        with gateway_with_commands() as gateway:
            environment = {"TAILOPS_TOKEN": gateway.token}
            gateway.environment = environment
            told = gateway.command("call", "get_top_processes", "--target", "local", "limit=3", "--url", gateway.url)
            self.assertEqual(told.returncode, 0, told.stderr)
            self.assertLessEqual(len(json.loads(told.stdout)["processes"]), 3)
            refused = gateway.command("call", "get_system_status", "--target", "nope", "--url", gateway.url)
            self.assertEqual(refused.returncode, 1)
            gateway.environment = {}
            without = gateway.command("call", "whoami", "--url", gateway.url)
            self.assertEqual(without.returncode, 1)
            self.assertIn("set TAILOPS_TOKEN", without.stderr)
            gateway.environment = {"TAILOPS_TOKEN": "tailops_wrong"}
            self.assertEqual(gateway.command("call", "whoami", "--url", gateway.url).returncode, 1)

    def test_checks_the_address_of_the_authorization_server_as_serving_does(self):
        for issuer, is_fine in (("https://idp.example", True), ("http://127.0.0.1:9", True),
                                ("http://idp.example", False), ("idp.example", False)):
            gateway = Gateway(files={"policy.yaml": "version: 1\nrules: []\n", "targets.yaml": LOCAL_TARGET,
                                     "gateway.yaml": f"""version: 1
listen: ["127.0.0.1:0"]
base_url: http://127.0.0.1:8080
state_dir: "@STATE@"
auth:
  mode: oidc
  oidc: {{issuer: "{issuer}", client_id: gateway, client_secret: env:CLIENT_SECRET}}
"""}, environment={"CLIENT_SECRET": "a secret of the test"})
            told = gateway.command("check", "--config", gateway.config)
            self.assertEqual(told.returncode, 0 if is_fine else 2, told.stderr)
            if not is_fine:
                self.assertIn(f'auth.oidc.issuer: "{issuer}"', told.stderr)

    def test_tells_wrong_usage_from_failure(self):
        gateway = Gateway()
        self.assertEqual(gateway.command("version").returncode, 0)
        self.assertEqual(gateway.command("fly").returncode, 2)
        self.assertEqual(gateway.command("serve", "--config", "/nonexistent").returncode, 2)
        self.assertEqual(gateway.command("check", "--config", "/nonexistent").returncode, 2)

    def test_checks_a_targets_file_alone_as_the_earlier_system_documents(self):
        gateway = Gateway(files={"targets.yaml": LOCAL_TARGET, "bad.yaml": "version: \"1.0\"\ntargets: {l: {type: lokal}}\n"})
        good = gateway.command("--validate-config", str(gateway.directory / "targets.yaml"))
        self.assertEqual((good.returncode, good.stdout.strip()), (0, "ok: 1 targets"), good.stderr)
        self.assertEqual(gateway.command("--validate-config", str(gateway.directory / "bad.yaml")).returncode, 2)

    def test_serves_nobody_without_authentication_but_on_loopback_and_at_a_persons_word(self):
        policy, targets = "version: 1\nrules: []\n", LOCAL_TARGET
        for listen, accepted, starts in (("127.0.0.1:0", "true", True), ("127.0.0.1:0", "false", False),
                                         ("0.0.0.0:0", "true", False)):
            gateway = Gateway(files={"policy.yaml": policy, "targets.yaml": targets, "gateway.yaml": (
                f'version: 1\nlisten: ["{listen}"]\nstate_dir: "@STATE@"\n'
                f"auth: {{mode: none, i_accept_the_risk: {accepted}}}\n")})
            if starts:
                with gateway:
                    self.assertEqual(gateway.rpc("tools/list", token=None).status, 200)
            else:
                told = gateway.command("check", "--config", gateway.config)
                self.assertEqual(told.returncode, 2)
                self.assertIn("auth.mode none", told.stderr)

    def test_bounds_the_calls_of_one_principal_within_a_minute(self):
        with local_gateway(gateway=GATEWAY_TOKEN + "mcp: {calls_per_minute: 3}\n") as gateway:
            def call(**more):
                return gateway.call("get_system_status", {"target": "local"}, **more)
            for _ in range(3):
                self.assertFalse(call().get("isError", False))
            for _ in range(2):
                refused = call()
                self.assertTrue(refused["isError"])
                self.assertIn("busy: nothing was done", text_of(refused))
            self.assertIn("wait", text_of(refused))
            self.assertFalse(call(token=gateway.mint("admin", subject="another")).get("isError", False))
            self.assertEqual(gateway.rpc("tools/list").status, 200)
            self.assertEqual(gateway.logged().count("calls_throttled"), 1)

    def test_listens_in_clear_text_beyond_loopback_and_tailnet_at_a_persons_word_only(self):
        def gateway(tls, listen="0.0.0.0:0", **more):
            return Gateway(files={"policy.yaml": "version: 1\nrules: []\n", "targets.yaml": LOCAL_TARGET,
                                  "gateway.yaml": f'version: 1\nlisten: ["{listen}"]\nstate_dir: "@STATE@"\n'
                                                  f"allowed_hosts: [0.0.0.0]\n{tls}"}, **more)
        for refused in (gateway(""), gateway("tls: {i_accept_the_risk: false}\n"), gateway("", "[::]:0")):
            for command in ("check", "serve"):
                told = refused.command(command, "--config", refused.config)
                self.assertEqual(told.returncode, 2)
                self.assertIn("gateway.yaml:2:1: listen: ", told.stderr)
                self.assertIn("set tls.i_accept_the_risk to true", told.stderr)
            self.assertFalse(refused.state_dir.exists())
        embedded = refused.command("serve", "--embedded", "--state-dir", str(refused.state_dir), "--listen", ":0")
        self.assertEqual(embedded.returncode, 2)
        self.assertIn("clear text", embedded.stderr)
        with gateway("tls: {i_accept_the_risk: true}\n") as accepted:
            self.assertEqual(accepted.request("GET", "/healthz", token=None).status, 200)


if __name__ == "__main__":
    unittest.main()
