//===- Bisect.h - Where compiled code begins to differ ----------*- C++ -*-===//

#ifndef TOOLS_DRIVER_BISECT_H
#define TOOLS_DRIVER_BISECT_H

#include "runtime/cli/RunModel.h"
#include "tools/driver/Reporter.h"
#include "tools/session/Compilation.h"

namespace seqc {

/// Where the first difference was found.
struct BisectResult {
  /// The first phase after which the interpreter gives another result; empty if
  /// all phases on tensors agree, so that code generation differs.
  std::string phase;
  /// The first op of the entry whose compiled result differs; empty if none
  /// alone does.
  std::string op;
  /// Its place in the model.
  std::string location;
};

/// Finds the first phase and op that differ for the given inputs.
llvm::Expected<BisectResult> bisect(const CompileOptions &options,
                                    const rt::EntrySignature &entry,
                                    llvm::ArrayRef<rt::TensorRef> inputs,
                                    const cli::Tolerance &tolerance,
                                    Reporter &reporter);

/// Runs `entry` of `executor` and compares with `want`, output by output.
/// Returns the comparisons; their number is that of the outputs.
llvm::Expected<std::vector<cli::Comparison>>
runAndCompare(cli::Executor &executor, const rt::EntrySignature &entry,
              llvm::ArrayRef<rt::TensorRef> inputs,
              llvm::ArrayRef<rt::TensorRef> want,
              const cli::Tolerance &tolerance);

/// Runs `entry` of `executor`.
llvm::Expected<std::vector<rt::TensorRef>>
runEntry(cli::Executor &executor, const rt::EntrySignature &entry,
         llvm::ArrayRef<rt::TensorRef> inputs);

} // namespace seqc

#endif // TOOLS_DRIVER_BISECT_H
