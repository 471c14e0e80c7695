"""make bench: measures in one run and prints ratios; absolute figures belong to the machine they were made on.

    python3 tests/bench/run.py --build build/release

Each step needs about ten seconds. The gateway serves with token authentication, a policy of 100 rules and
the audit trail on; wrk drives it over loopback with keep-alive.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))

import harness  # noqa: E402  (needs the path above)

TICKS = os.sysconf("SC_CLK_TCK")
SECONDS = 5


def policy_of(rules):
    lines = ["version: 1", "rules:", "  - {id: everything, effect: allow, tier: admin}"]
    lines += [f"  - {{id: other-{n}, effect: deny, principals: {{subjects: [user-{n}]}}}}" for n in range(rules - 1)]
    return "\n".join(lines) + "\n"


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1)) / 1024


def wrk(gateway, method, params, connections):
    """requests/s, p50 ms, p99 ms, CPU microseconds of the gateway per request."""
    params = dict(params, _meta={"io.modelcontextprotocol/protocolVersion": harness.PROTOCOL,
                                 "io.modelcontextprotocol/clientCapabilities": {}})
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    headers = {"Content-Type": "application/json", "Accept": "application/json",
               "Authorization": f"Bearer {gateway.token}", "MCP-Protocol-Version": harness.PROTOCOL,
               "Mcp-Method": method}
    if "name" in params:
        headers["Mcp-Name"] = params["name"]
    script = [f'wrk.method = "POST"', f"wrk.body = {json.dumps(body)}"]
    script += [f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}" for k, v in headers.items()]
    return drive(gateway, gateway.url, script, connections)


def drive(gateway, url, script, connections):
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write("\n".join(script + [
            "done = function(summary, latency, requests)",
            '  io.write(string.format("RESULT %d %d %f %f\\n", summary.requests, summary.errors.status,'
            " latency:percentile(50) / 1000, latency:percentile(99) / 1000))", "end"]))
        file.flush()
        before, start = cpu_seconds(gateway.pid), time.monotonic()
        out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", file.name, url], check=True,
                             capture_output=True, text=True).stdout
        cpu, took = cpu_seconds(gateway.pid) - before, time.monotonic() - start
    count, errors, p50, p99 = re.search(r"RESULT (\d+) (\d+) ([\d.]+) ([\d.]+)", out).groups()
    if int(errors):
        sys.exit(f"{errors} of {count} requests failed: the figures would mean nothing")
    return int(count) / took, float(p50), float(p99), cpu / int(count) * 1e6


def bench_protocol():
    with harness.local_gateway(policy=policy_of(100), gateway=harness.GATEWAY_TOKEN.replace("debug", "error")) as gateway:
        started = time.monotonic()
        with harness.Gateway(embedded=True) as other:
            other.request("GET", "/healthz", token=None)
            start_ms = (time.monotonic() - started) * 1000
        print(f"start to first answer: {start_ms:.0f} ms (with the harness' own process); idle memory {memory_mib(gateway.pid):.1f} MiB")
        print(f"{'what':34} {'req/s':>9} {'p50 ms':>8} {'p99 ms':>8} {'CPU us/req':>11} {'of healthz':>11}")
        origin = gateway.url.removesuffix("/mcp")
        floor = drive(gateway, origin + "/healthz", [], 64)
        rows = [("GET /healthz (the HTTP floor)", floor),
                ("tools/call whoami", wrk(gateway, "tools/call", {"name": "whoami", "arguments": {}}, 64)),
                ("tools/list", wrk(gateway, "tools/list", {}, 64)),
                ("server/discover", wrk(gateway, "server/discover", {}, 64))]
        for name, (rate, p50, p99, cpu) in rows:
            print(f"{name:34} {rate:9.0f} {p50:8.2f} {p99:8.2f} {cpu:11.1f} {cpu / floor[3]:10.1f}x")
        print(f"memory after load {memory_mib(gateway.pid):.1f} MiB")


def bench_program(path, *arguments):
    print(f"\n{path.name}", flush=True)
    subprocess.run([str(path), *arguments], check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release")
    build = pathlib.Path(parser.parse_args().build).resolve()
    harness.BINARY = build / "bin/tailops"
    bench_protocol()
    for program in sorted((build / "bin").glob("*_bench")):
        with tempfile.TemporaryDirectory() as directory:
            bench_program(program, *([directory] if program.name == "audit_bench" else []))


if __name__ == "__main__":
    main()
