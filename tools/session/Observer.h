//===- Observer.h - Whoever watches a compilation ---------------*- C++ -*-===//
//
// A compilation has no state outside of itself and says nothing by itself: what
// it has to say goes to its observer. The command line prints it, keeps what
// repeats a fault and tells crashes of a parser from others; the C API hands it
// to the caller.
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_SESSION_OBSERVER_H
#define TOOLS_SESSION_OBSERVER_H

#include "compiler/CodeGen/CompileError.h"
#include "seqc/exit_code.h"

#include "mlir/IR/Diagnostics.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace mlir {
class DialectRegistry;
class PassManager;
} // namespace mlir

namespace seqc {

/// Watches compilations. All is called on the compiling thread.
class CompilationObserver {
public:
  virtual ~CompilationObserver();

  /// Adds dialects that only this observer's models use.
  virtual void addDialects(mlir::DialectRegistry &) {}

  /// Step `index` of `count`, from 1, begins.
  virtual void beginStep(const llvm::Twine &name, size_t index, size_t count) {}

  /// MLIR reports something; `isFirstError` for the first error of a
  /// compilation.
  virtual void report(mlir::Diagnostic &diagnostic, bool isFirstError) {}

  /// Work begins that may fail: `what` for messages, `command` to repeat it on
  /// the file `%s`, `print` gives the IR that it starts from, if there is any.
  virtual void beginWork(llvm::StringRef what, llvm::StringRef command,
                         llvm::function_ref<std::string()> print) {}

  /// The work that began last is done.
  virtual void endWork() {}

  /// The work that began last failed by a fault of seqc. The answer says how to
  /// repeat it, or is empty.
  virtual std::string keepFailedWork() { return {}; }

  /// A parser begins and ends that does not survive every text.
  virtual void beginReading(llvm::StringRef name) {}
  virtual void endReading() {}

  /// The passes of a phase are about to run.
  virtual void preparePasses(mlir::PassManager &passes) {}
};

/// While it lives, counts what MLIR reports about `context` and hands it on.
/// Remarks, which are for developers, are left out.
class DiagnosticLog {
public:
  DiagnosticLog(mlir::MLIRContext &context, CompilationObserver &observer);

  /// Number of errors so far.
  unsigned getErrorCount() const { return errors; }
  /// Whether the first error says that something is unsupported.
  bool isUnsupported() const { return unsupported; }

private:
  llvm::LogicalResult handle(mlir::Diagnostic &diagnostic);

  CompilationObserver &observer;
  unsigned errors = 0;
  bool unsupported = false;
  mlir::ScopedDiagnosticHandler handler;
};

/// The place of a location in a file: its name, empty where nothing is known,
/// and line and column from 1, 0 where they are not known.
struct FilePlace {
  llvm::StringRef file;
  unsigned line = 0, column = 0;
};

/// The place that `location` names first.
FilePlace getPlace(mlir::Location location);

/// The text of `diagnostic`, without ops that fill screens.
std::string getMessage(mlir::Diagnostic &diagnostic);

/// The code of a failure of `kind` whose reason is `reason`: a file that cannot
/// be mapped for lack of memory is no bad input.
seqc_exit_code_t getExitCode(FailureKind kind, llvm::StringRef reason);

} // namespace seqc

#endif // TOOLS_SESSION_OBSERVER_H
