"""Commands on the gateway's own machine: each comes to its own end, whatever else ends, whatever our parent did to our signals, and whatever cannot be ended."""
import collections
import os
import pathlib
import pwd
import shutil
import signal
import threading
import unittest

import harness
from harness import local_gateway, text_of, until

GATEWAY = """version: 1
listen: ["127.0.0.1:0"]
state_dir: "@STATE@"
auth: {mode: token}
commands: commands.yaml
mcp: {calls_per_minute: 0}
log: {level: info}
"""
TARGET = """version: "1.0"
targets:
  local:
    type: local
    capabilities: ["system:read", "service:control"]
    constraints: {concurrency: 16}
    metadata: {environment: lab}
"""


def gateway_with(commands, targets=TARGET, gateway=GATEWAY, **more):
    made = local_gateway(targets=targets, gateway=gateway, **more)
    made.write("commands.yaml", "commands:\n" + commands)
    return made


def run(gateway, name, target="local", **more):
    return gateway.call("execute_command", {"target": target, "command_name": name}, **more)


def outcome_of(result):
    return text_of(result) if result.get("isError") else "ok"


class ManyAtOnce(unittest.TestCase):
    def test_each_command_runs_to_its_own_end(self):
        commands = """
  - {name: short, description: s, command_template: ls -l /proc/self/fd}
  - name: slow
    description: s
    command_template: "sh -c 'echo start >> @STATE@.slow; sleep 3; echo end >> @STATE@.slow'"
    capability: "service:control"
    dangerous: true
"""
        with gateway_with(commands) as gateway:
            came_out = collections.Counter()
            over = threading.Event()

            def short():
                while not over.is_set():
                    came_out["short", outcome_of(run(gateway, "short"))] += 1

            def slow():
                for _ in range(3):
                    came_out["slow", outcome_of(run(gateway, "slow"))] += 1

            quick = [threading.Thread(target=short) for _ in range(4)]
            long = [threading.Thread(target=slow) for _ in range(6)]
            for thread in quick + long:
                thread.start()
            for thread in long:
                thread.join(120)
            over.set()
            for thread in quick:
                thread.join(60)
            self.assertEqual({outcome for _, outcome in came_out}, {"ok"}, came_out)
            self.assertEqual(came_out["slow", "ok"], 18)
            self.assertGreater(came_out["short", "ok"], 50)
            written = pathlib.Path(f"{gateway.state_dir}.slow").read_text().split()
            self.assertEqual(collections.Counter(written), {"start": 18, "end": 18})


class Inherited(unittest.TestCase):
    """What the parent of the gateway did to its signals and its PATH."""
    COMMANDS = """
  - {name: say, description: s, command_template: echo hello}
  - {name: elsewhere, description: s, command_template: tailops-test-program}
"""

    def test_an_ignored_and_blocked_sigchld_makes_no_difference(self):
        python = ("import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); "
                  "signal.pthread_sigmask(signal.SIG_SETMASK, set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}); "
                  "os.execv(sys.argv[1], sys.argv[1:])")
        with gateway_with(self.COMMANDS, wrapper=["python3", "-c", python]) as gateway:
            for _ in range(20):
                self.assertEqual(outcome_of(run(gateway, "say")), "ok")
            # A blocked SIGTERM would have to be followed by a SIGKILL.
            self.assertEqual(gateway.stop(), 0)

    def test_programs_come_from_the_path_of_the_command(self):
        with gateway_with(self.COMMANDS) as gateway:
            pass  # for its folder's name only
        folder = pathlib.Path(f"{gateway.directory}.bin")
        folder.mkdir()
        self.addCleanup(shutil.rmtree, folder)
        for name in ("tailops-test-program", "echo"):
            (folder / name).write_text("#!/bin/sh\nprintf 'from elsewhere\\n'\n")
            (folder / name).chmod(0o755)
        with gateway_with(self.COMMANDS, environment={"PATH": f"{folder}:{os.environ['PATH']}"}) as gateway:
            self.assertIn("hello", text_of(run(gateway, "say")))
            self.assertIn('there is no program "tailops-test-program"', outcome_of(run(gateway, "elsewhere")))


