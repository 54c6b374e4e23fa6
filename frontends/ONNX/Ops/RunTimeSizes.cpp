//===- RunTimeSizes.cpp - Results of run-time size ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerRunTimeSizesOps(Registry &) {}

} // namespace seqc::onnx
