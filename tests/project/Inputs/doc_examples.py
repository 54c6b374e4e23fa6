"""Parses and verifies the MLIR examples of the documents with seqc-opt.

An example is a fragment: values that it uses without defining them get a definition of the type
they are used with (the parser says which), functions that it calls get a declaration. Blocks with
an ellipsis are sketches and are left out.

  doc_examples.py FILE.md…    prints one line for each example; ends with 1 when one is wrong
"""

import re
import subprocess
import sys

BLOCK = re.compile(r"^([ ]*)```mlir\n(.*?)^[ ]*```", re.M | re.S)
CALL = re.compile(r"func\.call (@\w+)\([^)]*\)\s*:\s*(\([^)]*\)\s*->\s*(?:\([^)]*\)|[^\n]+))")


def run(text):
    result = subprocess.run(["seqc-opt", "--allow-unregistered-dialect", "-"], input=text,
                            capture_output=True, text=True, check=False)
    return result.returncode, result.stderr


def undeclared(text, message):
    """The value whose definition the parser missed, if that was its complaint."""
    match = re.search(r":(\d+):(\d+): error: use of undeclared SSA value name", message)
    if not match:
        return None
    line = text.splitlines()[int(match.group(1)) - 1]
    return re.match(r"%[\w$.-]+", line[int(match.group(2)) - 1:]).group(0)


def complete(fragment):
    """The fragment's verdict: None when it parses and verifies, else the message."""
    declarations = "".join(f"func.func private {name}{signature}\n"
                           for name, signature in sorted(set(CALL.findall(fragment))))
    types = {}
    for _ in range(40):
        definitions = "".join(f'{name} = "example.value"() : () -> {kind}\n'
                              for name, kind in types.items())
        text = declarations + definitions + fragment
        status, message = run(text)
        if status == 0:
            return None
        unknown = undeclared(text, message)
        wanted = re.search(r"use of value '(%[\w$.-]+)' expects different type than prior uses: "
                           r"'(.*)' vs", message)
        if wanted and wanted.group(1) in types and types[wanted.group(1)] == "none":
            types[wanted.group(1)] = wanted.group(2)
        elif unknown and unknown not in types:
            types[unknown] = "none"
        else:
            return message
    return "more than 40 undefined values"


def main():
    wrong = 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for match in BLOCK.finditer(text):
            fragment = match.group(2)
            where = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
            if "..." in fragment or "…" in fragment:
                print(f"sketch {where}")
                continue
            verdict = complete(fragment)
            if verdict and "expects parent op" in verdict:
                # A terminator shown without the op around it.
                print(f"sketch {where}")
                continue
            print(f"{'wrong' if verdict else 'good'} {where}")
            if verdict:
                wrong += 1
                print(verdict)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
