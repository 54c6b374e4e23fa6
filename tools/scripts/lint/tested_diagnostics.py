"""Every message that the compiler can emit occurs in a test.

Messages are streams, so a message counts as tested when three consecutive words of one of its
literals (all of it, when shorter) stand in some file below tests/; a message whose literals are all
single words must match as a whole, with anything between its parts.
"""

import re

from .tree import line_of, strip_comments

STRING = r'"((?:\\.|[^"\\\n])*)"'
CALL = re.compile(r"\b(?:emitError|emitOpError|emitOptionalError)\s*\(")
# What the converters of a frontend say through their own node, which names it.
FRONTEND_CALL = re.compile(r"\b(?:emitError|error|errorAt|unsupported)\s*\(")
PLACEHOLDER = re.compile(r"\{\d\}")
WINDOW = 3

# Messages that no valid input reaches, by the file that holds them, each with its reason. They are
# kept so that a change elsewhere ends in a message and not in a crash.
EXCEPTIONS = {
    ("frontends/ONNX/GraphImporter.cpp", "it cannot be converted"):
        "a converter that fails says why itself",
    ("compiler/Conversion/ConvertLinalgToScalarLoops.cpp", "cannot be turned into loops"):
        "upstream's conversion takes every op on buffers",
    ("compiler/Transforms/VectorizeTiles.cpp", "product tile cannot be tiled along its depth"):
        "a static product can always be tiled",
}


def statement(text, start):
    """The rest of the statement from `start`, strings skipped over."""
    at = start
    while at < len(text):
        if text[at] == '"':
            string = re.compile(STRING).match(text, at)
            at = string.end() if string else at + 1
        elif text[at] in ";{":
            break
        else:
            at += 1
    return text[start:at]


def literals(code):
    """String literals of a statement, adjacent ones joined, formats between their placeholders."""
    code = re.sub(r'"\s*\n\s*"', "", code)
    texts = [re.sub(r"\\(.)", r"\1", m.group(1)) for m in re.finditer(STRING, code)]
    return [part for text in texts for part in PLACEHOLDER.split(text)]


def words(text):
    return re.sub(r"\s+", " ", text).strip()


def is_tested(parts, tests):
    long_parts = [words(p).split(" ") for p in parts if len(words(p).split(" ")) >= 2]
    for part in long_parts:
        size = min(WINDOW, len(part))
        for first in range(len(part) - size + 1):
            if " ".join(part[first:first + size]) in tests:
                return True
    if long_parts:
        return False
    pattern = ".{0,200}?".join(re.escape(words(p)) for p in parts if words(p))
    return not pattern or re.search(pattern, tests) is not None


def check(tree):
    tests = []
    for path in tree.files("tests"):
        # Strings in C++ tests are split and escaped as in the sources.
        text = tree.text(path)
        tests.append(re.sub(r"\\(.)", r"\1", re.sub(r'"\s*\n\s*"', "", text)))
    tests = words("\n".join(tests))
    problems = []
    excepted = set()
    paths = list(tree.sources("dialect", "compiler", "frontends"))
    for path in paths:
        text = strip_comments(tree.text(path))
        call = FRONTEND_CALL if path.startswith("frontends/") else CALL
        for match in call.finditer(text):
            parts = literals(statement(text, match.end()))
            if parts and (path, parts[0]) in EXCEPTIONS:
                excepted.add((path, parts[0]))
            elif parts and not is_tested(parts, tests):
                problems.append(f"{path}:{line_of(text, match.start())}: no test expects "
                                f"\"{' … '.join(parts)}\"")
    for path, part in EXCEPTIONS:
        if path in paths and (path, part) not in excepted:
            problems.append(f"{path}: \"{part}\" is excepted, but is no longer there")
    return problems


GOOD = {
    "dialect/A.cpp": 'return emitOpError("expects a rank of ") << 2 << ", found " << rank;\n'
                     'return emitOpError() << "takes the "\n      "other number";\n',
    "tests/a.mlir": "// expected-error {{'seq.a' op expects a rank of 2, found 3}}\n"
                    "// expected-error @+1 {{takes the other number}}\n",
}
BAD = [
    {"compiler/Transforms/VectorizeTiles.cpp": "int a;\n"},
    {"dialect/A.cpp": 'return emitOpError("expects a rank of ") << 2;\n', "tests/a.mlir": "// a\n"},
    {"compiler/A.cpp": 'op->emitError() << "left " << name << " behind";\n',
     "tests/a.mlir": "// behind and left\n"},
    {"frontends/A.cpp": 'reader.errorAt("x", "there is no {0} in {1}", a, b);\n',
     "tests/a.test": "CHECK: no such thing\n"},
    {"frontends/A.cpp": 'return node.unsupported("a sparse weight is not supported");\n',
     "tests/a.test": "CHECK: a weight\n"},
]
