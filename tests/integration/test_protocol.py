"""The wire by hand, through the whole daemon: what the published suites leave out."""
import contextlib
import http.client
import json
import os
import signal
import unittest
import urllib.parse

from harness import GATEWAY_TOKEN, Gateway, local_gateway, until

LEGACY = ("2025-03-26", "2025-06-18", "2025-11-25")
BOTH = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


def message(method, number=None, **params):
    made = {"jsonrpc": "2.0", "method": method}
    if number is not None:
        made["id"] = number
    if params:
        made["params"] = params
    return made


class Session:
    """A legacy session, by hand."""

    def __init__(self, gateway, revision="2025-11-25", token=True):
        self.gateway, self.token = gateway, token
        self.headers = dict(BOTH)
        hello = message("initialize", 0, protocolVersion=revision, capabilities={},
                        clientInfo={"name": "by-hand", "version": "1"})
        answer = self.post(hello)
        self.headers["Mcp-Session-Id"] = answer.headers["mcp-session-id"]
        self.revision = answer.result["protocolVersion"]
        self.post(message("notifications/initialized"))

    def post(self, body, **headers):
        text = body if isinstance(body, str) else json.dumps(body)
        return self.gateway.request("POST", None, text, {**self.headers, **headers}, token=self.token)


@contextlib.contextmanager
def stream(gateway, method, body, headers, token=None):
    """An event stream: a function that returns the next message. Leaving closes the connection."""
    where = urllib.parse.urlsplit(gateway.url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
    connection.request(method, where.path, body, {**headers, "Authorization": f"Bearer {token or gateway.token}"})
    response = connection.getresponse()
    try:
        def following():
            while True:
                line = response.readline().decode()
                if not line:
                    raise AssertionError("the stream ended")
                if line.startswith("data: ") and line.strip() != "data:":
                    return json.loads(line[6:])
        following.status = response.status
        yield following
    finally:
        connection.sock and connection.sock.close()
        connection.close()


COMMANDS = """commands:
  - {name: numbers, description: "Many lines", command_template: seq 1 2000, capability: "system:read"}
  - {name: rest, description: "Rests", command_template: "sleep {seconds}", capability: "system:read",
     parameters: {seconds: {description: "How long", type: integer, max: 60}}}
  - {name: one, description: "One line", command_template: seq 1 1, capability: "system:read"}
"""

POLICY_SHORT = """version: 1
rules:
  - {id: short, effect: allow, tier: admin, obligations: {output_limit: 2KiB}}
"""


class Wire(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = local_gateway().start()
        cls.other = cls.gateway.mint("admin", subject="other")

    @classmethod
    def tearDownClass(cls):
        cls.gateway.__exit__()

    def test_keeps_sessions_apart_that_use_the_same_ids(self):
        sessions = [Session(self.gateway, revision) for revision in LEGACY]
        self.assertEqual([one.revision for one in sessions], list(LEGACY))
        self.assertEqual(len({one.headers["Mcp-Session-Id"] for one in sessions}), len(LEGACY))
        for tool in ("whoami", "list_targets"):
            for session in sessions:
                result = session.post(message("tools/call", 7, name=tool, arguments={})).result
                # Structured results came with 2025-06-18.
                self.assertEqual("structuredContent" in result, session.revision != "2025-03-26")
        ended = self.gateway.request("DELETE", headers=sessions[0].headers)
        self.assertIn(ended.status, (200, 204))
        self.assertEqual(sessions[0].post(message("ping", 8)).status, 404)
        self.assertEqual(sessions[1].post(message("ping", 8)).result, {})

    def test_gives_a_session_to_nobody_else(self):
        session = Session(self.gateway)
        session.token = self.other
        self.assertEqual(session.post(message("ping", 1)).status, 404)
        self.assertEqual(self.gateway.request("GET", headers={**session.headers, "Accept": "text/event-stream"},
                                              token=self.other).status, 404)
        self.assertEqual(self.gateway.request("DELETE", headers=session.headers, token=self.other).status, 404)
        session.token = True
        self.assertEqual(session.post(message("ping", 1)).result, {})

    def test_takes_batches_in_one_revision_only(self):
        batch = [message("ping", 1), message("ping", 2)]
        for revision in LEGACY:
            with self.subTest(revision=revision):
                answer = Session(self.gateway, revision).post(batch)
                if revision == "2025-03-26":
                    self.assertEqual(sorted(one["id"] for one in answer.json), [1, 2])
                else:
                    self.assertEqual(answer.status, 400)
                    self.assertEqual(answer.json["error"]["code"], -32600)
        modern = self.gateway.request("POST", None, json.dumps(batch), {**BOTH, "MCP-Protocol-Version": "2026-07-28"})
        self.assertEqual((modern.status, modern.json["error"]["code"]), (400, -32600))

    def test_refuses_a_version_header_that_names_nothing(self):
        hello = message("initialize", 1, protocolVersion="2025-11-25", capabilities={},
                        clientInfo={"name": "by-hand", "version": "1"})
        session = Session(self.gateway)
        for version in ("invalid-protocol-version", "2000-01-01", "2099-01-01"):
            with self.subTest(version=version):
                before = self.gateway.request("POST", None, json.dumps(hello),
                                              {**BOTH, "MCP-Protocol-Version": version})
                after = session.post(message("ping", 2), **{"MCP-Protocol-Version": version})
                for answer in (before, after):
                    self.assertEqual(answer.status, 400)
                    self.assertIn("error", answer.json)
        self.assertEqual(session.post(message("ping", 2), **{"MCP-Protocol-Version": "2025-11-25"}).result, {})

    def test_answers_every_refusal_at_the_endpoint_as_json_rpc(self):
        call = json.dumps(message("ping", 1))
        for what, method, body, headers, status in (
                ("content type", "POST", call, {"Content-Type": "text/plain"}, 415),
                ("no JSON", "POST", "{", BOTH, 400),
                ("no message", "POST", "7", BOTH, 400),
                ("no session", "POST", call, BOTH, 400),
                ("a foreign origin", "POST", call, {**BOTH, "Origin": "https://evil.example"}, 403),
                ("a foreign host", "POST", call, {**BOTH, "Host": "evil.example"}, 421),
                ("method", "PUT", call, BOTH, 405)):
            with self.subTest(what=what):
                answer = self.gateway.request(method, None, body, headers)
                self.assertIn(answer.status, (status, 403) if status == 421 else (status,))
                self.assertEqual(answer.headers["content-type"], "application/json")
                self.assertEqual(answer.json["jsonrpc"], "2.0")
                self.assertLess(answer.json["error"]["code"], 0)

    def test_frees_what_a_client_leaves_behind(self):
        listen = message("subscriptions/listen", 1, notifications={"toolsListChanged": True},
                         _meta={"io.modelcontextprotocol/protocolVersion": "2026-07-28",
                                "io.modelcontextprotocol/clientCapabilities": {}})
        headers = {**BOTH, "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "subscriptions/listen"}

        def acknowledged():
            with stream(self.gateway, "POST", json.dumps(listen), headers) as following:
                first = following()
            return first.get("method") == "notifications/subscriptions/acknowledged"

        # A principal has sixteen at a time: closing one must give it back.
        for _ in range(40):
            until(acknowledged, what="a place for one more stream")

    def test_tells_changes_to_each_session_on_its_own_stream(self):
        with Gateway(embedded=True) as gateway, contextlib.ExitStack() as open_streams:
            sessions = [Session(gateway), Session(gateway)]
            streams = [open_streams.enter_context(
                stream(gateway, "GET", None, {**one.headers, "Accept": "text/event-stream"})) for one in sessions]
            self.assertEqual(gateway.request("GET", headers={**sessions[0].headers,
                                                             "Accept": "text/event-stream"}).status, 409)
            os.kill(gateway.pid, signal.SIGHUP)
            for following in streams:
                heard = {following()["method"] for _ in range(3)}
                self.assertEqual(heard, {f"notifications/{kind}/list_changed"
                                         for kind in ("tools", "prompts", "resources")})

    def test_tells_a_client_that_asked_how_a_long_call_goes_on_and_where_to_find_it(self):
        made = local_gateway(gateway=GATEWAY_TOKEN + "commands: commands.yaml\nmcp: {progress_every: 1s}\n")
        made.write("commands.yaml", COMMANDS)
        with made as gateway:
            session = Session(gateway)
            call = message("tools/call", 3, name="execute_command", _meta={"progressToken": "p"},
                           arguments={"target": "local", "command_name": "rest", "parameters": {"seconds": "60"}})
            with stream(gateway, "POST", json.dumps(call), session.headers) as following:
                first, second = following(), following()
            for told in (first, second):
                self.assertEqual(told["method"], "notifications/progress")
                self.assertEqual(told["params"]["progressToken"], "p")
            self.assertGreater(second["params"]["progress"], first["params"]["progress"])
            # A legacy call goes on without its client: it is found again by the id that was told, and by the list.
            runs = gateway.call("list_runs", {"state": "running"})["structuredContent"]["runs"]
            self.assertEqual([run["tool"] for run in runs], ["execute_command"])
            self.assertIn(f"run {runs[0]['run_id']} goes on", first["params"]["message"])
            run = gateway.call("get_run", {"run_id": runs[0]["run_id"]})["structuredContent"]
            self.assertEqual(run["state"], "running")
            other = gateway.mint("admin", subject="other")
            self.assertEqual(gateway.call("list_runs", token=other)["structuredContent"]["runs"], [])
            session.post(message("notifications/cancelled", requestId=3))
            until(lambda: not gateway.call("list_runs", {"state": "running"})["structuredContent"]["runs"],
                  what="the end of the cancelled call")

    def test_links_to_the_output_that_a_result_has_no_room_for(self):
        made = local_gateway(policy=POLICY_SHORT, gateway=GATEWAY_TOKEN + "commands: commands.yaml\n")
        made.write("commands.yaml", COMMANDS)
        with made as gateway:
            result = gateway.call("execute_command", {"target": "local", "command_name": "numbers"})
            uri = result["structuredContent"]["read_more"]
            links = [block for block in result["content"] if block["type"] == "resource_link"]
            self.assertEqual([link["uri"] for link in links], [uri])
            contents = gateway.rpc("resources/read", {"uri": uri}, headers={"Mcp-Name": uri}).result["contents"]
            self.assertEqual(contents[0]["mimeType"], links[0]["mimeType"])
            page = json.loads(contents[0]["text"])
            self.assertEqual(page["text"].split()[-1], "2000")
            other = gateway.mint("admin", subject="other")
            refused = gateway.rpc("resources/read", {"uri": uri}, headers={"Mcp-Name": uri}, token=other)
            self.assertEqual(refused.json["error"]["code"], -32602)
            # What fits has no link, and the revision without links gets none.
            short = gateway.call("execute_command", {"target": "local", "command_name": "one"})
            self.assertEqual([block["type"] for block in short["content"]], ["text"])
            oldest = Session(gateway, "2025-03-26")
            call = message("tools/call", 1, name="execute_command",
                           arguments={"target": "local", "command_name": "numbers"})
            self.assertEqual([block["type"] for block in oldest.post(call).result["content"]], ["text"])


if __name__ == "__main__":
    unittest.main()
