"""The audit trail when things go wrong: kill -9 under load, a full disk, a changed byte."""
import contextlib
import hashlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import sqlite3
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
                verified = gateway.command("audit", "verify", "--state-dir", str(gateway.state_dir))
                self.assertEqual(verified.returncode, 1)
                self.assertIn("alarm", verified.stderr)


class Rollback(unittest.TestCase):
    """An older copy of the database, or of the trail, beside the newer other."""

    @staticmethod
    def events(gateway, outcome):
        told = gateway.command("audit", "query", "--state-dir", str(gateway.state_dir), "--outcome", outcome, check=True)
        return [json.loads(line)["why"] for line in told.stdout.splitlines()]

    @staticmethod
    def verified(gateway, *words):
        return gateway.command("audit", "verify", "--state-dir", str(gateway.state_dir), *words)

    def test_of_the_database_revokes_again_and_does_no_key_twice(self):
        with gateway_with_commands() as gateway:
            files = [gateway.state_dir / name for name in ("tailops.db", "tailops.db-wal", "tailops.db-shm")]
            revoked = gateway.mint("admin", subject="eve")
            number = TokenEvents.newest_token(gateway)
            self.assertEqual(gateway.rpc("tools/list", token=revoked).status, 200)
            until(lambda: TokenEvents.about(gateway, number), what="the record")
            gateway.stop()
            before = {path: path.read_bytes() for path in files if path.exists()}
            token = gateway.token
            gateway.start()
            gateway.token = token  # the one of before the copy
            marker = gateway.directory / "marker"

            def mark(key):
                return gateway.call("execute_command", {"target": "local", "command_name": "make_marker",
                                                        "parameters": {"path": str(marker)}, "idempotency_key": key})
            self.assertFalse(mark("k-1").get("isError", False))
            marker.unlink()
            gateway.command("token", "revoke", number, "--state-dir", str(gateway.state_dir), check=True)
            until(lambda: TokenEvents.about(gateway, number)[-1] == "a token was revoked", what="the record")
            gateway.stop()
            for path in files:
                path.unlink(missing_ok=True)
            for path, data in before.items():
                path.write_bytes(data)
                path.chmod(0o600)
            gateway.start()
            gateway.token = token
            self.assertIn("database_rolled_back", gateway.logged())
            self.assertEqual(gateway.rpc("tools/list", token=revoked).status, 401)
            again = mark("k-1")
            self.assertTrue(again["isError"])
            self.assertIn("outcome is unknown", json.dumps(again))
            self.assertFalse(marker.exists())
            self.assertFalse(mark("k-2").get("isError", False))
            until(lambda: any("older copy" in why for why in self.events(gateway, "notice")), what="the notice")
            gateway.stop()
            verified = self.verified(gateway)
            self.assertEqual(verified.returncode, 0, verified.stderr)
            self.assertIn("older copy", verified.stderr)

    def test_of_the_trail_to_an_earlier_orderly_end_is_an_alarm(self):
        with local_gateway() as gateway:
            gateway.stop()
            trail = gateway.state_dir / "audit" / "audit.jsonl"
            bytes_before = len(trail.read_bytes())
            gateway.start()
            for _ in range(3):
                gateway.call("whoami")
            gateway.stop()
            os.truncate(trail, bytes_before)
            self.assertEqual(self.verified(gateway).returncode, 0)
            gateway.start()
            self.assertIn("trail_cut_off", gateway.logged())
            until(lambda: self.events(gateway, "alarm"), what="the alarm")
            gateway.stop()
            verified = self.verified(gateway)
            self.assertEqual(verified.returncode, 1)
            self.assertIn("alarm: record ", verified.stderr)
            number = verified.stderr.split("alarm: record ")[1].split()[0]
            known = self.verified(gateway, "--acknowledged", number)
            self.assertEqual(known.returncode, 0, known.stderr)

    def test_of_the_database_to_nothing_is_told(self):
        with local_gateway() as gateway:
            gateway.stop()
            for path in gateway.state_dir.glob("tailops.db*"):
                path.unlink()
            gateway.start()
            self.assertIn("database_rolled_back", gateway.logged())
            until(lambda: "it was emptied" in json.dumps(self.events(gateway, "notice")), what="the notice")

    def test_of_neither_is_nothing(self):
        with local_gateway() as gateway:
            for how in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
                gateway.call("whoami")
                gateway.stop(how)
                gateway.start()
            self.assertEqual(self.events(gateway, "alarm") + self.events(gateway, "notice"), [])
            for event in ("trail_cut_off", "database_rolled_back", "trail_lost", "trail_file_strange"):
                self.assertNotIn(event, gateway.logged())

    def test_of_a_file_that_was_damaged_is_named_with_a_remedy(self):
        with local_gateway() as gateway:
            gateway.stop()
            database = gateway.state_dir / "tailops.db"
            data = bytearray(database.read_bytes())
            data[100:2100] = b"x" * 2000
            database.write_bytes(bytes(data))
            refused = gateway.command("serve", "--config", gateway.config)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(str(database), refused.stderr)
            self.assertIn("backup", refused.stderr)


    def test_of_the_database_while_it_is_open_ends_belief_in_tokens(self):
        with local_gateway() as gateway:
            database = gateway.state_dir / "tailops.db"
            number = TokenEvents.newest_token(gateway)
            copy = gateway.state_dir / "copy"
            with contextlib.closing(sqlite3.connect(database)) as source, \
                    contextlib.closing(sqlite3.connect(copy)) as made:
                source.backup(made)
            owner = database.stat()
            os.chown(copy, owner.st_uid, owner.st_gid)
            copy.rename(database)
            for suffix in ("-wal", "-shm"):
                pathlib.Path(f"{database}{suffix}").unlink(missing_ok=True)
            until(lambda: gateway.rpc("tools/list").status == 503, what="the refusal")
            until(lambda: gateway.request("GET", "/readyz", token=None).status == 503, what="the reason")
            self.assertIn("the database was replaced", gateway.request("GET", "/readyz", token=None).body.decode())
            until(lambda: self.events(gateway, "alarm"), what="the alarm")
            self.assertIn("database was replaced", self.events(gateway, "alarm")[0])
            self.assertEqual(gateway.logged().count(" database_replaced: "), 1)
            state = ("--state-dir", str(gateway.state_dir))
            for words in (("token", "revoke", number, *state), ("token", "mint", "--subject", "ci", *state)):
                told = gateway.command(*words)
                self.assertEqual((told.returncode, told.stdout), (1, ""), words)
                self.assertIn("restart the gateway", told.stderr)
            gateway.stop()
            token = gateway.token
            gateway.start()
            self.assertEqual(gateway.rpc("tools/list", token=token).status, 401)
            self.assertEqual(gateway.rpc("tools/list").status, 200)


