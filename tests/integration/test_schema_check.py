"""The check of tests/support/wire notices what is wrong: a server that says it, beside one that says it right."""
import contextlib
import http.client
import http.server
import json
import subprocess
import threading
import unittest
import urllib.parse

from everything import MODERN, NODE, WIRE, Wire, modern, told
from test_protocol import BOTH, LEGACY, message

VERSIONS = (*LEGACY, MODERN)
READ_BUNDLE = "const { published_schemas } = await import(process.argv[1]); published_schemas(process.argv[2]);"
TOOL = {"name": "look", "inputSchema": {"type": "object"}}
TASK = {"taskId": "t", "createdAt": "2026-11-27T12:00:00Z", "lastUpdatedAt": "2026-11-27T12:00:00Z", "ttlMs": 1}
FORM = {"message": "Who?", "requestedSchema": {"type": "object", "properties": {}}}


def result(**members):
    return {"jsonrpc": "2.0", "id": 1, "result": members}


def error(code, text="no", **members):
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": text, **members}}


def notice(name, **params):
    return {"jsonrpc": "2.0", "method": f"notifications/{name}", "params": params}


def question(method, **params):
    return {"jsonrpc": "2.0", "id": "q", "method": method, "params": params}


def listed(*tools):
    """tools/list in the shape of each revision: what the older ones do not know is let pass there."""
    return result(tools=list(tools), resultType="complete", ttlMs=0, cacheScope="private")


def without(whole, *path):
    """`whole` without the member at `path`."""
    copy = json.loads(json.dumps(whole))
    holder = copy
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    return copy


DONE = result(resultType="complete", status="completed", result={"content": []}, **TASK)
QUESTIONS = result(resultType="input_required", inputRequests={"a": {"method": "elicitation/create", "params": FORM}})
TEXT = result(resultType="complete", content=[{"type": "text", "text": "x"}])
ACKNOWLEDGED = notice("subscriptions/acknowledged", notifications={"taskIds": ["t"]})
UNSUPPORTED = error(-32022, data={"supported": [MODERN], "requested": "1"})

# (revisions, method asked, what is right, what is wrong with it, a word of the complaint)
CASES = [
    (VERSIONS, "tools/list", listed(TOOL), without(listed(TOOL), "result", "tools", 0, "inputSchema"), "inputSchema"),
    (VERSIONS, "tools/list", listed(TOOL), without(listed(TOOL), "result", "tools"), "'tools'"),
    (VERSIONS, "tools/list", listed(TOOL), without(listed(TOOL), "jsonrpc"), "'jsonrpc'"),
    (VERSIONS, "tools/list", listed(), {**listed(), "id": "1"}, "answers no request"),
    (VERSIONS, "tools/list", listed(), {**listed(), "error": {"code": 1, "message": "no"}}, "both"),
    (VERSIONS, "tools/list", error(-32603), without(error(-32603), "error", "message"), "'message'"),
    (VERSIONS, "tools/list", error(-32603), error("-32603"), "integer"),
    (VERSIONS, "tools/list", error(-32603), without(error(-32603), "id"), "lacks the id"),
    (VERSIONS, "tools/list", listed(), [], "batch"),
    (VERSIONS, "tools/call", TEXT, without(TEXT, "result", "content", 0, "text"), "'text'"),
    (VERSIONS, "tools/call", notice("progress", progressToken=1, progress=1), notice("progress", progress=1),
     "'progressToken'"),
    (VERSIONS, "tools/call", notice("message", level="info", data=1), notice("message", level="loud", data=1),
     "allowed values"),
    (VERSIONS, "tools/call", notice("tools/list_changed"), notice("tools/changed"), "no notification"),
    (("2025-06-18", "2025-11-25"), "tools/call", question("elicitation/create", **FORM),
     question("elicitation/create", message="Who?"), "'requestedSchema'"),
    (("2025-06-18", "2025-11-25"), "tools/call", question("ping"), question("tools/list"), "does not ask"),
    ((MODERN,), "tools/call", TEXT, question("elicitation/create", **FORM), "does not ask"),
    ((MODERN,), "tools/list", listed(), without(listed(), "result", "resultType"), "resultType"),
    ((MODERN,), "tools/list", listed(), without(listed(), "result", "ttlMs"), "'ttlMs'"),
    ((MODERN,), "tools/list", UNSUPPORTED, without(UNSUPPORTED, "error", "data", "supported"), "'supported'"),
    ((MODERN,), "tools/call", QUESTIONS,
     without(QUESTIONS, "result", "inputRequests", "a", "params", "message"), "'message'"),
    ((MODERN,), "tools/list", listed(), QUESTIONS, "not answered with questions"),
    ((MODERN,), "tools/call", result(resultType="task", status="working", **TASK),
     result(resultType="task", status="lost", **TASK), "status"),
    ((MODERN,), "tools/list", listed(), result(resultType="task", status="working", **TASK), "does not become"),
    ((MODERN,), "tasks/get", DONE, without(DONE, "result", "taskId"), "taskId"),
    ((MODERN,), "tasks/get", DONE, without(DONE, "result", "result", "content"), "'content'"),
    ((MODERN,), "subscriptions/listen", ACKNOWLEDGED, notice("subscriptions/acknowledged",
                                                             notifications={"taskIds": [7]}), "taskIds"),
    ((MODERN,), "subscriptions/listen", notice("tasks", status="working", **TASK),
     without(notice("tasks", status="working", **TASK), "params", "ttlMs"), "ttlMs"),
]


