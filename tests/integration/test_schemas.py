"""Every message of the gateway is valid against the published schema of the revision it was sent in.

The official clients ask all they can through tests/support/wire, in each of the four revisions; requests by hand
add what such clients do not send. test_schema_check.py shows that the check notices what is wrong.
"""
import contextlib
import json
import os
import signal
import sys
import unittest

from harness import LOCAL_TARGET, POLICY_ALL, ROOT, local_gateway, until
from official import Driver
from test_client_tasks import GATEWAY as WITH_TASKS, Pipe
from test_protocol import BOTH, LEGACY, Session, message, stream

WIRE = ROOT / "tests/support/wire"
sys.path.insert(0, str(WIRE))

from wire import NODE, Wire, told  # noqa: E402  (needs the path above)

MODERN = "2026-07-28"
GATEWAY = WITH_TASKS.replace("task_after: 1s", "task_after: 1s, progress_every: 1s")

COMMANDS = """commands:
  - {name: numbers, description: "Many lines", command_template: seq 1 2000, capability: "system:read"}
  - {name: read_pipe, description: "Read a pipe", command_template: "cat {path}", parameters: {path: "The pipe"}}
"""

# What a command prints beyond this is linked to.
POLICY = POLICY_ALL + """  - id: short
    effect: allow
    tier: admin
    tools: [execute_command]
    obligations: {output_limit: 2KiB}
"""

# Port 9 is nobody's: the target cannot be reached.
TARGETS = LOCAL_TARGET + """  api-01:
    type: http
    connection: {base_url: "http://127.0.0.1:9"}
    capabilities: ["http:read"]
"""

# A tool, its arguments, whether its result is an error: results of all shapes, a failure on a target, refusals of
# policy and of arguments.
CALLS = (
    ("get_system_status", {"target": "local"}, False),
    ("get_top_processes", {"target": "local", "format": "toon"}, False),
    ("get_network_status", {"target": "local"}, False),
    ("whoami", {}, False), ("list_targets", {}, False), ("health_check", {}, False), ("list_commands", {}, False),
    ("list_runs", {}, False),
    ("file_operations", {"target": "local", "action": "list", "path": "/etc"}, False),
    ("execute_command", {"target": "local", "command_name": "numbers"}, False),
    ("file_operations", {"target": "local", "action": "read", "path": "/root/nothing"}, True),
    ("execute_command", {"target": "local", "command_name": "nothing"}, True),
    ("http_request", {"target": "api-01", "method": "GET", "path": "/"}, True),
    ("get_run", {"run_id": "nothing"}, True), ("get_system_status", {"target": "nowhere"}, True),
    ("get_system_status", {}, True))

FOLLOWED = "tailops://targets/api-01/state"
CHANGES = [f"notification notifications/{kind}/list_changed" for kind in ("tools", "prompts", "resources")]
# What must have been seen in every revision, in the legacy ones, in the modern one.
EXPECTED = [f"result {method}" for method in (
    "tools/list", "tools/call", "prompts/list", "prompts/get", "resources/list", "resources/templates/list",
    "resources/read", "completion/complete")] + CHANGES + [
        "notification notifications/resources/updated", "notification notifications/progress",
        "error -32600", "error -32601", "error -32602", "error -32700"]
EXPECTED_LEGACY = EXPECTED + ["result initialize", "result ping", "result resources/subscribe",
                              "result resources/unsubscribe", "error -32002"]
EXPECTED_MODERN = EXPECTED + [
    "result server/discover", "result subscriptions/listen", "result tools/call (task)", "result tasks/get",
    "result tasks/cancel", "notification notifications/subscriptions/acknowledged", "notification notifications/tasks",
    "error -32020", "error -32021", "error -32022", "error 403"]


def modern(method, number, version=MODERN, tasks=False, progress=None, **params):
    """A request of 2026-07-28 as the arguments of Gateway.request.

    `tasks`: whether its client takes tasks. `progress`: the token under which it wants to hear of progress.
    """
    extensions = {"extensions": {"io.modelcontextprotocol/tasks": {}}} if tasks else {}
    params["_meta"] = {"io.modelcontextprotocol/protocolVersion": version,
                       "io.modelcontextprotocol/clientInfo": {"name": "by-hand", "version": "1"},
                       "io.modelcontextprotocol/clientCapabilities": extensions,
                       **({"progressToken": progress} if progress else {})}
    headers = {**BOTH, "MCP-Protocol-Version": version, "Mcp-Method": method}
    for name in ("name", "uri", "taskId"):
        if name in params:
            headers["Mcp-Name"] = params[name]
    if "target" in params.get("arguments", {}):
        headers["Mcp-Param-Target"] = params["arguments"]["target"]
    return "POST", None, json.dumps(message(method, number, **params)), headers


