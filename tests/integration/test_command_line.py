"""The subcommands of the binary as a person types them: what they refuse, and what they say then."""
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import unittest

from harness import GATEWAY_TOKEN, Gateway, local_gateway, POLICY_ALL, PROTOCOL, until

TARGETS = """version: "1.0"
targets:
  web-01: {type: local, capabilities: ["system:read", "file:read"], constraints: {allowed_paths: [/var/log]}}
  docker-01: {type: docker, connection: {socket_path: /nonexistent/docker.sock},
              capabilities: ["container:read", "container:write"]}
  api-01: {type: http, connection: {base_url: "http://127.0.0.1:9", methods: [GET, DELETE]},
           capabilities: ["http:read", "http:write"]}
"""

POLICY = """version: 1
roles:
  operator: {members: {subjects: [bob]}, scopes: [admin]}
rules:
  - {id: all, effect: allow, tier: control}
  - {id: no-stop, effect: deny, tools: [manage_container], parameters: {action: {equals: stop}}}
  - {id: no-logs, effect: deny, tools: [execute_command], parameters: {parameters.path: {path_under: /var/log}}}
"""


def files(**more):
    return {"gateway.yaml": GATEWAY_TOKEN, "targets.yaml": TARGETS, "policy.yaml": POLICY, **more}


