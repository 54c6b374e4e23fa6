"""Paths stay typeable: at most 75 characters and five components."""

LIMIT = 75
DEPTH = 5

# Folders whose depth is fixed by a convention from outside, with the convention.
DEEPER = {}


def check(tree):
    problems = []
    for path in tree.files():
        if len(path) > LIMIT:
            problems.append(f"{path}: {len(path)} characters, above the limit of {LIMIT}")
        depth = path.count("/") + 1
        if depth > DEPTH and not path.startswith(tuple(DEEPER) or ("\0",)):
            problems.append(f"{path}: {depth} components, above the limit of {DEPTH}")
    return problems


GOOD = {"a/b/c/d/e.txt": "x\n"}
BAD = [{"a/" + "b" * 80 + ".txt": "x\n"}, {"a/b/c/d/e/f.txt": "x\n"}]
