//===- Limits.h - How large tensors may be ----------------------*- C++ -*-===//
//
// No tensor of a model has more than 2^46 bytes: sums and products of a few
// sizes below that fit 64 bits, so that nothing behind the check wraps.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECT_SEQ_IR_LIMITS_H
#define DIALECT_SEQ_IR_LIMITS_H

#include "mlir/IR/BuiltinTypeInterfaces.h"
#include "mlir/IR/Operation.h"

#include <optional>

namespace seqc::seq {

/// The most bytes of a tensor.
constexpr int64_t kMostTensorBytes = int64_t(1) << 46;

/// The bytes of a tensor or buffer, unknown extents and those of zero counted
/// as one; nothing if they are more than kMostTensorBytes. Elements are at
/// least a byte.
std::optional<int64_t> countBytes(mlir::ShapedType type);

/// Reports the first op inside of `root` with a result or an argument of a
/// region that is too large, by the name of its location.
mlir::LogicalResult checkSizes(mlir::Operation *root);

/// The name that the location of an op has, such as an ONNX node's; empty if
/// there is none.
llvm::StringRef getPlaceName(mlir::Location loc);

} // namespace seqc::seq

#endif // DIALECT_SEQ_IR_LIMITS_H
