"""Fails when an #include points up the layer order, or at a heavy header from a header.

The order is the whole architecture rule (docs/architecture.md): a file may include its own layer and the
ones before it. Run from the repository root: python3 tests/lint/layering.py
"""
import pathlib
import re
import sys

LAYERS = [
    ("gateway/core",), ("gateway/async",), ("gateway/net",), ("gateway/http",), ("auth",), ("policy",), ("targets",),
    ("gateway/store",), ("gateway/audit",), ("gateway/tools",), ("gateway/runs",), ("gateway/call",),
    ("gateway/service",), ("gateway/doors",), ("gateway/config",), ("gateway/app",),
]
# Siblings stand on one step: neither may know the other.
SIBLINGS = [("gateway/store", "gateway/audit", "gateway/tools"), ("gateway/doors", "gateway/config"),
            ("gateway/http", "auth"), ("gateway/http", "policy"), ("gateway/http", "targets")]
# Headers that cost seconds per translation unit: allowed in .cpp files only.
SOURCE_ONLY = re.compile(
    r"<(boost/beast|boost/asio\.hpp|boost/asio/ssl|nlohmann/json\.hpp|yaml-cpp|libssh|spdlog|re2/|sqlite3)"
)
# Beast's own I/O costs 12 s and 700 MB per file, so these are all that may include it.
BEAST = re.compile(r"<boost/beast")
BEAST_FILES_MAX = 4
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|(<[^>]+>))')


def layer(path: str) -> tuple[int, str] | None:
    for rank, names in enumerate(LAYERS):
        for name in names:
            if path.startswith(name + "/"):
                return rank, name
    return None


def is_forbidden(here: tuple[int, str], there: tuple[int, str]) -> bool:
    if there[0] > here[0]:
        return True
    return any(here[1] in group and there[1] in group and here[1] != there[1] for group in SIBLINGS)


def complaints(root: pathlib.Path):
    beast_files = []
    for top in ("auth", "policy", "targets", "gateway"):
        for path in sorted((root / top).rglob("*.[ch]pp")):
            name = path.relative_to(root).as_posix()
            here = layer(name)
            if here is None:
                yield f"{name}:1: not in any layer; add its folder to LAYERS"
                continue
            text = path.read_text()
            if BEAST.search(text):
                beast_files.append(name)
            for number, line in enumerate(text.splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                quoted, angled = match.groups()
                there = layer(quoted) if quoted else None
                if there and is_forbidden(here, there):
                    yield f"{name}:{number}: includes {quoted}, which is not below {here[1]}"
                if angled and path.suffix == ".hpp" and SOURCE_ONLY.match(angled):
                    yield f"{name}:{number}: {angled} belongs in a .cpp; forward-declare instead"
    if len(beast_files) > BEAST_FILES_MAX:
        yield f"Beast is included by {len(beast_files)} files, {BEAST_FILES_MAX} are allowed: {beast_files}"


if __name__ == "__main__":
    found = list(complaints(pathlib.Path.cwd()))
    print("\n".join(found), end="\n" if found else "")
    sys.exit(bool(found))
