"""Every op has a summary and the headed parts of its description, and every labelled constraint
(C1, C2, …) a test named for it: @<op>_c<n>_…, below tests/dialect/."""

import re

from .tree import line_of

RECORD = re.compile(r'^def\s+\w+\s*:\s*\w+_\w*Op<\s*"([\w.]+)"', re.M)
PARTS = ("let summary", "#### Semantics", "#### Constraints", "#### Example")


def check(tree):
    tests = "\n".join(tree.text(path) for path in tree.files("tests/dialect", suffixes=(".mlir",)))
    problems = []
    for path in tree.files("dialect", suffixes=(".td",)):
        text = tree.text(path)
        starts = list(RECORD.finditer(text))
        for index, match in enumerate(starts):
            op = match.group(1)
            where = f"{path}:{line_of(text, match.start())}: {op}"
            end = starts[index + 1].start() if index + 1 < len(starts) else len(text)
            body = text[match.start():end]
            for part in PARTS:
                if part not in body:
                    problems.append(f"{where} has no {part.removeprefix('let ').lstrip('# ')}")
            for label in sorted(set(re.findall(r"\* \(C(\d+)\)", body)), key=int):
                name = f"@{op.replace('.', '_')}_c{label}"
                if not re.search(re.escape(name) + r"(?!\d)", tests):
                    problems.append(f"{where}: no test {name}_… for constraint C{label}")
    return problems


_OP = ('def Seq_AOp : Seq_Op<"a", []> {\n  let summary = "Do a";\n  let description = [{\n'
       "    #### Semantics\n    #### Constraints\n    * (C1) x.\n    * (C12) y.\n"
       "    #### Example\n  }];\n}\n")
_TESTS = "func.func @a_c1_rank()\nfunc.func @a_c12_type()\n"
GOOD = {"dialect/A.td": _OP, "tests/dialect/a.mlir": _TESTS}
BAD = [
    {"dialect/A.td": _OP, "tests/dialect/a.mlir": "func.func @a_c12_type()\n"},
    {"dialect/A.td": _OP.replace("#### Example", ""), "tests/dialect/a.mlir": _TESTS},
]
