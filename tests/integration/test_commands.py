"""Every command of the shipped catalogue, on a machine that systemd booted and that has a Docker engine."""
import shutil
import unittest

from harness import GATEWAY_TOKEN, local_gateway, text_of
from machines import BootedMachine, DockerEngine

VALUES = {"path": "/etc", "service_name": "ssh", "container_name": "speaker"}
# What each must say at least. Nobody may be logged in, and a machine without a network has no route.
SAYS = {
    "service_status": "active (running)",
    "failed_services": "loaded units listed",
    "active_services": "ssh.service",
    "service_logs": "Server listening on 127.0.0.1",
    "docker_ps": "speaker",
    "docker_ps_all": "bb:1",
    "docker_stats": "speaker",
    "docker_images": "bb",
    "docker_logs": "hello from the container",
    "docker_volumes": "keeper",
    "docker_networks": "bridge",
    "syslog_recent": "systemd",
    "auth_log": "Accepted publickey for root",
    "logged_in_users": "",
    "routing_table": "",
}


class ShippedCommands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = cls.enterClassContext(DockerEngine())
        cls.engine.run("speaker", "sh", "-c", "echo hello from the container; sleep 600")
        cls.engine.docker("volume", "create", "keeper")
        machine = cls.enterClassContext(BootedMachine(docker_socket=cls.engine.socket))
        targets = 'version: "1.0"\ntargets:\n' + machine.target(
            "booted", capabilities='["system:read", "network:read", "service:read", "container:read", "docker:read", '
                                   '"logs:read", "security:read"]', more="    constraints: {timeout: 60}\n")
        cls.gateway = cls.enterClassContext(local_gateway(targets=targets, gateway=GATEWAY_TOKEN))
        cls.gateway.command("targets", "trust", "booted", "--yes", "--config", cls.gateway.config, check=True)
        cls.commands = cls.gateway.call("list_commands")["structuredContent"]["commands"]

    def test_work_on_a_real_machine(self):
        self.assertEqual(len(self.commands), 39)
        self.assertLessEqual(set(SAYS), {command["name"] for command in self.commands})
        for command in self.commands:
            name = command["name"]
            with self.subTest(command=name):
                given = {key: VALUES[key] for key in command.get("parameters", {})}
                arguments = {"target": "booted", "command_name": name}
                result = self.gateway.call("execute_command", arguments | ({"parameters": given} if given else {}))
                if name == "last_logins" and not shutil.which("last"):
                    # Debian 13 has it no longer.
                    self.assertIn("not found", text_of(result))
                    continue
                self.assertFalse(result.get("isError", False), text_of(result))
                said = result["structuredContent"]["output"]
                self.assertIn(SAYS.get(name, ""), said)
                self.assertTrue(said or SAYS.get(name) == "", "it says nothing")

    def test_names_services_where_a_prompt_asks_for_one(self):
        def named(value, **context):
            answer = self.gateway.rpc("completion/complete", {
                "ref": {"type": "ref/prompt", "name": "health_check"},
                "argument": {"name": "service", "value": value}, "context": {"arguments": context}})
            return answer.result["completion"]["values"]
        self.assertEqual(named("ss", target="booted")[0], "ssh")
        self.assertIn("systemd-journald", named("journal", target="booted"))
        self.assertEqual(named("ss", target="elsewhere"), [])


if __name__ == "__main__":
    unittest.main()
