"""Options of the command line live in tools/ alone; a pass takes its options from its record."""

import re

from .tree import line_of, strip_comments


def check(tree):
    problems = []
    for path in tree.sources("dialect", "compiler", "frontends", "runtime"):
        text = strip_comments(tree.text(path))
        for match in re.finditer(r"\bcl::(?:opt|list|bits|alias)\b", text):
            problems.append(f"{path}:{line_of(text, match.start())}: {match.group(0)} outside "
                            "tools/; make it a pass option")
    return problems


GOOD = {
    "tools/a/A.cpp": "llvm::cl::opt<bool> x;\n",
    "compiler/A.cpp": "// never a cl::opt here\nllvm::StringRef s;\n",
}
BAD = [{"compiler/A.cpp": "static llvm::cl::opt<bool> x;\n"},
       {"dialect/A.h": "cl::list<int> x;\n"}]
