//===- ControlFlow.cpp - If, Loop and Scan ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerControlFlowOps(Registry &) {}

} // namespace seqc::onnx
