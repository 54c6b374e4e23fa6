//===- QuantizedProduct.h - Products of bytes --------------------*- C++-*-===//

#ifndef FRONTENDS_ONNX_OPS_QUANTIZEDPRODUCT_H
#define FRONTENDS_ONNX_OPS_QUANTIZEDPRODUCT_H

#include "frontends/ONNX/Ops/Readers.h"

namespace seqc::onnx {

/// A side of a product of bytes: numbers and their zero point (null for 0).
struct QuantizedSide {
  Tensor numbers, zero;
};

/// Whether `a` times `b` in numpy's sense is one product of rows: both are of 8
/// bits, `b` has rank 2, and there is one zero point for all of `a`, or one for
/// each of its rows where it has rank 2.
bool isProductOfRows(QuantizedSide a, QuantizedSide b);

/// Such a product, int32, with the rows of `a` in one dimension: [M, N]. `b` is
/// [N, K] instead of [K, N] if `turned` is set.
llvm::FailureOr<Tensor> multiplyRows(Node &node, QuantizedSide a,
                                     QuantizedSide b, bool turned = false);

/// `rows`, made of those of `a`, under the extents of `a` but for the last one.
Tensor restoreRows(Emitter &e, Tensor rows, Tensor a);

/// numpy's product of `a` and `b`, whose rank is 2, as floats: the sums times
/// both scales, plus a bias that may be null.
llvm::FailureOr<Tensor> multiplyScaled(Node &node, QuantizedSide a,
                                       QuantizedSide b, Tensor scaleA,
                                       Tensor scaleB, Tensor bias);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_QUANTIZEDPRODUCT_H
