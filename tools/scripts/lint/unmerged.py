"""No file keeps the marks of a merge that was not finished."""

import re

from .tree import line_of

OURS, BETWEEN, THEIRS = ("<" * 7, "=" * 7, ">" * 7)


def check(tree):
    problems = []
    for path in tree.files():
        text = tree.text(path)
        for match in re.finditer(rf"^(?:{OURS}|{THEIRS}) .*$", text, flags=re.M):
            problems.append(f"{path}:{line_of(text, match.start())}: mark of a merge: {match.group(0)}")
    return problems


GOOD = {"a.md": f"# x\n{BETWEEN}\ny {OURS} z\n"}
BAD = [{"a.md": f"{OURS} HEAD\nx\n{BETWEEN}\ny\n{THEIRS} 1234567 (docs: say y)\n"}]
