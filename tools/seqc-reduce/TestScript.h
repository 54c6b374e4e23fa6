//===- TestScript.h - The script that judges candidates ---------*- C++ -*-===//
//
// A script gets the path of a candidate and ends with another code than 0 while
// the candidate is interesting. It may hang, because what it calls does: every
// run has a time limit, after which the script is stopped with all that it has
// started, and the candidate is not interesting.
//
// The passes of seqc-reduce run their script through `TestScript`. Those of MLIR
// start a program by themselves; they are told to start a shell that does the
// same (`limitScripts`).
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_SEQC_REDUCE_TESTSCRIPT_H
#define TOOLS_SEQC_REDUCE_TESTSCRIPT_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace seqc {

/// Seconds that a script may run unless the option `time-limit` says otherwise.
inline constexpr unsigned kScriptTimeLimit = 60;

/// A script, its arguments and its time limit in seconds.
struct TestScript {
  std::string path;
  std::vector<std::string> arguments;
  unsigned timeLimit = kScriptTimeLimit;

  /// Fails if there is no program at the path.
  llvm::Error check() const;

  /// Runs the script on a file. A script that cannot be started ends the
  /// program.
  bool isInteresting(llvm::StringRef file) const;

  /// Runs the script on the text of `module`, which must be valid.
  bool isInteresting(mlir::ModuleOp module) const;
};

/// Lets MLIR's passes among the program's arguments run their scripts under the
/// time limit: `test=SCRIPT` becomes a call of the shell, `time-limit=N` is taken
/// out. Fails if a limit is none, or a script no program.
llvm::Error limitScripts(std::vector<std::string> &arguments);

} // namespace seqc

#endif // TOOLS_SEQC_REDUCE_TESTSCRIPT_H
