"""Hand-written files stay short enough to be read: 600 lines, or a stated reason up to 1,000."""

LIMIT = 600
HARD_LIMIT = 1000
SUFFIXES = (".h", ".hpp", ".c", ".cpp", ".cc", ".td", ".py", ".cmake", ".mlir", ".test", ".md",
            ".txt", ".sh")
FOLDERS = ("cmake", "compiler", "dialect", "docs", "examples", "frontends", "runtime", "tests",
           "tools")

# Files that may pass LIMIT (never HARD_LIMIT), each with its reason.
EXCEPTIONS = {
    "tests/unit/frontends/YamlDiagnosticsTest.cpp": "one short case for each message of one frontend",
}

# Generated references and stored data are no reading matter of this kind.
GENERATED = ("docs/reference/generated/",)


def is_data(path):
    return (path.startswith(GENERATED) or "/Inputs/" in path or "/data/" in path
            or path.startswith("examples/") and path.endswith(".txt"))


def check(tree):
    problems = []
    for path in tree.files(*FOLDERS, suffixes=SUFFIXES):
        if is_data(path):
            continue
        lines = tree.text(path).count("\n")
        limit = HARD_LIMIT if path in EXCEPTIONS else LIMIT
        if lines > limit:
            problems.append(f"{path}: {lines} lines, above the limit of {limit}; split it by "
                            "subject")
    return problems


GOOD = {"compiler/A.cpp": "int a;\n" * LIMIT, "docs/reference/generated/Ops.md": "a\n" * 5000}
BAD = [{"compiler/A.cpp": "int a;\n" * (LIMIT + 1)}, {"tests/a.mlir": "// a\n" * 2000}]