class Explain(unittest.TestCase):
    def setUp(self):
        self.gateway = Gateway(files=files())

    def explain(self, *words):
        return self.gateway.command("policy", "explain", "--config", self.gateway.config, "--as", "bob", *words)

    def assert_refused(self, words, text):
        told = self.explain(*words)
        self.assertEqual((told.returncode, told.stdout), (2, ""), told.stderr)
        self.assertIn(text, told.stderr)

    def test_takes_arguments_as_a_call_does(self):
        manage = ["--tool", "manage_container", "--target", "docker-01", "--param"]
        for action, answer in (("restart", "allow: decided by rule all"), ("stop", "deny: decided by rule no-stop")):
            told = self.explain(*manage, f"action={action}", "--param", "name_or_id=web")
            self.assertEqual((told.returncode, told.stderr), (0, ""))
            self.assertTrue(told.stdout.startswith(answer), told.stdout)
        self.assert_refused([*manage, "noequals"], '"noequals" is not key=value')
        self.assert_refused([*manage, "actoin=stop"], 'unknown parameter "actoin"; did you mean "action"?')
        self.assert_refused([*manage, "action=stpo"], 'did you mean "stop"?')

    def test_asks_for_the_right_that_incomplete_arguments_say(self):
        rows = ((["http_request", "--target", "api-01", "--param", "method=DELETE"], "allow: decided by rule all",
                 "http:write at tier control"),
                (["http_request", "--target", "api-01"], "allow: decided by rule all", "http:read at tier observe"),
                # Without its path the rule about it counts as its strictest.
                (["execute_command", "--target", "web-01", "--param", "command_name=disk_usage_path"],
                 "deny: decided by rule no-logs", "file:read at tier observe"))
        for words, answer, right in rows:
            told = self.explain("--tool", *words)
            self.assertEqual(told.returncode, 0, told.stderr)
            self.assertTrue(told.stdout.startswith(answer), told.stdout)
            self.assertIn(right, told.stdout)

    def test_knows_what_a_target_can_carry_out(self):
        self.assert_refused(["--tool", "execute_command", "--target", "docker-01"],
                            'target "docker-01" does not offer running commands')
        self.assert_refused(["--tool", "get_container_list", "--target", "web-01"],
                            'target "web-01" does not offer containers')

    def test_tries_every_issuer_that_is_named(self):
        self.gateway.write("policy.yaml", POLICY.replace("rules:", """  ci: {members: {subjects: ["tailops|ci"]}, scopes: [admin]}
  other: {members: {subjects: ["https://idp.example|ci"]}, scopes: ["network:read"]}
rules:"""))

        def told(*words):
            answer = self.gateway.command("policy", "explain", "--config", self.gateway.config, "--tool",
                                          "get_system_status", "--target", "web-01", *words)
            self.assertEqual(answer.returncode, 0, answer.stderr)
            return answer.stdout
        both = told("--as", "ci")
        self.assertIn('as "tailops|ci":\nallow: decided by rule all', both)
        self.assertIn('as "https://idp.example|ci":\ndeny: no role of yours grants "system:read"', both)
        self.assertTrue(told("--as", "tailops|ci").startswith("allow: decided by rule all"))
        self.assertTrue(told("--as", "ci", "--issuer", "tailops").startswith("allow: decided by rule all"))
        self.assertTrue(told("--as", "https://idp.example|ci").startswith("deny: "))
        self.assertTrue(told("--as", "bob").startswith("allow: "), "no issuer makes a difference")

    def test_says_of_a_test_what_a_call_comes_to(self):
        rules = POLICY[:POLICY.index("rules:")] + "rules:\n  - {id: dry, effect: dry_run_only, tier: control, " \
            "capabilities: ['container:*']}\n"
        self.gateway.write("policy.yaml", rules)
        told = self.explain("--tool", "test_target", "--target", "docker-01")
        self.assertTrue(told.stdout.startswith("dry_run_only: rule gateway-self alone says allow; all else you "
                                               'may do on target "docker-01" is a dry run\n'), told.stdout)
        rules = rules.replace("dry_run_only, tier: control", "deny")
        self.gateway.write("policy.yaml", rules + "  - {id: everything, effect: allow, tools: [test_target]}\n")
        told = self.explain("--tool", "test_target", "--target", "docker-01")
        self.assertTrue(told.stdout.startswith("deny: rule everything alone says allow; all else you may do on target "
                                               '"docker-01" is refused\n'), told.stdout)
        self.gateway.write("policy.yaml", POLICY)
        told = self.explain("--tool", "test_target", "--target", "docker-01")
        self.assertTrue(told.stdout.startswith("allow: "), told.stdout)

    def test_says_where_the_answer_hangs_on_a_name(self):
        words = ["--tool", "manage_container", "--target", "docker-01", "--param", "action=restart", "--param",
                 "name_or_id=4f1c"]
        self.assertEqual(self.explain(*words).stderr, "")
        self.gateway.write("policy.yaml", POLICY + "  - {id: no-db, effect: deny, tools: [manage_container], "
                                                   "parameters: {name_or_id: {equals: db}}}\n")
        self.assertIn('depends on which container "4f1c" is', self.explain(*words).stderr)

    def test_says_when_arguments_are_missing(self):
        told = self.explain("--tool", "manage_container", "--target", "docker-01", "--param", "action=restart")
        self.assertEqual(told.returncode, 0)
        self.assertIn('note: "name_or_id" is missing', told.stderr)

    def test_takes_the_parameters_of_a_command(self):
        command = ["--tool", "execute_command", "--target", "web-01", "--param", "command_name=disk_usage_path",
                   "--param"]
        for path, answer in (("/srv", "allow: decided by rule all"), ("/var/log", "deny: decided by rule no-logs")):
            told = self.explain(*command, f"parameters.path={path}")
            self.assertEqual((told.returncode, told.stderr), (0, ""))
            self.assertTrue(told.stdout.startswith(answer), told.stdout)
        self.assert_refused([*command, "path=/srv"], "is written parameters.NAME=value")
        self.assert_refused([*command, "parameters.pth=/srv"], 'did you mean "path"?')
        self.assert_refused([*command, "parameters.path=srv"], "must be an absolute path")

    def test_suggests_names_of_tools_and_targets(self):
        self.assert_refused(["--tool", "manage_containr", "--target", "docker-01"], 'did you mean "manage_container"?')
        self.assert_refused(["--tool", "manage_container", "--target", "docker-1"], 'did you mean "docker-01"?')
        self.assert_refused(["--tool", "manage_container"], "name one with --target")
        self.assertEqual(self.explain("--tool", "whoami", "--target", "gateway").returncode, 0)

    def test_drops_no_argument_for_another(self):
        status = ["--tool", "get_system_status", "--target", "web-01"]
        self.assertEqual(self.explain(*status).returncode, 0)
        self.assert_refused([*status, "--param", "target=docker-01"],
                            '"target=docker-01" names a target, and so does --target; leave one of them out')
        self.assert_refused(["--tool", "whoami", "--target", "web-01"],
                            'tool "whoami" is about the gateway itself; leave --target out')
        command = ["--tool", "execute_command", "--target", "web-01", "--param", "command_name=disk_usage_path"]
        self.assert_refused([*command, "--param", "parameters=5", "--param", "parameters.path=/srv"],
                            '"parameters" is given as a whole and in parts')

    def test_says_what_never_comes_before_the_policy(self):
        read = ["--tool", "file_operations", "--target", "web-01", "--param", "action=read", "--param"]
        self.assertEqual(self.explain(*read, "path=/var/log/syslog").returncode, 0)
        self.assert_refused([*read, "path=/etc/shadow"], "refused before the policy is asked")


