"""Standard output that takes nothing: what could not be said makes the command fail, and a token that nobody has
seen is revoked."""
import os
import signal
import subprocess
import unittest

from harness import GATEWAY_TOKEN, Gateway, local_gateway
from test_command_line import files


class Output(unittest.TestCase):
    def run_in_shell(self, gateway, words, to):
        """Runs a subcommand with its stdout put somewhere by the shell: `>/dev/full`, `>&-`, `| false`."""
        line = f'"$0" "$@" {to}; exit ${{PIPESTATUS[0]}}'
        return subprocess.run(["bash", "-c", line, gateway.binary, *words], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **gateway.environment})

    def test_that_is_lost_makes_each_command_fail(self):
        with local_gateway() as gateway:
            gateway.environment["TAILOPS_TOKEN"] = gateway.token
            config = ["--config", gateway.config]
            rows = (["token", "list", *config], ["audit", "verify", *config], ["audit", "query", *config],
                    ["policy", "explain", *config, "--as", "bob", "--tool", "whoami"], ["check", *config],
                    ["targets", "list", *config], ["targets", "test", "local", *config], ["version"], ["--help"],
                    ["tools-reference"], ["call", "whoami", "--url", gateway.url])
            for words in rows:
                self.assertEqual(gateway.command(*words).returncode, 0, words)
                for to, why in ((">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")):
                    with self.subTest(words=words, to=to):
                        told = self.run_in_shell(gateway, words, to)
                        self.assertEqual(told.returncode, 1, told.stderr)
                        self.assertIn("the answer could not be written to standard output: " + why, told.stderr)

    def test_takes_a_token_back_that_it_could_not_show(self):
        gateway = Gateway(files=files())
        for to in (">/dev/full", ">&-", "| true"):
            with self.subTest(to=to):
                mint = ["token", "mint", "--subject", "ci", "--ttl", "1h", "--config", gateway.config]
                # Who reads from the pipe is gone for certain before the first byte comes.
                told = self.run_in_shell(gateway, mint, to) if to != "| true" \
                    else self.run_to_nobody(gateway, mint)
                self.assertEqual(told.returncode, 1, told.stderr)
                self.assertIn("it is revoked again, mint another", told.stderr)
        listed = gateway.command("token", "list", "--config", gateway.config).stdout.splitlines()
        self.assertEqual(len(listed), 3)
        for line in listed:
            self.assertIn("  revoked ", line)

    def run_to_nobody(self, gateway, words):
        read, write = os.pipe()
        os.close(read)
        try:
            return subprocess.run([gateway.binary, *words], stdout=write, stderr=subprocess.PIPE, text=True, timeout=60)
        finally:
            os.close(write)

    def test_that_nobody_reads_any_more_ends_a_command_as_ever(self):
        gateway = Gateway(files=files())
        self.assertEqual(self.run_to_nobody(gateway, ["version"]).returncode, -signal.SIGPIPE)

    def test_that_is_closed_is_no_file_of_the_gateway(self):
        """What is opened first would get the number, and be printed into."""
        gateway = Gateway(files=files())
        gateway.mint("readonly")
        database = (gateway.state_dir / "tailops.db").read_bytes()
        told = self.run_in_shell(gateway, ["token", "list", "--config", gateway.config], "<&- >&- 2>&-")
        self.assertEqual(told.returncode, 1)
        self.assertEqual((gateway.state_dir / "tailops.db").read_bytes()[:4096], database[:4096])

    def test_that_is_lost_does_not_keep_a_service_from_its_work(self):
        gateway = Gateway(files=files(**{"gateway.yaml": GATEWAY_TOKEN}))
        with open("/dev/full", "wb") as full:
            words = ["serve", "--embedded", "--state-dir", str(gateway.state_dir), "--listen", "127.0.0.1:0"]
            told = subprocess.run([gateway.binary, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(told.returncode, 1, told.stderr)
        self.assertIn("nobody has seen the token of this gateway; it is revoked again", told.stderr)
        listed = gateway.command("token", "list", "--state-dir", str(gateway.state_dir)).stdout
        self.assertEqual((listed.count("\n"), listed.count("  revoked ")), (1, 1), listed)
        # One with files has shown no secret, and works.
        with open("/dev/full", "wb") as full, \
                subprocess.Popen([gateway.binary, "serve", "--config", gateway.config], stdout=full,
                                 stderr=subprocess.PIPE, text=True) as process:
            lines = [process.stderr.readline() for _ in range(2)]
            process.terminate()
            rest = process.stderr.read()
            self.assertEqual(process.wait(60), 0, rest)
        self.assertIn("could not be written to standard output", "".join(lines) + rest)
        self.assertIn(" stopped: ", rest)


if __name__ == "__main__":
    unittest.main()
