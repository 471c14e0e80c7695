"""The audit trail when things go wrong: kill -9 under load, a full disk, a changed byte."""
import contextlib
import json
import os
import pathlib
import pwd
import signal
import subprocess
import tempfile
import threading
import unittest

from harness import Gateway, local_gateway, until
from test_gate import gateway_with_commands, POLICY


class Crash(unittest.TestCase):
    def test_leaves_a_sound_trail_and_unknown_outcomes(self):
        with gateway_with_commands() as gateway:
            # A control call that is under way when the daemon dies.
            slow = gateway.directory / "commands.yaml"
            slow.write_text("""commands:
  - name: linger
    description: "Sleeps, and counts as a change"
    command_template: "sleep {seconds}"
    category: custom
    capability: "system:write"
    tier: control
    parameters: {seconds: {description: "How long", type: integer, min: 1, max: 60}}
""")
            gateway.process.send_signal(signal.SIGHUP)
            until(lambda: "linger" in json.dumps(gateway.call("list_commands")["structuredContent"]), what="reload")

            def load():
                with contextlib.suppress(Exception):
                    while True:
                        gateway.call("whoami", timeout=5)

            def linger():
                with contextlib.suppress(Exception):
                    gateway.call("execute_command", {"target": "local", "command_name": "linger",
                                                     "parameters": {"seconds": 30}}, timeout=60)
            threads = [threading.Thread(target=run) for run in (load, load, load, linger)]
            for thread in threads:
                thread.start()
            until(lambda: self.intents(gateway), what="the intent on the disk")
            gateway.stop(signal.SIGKILL)
            for thread in threads:
                thread.join()

            again = Gateway(state_dir=gateway.state_dir)
            for name in ("gateway.yaml", "targets.yaml", "policy.yaml", "commands.yaml"):
                (again.directory / name).write_text((gateway.directory / name).read_text())
            with again:
                told = gateway.command("audit", "query", "--outcome", "unknown", "--state-dir", str(gateway.state_dir))
                self.assertEqual(told.returncode, 0, told.stderr)
                unknown = [json.loads(line) for line in told.stdout.splitlines()]
                self.assertEqual([record["tool"] for record in unknown if record["tool"] == "execute_command"],
                                 ["execute_command"])
                self.assertIn("trail_recovered", again.logged())
            verified = gateway.command("audit", "verify", "--state-dir", str(gateway.state_dir))
            self.assertEqual(verified.returncode, 0, verified.stderr)

    @staticmethod
    def intents(gateway):
        return any("linger" in path.read_text(errors="replace") for path in gateway.state_dir.rglob("*.jsonl"))

    def test_finds_a_changed_byte(self):
        with local_gateway() as gateway:
            gateway.call("whoami")
            gateway.stop()
            trail = next(iter(gateway.state_dir.rglob("audit.jsonl")))
            data = bytearray(trail.read_bytes())
            at = data.index(b"whoami")
            data[at] ^= 1
            trail.write_bytes(bytes(data))
            verified = gateway.command("audit", "verify", "--state-dir", str(gateway.state_dir))
            self.assertEqual(verified.returncode, 1)
            self.assertIn("audit.jsonl:", verified.stderr)


    def test_holds_the_trail_to_a_head_that_was_noted_down(self):
        with local_gateway() as gateway:
            gateway.stop()
            verify = ("audit", "verify", "--state-dir", str(gateway.state_dir))
            _, head = gateway.command(*verify, check=True).stdout.rstrip().split("head ")
            number, mac = head.split()
            for anchor in (head, f"{number}:{mac}"):
                self.assertEqual(gateway.command(*verify, "--anchor", anchor).returncode, 0)
            other = gateway.command(*verify, "--anchor", f"{number}:{'0' * 64}")
            self.assertEqual(other.returncode, 1)
            self.assertIn("not there as it was noted", other.stderr)
            for wrong in (number, f"{number}:{mac[1:]}", f"x:{mac}", f"{number}:{mac.upper()[:-1]}X"):
                self.assertEqual(gateway.command(*verify, "--anchor", wrong).returncode, 2, wrong)

    def test_says_when_all_of_it_was_taken_away(self):
        for take_away in (lambda trail: trail.write_bytes(b""), lambda trail: trail.unlink()):
            with local_gateway() as gateway:
                events = ("audit", "query", "--state-dir", str(gateway.state_dir), "--limit", "1000")
                self.assertNotIn("is gone", gateway.command(*events, check=True).stdout)
                gateway.stop()
                trail = next(iter(gateway.state_dir.rglob("audit.jsonl")))
                take_away(trail)
                if trail.exists():
                    verified = gateway.command("audit", "verify", "--state-dir", str(gateway.state_dir))
                    self.assertIn("the trail holds no record", verified.stderr)
                gateway.start()
                gateway.stop()
                self.assertIn("a trail before this is gone", gateway.command(*events, check=True).stdout)


