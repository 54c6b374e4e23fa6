//===- Normalization.cpp - Normalization ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerNormalizationOps(Registry &) {}

} // namespace seqc::onnx
