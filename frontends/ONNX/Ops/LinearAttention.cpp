//===- LinearAttention.cpp - Linear attention and causal convolution ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerLinearAttentionOps(Registry &) {}

} // namespace seqc::onnx
