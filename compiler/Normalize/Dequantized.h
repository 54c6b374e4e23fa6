//===- Dequantized.h - Numbers that bytes stand for -------------*- C++ -*-===//
//
// What a float tensor says of the bytes that it was made of, found by following
// it to the elementwise op that subtracts a zero point and multiplies by a
// scale.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_NORMALIZE_DEQUANTIZED_H
#define COMPILER_NORMALIZE_DEQUANTIZED_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <optional>

namespace seqc {

/// A scale or a zero point: one number, or one along a dimension.
struct QuantizationParameter {
  /// A tensor, a scalar, or null for a zero point of 0.
  mlir::Value value;
  /// In place of a value: a zero point that is known.
  std::optional<int64_t> constant;
  /// The loop along which a tensor changes, and the dimension of the tensor
  /// that this is; nothing if it is one number.
  std::optional<unsigned> loop, dim;
};

/// (bytes - zero) * scale, elementwise.
struct Dequantized {
  /// The op that computes it: rows, columns and so on are its loops.
  mlir::linalg::GenericOp op;
  mlir::Value bytes;
  bool isSigned;
  QuantizationParameter zero, scale;
};

/// What `op` computes if it dequantises bytes of the shape of its result, and
/// nothing else.
std::optional<Dequantized> readDequantized(mlir::linalg::GenericOp op);

/// A parameter as a tensor of rank 0, or of rank 1 along its loop.
mlir::Value getParameterTensor(mlir::ImplicitLocOpBuilder &b,
                               const QuantizationParameter &parameter,
                               mlir::Type element);

} // namespace seqc

#endif // COMPILER_NORMALIZE_DEQUANTIZED_H
