//===- Activations.cpp - Activation functions -----------------------------===//

#include "frontends/ONNX/Ops/Activations.h"

#include "frontends/ONNX/Ops/Folds.h"
#include "frontends/ONNX/Ops/Norms.h"
#include "frontends/ONNX/Ops/Readers.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace llvm;
namespace math = mlir::math;

namespace seqc::onnx {

using Factors = ArrayRef<double>;

//===----------------------------------------------------------------------===//
// Functions of one number
//===----------------------------------------------------------------------===//

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

/// x times the share of a normal distribution below it.
static Number gelu(Number x, Factors) {
  Number inner = (x * 0.70710678118654752440).apply<math::ErfOp>();
  return x * 0.5 * (inner + 1);
}

/// The same by a polynomial.
static Number tanhGelu(Number x, Factors) {
  Number inner = x + x * x * x * 0.044715;
  return x * 0.5 * (tanh(inner * 0.79788456080286535588) + 1);
}

static Number swish(Number x, Factors f) { return x * sigmoid(x * f[0]); }

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
};

/// Those of domain com.microsoft, of the sum of both inputs where there are two.
static const Activation kContribActivations[] = {
    {"Gelu", 1, gelu},
    {"BiasGelu", 1, gelu},
    {"FastGelu", 1, tanhGelu},
    {"QuickGelu", 1, swish, {{"alpha", 1.702F}}},
};

static const Activation *find(ArrayRef<Activation> table, StringRef name,
                              int64_t opset) {
  for (const Activation &row : table)
    if (row.name == name && row.since <= opset)
      return &row;
  return nullptr;
}

const Activation *findActivation(StringRef name, int64_t opset) {
  return find(kActivations, name, opset);
}

Tensor activate(Emitter &e, const Activation &function, Tensor x,
                ArrayRef<float> factors) {
  SmallVector<double> all(factors);
  for (size_t i = all.size(); i < function.factors.size(); ++i)
    all.push_back(function.factors[i].second);
  return map(e, x.type, {x}, [&](Number v) { return function.apply(v, all); });
}

/// `function` of the sum of the node's inputs.
static LogicalResult convertBy(Node &node, const Activation &function) {
  Emitter &e = node.getEmitter();
  (void)node.hasAttribute("consumed_inputs");
  // Only the first one has a meaning for integers.
  if (&function != kActivations && failed(node.requireFloat(0)))
    return failure();
  SmallVector<float> factors;
  for (auto [name, otherwise] : function.factors)
    factors.push_back(node.getFloat(name, otherwise));
  Tensor x = node.getInput(0);
  if (Tensor bias = node.getInput(1))
    x = map(e, x.type, {x, bias}, [](Number a, Number b) { return a + b; });
  return node.give(activate(e, function, x, factors));
}

static LogicalResult convertActivation(Node &node) {
  return convertBy(node, *findActivation(node.getOperator(), node.getOpset()));
}

static LogicalResult convertContribActivation(Node &node) {
  return convertBy(node, *find(kContribActivations, node.getOperator(), 1));
}

static LogicalResult convertGelu(Node &node) {
  std::string method = node.getString("approximate", "none");
  if (method != "none" && method != "tanh")
    return node.error("'approximate' is '" + method +
                      "'; required is 'none' or 'tanh'");
  return convertBy(node, {"Gelu", 20, method == "tanh" ? tanhGelu : gelu});
}

//===----------------------------------------------------------------------===//
// Functions of two
//===----------------------------------------------------------------------===//

/// PRelu: before opset 7 a slope per channel is aligned at dimension 1.
static LogicalResult convertPRelu(Node &node) {
  Emitter &e = node.getEmitter();
  (void)node.hasAttribute("consumed_inputs");
  Tensor x = node.getInput(0), slope = node.getInput(1);
  if (failed(requireOneType(node, x, slope)))
    return failure();
  if (node.getOpset() < 7 && slope.getRank() == 1 && slope.getShape()[0] != 1)
    for (int64_t d = 2; d < x.getRank(); ++d)
      slope = e.unsqueeze(slope, slope.getRank());
  return node.give(map(e, x.type, {x, slope}, [](Number a, Number b) {
    return select(a < 0, a * b, a);
  }));
}

