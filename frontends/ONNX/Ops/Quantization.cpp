//===- Quantization.cpp - Quantization ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerQuantizationOps(Registry &) {}

} // namespace seqc::onnx
