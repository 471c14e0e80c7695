"""`tailops serve --embedded`: what a person gets who has no file yet."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import tempfile
import unittest
import urllib.parse

from harness import Gateway, text_of, until


class Embedded(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = Gateway(embedded=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.gateway.__exit__()

    def test_tells_url_token_and_pid_and_nothing_else(self):
        self.assertRegex(self.gateway.url, r"^http://127\.0\.0\.1:\d+/mcp$")
        self.assertTrue(self.gateway.token.startswith("tailops_"))
        self.assertEqual(self.gateway.pid, self.gateway.process.pid)

    def test_is_healthy_and_ready_without_a_token(self):
        self.assertEqual(self.gateway.request("GET", "/healthz", token=None).status, 200)
        self.assertEqual(self.gateway.request("GET", "/readyz", token=None).status, 200)

    def test_discovers(self):
        result = self.gateway.rpc("server/discover").result
        self.assertEqual(result["resultType"], "complete")
        self.assertIn("2026-07-28", result["supportedVersions"])

    def test_observes_the_local_machine(self):
        result = self.gateway.call("get_system_status", {"target": "local"})
        self.assertFalse(result.get("isError", False), text_of(result))
        memory = result["structuredContent"]["memory_usage"]
        with open("/proc/meminfo") as file:
            total = int(re.search(r"MemTotal:\s+(\d+)", file.read()).group(1)) * 1024
        self.assertEqual(memory["total"], total)

    def test_lists_processes_networks_and_commands(self):
        processes = self.gateway.call("get_top_processes", {"target": "local", "limit": 100})["structuredContent"]
        self.assertGreater(processes["total_processes"], 1)
        network = self.gateway.call("get_network_status", {"target": "local"})["structuredContent"]
        self.assertIn("lo", [interface["name"] for interface in network["interfaces"]])
        commands = self.gateway.call("list_commands")["structuredContent"]
        # Of the 39 that are shipped, six look at containers, which this machine does not offer.
        self.assertEqual(commands["count"], 33)
        self.assertNotIn("container:read", {command["capability"] for command in commands["commands"]})

    def test_runs_catalogue_commands(self):
        result = self.gateway.call("execute_command", {"target": "local", "command_name": "hostname"})
        self.assertEqual(result["structuredContent"]["output"].strip(), os.uname().nodename)

    def test_refuses_arguments_by_name_rule_and_example(self):
        result = self.gateway.call("get_top_processes", {"target": "local", "limit": "many"})
        self.assertTrue(result["isError"])
        self.assertIn("limit", text_of(result))
        unknown = self.gateway.call("get_top_processes", {"target": "local", "limitt": 3})
        self.assertIn('did you mean "limit"', text_of(unknown))

    def test_does_not_tell_a_missing_target_from_one_out_of_sight(self):
        result = self.gateway.call("get_system_status", {"target": "nope"})
        self.assertTrue(result["isError"])
        self.assertIn("not_found", text_of(result))

    def test_answers_an_unknown_tool_in_band(self):
        answer = self.gateway.rpc("tools/call", {"name": "format_disk", "arguments": {}})
        self.assertEqual((answer.status, answer.json["error"]["code"]), (200, -32602))

    def test_reads_files_below_the_allowed_places_only(self):
        def read(path, action="read"):
            return self.gateway.call("file_operations", {"target": "local", "action": action, "path": path})
        self.assertIn("root:", read("/etc/passwd")["structuredContent"]["content"])
        self.assertIn("NAME=", read("/etc/os-release")["structuredContent"]["content"])
        self.assertFalse(read("/var/log", "list").get("isError", False))
        for path in ("/etc/shadow", "/etc/gshadow", "/etc/ssh/ssh_host_ed25519_key", "/etc/ssl/private",
                     "/etc/tailops/gateway.yaml", "/proc/self/environ", "/etc", "/etc/default"):
            for action in ("read", "tail", "list", "search"):
                self.assertTrue(read(path, action)["isError"], (action, path))
        for path in ("/root/.bashrc", "/etc/../root", "/etcetera", "etc/passwd", "/var/log/../../etc/shadow"):
            self.assertTrue(read(path)["isError"], path)

    @unittest.skipUnless(os.geteuid() == 0, "about a gateway that is root")
    def test_reads_as_root_no_more_than_others_could(self):
        def read(path, action="read"):
            return self.gateway.call("file_operations", {"target": "local", "action": action, "path": str(path)})
        with tempfile.TemporaryDirectory(dir="/var/log") as folder:
            place = pathlib.Path(folder)
            place.chmod(0o755)
            for name, mode in (("open", 0o644), ("closed", 0o600), ("of-adm", 0o640)):
                (place / name).write_text("made up")
                (place / name).chmod(mode)
            shutil.chown(place / "of-adm", group="adm")
            (place / "key.txt").write_text("-----BEGIN PRIVATE KEY-----\n" + "QUJD" * 16 + "\n" + "QUJD" * 16 + "\n")
            self.assertEqual(read(place / "open")["structuredContent"]["content"], "made up")
            self.assertEqual(read(place / "of-adm")["structuredContent"]["content"], "made up")
            self.assertIn("may not read", text_of(read(place / "closed")))
            key = read(place / "key.txt")["structuredContent"]
            self.assertNotIn("QUJD", key["content"])
            self.assertIn("[redacted: private key]", key["content"])
            self.assertEqual(key["redacted"], ["private key"])

    def test_tells_the_caller_who_it_is(self):
        told = self.gateway.call("whoami")["structuredContent"]
        self.assertEqual((told["method"], told["subject"]), ("gateway_token", "embedded"))

    def test_refuses_requests_without_or_with_a_wrong_token(self):
        self.assertEqual(self.gateway.rpc("tools/list", token=None).status, 401)
        refused = self.gateway.rpc("tools/list", token="tailops_" + "A" * 43)
        self.assertEqual(refused.status, 401)
        self.assertIn('error="invalid_token"', refused.headers["www-authenticate"])

    def test_refuses_a_foreign_host_or_origin(self):
        for name, value in (("Host", "evil.example.com"), ("Origin", "http://evil.example.com")):
            self.assertEqual(self.gateway.rpc("tools/list", headers={name: value}).status, 403, name)
        self.assertEqual(self.gateway.rpc("tools/list", headers={"Origin": "http://localhost:1234"}).status, 200)

    def test_refuses_what_is_too_large(self):
        where = urllib.parse.urlsplit(self.gateway.url)
        for authorization, status in ((f"Authorization: Bearer {self.gateway.token}\r\n", 413), ("", 401)):
            with socket.create_connection((where.hostname, where.port), 10) as peer:
                peer.sendall(f"POST /mcp HTTP/1.1\r\nHost: localhost\r\n{authorization}Content-Length: 5000000\r\n\r\n".encode())
                self.assertTrue(peer.recv(100).startswith(f"HTTP/1.1 {status} ".encode()))
        deep = b"[" * 100 + b"]" * 100
        answer = self.gateway.request(body=deep, headers={"Content-Type": "application/json"})
        self.assertEqual((answer.status, answer.json["error"]["code"]), (400, -32700))

    def test_survives_a_client_that_half_closes_and_one_that_leaves(self):
        where = urllib.parse.urlsplit(self.gateway.url)
        for how in (socket.SHUT_WR, None):
            with socket.create_connection((where.hostname, where.port), 10) as peer:
                peer.sendall(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
                if how is not None:
                    peer.shutdown(how)
        self.assertEqual(self.gateway.rpc("tools/list").status, 200)

    def test_keeps_its_state_private(self):
        for path in [self.gateway.state_dir, *self.gateway.state_dir.rglob("*")]:
            mode = stat.S_IMODE(path.stat().st_mode)
            self.assertEqual(mode & 0o077, 0, f"{path} has mode {mode:o}")


class EmbeddedLife(unittest.TestCase):
    def test_mints_anew_at_each_start_and_ends_the_old_token(self):
        with Gateway(embedded=True) as first:
            old = first.token
            self.assertEqual(first.stop(), 0)
            again = Gateway(embedded=True, state_dir=first.state_dir)
            with again:
                self.assertNotEqual(again.token, old)
                self.assertEqual(again.rpc("tools/list").status, 200)
                self.assertEqual(again.rpc("tools/list", token=old).status, 401)

    def test_refuses_a_second_daemon_on_the_same_state(self):
        with Gateway(embedded=True) as first:
            second = Gateway(embedded=True, state_dir=first.state_dir)
            with self.assertRaises(AssertionError) as refused:
                second.start()
            self.assertIn("trail", str(refused.exception))
            second.stop()

    def test_ends_in_order_on_sigterm_and_sigint(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with Gateway(embedded=True) as gateway:
                gateway.call("health_check")
                self.assertEqual(gateway.stop(how), 0)
                verified = gateway.command("audit", "verify", "--state-dir", str(gateway.state_dir))
                self.assertEqual(verified.returncode, 0, verified.stderr)


if __name__ == "__main__":
    unittest.main()
