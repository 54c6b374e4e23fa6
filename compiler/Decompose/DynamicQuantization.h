//===- DynamicQuantization.h - Rounding to bytes by range -------*- C++ -*-===//
//
// Floats that are rounded to unsigned bytes by their own range, as seq.lstm
// with weights of bytes defines it, and products of these bytes.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_DECOMPOSE_DYNAMICQUANTIZATION_H
#define COMPILER_DECOMPOSE_DYNAMICQUANTIZATION_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace seqc {

/// (bytes - zero) * scale; scale and zero point are tensors of rank 0.
struct QuantizedTensor {
  mlir::Value bytes, scale, zero;
};

/// A matrix [N, K], or [K, N] if `transposed` is set, of bytes. Scale and zero
/// point have rank 0, or 1 with an entry for each of the N columns of a product;
/// a zero point of null is 0.
struct ByteMatrix {
  mlir::Value bytes, scale, zero;
  bool transposed = false, isSigned = false;

  /// N.
  int64_t getNumColumns() const;
};

/// The `count` gates of one direction of a layer's weight: of bytes [D, G*N, K],
/// and scales and zero points [D, G*N] or [D, 1]. One that is a transpose of its
/// last dimensions is read as it is stored.
llvm::SmallVector<ByteMatrix> takeByteGates(mlir::ImplicitLocOpBuilder &b,
                                            const ByteMatrix &all,
                                            int64_t direction, int64_t count);

/// `tensor`, of f32 and any rank, rounded by the range of all its elements.
QuantizedTensor quantizeByRange(mlir::ImplicitLocOpBuilder &b,
                                mlir::Value tensor);

/// rows * matrix^T, exact up to its scaling, on top of `init`: a tensor [M, N],
/// one [N] for each row, or null.
mlir::Value multiplyQuantized(mlir::ImplicitLocOpBuilder &b,
                              const QuantizedTensor &rows,
                              const ByteMatrix &matrix, mlir::Value init);

} // namespace seqc

#endif // COMPILER_DECOMPOSE_DYNAMICQUANTIZATION_H
