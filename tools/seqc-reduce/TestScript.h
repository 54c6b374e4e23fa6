//===- TestScript.h - The script that judges candidates ---------*- C++ -*-===//
//
// A script gets the path of a candidate and ends with 1 while the candidate is
// interesting, with 0 while it is not. It may hang, because what it calls does:
// every run has a time limit, after which the script is stopped with all that it
// has started. A candidate for which a script is stopped, or ends in another
// way, does not count.
//
// The passes of seqc-reduce run their script through `TestScript`. MLIR's
// reduction tree starts a program by itself; it is given a shell that does the
// same (`ScriptForShell`).
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_SEQC_REDUCE_TESTSCRIPT_H
#define TOOLS_SEQC_REDUCE_TESTSCRIPT_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

#include <optional>
#include <string>
#include <vector>

namespace seqc {

/// Seconds that a script may run unless the option `time-limit` says otherwise.
inline constexpr unsigned kScriptTimeLimit = 60;

/// A script, its arguments and its time limit in seconds.
class TestScript {
public:
  /// Finds the script that `pass` was given as `name`: a path, a file of the
  /// current folder, or a program of PATH.
  static llvm::Expected<TestScript> find(llvm::StringRef pass,
                                         llvm::StringRef name,
                                         std::vector<std::string> arguments,
                                         unsigned timeLimit);

  /// Whether the script finds the text of `module`, a valid candidate,
  /// interesting. A script that cannot be started ends the program.
  bool isInteresting(mlir::ModuleOp module) const;

  /// As isInteresting(), for the input: a script that ends with a code other
  /// than 0 and 1 ends the program.
  bool isInputInteresting(mlir::ModuleOp module) const;

private:
  friend class ScriptForShell;

  /// Runs the script on a module; its exit code, or nothing if it was stopped.
  std::optional<int> run(mlir::ModuleOp module) const;
  std::optional<int> run(llvm::StringRef file) const;

  /// What is said about a script that was stopped.
  std::string describeTimeout() const;
  /// What is said about a script that ended with `code`.
  std::string describeCode(int code) const;

  /// As given, and as a program is started.
  std::string name, path;
  std::vector<std::string> arguments;
  unsigned timeLimit = kScriptTimeLimit;
};

/// A temporary file for the shell that runs a script as TestScript does.
/// Another start of this program would take longer than most scripts.
class ScriptForShell {
public:
  explicit ScriptForShell(const TestScript &script);
  ~ScriptForShell();
  ScriptForShell(const ScriptForShell &) = delete;
  ScriptForShell &operator=(const ScriptForShell &) = delete;

  /// What the shell is called with before the path of a candidate.
  std::vector<std::string> getArguments() const;

private:
  const TestScript &script;
  /// The file, and the one that is there once a strange code has been told.
  std::string file, told;
};

} // namespace seqc

#endif // TOOLS_SEQC_REDUCE_TESTSCRIPT_H
