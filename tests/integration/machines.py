"""Real machines for the tests: OpenSSH and dropbear servers, a Docker engine in a network namespace of
its own, OAuth servers. Each is a context manager that ends what it started."""
import atexit
import contextlib
import functools
import json
import os
import pathlib
import pwd
import select
import shutil
import signal
import socket
import subprocess
import tempfile

from harness import ROOT, until

USER_PREFIX = "tailops-it-"
claims = []  # one abstract socket per port that this process took, kept open for its life


def free_port():
    """A port of the loopback interface that nothing listens on, and that no other test process takes while this one
    runs: an abstract Unix socket with the port in its name stands for it. Below the range out of which the
    kernel gives ports to clients."""
    for step in range(12000):
        port = 20000 + (os.getpid() * 97 + len(claims) + step) % 12000
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0tailops-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        claims.append(claim)
        return port
    raise AssertionError("no free port")


def is_stopped(pid):
    """Whether every thread of a process is."""
    states = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            states.append((task / "stat").read_text().rpartition(") ")[2][0])
    return set(states) == {"T"}


@contextlib.contextmanager
def stopped(*pids):
    """Stops processes, and lets them go on at the end. The kernel stops each thread when it comes to it: one of an
    engine may answer a call meanwhile."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        for pid in pids:
            until(lambda: is_stopped(pid), what=f"the end of process {pid}'s work")
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def remove_left_users():
    """Removes the users of test processes that run no more."""
    for account in pwd.getpwall():
        pid = account.pw_name.removeprefix(USER_PREFIX)
        if pid != account.pw_name and not os.path.exists(f"/proc/{pid}"):
            subprocess.run(["userdel", "--force", account.pw_name], check=False, timeout=60)


@functools.cache
def login_user():
    """Who the tests log in as. root gets a user of this process's own with a plain shell, removed at its end; anyone
    else is that user."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    remove_left_users()
    name = f"{USER_PREFIX}{os.getpid()}"
    folder = tempfile.mkdtemp(prefix="tailops-home-")
    os.chmod(folder, 0o755)
    # "*": no password; with none at all sshd would call the account locked.
    subprocess.run(["useradd", "--system", "--create-home", "--home-dir", f"{folder}/home", "--shell", "/bin/sh",
                    "--password", "*", name], check=True, timeout=60)

    def remove(owner=os.getpid()):
        if os.getpid() == owner:
            subprocess.run(["userdel", "--force", name], check=False, timeout=60)
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return name


class Machine:
    """A child process with a folder; ended by its id."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tailops-machine-"))
        self.directory.chmod(0o755)
        self.process = None

    def __exit__(self, *_):
        self.end()
        shutil.rmtree(self.directory, ignore_errors=True)

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()


class SshServer(Machine):
    """One sshd (or dropbear) on a port of its own, with a host key and one user key."""

    def __init__(self, kind="openssh"):
        super().__init__()
        self.kind, self.user, self.port = kind, login_user(), free_port()
        self.key = self.directory / "user"
        for name in ("user", "host"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.directory / name],
                           check=True)

    def __enter__(self):
        if self.kind == "openssh":
            command = self.openssh()
        else:
            command = self.dropbear()
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self.answers, what=f"{self.kind} on port {self.port}")
        return self

    def answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as peer:
            return peer.recv(4) == b"SSH-"
        return False

    def openssh(self):
        if os.geteuid() == 0:
            pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        authorized = self.directory / "authorized_keys"
        shutil.copy(self.directory / "user.pub", authorized)
        config = self.directory / "sshd_config"
        config.write_text(f"""Port {self.port}
