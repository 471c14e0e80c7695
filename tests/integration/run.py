"""Runs the integration tests against a built binary: run.py --binary PATH [--suite all|sanitized] [NAME ...]

The suites of test_*.py are unittest cases. The sanitized suite leaves out what only repeats the clients'
side, and the package, which is made of the release binary. Ends with one line of counts and adds it to build/test-counts for `make test`.
"""
import argparse
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import harness  # noqa: E402  (needs the path above)

NOT_SANITIZED = {"test_clients", "test_client_compact", "test_client_features", "test_client_oauth", "test_client_tasks",
                 "test_commands", "test_inspector", "test_mcp_remote", "test_package", "test_readme", "test_schema_check", "test_schemas",
                 "test_stdio_schemas"}


class Counted(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def failed(self):
        """How many tests did not pass. A class whose set-up failed is one; a skipped test did not pass."""
        broken = {getattr(test, "test_case", test).id() for test, _ in self.failures + self.errors}
        return len(broken) + len(self.unexpectedSuccesses) + len(self.skipped)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--suite", choices=["all", "sanitized"], default="all")
    parser.add_argument("names", nargs="*", help="test modules or module.Class.test")
    options = parser.parse_args()
    harness.BINARY = pathlib.Path(options.binary).resolve()
    if not harness.BINARY.exists():
        sys.exit(f"{harness.BINARY} is not there; run `make build`")

    names = options.names or sorted(path.stem for path in HERE.glob("test_*.py"))
    if options.suite == "sanitized":
        names = [name for name in names if name not in NOT_SANITIZED]
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    runner = unittest.TextTestRunner(verbosity=2 if options.names else 1, resultclass=Counted)
    outcome = runner.run(suite)
    passed, failed = outcome.passed, outcome.failed()
    print(f"{passed} passed, {failed} failed", flush=True)
    counts = harness.ROOT / "build/test-counts"
    counts.parent.mkdir(exist_ok=True)
    with counts.open("a") as file:
        file.write(f"integration-{options.suite} {passed} {failed}\n")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
