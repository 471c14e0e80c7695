"""Names whose servers are silent and addresses that do not answer: each holds up itself alone.

Every test runs once more as a program in a network and a mount namespace of its own, where /etc/hosts,
/etc/resolv.conf and the addresses are the test's.
"""
import contextlib
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import harness
from harness import GATEWAY_TOKEN, POLICY_ALL, local_gateway, text_of, until

SILENT_V6, SILENT_SERVER = "2001:db8::77", "10.66.0.53"


class InNamespace(unittest.TestCase):
    def run_there(self, scenario):
        """What the scenario of this name, a function below, tells."""
        done = subprocess.run(["unshare", "--net", "--mount", sys.executable, __file__, scenario, str(harness.BINARY)],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(done.stdout.splitlines()[-1])

    def test_an_address_that_is_silent_hides_no_other(self):
        seen = self.run_there("silent_address")
        self.assertEqual(seen["addresses"][0], SILENT_V6, "the silent one is to be preferred")
        for call in seen["calls"]:
            self.assertTrue(call["ok"], call)
        # Ours to the gateway, and its own to both addresses.
        self.assertEqual(seen["calls"][0]["connections"], 3)
        # What answered is tried first from then on; the server closes every connection.
        self.assertEqual(min(call["connections"] for call in seen["calls"][1:]), 2)

    def test_a_name_whose_servers_are_silent_holds_up_no_other_and_no_stop(self):
        seen = self.run_there("silent_servers")
        # connection.timeout is 3 s, the resolver's own patience 60 s, the call's 80 s.
        self.assertFalse(seen["dead"]["ok"])
        self.assertLess(seen["dead"]["seconds"], 40)
        for call in seen["beside"]:
            self.assertTrue(call["ok"], call)
            self.assertLess(call["seconds"], 40)
        self.assertEqual(seen["stop_code"], 0)


# What runs in the namespaces.

def sh(*words):
    subprocess.run(words, check=True)


def prepare(hosts, resolv=""):
    sh("mount", "--make-rprivate", "/")
    sh("ip", "link", "set", "lo", "up")
    sh("ip", "addr", "add", f"{SILENT_SERVER}/32", "dev", "lo")
    sh("ip", "-6", "addr", "add", f"{SILENT_V6}/128", "dev", "lo", "nodad")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tailops-names-"))
    for path, text in (("/etc/hosts", hosts), ("/etc/resolv.conf", resolv)):
        file = folder / pathlib.Path(path).name
        file.write_text(text)
        sh("mount", "--bind", str(file), os.path.realpath(path))
    return folder


class Ok(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


def keep_silent(address, port):
    """A port that answers no attempt to connect, as behind a filter: its queue is full, and the kernel drops the
    rest. What it returns has to be kept."""
    listener = socket.socket(socket.AF_INET6)
    listener.bind((address, port))
    listener.listen(0)
    # An address that was just added may not be reached yet.
    filler = until(lambda: connection_to(address, port), what="a connection that fills the queue")
    until(lambda: waiting_at(port) == 1, what="the queue to be full")
    return [listener, filler]


def connection_to(address, port):
    with contextlib.suppress(OSError):
        return socket.create_connection((address, port), timeout=60)


def waiting_at(port):
    """How many connections wait to be accepted where we listen on `port` of an IPv6 address."""
    rows = (line.split() for line in pathlib.Path("/proc/net/tcp6").read_text().splitlines()[1:])
    return sum(int(row[4].split(":")[1], 16) for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}"))


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ok)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def connections_begun():
    """How many connections of this namespace were ever asked for, whether they came about or not."""
    names, values = (line.split() for line in pathlib.Path("/proc/net/snmp").read_text().splitlines()
                     if line.startswith("Tcp:"))
    return int(values[names.index("ActiveOpens")])


def timed(gateway, tool, **arguments):
    start, begun = time.monotonic(), connections_begun()
    result = gateway.call(tool, arguments)
    return {"seconds": time.monotonic() - start, "connections": connections_begun() - begun,
            "ok": not result.get("isError"), "text": text_of(result)[:200]}


def http_target(host, port):
    return f"""  api:
    type: remote
    executor: http
    connection: {{base_url: "http://{host}:{port}/", methods: [GET], paths: [/]}}
    capabilities: ["http:read"]
    constraints: {{timeout: 30s}}
"""


def silent_address():
    folder = prepare(f"127.0.0.1 localhost\n{SILENT_V6} two.example\n127.0.0.1 two.example\n")
    addresses = [a[4][0] for a in socket.getaddrinfo("two.example", 80, type=socket.SOCK_STREAM)]
    port = serve()
    silent = keep_silent(SILENT_V6, port)
    targets = 'version: "1.0"\ntargets:\n' + http_target("two.example", port)
    with local_gateway(policy=POLICY_ALL, targets=targets) as gateway:
        calls = [timed(gateway, "http_request", target="api", path="/") for _ in range(5)]
        if not all(call["ok"] for call in calls):
            calls = [{**call, "log": gateway.logged()[-4000:]} for call in calls]
    shutil.rmtree(folder)
    for one in silent:
        one.close()
    return {"addresses": addresses, "calls": calls}


def silent_servers():
    folder = prepare("127.0.0.1 localhost\n127.0.0.1 good.example\n",
                     f"nameserver {SILENT_SERVER}\noptions timeout:30 attempts:2\n")
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # takes questions and answers none
    server.bind((SILENT_SERVER, 53))
    sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key"))
    pin = " ".join((folder / "key.pub").read_text().split()[:2])
    targets = f"""version: "1.0"
targets:
  dead:
    type: remote
    executor: ssh
    connection: {{host: dead.example, username: root, key_path: {folder}/key, host_key: {pin}, timeout: 3s}}
    capabilities: ["system:read"]
    constraints: {{timeout: 80s}}
""" + http_target("good.example", serve())
    with local_gateway(policy=POLICY_ALL, targets=targets, gateway=GATEWAY_TOKEN) as gateway:
        dead = {}
        waiting = threading.Thread(target=lambda: dead.update(timed(gateway, "test_target", target="dead")))
        waiting.start()
        time.sleep(0.5)  # the lookup has begun; nothing tells when
        beside = [timed(gateway, "http_request", target="api", path="/") for _ in range(5)]
        waiting.join()
        code = gateway.stop(signal.SIGTERM)  # the lookup still runs: a minute is not over
    shutil.rmtree(folder)
    server.close()
    return {"dead": dead, "beside": beside, "stop_code": code}


if __name__ == "__main__":
    harness.BINARY = pathlib.Path(sys.argv[2])
    print(json.dumps({"silent_address": silent_address, "silent_servers": silent_servers}[sys.argv[1]]()))