class Speaker(http.server.BaseHTTPRequestHandler):
    """Says what it is told to: server.says, as JSON or as events, cut into chunks of seven bytes."""
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(self.server.says).encode()
        if self.server.as_events:
            body = b": hello\r\n\r\nid: 1\r\ndata: " + body + b"\r\n\r\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if self.server.as_events else "application/json")
        if self.server.session:
            self.send_header("Mcp-Session-Id", self.server.session)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for at in range(0, len(body), 7):
            part = body[at:at + 7]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


class TheCheck(unittest.TestCase):
    @contextlib.contextmanager
    def wired(self):
        """A speaker behind a wire, and a function that has it say something over one connection."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Speaker)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with Wire(f"http://127.0.0.1:{server.server_port}/mcp") as self.wire:
                where = urllib.parse.urlsplit(self.wire.url)
                connection = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
                with contextlib.closing(connection):
                    def say(what, body, headers, as_events=False, session=None):
                        server.says, server.as_events, server.session = what, as_events, session
                        connection.request("POST", where.path, body, headers)
                        connection.getresponse().read()
                    yield say
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def say_in(self, say, version, method, what, as_events):
        if version == MODERN:
            _, _, body, headers = modern(method, 1, tasks=True)
            say(what, body, headers, as_events)
            return
        hello = message("initialize", 0, protocolVersion=version, capabilities={},
                        clientInfo={"name": "c", "version": "1"})
        agreed = {"jsonrpc": "2.0", "id": 0, "result": {"protocolVersion": version, "capabilities": {},
                                                        "serverInfo": {"name": "s", "version": "1"}}}
        say(agreed, json.dumps(hello), BOTH, session=f"session-{version}")
        say(what, json.dumps(message(method, 1)), {**BOTH, "Mcp-Session-Id": f"session-{version}"}, as_events)

    def rows(self):
        for versions, method, right, wrong, word in CASES:
            for version in versions:
                for as_events in (False, True):
                    yield version, method, right, wrong, word, as_events

    def test_lets_pass_what_is_right(self):
        with self.wired() as say:
            for version, method, right, _, _, as_events in self.rows():
                self.say_in(say, version, method, right, as_events)
        self.assertEqual([told(one) for one in self.wire.report["violations"]], [])
        self.assertEqual(set(self.wire.report["counts"]), set(VERSIONS))

    def test_names_what_is_wrong(self):
        rows = [row for row in self.rows() if not (row[0] == "2025-03-26" and row[4] == "batch")]
        with self.wired() as say:
            for number, (version, method, _, wrong, _, as_events) in enumerate(rows):
                # A member that nobody knows tells the complaints apart.
                marked = [number] if wrong == [] else {"number": f"<{number}>", **wrong}
                self.say_in(say, version, method, marked, as_events)
        complaints = [(one["text"], told(one)) for one in self.wire.report["violations"]]
        for number, (version, method, _, wrong, word, as_events) in enumerate(rows):
            mark = f"[{number}]" if wrong == [] else f'{{"number":"<{number}>"'
            mine = [line for text, line in complaints if text.startswith(mark)]
            with self.subTest(version=version, method=method, word=word, as_events=as_events):
                self.assertTrue(any(word in line.split(": {")[0] for line in mine), mine or "nothing was noticed")
        self.assertEqual(self.wire.report["violated"], len(complaints), "not all complaints were told")
        self.assertEqual(self.wire.report["valid"], self.wire.report["messages"] - len(
            [row for row in rows if row[4] != "batch"]))

    def test_takes_a_batch_where_the_revision_has_them(self):
        with self.wired() as say:
            self.say_in(say, "2025-03-26", "tools/list", [listed(TOOL)], False)
            self.say_in(say, "2025-03-26", "tools/list", [without(listed(TOOL), "result", "tools")], False)
        self.assertEqual(self.wire.seen("2025-03-26")["result tools/list"], 2)
        self.assertEqual(self.wire.report["violated"], 1)

    def test_does_not_begin_without_the_schemas_of_exactly_the_four_revisions(self):
        literal = "{$schema:`https://json-schema.org/draft/2020-12/schema`,$defs:{}}"
        three = ",".join(f'"{version}":a{number}' for number, version in enumerate(VERSIONS[1:]))
        bundles = {"no schemas": "const a=1;", "no literal": f"b={{{three}}}", "no table": f"var a={literal}",
                   "three": "".join(f"var a{number}={literal};" for number in range(3)) + f"b={{{three}}}"}
        for what, bundle in bundles.items():
            with self.subTest(what):
                ran = subprocess.run([str(NODE), "--input-type=module", "-e", READ_BUNDLE, str(WIRE / "schemas.mjs"),
                                      bundle], capture_output=True, text=True, timeout=60)
                self.assertEqual(ran.returncode, 1, ran.stdout)
                self.assertIn("the bundle", ran.stderr)

    def test_notices_what_is_no_message(self):
        with self.wired() as say:
            self.say_in(say, "2025-11-25", "tools/list", "text", False)
            self.say_in(say, "2025-11-25", "tools/list", None, True)
            self.say_in(say, "2025-11-25", "tools/list", {"jsonrpc": "2.0", "id": 1}, False)
        self.assertEqual(self.wire.report["violated"], 3)


if __name__ == "__main__":
    unittest.main()
