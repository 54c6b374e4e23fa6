//===- ParallelLoops.h - Loops whose iterations are independent -*- C++ -*-===//
//
// Their mark is seq::ParallelMark. Whoever writes one knows that each iteration
// writes elements of its own and reads none that another iteration writes.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_TRANSFORMS_PARALLELLOOPS_H
#define COMPILER_TRANSFORMS_PARALLELLOOPS_H

#include "dialect/Seq/IR/Marks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace seqc {

/// Whether a function's first argument is the context of the call.
bool hasContext(mlir::func::FuncOp function);

/// Whether a loop on buffers carries nothing, takes no memory and calls
/// nothing, so that a mark on it still holds.
bool isParallelizable(mlir::scf::ForOp loop);

} // namespace seqc

#endif // COMPILER_TRANSFORMS_PARALLELLOOPS_H
