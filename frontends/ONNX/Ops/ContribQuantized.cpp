//===- ContribQuantized.cpp - Quantized operators of com.microsoft ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerContribQuantizedOps(Registry &) {}

} // namespace seqc::onnx