class EveryMessage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.driver = Driver().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.driver.__exit__()

    @contextlib.contextmanager
    def wired(self):
        """A gateway that all talk to through a wire; what the wire reports stands in self.wire at the end."""
        made = local_gateway(gateway=GATEWAY, policy=POLICY, targets=TARGETS)
        made.write("commands.yaml", COMMANDS)
        with made as gateway, Wire(gateway.url) as self.wire:
            gateway.url = self.wire.url
            yield gateway

    def check(self, revision, expected):
        self.assertEqual([told(one) for one in self.wire.report["violations"]], [])
        self.assertEqual(self.wire.report["valid"], self.wire.report["messages"])
        self.assertEqual([kind for kind in expected if not self.wire.seen(revision).get(kind)], [],
                         f"not seen among {sorted(self.wire.seen(revision))}")
        self.assertEqual(set(self.wire.report["counts"]), {revision})

    def ask_everything(self, client):
        for tool, arguments, is_error in CALLS:
            self.assertEqual(client.call(tool, **arguments).get("isError", False), is_error, tool)
        client.refusal("callTool", {"name": "no_such_tool", "arguments": {}})
        self.assertGreater(len(client.ask("listTools")["tools"]), 10)
        for prompt in client.ask("listPrompts")["prompts"]:
            client.ask("getPrompt", {"name": prompt["name"],
                                     "arguments": {one["name"]: "local" for one in prompt.get("arguments", [])}})
        client.refusal("getPrompt", {"name": "no_such_prompt"})
        for resource in client.ask("listResources")["resources"]:
            client.ask("readResource", {"uri": resource["uri"]})
        client.refusal("readResource", {"uri": "tailops://nothing"})
        client.ask("listResourceTemplates")
        client.ask("complete", {"ref": {"type": "ref/prompt", "name": "health_check"},
                                "argument": {"name": "target", "value": "lo"}})

    def hear_changes(self, gateway, client):
        """Has the state of a target change that the client follows, and all lists."""
        client.call("test_target", target="api-01")
        client.wait_for("notifications/resources/updated", uri=FOLLOWED)
        os.kill(gateway.pid, signal.SIGHUP)
        for kind in ("tools", "prompts", "resources"):
            client.wait_for(f"notifications/{kind}/list_changed")

    def hear_progress(self, gateway, order_for):
        """A long call that tells how it fares. `order_for`: what to send for the arguments of execute_command."""
        with Pipe() as pipe:
            method, _, body, headers = order_for(pipe.call())
            with stream(gateway, method, body, headers) as following:
                self.assertEqual(following()["params"]["progressToken"], "p")
                pipe.end("that took long")
                until(lambda: "result" in following(), what="the result")

    def refused_by_hand(self, gateway, session):
        """What the official clients do not send: messages that are refused, and what is no message."""
        for body in ("{", "7", "[]", json.dumps({"id": 1}), json.dumps({"jsonrpc": "2.0", "id": 1.5, "method": "ping"}),
                     json.dumps(message("no/such", 3)), json.dumps(message("tools/call", "four", name=7)),
                     json.dumps([message("ping", 5), message("no/such", 6), message("notifications/nothing")])):
            session.post(body)
        call = json.dumps(message("ping", 1))
        for method, body, headers, token in (
                ("POST", call, BOTH, None), ("POST", call, {**BOTH, "Authorization": "Bearer tailops_wrong"}, None),
                ("POST", call, {**session.headers, "Mcp-Session-Id": "nothing"}, True),
                ("POST", call, {**session.headers, "MCP-Protocol-Version": "2000-01-01"}, True),
                ("POST", call, {**session.headers, "Content-Type": "text/plain"}, True),
                ("POST", call, {**session.headers, "Origin": "https://evil.example"}, True),
                ("POST", call, {**session.headers, "Accept": "text/plain"}, True),
                ("GET", None, {**session.headers, "Accept": "application/json"}, True),
                ("PUT", call, session.headers, True), ("DELETE", None, session.headers, True),
                ("DELETE", None, session.headers, True)):
            gateway.request(method, None, body, headers, token=token)

    def legacy(self, revision, kind="v1"):
        with self.wired() as gateway:
            client = self.driver.connect(kind, gateway, revision=revision)
            self.assertEqual(client.version, revision)
            client.ask("subscribeResource", {"uri": FOLLOWED})
            self.hear_changes(gateway, client)
            self.ask_everything(client)
            client.ask("ping")
            client.ask("unsubscribeResource", {"uri": FOLLOWED})
            session = Session(gateway, revision)
            session.headers["MCP-Protocol-Version"] = revision
            self.hear_progress(gateway, lambda arguments: ("POST", None, json.dumps(message(
                "tools/call", 2, name="execute_command", arguments=arguments, _meta={"progressToken": "p"})),
                session.headers))
            self.refused_by_hand(gateway, session)
            client.close()
        self.check(revision, EXPECTED_LEGACY)

    def test_is_valid_in_2025_03_26(self):
        self.legacy("2025-03-26")

    def test_is_valid_in_2025_06_18(self):
        self.legacy("2025-06-18")

    def test_is_valid_in_2025_11_25(self):
        self.legacy("2025-11-25")

    def test_is_valid_in_2025_11_25_for_the_second_sdk(self):
        self.legacy("2025-11-25", "v2-legacy")

    def test_is_valid_in_2026_07_28(self):
        with self.wired() as gateway:
            client = self.driver.connect("v2-modern", gateway)
            wanted = {"toolsListChanged": True, "promptsListChanged": True, "resourcesListChanged": True,
                      "resourceSubscriptions": [FOLLOWED]}
            self.assertEqual(client.order("listen", filter=wanted).value(), wanted)
            self.hear_changes(gateway, client)
            self.ask_everything(client)
            self.hear_progress(gateway, lambda arguments: modern(
                "tools/call", 2, progress="p", name="execute_command", arguments=arguments))
            self.run_tasks(gateway)
            self.refused_modern(gateway)
            ended = client.order("ended")
            gateway.stop()
            self.assertEqual(ended.value(), "graceful")
            client.close()
        self.check(MODERN, EXPECTED_MODERN)

    def run_tasks(self, gateway):
        """One task that ends by itself and one that is stopped; somebody listens to both."""
        def begun(pipe, number):
            return gateway.request(*modern("tools/call", number, tasks=True, name="execute_command",
                                           arguments=pipe.call())).result["taskId"]

        def ask(method, task):
            return gateway.request(*modern(method, 9, tasks=True, taskId=task))

        with Pipe() as one, Pipe() as other:
            ends, stopped = begun(one, 1), begun(other, 2)
            self.assertEqual(ask("tasks/get", ends).result["status"], "working")
            listen = modern("subscriptions/listen", "tasks", tasks=True, notifications={"taskIds": [ends, stopped]})
            with stream(gateway, listen[0], *listen[2:]) as following:
                self.assertEqual(following()["params"]["notifications"]["taskIds"], sorted([ends, stopped]))
                one.end("that took long")
                self.assertEqual(following()["params"]["status"], "completed")
                ask("tasks/cancel", stopped)
                self.assertEqual(following()["params"]["status"], "cancelled")
            self.assertEqual(ask("tasks/get", ends).result["status"], "completed")
            self.assertEqual(ask("tasks/get", stopped).result["status"], "cancelled")
            self.assertEqual(ask("tasks/get", "nothing").json["error"]["code"], -32602)

    def refused_modern(self, gateway):
        narrow = gateway.mint("network:read", subject="narrow")
        method, path, body, headers = modern("tools/list", 1)
        for order, token in (
                ((method, path, "{", headers), True), ((method, path, "7", headers), True),
                ((method, path, f"[{body}]", headers), True),
                ((method, path, body, {**headers, "Mcp-Method": "x"}), True),
                ((method, path, body, {**headers, "Content-Type": "text/plain"}), True),
                ((method, path, body, {**headers, "Origin": "https://evil.example"}), True),
                ((method, path, body, headers), None),
                ((method, path, json.dumps(message("tools/list", 1)), headers), True),
                (modern("tools/list", 1, version="2000-01-01"), True), (modern("no/such", 2), True),
                (modern("initialize", 2), True), (modern("tools/list", 2, cursor="nothing"), True),
                (modern("tasks/get", "three", taskId="nothing"), True),
                (modern("subscriptions/listen", 4, notifications=7), True),
                (modern("tools/call", 5, name="get_system_status", arguments={"target": "local"}), narrow)):
            self.assertGreaterEqual(gateway.request(*order, token=token).status, 200)


if __name__ == "__main__":
    unittest.main()