ListenAddress 127.0.0.1
HostKey {self.directory}/host
PidFile {self.directory}/pid
AuthorizedKeysFile {authorized}
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxSessions 64
MaxStartups 200:30:400
UseDNS no
""")
        return ["/usr/sbin/sshd", "-D", "-f", str(config), "-E", str(self.directory / "log")]

    def dropbear(self):
        host = self.directory / "dropbear_host"
        subprocess.run(["dropbearkey", "-t", "ed25519", "-f", host], check=True, capture_output=True)
        home = pathlib.Path(pwd.getpwnam(self.user).pw_dir)
        (home / ".ssh").mkdir(mode=0o700, exist_ok=True)
        keys = home / ".ssh/authorized_keys"
        self.added = (self.directory / "user.pub").read_text()
        self.keys = keys
        with keys.open("a") as file:
            file.write(self.added)
        account = pwd.getpwnam(self.user)
        for path in (home / ".ssh", keys):
            os.chown(path, account.pw_uid, account.pw_gid)
        keys.chmod(0o600)
        return ["dropbear", "-F", "-E", "-s", "-p", f"127.0.0.1:{self.port}", "-r", str(host),
                "-P", str(self.directory / "pid")]

    def __exit__(self, *arguments):
        if self.kind == "dropbear":
            self.keys.write_text(self.keys.read_text().replace(self.added, ""))
        super().__exit__(*arguments)

    def target(self, name, more="", capabilities='["system:read", "system:write", "network:read", "file:read"]'):
        return f"""  {name}:
    type: ssh
    connection: {{host: 127.0.0.1, port: {self.port}, username: {self.user}, key_path: "{self.key}"}}
    capabilities: {capabilities}
    metadata: {{tags: [ssh], environment: lab}}
{more}"""


class FakeTailscaleSsh(SshServer):
    """Not tailscaled, but as tailscaled was seen: tests/support/fake_tailscale_ssh.py says how."""

    def __enter__(self):
        # Debian's own python, for which asyncssh is packaged.
        self.process = subprocess.Popen(
            ["/usr/bin/python3", ROOT / "tests/support/fake_tailscale_ssh.py", str(self.port), self.directory / "host"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self.answers, what=f"an SSH server on port {self.port}")
        return self

    def target(self, name, more="", user="ops"):
        host_key = " ".join((self.directory / "host.pub").read_text().split()[:2])
        return f"""  {name}:
    type: ssh
    connection: {{host: 127.0.0.1, port: {self.port}, username: {user}, credential: none, host_key: "{host_key}"}}
    capabilities: ["system:read", "service:control"]
    metadata: {{environment: lab}}
{more}"""


class DockerEngine(Machine):
    """A Docker engine in a network and mount namespace of its own, with one image made of busybox."""

    def __init__(self):
        super().__init__()
        self.socket = self.directory / "docker.sock"

    def __enter__(self):
        self.log = open(self.directory / "log", "wb")
        try:
            self.launch()
            try:
                until(self.is_up, 150, "the Docker engine")
            except AssertionError as late:
                raise AssertionError(f"{late}\n{(self.directory / 'log').read_text(errors='replace')[-4000:]}")
            self.import_busybox()
        except BaseException:
            self.__exit__()
            raise
        return self

    def launch(self):
        for remains in ("pid", "docker.sock"):
            (self.directory / remains).unlink(missing_ok=True)
        shutil.rmtree(self.directory / "exec", ignore_errors=True)
        script = (f"mount --make-rprivate /; ip link set lo up; exec dockerd --data-root {self.directory}/data "
                  f"--exec-root {self.directory}/exec -p {self.directory}/pid -H unix://{self.socket} "
                  "--log-level warn")
        self.process = subprocess.Popen(["unshare", "-n", "-m", "--propagation", "private", "bash", "-c", script],
                                        stdout=self.log, stderr=self.log)

    def is_up(self):
        # It gives up where containerd has not answered within 15 s, as on a busy disk.
        if self.process.poll() is not None:
            self.launch()
        return self.docker("version", check=False).returncode == 0

    def docker(self, *words, check=True, **more):
        return subprocess.run(["docker", "-H", f"unix://{self.socket}", *words], check=check, timeout=120,
                              capture_output=True, text=True, **more)

    def import_busybox(self):
        root = self.directory / "rootfs"
        (root / "bin").mkdir(parents=True)
        shutil.copy("/bin/busybox", root / "bin/busybox")
        for name in ("sh", "sleep", "echo", "cat", "true", "false"):
            (root / "bin" / name).symlink_to("busybox")
        archive = self.directory / "image.tar"
        subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
        self.docker("import", "-c", 'CMD ["/bin/sh"]', str(archive), "bb:1")

    def run(self, name, *command):
        self.docker("run", "-d", "--name", name, "--network", "none", "bb:1", *command)

    def image(self, name, *changes):
        """One more image made of busybox; `changes` as in a Dockerfile."""
        words = [word for change in changes for word in ("-c", change)]
        return self.docker("import", *words, str(self.directory / "image.tar"), name).stdout.strip()

    @contextlib.contextmanager
    def registry(self):
        """A registry in the engine's network, which it reaches as 127.0.0.1:5000."""
        config = self.directory / "registry.yml"
        config.write_text("version: 0.1\nlog: {level: error}\nhttp: {addr: '127.0.0.1:5000'}\n"
                          f"storage: {{filesystem: {{rootdirectory: {self.directory}/registry}}}}\n")
        process = subprocess.Popen(["nsenter", "-t", str(self.process.pid), "-n", "docker-registry", "serve", config],
                                   stdout=self.log, stderr=self.log)
        try:
            yield "127.0.0.1:5000"
        finally:
            process.terminate()
            process.wait()

    def __exit__(self, *arguments):
        if self.process and self.process.poll() is None:
            with contextlib.suppress(Exception):
                names = self.docker("ps", "-aq").stdout.split()
                if names:
                    self.docker("rm", "-f", *names)
        super().__exit__(*arguments)
        self.log.close()

    def target(self, name, more="    constraints: {timeout: 120}\n"):
        return f"""  {name}:
    type: docker
    connection: {{socket_path: "{self.socket}"}}
    capabilities: ["container:read", "container:write"]
    metadata: {{tags: [docker], environment: lab}}
{more}"""


