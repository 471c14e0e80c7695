"""Load and what it costs: wrk on one core, the server on another, sockets by hand, /proc."""
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import resource
import socket
import statistics
import subprocess
import tempfile
import time

import harness

TICKS = os.sysconf("SC_CLK_TCK")
SECONDS = 3

# The server has one core and its clients another, where there are two.
CORES = sorted(os.sched_getaffinity(0))
CLIENT_CORE, SERVER_CORE = CORES[0], CORES[-1]


@contextlib.contextmanager
def on_core(core):
    """What is started inside runs on `core` alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid):
    """CPU time of all threads of a process, to 10 ms."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(pid, which="VmRSS"):
    """Resident memory in MB of 10^6 bytes; VmHWM is the most that it ever was."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(which + r":\s+(\d+)", text).group(1)) * 1024 / 1e6


@dataclasses.dataclass
class Ask:
    """One HTTP request that is sent over and over, and what each answer must hold."""
    url: str
    method: str = "GET"
    body: str = ""
    headers: dict = dataclasses.field(default_factory=dict)
    needle: str = "ok"
    size: float = 0  # bytes of an answer on the wire, once they have been looked at

    def raw(self, token=None):
        """Its bytes on the wire; `token` takes the place of the bearer."""
        where = re.match(r"http://([^/]+)(/.*)", self.url)
        headers = {"Host": where[1], "Content-Length": str(len(self.body)), **self.headers}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        lines = [f"{self.method} {where[2]} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n" + self.body).encode()


def rpc(url, method, params=None, token=None, needle='"result":{'):
    """A request of MCP 2026-07-28."""
    params = dict(params or {}, _meta={"io.modelcontextprotocol/protocolVersion": harness.PROTOCOL,
                                       "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
                                       "io.modelcontextprotocol/clientCapabilities": {}})
    headers = {"Content-Type": "application/json", "Accept": "application/json",
               "MCP-Protocol-Version": harness.PROTOCOL, "Mcp-Method": method}
    if "name" in params:
        headers["Mcp-Name"] = params["name"]
    if "target" in params.get("arguments", {}):
        headers["Mcp-Param-Target"] = params["arguments"]["target"]
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    return Ask(url, "POST", body, headers, needle)


def call(url, tool, arguments=None, **more):
    return rpc(url, "tools/call", {"name": tool, "arguments": arguments or {}}, **more)


@dataclasses.dataclass
class Load:
    answers: int
    rate: float  # answers per second
    p50: float  # ms
    p99: float
    cpu_us: float  # of the server, per answer
    client_share: float  # of its core, that wrk used

    def row(self, name):
        return (f"{name:46} {self.rate:9.0f} {self.p50:8.2f} {self.p99:8.2f} {self.cpu_us:8.1f}"
                f" {self.rate * self.cpu_us / 1e4:8.0f}% {self.client_share * 100:4.0f}%")


HEAD = f"{'':46} {'answers/s':>9} {'p50 ms':>8} {'p99 ms':>8} {'CPU us':>8} {'of core':>9} {'wrk':>5}"

SCRIPT = """
wrk.method, wrk.body = %(method)s, %(body)s
if wrk.body == "" then wrk.body = nil end
%(headers)s
local threads = {}
function setup(thread) table.insert(threads, thread) end
%(more)s
function done(summary, latency)
  local e, wrong, seen = summary.errors, 0, 0
  for _, thread in ipairs(threads) do
    wrong, seen = wrong + (thread:get("wrong") or 0), seen + (thread:get("seen") or 0)
  end
  io.write(string.format("RESULT %%d %%d %%d %%d %%d %%d %%.3f %%.3f\\n", summary.requests, summary.duration,
    summary.bytes, e.connect + e.read + e.write + e.status + e.timeout, wrong, seen,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""
CHECK = """
wrong, seen = 0, 0
function response(status, headers, body)
  seen = seen + 1
  if status ~= 200 or not body:find(%s, 1, true) or body:find('"isError":true', 1, true) then wrong = wrong + 1 end
end
"""
# wrk leaves the pause out of the latency.
PACE = "function delay() return math.random(%d, %d) end\n"


class Wrong(Exception):
    """Answers that are no results: the figures would mean nothing."""


def quoted(text):
    return json.dumps(text)


def run_wrk(ask, connections, seconds, more=""):
    script = SCRIPT % {"method": quoted(ask.method), "body": quoted(ask.body), "more": more, "headers": "\n".join(
        f"wrk.headers[{quoted(name)}] = {quoted(value)}" for name, value in ask.headers.items())}
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file, on_core(CLIENT_CORE):
        file.write(script)
        file.flush()
        out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s", file.name,
                              ask.url], check=True, capture_output=True, text=True, timeout=seconds + 60).stdout
    told = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+)", out)
    if not told:
        raise Wrong(f"wrk said: {out}")
    requests, microseconds, size, errors, wrong, seen = (int(field) for field in told.groups()[:6])
    if errors or wrong or not requests:
        raise Wrong(f"{errors} errors and {wrong} wrong bodies in {requests} answers of {ask.url}")
    return requests, microseconds / 1e6, size / requests, seen, float(told[7]), float(told[8])


