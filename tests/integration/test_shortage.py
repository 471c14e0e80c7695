"""What the gateway says when the system gives it no more: of a file's length, of descriptors."""
import os
import resource
import unittest

from harness import local_gateway, text_of, until


class FileSize(unittest.TestCase):
    """`ulimit -f`: a file that would grow over it is a full disk, not the end of the daemon."""

    def test_stops_calls_until_the_trail_can_grow(self):
        with local_gateway() as gateway:
            def call():
                return gateway.call("get_system_status", {"target": "local"})
            pid = gateway.pid or gateway.process.pid
            before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            trail = gateway.state_dir / "audit/audit.jsonl"
            for _ in range(10):
                self.assertFalse(call().get("isError"))
            os.truncate(gateway.directory / "log", 0)  # it is a file too, and is to have room
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (trail.stat().st_size, before[1]))
            refused = until(lambda: (lambda told: told if told.get("isError") else None)(call()), what="the refusal")
            self.assertIn("unavailable: the audit trail cannot be written", text_of(refused))
            until(lambda: [line for line in gateway.logged().splitlines(keepends=True)
                           if " trail_unwritable: " in line and "File too large" in line], what="the line")
            self.assertIsNone(gateway.process.poll())
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
            until(lambda: not call().get("isError"), what="the trail")
            self.assertEqual(gateway.stop(), 0)

    def test_is_not_passed_on_as_an_ignored_signal(self):
        with local_gateway() as gateway:
            with open(f"/proc/{gateway.pid or gateway.process.pid}/status") as status:
                ignored = next(int(line.split()[1], 16) for line in status if line.startswith("SigIgn"))
            self.assertTrue(ignored >> 24 & 1, "SIGXFSZ is signal 25")


class Descriptors(unittest.TestCase):
    def test_that_are_lacking_are_named(self):
        with local_gateway() as gateway:
            pid = gateway.pid or gateway.process.pid
            before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            self.assertFalse(gateway.call("get_system_status", {"target": "local"}).get("isError"))
            open_now = max(int(name) for name in os.listdir(f"/proc/{pid}/fd"))
            # Room for the connection that asks, not for the three pipes of a command.
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_now + 4, before[1]))
            told = text_of(gateway.call("get_system_status", {"target": "local"}))
            self.assertIn("unavailable: the gateway can start no command now (too many open files)", told)
            until(lambda: [line for line in gateway.logged().splitlines(keepends=True)
                           if " call_failed: " in line and "too many open files" in line], what="the reason")
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
            self.assertFalse(gateway.call("get_system_status", {"target": "local"}).get("isError"))


if __name__ == "__main__":
    unittest.main()
