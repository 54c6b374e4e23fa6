//===- Attention.cpp - Attention and what surrounds it ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerAttentionOps(Registry &) {}

} // namespace seqc::onnx