class Options(unittest.TestCase):
    """What a script passes whose variable was not set."""

    def test_that_say_nothing_are_not_taken_as_left_out(self):
        gateway = Gateway(files=files())
        state, config = ("--state-dir", str(gateway.state_dir)), ("--config", gateway.config)
        gateway.mint("readonly")
        rows = (("--scope", ["token", "mint", "--subject", "alice", "--scope", "", *state]),
                ("--scope", ["token", "mint", "--subject", "alice", "--scope", " ", *state]),
                ("--scope", ["token", "mint", "--subject", "alice", "--scope", "readonly", "--scope", "", *state]),
                ("--subject", ["token", "mint", "--subject", "", *state]),
                ("--ttl", ["token", "mint", "--subject", "alice", "--ttl", "", *state]),
                ("--state-dir", ["token", "list", "--state-dir", ""]),
                ("--as", ["policy", "explain", "--as", "", "--tool", "whoami", *config]),
                ("--scope", ["policy", "explain", "--as", "bob", "--scope", "", "--tool", "whoami", *config]),
                ("--group", ["policy", "explain", "--as", "bob", "--group", "", "--tool", "whoami", *config]),
                ("--actor", ["policy", "explain", "--as", "bob", "--actor", "", "--tool", "whoami", *config]),
                ("--subject", ["audit", "query", "--subject", "", *state]),
                ("--since", ["audit", "query", "--since", "", *state]),
                ("--anchor", ["audit", "verify", "--anchor", "", *state]),
                # With nothing behind "=" the next word is not meant.
                ("--scope=", ["token", "mint", "--subject", "alice", "--scope=", *state]),
                ("--subject=", ["audit", "query", "--subject=", *state]),
                ("--token-file", ["call", "whoami", "--token-file", ""]))
        for option, words in rows:
            with self.subTest(words=words):
                told = gateway.command(*words)
                self.assertEqual((told.returncode, told.stdout), (2, ""), told.stderr)
                self.assertIn(option, told.stderr)
                self.assertIn("has no value; give one, or leave it out", told.stderr)
        told = gateway.command("token", "mint", "--subject", "alice", "--scope", ",", *state)
        self.assertEqual((told.returncode, told.stdout), (2, ""), told.stderr)
        self.assertIn('--scope "," names no scope; name one, e.g. container:read, or leave --scope out', told.stderr)


