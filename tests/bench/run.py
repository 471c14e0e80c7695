"""make bench: measures in one run and prints ratios; absolute figures belong to the machine they were made on.

    python3 tests/bench/run.py --build build/release [--only PART ...] [--list]

Servers run on one core and their clients on another, where there are two; bodies are checked. docs/performance.md
says what each part measures. Ends with 1 when something could not be measured; a missed goal is no failure.
"""
import argparse
import functools
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))

import harness  # noqa: E402  (needs the path above)

import control  # noqa: E402
import footprint  # noqa: E402
import introspection  # noqa: E402
import programs  # noqa: E402
import protocol  # noqa: E402
from figures import Report  # noqa: E402
from load import Wrong  # noqa: E402

PARTS = {
    "protocol": protocol.throughput,
    "latency": protocol.latency,
    "introspection": introspection.introspection,
    "start": footprint.start,
    "memory": footprint.memory,
    "idle_connections": footprint.idle_connections,
    "control": control.control,
}


def parts_of(build):
    """Name to function; the benches in C++ are parts by their names."""
    out = dict(PARTS)
    for name, path in programs.found(build).items():
        out[name] = functools.partial(programs.run, path=path)
    return out


def measure(part, report):
    """Runs a part; one that adds nothing to the table has not been measured, whatever it printed."""
    before = len(report.figures)
    part(report)
    if len(report.figures) == before:
        raise Wrong("it reported no figure")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--only", action="append", metavar="PART", help="run this part; may be repeated")
    parser.add_argument("--list", action="store_true", help="name the parts")
    options = parser.parse_args()
    build = pathlib.Path(options.build).resolve()
    harness.BINARY = build / "bin/tailops"
    parts = parts_of(build)
    if options.list:
        return print("\n".join(parts))
    unknown = set(options.only or ()) - set(parts)
    if unknown:
        sys.exit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(parts)}")

    report, began = Report(), time.monotonic()
    for name in options.only or parts:
        report.note(f"\n{name}")
        try:
            measure(parts[name], report)
        except Exception as error:  # the others can still be measured
            report.fail(name, f"{type(error).__name__}: {error}")
    print(f"\n{report.table()}\ntook {time.monotonic() - began:.0f} s")
    sys.exit(bool(report.failures))


if __name__ == "__main__":
    main()
