//===- ParallelLoops.h - Loops whose iterations are independent -*- C++ -*-===//
//
// The mark of such loops. Whoever writes one knows that each iteration writes
// elements of its own and reads none that another iteration writes.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_TRANSFORMS_PARALLELLOOPS_H
#define COMPILER_TRANSFORMS_PARALLELLOOPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace seqc {

/// Unit attribute of an `scf.for` whose iterations may run in any order and at
/// the same time.
constexpr llvm::StringLiteral kParallelAttr = "seq.parallel";

/// Unit attribute of a function whose calls stand in loops.
constexpr llvm::StringLiteral kInLoopAttr = "seq.in_loop";

/// Number of an `scf.for` on tensors, another one for each in a function.
constexpr llvm::StringLiteral kLoopNumberAttr = "seq.loop_number";

/// Whether a function's first argument is the context of the call.
bool hasContext(mlir::func::FuncOp function);

/// Whether a loop on buffers carries nothing, takes no memory and calls
/// nothing, so that a mark on it still holds.
bool isParallelizable(mlir::scf::ForOp loop);

} // namespace seqc

#endif // COMPILER_TRANSFORMS_PARALLELLOOPS_H
