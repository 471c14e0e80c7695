"""A gateway and questions to it that have it say every kind of message, for the tests that hold them to the schemas."""
import json
import os
import signal
import sys

from harness import LOCAL_TARGET, POLICY_ALL, ROOT
from official import Driver
from test_client_tasks import GATEWAY as WITH_TASKS
from test_protocol import BOTH, message

WIRE = ROOT / "tests/support/wire"
sys.path.insert(0, str(WIRE))

from wire import NODE, Wire, check_record, tapped, told  # noqa: E402  (needs the path above)

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
        "notification notifications/message",
        "error -32600", "error -32601", "error -32602", "error -32700"]
EXPECTED_LEGACY = EXPECTED + ["result initialize", "result ping", "result logging/setLevel", "result resources/subscribe",
                              "result resources/unsubscribe", "error -32002"]
EXPECTED_MODERN = EXPECTED + [
    "result server/discover", "result subscriptions/listen", "result tools/call (task)", "result tasks/get",
    "result tasks/cancel", "notification notifications/subscriptions/acknowledged", "notification notifications/tasks",
    "error -32020", "error -32021", "error -32022", "error 403"]


def modern(method, number, version=MODERN, tasks=False, progress=None, log=None, **params):
    """A request of 2026-07-28 as the arguments of Gateway.request.

    `tasks`: whether its client takes tasks. `progress`: the token under which it wants to hear of progress. `log`: the
    level of the log messages it wants.
    """
    extensions = {"extensions": {"io.modelcontextprotocol/tasks": {}}} if tasks else {}
    params["_meta"] = {"io.modelcontextprotocol/protocolVersion": version,
                       "io.modelcontextprotocol/clientInfo": {"name": "by-hand", "version": "1"},
                       "io.modelcontextprotocol/clientCapabilities": extensions,
                       **({"progressToken": progress} if progress else {}),
                       **({"io.modelcontextprotocol/logLevel": log} if log else {})}
    headers = {**BOTH, "MCP-Protocol-Version": version, "Mcp-Method": method}
    for name in ("name", "uri", "taskId"):
        if name in params:
            headers["Mcp-Name"] = params[name]
    if "target" in params.get("arguments", {}):
        headers["Mcp-Param-Target"] = params["arguments"]["target"]
    return "POST", None, json.dumps(message(method, number, **params)), headers


class Asking:
    """For a TestCase: what an official client asks in each revision, whatever it speaks over."""

    @classmethod
    def setUpClass(cls):
        cls.driver = Driver().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.driver.__exit__()

    def check(self, report, revision, expected):
        seen = report["counts"].get(revision, {})
        self.assertEqual([told(one) for one in report["violations"]], [])
        self.assertEqual(report["valid"], report["messages"])
        self.assertEqual([kind for kind in expected if not seen.get(kind)], [], f"not seen among {sorted(seen)}")
        self.assertEqual(set(report["counts"]), {revision})

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

    def hear_changes(self, pid, client):
        """Has the state of a target change that the client follows, and all lists."""
        client.call("test_target", target="api-01")
        client.wait_for("notifications/resources/updated", uri=FOLLOWED)
        os.kill(pid, signal.SIGHUP)
        for kind in ("tools", "prompts", "resources"):
            client.wait_for(f"notifications/{kind}/list_changed")

    def hear_log(self, client):
        """What a legacy client hears of its calls once it listens for everything."""
        client.ask("setLoggingLevel", "debug")
        client.call("whoami")
        client.wait_for("notifications/message", level="debug", logger="tailops.call")
        client.ask("setLoggingLevel", "error")

    def legacy(self, revision, kind="v1"):
        """One sitting with a client of `kind`."""
        raise NotImplementedError

    def test_is_valid_in_2025_03_26(self):
        self.legacy("2025-03-26")

    def test_is_valid_in_2025_06_18(self):
        self.legacy("2025-06-18")

    def test_is_valid_in_2025_11_25(self):
        self.legacy("2025-11-25")

    def test_is_valid_in_2025_11_25_for_the_second_sdk(self):
        self.legacy("2025-11-25", "v2-legacy")
