//===- InputTypes.cpp - What operators require of inputs ------------------===//

#include "frontends/ONNX/Ops/InputTypes.h"

using namespace llvm;

namespace seqc::onnx {

LogicalResult requireFloats(Node &node, size_t count) {
  for (size_t i = 0; i < count && i < node.getNumInputs(); ++i)
    if (Tensor x = node.getInput(i); x && !isFloat(x.type))
      return node.error("its input is " + getName(x.type) +
                        "; required is a floating-point type");
  return success();
}

} // namespace seqc::onnx
