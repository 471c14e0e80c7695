"""Accounts with every kind of login shell: no argument of any tool is run there, and none is changed."""
import fcntl
import os
import subprocess
import unittest

from harness import GATEWAY_TOKEN, local_gateway, text_of
from machines import SshServer

SHELLS = {"t-sh": "/bin/sh", "t-bash": "/bin/bash", "t-zsh": "/bin/zsh", "t-ksh": "/bin/ksh",
          "t-fish": "/usr/bin/fish", "t-tcsh": "/bin/tcsh"}
# CANARY stands for a program that leaves a trace.
PAYLOADS = ["a\\'(CANARY) #", "a;CANARY;echo '", "`CANARY`", "a'`CANARY`'", "$(CANARY)", "\";CANARY;\"", "';CANARY;'",
            "a|CANARY", "a&CANARY&", "!!;CANARY", "\\';CANARY;'", "{CANARY,}", "(CANARY)", "grü'`CANARY`", "<(CANARY)"]
COMMANDS = """commands:
  - name: say
    description: "Print some words"
    command_template: printf '%s' {words}
    parameters: {words: {type: text, max_length: 500}}
  - name: pipe
    description: "Print some words through a pipe"
    command_template: printf '%s' {words} | cat
    parameters: {words: {type: text, max_length: 500}}
"""


class ShellAccounts(SshServer):
    """An sshd whose accounts exist in its own mount namespace only."""

    def openssh(self):
        command = super().openssh()
        # A copy, because whoever adds a user to the machine renames files over /etc/passwd, which takes away
        # what is mounted there.
        etc = self.directory / "etc"
        # Under the lock that useradd and userdel take: files of theirs that vanish meanwhile would fail the copy.
        with open("/etc/.pwd.lock", "a") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            subprocess.run(["cp", "-a", "/etc", etc], check=True)
        passwd, shadow = ((etc / name).read_text() for name in ("passwd", "shadow"))
        for i, (name, shell) in enumerate(SHELLS.items()):
            home, uid = self.home(name), 24200 + i
            home.mkdir()
            os.chown(home, uid, uid)
            passwd += f"{name}:x:{uid}:{uid}::{home}:{shell}\n"
            shadow += f"{name}:*:19000:0:99999:7:::\n"
        (etc / "passwd").write_text(passwd)
        (etc / "shadow").write_text(shadow)
        return ["unshare", "-m", "--propagation", "private", "sh", "-ec", "mount --bind \"$0\" /etc; exec \"$@\"",
                str(etc), *command]

    def home(self, account):
        return self.directory / ("home-" + account)


@unittest.skipUnless(os.geteuid() == 0, "needs root: a server with accounts of its own")
class LoginShells(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = cls.enterClassContext(ShellAccounts())
        targets = 'version: "1.0"\ntargets:\n'
        for account in SHELLS:
            cls.machine.user = account
            targets += cls.machine.target(account, more="    constraints: {timeout: 30, allowed_paths: [/]}\n",
                                          capabilities='["system:read", "network:read", "network:diag", "file:read"]')
        cls.gateway = local_gateway(targets=targets, gateway=GATEWAY_TOKEN +
                                    "commands: commands.yaml\nmcp: {calls_per_minute: 0}\n")
        cls.gateway.write("commands.yaml", COMMANDS)
        cls.enterClassContext(cls.gateway)
        for account in SHELLS:
            cls.gateway.command("targets", "trust", account, "--yes", "--config", cls.gateway.config, check=True)

    def payloads(self, account):
        canary = self.machine.home(account) / "canary"
        return canary, [text.replace("CANARY", f"touch {canary}") for text in PAYLOADS]

    def test_run_no_part_of_any_argument_of_any_tool(self):
        tools = self.gateway.rpc("tools/list").result["tools"]
        asked = 0
        for account in SHELLS:
            canary, payloads = self.payloads(account)
            for tool in tools:
                properties = tool["inputSchema"].get("properties", {})
                if "target" not in properties or tool["name"] == "execute_command":
                    continue
                texts = [name for name, schema in properties.items()
                         if schema.get("type") == "string" and "enum" not in schema and name != "target"]
                for action in properties.get("action", {}).get("enum", [None]):
                    given = {"target": account} | ({"action": action} if action else {})
                    for name in texts:
                        for payload in payloads:
                            arguments = given | {each: "/var/log" for each in texts if each != name}
                            # A path must be absolute to get beyond the gateway.
                            arguments[name] = "/var/log/" + payload if name == "path" else payload
                            answer = self.gateway.rpc("tools/call", {"name": tool["name"], "arguments": arguments})
                            self.assertLess(answer.status, 500, answer.body)
                            self.assertNotIn(b"too many calls", answer.body)
                            asked += 1
            self.assertFalse(canary.exists(), account)
        self.assertGreater(asked, len(SHELLS) * len(PAYLOADS) * 5)

    def test_hand_over_every_value_of_a_command_unchanged(self):
        for account in SHELLS:
            canary, payloads = self.payloads(account)
            for command in ("say", "pipe"):
                for payload in payloads:
                    with self.subTest(account=account, command=command, payload=payload):
                        result = self.gateway.call("execute_command", {
                            "target": account, "command_name": command, "parameters": {"words": payload}})
                        self.assertFalse(result.get("isError", False), text_of(result))
                        self.assertEqual(result["structuredContent"]["output"], payload)
            self.assertFalse(canary.exists(), account)

    def test_read_a_file_whatever_its_name(self):
        for account in SHELLS:
            for name in ("it's", "a\\'b", "a!b", "a$b", "grün", "a`b", "{a,b}", "a\nb"):
                with self.subTest(account=account, name=name):
                    file = self.machine.home(account) / name
                    file.write_text("what it holds\n")
                    file.chmod(0o644)
                    result = self.gateway.call("file_operations", {"target": account, "action": "read",
                                                                   "path": str(file)})
                    if "\n" in name:  # the gateway takes no such path
                        self.assertTrue(result["isError"])
                    else:
                        self.assertIn("what it holds", text_of(result))


if __name__ == "__main__":
    unittest.main()
