"""Commands of root on a state directory that belongs to the daemon's user."""
import json
import os
import pathlib
import shutil
import tempfile
import unittest

import harness
from harness import GATEWAY_TOKEN, POLICY_ALL, Gateway, until
from machines import SshServer

# Nobody's in particular: what counts is the number.
DAEMON, STRANGER = 47110, 47111


@unittest.skipUnless(os.geteuid() == 0, "only root can become the owner")
class Owner(unittest.TestCase):
    def setUp(self):
        # Where the build is, other users may not be let in.
        place = pathlib.Path(tempfile.mkdtemp(prefix="tailops-bin-"))
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        place.chmod(0o755)
        binary = shutil.copy(harness.BINARY, place / "tailops")
        become = ["setpriv", f"--reuid={DAEMON}", f"--regid={DAEMON}", "--clear-groups"]
        self.server = SshServer().__enter__()
        self.addCleanup(self.server.__exit__)
        self.gateway = Gateway(binary=binary, wrapper=become, files={
            "gateway.yaml": GATEWAY_TOKEN, "policy.yaml": POLICY_ALL, "targets.yaml": f"""version: "1.0"
targets:
  web-01:
    type: remote
    executor: ssh
    connection: {{host: 127.0.0.1, port: {self.server.port}, username: {self.server.user}, key_path: {self.server.key}}}
    capabilities: ["system:read"]
"""})
        self.addCleanup(self.gateway.__exit__)
        self.gateway.directory.chmod(0o755)
        self.gateway.state_dir.mkdir(mode=0o700)
        os.chown(self.gateway.state_dir, DAEMON, DAEMON)

    def owners(self):
        return {str(path.name): (path.stat().st_uid, path.stat().st_gid)
                for path in [self.gateway.state_dir, *self.gateway.state_dir.rglob("*")]}

    def token(self, *words, **more):
        return self.gateway.command("token", *words, "--state-dir", str(self.gateway.state_dir), **more)

    def trust(self, **more):
        return self.gateway.command("targets", "trust", "web-01", "--yes", "--config", self.gateway.config, **more)

    def test_finds_everything_its_own_when_root_came_first(self):
        minted = self.token("mint", "--subject", "ci", "--scope", "admin")
        self.assertEqual(minted.returncode, 0, minted.stderr)
        trusted = self.trust()
        self.assertEqual(trusted.returncode, 0, trusted.stderr)
        self.assertEqual(set(self.owners()), {"state", "tailops.db", "known_hosts"})
        self.assertEqual(set(self.owners().values()), {(DAEMON, DAEMON)})
        self.gateway.start()
        self.gateway.token = minted.stdout.strip()
        self.assertEqual(self.gateway.rpc("tools/list").status, 200)

    def test_goes_on_while_root_works_beside_it(self):
        self.gateway.start()
        minted = self.token("mint", "--subject", "ci", "--scope", "admin")
        self.assertEqual(minted.returncode, 0, minted.stderr)
        self.gateway.token = minted.stdout.strip()
        self.assertEqual(self.gateway.rpc("tools/list").status, 200)
        listed = self.token("list")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        revoked = self.token("revoke", listed.stdout.split()[0])
        self.assertEqual(revoked.returncode, 0, revoked.stderr)
        self.assertEqual(self.trust().returncode, 0)
        until(lambda: self.gateway.rpc("tools/list").status == 401, what="the refusal")
        self.assertEqual(set(self.owners().values()), {(DAEMON, DAEMON)}, self.owners())
        # Who it was is not lost with the rights.
        until(lambda: len(self.by_root()) == 2, what="the records")

    def by_root(self):
        told = self.gateway.command("audit", "query", "--subject", "root", "--state-dir", str(self.gateway.state_dir))
        return [json.loads(line) for line in told.stdout.splitlines()]

    def test_is_told_apart_from_strangers(self):
        as_stranger = {"user": STRANGER, "group": STRANGER, "extra_groups": []}
        # Even where the directory would let them write.
        self.gateway.state_dir.chmod(0o777)
        for refused in (self.token("mint", "--subject", "ci", **as_stranger), self.token("list", **as_stranger),
                        self.token("revoke", "tk_1", **as_stranger), self.trust(**as_stranger)):
            self.assertEqual(refused.returncode, 1)
            self.assertIn(f"belongs to uid {DAEMON}; run the command as uid {DAEMON} or as root", refused.stderr)
        self.assertEqual(list(self.gateway.state_dir.iterdir()), [])
        own = self.token("list", user=DAEMON, group=DAEMON, extra_groups=[])
        self.assertEqual(own.returncode, 0, own.stderr)


if __name__ == "__main__":
    unittest.main()
