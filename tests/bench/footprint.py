"""Memory and start-up."""
import json
import os
import resource
import signal
import statistics
import subprocess
import time

import gateways
import harness
from load import SERVER_CORE, Connection, call, drive, memory_mb, on_core, port_of
from protocol import whoami

IDLE = 10_000
MANY_LIMITS = f"limits: {{connections: {2 * IDLE}, connections_per_peer: {2 * IDLE}, idle_timeout: 600s}}\n"


def memory(report):
    """Resident memory when nobody has asked yet, and at its highest with 256 connections over 100 targets."""
    with gateways.running() as gateway:
        idle = memory_mb(gateway.pid)
        report.note(f"one target: idle {idle:.1f} MB, {memory_mb(gateway.pid, 'RssFile'):.1f} of it pages of program and"
                    " libraries")
    with gateways.running(targets=gateways.ssh_targets(100), limits="limits: {connections_per_peer: 512}\n") as gateway:
        before = memory_mb(gateway.pid)
        drive(gateway.pid, whoami(gateway), 256)
        drive(gateway.pid, call(gateway.url, "list_targets", token=gateway.token, needle='"web-099"'), 256)
        peak = memory_mb(gateway.pid, "VmHWM")
        report.note(f"100 targets: idle {before:.1f} MB, at most {peak:.1f} MB under whoami and list_targets over"
                    f" 256 connections, {memory_mb(gateway.pid):.1f} MB after it")
    report.at_most("memory, idle", idle, 15, "MB")
    report.at_most("memory, 256 connections, 100 targets (no jobs exist yet)", peak, 30, "MB")


def idle_connections(report):
    """Kept connections that have asked once and say nothing. The kernel's own memory for a socket is not in it."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    count = min(IDLE, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 300)
    with gateways.running(limits=MANY_LIMITS) as gateway:
        ask, port = whoami(gateway), port_of(gateway.url)
        request = ask.raw()

        def more(number):
            made = [Connection(port) for _ in range(number)]
            for connection in made:
                connection.ask(request, ask.needle)
            return made
        kept = more(100)
        before = memory_mb(gateway.pid)
        kept += more(count)
        after = memory_mb(gateway.pid)
        for connection in kept[::100]:
            connection.ask(request, ask.needle)  # they are still served
        for connection in kept:
            connection.close()
        harness.until(lambda: len(os.listdir(f"/proc/{gateway.pid}/fd")) < 200, what="the end of the connections")
        report.note(f"{count} idle connections: {before:.1f} -> {after:.1f} MB; {memory_mb(gateway.pid):.1f} MB once they"
                    " are gone")
    report.at_most(f"memory per idle connection, {count:,} of them", (after - before) / count * 1000, 10, "KB")


def start_to_answer(words, token=None):
    """Milliseconds from before the process is there to the whole answer of its first tools/call."""
    began = time.monotonic()
    process = subprocess.Popen([str(harness.BINARY), *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    told = json.loads(process.stdout.readline())
    ask = call(told["url"], "whoami", token=token or told["token"], needle='"structuredContent":{"')
    connection = Connection(port_of(told["url"]))
    connection.ask(ask.raw(), ask.needle)
    took = (time.monotonic() - began) * 1000
    connection.close()
    process.send_signal(signal.SIGTERM)
    process.wait(25)
    process.stdout.close()
    return took


def start(report):
    with gateways.running(targets=gateways.ssh_targets(100)) as gateway, on_core(SERVER_CORE):
        gateway.stop()
        words = ["serve", "--config", gateway.config]
        again = [start_to_answer(words, gateway.token) for _ in range(7)]
    first = []
    with on_core(SERVER_CORE):
        for _ in range(5):
            with gateways.state_dir() as state:
                words = ["serve", "--embedded", "--state-dir", str(state), "--listen", "127.0.0.1:0"]
                first.append(start_to_answer(words))
    began = time.monotonic()
    subprocess.run(["true"], check=True)
    report.note(f"start to answer: {statistics.median(again):.1f} ms with 100 targets and 100 rules ({min(again):.1f} to"
                f" {max(again):.1f}), {statistics.median(first):.1f} ms with a new state directory; running `true` takes"
                f" {(time.monotonic() - began) * 1000:.1f} ms")
    report.at_most("start to first answer, 100 targets, 100 rules", statistics.median(again), 50, "ms")
    report.at_most("start to first answer, new state directory", statistics.median(first), 50, "ms")
