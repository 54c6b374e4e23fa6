//===- InputTypes.h - What operators require of inputs ----------*- C++-*-===//

#ifndef FRONTENDS_ONNX_OPS_INPUTTYPES_H
#define FRONTENDS_ONNX_OPS_INPUTTYPES_H

#include "frontends/ONNX/Node.h"

namespace seqc::onnx {

/// Reports an input among the first `count` ones that holds no floating-point
/// numbers.
llvm::LogicalResult requireFloats(Node &node, size_t count);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_INPUTTYPES_H
