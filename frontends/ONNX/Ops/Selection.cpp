//===- Selection.cpp - ArgMax, TopK and sorting ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerSelectionOps(Registry &) {}

} // namespace seqc::onnx
