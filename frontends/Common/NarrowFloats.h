//===- NarrowFloats.h - Floats of eight bits and less ------------*- C++-*-===//
//
// They are stored as their bits, one in a byte, and computed with in float.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_COMMON_NARROWFLOATS_H
#define FRONTENDS_COMMON_NARROWFLOATS_H

#include "frontends/Common/Emitter.h"

namespace seqc::frontend {

/// The float that the bits of a narrow float stand for.
mlir::Value decodeNarrow(Scalars &s, DataType type, mlir::Value bits);

/// The bits of the nearest narrow float, ties to even. What is too great
/// becomes the greatest finite number if `saturate` is set, infinity (or NaN,
/// where there is none) otherwise.
mlir::Value encodeNarrow(Scalars &s, DataType type, mlir::Value x,
                         bool saturate);

/// A tensor of floats as narrow floats.
Tensor encodeNarrow(Emitter &emitter, Tensor tensor, DataType type,
                    bool saturate);

} // namespace seqc::frontend

#endif // FRONTENDS_COMMON_NARROWFLOATS_H
