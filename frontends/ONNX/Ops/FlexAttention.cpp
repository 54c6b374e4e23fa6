//===- FlexAttention.cpp - Attention with subgraphs ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerFlexAttentionOps(Registry &) {}

} // namespace seqc::onnx
