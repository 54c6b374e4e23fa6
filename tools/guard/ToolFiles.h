//===- ToolFiles.h - Files that a tool reads and writes ---------*- C++ -*-===//
//
// What LLVM's tools leave to chance: devices that never end, outputs that cannot
// be written, and a standard output that refuses.
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_GUARD_TOOLFILES_H
#define TOOLS_GUARD_TOOLFILES_H

#include "llvm/ADT/StringRef.h"

namespace seqc {

/// Whether a tool may read the file `path`, `-` for standard input; says why
/// not. Pipes are fine, a device may never end.
bool checkInput(const char *tool, llvm::StringRef path);

/// Whether a tool may write the file `path`, `-` for standard output: 0, or the
/// exit code after it is said why not. What the file holds stays as it is.
int checkOutput(const char *tool, llvm::StringRef path);

/// The exit code of a tool that would end with `code`: 5 if standard output
/// refused something. A standard error that did is passed over.
int finishTool(const char *tool, int code);

} // namespace seqc

#endif // TOOLS_GUARD_TOOLFILES_H