class Place(unittest.TestCase):
    def test_of_the_folder_is_watched_from_the_state_directory_on(self):
        with gateway_with_commands() as gateway:
            marker = gateway.directory / "marker"

            def mark():
                return gateway.call("execute_command", {"target": "local", "command_name": "make_marker",
                                                        "parameters": {"path": str(marker)}})
            audit, aside = gateway.state_dir / "audit", gateway.state_dir / "aside"
            self.assertFalse(mark().get("isError"))
            for make in (lambda: None, lambda: audit.mkdir(mode=0o700)):
                marker.unlink(missing_ok=True)
                audit.rename(aside)
                make()
                self.assertTrue(mark().get("isError"))
                self.assertFalse(marker.exists())
                self.assertEqual(gateway.request("GET", "/readyz", token=None).status, 503)
                self.assertIn("put it back", gateway.logged())
                if audit.exists():
                    audit.rmdir()
                aside.rename(audit)
                until(lambda: not mark().get("isError"), what="recovery")

    def test_is_not_waited_for_where_a_fifo_lies_in_it(self):
        with local_gateway() as gateway:
            audit = gateway.state_dir / "audit"
            os.mkfifo(audit / "audit-000000000001.jsonl", 0o600)
            answer = gateway.rpc("resources/read", {"uri": "tailops://audit"},
                                 headers={"Mcp-Name": "tailops://audit"}, timeout=20)
            self.assertIn("error", answer.json)
            self.assertEqual(gateway.stop(), 0)
            (audit / "audit-000000000001.jsonl").unlink()
            (audit / "audit.jsonl").rename(audit / "elsewhere")
            os.mkfifo(audit / "audit.jsonl", 0o600)
            for words in (("check",), ("audit", "verify"), ("audit", "query"), ("serve",)):
                told = gateway.command(*words, "--config", gateway.config)
                self.assertEqual(told.returncode, 1, words)
                self.assertIn("audit.jsonl: it is a FIFO, not a regular file", told.stderr)

    def test_without_its_key_is_refused_by_check_and_start_alike(self):
        with local_gateway() as gateway:
            gateway.stop()
            key = gateway.state_dir / "audit" / "audit.key"
            key.rename(gateway.directory / "audit.key")
            for words in (("check",), ("audit", "verify"), ("serve",)):
                told = gateway.command(*words, "--config", gateway.config)
                self.assertNotEqual(told.returncode, 0, words)
                self.assertIn(str(key), told.stderr)
                self.assertFalse(key.exists())
            (gateway.directory / "audit.key").rename(key)
            self.assertEqual(gateway.command("check", "--config", gateway.config).returncode, 0)

    def test_that_lacks_what_the_database_knows_is_told_by_check(self):
        for take_away, text in ((lambda audit: shutil.rmtree(audit), "its end was cut off"),
                                (lambda audit: (audit / "audit.jsonl").unlink(), "a trail before this is gone"),
                                (lambda audit: (audit / "audit.jsonl").write_bytes(
                                    b"".join((audit / "audit.jsonl").read_bytes().splitlines(True)[:2])),
                                 "its end was cut off")):
            with local_gateway() as gateway:
                gateway.call("whoami")
                gateway.stop()
                whole = gateway.command("check", "--config", gateway.config)
                self.assertEqual((whole.returncode, whole.stderr), (0, ""))
                take_away(gateway.state_dir / "audit")
                told = gateway.command("check", "--config", gateway.config)
                self.assertIn(text, told.stderr)
                gateway.start()
                self.assertIn("trail_cut_off", gateway.logged())


