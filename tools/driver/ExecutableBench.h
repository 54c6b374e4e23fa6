//===- ExecutableBench.h - Measuring executables ----------------*- C++ -*-===//
//
// An executable cannot be loaded into another process. It is measured by its
// own trace: one of its inputs is repeated along a new first axis and fed with
// `--step`, so that one process runs the model many times.
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_DRIVER_EXECUTABLEBENCH_H
#define TOOLS_DRIVER_EXECUTABLEBENCH_H

#include "runtime/cli/Executor.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace seqc {

/// An executor that knows the signatures of an artefact and runs nothing.
llvm::Expected<std::unique_ptr<cli::Executor>>
createSignatureExecutor(const llvm::json::Object &metadata);

/// Seconds of each of `count` runs of `entry` in the executable `path`, in
/// order. Inputs that are empty take their defaults.
llvm::Expected<std::vector<double>>
timeExecutable(llvm::StringRef path, const rt::EntrySignature &entry,
               llvm::ArrayRef<rt::TensorRef> inputs, int64_t count,
               int32_t threads);

} // namespace seqc

#endif // TOOLS_DRIVER_EXECUTABLEBENCH_H
