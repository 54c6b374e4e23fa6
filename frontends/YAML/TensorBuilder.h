//===- TensorBuilder.h - Tensor expressions in the import form --*- C++ -*-===//
//
// The vocabulary of the import form: products as linalg.matmul on rank-2
// operands, arithmetic as arith and math ops on whole tensors, gathers and
// masked reductions as linalg.generic. One method per idea, each gives one
// value.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_YAML_TENSORBUILDER_H
#define FRONTENDS_YAML_TENSORBUILDER_H

#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

#include "llvm/ADT/StringRef.h"

namespace seqc::yaml {

/// How `TensorBuilder::reduceLast` and `poolSteps` combine elements.
enum class Reduction { Sum, Max, Min, Mean };

/// Builds tensor expressions at an insertion point.
class TensorBuilder {
public:
  explicit TensorBuilder(mlir::MLIRContext *context)
      : builder(context), loc(mlir::UnknownLoc::get(context)) {}

  mlir::OpBuilder &getBuilder() { return builder; }
  mlir::Location getLoc() const { return loc; }
  void setLoc(mlir::Location newLoc) { loc = newLoc; }

  /// The type `tensor<…xf32>` and the like.
  mlir::RankedTensorType f32Type(llvm::ArrayRef<int64_t> shape);

  //===--- Shapes ---------------------------------------------------------===//

  mlir::Value index(int64_t value);
  /// Extent `dim` of a tensor: a constant where it is static.
  mlir::OpFoldResult dim(mlir::Value tensor, int64_t dim);
  llvm::SmallVector<mlir::OpFoldResult> dims(mlir::Value tensor);
  mlir::Value transpose(mlir::Value tensor,
                        llvm::ArrayRef<int64_t> permutation);
  mlir::Value collapse(mlir::Value tensor,
                       llvm::ArrayRef<mlir::ReassociationIndices> groups);
  mlir::Value expand(mlir::Value tensor,
                     llvm::ArrayRef<mlir::ReassociationIndices> groups,
                     llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// `[a, b, …, F]` as `[a*b*…, F]`.
  mlir::Value flattenRows(mlir::Value tensor);
  /// Undoes flattenRows: the leading extents of `like` over the last one of
  /// `rows`.
  mlir::Value unflattenRows(mlir::Value rows, mlir::Value like);
  /// Adds an extent of 1 in front of dimension `dim`.
  mlir::Value unsqueeze(mlir::Value tensor, int64_t dim);
  /// Drops dimension `dim`, whose extent is 1.
  mlir::Value squeeze(mlir::Value tensor, int64_t dim);
  mlir::Value concat(llvm::ArrayRef<mlir::Value> tensors, int64_t dim);
  /// Elements [begin, begin + size) of dimension `dim`.
  mlir::Value slice(mlir::Value tensor, int64_t dim, int64_t begin,
                    int64_t size);
  /// Repeats `tensor` along new dimensions so that it gets the extents `sizes`;
  /// `added` are the positions of the new dimensions.
  mlir::Value broadcast(mlir::Value tensor,
                        llvm::ArrayRef<mlir::OpFoldResult> sizes,
                        llvm::ArrayRef<int64_t> added);

  //===--- Arithmetic -----------------------------------------------------===//

  /// A tensor of the extents `sizes` filled with `value`.
  mlir::Value fill(llvm::ArrayRef<mlir::OpFoldResult> sizes, double value);
  mlir::Value fillInteger(llvm::ArrayRef<mlir::OpFoldResult> sizes,
                          int32_t value);
  /// A tensor of the type and extents of `like` filled with `value`.
  mlir::Value fillLike(mlir::Value like, double value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value div(mlir::Value a, mlir::Value b);
  /// An elementwise function by name: sigmoid, tanh, relu, exp, log, sqrt,
  /// softplus, abs, softsign, elu, leaky_relu, gelu, or softmax over the last
  /// dimension. Null if unknown.
  mlir::Value apply(llvm::StringRef function, mlir::Value x);
  /// Combines the elements of the last dimension.
  mlir::Value reduceLast(mlir::Value x, Reduction reduction);
  /// Combines the elements of dimension `dimension`, which is static for a
  /// mean; `sizes` are the extents of the result.
  mlir::Value reduce(mlir::Value x, int64_t dimension, Reduction reduction,
                     llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// The position of the greatest element of each row of `[R, F]`, the first on
  /// ties.
  mlir::Value argmaxRows(mlir::Value rows);

  //===--- Products, gathers, pooling -------------------------------------===//

  /// `[R, K] · [N, K]^T (+ [N])`, weights stored as PyTorch does.
  mlir::Value linear(mlir::Value rows, mlir::Value weight,
                     mlir::Value bias = {});
  /// linear() over the last dimension of a tensor of any rank.
  mlir::Value linearLast(mlir::Value x, mlir::Value weight,
                         mlir::Value bias = {});
  /// Rows `ids` of `[N, F]`: the shape of ids, then F.
  mlir::Value gatherRows(mlir::Value table, mlir::Value ids);
  /// `[B, T, F]` over the living steps to `[B, F]`; all steps live without
  /// lengths, and a row without living steps gives zeros.
  mlir::Value poolSteps(mlir::Value x, mlir::Value lengths,
                        Reduction reduction);
  /// The first or the last living step of each row of `[B, T, F]`; zeros if
  /// there is none.
  mlir::Value outerStep(mlir::Value x, mlir::Value lengths, bool first);

private:
  mlir::Value toValue(mlir::OpFoldResult size);
  mlir::Value empty(llvm::ArrayRef<mlir::OpFoldResult> sizes,
                    mlir::Type element);
  mlir::Value constant(double value);

  mlir::OpBuilder builder;
  mlir::Location loc;
};

} // namespace seqc::yaml

#endif // FRONTENDS_YAML_TENSORBUILDER_H
