"""Gateways as the benches want them, on the server's core and with their state on a disk."""
import contextlib
import pathlib
import tempfile

import harness
import load
import machines

BUILD = harness.ROOT / "build"

# One thread for network and calls: the server has one core.
TOKEN = """version: 1
threads: 1
listen: ["127.0.0.1:0"]
state_dir: "@STATE@"
auth: {mode: token}
log: {level: error}
mcp: {calls_per_minute: 0}
"""
NOBODY_ASKED = TOKEN.replace("{mode: token}", "{mode: none, i_accept_the_risk: true, anonymous_scopes: [admin]}")


def policy_of(rules, first="{id: everything, effect: allow, tier: admin}"):
    """`first`, and rules about others up to the number."""
    lines = ["version: 1", "roles: {operators: {members: {subjects: [alice@example.com]}, scopes: [admin]}}", "rules:",
             f"  - {first}"]
    lines += [f"  - {{id: other-{n}, effect: deny, principals: {{subjects: [user-{n}]}}}}" for n in range(rules - 1)]
    return "\n".join(lines) + "\n"


def ssh_targets(count):
    """So many machines that nobody calls."""
    lines = ['version: "1.0"', "targets:"]
    for n in range(count):
        lines += [f"  web-{n:03}:", "    type: ssh",
                  f"    connection: {{host: 192.0.2.{n % 250 + 1}, username: tailops, key_path: /nonexistent/key}}",
                  '    capabilities: ["system:read", "network:read", "file:read"]',
                  f"    metadata: {{tags: [web, rack-{n % 10}], environment: production}}"]
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def state_dir():
    """A new folder below build/: on the disk whose fsync is measured, not in a /tmp that may be memory."""
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as directory:
        yield pathlib.Path(directory) / "state"


@contextlib.contextmanager
def running(*, settings=TOKEN, policy=None, targets=harness.LOCAL_TARGET, limits="", **more):
    """A gateway that serves, with a token of scope admin in `.token` where tokens count."""
    with state_dir() as state:
        gateway = harness.Gateway(state_dir=state, files={
            "gateway.yaml": settings + limits, "targets.yaml": targets, "policy.yaml": policy or policy_of(100)}, **more)
        with load.on_core(load.SERVER_CORE):
            gateway.start()
        try:
            if "mode: token" in settings:
                gateway.token = gateway.mint("admin")
            yield gateway
        finally:
            gateway.__exit__()


@contextlib.contextmanager
def node(program, *arguments, core=load.SERVER_CORE):
    """A node program, by its absolute path, that prints one line of JSON once it listens."""
    with load.on_core(core):
        server = machines.NodeServer(program, *arguments).__enter__()
    try:
        yield server
    finally:
        server.__exit__()
