"""The MCP Inspector's command line against the gateway, with a gateway token in the header."""
import json
import os
import subprocess
import tempfile
import unittest

from harness import ROOT, local_gateway

MODULES = ROOT / "tests/integration/node_modules"
INSPECTOR = MODULES / "@modelcontextprotocol/inspector/clients/launcher/build/index.js"


class Inspector(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = local_gateway().start()
        cls.home = tempfile.TemporaryDirectory(prefix="tailops-inspector-")

    @classmethod
    def tearDownClass(cls):
        cls.gateway.__exit__()
        cls.home.cleanup()

    def run_it(self, method, *words, era="legacy", token=None):
        """The outcome of one method: what it printed stands in stdout, in JSON, or in stderr."""
        return subprocess.run(
            [str(MODULES / ".bin/node"), str(INSPECTOR), "--cli", "--server-url", self.gateway.url, "--transport",
             "http", "--protocol-era", era, "--format", "json", "--quiet",
             "--header", f"Authorization: Bearer {token or self.gateway.token}", "--method", method, *words],
            capture_output=True, text=True, timeout=60, env={**os.environ, "HOME": self.home.name})

    def seen(self, method, *words, **more):
        done = self.run_it(method, *words, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        printed = json.loads(done.stdout)
        return printed.get("result", printed)

    def check(self, era):
        tools = {tool["name"] for tool in self.seen("tools/list", era=era)["tools"]}
        self.assertLessEqual({"get_system_status", "list_targets", "whoami"}, tools)
        result = self.seen("tools/call", "--tool-name", "get_system_status", "--tool-arg", "target=local", era=era)
        self.assertFalse(result.get("isError", False), result)
        self.assertGreater(result["structuredContent"]["memory_usage"]["total"], 0)
        uris = {each["uri"] for each in self.seen("resources/list", era=era)["resources"]}
        self.assertLessEqual({"tailops://me", "tailops://targets/local"}, uris)
        prompts = {each["name"] for each in self.seen("prompts/list", era=era)["prompts"]}
        self.assertIn("troubleshoot_container", prompts)

    def test_legacy_era(self):
        self.check("legacy")

    def test_modern_era(self):
        self.check("modern")

    def test_is_refused_with_a_wrong_token(self):
        refused = self.run_it("tools/list", token="tailops_" + "A" * 43)
        self.assertNotEqual(refused.returncode, 0)
        # On a 401 it would log in by OAuth, which it does not do without a terminal.
        self.assertEqual(json.loads(refused.stderr)["error"]["code"], "auth_required")

    def test_a_call_that_is_refused_fails(self):
        refused = self.run_it("tools/call", "--tool-name", "get_system_status", "--tool-arg", "target=nowhere")
        self.assertNotEqual(refused.returncode, 0)


if __name__ == "__main__":
    unittest.main()
