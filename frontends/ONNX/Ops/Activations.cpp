//===- Activations.cpp - Functions of one element ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerActivationsOps(Registry &) {}

} // namespace seqc::onnx