class TokenEvents(unittest.TestCase):
    """Minting and revoking happen in another process than the one that owns the trail."""

    @staticmethod
    def told(gateway, *filters):
        answer = gateway.command("audit", "query", "--state-dir", str(gateway.state_dir), *filters, check=True)
        records = [json.loads(line) for line in answer.stdout.splitlines()]
        return [record for record in records if "token" in record.get("why", "") and record["phase"] == "event"]

    @classmethod
    def about(cls, gateway, token):
        """What the trail tells of one token, oldest first."""
        told = [(record["seq"], record["why"]) for record in cls.told(gateway)
                if json.loads(record["parameters"])["token"] == token]
        return [why for _, why in sorted(told)]

    @staticmethod
    def newest_token(gateway):
        listed = gateway.command("token", "list", "--state-dir", str(gateway.state_dir), check=True)
        return listed.stdout.splitlines()[-1].split()[0]

    def test_are_recorded_while_the_daemon_runs(self):
        with local_gateway() as gateway:
            token = self.newest_token(gateway)
            gateway.command("token", "revoke", token, "--state-dir", str(gateway.state_dir), check=True)
            expected = ["a token was minted", "a token was revoked"]
            until(lambda: self.about(gateway, token) == expected, what="both records")
            user = pwd.getpwuid(os.getuid()).pw_name
            record = self.told(gateway, "--subject", user)[-1]
            self.assertEqual((record["subject"], record["client"], record["method"], record["target"]),
                             (f"local|{user}", "tailops token", "command_line", "gateway"))
            self.assertIn(f"uid {os.getuid()}", record["detail"])
            told = json.loads(record["parameters"])
            self.assertEqual((told["subject"], told["scopes"]), ("tester", ["admin"]))
            self.assertEqual(len(self.told(gateway, "--request", record["request"])), 1)

    def test_wait_for_the_next_start(self):
        with local_gateway() as gateway:
            gateway.stop()
            gateway.mint("admin", subject="late")
            token = self.newest_token(gateway)
            self.assertEqual(self.about(gateway, token), [])
            gateway.start()
            until(lambda: self.about(gateway, token) == ["a token was minted"], what="the record")
            gateway.stop(signal.SIGKILL)
            gateway.start()
            gateway.stop()
            self.assertEqual(self.about(gateway, token), ["a token was minted"])
            verified = gateway.command("audit", "verify", "--state-dir", str(gateway.state_dir))
            self.assertEqual(verified.returncode, 0, verified.stderr)

    def test_of_the_embedded_gateway_itself_are_recorded(self):
        with Gateway(embedded=True) as gateway:
            token = self.newest_token(gateway)
            until(lambda: self.about(gateway, token) == ["a token was minted"], what="the record")
            self.assertEqual(self.told(gateway)[0]["client"], "tailops serve --embedded")
            self.assertNotIn(gateway.token, json.dumps(self.told(gateway)))
            gateway.stop()
            gateway.start()
            until(lambda: self.about(gateway, token)[-1] == "a token was revoked", what="the record")


@unittest.skipUnless(os.geteuid() == 0, "a full disk needs a file system of its own")
class FullDisk(unittest.TestCase):
    def test_refuses_to_act_until_there_is_room_again(self):
        disk = pathlib.Path(tempfile.mkdtemp(prefix="tailops-disk-"))
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", disk], check=True)
        try:
            gateway = gateway_with_commands()
            for name in ("gateway.yaml",):
                path = gateway.directory / name
                path.write_text(path.read_text().replace(str(gateway.state_dir), str(disk)))
            gateway.state_dir = disk
            with gateway:
                marker = gateway.directory / "marker"

                def mark():
                    return gateway.call("execute_command", {"target": "local", "command_name": "make_marker",
                                                            "parameters": {"path": str(marker)}})
                self.assertFalse(mark().get("isError", False))
                marker.unlink()
                filler = disk / "filler"
                with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                    while True:
                        file.write(b"x" * 512)
                until(lambda: mark().get("isError") and not marker.exists() or marker.unlink(missing_ok=True),
                      what="the refusal")
                self.assertEqual(gateway.request("GET", "/readyz", token=None).status, 503)
                self.assertEqual(gateway.request("GET", "/healthz", token=None).status, 200)
                filler.unlink()
                until(lambda: not mark().get("isError", False), what="recovery")
                self.assertTrue(marker.exists())
                until(lambda: gateway.request("GET", "/readyz", token=None).status == 200, what="readiness")
                gateway.stop()
                verified = gateway.command("audit", "verify", "--state-dir", str(disk))
                self.assertEqual(verified.returncode, 0, verified.stderr)
        finally:
            subprocess.run(["umount", "-l", disk], check=True)
            disk.rmdir()


if __name__ == "__main__":
    unittest.main()
