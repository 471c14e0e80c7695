"""Tokens of an authorization server through the whole gateway (auth_bench measures the cache alone)."""
import json
import re
import urllib.request

import gateways
import harness
from load import CLIENT_CORE, HEAD, Connection, Wrong, call, in_turn, memory_mb, port_of
from machines import free_port
from protocol import whoami
from test_oauth import post_json

REMEMBERED = 10_000
SERVER = harness.ROOT / "tests/support/authserver/fake-tsidp.mjs"


def settings_for(server, port):
    return re.sub("listen: .*", f'listen: ["127.0.0.1:{port}"]', gateways.TOKEN).replace("{mode: token}", f"""
  mode: oidc
  oidc:
    issuer: "{server.told['issuer']}"
    client_id: gateway
    client_secret: env:CLIENT_SECRET""")


def introspections(server):
    with urllib.request.urlopen(server.told["issuer"] + "/counts", timeout=10) as answer:
        return json.load(answer)["introspections"]


def use(port, ask, tokens, width=16):
    """One call with each token, `width` at a time."""
    connections = [Connection(port) for _ in range(width)]
    for start in range(0, len(tokens), width):
        batch = list(zip(connections, tokens[start:start + width]))
        for connection, token in batch:
            connection.send(ask.raw(token))
        for connection, _ in batch:
            connection.expect(ask.needle)
    for connection in connections:
        connection.close()


def cache_hits(report, gateway, ask):
    """Beside gateways whose tokens are their own, and that ask for none."""
    with gateways.running() as own, gateways.running(settings=gateways.NOBODY_ASKED) as none:
        loads = in_turn({"whoami, introspected token, from the cache": (gateway.pid, ask),
                         "whoami, gateway token": (own.pid, whoami(own)),
                         "whoami, nobody asked": (none.pid, whoami(none))}, rounds=5)
    report.note(HEAD)
    for name, load in loads.items():
        report.note(load.row(name))
    hit, own_hit, nothing = (load.cpu_us for load in loads.values())
    report.plain("gateway: introspected token beside gateway token", hit - own_hit, "us CPU")
    report.plain("gateway: introspected token beside nobody asked", hit - nothing, "us CPU")


def single_flight(report, server, port, ask):
    callers, token = 64, server.mint(1)[0]
    post_json(server.told["issuer"] + "/behave", {"delay_ms": 300})
    before = introspections(server)
    use(port, ask, [token] * callers, callers)
    post_json(server.told["issuer"] + "/behave", {})
    report.at_most(f"gateway: introspections for {callers} first uses of a token", introspections(server) - before, 1)


def bounded(report, gateway, server, port, ask):
    """Three times as many tokens as are remembered. The second round still makes room in the heap for what comes
    and goes; the third should find it."""
    tokens = server.mint(3 * REMEMBERED)
    before, memory = introspections(server), [memory_mb(gateway.pid)]
    for start in range(0, len(tokens), REMEMBERED):
        use(port, ask, tokens[start:start + REMEMBERED])
        memory.append(memory_mb(gateway.pid))
    if introspections(server) - before != len(tokens):
        raise Wrong("not every token was asked about once")
    first, second, third = (after - before for before, after in zip(memory, memory[1:]))
    report.note(f"{REMEMBERED} tokens: {first:+.1f} MB, {first / REMEMBERED * 1e6:.0f} bytes each; {REMEMBERED} more:"
                f" {second:+.1f} MB; {REMEMBERED} more: {third:+.1f} MB")
    report.at_most(f"gateway: memory for {REMEMBERED:,} tokens", first, 10, "MB")
    report.at_most(f"gateway: growth from {2 * REMEMBERED:,} to {3 * REMEMBERED:,} tokens", third, 1, "MB")


def introspection(report):
    port = free_port()
    with gateways.node(SERVER, json.dumps({"resources": [f"http://127.0.0.1:{port}/mcp"]}), core=CLIENT_CORE) as server:
        server.mint = lambda count: post_json(server.told["mint_endpoint"], {"count": count})["access_tokens"]
        with gateways.running(settings=settings_for(server, port), environment={
                "CLIENT_SECRET": server.told["clients"]["gateway"]}) as gateway:
            ask = call(gateway.url, "whoami", token=server.mint(1)[0], needle='"structuredContent":{"')
            single_flight(report, server, port_of(gateway.url), ask)
            cache_hits(report, gateway, ask)
            bounded(report, gateway, server, port_of(gateway.url), ask)
