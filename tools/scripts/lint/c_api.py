"""The public C headers are contracts: every function states ownership, thread safety and errors,
and each header compiles alone, as C and as C++."""

import os
import re
import subprocess

HEADERS = "runtime/include/seqc"
FOLDERS = (HEADERS, "tools/library/include/seqc")
REQUIRED = ("Ownership:", "Thread safety:", "Errors:")
DECLARATION = re.compile(r"^[ \t]*SEQC_API\b[^;{]*?\b(\w+)[ \t]*\([^;]*;", re.M)


def documentation(text, offset):
    """The comment lines right above an offset."""
    lines = text[:offset].rstrip("\n").split("\n")
    found = []
    while lines and lines[-1].strip().startswith(("///", "//", "*", "/*")):
        found.insert(0, lines.pop())
    return "\n".join(found)


def check(tree):
    problems = []
    for path in tree.files(*FOLDERS, suffixes=(".h",)):
        text = tree.text(path)
        functions = 0
        for match in DECLARATION.finditer(text):
            functions += 1
            words = documentation(text, match.start())
            absent = [word for word in REQUIRED if word not in words]
            if absent:
                line = text.count("\n", 0, match.start()) + 1
                problems.append(f"{path}:{line}: {match.group(1)} does not state "
                                + ", ".join(word.rstrip(":") for word in absent))
        if path.endswith(("/runtime.h", "/compiler.h")) and functions == 0:
            problems.append(f"{path}: no declaration marked SEQC_API was found")
        for language, standard in (("c", "c11"), ("c++", "c++17")):
            compiled = subprocess.run(
                ["cc", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", f"-std={standard}",
                 "-x", language, *(f"-I{os.path.dirname(os.path.join(tree.root, folder))}"
                                   for folder in FOLDERS), "-"],
                input=f'#include "seqc/{os.path.basename(path)}"\n', text=True,
                capture_output=True, check=False)
            if compiled.returncode != 0:
                first = (compiled.stderr.strip().splitlines() or ["no message"])[0]
                problems.append(f"{path}: does not compile alone as {language}: {first}")
    return problems


_GOOD = ("/// Does it.\n///\n/// Ownership: none.\n/// Thread safety: any thread.\n"
         "/// Errors: none.\nSEQC_API int seqc_do(int a,\n                     int b);\n")
_PRELUDE = "#define SEQC_API\n"
GOOD = {HEADERS + "/runtime.h": _PRELUDE + _GOOD}
BAD = [
    {HEADERS + "/runtime.h": _PRELUDE + _GOOD.replace("/// Errors: none.\n", "")},
    {HEADERS + "/runtime.h": _PRELUDE + _GOOD.replace("Ownership", "Owner")},
    {HEADERS + "/runtime.h": _PRELUDE},
    {FOLDERS[1] + "/compiler.h": _PRELUDE},
    {HEADERS + "/runtime.h": _PRELUDE + _GOOD + "bool x;\nclass Y;\n"},
]
