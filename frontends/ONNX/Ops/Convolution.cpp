//===- Convolution.cpp - Convolutions ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerConvolutionOps(Registry &) {}

} // namespace seqc::onnx
