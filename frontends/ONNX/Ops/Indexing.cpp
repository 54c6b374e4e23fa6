//===- Indexing.cpp - Gathers and scatters ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerIndexingOps(Registry &) {}

} // namespace seqc::onnx
