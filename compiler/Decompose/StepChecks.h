//===- StepChecks.h - What a caller of a step may get wrong -----*- C++ -*-===//
//
// Inside of a search positions, rows and states fit together by construction.
// Where a step is an entry they are inputs, and what they could reach beyond
// the ends of tensors is checked.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_DECOMPOSE_STEPCHECKS_H
#define COMPILER_DECOMPOSE_STEPCHECKS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace seqc {

/// Requires that a position is not negative.
void checkPosition(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value position);

/// Requires of every element of `rows` that it is in [0, count).
void checkRows(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value rows,
               mlir::Value count);

/// Puts checks in front of slices and elements whose place depends on values
/// that are no loop's; inside of structured ops, indices are kept inside.
void checkAccesses(mlir::func::FuncOp step);

} // namespace seqc

#endif // COMPILER_DECOMPOSE_STEPCHECKS_H
