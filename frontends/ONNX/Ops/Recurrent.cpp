//===- Recurrent.cpp - RNN, GRU and LSTM ---===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

void registerRecurrentOps(Registry &) {}

} // namespace seqc::onnx
