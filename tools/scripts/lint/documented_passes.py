"""Every pass has a summary, a description with Requires and Ensures, and a lit test that runs it."""

import re

from .tree import line_of

RECORD = re.compile(r'^def\s+(\w+)\s*:\s*(?:\w+)?Pass<\s*"([^"]+)"', re.M)


def check(tree):
    runs = "\n".join(run for path in tree.files("tests", suffixes=(".mlir", ".test"))
                     for run in re.findall(r"RUN:.*", tree.text(path)))
    problems = []
    for path in tree.files("compiler", "dialect", suffixes=(".td",)):
        text = tree.text(path)
        starts = list(RECORD.finditer(text))
        for index, match in enumerate(starts):
            name, argument = match.groups()
            where = f"{path}:{line_of(text, match.start())}: {name}"
            end = starts[index + 1].start() if index + 1 < len(starts) else len(text)
            body = text[match.start():end]
            for needed in ("let summary", "let description", "Requires:", "Ensures:"):
                if needed not in body:
                    problems.append(f"{where} has no {needed.removeprefix('let ').rstrip(':')}")
            option = re.compile(r"(?<![\w-])-{0,2}" + re.escape(argument) + r"(?![\w-])")
            if not option.search(runs):
                problems.append(f"{where}: no lit test runs {argument}")
    return problems


_RECORD = ('def APass : Pass<"seq-a", "ModuleOp"> {\n  let summary = "Do a";\n'
           '  let description = [{\n    Requires: x. Ensures: y.\n  }];\n}\n').replace(
               "x. Ensures", "x.\n    Ensures")
GOOD = {"compiler/Passes.td": _RECORD, "tests/a.mlir": "// RUN: seqc-opt %s --seq-a\n"}
BAD = [
    {"compiler/Passes.td": _RECORD, "tests/a.mlir": "// RUN: seqc-opt %s --seq-a-more\n"},
    {"compiler/Passes.td": _RECORD, "tests/a.mlir": "// RUN: seqc-opt %s\n// seq-a is meant\n"},
    {"compiler/Passes.td": _RECORD.replace("Ensures:", ""), "tests/a.mlir": GOOD["tests/a.mlir"]},
]
