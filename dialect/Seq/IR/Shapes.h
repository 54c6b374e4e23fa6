//===- Shapes.h - Comparing and reifying shapes -----------------*- C++ -*-===//
//
// What the verifiers and the shape reification of every op family share.
// Private to the dialect's library.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECT_SEQ_IR_SHAPES_H
#define DIALECT_SEQ_IR_SHAPES_H

#include "dialect/Seq/IR/ExtentSource.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"

#include <optional>
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

/// Makes `known`, an extent that several values share, static if it was dynamic
/// and `found`, that of one of them, is not. What is compared with `known` later
/// is then compared with every value before it: extents 3, ? and 4 of one
/// dimension cannot all be equal, whichever comes first.
void narrow(int64_t &known, int64_t found);

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

/// As checkShape(), where extents of `required` are shared with other values:
/// those that are dynamic become those of `type`.
mlir::LogicalResult checkAndNarrow(mlir::Operation *op, llvm::StringRef name,
                                   mlir::RankedTensorType type,
                                   llvm::MutableArrayRef<int64_t> required,
                                   llvm::StringRef label);

/// Reports an error of `op` under `label` unless the floating-point tensors
/// among its operands and results have one element type.
mlir::LogicalResult checkFloatElements(mlir::Operation *op,
                                       llvm::StringRef label);

/// Reports an error of `op` under `label` unless `values`, at least one, have
/// one static type. `one` and `many` name them.
mlir::LogicalResult checkStaticAndAlike(mlir::Operation *op,
                                        llvm::StringRef one,
                                        llvm::StringRef many,
                                        mlir::ValueRange values,
                                        llvm::StringRef label);

/// Reports an error of `op` under `label` unless elements of `type`, those of
/// what `many` names, can be in excess.
mlir::LogicalResult checkExcess(mlir::Operation *op, llvm::StringRef many,
                                mlir::RankedTensorType type,
                                llvm::StringRef label);

/// Whether a number of type `half` is the upper half of the bits of one of type
/// `whole`, as a bf16 is of an f32: widening it shifts.
bool isUpperHalf(mlir::Type half, mlir::Type whole);

/// Reports an error of `op` under `label` unless a product of `lhs` and
/// `matrix` onto `inits` has element types that products have: one
/// floating-point type, or i8, i8 and i32, or, where it `takesHalves`, a type,
/// its upper halves and that type.
mlir::LogicalResult checkProductTypes(mlir::Operation *op, mlir::Value lhs,
                                      mlir::Value matrix,
                                      mlir::ValueRange inits,
                                      llvm::StringRef label,
                                      bool takesHalves = false);

/// Reports an error of `op` under `label` unless weights have codes of `bits`
/// bits.
mlir::LogicalResult checkCodeBits(mlir::Operation *op, int64_t bits,
                                  llvm::StringRef label);

/// Whether the types of all tensor operands of `op` are static, so that
/// agreement of their extents is known from the types alone.
bool hasStaticOperands(mlir::Operation *op);

/// Sources of the extents of one result, by result number; one entry per
/// dimension.
using ExtentSources =
    llvm::function_ref<llvm::SmallVector<ExtentSource>(int64_t)>;

/// The extents of `value`: those of a result of the same shape.
llvm::SmallVector<ExtentSource> extentsOf(mlir::Value value);

/// Implements reifyResultShapes(): static extents come from the result types,
/// others from `sources`.
mlir::LogicalResult reifyShapes(mlir::Operation *op, mlir::OpBuilder &builder,
                                mlir::ReifiedRankedShapedTypeDims &shapes,
                                ExtentSources sources);

/// Implements reifyDimOfResult() likewise. Creates nothing where it fails, as
/// rewrites need.
mlir::FailureOr<mlir::OpFoldResult> reifyExtent(mlir::Operation *op,
                                                mlir::OpBuilder &builder,
                                                int result, int dim,
                                                ExtentSources sources);

} // namespace seqc::seq::detail

#endif // DIALECT_SEQ_IR_SHAPES_H
