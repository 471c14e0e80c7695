"""The house style as a test: what is banned, and what to write instead (docs/style.md).

Run from the repository root: python3 tests/lint/house.py
"""
import pathlib
import re
import subprocess
import sys

LINES_MAX = 400
# (pattern, where it is allowed, what to do instead)
BANNED = [
    (r"std::regex\b", (), "std::regex is banned, use RE2 or a bounded parser"),
    (r"\bjson::parse\b", ("gateway/core/json.cpp",), "json::parse throws, use parse_json"),
    (r"(?<![\w.:>])(?:std::)?system\(", (), "system() is banned, use Command{argv}"),
    (r"\bpopen\(", (), "popen() is banned, use Command{argv}"),
    (r"\b(?:std::)?(?:atoi|atol|stoi|stol|stoll|stoul|stoull|stod)\(", (), "use parse_int"),
    (r"\b(?:std::)?getenv\(", ("gateway/app/",), "only app/ reads the environment; pass settings"),
    (r"\bstd::thread\b(?!::)", ("gateway/net/lookups.cpp",), "use Runtime"),
    (r"\.detach\(\)", ("gateway/net/lookups.cpp",), "a detached thread outlives its data; use Runtime"),
    (r"\basio::detached\b", ("gateway/app/", "gateway/http/", "gateway/doors/mcp/", "targets/ssh/"),
     "a spawned coroutine's exception must go somewhere"),
    (r"\b(?!__(?:VA_ARGS|LINE|GNUC)__\b|__builtin_)(?:_[A-Z]|\w*__)\w*", (), "such names are the implementation's"),
    (r"\bassert\(", (), "assert() is gone in a release build; return an error"),
    (r"\b(?:std::)?(?:str|mem)n?(?:case)?cmp\(", (), "compare std::string_view with =="),
    (r"\bgetInstance\b", (), "no singletons"),
    (r"\bTODO\b|\bFIXME\b|\bXXX\b", (), "write an issue, not a marker"),
    (r"co_spawn\([^;]*\[&\]", (), "name what a spawned coroutine captures"),
    (r'"-c"', ("gateway/tools/", "targets/local/"), "`sh -c` only with the constant scripts of gateway/tools"),
]
HEADER_BANNED = [(r"^using namespace\b", "no `using namespace` in headers")]


# GCC 12 destroys a braced aggregate or a closure that is a temporary of a co_await expression twice
# (docs/style.md tells how that was found): give it a name first.
AWAITED_TEMPORARY = re.compile(
    r"co_await\b[^;{}\[]*(\(\s*\{\s*\.|,\s*\{\s*\.|\w\{\s*\.\w+ =|\[\s*[A-Za-z_]\w*\s*(?:=[^\]]*)?(?:,[^\]]*)?\]\s*[({m])")


def product_files(root: pathlib.Path):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", "*.cpp", "*.hpp"],
                            cwd=root, check=True, capture_output=True, text=True).stdout.split()
    return [name for name in sorted(listed) if (root / name).exists()]


def strip_comments(line: str) -> str:
    return line.split("//", 1)[0] if '"' not in line.split("//", 1)[0] or "//" not in line else line


def complaints(root: pathlib.Path):
    for name in product_files(root):
        text = (root / name).read_text()
        lines = text.splitlines()
        in_product = name.startswith(("auth/", "policy/", "targets/", "gateway/"))
        if len(lines) > LINES_MAX:
            yield f"{name}:{LINES_MAX}: {len(lines)} lines; split it, {LINES_MAX} is the most"
        if name.endswith(".hpp") and not text.startswith("#pragma once"):
            yield f"{name}:1: begins with #pragma once"
        if re.fullmatch(r"tests/bench/\w+_bench\.cpp", name) and "bench::report(" not in text:
            yield f"{name}:1: what it measures reaches no table; call bench::report"
        if not in_product:
            continue
        code_only = re.sub(r"//[^\n]*", "", text)
        for match in AWAITED_TEMPORARY.finditer(code_only):
            number = code_only.count("\n", 0, match.start()) + 1
            yield f"{name}:{number}: a temporary in a co_await expression; give it a name first"
        for number, line in enumerate(lines, 1):
            code = strip_comments(line)
            for pattern, allowed, remedy in BANNED:
                if re.search(pattern, code) and not name.startswith(allowed or ("\0",)):
                    yield f"{name}:{number}: {remedy}"
            if name.endswith(".hpp"):
                for pattern, remedy in HEADER_BANNED:
                    if re.search(pattern, code):
                        yield f"{name}:{number}: {remedy}"


if __name__ == "__main__":
    found = list(complaints(pathlib.Path.cwd()))
    print("\n".join(found), end="\n" if found else "")
    sys.exit(bool(found))