/// The gate, activated, times the other input.
static LogicalResult convertSwiGLU(Node &node) {
  Tensor gate = node.getInput(0), x = node.getInput(1);
  if (failed(node.requireFloat(0)))
    return failure();
  if (gate.type != x.type || gate.getRank() != x.getRank())
    return node.error("its inputs are " + getName(gate.type) + " of rank " +
                      Twine(gate.getRank()) + " and " + getName(x.type) +
                      " of rank " + Twine(x.getRank()) +
                      "; required are inputs of one type and shape");
  double alpha = node.getFloat("alpha", 1);
  return node.give(
      map(node.getEmitter(), x.type, {gate, x},
          [&](Number g, Number v) { return swish(g, alpha) * v; }));
}

//===----------------------------------------------------------------------===//
// Softmax and its kin
//===----------------------------------------------------------------------===//

/// The dimensions that are normalised together: before opset 13 everything
/// from `axis` on.
static FailureOr<SmallVector<int64_t>> getNormalized(Node &node) {
  if (failed(node.requireFloat(0)))
    return failure();
  bool last = node.getOpset() >= 13;
  int64_t rank = node.getInput(0).getRank();
  std::optional<int64_t> first = node.getAxis("axis", last ? -1 : 1, rank);
  if (!first)
    return failure();
  return to_vector(llvm::seq<int64_t>(*first, last ? *first + 1 : rank));
}

template <bool logarithm> static LogicalResult convertSoftmax(Node &node) {
  FailureOr<SmallVector<int64_t>> dims = getNormalized(node);
  if (failed(dims))
    return failure();
  Tensor x = node.getInput(0);
  return node.give(softmax(node.getEmitter(), x, *dims, x.type, logarithm));
}

/// 1 for the first greatest element, 0 for the others.
static LogicalResult convertHardmax(Node &node) {
  Emitter &e = node.getEmitter();
  FailureOr<SmallVector<int64_t>> found = getNormalized(node);
  if (failed(found))
    return failure();
  ArrayRef<int64_t> dims = *found;
  Tensor x = node.getInput(0);
  DataType integer = DataType::Int64;
  Tensor most = e.reduce(x, dims, Combine::Max, /*keep=*/true);
  Extents sizes = e.extents(x);
  SmallVector<Number> extents = toNumbers(e, sizes);
  Tensor order = define(e, integer, sizes, [&](ArrayRef<Number> at) {
    return flatten(at.slice(dims.front(), dims.size()),
                   ArrayRef(extents).slice(dims.front(), dims.size()));
  });
  Tensor candidates =
      map(e, integer, {x, most, order}, [&](Number v, Number top, Number i) {
        return select(v == top, i, v.scalars().greatest(integer));
      });
  Tensor first = e.reduce(candidates, dims, Combine::Min, /*keep=*/true);
  return node.give(map(e, x.type, {order, first}, [](Number i, Number chosen) {
    return (i == chosen).as(DataType::Float);
  }));
}

void registerActivationsOps(Registry &registry) {
  for (const Activation &row : kActivations)
    registry.add({{row.name, row.since, 1, 1, convertActivation}});
  for (const Activation &row : kContribActivations) {
    int least = row.name == "BiasGelu" ? 2 : 1;
    int most = row.name == "FastGelu" ? 2 : least;
    registry.add({{row.name, 1, least, most, convertContribActivation, "",
                   "com.microsoft"}});
  }
  registry.add({
      {"PRelu", 1, 2, 2, convertPRelu},
      {"Gelu", 20, 1, 1, convertGelu},
      {"SwiGLU", 28, 2, 2, convertSwiGLU},
      {"Softmax", 1, 1, 1, convertSoftmax<false>},
      {"LogSoftmax", 1, 1, 1, convertSoftmax<true>},
      {"Hardmax", 1, 1, 1, convertHardmax},
  });
}

} // namespace seqc::onnx
