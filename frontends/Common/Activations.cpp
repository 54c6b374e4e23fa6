//===- Activations.cpp - Functions of single numbers ----------------------===//

#include "frontends/Common/Activations.h"

using namespace llvm;
namespace math = mlir::math;

namespace seqc::frontend {

using Factors = ArrayRef<double>;

/// log(1 + exp(x)), which never overflows.
static Number softplus(Number x) {
  return max(x, 0) + exp(-abs(x)).apply<math::Log1pOp>();
}

/// A line between 0 and 1.
static Number hardSigmoid(Number x, Factors f) {
  return min(max(x * f[0] + f[1], 0), 1);
}
static Number hardSwish(Number x, Factors) {
  return x * hardSigmoid(x, {1.0 / 6, 0.5});
}

static Number leakyRelu(Number x, Factors f) {
  return select(x < 0, x * f[0], x);
}
static Number thresholdedRelu(Number x, Factors f) {
  return select(x > f[0], x, 0);
}

/// alpha * (exp(x) - 1) below 0.
static Number elu(Number x, Factors f) {
  return select(x < 0, x.apply<math::ExpM1Op>() * f[0], x);
}
static Number selu(Number x, Factors f) { return elu(x, f) * f[1]; }
static Number celu(Number x, Factors f) {
  return select(x < 0, (x / f[0]).apply<math::ExpM1Op>() * f[0], x);
}

Number gelu(Number x, Factors) {
  Number inner = (x * 0.70710678118654752440).apply<math::ErfOp>();
  return x * 0.5 * (inner + 1);
}

Number tanhGelu(Number x, Factors) {
  Number inner = x + x * x * x * 0.044715;
  return x * 0.5 * (tanh(inner * 0.79788456080286535588) + 1);
}

Number swish(Number x, Factors f) { return x * sigmoid(x * f[0]); }

/// Rows of one name from the latest definition on.
static const Activation kActivations[] = {
    {"Relu", 1, [](Number x, Factors) { return max(x, 0); }},
    {"LeakyRelu", 1, leakyRelu, {{"alpha", 0.01F}}},
    {"Elu", 1, elu, {{"alpha", 1}}},
    {"Selu", 6, selu, {{"alpha", 1.67326319F}, {"gamma", 1.05070102F}}},
    {"Selu", 1, selu, {{"alpha", 1.6732F}, {"gamma", 1.0507F}}},
    {"Celu", 12, celu, {{"alpha", 1}}},
    {"Sigmoid", 1, [](Number x, Factors) { return sigmoid(x); }},
    {"HardSigmoid", 1, hardSigmoid, {{"alpha", 0.2F}, {"beta", 0.5F}}},
    {"HardSwish", 14, hardSwish},
    {"Softplus", 1, [](Number x, Factors) { return softplus(x); }},
    {"Softsign", 1, [](Number x, Factors) { return x / (abs(x) + 1); }},
    {"Tanh", 1, [](Number x, Factors) { return tanh(x); }},
    {"ThresholdedRelu", 10, thresholdedRelu, {{"alpha", 1}}},
    {"Mish", 18, [](Number x, Factors) { return x * tanh(softplus(x)); }},
    {"Swish", 24, swish, {{"alpha", 1}}},
    {"Gelu", 20, gelu},
};

ArrayRef<Activation> getActivations() { return kActivations; }

const Activation *findActivation(StringRef name, int64_t opset) {
  for (const Activation &row : kActivations)
    if (row.name == name && row.since <= opset)
      return &row;
  return nullptr;
}

Tensor activate(Emitter &e, const Activation &function, Tensor x,
                ArrayRef<float> factors) {
  SmallVector<double> all(factors);
  for (size_t i = all.size(); i < function.factors.size(); ++i)
    all.push_back(function.factors[i].second);
  return map(e, x.type, {x}, [&](Number v) { return function.apply(v, all); });
}

} // namespace seqc::frontend
