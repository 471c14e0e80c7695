"""The .deb that deploy/package makes: its contents, its unit, and its life on a machine.

The machine is this one behind overlays: what dpkg and the maintainer scripts write goes to a tmpfs in a mount
namespace of its own, and is gone with it. That needs root, as the other integration tests do.
"""
import pathlib
import re
import shlex
import subprocess
import tempfile
import unittest

import harness
from harness import ROOT

UNIT = "usr/lib/systemd/system/tailops-gateway.service"
CONFFILES = ["/etc/tailops/gateway.yaml", "/etc/tailops/policy.yaml", "/etc/tailops/targets.yaml"]
# systemd-analyze security, times ten. What is left: the network, and reading what targets of type local show.
EXPOSURE_MAX = 20

# /etc, /usr and /var under overlays; no service manager; nothing of the machine's can be reached.
SANDBOX = """set -e
mount -t tmpfs tmpfs "$1"
for place in etc usr var; do
    mkdir "$1/$place" "$1/$place.work"
    mount -t overlay overlay -o "lowerdir=/$place,upperdir=$1/$place,workdir=$1/$place.work" "/$place"
done
mount -t tmpfs tmpfs /run
# What somebody has tried on this machine is none of the package's.
rm -rf /var/lib/tailops /etc/tailops
unset NODE_OPTIONS
"""


