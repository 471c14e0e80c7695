"""Calls that change something: their intent is on the disk before the effect."""
import os
import pathlib
import time

import gateways
import harness
from load import CLIENT_CORE, HEAD, call, check, drive

EFFECT = pathlib.Path(__file__).resolve().parent / "sdk-server/effect.mjs"
REHEARSE = "{id: rehearse, effect: dry_run_only, tier: admin, tools: [http_request]}"


def fsync_rate(directory):
    """What the disk does when a program appends 4 KiB and calls fdatasync, one after the other."""
    path, block, count = directory / "disk", b"x" * 4096, 0
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    began = time.monotonic()
    while time.monotonic() - began < 1:
        os.write(file, block)
        os.fdatasync(file)
        count += 1
    took = time.monotonic() - began
    os.close(file)
    path.unlink()
    return count / took


def written(pid):
    """Thread id to (bytes, calls) of write(2)."""
    out = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        fields = dict(line.split(": ") for line in (task / "io").read_text().splitlines())
        out[task.name] = int(fields["wchar"]), int(fields["syscw"])
    return out


def trail_writes(before, after):
    """write(2) calls of the thread that wrote most: the trail's, which writes a batch at once and then syncs it."""
    grown = [(bytes_now - before.get(task, (0, 0))[0], calls - before.get(task, (0, 0))[1])
             for task, (bytes_now, calls) in after.items()]
    return max(grown)[1]


def measure(report, gateway, ask, connections, name):
    """The load, and how many calls shared one write and sync of the trail."""
    check(ask, connections)
    before = written(gateway.pid)
    load = drive(gateway.pid, ask, connections)
    shared = load.answers / trail_writes(before, written(gateway.pid))
    report.note(f"{load.row(name)}  {shared:5.1f} calls per sync")
    return load, shared


def control(report):
    with gateways.node(EFFECT, core=CLIENT_CORE) as effect:
        target = f"""version: "1.0"
targets:
  api:
    type: http
    connection: {{base_url: "{effect.told['url']}", methods: [POST]}}
    capabilities: ["http:read", "http:write"]
    constraints: {{concurrency: 256}}
    metadata: {{tags: [api], environment: lab}}
"""
        arguments = {"target": "api", "method": "POST", "path": "/restart"}
        limits = "limits: {connections_per_peer: 512}\naudit: {rotate_bytes: 4294967296}\n"
        report.note(HEAD)
        with gateways.running(targets=target, limits=limits, policy=gateways.policy_of(100, REHEARSE)) as gateway:
            disk = fsync_rate(gateway.state_dir)
            ask = call(gateway.url, "http_request", arguments, token=gateway.token, needle="would send POST")
            rehearsed, _ = measure(report, gateway, ask, 64, "dry run, 64 connections")
            _, shared = measure(report, gateway, ask, 256, "dry run, 256 connections")
        with gateways.running(targets=target, limits=limits) as gateway:
            ask = call(gateway.url, "http_request", arguments, token=gateway.token, needle='"status":200')
            done, _ = measure(report, gateway, ask, 64, "POST to an API, 64 connections")
            disk = (disk + fsync_rate(gateway.state_dir)) / 2
        report.note(f"the disk itself: {disk:.0f} fdatasync/s, one after the other; a call needs one before its effect")
    report.at_least("control calls (dry run) / (disk's fsync rate x 64)", rehearsed.rate / (disk * 64), 0.8)
    report.at_least("control calls (HTTP POST) / (disk's fsync rate x 64)", done.rate / (disk * 64), 0.8)
    report.at_least("control calls that share one fsync, 256 connections", shared, 64)
