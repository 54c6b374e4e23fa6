//===- Products.cpp - Matrix products ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerProductsOps(Registry &) {}

} // namespace seqc::onnx
