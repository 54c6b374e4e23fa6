"""The committed op and pass references are what the build would generate now."""

import os

REFERENCE = "docs/reference/generated"


def check(tree):
    made = os.path.join(tree.build, REFERENCE)
    fresh_names = sorted(n for n in os.listdir(made) if n.endswith(".md")) if os.path.isdir(made) else []
    if not fresh_names:
        return [f"{made}: nothing generated; build the target seqc-doc first"]
    problems = []
    for name in fresh_names:
        with open(os.path.join(made, name), encoding="utf-8") as file:
            fresh = file.read()
        path = f"{REFERENCE}/{name}"
        if not os.path.exists(os.path.join(tree.root, path)):
            problems.append(f"{path}: missing; run tools/scripts/update-docs")
        elif tree.text(path) != fresh:
            problems.append(f"{path}: out of date; run tools/scripts/update-docs")
    for path in tree.files(REFERENCE):
        if not os.path.exists(os.path.join(made, os.path.basename(path))):
            problems.append(f"{path}: nothing generates it any more; delete it")
    return problems


GOOD = {"docs/reference/generated/A.md": "a\n", "build/docs/reference/generated/A.md": "a\n"}
BAD = [
    {"docs/reference/generated/A.md": "a\n", "build/docs/reference/generated/A.md": "b\n"},
    {"build/docs/reference/generated/A.md": "b\n"},
    {"docs/reference/generated/A.md": "a\n"},
    {"docs/reference/generated/A.md": "a\n", "docs/reference/generated/B.md": "a\n",
     "build/docs/reference/generated/A.md": "a\n"},
]
