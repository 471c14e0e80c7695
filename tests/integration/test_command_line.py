"""The subcommands of the binary as a person types them: what they refuse, and what they say then."""
import unittest

from harness import GATEWAY_TOKEN, Gateway

TARGETS = """version: "1.0"
targets:
  web-01: {type: local, capabilities: ["system:read", "file:read"], constraints: {allowed_paths: [/var/log]}}
  docker-01: {type: docker, connection: {socket_path: /nonexistent/docker.sock},
              capabilities: ["container:read", "container:write"]}
"""

POLICY = """version: 1
roles:
  operator: {members: {subjects: [bob]}, scopes: [admin]}
rules:
  - {id: all, effect: allow, tier: control}
  - {id: no-stop, effect: deny, tools: [manage_container], parameters: {action: {equals: stop}}}
  - {id: no-logs, effect: deny, tools: [execute_command], parameters: {parameters.path: {path_under: /var/log}}}
"""


def files(**more):
    return {"gateway.yaml": GATEWAY_TOKEN, "targets.yaml": TARGETS, "policy.yaml": POLICY, **more}


class Explain(unittest.TestCase):
    def setUp(self):
        self.gateway = Gateway(files=files())

    def explain(self, *words):
        return self.gateway.command("policy", "explain", "--config", self.gateway.config, "--as", "bob", *words)

    def assert_refused(self, words, text):
        told = self.explain(*words)
        self.assertEqual((told.returncode, told.stdout), (2, ""), told.stderr)
        self.assertIn(text, told.stderr)

    def test_takes_arguments_as_a_call_does(self):
        manage = ["--tool", "manage_container", "--target", "docker-01", "--param"]
        for action, answer in (("restart", "allow: decided by rule all"), ("stop", "deny: decided by rule no-stop")):
            told = self.explain(*manage, f"action={action}", "--param", "name_or_id=web")
            self.assertEqual((told.returncode, told.stderr), (0, ""))
            self.assertTrue(told.stdout.startswith(answer), told.stdout)
        self.assert_refused([*manage, "noequals"], '"noequals" is not key=value')
        self.assert_refused([*manage, "actoin=stop"], 'unknown parameter "actoin"; did you mean "action"?')
        self.assert_refused([*manage, "action=stpo"], 'did you mean "stop"?')

    def test_says_when_arguments_are_missing(self):
        told = self.explain("--tool", "manage_container", "--target", "docker-01", "--param", "action=restart")
        self.assertEqual(told.returncode, 0)
        self.assertIn('note: "name_or_id" is missing', told.stderr)

    def test_takes_the_parameters_of_a_command(self):
        command = ["--tool", "execute_command", "--target", "web-01", "--param", "command_name=disk_usage_path",
                   "--param"]
        for path, answer in (("/srv", "allow: decided by rule all"), ("/var/log", "deny: decided by rule no-logs")):
            told = self.explain(*command, f"parameters.path={path}")
            self.assertEqual((told.returncode, told.stderr), (0, ""))
            self.assertTrue(told.stdout.startswith(answer), told.stdout)
        self.assert_refused([*command, "path=/srv"], "is written parameters.NAME=value")
        self.assert_refused([*command, "parameters.pth=/srv"], 'did you mean "path"?')
        self.assert_refused([*command, "parameters.path=srv"], "must be an absolute path")

    def test_suggests_names_of_tools_and_targets(self):
        self.assert_refused(["--tool", "manage_containr", "--target", "docker-01"], 'did you mean "manage_container"?')
        self.assert_refused(["--tool", "manage_container", "--target", "docker-1"], 'did you mean "docker-01"?')
        self.assert_refused(["--tool", "manage_container"], "name one with --target")
        self.assert_refused(["--tool", "whoami", "--target", "web-02"], 'did you mean "web-01"?')
        self.assertEqual(self.explain("--tool", "whoami", "--target", "gateway").returncode, 0)

    def test_says_what_never_comes_before_the_policy(self):
        read = ["--tool", "file_operations", "--target", "web-01", "--param", "action=read", "--param"]
        self.assertEqual(self.explain(*read, "path=/var/log/syslog").returncode, 0)
        self.assert_refused([*read, "path=/etc/shadow"], "refused before the policy is asked")


class Settings(unittest.TestCase):
    def test_of_the_environment_are_blamed_on_it(self):
        for name, value, text in (("TAILOPS_LOG_FORMAT", "xml", '"xml"; use text or json'),
                                  ("TAILOPS_BASE_URL", "gateway", "base_url: "),
                                  ("TAILOPS_BASE_URL", "https://g.example/mcp", "is the URL without")):
            gateway = Gateway(files=files(), environment={name: value})
            told = gateway.command("check", "--config", gateway.config)
            self.assertEqual(told.returncode, 2)
            self.assertTrue(told.stderr.startswith(f"{name}: "), told.stderr)
            self.assertIn(text, told.stderr)

    def test_without_the_key_of_the_trail_are_named_with_the_remedy(self):
        gateway = Gateway(files=files(**{"gateway.yaml": GATEWAY_TOKEN + "audit: {key: file:/nonexistent/key}\n"}))
        told = gateway.command("serve", "--config", gateway.config)
        self.assertEqual(told.returncode, 1)
        self.assertIn("audit.key: the credential", told.stderr)
        self.assertIn("openssl rand -hex 32", told.stderr)


if __name__ == "__main__":
    unittest.main()