def run(*words, check=True, **more):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=300, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{shlex.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="tailops-package-")
        cls.place = pathlib.Path(cls.folder.name)
        cls.deb = pathlib.Path(run(ROOT / "deploy/package", harness.BINARY, cls.place / "out").stdout.strip())
        cls.tree = cls.place / "tree"
        run("dpkg-deb", "-x", cls.deb, cls.tree)
        cls.entries = {}
        for line in run("dpkg-deb", "-c", cls.deb).stdout.splitlines():
            mode, owner, _, _, _, name = line.split(None, 5)
            cls.entries[name.removeprefix("./").rstrip("/")] = (mode, owner)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def field(self, name):
        return run("dpkg-deb", "-f", self.deb, name).stdout.strip()

    # What is in it

    def test_has_the_program_under_both_names(self):
        self.assertEqual(self.entries["usr/bin/tailops"], ("-rwxr-xr-x", "root/root"))
        self.assertIn("usr/bin/tailopsmcp-mcp -> tailops", self.entries)
        told = run(self.tree / "usr/bin/tailops", "version").stdout
        self.assertEqual(told, run(harness.BINARY, "version").stdout)
        self.assertTrue(self.field("Version").startswith(re.search(r"\d+\.\d+\.\d+", told).group()), told)

    def test_belongs_to_root_and_gives_nobody_rights(self):
        for name, (mode, owner) in self.entries.items():
            self.assertEqual(owner, "root/root", name)
            self.assertNotRegex(mode, "[sStT]", name)
            if not mode.startswith("l"):
                self.assertEqual(mode[5] + mode[8], "--", name)

    def test_writes_to_no_other_place(self):
        allowed = ("etc/tailops", "usr/bin/tailops", UNIT, "usr/share/doc/tailops-gateway", "usr/share/man/man1/tailops")
        for name, (mode, _) in self.entries.items():
            if not mode.startswith("d"):
                self.assertTrue(name.startswith(allowed), name)

    def test_keeps_the_administrators_changes(self):
        self.assertEqual(run("dpkg-deb", "-I", self.deb, "conffiles").stdout.splitlines(), CONFFILES)
        in_etc = [f"/{name}" for name, (mode, _) in self.entries.items() if name.startswith("etc/") and mode[0] != "d"]
        self.assertEqual(sorted(in_etc), CONFFILES)

    def test_depends_on_every_library_that_the_program_names(self):
        depends = [each.split()[0] for each in self.field("Depends").split(", ")]
        resolved = dict(re.findall(r"(\S+) => (\S+)", run("ldd", harness.BINARY).stdout))
        needed = re.findall(r"NEEDED\s+(\S+)", run("objdump", "-p", harness.BINARY).stdout)
        self.assertGreater(len(needed), 5)
        for library in needed:
            path = pathlib.Path(resolved[library])
            owner = ""
            # dpkg knows a library by the path before or after the merge of /lib into /usr/lib.
            for each in (path, path.resolve(), pathlib.Path(f"/usr{path}"),
                         pathlib.Path(str(path.resolve()).removeprefix("/usr"))):
                owner = owner or run("dpkg", "-S", each, check=False).stdout.split(":")[0]
            # A library is depended on by its package or by a name that the package provides (its ABI).
            provided = run("dpkg-query", "-W", "-f", "${Provides}", owner).stdout
            names = {owner, *(each.split()[0] for each in provided.split(", ") if each)}
            self.assertTrue(names & set(depends), f"{library}: {names}")

    def test_validates_a_targets_file_as_the_earlier_program_was_said_to(self):
        program = self.tree / "usr/bin/tailopsmcp-mcp"
        good = run(program, "--validate-config", self.tree / "etc/tailops/targets.yaml")
        self.assertEqual(good.stdout, "ok: 4 targets\n")
        wrong = self.place / "wrong.yaml"
        wrong.write_text((self.tree / "etc/tailops/targets.yaml").read_text().replace("type: local", "typ: local"))
        refused = run(program, "--validate-config", wrong, check=False)
        self.assertEqual((refused.returncode, refused.stdout), (2, ""))
        self.assertRegex(refused.stderr, r'wrong\.yaml:\d+:5: unknown key "typ"; did you mean "type"\?')

    def test_passes_lintian(self):
        run("lintian", "--fail-on", "error", "--allow-root", self.deb)

    # The unit

    def test_has_a_unit_that_systemd_accepts(self):
        unit = self.place / "tailops-gateway.service"
        unit.write_text((self.tree / UNIT).read_text().replace("/usr/bin/tailops", str(self.tree / "usr/bin/tailops")))
        verified = run("systemd-analyze", "verify", "--man=no", unit)
        self.assertNotIn("tailops-gateway", verified.stderr)
        # A neighbour with a mistake, so that we know that it looks.
        wrong = self.place / "wrong.service"
        wrong.write_text(unit.read_text().replace("ProtectSystem=strict", "ProtectSystem=sometimes"))
        self.assertRegex(run("systemd-analyze", "verify", "--man=no", wrong, check=False).stderr, "(?i)protect ?system")

    def test_has_a_hardened_unit(self):
        run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", self.tree / UNIT)

    def test_answers_to_the_earlier_name_and_stops_within_its_time(self):
        text = (self.tree / UNIT).read_text()
        for line in ("Type=notify", "User=tailops", "Alias=tailopsmcp-mcp.service", "RestartPreventExitStatus=2",
                     "MemoryMax=1G", "LimitCORE=0", "ExecReload=/bin/kill -HUP $MAINPID"):
            self.assertIn(f"\n{line}\n", text)

    # Its life

    def on_a_machine(self, script):
        mount = self.place / "overlay"
        mount.mkdir(exist_ok=True)
        return run("unshare", "--mount", "--propagation", "private", "sh", "-c", SANDBOX + script, "sh", mount,
                   self.deb).stdout

    def test_installs_checks_and_mints(self):
        told = self.on_a_machine("""
            dpkg -i "$2" >&2
            tailops check
            stat -c '%n %U %G %a' /etc/tailops /etc/tailops/credentials /var/lib/tailops
            getent passwd tailops | cut -d: -f6,7
            runuser -u tailops -- tailops token mint --subject carol@example.com | cut -c 1-8
            stat -c '%U %a' /var/lib/tailops/tailops.db
            test ! -e /etc/systemd/system/tailopsmcp-mcp.service && echo not enabled
            systemctl --root=/ enable tailops-gateway.service >&2
            readlink -f /etc/systemd/system/tailopsmcp-mcp.service
        """).splitlines()
        self.assertEqual(told, [
            "ok: 4 targets, 11 rules, 39 commands", "/etc/tailops root tailops 750",
            "/etc/tailops/credentials root tailops 750", "/var/lib/tailops tailops tailops 700",
            "/var/lib/tailops:/usr/sbin/nologin", "tailops_", "tailops 600", "not enabled",
            f"/{UNIT}"])

    def test_installs_over_itself_and_keeps_what_is_there(self):
        told = self.on_a_machine("""
            dpkg -i "$2" >&2
            echo '# ours' >>/etc/tailops/policy.yaml
            dpkg-statoverride --add --update root root 0700 /etc/tailops/credentials
            echo evidence >/var/lib/tailops/kept
            dpkg -i "$2" >&2
            tail -n 1 /etc/tailops/policy.yaml
            stat -c '%U %G %a' /etc/tailops/credentials
            cat /var/lib/tailops/kept
            getent passwd | grep -c '^tailops:'
        """).splitlines()
        self.assertEqual(told, ["# ours", "root root 700", "evidence", "1"])

    def test_leaves_configuration_at_removal_and_the_trail_at_purge(self):
        told = self.on_a_machine("""
            dpkg -i "$2" >&2
            systemctl --root=/ enable tailops-gateway.service >&2
            runuser -u tailops -- tailops token mint --subject carol@example.com >&2
            runuser -u tailops -- mkdir /var/lib/tailops/audit /var/lib/tailops/spool
            runuser -u tailops -- touch /var/lib/tailops/spool/r1.stdout
            dpkg -r tailops-gateway >&2
            test ! -e /usr/bin/tailops && ls /etc/tailops/gateway.yaml /var/lib/tailops/tailops.db
            dpkg -P tailops-gateway >&2
            ls -d /etc/tailops /etc/systemd/system/*tailops* 2>/dev/null || echo gone
            ls /var/lib/tailops
            rmdir /var/lib/tailops/audit
            dpkg -i "$2" >&2
            dpkg -P tailops-gateway >&2
            test ! -e /var/lib/tailops && echo nothing left
        """).splitlines()
        self.assertEqual(told, ["/etc/tailops/gateway.yaml", "/var/lib/tailops/tailops.db", "gone", "audit",
                                "nothing left"])


if __name__ == "__main__":
    unittest.main()