class State(unittest.TestCase):
    def test_is_not_made_where_a_mistyped_directory_is_asked(self):
        gateway = Gateway(files=files())
        missing = gateway.directory / "mistyped"
        for words in (["list"], ["revoke", "tk_1"]):
            told = gateway.command("token", *words, "--state-dir", str(missing))
            self.assertEqual((told.returncode, told.stdout), (2, ""))
            self.assertIn(f'the state directory "{missing}" does not exist', told.stderr)
            self.assertFalse(missing.exists())
        gateway.mint("readonly")
        self.assertEqual(gateway.command("token", "list", "--state-dir", str(gateway.state_dir)).returncode, 0)

    def test_is_asked_for_outcomes_that_there_are(self):
        with local_gateway() as gateway:
            def query(outcome):
                return gateway.command("audit", "query", "--state-dir", str(gateway.state_dir), "--outcome", outcome)
            bogus = query("bogus")
            self.assertEqual((bogus.returncode, bogus.stdout), (2, ""))
            self.assertIn('unknown outcome "bogus"; use one of ok, failed, replayed, refused, invalid_argument',
                          bogus.stderr)
            self.assertIn('unknown outcome "canceled"; did you mean "cancelled"?', query("canceled").stderr)
            self.assertIn('unknown outcome "running"', query("running").stderr)
            for known in ("ok", "failed", "refused", "replayed", "unknown", "deadline_exceeded", "denied"):
                self.assertEqual(query(known).returncode, 0)


class Settings(unittest.TestCase):
    def test_of_the_environment_are_blamed_on_it(self):
        for name, value, text in (("TAILOPS_LOG_FORMAT", "xml", '"xml"; use text or json'),
                                  ("TAILOPS_BASE_URL", "gateway", "base_url: "),
                                  ("TAILOPS_BASE_URL", " ", "is blank; give it a value, or unset it"),
                                  ("TAILOPS_AUTH_MODE", " ", "is blank"), ("TAILOPS_LISTEN", "\t", "is blank"),
                                  ("TAILOPS_LISTEN", ",", '"," has an empty item'),
                                  ("TAILOPS_LISTEN", "127.0.0.1:8080,", "has an empty item"),
                                  ("TAILOPS_BASE_URL", "https://g.example/mcp", "is the URL without")):
            gateway = Gateway(files=files(), environment={name: value})
            told = gateway.command("check", "--config", gateway.config)
            self.assertEqual(told.returncode, 2)
            self.assertTrue(told.stderr.startswith(f"{name}: "), told.stderr)
            self.assertIn(text, told.stderr)

    def test_without_the_key_of_the_trail_are_named_with_the_remedy(self):
        gateway = Gateway(files=files(**{"gateway.yaml": GATEWAY_TOKEN + "audit: {key: file:/nonexistent/key}\n"}))
        told = gateway.command("serve", "--config", gateway.config)
        self.assertEqual(told.returncode, 1)
        self.assertIn("audit.key: the credential", told.stderr)
        self.assertIn("openssl rand -hex 32", told.stderr)


