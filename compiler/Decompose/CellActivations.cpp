//===- CellActivations.cpp - Activation functions of cells ----------------===//

#include "compiler/Decompose/CellActivations.h"

#include "compiler/Decompose/TensorBuilders.h"
#include "dialect/Seq/IR/Activations.h"

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
  switch (function) {
  case seq::Activation::Tanh:
    return math::TanhOp::create(b, x);
  case seq::Activation::Sigmoid: {
    Value e = math::ExpOp::create(b, arith::NegFOp::create(b, x));
    return arith::DivFOp::create(b, constant(1),
                                 arith::AddFOp::create(b, e, constant(1)));
  }
  case seq::Activation::Relu:
    return arith::MaximumFOp::create(b, x, constant(0));
  case seq::Activation::Affine:
    return add(b, mul(b, x, constant(alpha)), constant(beta));
  case seq::Activation::LeakyRelu:
    return keepFrom(b, x, constant(0), mul(b, x, constant(alpha)));
  case seq::Activation::ThresholdedRelu:
    return keepFrom(b, x, constant(alpha), constant(0));
  case seq::Activation::ScaledTanh:
    return mul(b, math::TanhOp::create(b, mul(b, x, constant(beta))),
               constant(alpha));
  case seq::Activation::HardSigmoid: {
    Value line = add(b, mul(b, x, constant(alpha)), constant(beta));
    line = arith::MaximumFOp::create(b, line, constant(0));
    return arith::MinimumFOp::create(b, line, constant(1));
  }
  case seq::Activation::Elu: {
    Value e = arith::SubFOp::create(b, math::ExpOp::create(b, x), constant(1));
    return keepFrom(b, x, constant(0), mul(b, e, constant(alpha)));
  }
  case seq::Activation::Softsign: {
    Value size =
        arith::AddFOp::create(b, math::AbsFOp::create(b, x), constant(1));
    return arith::DivFOp::create(b, x, size);
  }
  case seq::Activation::Softplus: {
    // max(x, 0) + log(1 + exp(-|x|)) does not overflow.
    Value e = math::ExpOp::create(
        b, arith::NegFOp::create(b, math::AbsFOp::create(b, x)));
    Value tail = math::Log1pOp::create(b, e);
    return add(b, arith::MaximumFOp::create(b, x, constant(0)), tail);
  }
  }
  llvm_unreachable("unknown activation");
}

/// The next of the given factors, the default after the last; 0 for a function
/// that takes none.
static double nextFactor(std::optional<double> otherwise, ArrayAttr given,
                         size_t &used) {
  if (!otherwise)
    return 0;
  if (!given || used >= given.size())
    return *otherwise;
  return cast<FloatAttr>(given[used++]).getValueAsDouble();
}

SmallVector<CellActivation>
resolveActivations(ArrayRef<seq::Activation> functions, ArrayAttr alphas,
                   ArrayAttr betas, std::optional<double> clip) {
  SmallVector<CellActivation> activations;
  size_t usedAlphas = 0, usedBetas = 0;
  for (seq::Activation function : functions) {
    seq::ActivationFactors factors = seq::getFactors(function);
    double alpha = nextFactor(factors.alpha, alphas, usedAlphas);
    double beta = nextFactor(factors.beta, betas, usedBetas);
    activations.push_back({function, alpha, beta, clip});
  }
  return activations;
}

} // namespace seqc
