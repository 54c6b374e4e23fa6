//===- CellActivations.h - Activation functions of cells --------*- C++ -*-===//

#ifndef COMPILER_DECOMPOSE_CELLACTIVATIONS_H
#define COMPILER_DECOMPOSE_CELLACTIVATIONS_H

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <optional>

namespace seqc {

/// An activation function with its parameters and the bound of its argument.
struct CellActivation {
  seq::Activation function;
  /// Factors; their meaning depends on the function.
  double alpha = 0, beta = 0;
  /// The argument is clipped to [-clip, clip] first.
  std::optional<double> clip;

  /// The function applied to one number.
  mlir::Value build(mlir::ImplicitLocOpBuilder &b, mlir::Value x) const;
};

/// Joins functions with factors, which are given in the order of the functions
/// that take them; missing ones get ONNX's defaults.
llvm::SmallVector<CellActivation>
resolveActivations(llvm::ArrayRef<seq::Activation> functions,
                   mlir::ArrayAttr alphas, mlir::ArrayAttr betas,
                   std::optional<double> clip);

/// a * b and a + b, which the back end may contract into one operation.
mlir::Value mul(mlir::ImplicitLocOpBuilder &b, mlir::Value lhs,
                mlir::Value rhs);
mlir::Value add(mlir::ImplicitLocOpBuilder &b, mlir::Value lhs,
                mlir::Value rhs);

} // namespace seqc

#endif // COMPILER_DECOMPOSE_CELLACTIVATIONS_H
