//===- Resampling.cpp - Resize and grid sampling ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerResamplingOps(Registry &) {}

} // namespace seqc::onnx
