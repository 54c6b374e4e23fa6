//===- Activations.cpp - Activation functions -----------------------------===//

#include "frontends/Common/Activations.h"
#include "frontends/Common/Norms.h"
#include "frontends/ONNX/Ops/Family.h"

using namespace llvm;

namespace seqc::onnx {

/// Those of domain com.microsoft, of the sum of both inputs where there are two.
static const Activation kContribActivations[] = {
    {"Gelu", 1, gelu},
    {"BiasGelu", 1, gelu},
    {"FastGelu", 1, tanhGelu},
    {"QuickGelu", 1, swish, {{"alpha", 1.702F}}},
};

/// `function` of the sum of the node's inputs.
static LogicalResult convertBy(Node &node, const Activation &function) {
  Emitter &e = node.getEmitter();
  (void)node.hasAttribute("consumed_inputs");
  SmallVector<float> factors;
  for (auto [name, otherwise] : function.factors)
    factors.push_back(node.getFloat(name, otherwise));
  Tensor x = add(e, node.getInput(0), node.getInput(1));
  return node.give(activate(e, function, x, factors));
}

static LogicalResult convertActivation(Node &node, Emitter &) {
  return convertBy(node, *findActivation(node.getOperator(), node.getOpset()));
}

static LogicalResult convertContribActivation(Node &node, Emitter &) {
  return convertBy(node, *find_if(kContribActivations, [&](const auto &row) {
                     return row.name == node.getOperator();
                   }));
}

static LogicalResult convertGelu(Node &node, Emitter &) {
  std::string method =
      readChoice(node, "approximate", "none", {"none", "tanh"});
  return convertBy(node, {"Gelu", 20, method == "tanh" ? tanhGelu : gelu});
}

//===----------------------------------------------------------------------===//
// Functions of two
//===----------------------------------------------------------------------===//

/// PRelu: before opset 7 a slope per channel is aligned at dimension 1.
static LogicalResult convertPRelu(Node &node, Emitter &e) {
  (void)node.hasAttribute("consumed_inputs");
  Tensor x = node.getInput(0), slope = node.getInput(1);
  if (node.getOpset() < 7 && slope.getRank() == 1 && slope.getShape()[0] != 1)
    for (int64_t d = 2; d < x.getRank(); ++d)
      slope = e.unsqueeze(slope, slope.getRank());
  return node.give(map(e, x.type, {x, slope}, [](Number a, Number b) {
    return select(a < 0, a * b, a);
  }));
}

/// The gate, activated, times the other input.
static LogicalResult convertSwiGLU(Node &node, Emitter &e) {
  Tensor gate = node.getInput(0), x = node.getInput(1);
  if (failed(node.requireRank(1, gate.getRank(), gate.getRank())))
    return failure();
  double alpha = node.getFloat("alpha", 1);
  return node.give(map(e, x.type, {gate, x}, [&](Number g, Number v) {
    return swish(g, alpha) * v;
  }));
}

//===----------------------------------------------------------------------===//
// Softmax and its kin
//===----------------------------------------------------------------------===//

/// The dimensions that are normalised together: before opset 13 everything
/// from `axis` on.
static SmallVector<int64_t> getNormalized(Node &node) {
  bool last = node.getOpset() >= 13;
  int64_t rank = node.getInput(0).getRank();
  int64_t first = node.getAxis("axis", last ? -1 : 1, rank);
  return to_vector(llvm::seq<int64_t>(first, last ? first + 1 : rank));
}

template <bool logarithm>
static LogicalResult convertSoftmax(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  return node.give(softmax(e, x, getNormalized(node), x.type, logarithm));
}

/// 1 for the first greatest element, 0 for the others.
static LogicalResult convertHardmax(Node &node, Emitter &e) {
  SmallVector<int64_t> normalized = getNormalized(node);
  ArrayRef<int64_t> dims = normalized;
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
  for (const Activation &row : getActivations()) {
    // Only this one has a meaning for integers.
    InputRule x = row.name == "Relu" ? kAny : kFloats;
    registry.add({{row.name, row.since, 1, 1, convertActivation, takes(x)}});
  }
  for (const Activation &row : kContribActivations) {
    int least = row.name == "BiasGelu" ? 2 : 1;
    int most = row.name == "FastGelu" ? 2 : least;
    registry.addContrib(
        {{row.name, 1, least, most, convertContribActivation, takes(kFloats)}});
  }
  registry.add({
      {"PRelu", 1, 2, 2, convertPRelu, takes(kAny, kSame)},
      {"Gelu", 20, 1, 1, convertGelu, takes(kFloats)},
      {"SwiGLU", 28, 2, 2, convertSwiGLU, takes(kFloats, kSame)},
      {"Softmax", 1, 1, 1, convertSoftmax<false>, takes(kFloats.atLeast(1))},
      {"LogSoftmax", 1, 1, 1, convertSoftmax<true>, takes(kFloats.atLeast(1))},
      {"Hardmax", 1, 1, 1, convertHardmax, takes(kFloats.atLeast(1))},
  });
}

} // namespace seqc::onnx
