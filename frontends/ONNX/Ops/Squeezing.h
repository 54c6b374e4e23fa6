//===- Squeezing.h - Extents of 1 that come and go --------------*- C++-*-===//

#ifndef FRONTENDS_ONNX_OPS_SQUEEZING_H
#define FRONTENDS_ONNX_OPS_SQUEEZING_H

#include "frontends/ONNX/Node.h"

namespace seqc::onnx {

/// Unsqueeze and Squeeze: axes that are named appear with an extent of 1, or
/// go.
llvm::LogicalResult convertUnsqueeze(Node &node);
llvm::LogicalResult convertSqueeze(Node &node);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_SQUEEZING_H
