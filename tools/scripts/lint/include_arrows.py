"""Who may include whom: frontends -> dialect <- compiler -> runtime/abi; tools join everything."""

import re

from .tree import line_of, strip_comments

# For each folder, what its include lines may name inside the repository.
ALLOWED = {
    "dialect": ("dialect/",),
    "frontends": ("frontends/", "dialect/"),
    "compiler": ("compiler/", "dialect/", "runtime/abi/"),
    "runtime": ("runtime/", "seqc/"),
    # What programs link must not know a command line or handlers of signals.
    "tools/session": ("tools/session/", "frontends/", "compiler/", "dialect/", "runtime/abi/",
                      "seqc/"),
    "tools/library": ("tools/library/", "tools/session/", "frontends/", "compiler/", "dialect/",
                      "runtime/abi/", "seqc/"),
}
FOLDERS = ("dialect", "frontends", "compiler", "runtime", "tools", "tests")


def check(tree):
    problems = []
    for path in tree.sources(*ALLOWED):
        folder = next(name for name in ALLOWED if path.startswith(name + "/"))
        text = strip_comments(tree.text(path))
        for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', text, re.M):
            target = match.group(1)
            inside = target.startswith(tuple(f + "/" for f in FOLDERS)) or target.startswith("seqc/")
            if inside and not target.startswith(ALLOWED[folder]):
                problems.append(f"{path}:{line_of(text, match.start())}: {folder}/ must not "
                                f"include {target}")
            if ".." in target.split("/"):
                problems.append(f"{path}:{line_of(text, match.start())}: write {target} as a "
                                "repository path")
    return problems


GOOD = {
    "compiler/A.cpp": '#include "dialect/Seq/IR/Seq.h"\n#include "runtime/abi/ModelAbi.h"\n',
    "frontends/B.cpp": '// #include "compiler/A.h"\n#include "dialect/Seq/IR/Seq.h"\n',
    "tools/C.cpp": '#include "compiler/A.h"\n#include "runtime/cli/Cli.h"\n',
}
BAD = [
    {"dialect/A.cpp": '#include "compiler/A.h"\n'},
    {"frontends/A.cpp": '#include "compiler/A.h"\n'},
    {"compiler/A.cpp": '#include "runtime/core/Status.h"\n'},
    {"compiler/A.cpp": '#include "frontends/A.h"\n'},
    {"runtime/A.cpp": '#include "dialect/A.h"\n'},
    {"runtime/core/A.cpp": '#include "../abi/ModelAbi.h"\n'},
    {"tools/session/A.cpp": '#include "tools/driver/Options.h"\n'},
    {"tools/library/A.cpp": '#include "tools/guard/Guard.h"\n'},
]
