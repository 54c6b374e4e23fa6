//===- Shapes.h - Comparing and reifying shapes -----------------*- C++ -*-===//
//
// What the verifiers and the shape reification of every op family share.
// Private to the dialect's library.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECT_SEQ_IR_SHAPES_H
#define DIALECT_SEQ_IR_SHAPES_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"

#include <string>

namespace seqc::seq::detail {

/// Type of a value that is a ranked tensor by its op's definition.
inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}

/// Extent of dimension `dim` of a ranked tensor.
inline int64_t extent(mlir::Value value, int64_t dim) {
  return tensorType(value).getDimSize(dim);
}

/// Whether two extents may be equal at run time.
bool mayBeEqual(int64_t left, int64_t right);

/// Whether two shapes have one rank and extents that may be equal at run time.
bool mayBeEqual(llvm::ArrayRef<int64_t> left, llvm::ArrayRef<int64_t> right);

/// A shape as diagnostics show it, e.g. `[?, 4]`.
std::string shapeText(llvm::ArrayRef<int64_t> shape);

/// `type` without dimension 0.
mlir::RankedTensorType dropLeading(mlir::RankedTensorType type);

/// `type` with a dynamic dimension 0.
mlir::RankedTensorType withDynamicLeading(mlir::RankedTensorType type);

/// Reports an error of `op` under `label` unless the shape of `type` may be
/// `required`.
mlir::LogicalResult checkShape(mlir::Operation *op, llvm::StringRef name,
                               mlir::RankedTensorType type,
                               llvm::ArrayRef<int64_t> required,
                               llvm::StringRef label);

/// Reports an error of `op` under `label` unless the floating-point tensors
/// among its operands and results have one element type.
mlir::LogicalResult checkFloatElements(mlir::Operation *op,
                                       llvm::StringRef label);

/// Whether the types of all tensor operands of `op` are static, so that
/// agreement of their extents is known from the types alone.
bool hasStaticOperands(mlir::Operation *op);

/// Where an extent of a result is found: a dimension of an operand, or, with a
/// negative dimension, the operand itself. Without a value the extent is not
/// known beforehand.
struct ExtentSource {
  mlir::Value value;
  int64_t dim = -1;
};

/// Extents of a result of the given type: static ones from the type, others
/// from `sources`, which has one entry per dimension.
llvm::SmallVector<mlir::OpFoldResult>
reifyExtents(mlir::OpBuilder &builder, mlir::Location location,
             mlir::RankedTensorType type, llvm::ArrayRef<ExtentSource> sources);

} // namespace seqc::seq::detail

#endif // DIALECT_SEQ_IR_SHAPES_H
