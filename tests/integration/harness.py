"""A gateway under test: the built binary, its configuration in a folder of its own, and MCP by hand.

Everything listens on loopback with ports that the system chose; whatever is started here is ended here,
by its process id.
"""
import base64
import contextlib
import http.client
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / "build/release/bin/tailops"  # run.py sets another
PROTOCOL = "2026-07-28"
READY_SECONDS = 60
STOP_SECONDS = 40


def until(condition, seconds=60, what="condition", pause=0.02):
    """Waits for something that will happen, and looks every `pause` seconds; a test that gets here too early
    fails, one that never gets here fails after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(pause)
    raise AssertionError(f"{what} did not come true within {seconds} s")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        if self.headers.get("content-type", "").startswith("text/event-stream"):
            events = [line[6:] for line in self.body.decode().splitlines() if line.startswith("data: ")]
            return json.loads(events[-1])
        return json.loads(self.body)

    @property
    def result(self):
        message = self.json
        if "result" not in message:
            raise AssertionError(f"no result: HTTP {self.status} {message}")
        return message["result"]


class Gateway:
    """The daemon as a child process. Use as a context manager."""

    def __init__(self, *, embedded=False, files=None, environment=None, state_dir=None, wrapper=(), binary=None):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tailops-it-"))
        self.state_dir = pathlib.Path(state_dir) if state_dir else self.directory / "state"
        self.binary = str(binary or BINARY)
        self.embedded, self.environment, self.wrapper = embedded, environment or {}, list(wrapper)
        self.process, self.url, self.token, self.pid = None, None, None, None
        self.tls = None  # an ssl.SSLContext for a gateway that speaks TLS
        for name, text in (files or {}).items():
            self.write(name, text)

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text.replace("@STATE@", str(self.state_dir)))
        if name.endswith("key.pem"):
            path.chmod(0o600)  # a key that others may read is refused

    @property
    def config(self):
        return str(self.directory / "gateway.yaml")

    def start(self):
        if self.embedded:
            words = ["serve", "--embedded", "--state-dir", str(self.state_dir), "--listen", "127.0.0.1:0"]
        else:
            words = ["serve", "--config", self.config]
        self.log = open(self.directory / "log", "ab")
        self.process = subprocess.Popen([*self.wrapper, self.binary, *words], stdout=subprocess.PIPE,
                                        stderr=self.log, env={**os.environ, **self.environment})
        ready, _, _ = select.select([self.process.stdout], [], [], READY_SECONDS)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the gateway did not start:\n{self.logged()}")
        told = json.loads(line)
        self.url, self.token, self.pid = told["url"], told.get("token"), told["pid"]
        if self.pid == 1:  # in a namespace of its own; here it has another number
            self.pid = None
            threads = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}")
            self.pid = int((threads / "children").read_text())
        return self

    def logged(self):
        return (self.directory / "log").read_text(errors="replace")

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            os.kill(self.pid or self.process.pid, how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"the gateway did not stop within {STOP_SECONDS} s")
        if self.process:
            self.process.stdout.close()
            self.log.close()
        return self.process.returncode if self.process else None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    def command(self, *words, check=False, **more):
        """Runs a subcommand of the binary against this gateway's files."""
        return subprocess.run([self.binary, *words], capture_output=True, text=True, timeout=60, check=check,
                              env={**os.environ, **self.environment}, **more)

    def mint(self, *scopes, subject="tester", ttl="1h"):
        words = ["token", "mint", "--subject", subject, "--ttl", ttl, "--state-dir", str(self.state_dir)]
        for scope in scopes:
            words += ["--scope", scope]
        return self.command(*words, check=True).stdout.strip()

    # MCP and HTTP

    def request(self, method="POST", path=None, body=None, headers=None, token=True, timeout=60):
        where = urllib.parse.urlsplit(self.url)
        if self.tls:
            connection = http.client.HTTPSConnection(where.hostname, where.port, timeout=timeout, context=self.tls)
        else:
            connection = http.client.HTTPConnection(where.hostname, where.port, timeout=timeout)
        try:
            send = dict(headers or {})
            bearer = self.token if token is True else token
            if bearer:
                send.setdefault("Authorization", f"Bearer {bearer}")
            connection.request(method, path or where.path, body=body, headers=send)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()},
                          response.read())
        finally:
            connection.close()

    def rpc(self, method, params=None, capabilities=None, **more):
        params = dict(params or {})
        params["_meta"] = {"io.modelcontextprotocol/protocolVersion": PROTOCOL,
                           "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
                           "io.modelcontextprotocol/clientCapabilities": capabilities or {}}
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
                   "MCP-Protocol-Version": PROTOCOL, "Mcp-Method": method}
        if "name" in params:
            headers["Mcp-Name"] = params["name"]
        target = (params.get("arguments") or {}).get("target")
        if isinstance(target, str):
            plain = target and target.isascii() and target.isprintable() and target == target.strip()
            headers["Mcp-Param-Target"] = target if plain else \
                f"=?base64?{base64.b64encode(target.encode('utf-8', 'surrogatepass')).decode()}?="
        headers.update(more.pop("headers", {}))
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        return self.request("POST", None, body, headers, **more)

    def call(self, tool, arguments=None, **more):
        """The result of a tool call: a dict with content, structuredContent, isError."""
        return self.rpc("tools/call", {"name": tool, "arguments": arguments or {}}, **more).result

    def tools(self, **more):
        return [tool["name"] for tool in self.rpc("tools/list", **more).result["tools"]]


def text_of(result):
    return "\n".join(block.get("text", "") for block in result["content"])


POLICY_ALL = """version: 1
rules:
  - id: everything
    effect: allow
    tier: admin
"""

GATEWAY_TOKEN = """version: 1
listen: ["127.0.0.1:0"]
state_dir: "@STATE@"
auth: {mode: token}
log: {level: debug}
"""

LOCAL_TARGET = """version: "1.0"
targets:
  local:
    type: local
    capabilities: ["system:read", "system:write", "network:read", "file:read"]
    constraints: {allowed_paths: ["/etc", "/var/log"]}
    metadata: {tags: [local], environment: lab}
"""


def local_gateway(policy=POLICY_ALL, targets=LOCAL_TARGET, gateway=GATEWAY_TOKEN, **more):
    """A gateway from files, with a token of scope admin in `.token`."""
    made = Gateway(files={"gateway.yaml": gateway, "targets.yaml": targets, "policy.yaml": policy}, **more)
    made.token = None
    start = made.start

    def start_and_mint():
        start()
        made.token = made.mint("admin")
        return made

    made.start = start_and_mint
    return made
