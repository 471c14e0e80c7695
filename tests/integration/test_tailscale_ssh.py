"""Targets that know us without a key and signal nothing, as Tailscale SSH (tests/support/fake_tailscale_ssh.py)."""
import pathlib
import re
import unittest

from harness import GATEWAY_TOKEN, local_gateway, text_of, until
from machines import FakeTailscaleSsh

COMMANDS = """commands:
  - {name: nap, description: Sleep for long, command_template: sleep NUMBER}
  - {name: hello, description: Greet, command_template: echo hello}
"""


def sleepers(number):
    found = []
    for line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if re.fullmatch(rb"sleep\0" + number.encode() + rb"\0", line.read_bytes()):
                found.append(line)
        except OSError:
            pass
    return found


class TailscaleSsh(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = FakeTailscaleSsh().__enter__()
        cls.gateway = local_gateway(
            targets='version: "1.0"\ntargets:\n' + cls.server.target("box")
            + cls.server.target("brief", "    constraints: {timeout: 5}\n") + cls.server.target("shut", user="denyme"),
            gateway=GATEWAY_TOKEN + "commands: commands.yaml\n")
        cls.number = f"313.{cls.server.port}"  # seconds that nobody else sleeps for
        cls.gateway.write("commands.yaml", COMMANDS.replace("NUMBER", cls.number))
        cls.gateway.start()

    @classmethod
    def tearDownClass(cls):
        cls.gateway.__exit__()
        cls.server.__exit__()

    def run_there(self, target, command):
        return self.gateway.call("execute_command", {"target": target, "command_name": command})

    def test_lets_us_in_without_a_key(self):
        result = self.run_there("box", "hello")
        self.assertFalse(result.get("isError", False), text_of(result))
        self.assertIn("hello", text_of(result))

    def test_leaves_nothing_running_when_time_is_up(self):
        # Logs in, so that the time is the command's.
        until(lambda: not self.run_there("brief", "hello").get("isError", False), 60, "a login")
        result = self.run_there("brief", "nap")
        self.assertTrue(result["isError"])
        self.assertIn("did not finish in time; it was stopped", text_of(result))
        self.assertEqual(sleepers(self.number), [])

    def test_says_why_it_was_refused(self):
        result = self.run_there("shut", "hello")
        self.assertIn("unauthorized_there", text_of(result))
        self.assertIn("tailnet policy does not permit you to SSH", text_of(result))
        targets = self.gateway.call("list_targets")["structuredContent"]["targets"]
        state = next(target["state"] for target in targets if target["id"] == "shut")
        self.assertEqual(state["status"], "unauthorized")
        # And is not asked again at once.
        again = self.run_there("shut", "hello")
        self.assertIn("this is remembered", text_of(again))


if __name__ == "__main__":
    unittest.main()