class Places(unittest.TestCase):
    """What `check` says of places where a start would fail, and that it leaves them as they are."""

    def check(self, gateway, text, says):
        gateway.write("gateway.yaml", text)
        before = sorted(str(path) for path in gateway.directory.rglob("*"))
        told = gateway.command("check", "--config", gateway.config)
        self.assertEqual(sorted(str(path) for path in gateway.directory.rglob("*")), before)
        if says is None:
            self.assertEqual(told.returncode, 0, told.stderr)
            return told
        self.assertEqual((told.returncode, told.stdout), (2, ""), told.stderr)
        self.assertIn(says, told.stderr)
        served = gateway.command("serve", "--config", gateway.config)
        self.assertIn(served.returncode, (1, 2), "check told of what does not matter")
        return told

    def test_of_the_state_are_folders_or_can_be_made(self):
        gateway = Gateway(files=files())
        at = f"{gateway.config}:3:1: "
        file, fifo, link = (gateway.directory / name for name in ("file", "fifo", "link"))
        file.write_text("precious")
        os.mkfifo(fifo)
        link.symlink_to("nowhere")
        for place, says in (("", '"state_dir" is empty'), (file, f'state_dir: "{file}" is not a folder; name a folder'),
                            (f"{file}/below/it", f'"{file}" is not a folder'), (fifo, f'"{fifo}" is not a folder'),
                            (link, f'"{link}" is a link to nothing')):
            with self.subTest(place=str(place)):
                told = self.check(gateway, GATEWAY_TOKEN.replace("@STATE@", str(place)), says)
                self.assertTrue(told.stderr.startswith(at), told.stderr)
        self.check(gateway, GATEWAY_TOKEN.replace("@STATE@", str(gateway.directory / "not/yet")), None)
        self.check(gateway, GATEWAY_TOKEN.replace("@STATE@", str(gateway.directory)), None)

    def test_of_a_socket_can_take_one(self):
        gateway = Gateway(files=files())
        at = f"{gateway.config}:2:1: listen: cannot listen on unix:"
        file = gateway.directory / "file"
        file.write_text("precious")

        def listen(path):
            return GATEWAY_TOKEN.replace('"127.0.0.1:0"', f'"unix:{path}"')
        for place, says in ((gateway.directory, "there is a folder"), (file, "there is a file that is no socket"),
                            (gateway.directory / "missing/g.sock", f"the folder {gateway.directory}/missing does not"),
                            (file / "g.sock", "Not a directory")):
            with self.subTest(place=str(place)):
                told = self.check(gateway, listen(place), f"unix:{place}: {says}")
                self.assertTrue(told.stderr.startswith(at), told.stderr)
        self.check(gateway, listen(gateway.directory / "g.sock"), None)
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(gateway.directory / "left.sock"))
        left.close()
        self.check(gateway, listen(gateway.directory / "left.sock"), None)
        # systemd makes it at the start and takes it away at the end: before the first there is none.
        told = self.check(gateway, listen("/run/tailops-test-that-is-not-there/g.sock"), None)
        self.assertIn("does not exist yet; RuntimeDirectory= of the unit makes it", told.stderr)

    def test_of_a_running_gateway_are_fine(self):
        made = local_gateway()
        made.write("gateway.yaml", GATEWAY_TOKEN.replace('"127.0.0.1:0"', f'"127.0.0.1:0", "unix:{made.directory}/s"'))
        with made as gateway:
            self.assertEqual(gateway.command("check", "--config", gateway.config).returncode, 0)
            self.assertTrue((gateway.directory / "s").exists())


class Texts(unittest.TestCase):
    """Configuration files are UTF-8: in another encoding a denial would name nobody."""

    def test_are_utf8_in_each_file(self):
        gateway = Gateway(files=files(**{"gateway.yaml": GATEWAY_TOKEN + "commands: commands.yaml\n",
                                         "policy.yaml": POLICY_ALL, "commands.yaml": "commands: []\n"}))
        for name in ("gateway.yaml", "targets.yaml", "policy.yaml", "commands.yaml"):
            path = gateway.directory / name
            good = path.read_bytes()
            line = good.count(b"\n") + 1
            for text, says in ((good + "# J\xfcrgen\n".encode("latin-1"), f":{line}:4: the byte 0xFC is not UTF-8"),
                               (good.decode().encode("utf-16"), ":1:1: the file is UTF-16 or UTF-32, not UTF-8"),
                               (good + b"\x04\n", f":{line}:1: the control character U+0004"),
                               (good + b'"a\\0b": c\n', f":{line}:1: a NUL character"),
                               (good + "# J\xfcrgen\n".encode(), None), (b"\xef\xbb\xbf" + good, None)):
                with self.subTest(file=name, says=says):
                    path.write_bytes(text)
                    told = gateway.command("check", "--config", gateway.config)
                    self.assertEqual(told.returncode, 2 if says else 0, told.stderr)
                    self.assertIn(f"{path}{says}" if says else "", told.stderr)
            path.write_bytes(good)


