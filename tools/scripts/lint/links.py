"""Links between the project's documents, and paths that they name in code marks, lead somewhere."""

import os
import re

from .tree import line_of


def check(tree):
    problems = []
    for path in tree.files(suffixes=(".md",)):
        text = tree.text(path)
        prose = re.sub(r"```.*?```", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.S)
        for match in re.finditer(r"\]\(([^)\s]+)\)", prose):
            target = match.group(1).split("#")[0]
            if not target or re.match(r"[a-z]+:", target):
                continue
            found = os.path.normpath(os.path.join(tree.root, os.path.dirname(path), target))
            if not os.path.exists(found):
                problems.append(f"{path}:{line_of(text, match.start())}: no file {target}")
        pattern = r"`((?:cmake|compiler|dialect|docs|examples|frontends|runtime|tests|tools)/[\w./-]+)`"
        for match in re.finditer(pattern, prose):
            if not os.path.exists(os.path.join(tree.root, match.group(1))):
                problems.append(f"{path}:{line_of(text, match.start())}: no file {match.group(1)}")
    return problems


GOOD = {"docs/a.md": "[b](b.md#x), [web](https://a.b/c), `docs/b.md`\n```\n[c](gone.md)\n```\n",
        "docs/b.md": "# x\n"}
BAD = [{"docs/a.md": "[b](gone.md)\n"}, {"README.md": "see `compiler/Gone.cpp`\n"}]
