"""The benches in C++: what they print, and the lines of figure.hpp among it for the table."""
import subprocess
import tempfile

import gateways
from figures import Figure
from load import Wrong

TIMEOUT_SECONDS = 90


def found(build):
    return {path.name: path for path in sorted((build / "bin").glob("*_bench"))}


def run(report, path):
    with tempfile.TemporaryDirectory(prefix="bench-", dir=gateways.BUILD) as directory:
        # Their files belong on the same disk as ours; a bench without arguments leaves them to its default.
        words = [str(path), *([directory] if path.name == "audit_bench" else [])]
        try:
            ended = subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired as late:
            raise Wrong(f"not done within {TIMEOUT_SECONDS} s") from late
    for line in ended.stdout.splitlines():
        if not line.startswith("figure|"):
            report.note(line)
            continue
        _, what, measured, unit, wanted, goal = line.split("|")
        report.figures.append(Figure(what, float(measured), unit, wanted, float(goal)))
    if ended.returncode:
        raise Wrong(f"exited {ended.returncode}: {ended.stderr.strip()[-500:]}")
