//===- Pooling.cpp - Pooling ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerPoolingOps(Registry &) {}

} // namespace seqc::onnx
