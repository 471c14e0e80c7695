"""A proxy before an MCP server that checks every message the server sends against the published schemas.

    with Wire(server_url) as wire:
        ... talk to wire.url ...
    wire.report["violations"]

`report` is there once the block is left: {messages, valid, counts: {revision: {kind: n}}, violations, violated,
apart}. `violated` counts what is wrong, of which `violations` holds the first 200; one message can have several
faults, and what is no message can have some.
A kind is "result tools/list", "error -32602", "notification notifications/message", "request elicitation/create".
"""
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
HERE = pathlib.Path(__file__).resolve().parent
NODE = ROOT / "tests/integration/node_modules/node/bin/node"
STOP_SECONDS = 120  # it checks everything then, and the machine may be busy


class Wire:
    def __init__(self, server_url):
        self.server_url, self.url, self.process, self.report = server_url, None, None, None

    def __enter__(self):
        self.process = subprocess.Popen([str(NODE), str(HERE / "proxy.mjs"), self.server_url],
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the proxy did not start: exit code {self.process.wait()}")
        self.url = json.loads(line)["url"]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        told, _ = self.process.communicate(timeout=STOP_SECONDS)
        if self.process.returncode != 0:
            raise AssertionError(f"the proxy ended with {self.process.returncode}")
        self.report = json.loads(told)

    def seen(self, revision):
        """The kinds of messages that were seen in a revision, with their number."""
        return self.report["counts"].get(revision, {})


def tapped(record, words):
    """The words that start a server of stdin and stdout and write down in `record`, a path, what passes."""
    return [str(NODE), str(HERE / "stdio_tap.mjs"), str(record), *map(str, words)]


def check_record(record):
    """The report of what passed, as Wire has it."""
    done = subprocess.run([str(NODE), str(HERE / "lines.mjs"), str(record)], capture_output=True, text=True,
                          timeout=STOP_SECONDS)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def told(violation):
    """One violation as a line for people."""
    kind = violation.get("kind", "no message")
    return (f"{violation.get('revision', '?')} {kind} on {violation['exchange']} (HTTP {violation['status']}): "
            f"{violation.get('path', '')} {violation['message']}: {violation['text']}")
