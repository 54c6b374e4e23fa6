"""C and C++ files are as clang-format leaves them."""

import os
import re
import shutil
import subprocess

FOLDERS = ("dialect", "compiler", "runtime", "frontends", "tools", "tests", "examples")


def find_tool():
    """clang-format of the LLVM release that the project uses; other releases differ in detail."""
    return shutil.which("clang-format-22") or "/usr/lib/llvm-22/bin/clang-format"


def check(tree):
    paths = [p for p in tree.sources(*FOLDERS) if "/Inputs/" not in p]
    if not paths:
        return []
    run = subprocess.run([find_tool(), "--style=file:" + os.path.join(
        os.path.dirname(__file__), "..", "..", "..", ".clang-format"), "--dry-run", *paths],
        cwd=tree.root, capture_output=True, text=True, check=False)
    problems = {}
    for line in run.stderr.splitlines():
        match = re.match(r"^(.+?):(\d+):\d+: (?:warning|error): code should be clang-formatted", line)
        if match:
            problems.setdefault(match.group(1), match.group(2))
    if run.returncode != 0 and not problems:
        return [f"clang-format failed: {run.stderr.strip()[:300]}"]
    return [f"{path}:{line}: not formatted; run clang-format-22 -i" for path, line in
            problems.items()]


GOOD = {"compiler/A.cpp": "int f(int a) { return a; }\n"}
BAD = [{"compiler/A.cpp": "int f( int a ) {return a;}\n"}]