class Unstoppable(unittest.TestCase):
    """A program that we may not signal, as sudo is for an ordinary user. It stands for one that waits for a dead disk."""

    def setUp(self):
        nobody = pwd.getpwnam("nobody")
        self.folder = pathlib.Path("/var/lib/tailops-it-unstoppable")  # /tmp may know no set-user-ID programs
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.addCleanup(shutil.rmtree, self.folder)
        self.become_root = self.folder / "become"
        shutil.copy(shutil.which("setpriv"), self.become_root)
        self.become_root.chmod(0o4755)
        self.wrapper = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
        self.owner = (nobody.pw_uid, nobody.pw_gid)
        self.binary = self.folder / "tailops"  # where everybody may execute it
        shutil.copy(harness.BINARY, self.binary)

    def gateway(self):
        commands = f"""
  - {{name: say, description: s, command_template: echo hello}}
  - {{name: follow, description: s, command_template: "{self.become_root} --reuid=0 --regid=0 --clear-groups sleep 60"}}
"""
        # Only where it is followed is the time short.
        impatient = TARGET[TARGET.index("  local:"):].replace("local:", "impatient:", 1)
        gateway = gateway_with(commands, TARGET + impatient.replace("concurrency: 16", "timeout: 1s"),
                               GATEWAY + "threads: 1\n", wrapper=self.wrapper, binary=self.binary)
        os.chown(gateway.directory, *self.owner)
        return gateway

    def test_holds_up_nobody(self):
        with self.gateway() as gateway:
            said = []
            callers = [threading.Thread(target=lambda: said.append(outcome_of(run(gateway, "follow", "impatient"))))
                       for _ in range(2)]
            for caller in callers:
                caller.start()
            while any(caller.is_alive() for caller in callers):
                self.assertEqual(gateway.request("GET", "/healthz", token=None).status, 200)
                self.assertEqual(outcome_of(run(gateway, "say")), "ok")
            for text in said:
                self.assertIn("the command did not end in time; it was told to stop and not seen ending", text)
            left = children_of(gateway.pid)
            self.assertEqual(len(left), 2, "they did not wait for what cannot be ended")
            # It is reaped once it has ended.
            for pid, _ in left:
                os.kill(pid, signal.SIGKILL)
            until(lambda: not children_of(gateway.pid), seconds=60, what="the end of what was left")

    def test_does_not_keep_the_gateway_from_stopping(self):
        with self.gateway() as gateway:
            caller = threading.Thread(target=lambda: run(gateway, "follow", "impatient"))
            caller.start()
            until(lambda: children_of(gateway.pid), what="the command")
            caller.join(60)
            left = children_of(gateway.pid)
            self.assertEqual(len(left), 1)
            self.assertEqual(gateway.stop(), 0)
            for pid, _ in left:
                self.assertTrue(pathlib.Path(f"/proc/{pid}").exists(), "nobody waited for its end")
                os.kill(pid, signal.SIGKILL)


def children_of(pid):
    """(pid, state) of each, but for the helper that a sanitizer starts to name what it suppresses."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
            after_name = rest.split()
        except (OSError, IndexError):
            continue
        if entry.name.isdigit() and int(after_name[1]) == pid and not name.startswith("llvm-symbolizer"):
            found.append((int(entry.name), after_name[0]))
    return found


class FirstProcess(unittest.TestCase):
    def test_reaps_what_its_commands_leave_behind(self):
        commands = """
  - {name: leave, description: s, command_template: "sh -c 'setsid sleep 0.3 >/dev/null 2>&1 & echo hi; exit 7'"}
"""
        with gateway_with(commands, wrapper=["unshare", "--pid", "--fork", "--kill-child"]) as gateway:
            for _ in range(20):
                result = run(gateway, "leave")["structuredContent"]
                self.assertEqual((result["exit_code"], result["output"]), (7, "hi\n"))
            until(lambda: not children_of(gateway.pid), seconds=30, what="the end of all orphans")


if __name__ == "__main__":
    unittest.main()
