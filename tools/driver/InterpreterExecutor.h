//===- InterpreterExecutor.h - Models run by the interpreter ----*- C++ -*-===//
//
// Gives the reference interpreter the interface through which the command line
// runs compiled code, so that both read the same inputs and show the same
// outputs.
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_DRIVER_INTERPRETEREXECUTOR_H
#define TOOLS_DRIVER_INTERPRETEREXECUTOR_H

#include "runtime/cli/Executor.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace seqc {

/// An executor that evaluates `module`, in the form of any tensor-level phase.
/// Weights are looked up in `folder`. The module outlives the executor.
llvm::Expected<std::unique_ptr<cli::Executor>>
createInterpreterExecutor(mlir::ModuleOp module, llvm::StringRef folder);

} // namespace seqc

#endif // TOOLS_DRIVER_INTERPRETEREXECUTOR_H