def check(ask, connections=64, seconds=1):
    """Looks at every body for a moment, which also warms the server up. Looking costs wrk more than we cost per
    answer, so that what is measured runs without, and is held to the same number of bytes."""
    requests, _, ask.size, seen, _, _ = run_wrk(ask, connections, seconds, CHECK % quoted(ask.needle))
    if seen < requests:
        raise Wrong(f"only {seen} of {requests} bodies were looked at")


def drive(pid, ask, connections=64, *, seconds=SECONDS, pause_ms=None):
    """Drives the server `pid` for some seconds over kept connections, each asking again once it has its answer,
    after a pause of (from, to) ms where one is given."""
    if not ask.size:
        check(ask, connections)
    before, client_before = cpu_seconds(pid), resource.getrusage(resource.RUSAGE_CHILDREN)
    requests, took, size, _, p50, p99 = run_wrk(ask, connections, seconds, PACE % pause_ms if pause_ms else "")
    cpu, client = cpu_seconds(pid) - before, resource.getrusage(resource.RUSAGE_CHILDREN)
    if abs(size - ask.size) > 0.05 * ask.size:
        raise Wrong(f"answers of {size:.0f} bytes where results have {ask.size:.0f}")
    client_cpu = client.ru_utime + client.ru_stime - client_before.ru_utime - client_before.ru_stime
    return Load(requests, requests / took, p50, p99, cpu / requests * 1e6, client_cpu / took)


def in_turn(asks, *, rounds=3, seconds=1, **how):
    """Name to the median Load of several short rounds; `asks`: name to (pid, ask). Each round has all of them, so
    that a busy moment of the machine strikes them alike."""
    loads = {name: [] for name in asks}
    for _ in range(rounds):
        for name, (pid, ask) in asks.items():
            loads[name].append(drive(pid, ask, seconds=seconds, **how))
    return {name: Load(*(statistics.median(values) for values in zip(*(dataclasses.astuple(load) for load in some))))
            for name, some in loads.items()}


class Connection:
    """One kept connection that says and reads bytes."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.held = b""

    def send(self, data):
        self.socket.sendall(data)

    def read(self):
        """The status and the body of the next answer, which must have a Content-Length."""
        while b"\r\n\r\n" not in self.held:
            self.fill()
        head, self.held = self.held.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", head)[1])
        while len(self.held) < length:
            self.fill()
        body, self.held = self.held[:length], self.held[length:]
        return int(head[9:12]), body

    def fill(self):
        data = self.socket.recv(65536)
        if not data:
            raise Wrong("the server closed the connection")
        self.held += data

    def ask(self, data, needle):
        self.send(data)
        self.expect(needle)

    def expect(self, needle):
        status, body = self.read()
        if status != 200 or needle.encode() not in body:
            raise Wrong(f"HTTP {status}: {body[:200]!r}")

    def close(self):
        self.socket.close()


def port_of(url):
    return int(re.match(r"http://[^:/]+:(\d+)", url)[1])
