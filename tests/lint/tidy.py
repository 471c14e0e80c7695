"""clang-tidy over the product's sources: reads a file again only when something that it sees has changed.

A file without findings leaves a digest of itself, of every header of ours behind it, of .clang-tidy, of its
compile command and of clang-tidy's version in BUILD/passed. System headers are not in it: `make clean`
after an upgrade of a library.

Run from the repository root: python3 tests/lint/tidy.py BUILD JOBS [source...]
"""
import concurrent.futures
import functools
import hashlib
import json
import pathlib
import re
import subprocess
import sys

TIDY = "clang-tidy-19"
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
PRODUCT = re.compile(r"(gateway|auth|policy|targets)/.*\.cpp")


def product_sources():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", "*.cpp"],
                            check=True, capture_output=True, text=True).stdout.split()
    return [name for name in sorted(listed) if PRODUCT.fullmatch(name) and pathlib.Path(name).exists()]


@functools.cache
def text_of(name: str) -> str:
    return pathlib.Path(name).read_text()


def seen_by(source: str) -> list[str]:
    """`source` and the headers of ours that it reaches, by their paths below the root."""
    seen, open_ = set(), [source]
    while open_:
        name = open_.pop()
        if name not in seen and pathlib.Path(name).is_file():
            seen.add(name)
            open_ += INCLUDE.findall(text_of(name))
    return sorted(seen)


def digest(source: str, common: str, commands: dict[str, str]) -> str:
    parts = [common, commands[source]] + [part for name in seen_by(source) for part in (name, text_of(name))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def findings(source: str, build: pathlib.Path) -> str:
    """What clang-tidy says about `source`; empty when that is nothing."""
    # Without carets clang does not count the warnings that are left out.
    done = subprocess.run([TIDY, "--quiet", "-p", str(build), "--extra-arg=-fno-caret-diagnostics", source],
                          capture_output=True, text=True)
    if done.returncode == 0 and not done.stdout.strip():
        return ""
    return done.stdout + done.stderr


def main(build: pathlib.Path, jobs: int, wanted: list[str]) -> int:
    root = pathlib.Path.cwd()
    entries = json.loads((build / "compile_commands.json").read_text())
    commands = {str(pathlib.Path(entry["file"]).relative_to(root)): entry["command"] for entry in entries}
    version = subprocess.run([TIDY, "--version"], check=True, capture_output=True, text=True).stdout
    common = version + text_of(".clang-tidy")
    passed = build / "passed"
    passed.mkdir(exist_ok=True)
    digests = {source: digest(source, common, commands) for source in wanted or product_sources()}

    def record(source: str) -> pathlib.Path:
        return passed / source.replace("/", "+")

    due = [source for source, value in digests.items()
           if not record(source).exists() or record(source).read_text() != value]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(findings, source, build): source for source in due}
        for count, future in enumerate(concurrent.futures.as_completed(running), 1):
            source, said = running[future], future.result()
            if sys.stderr.isatty():
                print(f"\r{count}/{len(due)}", end="" if count < len(due) else "\n", file=sys.stderr, flush=True)
            if said:
                failed += 1
                print(said, flush=True)
            else:
                record(source).write_text(digests[source])
    if failed:
        print(f"{failed} of {len(digests)} files have findings")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
