//===- Reporter.h - What seqc says ------------------------------*- C++ -*-===//
//
// Errors, notes and progress go to standard error; results go to standard
// output.
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_DRIVER_REPORTER_H
#define TOOLS_DRIVER_REPORTER_H

#include "tools/driver/ExitCode.h"

#include "mlir/IR/Diagnostics.h"

#include <chrono>
#include <string>

namespace seqc {

/// Says things to the user and remembers what was said.
class Reporter {
public:
  explicit Reporter(bool quiet);
  ~Reporter();

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
  void beginStep(const llvm::Twine &name, size_t index, size_t count);
  /// Whether notes are left out.
  bool isQuiet() const { return quiet; }
  /// Takes the progress line away.
  void clearProgress();
  /// The text of the first error in a model or its IR.
  const std::string &getFirstError() const { return firstError; }
  void setFirstError(std::string text) { firstError = std::move(text); }

private:
  bool quiet;
  bool terminal;
  bool shown = false;
  std::string firstError;
  std::chrono::steady_clock::time_point start;
};

/// While it lives, prints MLIR's diagnostics as `FILE:LINE:COLUMN: error:
/// MESSAGE` and counts the errors.
class DiagnosticPrinter {
public:
  DiagnosticPrinter(mlir::MLIRContext &context, Reporter &reporter);

  /// Number of errors so far.
  unsigned getErrorCount() const { return errors; }
  /// Whether the first error says that something is unsupported.
  bool isUnsupported() const { return unsupported; }
  /// Collects messages instead of printing them.
  void setSilent(bool value) { silent = value; }
  /// The first error's text.
  const std::string &getFirstError() const { return firstError; }

private:
  llvm::LogicalResult print(mlir::Diagnostic &diagnostic);

  Reporter &reporter;
  unsigned errors = 0;
  bool unsupported = false, silent = false;
  std::string firstError;
  mlir::ScopedDiagnosticHandler handler;
};

/// `FILE:LINE:COLUMN`, or an empty string when nothing is known.
std::string printLocation(mlir::Location location);

} // namespace seqc

#endif // TOOLS_DRIVER_REPORTER_H
