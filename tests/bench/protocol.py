"""The way of a request that touches no target: its rate beside the official SDK's server, and what
authentication, policy and audit add to its latency."""
import json
import pathlib

import gateways
import harness
from load import HEAD, Ask, call, drive, in_turn, rpc

SDK = pathlib.Path(__file__).resolve().parent / "sdk-server/server.mjs"


def whoami(gateway):
    return call(gateway.url, "whoami", token=gateway.token, needle='"structuredContent":{"')


def health(gateway):
    return Ask(gateway.url.removesuffix("/mcp") + "/healthz", needle='"status":"ok"')


def tools_list(gateway):
    return rpc(gateway.url, "tools/list", token=gateway.token, needle='"name":"whoami"')


def discover(gateway):
    return rpc(gateway.url, "server/discover", token=gateway.token)


# Of each kind one that nobody calls, so that the list of tools is complete.
EVERYTHING = harness.LOCAL_TARGET + """  engine:
    type: docker
    connection: {socket_path: /nonexistent/docker.sock}
    capabilities: ["container:read", "container:write"]
  api:
    type: http
    connection: {base_url: "http://127.0.0.1:9", methods: [GET, POST]}
    capabilities: ["http:read", "http:write"]
"""


def drive_all(report, pid, name, asks):
    rows = {}
    for what, ask in asks.items():
        rows[what] = drive(pid, ask)
        report.note(rows[what].row(f"{name}: {what}"))
    return rows.values()


def throughput(report):
    """Answers per second with a token, 100 rules and the trail, beside the SDK's server."""
    report.note(HEAD)
    with gateways.running(targets=EVERYTHING) as gateway:
        catalogue = gateway.rpc("tools/list").result["tools"]
        _, _, called, listed = drive_all(report, gateway.pid, "gateway", {
            "GET /healthz": health(gateway), "server/discover": discover(gateway),
            "tools/call whoami": whoami(gateway), f"tools/list, {len(catalogue)} tools": tools_list(gateway)})
    with gateways.node(SDK, json.dumps(catalogue)) as server:
        url, count = server.told["url"], server.told["tools"]
        report.note(f"SDK: @modelcontextprotocol/server, node {server.told['node']}")
        echoed, fifty, same, raw = drive_all(report, server.process.pid, "SDK", {
            "tools/call echo": call(url + "/echo", "echo", {"text": "hello"}, needle='"text":"hello"'),
            f"tools/list, {count} tools, zod": rpc(url + "/fifty", "tools/list", needle=f'"name":"tool_{count - 1}"'),
            "tools/list, the gateway's tools, zod": rpc(url + "/same", "tools/list", needle='"name":"whoami"'),
            "tools/list, the gateway's, JSON Schema": rpc(url + "/raw", "tools/list", needle='"name":"whoami"')})
    report.at_most("tools/call whoami", called.cpu_us, 18, "us CPU")
    report.at_least("tools/call: gateway / SDK v2", called.rate / echoed.rate, 20, "x")
    report.at_least("tools/list", listed.rate, 40_000, "/s")
    report.at_least(f"tools/list: gateway / SDK v2 with {count} tools", listed.rate / fifty.rate, 150, "x")
    report.plain("tools/list: gateway / SDK v2 with our tools in zod", listed.rate / same.rate, "x")
    report.plain("tools/list: gateway / SDK v2 with our schemas as they are", listed.rate / raw.rate, "x")


# About half of what the gateway can do: 64 connections that pause 6 ms on average.
PAUSE = (4, 8)


def latency(report):
    """What is added to a request's latency. There is no switch for the trail, so that the server "with them off"
    is server/discover of a gateway that asks nobody who they are: no token, no policy, no record, and no tool
    either. The difference is thus an upper bound."""
    report.note(HEAD)
    with gateways.running() as on, gateways.running(settings=gateways.NOBODY_ASKED,
                                                    policy=gateways.policy_of(1)) as off:
        asks = {"token, 100 rules, trail: whoami": (on.pid, whoami(on)),
                "nobody asked, 1 rule, trail: whoami": (off.pid, whoami(off)),
                "nobody asked: server/discover": (off.pid, discover(off)),
                "nobody asked: GET /healthz": (off.pid, health(off))}
        for how, pause in (("one after the other", None), ("half the load", PAUSE)):
            report.note(f"64 connections, {how}:")
            loads = in_turn(asks, pause_ms=pause)
            for name, load in loads.items():
                report.note(load.row(name))
            full, light, bare, _ = loads.values()
            report.note(f"authentication and 99 rules add {full.p50 - light.p50:.3f} ms at p50,"
                        f" {full.p99 - light.p99:.3f} ms at p99")
            report.at_most(f"added latency p50, 64 connections, {how}", full.p50 - bare.p50, 0.1, "ms")
            report.at_most(f"added latency p99, 64 connections, {how}", full.p99 - bare.p99, 0.5, "ms")
