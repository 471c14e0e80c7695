"""What file_operations does not open, through the daemon and its real targets."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import GATEWAY_TOKEN, POLICY_ALL, local_gateway, text_of

TARGETS = """version: "1.0"
targets:
  local:
    type: local
    capabilities: ["system:read", "file:read"]
    constraints: {allowed_paths: %s}
"""
LOW = """version: 1
rules:
  - {id: low-files, effect: allow, tools: [file_operations], parameters: {path: {path_under: ["%s/pub"]}}}
"""


class Places(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp()).resolve()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def gateway(self, *roots, policy=POLICY_ALL, gateway=GATEWAY_TOKEN):
        made = local_gateway(policy=policy, gateway=gateway,
                             targets=TARGETS % ("[" + ", ".join(f'"{root}"' for root in roots) + "]"))
        self.addCleanup(made.__exit__)
        return made.start()

    @staticmethod
    def ask(gateway, path, action="read", **more):
        return gateway.call("file_operations", {"target": "local", "action": action, "path": str(path), **more})

    def test_a_link_does_not_lead_around_a_rule(self):
        for name in ("pub", "priv"):
            (self.folder / name).mkdir()
        (self.folder / "priv/plan").write_text("PRIVATE")
        (self.folder / "pub/plain").write_text("PLAIN")
        (self.folder / "pub/lnk").symlink_to(self.folder / "priv/plan")
        gateway = self.gateway(self.folder, policy=LOW % self.folder)
        self.assertEqual(self.ask(gateway, self.folder / "pub/plain")["structuredContent"]["content"], "PLAIN")
        refused = self.ask(gateway, self.folder / "pub/lnk")
        self.assertTrue(refused["isError"])
        self.assertNotIn("PRIVATE", text_of(refused))
        gateway.stop()  # what observes is written with what comes next
        trail = (gateway.state_dir / "audit").glob("*.jsonl")
        text = "".join(file.read_text() for file in trail)
        self.assertIn(f"opened {self.folder}/priv/plan", text)
        self.assertIn(f"{self.folder}/pub/lnk", text)

    def test_nothing_opens_the_state_of_the_gateway(self):
        gateway = self.gateway("/", self.folder)
        for path in ("audit/audit.key", "tailops.db", "audit"):
            for action in ("read", "list", "info"):
                refused = self.ask(gateway, gateway.state_dir / path, action)
                self.assertTrue(refused["isError"], (action, path))
                self.assertIn("belongs to the gateway itself", text_of(refused))
        (self.folder / "link").symlink_to(gateway.state_dir)
        self.assertTrue(self.ask(gateway, self.folder / "link/audit/audit.key")["isError"])

    def test_nor_where_it_is_mounted_a_second_time(self):
        if os.geteuid() != 0:
            self.skipTest("mounting is root's")
        gateway = self.gateway(self.folder)
        place = self.folder / "mounted"
        place.mkdir()
        if subprocess.run(["mount", "--bind", gateway.state_dir, place], capture_output=True).returncode != 0:
            self.skipTest("this machine does not let us mount")
        self.addCleanup(subprocess.run, ["umount", place], check=True)
        for path in ("audit/audit.jsonl", "tailops.db"):
            self.assertIn("belongs to the gateway itself", text_of(self.ask(gateway, place / path)), path)
        self.assertTrue(self.ask(gateway, place / "audit/audit.key")["isError"])

    @unittest.skipUnless(os.geteuid() == 0, "about a gateway that is root")
    def test_what_is_named_is_open_to_root_and_nothing_beside_it(self):
        self.folder.chmod(0o755)
        for name, mode in (("closed", 0o700), ("open", 0o755)):
            (self.folder / name).mkdir()
            (self.folder / name).chmod(mode)
            (self.folder / name / "file").write_text("made up")
            (self.folder / name / "file").chmod(0o600)
        (self.folder / "closed/link").symlink_to(self.folder / "open/file")
        gateway = self.gateway(self.folder / "closed", self.folder / "open", "/etc/shadow", "/etc/ssh")
        self.assertEqual(self.ask(gateway, self.folder / "closed/file")["structuredContent"]["content"], "made up")
        self.assertIn("may not read", text_of(self.ask(gateway, self.folder / "open/file")))
        self.assertTrue(self.ask(gateway, self.folder / "closed/link")["isError"])
        shadow = self.ask(gateway, "/etc/shadow", lines=1)
        self.assertFalse(shadow.get("isError", False), text_of(shadow))

    def test_a_secret_of_ours_is_shown_to_nobody_even_after_it_was_replaced(self):
        secret = self.folder / "secret"
        secret.write_text("0123456789-abcdef-0123456789-abcdef")
        secret.chmod(0o600)
        (self.folder / "notes").write_text("the secret is 0123456789-abcdef-0123456789-abcdef\n")
        gateway = self.gateway(self.folder, gateway=GATEWAY_TOKEN.replace(
            "{mode: token}", f'{{mode: token, hmac_shared_secret: "file:{secret}"}}'))
        shown = self.ask(gateway, self.folder / "notes")["structuredContent"]
        self.assertNotIn("abcdef", shown["content"])
        self.assertIn("secret of the gateway", shown["redacted"])
        self.assertTrue(self.ask(gateway, secret)["isError"])

    def test_a_secret_in_a_file_of_everybodys_refuses_to_start_and_check_says_so(self):
        secret = self.folder / "secret"
        secret.write_text("0123456789-abcdef-0123456789-abcdef")
        secret.chmod(0o666)
        gateway = local_gateway(gateway=GATEWAY_TOKEN.replace(
            "{mode: token}", f'{{mode: token, hmac_shared_secret: "file:{secret}"}}'))
        self.addCleanup(gateway.__exit__)
        with self.assertRaises(AssertionError) as refused:
            gateway.start()
        self.assertIn("set its file's mode to 0600", str(refused.exception))
        checked = gateway.command("check", "--config", str(gateway.directory / "gateway.yaml"))
        self.assertNotEqual(checked.returncode, 0)
        self.assertIn("set its file's mode to 0600", checked.stderr)


if __name__ == "__main__":
    unittest.main()
