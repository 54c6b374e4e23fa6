//===- QuantizedElement.h - Rounding to quantised numbers --------*- C++-*-===//

#ifndef FRONTENDS_ONNX_OPS_QUANTIZEDELEMENT_H
#define FRONTENDS_ONNX_OPS_QUANTIZEDELEMENT_H

#include "frontends/ONNX/Vocabulary.h"

namespace seqc::onnx {

/// A float rounded half to even and moved by the zero point (null for none),
/// limited to what the integer type `type` holds.
mlir::Value quantize(Scalars &s, DataType type, mlir::Value x,
                     mlir::Value zero);

/// Quantised numbers as int32, less their zero point (null for none), which is
/// broadcast.
Tensor subtractZeroPoint(Emitter &e, Tensor x, Tensor zero);

/// A sum, difference, product or quotient of floats as float rounds it. What is
/// rounded to an integer afterwards hangs on the last bit, so that this has to
/// hold where floats are evaluated in a higher precision, too: it is computed
/// in double, where such a result rounded once more is the correctly rounded
/// one.
mlir::Value roundedToFloat(Scalars &s,
                           mlir::Value (Scalars::*function)(DataType,
                                                            mlir::Value,
                                                            mlir::Value),
                           mlir::Value a, mlir::Value b);

/// What rounding by range makes of a tensor of floats: unsigned bytes, and the
/// scale and zero point that they have.
struct RangeQuantized {
  Tensor bytes, scale, zero;
};

/// Floats rounded to unsigned bytes by the range of all of them and 0.
RangeQuantized quantizeByRange(Emitter &e, Tensor x);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_QUANTIZEDELEMENT_H
