//===- CellActivations.cpp - Activation functions of cells ----------------===//

#include "compiler/Decompose/CellActivations.h"

#include "compiler/Decompose/TensorBuilders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace seqc {

Value mul(ImplicitLocOpBuilder &b, Value lhs, Value rhs) {
  return arith::MulFOp::create(b, lhs, rhs, arith::FastMathFlags::contract);
}

Value add(ImplicitLocOpBuilder &b, Value lhs, Value rhs) {
  return arith::AddFOp::create(b, lhs, rhs, arith::FastMathFlags::contract);
}

/// `x >= bound ? x : other`, false for NaN.
static Value keepFrom(ImplicitLocOpBuilder &b, Value x, Value bound,
                      Value other) {
  Value keep = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, x, bound);
  return arith::SelectOp::create(b, keep, x, other);
}

Value CellActivation::build(ImplicitLocOpBuilder &b, Value x) const {
  Type type = x.getType();
  auto constant = [&](double value) { return floatConstant(b, type, value); };
  if (clip) {
    x = arith::MaximumFOp::create(b, x, constant(-*clip));
    x = arith::MinimumFOp::create(b, x, constant(*clip));
  }
  if (name == "tanh")
    return math::TanhOp::create(b, x);
  if (name == "sigmoid") {
    Value e = math::ExpOp::create(b, arith::NegFOp::create(b, x));
    return arith::DivFOp::create(b, constant(1),
                                 arith::AddFOp::create(b, e, constant(1)));
  }
  if (name == "relu")
    return arith::MaximumFOp::create(b, x, constant(0));
  if (name == "affine")
    return add(b, mul(b, x, constant(alpha)), constant(beta));
  if (name == "leaky_relu")
    return keepFrom(b, x, constant(0), mul(b, x, constant(alpha)));
  if (name == "thresholded_relu")
    return keepFrom(b, x, constant(alpha), constant(0));
  if (name == "scaled_tanh")
    return mul(b, math::TanhOp::create(b, mul(b, x, constant(beta))),
               constant(alpha));
  if (name == "hard_sigmoid") {
    Value line = add(b, mul(b, x, constant(alpha)), constant(beta));
    line = arith::MaximumFOp::create(b, line, constant(0));
    return arith::MinimumFOp::create(b, line, constant(1));
  }
  if (name == "elu") {
    Value e = arith::SubFOp::create(b, math::ExpOp::create(b, x), constant(1));
    return keepFrom(b, x, constant(0), mul(b, e, constant(alpha)));
  }
  if (name == "softsign") {
    Value size =
        arith::AddFOp::create(b, math::AbsFOp::create(b, x), constant(1));
    return arith::DivFOp::create(b, x, size);
  }
  if (name == "softplus") {
    // max(x, 0) + log(1 + exp(-|x|)) does not overflow.
    Value e = math::ExpOp::create(
        b, arith::NegFOp::create(b, math::AbsFOp::create(b, x)));
    Value tail = math::Log1pOp::create(b, e);
    return add(b, arith::MaximumFOp::create(b, x, constant(0)), tail);
  }
  return {};
}

/// ONNX's default of a parameter, nothing if the function does not take it.
static std::optional<double> defaultParameter(StringRef name, bool beta) {
  if (name == "affine")
    return beta ? 0.0 : 1.0;
  if (name == "scaled_tanh")
    return 1.0;
  if (name == "hard_sigmoid")
    return beta ? 0.5 : 0.2f;
  if (beta)
    return std::nullopt;
  if (name == "leaky_relu")
    return 0.01f;
  if (name == "thresholded_relu" || name == "elu")
    return 1.0;
  return std::nullopt;
}

/// The next of the given parameters, the default after the last.
static double nextParameter(StringRef name, bool beta, ArrayAttr given,
                            size_t &used) {
  std::optional<double> value = defaultParameter(name, beta);
  if (!value)
    return 0;
  if (!given || used >= given.size())
    return *value;
  return cast<FloatAttr>(given[used++]).getValueAsDouble();
}

SmallVector<CellActivation> resolveActivations(ArrayRef<std::string> names,
                                               ArrayAttr alphas,
                                               ArrayAttr betas,
                                               std::optional<double> clip) {
  SmallVector<CellActivation> activations;
  size_t usedAlphas = 0, usedBetas = 0;
  for (const std::string &name : names) {
    double alpha = nextParameter(name, /*beta=*/false, alphas, usedAlphas);
    double beta = nextParameter(name, /*beta=*/true, betas, usedBetas);
    activations.push_back({name, alpha, beta, clip});
  }
  return activations;
}

} // namespace seqc
