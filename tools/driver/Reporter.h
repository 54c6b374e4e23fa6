//===- Reporter.h - What seqc says ------------------------------*- C++ -*-===//
//
// Errors, notes and progress go to standard error; results go to standard
// output.
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_DRIVER_REPORTER_H
#define TOOLS_DRIVER_REPORTER_H

#include "tools/driver/ExitCode.h"
#include "tools/guard/Guard.h"
#include "tools/session/Observer.h"

#include <chrono>
#include <optional>
#include <string>

namespace seqc {

/// Says things to the user and remembers what was said. Of compilations it
/// prints what MLIR reports as `FILE:LINE:COLUMN: error: MESSAGE`, and keeps what
/// repeats their faults.
class Reporter : public CompilationObserver {
public:
  explicit Reporter(bool quiet);
  ~Reporter() override;

  /// `seqc: error: MESSAGE`.
  void error(const llvm::Twine &message);
  /// `seqc: warning: MESSAGE`.
  void warning(const llvm::Twine &message);
  /// `seqc: note: MESSAGE`, unless quiet.
  void note(const llvm::Twine &message);
  /// Says why, and gives the exit code.
  ExitCode fail(llvm::Error error);

  /// Names the step that begins. Shown on a terminal once the work takes a
  /// second.
  void beginStep(const llvm::Twine &name, size_t index, size_t count) override;
  /// Whether notes are left out.
  bool isQuiet() const { return quiet; }
  /// Takes the progress line away.
  void clearProgress();
  /// The text of the first error in a model or its IR.
  const std::string &getFirstError() const { return firstError; }

  void addDialects(mlir::DialectRegistry &registry) override;
  void report(mlir::Diagnostic &diagnostic, bool isFirstError) override;
  void beginWork(llvm::StringRef what, llvm::StringRef command,
                 llvm::function_ref<std::string()> print) override;
  void endWork() override;
  std::string keepFailedWork() override;
  void beginReading(llvm::StringRef name) override;
  void endReading() override;
  void preparePasses(mlir::PassManager &passes) override;

private:
  bool quiet;
  bool terminal;
  bool shown = false;
  std::string firstError;
  /// While a text is read that may end the parser.
  std::optional<Reading> reading;
  std::chrono::steady_clock::time_point start;
};

/// `FILE:LINE:COLUMN`, or an empty string when nothing is known.
std::string printLocation(mlir::Location location);

} // namespace seqc

#endif // TOOLS_DRIVER_REPORTER_H
