"""Checks that the ops of a dialect keep what their documents promise.

Every op has a summary, sections on semantics and constraints, and an example that parses, verifies
and round-trips. Each constraint (C1, C2, ...) has a test function named for it:
`@recurrence_c2_missing_state_argument` is one for C2 of `seq.recurrence`.

  op_documents.py TD_FOLDER TEST_FOLDER    prints one line for each op; ends with 1 if one is wrong
"""

import os
import re
import subprocess
import sys

RECORD = re.compile(r'^def\s+\w+\s*:\s*\w+<"(\w+)"(.*?)^\}', re.M | re.S)
SUMMARY = re.compile(r'let summary = "[A-Z][^"]*[^."]";')
EXAMPLE = re.compile(r"#### Example\s+```mlir\n(.*?)```", re.S)
LABEL = re.compile(r"^ *\* \((C\d+)\)", re.M)
CALL = re.compile(r"func\.call (@\w+)\([^)]*\)\s*:\s*(\([^)]*\)\s*->\s*(?:\([^)]*\)|\S+))")


def ops(folder):
    """(mnemonic, record) for each op defined below `folder`."""
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".td"):
            continue
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            for match in RECORD.finditer(file.read()):
                if "#### " in match.group(2):
                    yield match.group(1), match.group(2)


def round_trip(text):
    result = subprocess.run(["seqc-opt", "--verify-roundtrip", "--allow-unregistered-dialect", "-"],
                            input=text, capture_output=True, text=True, check=False)
    return "" if result.returncode == 0 else result.stderr


def problem(example):
    """What seqc-opt says against an example; its free values are defined as they are used."""
    head = "".join(f"func.func private {name}{signature}\n"
                   for name, signature in sorted(set(CALL.findall(example))))
    kinds = {}
    while True:
        values = "".join(f'{name} = "example.value"() : () -> {kind}\n'
                         for name, kind in kinds.items())
        message = round_trip(head + values + example)
        free = re.search(r"use of undeclared SSA value name\n[^\n]*\n( *)\^", message)
        typed = re.search(r"use of value '(%\w+)' expects different type than prior uses: '(.*)' vs",
                          message)
        if free:
            line = message[:free.end()].splitlines()[-2]
            name = re.match(r"%\w+", line[len(free.group(1)):]).group(0)
            if name in kinds:
                return message
            kinds[name] = "none"
        elif typed and kinds.get(typed.group(1)) == "none":
            kinds[typed.group(1)] = typed.group(2)
        else:
            return message


def problems(mnemonic, record, tests):
    found = []
    if not SUMMARY.search(record):
        found.append("summary is missing or does not read as a heading")
    examples = EXAMPLE.findall(record)
    if not examples:
        found.append("no example")
    for example in examples:
        message = problem(example)
        if message:
            found.append("example: " + message)
    for section in ("Semantics", "Constraints"):
        if f"#### {section}\n" not in record:
            found.append(f"no section on {section.lower()}")
    for label in LABEL.findall(record):
        if not re.search(rf"@{mnemonic}_{label.lower()}_\w+", tests):
            found.append(f"no test @{mnemonic}_{label.lower()}_...")
    return found


def main():
    tests = ""
    for folder, _, names in os.walk(sys.argv[2]):
        for name in names:
            if name.endswith("-invalid.mlir"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    tests += file.read()
    failed = False
    for mnemonic, record in ops(sys.argv[1]):
        found = problems(mnemonic, record, tests)
        failed = failed or bool(found)
        print(f"{'wrong' if found else 'good'} {mnemonic}")
        for line in found:
            print(f"  {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
