//===- Contrib.cpp - Operators of com.microsoft ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerContribOps(Registry &) {}

} // namespace seqc::onnx
