"""The official TypeScript clients, both generations, do real work on a local, an SSH and a Docker target."""
import json
import subprocess
import unittest

from harness import ROOT, local_gateway
from machines import DockerEngine, SshServer

NODE = ROOT / "tests/integration/node_modules/.bin/node"
CLIENT = ROOT / "tests/integration/clients/client.mjs"

CALLS = [{"name": "get_system_status", "arguments": {"target": "local"}},
         {"name": "get_system_status", "arguments": {"target": "web-01"}},
         {"name": "get_container_list", "arguments": {"target": "docker-01"}},
         {"name": "get_system_status", "arguments": {"target": "nowhere"}}]


def drive(kind, gateway, calls=CALLS):
    order = json.dumps({"url": gateway.url, "token": gateway.token, "calls": calls})
    done = subprocess.run([str(NODE), str(CLIENT), kind, order], capture_output=True, text=True, timeout=120,
                          cwd=CLIENT.parent)
    if done.returncode != 0:
        raise AssertionError(f"{kind}: {done.stderr}\n{gateway.logged()}")
    return json.loads(done.stdout)


class OfficialClients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server, cls.engine = SshServer().__enter__(), DockerEngine().__enter__()
        cls.engine.run("web", "sleep", "3600")
        targets = ('version: "1.0"\ntargets:\n  local:\n    type: local\n    capabilities: ["system:read"]\n' +
                   cls.server.target("web-01") + cls.engine.target("docker-01"))
        cls.gateway = local_gateway(targets=targets).start()
        cls.gateway.command("targets", "trust", "web-01", "--yes", "--config", cls.gateway.config, check=True)

    @classmethod
    def tearDownClass(cls):
        cls.gateway.__exit__()
        cls.engine.__exit__()
        cls.server.__exit__()

    def check(self, kind, version):
        seen = drive(kind, self.gateway)
        self.assertEqual(seen["version"], version)
        for name in ("get_system_status", "get_container_list", "execute_command", "whoami"):
            self.assertIn(name, seen["tools"])
        local, ssh, docker, nowhere = seen["results"]
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
