"""Every message of the gateway is valid against the published schema of the revision it was sent in.

The official clients ask all they can through tests/support/wire, in each of the four revisions; requests by hand
add what such clients do not send. test_schema_check.py shows that the check notices what is wrong;
test_stdio_schemas.py asks the same over a pipe.
"""
import contextlib
import json
import unittest

from everything import (COMMANDS, EXPECTED_LEGACY, EXPECTED_MODERN, FOLLOWED, GATEWAY, MODERN, POLICY, TARGETS, Asking,
                        Wire, modern)
from harness import local_gateway, until
from test_client_tasks import Pipe
from test_protocol import BOTH, Session, message, stream


class EveryMessage(Asking, unittest.TestCase):
    @contextlib.contextmanager
    def wired(self):
        """A gateway that all talk to through a wire; what the wire reports stands in self.wire at the end."""
        made = local_gateway(gateway=GATEWAY, policy=POLICY, targets=TARGETS)
        made.write("commands.yaml", COMMANDS)
        with made as gateway, Wire(gateway.url) as self.wire:
            gateway.url = self.wire.url
            yield gateway

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
            self.hear_changes(gateway.pid, client)
            self.ask_everything(client)
            self.hear_log(client)
            client.ask("ping")
            client.ask("unsubscribeResource", {"uri": FOLLOWED})
            session = Session(gateway, revision)
            session.headers["MCP-Protocol-Version"] = revision
            self.hear_progress(gateway, lambda arguments: ("POST", None, json.dumps(message(
                "tools/call", 2, name="execute_command", arguments=arguments, _meta={"progressToken": "p"})),
                session.headers))
            self.refused_by_hand(gateway, session)
            client.close()
        self.check(self.wire.report, revision, EXPECTED_LEGACY)

    def test_is_valid_in_2026_07_28(self):
        with self.wired() as gateway:
            client = self.driver.connect("v2-modern", gateway)
            wanted = {"toolsListChanged": True, "promptsListChanged": True, "resourcesListChanged": True,
                      "resourceSubscriptions": [FOLLOWED]}
            self.assertEqual(client.order("listen", filter=wanted).value(), wanted)
            self.hear_changes(gateway.pid, client)
            self.ask_everything(client)
            self.hear_progress(gateway, lambda arguments: modern(
                "tools/call", 2, progress="p", name="execute_command", arguments=arguments))
            method, _, body, headers = modern("tools/call", 3, log="debug", name="whoami", arguments={})
            with stream(gateway, method, body, headers) as following:
                self.assertEqual(following()["params"]["data"]["tool"], "whoami")
                until(lambda: "result" in following(), what="the result")
            self.run_tasks(gateway)
            self.refused_modern(gateway)
            ended = client.order("ended")
            gateway.stop()
            self.assertEqual(ended.value(), "graceful")
            client.close()
        self.check(self.wire.report, MODERN, EXPECTED_MODERN)

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
