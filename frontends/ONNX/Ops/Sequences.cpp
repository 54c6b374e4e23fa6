//===- Sequences.cpp - Sequences and optionals ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerSequencesOps(Registry &) {}

} // namespace seqc::onnx
