"""The way of a request that touches no target: its rate beside the official SDK's server, and what
authentication, policy and audit add to its latency."""
import json
import pathlib

import gateways
import harness
from load import HEAD, Ask, call, in_turn, rpc

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


def asks_of_gateway(gateway, tools):
    return {"gateway: GET /healthz": (gateway.pid, health(gateway)),
            "gateway: server/discover": (gateway.pid, discover(gateway)),
            "gateway: tools/call whoami": (gateway.pid, whoami(gateway)),
            f"gateway: tools/list, {tools} tools": (gateway.pid, tools_list(gateway))}


def asks_of_sdk(server):
    url, pid, count = server.told["url"], server.process.pid, server.told["tools"]
    return {"SDK: tools/call echo": (pid, call(url + "/echo", "echo", {"text": "hello"}, needle='"text":"hello"')),
            f"SDK: tools/list, {count} tools, zod": (
                pid, rpc(url + "/fifty", "tools/list", needle=f'"name":"tool_{count - 1}"')),
            "SDK: tools/list, the gateway's tools, zod": (pid, rpc(url + "/same", "tools/list", needle='"name":"whoami"')),
            "SDK: tools/list, the gateway's, JSON Schema": (pid, rpc(url + "/raw", "tools/list", needle='"name":"whoami"'))}


def throughput(report):
    """Answers per second with a token, 100 rules and the trail, beside the SDK's server, in turn."""
    with gateways.running(targets=EVERYTHING) as gateway:
        catalogue = gateway.rpc("tools/list").result["tools"]
        with gateways.node(SDK, json.dumps(catalogue)) as server:
            report.note(f"SDK: @modelcontextprotocol/server on node {server.told['node']}\n{HEAD}")
            # Long enough that what is under way at the end of a round is little of it, for the slowest too.
            loads = in_turn({**asks_of_gateway(gateway, len(catalogue)), **asks_of_sdk(server)}, seconds=2)
    for name, load in loads.items():
        report.note(load.row(name))
    _, _, called, listed, echoed, fifty, same, raw = loads.values()
    report.at_most("tools/call whoami", called.cpu_us, 18, "us CPU")
    report.at_least("tools/call: gateway / SDK v2", called.rate / echoed.rate, 20, "x")
    report.plain("tools/call: CPU per request, SDK v2 / gateway", echoed.cpu_us / called.cpu_us, "x")
    report.at_least("tools/list", listed.rate, 40_000, "/s")
    report.at_least("tools/list: gateway / SDK v2 with 50 tools", listed.rate / fifty.rate, 150, "x")
    report.plain("tools/list: CPU per request, SDK v2 with 50 tools / gateway", fifty.cpu_us / listed.cpu_us, "x")
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