class BootedMachine(SshServer):
    """A Debian system that systemd booted, with sshd as one of its services: this machine's own files under an
    overlay, in namespaces of their own but for the network. `docker_socket` is its engine, if given. Nothing of
    this machine is writable in there: a boot clears /tmp, for one."""

    BOOT = """set -e
mount --make-rprivate /
mount -t tmpfs tmpfs {root}
mkdir {root}/upper {root}/work {root}/all
mount -t overlay overlay -o lowerdir=/,upperdir={root}/upper,workdir={root}/work {root}/all
cd {root}/all
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do touch dev/$device; mount --bind /dev/$device dev/$device; done
mkdir dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs run
mkdir run/sshd
if [ -n "{docker}" ]; then touch run/docker.sock; mount --bind "{docker}" run/docker.sock; fi
mount -t tmpfs tmpfs tmp
mkdir -p .{directory}
mount --bind {directory} .{directory}
mount -o remount,bind,ro .{directory}
rm -rf etc/systemd/system/*.wants var/log/journal
mkdir -p etc/systemd/system/basic.target.wants var/log/journal
cp {directory}/ssh.service etc/systemd/system/
for unit in systemd-tmpfiles-setup.service systemd-tmpfiles-clean.timer; do ln -s /dev/null etc/systemd/system/$unit; done
ln -s ../ssh.service etc/systemd/system/basic.target.wants/ssh.service
ln -sf ssh.service etc/systemd/system/sshd.service
exec env -i container=tailops-test PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/sbin/chroot . \\
  /lib/systemd/systemd --unit=basic.target --show-status=0
"""

    def __init__(self, docker_socket=""):
        super().__init__()
        self.user, self.docker_socket = "root", docker_socket

    def __enter__(self):
        (self.directory / "ssh.service").write_text(
            f"[Service]\nExecStart={' '.join(self.openssh()[:-2])} -e\n[Install]\nWantedBy=basic.target\n")
        root = self.directory / "root"
        root.mkdir()
        boot = self.BOOT.format(root=root, directory=self.directory, docker=self.docker_socket)
        self.log = open(self.directory / "console", "wb")
        self.process = subprocess.Popen(["unshare", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork",
                                         "--kill-child", "sh", "-c", boot], stdout=self.log, stderr=self.log)
        try:
            until(self.answers, 60, "the booted machine's sshd")
        except AssertionError as failure:
            console = (self.directory / "console").read_text(errors="replace")
            self.__exit__()
            raise AssertionError(f"{failure}\n{console}") from None
        return self

    def end(self):
        # Ends the first process of its namespace, and with that all of them.
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


class NodeServer(Machine):
    """A node program of tests/support/authserver, or at an absolute path, that prints one line of JSON once it
    listens."""

    def __init__(self, program, *arguments, environment=None):
        super().__init__()
        self.program, self.arguments, self.environment = program, arguments, environment or {}

    def __enter__(self):
        folder = ROOT / "tests/support/authserver"
        node = ROOT / "tests/integration/node_modules/.bin/node"
        self.log = open(self.directory / "log", "wb")
        self.process = subprocess.Popen([str(node), str(folder / self.program), *self.arguments], cwd=folder, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log, env={**os.environ, **self.environment})
        ready, _, _ = select.select([self.process.stdout], [], [], 30)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            raise AssertionError(f"{self.program} did not start: {(self.directory / 'log').read_text()}")
        self.told = json.loads(line)
        return self

    def __exit__(self, *arguments):
        super().__exit__(*arguments)
        self.process.stdout.close()
        self.log.close()