class Numbers(unittest.TestCase):
    def test_are_neither_negative_nor_behind_what_there_is(self):
        with local_gateway() as gateway:
            gateway.stop()
            verify = ("audit", "verify", "--state-dir", str(gateway.state_dir), "--acknowledged")
            last = int(gateway.command(*verify[:-1], check=True).stdout.split("head ")[1].split()[0])
            self.assertEqual(gateway.command(*verify, str(last)).returncode, 0)
            behind = gateway.command(*verify, str(last + 1))
            self.assertEqual(behind.returncode, 2)
            self.assertIn(f"the end of the trail, record {last}", behind.stderr)
            query = ("audit", "query", "--state-dir", str(gateway.state_dir), "--limit")
            call = ("call", "whoami", "--url", "http://127.0.0.1:9/mcp", "--timeout")
            for words in (verify, query, call):
                for number in ("-1", "0", "18446744073709551615", "18446744073709551617", "one", ""):
                    told = gateway.command(*words, number)
                    self.assertEqual((told.returncode, told.stdout), (2, ""), (words, number))
                    self.assertIn(words[-1], told.stderr)


class Endpoint(unittest.TestCase):
    def test_is_named_with_its_path(self):
        with local_gateway() as gateway:
            environment = {**os.environ, "TAILOPS_TOKEN": gateway.token}
            for url in (gateway.url.removesuffix("/mcp"), gateway.url.removesuffix("/mcp") + "/healthz"):
                told = subprocess.run([gateway.binary, "call", "whoami", "--url", url], capture_output=True,
                                      text=True, env=environment, timeout=60)
                self.assertEqual(told.returncode, 1)
                self.assertIn("write its path too, as in http://HOST:PORT/mcp", told.stderr)


