//===- Reductions.cpp - Reductions and scans ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerReductionsOps(Registry &) {}

} // namespace seqc::onnx
