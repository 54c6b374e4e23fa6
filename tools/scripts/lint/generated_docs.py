"""The committed op, pass and operator references are what the build would generate now."""

import os

REFERENCE = "docs/reference/generated"
SINGLE = "docs/reference/onnx.md"


def check(tree):
    made = os.path.join(tree.build, REFERENCE)
    names = sorted(n for n in os.listdir(made) if n.endswith(".md")) if os.path.isdir(made) else []
    if not names:
        return [f"{made}: nothing generated; build the target seqc-doc first"]
    problems = []
    for path in [f"{REFERENCE}/{name}" for name in names] + [SINGLE]:
        fresh = os.path.join(tree.build, path)
        if not os.path.exists(fresh):
            continue
        with open(fresh, encoding="utf-8") as file:
            text = file.read()
        if not os.path.exists(os.path.join(tree.root, path)):
            problems.append(f"{path}: missing; run tools/scripts/update-docs")
        elif tree.text(path) != text:
            problems.append(f"{path}: out of date; run tools/scripts/update-docs")
    for path in [*tree.files(REFERENCE), SINGLE]:
        if (os.path.exists(os.path.join(tree.root, path))
                and not os.path.exists(os.path.join(tree.build, path))):
            problems.append(f"{path}: nothing generates it any more; delete it")
    return problems


GOOD = {"docs/reference/generated/A.md": "a\n", "build/docs/reference/generated/A.md": "a\n"}
BAD = [
    {"docs/reference/generated/A.md": "a\n", "build/docs/reference/generated/A.md": "b\n"},
    {"build/docs/reference/generated/A.md": "b\n"},
    {"docs/reference/generated/A.md": "a\n"},
    {"docs/reference/generated/A.md": "a\n", "docs/reference/generated/B.md": "a\n",
     "build/docs/reference/generated/A.md": "a\n"},
    {"docs/reference/generated/A.md": "a\n", "build/docs/reference/generated/A.md": "a\n",
     "docs/reference/onnx.md": "a\n", "build/docs/reference/onnx.md": "b\n"},
]