class OwnSecrets(unittest.TestCase):
    def test_stand_in_no_line_of_the_log_and_in_no_metric(self):
        secret = "sekrit-api-token-12345"
        targets = TARGETS.replace("methods: [GET, DELETE]}",
                                  "methods: [GET, DELETE], auth: {scheme: bearer, credential: env:APITOK}}")
        self.assertNotEqual(targets, TARGETS)
        with local_gateway(targets=targets, environment={"APITOK": secret}) as gateway:
            for method, params in (("tools/call", {"name": "get_" + secret, "arguments": {}}), ("x/" + secret, {})):
                gateway.rpc(method, params)
            gateway.rpc("tools/list", headers={"Mcp-Method": secret})
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": {
                "io.modelcontextprotocol/protocolVersion": PROTOCOL,
                "io.modelcontextprotocol/clientInfo": {"name": secret, "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {}}}})
            answer = gateway.request("POST", None, body, {
                "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": PROTOCOL, "Mcp-Method": "tools/list"})
            self.assertEqual(answer.status, 200)
            metrics = gateway.request("GET", "/metrics").body.decode()
            self.assertIn('client="[redacted]"', metrics)
            until(lambda: gateway.logged().count(" protocol_error: ") >= 3, what="the lines")
            gateway.stop()
            self.assertIn("[redacted]", gateway.logged())
            self.assertNotIn(secret, gateway.logged() + metrics)


class Reload(unittest.TestCase):
    def reload(self, gateway, event, count):
        gateway.process.send_signal(signal.SIGHUP)
        until(lambda: gateway.logged().count(f" {event}: ") == count, what=event)

    def test_names_the_settings_that_wait_for_a_restart(self):
        with local_gateway() as gateway:
            self.reload(gateway, "reloaded", 1)
            self.assertNotIn("restart_needed", gateway.logged())
            gateway.write("gateway.yaml", GATEWAY_TOKEN.replace("debug", "info") + "threads: 3\n")
            self.reload(gateway, "restart_needed", 1)
            self.assertIn('settings="log.level, threads"', gateway.logged())
            gateway.write("gateway.yaml", GATEWAY_TOKEN)
            self.reload(gateway, "reloaded", 3)
            self.assertEqual(gateway.logged().count("restart_needed"), 1)

    def test_says_each_mistake_on_a_line_of_its_own(self):
        with local_gateway() as gateway:
            rules = "".join(f"  - {{id: r{n}, effect: allow, tols: [x]}}\n" for n in range(40))
            gateway.write("policy.yaml", "version: 1\nrules:\n" + rules)
            self.reload(gateway, "reload_refused", 40)
            lines = [line for line in gateway.logged().splitlines() if "reload_refused" in line]
            for number, line in enumerate(lines):
                self.assertIn(f'policy.yaml:{number + 3}:', line)
                self.assertIn('did you mean', line)
                self.assertNotIn("x0A", line)

    def test_outlives_a_file_that_has_no_end(self):
        """An alias inside what it stands for; and aliases of aliases, which stand for billions of values."""
        nested = "l0: &l0 [x]\n" + "".join(
            f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 12))
        endless = "endless: &a [x, *a]\nalso: &b {key: *b}\n"
        made = local_gateway(gateway=GATEWAY_TOKEN + "commands: commands.yaml\n")
        made.write("commands.yaml", "commands: []\n")
        with made as gateway:
            for name in ("gateway.yaml", "targets.yaml", "policy.yaml", "commands.yaml"):
                good = (gateway.directory / name).read_text()
                for bad, why in ((endless, "which would have no end"), (nested, "the aliases repeat more than")):
                    with self.subTest(file=name, why=why):
                        gateway.write(name, good + bad)
                        refused = gateway.logged().count(why)
                        told = gateway.command("check", "--config", gateway.config)
                        self.assertEqual(told.returncode, 2, told.stderr)
                        self.assertIn(why, told.stderr)
                        gateway.process.send_signal(signal.SIGHUP)
                        until(lambda: gateway.logged().count(why) > refused, what="the refusal")
                gateway.write(name, good)
            self.assertFalse(gateway.call("get_system_status", {"target": "local"}).get("isError"))

    def test_does_not_wait_for_a_fifo(self):
        key = "audit: {key: file:@STATE@.key}\n"
        with local_gateway() as gateway:
            policy = gateway.directory / "policy.yaml"
            policy.unlink()
            os.mkfifo(policy)
            self.reload(gateway, "reload_refused", 1)
            self.assertIn("it is a FIFO, not a regular file", gateway.logged())
            told = gateway.command("check", "--config", gateway.config)
            self.assertEqual(told.returncode, 2)
            self.assertIn("policy.yaml: cannot be read: it is a FIFO, not a regular file", told.stderr)
            self.assertFalse(gateway.call("get_system_status", {"target": "local"}).get("isError"))
            self.assertEqual(gateway.stop(), 0)
        gateway = Gateway(files=files(**{"gateway.yaml": GATEWAY_TOKEN + key}))
        os.mkfifo(f"{gateway.state_dir}.key")
        self.addCleanup(os.unlink, f"{gateway.state_dir}.key")
        told = gateway.command("serve", "--config", gateway.config)
        self.assertEqual(told.returncode, 1)
        self.assertIn("audit.key: the credential", told.stderr)

    def test_that_is_asked_for_during_the_start_comes_after_it(self):
        # A start can be over before we see it begin; then nothing was asked for, and the next one is tried.
        for _ in range(100):
            if self.reload_during_start():
                return
        self.fail("no start was caught before its end")

    def reload_during_start(self):
        """Asks for reloads until the daemon is ready, and waits for one. False if there was no time to ask."""
        made = local_gateway()
        with open(made.directory / "log", "wb") as log:
            process = subprocess.Popen([made.binary, "serve", "--config", made.config], stdout=subprocess.PIPE,
                                       stderr=log)
            try:
                # Before main a signal meets no code of ours. From there on it is held, then caught.
                until(lambda: answers_hang_up(process.pid), what="the beginning of main", pause=0)
                asked = False
                while not select.select([process.stdout], [], [], 0.0005)[0]:
                    process.send_signal(signal.SIGHUP)
                    asked = True
                self.assertTrue(process.stdout.readline(), "it ended")
                if asked:
                    until(lambda: " reloaded: " in made.logged(), what="the reload")
                return asked
            finally:
                process.terminate()
                self.assertEqual(process.wait(25), 0)
                process.stdout.close()


def answers_hang_up(pid):
    """Whether SIGHUP is blocked or caught by the process."""
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                  if ":\t" in line)
    return any(int(status.get(mask, "0"), 16) & 1 for mask in ("SigBlk", "SigCgt"))


if __name__ == "__main__":
    unittest.main()
