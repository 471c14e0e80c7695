"""Runs the official MCP conformance suites against the fixture server and prints the scoreboard.

    python3 tests/conformance/run.py --server build/release/bin/mcp_fixture_server [SITTING ...]

A sitting is one run of a suite: its name, what it must come to. There is no list of expected failures: one
check that failed or warned fails the run, and so does a scenario that was not run. All of it passes through
tests/support/wire, which checks each message of the server against the published schema of its revision; one
that is not valid fails the run too.
"""
import argparse
import collections
import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tests/support/wire"))

from wire import NODE, Wire, told  # noqa: E402  (needs the path above; the suites need Node.js 22, too)

SECONDS_MAX = 900

# scenarios: how many the suite must have run, so that none can drop out unseen.
Sitting = collections.namedtuple("Sitting", "name suite arguments scenarios")
SITTINGS = [
    Sitting("2026-07-28", "conformance-0.2", ["--requirements", "2026-07-28"], 50),
    Sitting("2025-11-25", "conformance-0.2", ["--requirements", "2025-11-25"], 33),
    Sitting("2025-06-18", "conformance-0.2", ["--suite", "all", "--spec-version", "2025-06-18"], 27),
    Sitting("0.1.16", "conformance-0.1", ["--suite", "all"], 32),
]
BAD = ("FAILURE", "WARNING")


class FixtureServer:
    def __init__(self, binary):
        self.process = subprocess.Popen([str(binary), "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["url"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        if self.process.wait(timeout=30) != 0:
            sys.exit(f"the fixture server ended with {self.process.returncode}")


def sit(sitting, url, output):
    """Runs one sitting; its checks by scenario."""
    program = HERE / "node_modules" / sitting.suite / "dist/index.js"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    run = subprocess.run([str(NODE), str(program), "server", "--url", url, *sitting.arguments, "-o", str(output)],
                         capture_output=True, text=True, timeout=SECONDS_MAX)
    (output / "output.txt").write_text(run.stdout + run.stderr)
    checks = {}
    for path in sorted(output.glob("**/checks.json")):
        checks[path.parent.name.rsplit("-20", 1)[0]] = json.loads(path.read_text())
    return run.returncode, checks


def report(sitting, code, checks):
    """Prints the line of one sitting and what went wrong in it; whether it passed."""
    statuses = collections.Counter(check["status"] for all_of in checks.values() for check in all_of)
    bad_scenarios = [name for name, all_of in checks.items() if any(c["status"] in BAD for c in all_of)]
    passed = code == 0 and not bad_scenarios and len(checks) >= max(sitting.scenarios, 1)
    print(f"{sitting.name:12} {len(checks) - len(bad_scenarios):3} of {len(checks):3} scenarios   "
          f"{statuses['SUCCESS']:4} passed {statuses['FAILURE']:3} failed {statuses['WARNING']:3} warnings "
          f"{statuses['SKIPPED']:3} skipped   {'ok' if passed else 'NOT PASSED'}", flush=True)
    for name in bad_scenarios:
        for check in checks[name]:
            if check["status"] in BAD:
                print(f"    {name}: {check['id']} {check['status']}: {check.get('errorMessage', '')[:400]}")
    if len(checks) < sitting.scenarios:
        print(f"    {sitting.scenarios} scenarios were to be run")
    if code != 0:
        print(f"    the suite's exit code is {code}")
    return passed


def report_messages(reports):
    """Prints the line of the messages of all sittings and what is wrong with them; whether all are valid.

    `reports`: pairs of a sitting and what its wire reported.
    """
    messages, valid = (sum(seen[key] for _, seen in reports) for key in ("messages", "valid"))
    wrong = sum(seen["violated"] for _, seen in reports)
    # Each scenario hears the server at least once; fewer messages were not seen rather than not sent.
    unseen = [sitting for sitting, seen in reports if seen["messages"] < sitting.scenarios]
    passed = bool(reports) and not wrong and not unseen
    print(f"{'all of them':12} {valid:3} of {messages:3} messages valid against their schema   "
          f"{'ok' if passed else 'NOT PASSED'}", flush=True)
    for sitting, seen in reports:
        for violation in seen["violations"]:
            print(f"    {sitting.name}: {told(violation)}")
    for sitting in unseen:
        print(f"    {sitting.name}: fewer messages than scenarios were seen")
    return passed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("sittings", nargs="*", help="names of sittings; all of them when there is none")
    options = parser.parse_args()
    server = pathlib.Path(options.server).resolve()
    if not server.exists():
        sys.exit(f"{server} is not there; run `make conformance`")
    wanted = [s for s in SITTINGS if not options.sittings or s.name in options.sittings]
    passed, reports = 0, []
    for sitting in wanted:
        with FixtureServer(server) as fixture:
            with Wire(fixture.url) as wire:
                passed += report(sitting, *sit(sitting, wire.url, ROOT / "build/conformance" / sitting.name))
            reports.append((sitting, wire.report))
    passed += report_messages(reports)
    failed = len(wanted) + 1 - passed
    print(f"{passed} passed, {failed} failed")
    counts = ROOT / "build/test-counts"
    counts.parent.mkdir(exist_ok=True)
    with counts.open("a") as file:
        file.write(f"conformance {passed} {failed}\n")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
