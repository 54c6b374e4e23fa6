"""The runtime knows neither LLVM nor MLIR."""

import re

from .tree import line_of, strip_comments


def check(tree):
    problems = []
    for path in tree.sources("runtime"):
        text = strip_comments(tree.text(path))
        for match in re.finditer(r'#[ \t]*include[ \t]*["<]((?:llvm|mlir|llvm-c|mlir-c|lld|clang)/'
                                 r'[^">]*)', text):
            problems.append(f"{path}:{line_of(text, match.start())}: the runtime must not include "
                            f"{match.group(1)}")
        for match in re.finditer(r"\b(?:llvm|mlir)::", text):
            problems.append(f"{path}:{line_of(text, match.start())}: the runtime must not use "
                            f"{match.group(0)}")
    for path in tree.files("runtime"):
        if not path.endswith("CMakeLists.txt"):
            continue
        text = re.sub(r"#.*", "", tree.text(path))
        for match in re.finditer(r"\bseqc_library\s*\(|\bseqc_llvm\b|\bMLIR\w*\b|\bLLVM\w*\b", text):
            problems.append(f"{path}:{line_of(text, match.start())}: the runtime must not link "
                            f"{match.group(0)}")
    return problems


GOOD = {
    "runtime/A.cpp": '// like llvm::StringRef\n#include <string>\n',
    "runtime/CMakeLists.txt": "# no LLVM\nseqc_runtime_library(a SRCS A.cpp)\n",
    "dialect/B.cpp": '#include "mlir/IR/Builders.h"\n',
}
BAD = [
    {"runtime/A.cpp": '#include "llvm/ADT/StringRef.h"\n'},
    {"runtime/core/A.h": "#  include <mlir/IR/Types.h>\n"},
    {"runtime/A.cpp": "namespace llvm { class StringRef; }\nvoid f(llvm::StringRef *);\n"},
    {"runtime/CMakeLists.txt": "seqc_library(a SRCS A.cpp)\n"},
]
