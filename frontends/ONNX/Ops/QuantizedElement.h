//===- QuantizedElement.h - Rounding to quantised numbers --------*- C++-*-===//

#ifndef FRONTENDS_ONNX_OPS_QUANTIZEDELEMENT_H
#define FRONTENDS_ONNX_OPS_QUANTIZEDELEMENT_H

#include "frontends/Common/Numbers.h"
#include "frontends/ONNX/Vocabulary.h"

namespace seqc::onnx {

/// A float rounded half to even and moved by the zero point (null for none),
/// limited to what the integer type `type` holds.
mlir::Value quantize(Scalars &s, DataType type, mlir::Value x,
                     mlir::Value zero);

/// A product or quotient of floats as float rounds it. What is rounded to an
/// integer afterwards hangs on the last bit, so that this has to hold where
/// floats are evaluated in a higher precision, too: it is computed in double,
/// where such a result rounded once more is the correctly rounded one.
Number roundedProduct(Number a, Number b);
Number roundedQuotient(Number a, Number b);

/// Scale and zero point (null for 0), which broadcast with what they belong to.
struct Parameters {
  Tensor scale, zero;
};

/// Floats over the scale, rounded by quantize() to integers of `type`.
Tensor quantize(Emitter &e, Tensor x, Parameters by, DataType type);

/// (x - zero) * scale, computed as float and given as `result`.
Tensor dequantize(Emitter &e, Tensor x, Parameters by,
                  DataType result = DataType::Float);

/// Quantised numbers as int32, less their zero point (null for none).
Tensor subtractZeroPoint(Emitter &e, Tensor x, Tensor zero);

/// Floats rounded to unsigned bytes by the range of all of them and 0, and the
/// parameters that these bytes have.
std::pair<Tensor, Parameters> quantizeByRange(Emitter &e, Tensor x);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_QUANTIZEDELEMENT_H
