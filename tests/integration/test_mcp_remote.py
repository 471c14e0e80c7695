"""mcp-remote, the bridge for programs that speak MCP over stdin and stdout only: it logs in, or shows a gateway
token."""
import itertools
import json
import os
import pathlib
import queue
import re
import shutil
import tempfile
import unittest
import urllib.parse
import urllib.request

import test_client_oauth as oauth
from harness import ROOT, text_of, until
from line_process import LineProcess
from machines import free_port
from person import Person
from test_oauth import post_json

MODULES = ROOT / "tests/integration/node_modules"
ANSWER_SECONDS = 60
# A tool and its arguments; network:read is what it takes.
NEEDS_MORE = "execute_command", {"target": "local", "command_name": "dns_servers"}


def setUpModule():
    oauth.setUpModule()


def tearDownModule():
    oauth.tearDownModule()


def scopes_in(url):
    return set(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))["scope"].split())


class McpRemote:
    """One mcp-remote between us and the gateway, with a folder of its own and no browser."""

    def __init__(self, *words):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tailops-mcp-remote-"))
        self.words, self.ids, self.lines = words, itertools.count(1), queue.Queue()
        for name in ("xdg-open", "gio", "x-www-browser", "sensible-browser"):
            (self.folder / name).write_text("#!/bin/sh\nexit 0\n")
            (self.folder / name).chmod(0o755)

    def __enter__(self):
        program = [str(MODULES / ".bin/node"), str(MODULES / "mcp-remote/dist/proxy.js"), oauth.gateway.url,
                   str(free_port()), "--host", "127.0.0.1", *self.words]
        environment = {**os.environ, "MCP_REMOTE_CONFIG_DIR": str(self.folder), "HOME": str(self.folder),
                       "BROWSER": str(self.folder / "xdg-open"), "PATH": f"{self.folder}:{os.environ['PATH']}"}
        environment.pop("DISPLAY", None)
        self.process = LineProcess(program, self.lines.put, env=environment)
        return self

    def __exit__(self, *_):
        # It does not end with its input while it waits for a person.
        self.process.process.terminate()
        self.process.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def logged(self):
        return self.process.logged()

    def authorization_urls(self):
        return re.findall(r"visiting:\n(\S+)", self.logged())

    def log_in(self, person):
        """At the page it asked for last, once it waits for the way back."""
        url = until(self.authorization_urls, ANSWER_SECONDS, "the address of the login page")[-1]
        until(lambda: self.logged().count("callback server running") >= len(self.authorization_urls()),
              what="its callback server")
        with urllib.request.urlopen(person.consent(url), timeout=20) as page:
            page.read()

    def send(self, message):
        self.process.say({"jsonrpc": "2.0", **message})

    def ask(self, method, params):
        return self.answer_to(self.begin(method, params))

    def begin(self, method, params):
        number = next(self.ids)
        self.send({"id": number, "method": method, "params": params})
        return number

    def answer_to(self, number):
        while True:
            try:
                message = self.lines.get(timeout=ANSWER_SECONDS)
            except queue.Empty:
                raise AssertionError(f"no answer to request {number}:\n{self.logged()}") from None
            if message.get("id") == number and "method" not in message:
                return message

    def open(self):
        about = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
        answer = self.ask("initialize", about)
        self.send({"method": "notifications/initialized"})
        return answer["result"]

    def call(self, tool, **arguments):
        return self.ask("tools/call", {"name": tool, "arguments": arguments})["result"]


class Bridge(unittest.TestCase):
    def assert_works(self, bridge):
        result = bridge.call("get_system_status", target="local")
        self.assertFalse(result.get("isError", False), text_of(result))

    def test_logs_in_and_refreshes_what_expires(self):
        behave = oauth.server.told["behave_endpoint"]
        post_json(behave, {"ttl": 3})
        self.addCleanup(post_json, behave, {"ttl": 300})
        with McpRemote() as bridge:
            bridge.log_in(Person("carol"))
            self.assertEqual(bridge.open()["serverInfo"]["name"], "tailops-gateway")
            self.assertEqual(json.loads(text_of(bridge.call("whoami")))["subject"], "carol")
            kept, = bridge.folder.glob("**/*_tokens.json")
            old = json.loads(kept.read_text())["access_token"]
            post_json(behave, {"ttl": 300})
            until(lambda: oauth.gateway.rpc("tools/list", token=old).status == 401, what="the end of the token")
            self.assert_works(bridge)
            self.assertNotEqual(json.loads(kept.read_text())["access_token"], old)
            self.assertEqual(len(bridge.authorization_urls()), 1)

    def test_bridges_the_modern_era_but_for_calls_about_a_target(self):
        with McpRemote("--protocol", "auto") as bridge:
            bridge.log_in(Person())
            bridge.open()
            self.assertEqual(json.loads(text_of(bridge.call("whoami")))["subject"], "alice")
            # It does not repeat arguments in headers, as clients of 2026-07-28 must; docs/clients.md warns of it.
            tools = {tool["name"] for tool in bridge.ask("tools/list", {})["result"]["tools"]}
            self.assertIn("get_system_status", tools)
            call = {"name": "get_system_status", "arguments": {"target": "local"}}
            self.assertEqual(bridge.ask("tools/call", call)["error"]["code"], -32020)

    def test_asks_for_all_scopes_at_once_and_needs_no_step_up(self):
        with McpRemote() as bridge:
            bridge.log_in(Person())
            bridge.open()
            result = bridge.call(NEEDS_MORE[0], **NEEDS_MORE[1])
            self.assertFalse(result.get("isError", False), text_of(result))
            asked, = bridge.authorization_urls()
            self.assertLessEqual(set(oauth.SCOPES), scopes_in(asked))

    def test_asks_its_person_again_for_the_scopes_that_its_user_fixed_and_no_more(self):
        # It does step up, but not beyond these: docs/clients.md warns of it.
        with McpRemote("--static-oauth-client-metadata", json.dumps({"scope": "system:read"})) as bridge:
            person = Person()
            bridge.log_in(person)
            bridge.open()
            self.assert_works(bridge)
            number = bridge.begin("tools/call", {"name": NEEDS_MORE[0], "arguments": NEEDS_MORE[1]})
            until(lambda: len(bridge.authorization_urls()) > 1, what="the second login")
            bridge.log_in(person)
            self.assertEqual(bridge.answer_to(number)["error"], {"code": -32001, "message": "mcp-remote: Unauthorized"})
            self.assertEqual([scopes_in(asked) for asked in bridge.authorization_urls()[:2]], [{"system:read"}] * 2)
            self.assert_works(bridge)

    def test_shows_a_gateway_token(self):
        token = oauth.gateway.mint("readonly", subject="program")
        with McpRemote("--header", f"Authorization: Bearer {token}") as bridge:
            bridge.open()
            self.assertEqual(json.loads(text_of(bridge.call("whoami")))["subject"], "program")
            self.assertEqual(bridge.authorization_urls(), [])


if __name__ == "__main__":
    unittest.main()
