//===- NamedCells.cpp - Cells that need no definition ---------------------===//

#include "frontends/YAML/NamedCells.h"

using namespace llvm;

namespace seqc::yaml {

static constexpr StringLiteral kHidden[] = {"h"};

/// Minimal gated unit: Zhou, Wu, Zhang and Zhou 2016, equations 5 to 7.
static constexpr StringLiteral kMgu[] = {
    "f = sigmoid(Wf x + Uf h + bf)",
    "n = tanh(Wn x + Un (f * h) + bn)",
    "h = (1 - f) * h + f * n",
};

/// LSTM with a forget gate alone: van der Westhuizen and Lasenby 2018,
/// equation 5.
static constexpr StringLiteral kJanet[] = {
    "f = sigmoid(Wf x + Uf h + bf)",
    "h = f * h + (1 - f) * tanh(Wc x + Uc h + bc)",
};

static constexpr NamedCell kCells[] = {
    {"janet", kHidden, kJanet},
    {"mgu", kHidden, kMgu},
};

ArrayRef<NamedCell> getNamedCells() { return kCells; }

} // namespace seqc::yaml
