"""The official TypeScript clients, both generations, do real work on a local, an SSH and a Docker target."""
import unittest

from harness import local_gateway
from machines import DockerEngine, SshServer
from official import Driver

CALLS = [{"name": "get_system_status", "arguments": {"target": "local"}},
         {"name": "get_system_status", "arguments": {"target": "web-01"}},
         {"name": "get_container_list", "arguments": {"target": "docker-01"}},
         {"name": "get_system_status", "arguments": {"target": "nowhere"}}]


class OfficialClients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server, cls.engine = SshServer().__enter__(), DockerEngine().__enter__()
        cls.engine.run("web", "sleep", "3600")
        targets = ('version: "1.0"\ntargets:\n  local:\n    type: local\n    capabilities: ["system:read"]\n' +
                   cls.server.target("web-01") + cls.engine.target("docker-01"))
        cls.gateway = local_gateway(targets=targets).start()
        cls.driver = Driver().__enter__()
        cls.gateway.command("targets", "trust", "web-01", "--yes", "--config", cls.gateway.config, check=True)

    @classmethod
    def tearDownClass(cls):
        cls.driver.__exit__()
        cls.gateway.__exit__()
        cls.engine.__exit__()
        cls.server.__exit__()

    def check(self, kind, version):
        client = self.driver.connect(kind, self.gateway)
        self.addCleanup(client.close)
        self.assertEqual(client.version, version)
        tools = [tool["name"] for tool in client.ask("listTools")["tools"]]
        for name in ("get_system_status", "get_container_list", "execute_command", "whoami"):
            self.assertIn(name, tools)
        local, ssh, docker, nowhere = [client.ask("callTool", call) for call in CALLS]
        for result in (local, ssh):
            self.assertFalse(result.get("isError", False), result)
            self.assertGreater(result["structuredContent"]["memory_usage"]["total"], 0)
        self.assertEqual([each["name"] for each in docker["structuredContent"]["containers"]], ["web"])
        self.assertTrue(nowhere["isError"])

    def test_sdk_v1(self):
        self.check("v1", "2025-11-25")

    def test_sdk_v2_legacy(self):
        self.check("v2-legacy", "2025-11-25")

    def test_sdk_v2_finds_the_modern_era_by_itself(self):
        self.check("v2-auto", "2026-07-28")

    def test_sdk_v2_modern(self):
        self.check("v2-modern", "2026-07-28")


if __name__ == "__main__":
    unittest.main()
