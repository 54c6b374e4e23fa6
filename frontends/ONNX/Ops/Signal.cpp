//===- Signal.cpp - Fourier transforms and windows ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerSignalOps(Registry &) {}

} // namespace seqc::onnx