class Parameters(unittest.TestCase):
    def test_that_are_too_long_for_a_record_are_told_apart_by_their_hash(self):
        with local_gateway() as gateway:
            records = []
            for end in ("42", "43"):
                gateway.call("get_system_status", {"target": "local", "x": "v" * 5000 + end})
                records.append(until(lambda: self.newest(gateway, 1 + len(records)), what="the record"))
            self.assertEqual(records[0]["parameters"], records[1]["parameters"])
            for record, end in zip(records, ("42", "43")):
                whole = json.dumps({"target": "local", "x": "v" * 5000 + end}, separators=(",", ":"))
                self.assertEqual(record["parameters_sha256"], hashlib.sha256(whole.encode()).hexdigest())

    @staticmethod
    def newest(gateway, count):
        told = gateway.command("audit", "query", "--state-dir", str(gateway.state_dir), "--tool",
                               "get_system_status", check=True).stdout.splitlines()
        return json.loads(told[0]) if len(told) == count else None


class BrokenEnd(unittest.TestCase):
    def test_of_the_last_line_refuses_a_start_and_check_says_so(self):
        with local_gateway() as gateway:
            gateway.stop()
            trail = gateway.state_dir / "audit" / "audit.jsonl"
            whole = trail.read_bytes()
            at = whole.rindex(b',"mac":"')
            trail.write_bytes(whole[:at + 6] + b";" + whole[at + 7:])
            for words in (("serve", "--config", gateway.config), ("check", "--config", gateway.config)):
                refused = gateway.command(*words)
                self.assertEqual(refused.returncode, 1, words)
                self.assertIn("audit verify", refused.stderr)
            self.assertFalse((gateway.state_dir / "audit" / "audit.torn").exists())
            trail.write_bytes(whole)
            self.assertEqual(gateway.command("check", "--config", gateway.config).returncode, 0)
            gateway.start()

    def test_that_a_crash_leaves_is_told_by_check(self):
        with local_gateway() as gateway:
            gateway.call("whoami")
            gateway.stop(signal.SIGKILL)
            checked = gateway.command("check", "--config", gateway.config)
            self.assertEqual(checked.returncode, 0)
            self.assertIn("did not end in order", checked.stderr)
            gateway.start()


class UnderWay(unittest.TestCase):
    def test_a_change_is_answered_though_the_trail_fails_meanwhile(self):
        with gateway_with_commands() as gateway:
            script = gateway.directory / "wait_for_it"
            script.write_text("#!/bin/sh\n"
                              f"cd {gateway.directory}\n"
                              "echo begun >>\"$1\"; i=0\n"
                              "while [ ! -e \"$2\" ] && [ $i -lt 2500 ]; do sleep 0.02; i=$((i + 1)); done\n"
                              "echo ended >>\"$1\"\n")
            script.chmod(0o755)
            (gateway.directory / "commands.yaml").write_text(f"""commands:
  - name: wait_for_it
    description: "Makes a file and waits for another, and counts as a change"
    command_template: "{script} {{begun}} {{go}}"
    trusted: true
    reason: "The test's own script, which takes both for names of files beside it"
    category: custom
    capability: "system:write"
    tier: control
    parameters: {{begun: "The file to make", go: "The file to wait for"}}
""")
            gateway.process.send_signal(signal.SIGHUP)
            until(lambda: "wait_for_it" in json.dumps(gateway.call("list_commands")["structuredContent"]), what="reload")
            begun, go = gateway.directory / "begun", gateway.directory / "go"
            answers = []

            def change():
                parameters = {"begun": begun.name, "go": go.name}
                answers.append(gateway.call("execute_command", {"target": "local", "command_name": "wait_for_it",
                                                                "parameters": parameters}))
            thread = threading.Thread(target=change)
            thread.start()
            until(begun.exists, what="the effect")
            trail = gateway.state_dir / "audit" / "audit.jsonl"
            away = trail.with_suffix(".away")
            trail.rename(away)
            until(lambda: gateway.call("whoami").get("isError"), what="the refusal")
            go.write_text("")
            thread.join()
            self.assertFalse(answers[0].get("isError", False), answers)
            self.assertEqual(begun.read_text().split(), ["begun", "ended"])
            away.rename(trail)
            until(lambda: not gateway.call("whoami").get("isError"), what="recovery")
            gateway.stop()
            told = gateway.command("audit", "query", "--state-dir", str(gateway.state_dir), "--tool", "execute_command")
            phases = [(record["phase"], record.get("outcome")) for record in map(json.loads, told.stdout.splitlines())]
            self.assertIn(("outcome", "ok"), phases)
            verified = gateway.command("audit", "verify", "--state-dir", str(gateway.state_dir))
            self.assertEqual(verified.returncode, 0, verified.stderr)


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
