//===- Guard.h - Crashes become exit codes ----------------------*- C++ -*-===//
//
// MLIR's parser, and the verifiers that it runs, trust their text in places:
// there is text that ends the process. That is bad input, exit code 2, while a
// crash anywhere else is a fault in seqc, exit code 4. Both are told apart by
// whether something is being read.
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_GUARD_GUARD_H
#define TOOLS_GUARD_GUARD_H

#include "llvm/ADT/StringRef.h"

namespace mlir {
class MLIRContext;
class PassManager;
} // namespace mlir

namespace seqc {

/// What a tool adds to its end; called from the handler of a signal, and null
/// where there is nothing to do.
struct GuardActions {
  /// Leaves nothing half-written.
  void (*cleanUp)() = nullptr;
  /// What was being done, empty if that is unknown.
  const char *(*describeWork)() = nullptr;
  /// Leaves what repeats a fault, and says so.
  void (*leaveReproducer)() = nullptr;
};

/// Makes faults, exhausted memory, full files, closed standard files and gone
/// readers end in the contract's exit codes. `tool` begins the messages.
void installGuard(const char *tool, const GuardActions &actions = {});

/// Writes to standard error; fit for the handler of a signal.
void sayInHandler(const char *text);

/// While one lives, a crash is put down to the text that is read, except in
/// passes that are watched.
class Reading {
public:
  /// `name` is what messages call the text.
  explicit Reading(llvm::StringRef name);
  ~Reading();
  Reading(const Reading &) = delete;
  Reading &operator=(const Reading &) = delete;
};

/// Watches the passes of `passes`: a crash in one is no fault of the text.
void watchPasses(mlir::PassManager &passes);
/// Watches all passes that run in `context`.
void watchPasses(mlir::MLIRContext &context);

/// While one lives, LLVM's parser of options, which ends the process with 1
/// where a word is wrong, ends it with 2.
class ParsingOptions {
public:
  ParsingOptions();
  ~ParsingOptions();
  ParsingOptions(const ParsingOptions &) = delete;
  ParsingOptions &operator=(const ParsingOptions &) = delete;
};

/// The exit code of a tool that failed: 1 if a watched pass has run, which may
/// have said no, and 2 if its input was not even read.
int getFailureCode();

} // namespace seqc

#endif // TOOLS_GUARD_GUARD_H
