//===- QuantizedElement.h - Rounding to quantised numbers --------*- C++-*-===//

#ifndef FRONTENDS_ONNX_OPS_QUANTIZEDELEMENT_H
#define FRONTENDS_ONNX_OPS_QUANTIZEDELEMENT_H

#include "frontends/ONNX/Scalars.h"

namespace seqc::onnx {

/// A float rounded half to even and moved by the zero point (null for none),
/// limited to what the integer type `type` holds.
mlir::Value quantize(Scalars &s, DataType type, mlir::Value x,
                     mlir::Value zero);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_QUANTIZEDELEMENT_H
