"""`mcp.tool_exposure: compact` with the official clients: few tools are shown, the policy decides about the one that is
meant."""
import unittest

from harness import GATEWAY_TOKEN, LOCAL_TARGET, POLICY_ALL, local_gateway, text_of
from official import KINDS, Driver

GATEWAY = GATEWAY_TOKEN + "mcp: {tool_exposure: compact}\n"

TARGETS = LOCAL_TARGET + """  vault:
    type: local
    capabilities: ["system:read", "network:read"]
"""

POLICY = POLICY_ALL + """  - id: sealed
    effect: deny
    tools: [get_network_status]
    targets: {ids: [vault]}
"""


class CompactExposure(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = local_gateway(gateway=GATEWAY, policy=POLICY, targets=TARGETS).start()
        cls.driver = Driver().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.driver.__exit__()
        cls.gateway.__exit__()

    def connect(self, kind):
        client = self.driver.connect(kind, self.gateway)
        self.addCleanup(client.close)
        return client

    def test_shows_a_handful_of_tools_and_finds_the_rest(self):
        for kind in KINDS:
            with self.subTest(kind):
                client = self.connect(kind)
                names = [tool["name"] for tool in client.ask("listTools")["tools"]]
                self.assertEqual(names, ["call_tool", "describe_tool", "execute_command", "get_system_status",
                                         "health_check", "list_targets", "search_tools", "whoami"])
                found = client.call("search_tools", query="top processes")["structuredContent"]["tools"]
                self.assertEqual(found[0]["name"], "get_top_processes")
                described = client.call("describe_tool", name="get_top_processes")["structuredContent"]
                self.assertIn("target", described["inputSchema"]["required"])

    def test_calls_what_it_found_and_the_policy_sees_that(self):
        for kind in KINDS:
            with self.subTest(kind):
                client = self.connect(kind)
                meant = {"name": "get_top_processes", "arguments": {"target": "local"}}
                result = client.call("call_tool", **meant)
                self.assertFalse(result.get("isError", False), text_of(result))
                self.assertIn("processes", result["structuredContent"])
                denied = client.call("call_tool", name="get_network_status", arguments={"target": "vault"})
                self.assertTrue(denied["isError"])
                self.assertIn("sealed", text_of(denied))
                nothing = client.call("call_tool", name="call_tool", arguments=meant)
                self.assertTrue(nothing["isError"])

    def test_records_the_tool_that_was_meant(self):
        for kind in KINDS:
            with self.subTest(kind):
                client = self.connect(kind)
                client.call("call_tool", name="get_top_processes", arguments={"target": "local"})
                contents, = client.ask("readResource", {"uri": "tailops://audit"})["contents"]
                self.assertIn("get_top_processes", contents["text"])
                self.assertNotIn("call_tool", contents["text"])


if __name__ == "__main__":
    unittest.main()
