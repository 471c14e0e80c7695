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
        cls.targets = 'version: "1.0"\ntargets:\n' + machine.target(
            "booted", capabilities='["system:read", "network:read", "service:read", "container:read", "docker:read", '
                                   '"logs:read", "security:read", "file:read"]', more="    constraints: {timeout: 60}\n")
        cls.gateway = cls.enterClassContext(local_gateway(targets=cls.targets, gateway=GATEWAY_TOKEN))
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

    def test_go_by_what_a_unit_or_container_is_whatever_it_is_called(self):
        policy = """version: 1
rules:
  - {id: all, effect: allow}
  - {id: no-ssh, effect: deny, tools: [execute_command],
     parameters: {command_name: {one_of: [service_status, service_logs]},
                  parameters.service_name: {equals: ssh}}}
  - {id: no-speaker, effect: deny, tools: [execute_command],
     parameters: {command_name: {equals: docker_logs}, parameters.container_name: {equals: speaker}}}
"""
        self.engine.run("singer", "sh", "-c", "echo la la; sleep 600")

        def id_of(name):
            return self.engine.docker("inspect", "-f", "{{.Id}}", name).stdout.strip()
        with local_gateway(targets=self.targets, gateway=GATEWAY_TOKEN, policy=policy) as gateway:
            gateway.command("targets", "trust", "booted", "--yes", "--config", gateway.config, check=True)

            def run(command, **parameters):
                return gateway.call("execute_command", {"target": "booted", "command_name": command,
                                                        "parameters": parameters})
            for command in ("service_status", "service_logs"):
                for word in ("ssh", "ssh.service", "sshd", "sshd.service"):
                    told = text_of(run(command, service_name=word))
                    self.assertIn("denied: decided by rule no-ssh", told, f"{command} {word}")
                allowed = run(command, service_name="systemd-journald")
                self.assertFalse(allowed.get("isError", False), text_of(allowed))
            for word in ("speaker", id_of("speaker")[:6], id_of("speaker")):
                self.assertIn("denied: decided by rule no-speaker", text_of(run("docker_logs", container_name=word)))
            sung = run("docker_logs", container_name=id_of("singer")[:6])
            self.assertIn("la la", text_of(sung))
            self.assertIn("no container", text_of(run("docker_logs", container_name="nobody")))

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
