//===- Slicing.cpp - Slices, padding and tiling ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerSlicingOps(Registry &) {}

} // namespace seqc::onnx
