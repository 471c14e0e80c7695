"""What the tailnet changes: loopback that is open to it, and logins at TSIDP. The tailscaled here is a fake (a LocalAPI that
says in which mode it runs): a real one in userspace mode needs a control server."""
import http.client
import http.server
import json
import pathlib
import socket
import socketserver
import tempfile
import threading
import unittest
import urllib.parse

from harness import LOCAL_TARGET, POLICY_ALL, Gateway, text_of
from machines import NodeServer, free_port
from official import Driver, Refused
from person import Person
from test_oauth import gateway_for


class FakeTailscaled(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A FAKE of tailscaled's LocalAPI: GET /localapi/v0/status and nothing else, as v1.102.5 answers it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.headers.get("Host") != "local-tailscaled.sock":
                return self.answer(400, b"invalid localapi request")
            if not self.path.startswith("/localapi/v0/status"):
                return self.answer(404, b"not found")
            return self.answer(*self.server.status)

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self):
            return "unix"

        def log_message(self, *_):
            pass

    def __init__(self, status):
        self.folder = tempfile.TemporaryDirectory(prefix="tailops-tailscaled-")
        self.path = str(pathlib.Path(self.folder.name) / "tailscaled.sock")
        self.status = status
        super().__init__(self.path, self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def server_close(self):
        super().server_close()
        self.folder.cleanup()

    def __exit__(self, *arguments):
        self.shutdown()
        super().__exit__(*arguments)


def mode(tun):
    return 200, json.dumps({"Version": "1.102.5", "TUN": tun, "BackendState": "Running"}).encode()


NONE = "auth: {mode: none, i_accept_the_risk: true}\n"
PROXY = "auth: {mode: token}\ntrusted_proxies: [127.0.0.1]\n"
OTHER_PROXY = "auth: {mode: token}\ntrusted_proxies: [10.0.0.0/8]\n"


class Loopback(unittest.TestCase):
    def gateway(self, trust, socket):
        return Gateway(files={"policy.yaml": "version: 1\nrules: []\n", "targets.yaml": LOCAL_TARGET, "gateway.yaml":
                              f'version: 1\nlisten: ["127.0.0.1:0"]\nstate_dir: "@STATE@"\ntailscaled_socket: "{socket}"\n{trust}'})

    def starts(self, trust, socket):
        with self.gateway(trust, socket) as gateway:
            self.assertEqual(gateway.request("GET", "/healthz", token=None).status, 200)

    def refusal(self, trust, socket):
        """Why `serve` does not start."""
        gateway = self.gateway(trust, socket)
        done = gateway.command("serve", "--config", gateway.config)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr

    def test_is_not_trusted_where_tailscaled_forwards_the_tailnet_to_it(self):
        with FakeTailscaled(mode(tun=False)) as tailscaled:
            for trust in (NONE, PROXY):
                told = self.refusal(trust, tailscaled.path)
                self.assertIn("userspace mode", told)
                self.assertIn("/dev/net/tun", told)
            self.starts(OTHER_PROXY, tailscaled.path)

    def test_is_trusted_where_the_kernel_keeps_the_tailnet_off_it(self):
        with FakeTailscaled(mode(tun=True)) as tailscaled:
            for trust in (NONE, PROXY):
                self.starts(trust, tailscaled.path)

    def test_is_trusted_where_no_tailscaled_runs(self):
        self.starts(NONE, "/nonexistent/tailscaled.sock")

    def test_is_not_trusted_when_tailscaled_does_not_say(self):
        for status in ((403, b"denied"), (200, b"{}"), (200, b"TUN"), (200, b'{"TUN": "yes"}')):
            with FakeTailscaled(status) as tailscaled:
                self.assertIn("does not say whether", self.refusal(NONE, tailscaled.path), status)


    def test_is_given_up_when_tailscaled_comes_up_and_forwards_the_tailnet_to_it(self):
        with FakeTailscaled(mode(tun=True)) as tailscaled, self.gateway(NONE, tailscaled.path) as gateway:
            tailscaled.status = mode(tun=False)
            self.assertEqual(gateway.process.wait(60), 1)
            self.assertIn("tailscaled hands the tailnet on to it", gateway.logged())
            self.assertIn("use auth.mode oidc or token", gateway.logged())


class LocalConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


class UnixSocket(unittest.TestCase):
    """listen: ["unix:/PATH"]: a gateway without a port."""

    def gateway(self, trust, tailscaled="/nonexistent/tailscaled.sock"):
        gateway = Gateway(files={"targets.yaml": LOCAL_TARGET, "policy.yaml": POLICY_ALL})
        self.socket = gateway.directory / "gateway.sock"
        gateway.write("gateway.yaml", f'version: 1\nlisten: ["unix:{self.socket}"]\nstate_dir: "@STATE@"\ntailscaled_socket: "{tailscaled}"\n{trust}')
        return gateway

    def ask(self, path, **headers):
        connection = LocalConnection(self.socket)
        try:
            connection.request("GET", path, headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def test_may_trust_who_connects_where_loopback_could_not_be_trusted(self):
        with FakeTailscaled(mode(tun=False)) as tailscaled, self.gateway(NONE, tailscaled.path) as gateway:
            self.assertEqual(gateway.url, "http://localhost/mcp")
            self.assertEqual(self.socket.stat().st_mode & 0o7777, 0o660)
            self.assertEqual(self.ask("/healthz"), 200)
            self.assertEqual(self.ask("/healthz", Host="evil.example"), 403)
            self.assertEqual(gateway.stop(), 0)
            self.assertFalse(self.socket.exists())

    def test_is_where_a_call_of_the_command_line_goes(self):
        with self.gateway("auth: {mode: token}\n") as gateway:
            words = ["call", "get_system_status", "--target", "local", "--url", f"unix:{self.socket}"]
            gateway.environment["TAILOPS_TOKEN"] = gateway.mint("admin")
            done = gateway.command(*words)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("hostname", done.stdout)
            gateway.environment["TAILOPS_TOKEN"] = "tgw_wrong"
            self.assertIn("refused the token", gateway.command(*words).stderr)

    def test_outlives_a_gateway_that_was_killed_and_serves_the_next(self):
        gateway = self.gateway(NONE)
        with gateway:
            gateway.stop(9)
            self.assertTrue(self.socket.exists())
            gateway.start()
            self.assertEqual(self.ask("/healthz"), 200)

    def test_is_not_for_the_embedded_gateway_whose_clients_need_a_url(self):
        gateway = Gateway()
        self.addCleanup(gateway.__exit__)
        done = gateway.command("serve", "--embedded", "--state-dir", str(gateway.state_dir), "--listen", "unix:/tmp/g.sock")
        self.assertEqual(done.returncode, 2)
        self.assertIn("a Unix socket stands in `listen` of gateway.yaml", done.stderr)


class TsidpLogin(unittest.TestCase):
    """Both generations of the official SDK log in at FakeTsidp: registration, PKCE, the resource at /token."""

    def setUp(self):
        self.port = free_port()
        self.resource = f"http://127.0.0.1:{self.port}/mcp"

    def tsidp(self, **grant):
        server = NodeServer("fake-tsidp.mjs", json.dumps({"grants": [{"users": ["*"], **grant}]})).__enter__()
        self.addCleanup(server.__exit__)
        gateway = gateway_for(server, self.port, "gateway").start()
        self.addCleanup(gateway.__exit__)
        driver = Driver().__enter__()
        self.addCleanup(driver.__exit__)
        return server, gateway, driver

    def test_ends_with_a_call_by_who_the_person_is(self):
        _, gateway, driver = self.tsidp(resources=[self.resource], allow_dcr=True)
        for kind in ("v1", "v2-legacy", "v2-modern"):
            with self.subTest(kind):
                client = driver.prepare(kind)
                asked = client.order("login", kind=kind, url=gateway.url).value()["authorizationUrl"]
                scope = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(asked).query)).get("scope", "")
                self.assertLessEqual(set(scope.split()), {"openid", "email", "profile"})
                client.order("finishLogin", callback=Person().consent(asked)).value()
                result = client.call("get_system_status", target="local")
                self.assertFalse(result.get("isError", False), text_of(result))
                client.close()

    def test_fails_where_the_grant_lets_no_client_register_itself(self):
        _, gateway, driver = self.tsidp(resources=[self.resource])
        client = driver.prepare("v1")
        self.addCleanup(client.close)
        with self.assertRaisesRegex(Refused, "application capability not granted"):
            client.order("login", kind="v1", url=gateway.url).value()

    def test_fails_at_the_token_where_the_grant_does_not_list_the_gateway(self):
        _, gateway, driver = self.tsidp(resources=["https://elsewhere.example/mcp"], allow_dcr=True)
        client = driver.prepare("v1")
        self.addCleanup(client.close)
        asked = client.order("login", kind="v1", url=gateway.url).value()["authorizationUrl"]
        with self.assertRaisesRegex(Refused, "invalid resource"):
            client.order("finishLogin", callback=Person().consent(asked)).value()


if __name__ == "__main__":
    unittest.main()
