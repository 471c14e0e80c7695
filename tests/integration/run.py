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
                 "test_inspector", "test_mcp_remote", "test_package", "test_readme", "test_schema_check", "test_schemas"}


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
    outcome = unittest.TextTestRunner(verbosity=2 if options.names else 1).run(suite)
    failed = len(outcome.failures) + len(outcome.errors) + len(outcome.unexpectedSuccesses)
    # A test that was skipped did not pass.
    failed += len(outcome.skipped)
    passed = outcome.testsRun - failed
    print(f"{passed} passed, {failed} failed", flush=True)
    counts = harness.ROOT / "build/test-counts"
    counts.parent.mkdir(exist_ok=True)
    with counts.open("a") as file:
        file.write(f"integration-{options.suite} {passed} {failed}\n")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
