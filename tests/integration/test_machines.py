"""The same tools on real machines: OpenSSH, dropbear, a Docker engine, an HTTP API."""
import http.server
import json
import os
import socket
import threading
import time
import unittest

from harness import LOCAL_TARGET, POLICY_ALL, local_gateway, text_of, until
from machines import DockerEngine, SshServer, stopped
from test_protocol import Session, message


class Ssh(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.servers = {"web-01": SshServer().__enter__(), "db-01": SshServer().__enter__(),
                       "drop-01": SshServer("dropbear").__enter__()}
        targets = 'version: "1.0"\ntargets:\n'
        for name, server in cls.servers.items():
            targets += server.target(name, '    constraints: {timeout: 120, allowed_paths: ["/etc"]}\n')
        targets += cls.servers["web-01"].target("untrusted").replace("127.0.0.1", "localhost")
        # Another name for db-01, so that its key is unknown; asked for through web-01.
        targets += cls.servers["db-01"].target("behind").replace("host: 127.0.0.1", "jump: web-01, host: localhost")
        cls.gateway = local_gateway(targets=targets).start()
        cls.too_early = cls.gateway.command("targets", "trust", "behind", "--yes", "--config", cls.gateway.config)
        cls.trusted = [cls.gateway.command("targets", "trust", name, "--yes", "--config", cls.gateway.config)
                       for name in cls.servers]

    @classmethod
    def tearDownClass(cls):
        cls.gateway.__exit__()
        for server in cls.servers.values():
            server.__exit__()

    def test_trusts_a_host_key_at_a_persons_word(self):
        for done in self.trusted:
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("SHA256:", done.stderr)

    def test_trusts_a_host_key_through_a_jump_host_that_is_trusted(self):
        self.assertEqual(self.too_early.returncode, 1, self.too_early.stdout)
        self.assertIn("tailops targets trust web-01", self.too_early.stderr)
        done = self.gateway.command("targets", "trust", "behind", "--yes", "--config", self.gateway.config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("remembered [localhost]:", done.stdout)
        result = self.gateway.call("get_system_status", {"target": "behind"})
        self.assertFalse(result.get("isError", False), text_of(result))

    def test_refuses_a_host_whose_key_nobody_confirmed(self):
        result = self.gateway.call("get_system_status", {"target": "untrusted"})
        self.assertTrue(result["isError"])
        self.assertIn("unauthorized_there", text_of(result))
        self.assertIn("tailops targets trust untrusted", text_of(result))
        state = self.state_of("untrusted")
        self.assertEqual(state["status"], "unauthorized")

    def state_of(self, name):
        targets = self.gateway.call("list_targets")["structuredContent"]["targets"]
        return next(target["state"] for target in targets if target["id"] == name)

    def test_reads_the_state_of_every_machine(self):
        for name in self.servers:
            result = self.gateway.call("get_system_status", {"target": name})
            self.assertFalse(result.get("isError", False), f"{name}: {text_of(result)}")
            self.assertGreater(result["structuredContent"]["memory_usage"]["total"], 0)
            self.assertEqual(self.state_of(name)["status"], "reachable")
            processes = self.gateway.call("get_top_processes", {"target": name})["structuredContent"]
            self.assertGreater(processes["total_processes"], 1)

    def test_runs_commands_and_keeps_the_output_of_failing_ones(self):
        for name in self.servers:
            good = self.gateway.call("execute_command", {"target": name, "command_name": "uname"})
            self.assertIn("Linux", good["structuredContent"]["output"])
            missing = self.gateway.call("execute_command", {"target": name, "command_name": "disk_usage_path",
                                                            "parameters": {"path": "/nonexistent"}})
            self.assertTrue(missing["isError"])
            self.assertEqual(missing["structuredContent"]["success"], False)

    def test_reads_files_and_refuses_to_leave_the_allowed_places(self):
        for name in self.servers:
            good = self.gateway.call("file_operations", {"target": name, "action": "read", "path": "/etc/hostname"})
            self.assertFalse(good.get("isError", False), text_of(good))
            bad = self.gateway.call("file_operations", {"target": name, "action": "read", "path": "/proc/self/environ"})
            self.assertTrue(bad["isError"])

    def test_a_wedged_machine_delays_nobody_else(self):
        wedged = self.servers["db-01"]
        # A command, not only a login: sshd makes a session's last process after it has let us in.
        self.gateway.call("get_system_status", {"target": "db-01"})
        # The listener and the processes of its sessions, which are two deep.
        children = descendants_of(wedged.process.pid)
        with stopped(wedged.process.pid, *children):
            waiting = threading.Thread(target=lambda: self.gateway.call("get_system_status", {"target": "db-01"}))
            waiting.start()
            for _ in range(3):
                result = self.gateway.call("get_system_status", {"target": "web-01"})
                self.assertFalse(result.get("isError", False), text_of(result))
            self.assertTrue(waiting.is_alive(), "the wedged machine should still be waited for")
        waiting.join()

    def test_a_machine_that_never_answers_is_unreachable(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            spec = self.servers["web-01"].target("silent", more="    constraints: {timeout: 1}\n")
            spec = spec.replace(str(self.servers["web-01"].port), str(silent.getsockname()[1]))
            with local_gateway(targets='version: "1.0"\ntargets:\n' + spec) as gateway:
                result = gateway.call("get_system_status", {"target": "silent"})
                self.assertTrue(result["isError"])
                told, = gateway.call("list_targets")["structuredContent"]["targets"]
                self.assertEqual(told["state"]["status"], "unreachable", told)
                self.assertIn("did not answer in time", told["state"]["reason"])

    def test_replaces_a_remembered_key_only_when_told_to(self):
        known = self.gateway.state_dir / "known_hosts"
        before = known.read_text()
        port = self.servers["db-01"].port
        other = " ".join((self.servers["web-01"].directory / "host.pub").read_text().split()[:2])
        changed = "".join(f"[127.0.0.1]:{port} {other}\n" if f":{port} " in line else f"{line}\n"
                          for line in before.splitlines())
        trust = ("targets", "trust", "db-01", "--yes", "--config", self.gateway.config)
        try:
            known.write_text(changed)
            refused = self.gateway.command(*trust)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("ANOTHER key", refused.stderr)
            self.assertIn("--replace", refused.stderr)
            self.assertEqual(known.read_text(), changed)
            self.assertEqual(self.gateway.command(*trust, "--replace").returncode, 0)
            again = self.gateway.command(*trust)
            self.assertEqual(again.returncode, 0)
            self.assertNotIn("ANOTHER", again.stderr)
        finally:
            known.write_text(before)

    def test_refuses_a_changed_host_key(self):
        known = self.gateway.state_dir / "known_hosts"
        text = known.read_text()
        other = self.servers["web-01"].directory / "host.pub"
        port = self.servers["db-01"].port
        key = " ".join(other.read_text().split()[:2])
        lines = [f"[127.0.0.1]:{port} {key}" if f":{port} " in line else line for line in text.splitlines()]
        # The warm session was opened before; a new gateway has none.
        with local_gateway(targets='version: "1.0"\ntargets:\n' + self.servers["db-01"].target("db-01")) as fresh:
            (fresh.state_dir / "known_hosts").write_text("\n".join(lines) + "\n")
            result = fresh.call("get_system_status", {"target": "db-01"})
            self.assertTrue(result["isError"])
            self.assertIn("changed", text_of(result))


def descendants_of(pid):
    children = [int(each) for each in os.listdir("/proc") if each.isdigit() and parent_of(each) == pid]
    return [found for child in children for found in [child, *descendants_of(child)]]


def parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError):
        return 0


# The first process of a container is not ended by a SIGTERM that it does not handle.
UNTIL_TOLD = "trap exit TERM; BEFORE; while true; do sleep 0.1; done"


class Docker(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = DockerEngine().__enter__()
        cls.engine.run("web", "sh", "-c", UNTIL_TOLD.replace("BEFORE", "echo hello; echo oops >&2"))
        targets = 'version: "1.0"\ntargets:\n' + cls.engine.target("docker-01")
        cls.gateway = local_gateway(targets=targets).start()

    @classmethod
    def tearDownClass(cls):
        cls.gateway.__exit__()
        cls.engine.__exit__()

    def test_lists_inspects_and_reads_logs(self):
        listed = self.gateway.call("get_container_list", {"target": "docker-01"})["structuredContent"]
        self.assertIn("web", [container["name"] for container in listed["containers"]])
        inspected = self.gateway.call("inspect_container", {"target": "docker-01", "name_or_id": "web"})
        self.assertFalse(inspected.get("isError", False), text_of(inspected))
        logs = self.gateway.call("get_container_logs", {"target": "docker-01", "name_or_id": "web"})
        self.assertIn("hello", text_of(logs))
        self.assertIn("oops", text_of(logs))

    def test_restarts_for_real(self):
        def started():
            return self.engine.docker("inspect", "-f", "{{.State.StartedAt}}", "web").stdout
        before = started()
        result = self.gateway.call("manage_container", {"target": "docker-01", "action": "restart", "name_or_id": "web"})
        self.assertFalse(result.get("isError", False), text_of(result))
        self.assertNotEqual(started(), before)

    def test_refuses_names_that_would_be_paths_and_containers_that_are_not_there(self):
        for name in ("../images/json", "a b", "-x", "", "web?all=1"):
            result = self.gateway.call("inspect_container", {"target": "docker-01", "name_or_id": name})
            self.assertTrue(result["isError"], name)
        gone = self.gateway.call("manage_container", {"target": "docker-01", "action": "stop", "name_or_id": "gone"})
        self.assertTrue(gone["isError"])

    def test_goes_by_the_name_of_a_container_whatever_it_is_called(self):
        self.engine.run("db", "sh", "-c", UNTIL_TOLD.replace("BEFORE", "true"))
        policy = """version: 1
rules:
  - {id: all, effect: allow, tier: admin}
  - {id: no-db, effect: deny, tools: [manage_container, inspect_container, get_container_logs],
     parameters: {name_or_id: {equals: db}}}
"""
        def of(name, template):
            return self.engine.docker("inspect", "-f", template, name).stdout.strip()
        targets = 'version: "1.0"\ntargets:\n' + self.engine.target("docker-01")
        with local_gateway(targets=targets, policy=policy) as gateway:
            full = of("db", "{{.Id}}")
            before = of("db", "{{.State.StartedAt}}")
            for word in ("db", full[:6], full[:12], full):
                for tool, more in (("manage_container", {"action": "restart"}), ("inspect_container", {}),
                                   ("get_container_logs", {})):
                    result = gateway.call(tool, {"target": "docker-01", "name_or_id": word, **more})
                    self.assertTrue(result["isError"], word)
                    self.assertIn("denied: decided by rule no-db", text_of(result), word)
            self.assertEqual(of("db", "{{.State.StartedAt}}"), before)
            # Its neighbour may be restarted, by its id as well.
            result = gateway.call("manage_container", {"target": "docker-01", "action": "restart",
                                                       "name_or_id": of("web", "{{.Id}}")[:12]})
            self.assertFalse(result.get("isError", False), text_of(result))
            self.engine.docker("rename", "db", "data")
            result = gateway.call("inspect_container", {"target": "docker-01", "name_or_id": full[:12]})
            self.assertFalse(result.get("isError", False), "it is another one now")

    def test_offers_no_shell(self):
        result = self.gateway.call("get_system_status", {"target": "docker-01"})
        self.assertTrue(result["isError"])


class FakeApi(http.server.BaseHTTPRequestHandler):
    """Stands in for any HTTP API; what matters is that it is a real server that sees real requests."""
    seen = []

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        FakeApi.seen.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
        status = 302 if self.path.startswith("/v1/moved") else 200
        body = json.dumps({"ok": True}).encode()
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/stolen")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


class HttpApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FakeApi)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        targets = f"""version: "1.0"
targets:
  api-01:
    type: http
    connection:
      base_url: "http://127.0.0.1:{cls.server.server_port}/v1"
      auth: {{scheme: bearer, credential: "env:API_TOKEN"}}
      methods: [GET, POST]
      paths: ["/status", "/moved"]
    capabilities: ["http:read", "http:write"]
"""
        cls.gateway = local_gateway(targets=targets, environment={"API_TOKEN": "api-secret-0123456789"}).start()

    @classmethod
    def tearDownClass(cls):
        cls.gateway.__exit__()
        cls.server.shutdown()
        cls.server.server_close()

    def ask(self, **arguments):
        return self.gateway.call("http_request", {"target": "api-01", **arguments})

    def test_sends_the_targets_credential_and_never_the_callers(self):
        result = self.ask(method="GET", path="/status")
        self.assertFalse(result.get("isError", False), text_of(result))
        method, path, headers, _ = FakeApi.seen[-1]
        self.assertEqual((method, path), ("GET", "/v1/status"))
        self.assertEqual(headers["Authorization"], "Bearer api-secret-0123456789")
        self.assertNotIn("api-secret", text_of(result))

    def test_posts_a_body(self):
        self.ask(method="POST", path="/status", body='{"a":1}', headers={"Content-Type": "application/json"})
        self.assertEqual(FakeApi.seen[-1][3], b'{"a":1}')

    def test_does_not_follow_a_redirect(self):
        result = self.ask(method="GET", path="/moved")
        self.assertEqual(result["structuredContent"]["status"], 302)

    def test_goes_on_with_the_trace_of_its_caller(self):
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        self.gateway.call("http_request", {"target": "api-01", "method": "GET", "path": "/status"}, headers={
            "traceparent": f"00-{trace}-00f067aa0ba902b7-01", "tracestate": "congo=t61rcWkgMzE"})
        headers = FakeApi.seen[-1][2]

        def recorded():
            told = self.gateway.command("audit", "query", "--state-dir", str(self.gateway.state_dir), "--trace", trace,
                                        check=True).stdout
            return [json.loads(line) for line in told.splitlines()]
        # Records of what only looks are written soon.
        found = until(lambda: len(recorded()) > 1 and recorded(), what="both records")
        self.assertEqual({record["phase"] for record in found}, {"intent", "outcome"})
        request, = {record["request"] for record in found}
        self.assertEqual(headers["traceparent"], f"00-{trace}-{request}-01")
        self.assertEqual(headers["tracestate"], "congo=t61rcWkgMzE")
        # A caller that is in no trace begins none.
        self.ask(method="GET", path="/status")
        self.assertNotIn("traceparent", FakeApi.seen[-1][2])

    def test_gives_each_call_of_a_batch_a_span_and_a_run_of_its_own(self):
        trace = "0af7651916cd43dd8448eb211c80319c"
        before = len(FakeApi.seen)
        arguments = {"target": "api-01", "method": "POST", "path": "/status"}
        answers = Session(self.gateway, "2025-03-26").post(
            [message("tools/call", number, name="http_request", arguments=arguments) for number in range(3)],
            traceparent=f"00-{trace}-00f067aa0ba902b7-01").json
        self.assertEqual([one["result"].get("isError", False) for one in answers], [False] * 3)
        spans = {seen[2]["traceparent"].split("-")[2] for seen in FakeApi.seen[before:]}
        self.assertEqual(len(spans), 3)
        for run in spans:
            told = self.gateway.call("get_run", {"run_id": run})
            self.assertFalse(told.get("isError", False), text_of(told))
            self.assertEqual((told["structuredContent"]["run_id"], told["structuredContent"]["state"]), (run, "ok"))

    def test_stays_within_methods_and_paths(self):
        before = len(FakeApi.seen)
        for arguments in ({"method": "DELETE", "path": "/status"}, {"method": "GET", "path": "/statusx"},
                          {"method": "GET", "path": "/status/../admin"}, {"method": "GET", "path": "//evil"},
                          {"method": "GET", "path": "/status/%2e%2e/admin"}, {"method": "GET", "path": "http://evil/"},
                          {"method": "GET", "path": "/status", "headers": {"Authorization": "Bearer mine"}},
                          {"method": "GET", "path": "/status\r\nX: y"}):
            self.assertTrue(self.ask(**arguments)["isError"], arguments)
        self.assertEqual(len(FakeApi.seen), before)


if __name__ == "__main__":
    unittest.main()
