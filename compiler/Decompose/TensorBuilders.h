//===- TensorBuilders.h - Short forms for building tensor IR ----*- C++ -*-===//
//
// What every decomposition writes again and again: empty and filled tensors of
// known or dynamic extents, elementwise generics, slices and permutations.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_DECOMPOSE_TENSORBUILDERS_H
#define COMPILER_DECOMPOSE_TENSORBUILDERS_H

#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace seqc {

/// Fills the body of a generic: block arguments in, yielded scalars out.
using ScalarBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::ImplicitLocOpBuilder &, mlir::ValueRange)>;

/// A floating-point constant of `type`.
mlir::Value floatConstant(mlir::ImplicitLocOpBuilder &b, mlir::Type type,
                          double value);

/// A float in another floating-point type, extended or rounded.
mlir::Value convertFloat(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                         mlir::Type type);

/// An index constant.
mlir::Value indexConstant(mlir::ImplicitLocOpBuilder &b, int64_t value);

/// The extent of dimension `dim` of a tensor, an attribute if static.
mlir::OpFoldResult extent(mlir::ImplicitLocOpBuilder &b, mlir::Value tensor,
                          int64_t dim);

/// The extents of a tensor.
llvm::SmallVector<mlir::OpFoldResult> extents(mlir::ImplicitLocOpBuilder &b,
                                              mlir::Value tensor);

/// An extent or index as a value.
mlir::Value asValue(mlir::ImplicitLocOpBuilder &b, mlir::OpFoldResult size);

/// A tensor of undefined contents.
mlir::Value emptyTensor(mlir::ImplicitLocOpBuilder &b,
                        llvm::ArrayRef<mlir::OpFoldResult> sizes,
                        mlir::Type element);

/// A tensor that holds `value` everywhere.
mlir::Value filledTensor(mlir::ImplicitLocOpBuilder &b,
                         llvm::ArrayRef<mlir::OpFoldResult> sizes,
                         mlir::Value value);

/// A floating-point tensor of zeros.
mlir::Value zeroTensor(mlir::ImplicitLocOpBuilder &b,
                       llvm::ArrayRef<mlir::OpFoldResult> sizes,
                       mlir::Type element);

/// `value` as `type`, by a cast that changes static knowledge only.
mlir::Value castTo(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                   mlir::Type type);

/// The part of `source` at `offsets` of `sizes`; the dimensions in `dropped`
/// (of extent 1) disappear.
mlir::Value slice(mlir::ImplicitLocOpBuilder &b, mlir::Value source,
                  llvm::ArrayRef<mlir::OpFoldResult> offsets,
                  llvm::ArrayRef<mlir::OpFoldResult> sizes,
                  llvm::ArrayRef<int64_t> dropped = {});

/// The entries [begin, begin + count) of dimension 0; of a concatenation, those
/// of its part.
mlir::Value rowRange(mlir::ImplicitLocOpBuilder &b, mlir::Value source,
                     int64_t begin, int64_t count);

/// `source` with its dimensions permuted: dimension i of the result is
/// `permutation[i]` of it. Its extents can be given if they are known.
mlir::Value transpose(mlir::ImplicitLocOpBuilder &b, mlir::Value source,
                      llvm::ArrayRef<int64_t> permutation,
                      llvm::ArrayRef<mlir::OpFoldResult> sourceSizes = {});

/// A linalg.generic on tensors.
llvm::SmallVector<mlir::Value>
generic(mlir::ImplicitLocOpBuilder &b, mlir::ValueRange ins,
        mlir::ValueRange outs, llvm::ArrayRef<mlir::AffineMap> maps,
        llvm::ArrayRef<mlir::utils::IteratorType> iterators, ScalarBody body);

/// A generic over the rows and columns of its outputs; inputs of rank 1 repeat
/// along the rows, those of rank 0 everywhere.
llvm::SmallVector<mlir::Value> elementwise(mlir::ImplicitLocOpBuilder &b,
                                           mlir::ValueRange ins,
                                           mlir::ValueRange outs,
                                           ScalarBody body);

/// init + rows * weight^T, `weight` being `[N, K]`.
mlir::Value productTransposed(mlir::ImplicitLocOpBuilder &b, mlir::Value rows,
                              mlir::Value weight, mlir::Value init);

} // namespace seqc

#endif // COMPILER_DECOMPOSE_TENSORBUILDERS_H
