"""Runs the integration tests against a built binary: run.py --binary PATH [--suite all|sanitized] [--jobs N] [NAME ...]

The suites of test_*.py are unittest cases. The sanitized suite leaves out what only repeats the clients'
side, and the package, which is made of the release binary. The modules wait much more than they compute: N of them run
side by side, each in a process of its own. Ends with one line of counts and adds it to build/test-counts for `make test`.
"""
import argparse
import concurrent.futures
import faulthandler
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import harness  # noqa: E402  (needs the path above)

NOT_SANITIZED = {"test_clients", "test_client_compact", "test_client_features", "test_client_oauth", "test_client_tasks",
                 "test_commands", "test_inspector", "test_mcp_remote", "test_package", "test_readme", "test_schema_check", "test_schemas",
                 "test_stdio_schemas"}


# Bounds against a wait for something that never comes: several times what the slowest takes.
TEST_SECONDS = 240
MODULE_SECONDS = 900
# The longest, so that they do not begin last.
LONG = ["test_package", "test_service_manager", "test_machines", "test_clients", "test_client_features", "test_mcp_remote", "test_silence"]


class Counted(unittest.TextTestResult):
    passed = 0

    def startTest(self, test):
        super().startTest(test)

        def overdue(*_):
            faulthandler.dump_traceback()
            raise AssertionError(f"{test.id()} did not end within {TEST_SECONDS} s")

        signal.signal(signal.SIGALRM, overdue)
        signal.alarm(TEST_SECONDS)

    def stopTest(self, test):
        signal.alarm(0)
        super().stopTest(test)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def failed(self):
        """How many tests did not pass. A class whose set-up failed is one; a skipped test did not pass."""
        broken = {getattr(test, "test_case", test).id() for test, _ in self.failures + self.errors}
        return len(broken) + len(self.unexpectedSuccesses) + len(self.skipped)


def run_here(names):
    """Passed and failed tests of these modules, run in this process."""
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    outcome = unittest.TextTestRunner(verbosity=2, resultclass=Counted).run(suite)
    return outcome.passed, outcome.failed()


def run_apart(name):
    """Passed and failed tests of one module, run in a process of its own that must end in time."""
    began = time.monotonic()
    words = [sys.executable, __file__, "--binary", str(harness.BINARY), "--here", name]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
        try:
            told = child.communicate(timeout=MODULE_SECONDS)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            child.terminate()  # its tests' servers end with it
            try:
                told = child.communicate(timeout=30)[0].decode(errors="replace")
            except subprocess.TimeoutExpired:
                child.kill()
                told = child.communicate()[0].decode(errors="replace")
            told += f"\n{name} did not end within {MODULE_SECONDS} s\n"
    counts = re.findall(r"^(\d+) passed, (\d+) failed$", told, re.MULTILINE)
    passed, failed = map(int, counts[-1]) if counts else (0, 1)
    if child.returncode != 0:
        failed = max(failed, 1)
        print(told, flush=True)
    print(f"{name}: {passed} passed, {failed} failed ({time.monotonic() - began:.0f} s)", flush=True)
    return passed, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--suite", choices=["all", "sanitized"], default="all")
    parser.add_argument("--jobs", type=int, default=4, help="modules that run side by side")
    parser.add_argument("--here", action="store_true", help="run the named in this process and count for nobody else")
    parser.add_argument("names", nargs="*", help="test modules or module.Class.test")
    options = parser.parse_args()
    harness.BINARY = pathlib.Path(options.binary).resolve()
    if not harness.BINARY.exists():
        sys.exit(f"{harness.BINARY} is not there; run `make build`")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what the tests started is ended

    if options.here:
        passed, failed = run_here(options.names)
        print(f"{passed} passed, {failed} failed", flush=True)
        sys.exit(bool(failed))
    names = options.names or sorted((path.stem for path in HERE.glob("test_*.py")), key=lambda name: (name not in LONG, name))
    if options.suite == "sanitized":
        names = [name for name in names if name not in NOT_SANITIZED]
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        outcomes = list(pool.map(run_apart, names))
    passed, failed = (sum(column) for column in zip(*outcomes))
    print(f"{passed} passed, {failed} failed", flush=True)
    counts = harness.ROOT / "build/test-counts"
    counts.parent.mkdir(exist_ok=True)
    with counts.open("a") as file:
        file.write(f"integration-{options.suite} {passed} {failed}\n")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
