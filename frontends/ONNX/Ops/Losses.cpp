//===- Losses.cpp - Negative log likelihood and cross entropy -------------===//
//
// Both take the logarithm of the probability of the target class, at each
// position. Positions with the ignored target count for nothing, whatever index
// it is.
//
//===----------------------------------------------------------------------===//

#include "frontends/Common/Loops.h"
#include "frontends/ONNX/Ops/InputTypes.h"
#include "frontends/ONNX/Ops/Norms.h"
#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

/// Reports inputs whose ranks and types do not go together.
static LogicalResult checkInputs(Node &node, Tensor x, Tensor target,
                                 Tensor weight) {
  if (failed(requireFloats(node, 1)))
    return failure();
  if (target.type != DataType::Int32 && target.type != DataType::Int64)
    return node.error("its targets are " + getName(target.type) +
                      "; required is int32 or int64");
  if (x.getRank() < 2 || target.getRank() != x.getRank() - 1)
    return node.error("its input has rank " + Twine(x.getRank()) +
                      " and its targets rank " + Twine(target.getRank()) +
                      "; required are a rank of at least 2 and one less");
  if (weight && weight.getRank() != 1)
    return node.error("its weights have rank " + Twine(weight.getRank()) +
                      "; required is 1");
  return success();
}

/// The loss of `logProbabilities` [N, C, D...] at targets [N, D...], reduced as
/// the node says.
static LogicalResult setLoss(Node &node, Tensor logProbabilities, Tensor target,
                             Tensor weight, DataType result) {
  Emitter &e = node.getEmitter();
  DataType type = logProbabilities.type;
  std::string reduction = node.getString("reduction", "mean");
  if (!is_contained({"none", "sum", "mean"}, reduction))
    return node.error("attribute 'reduction' is '" + reduction +
                      "'; required is none, sum or mean");
  Extents sizes = e.extents(logProbabilities), places = e.extents(target);
  for (auto [d, place] : enumerate(places))
    e.requireEqual(place, sizes[d == 0 ? 0 : d + 1],
                   "an extent of its targets");
  if (weight) {
    e.requireEqual(e.extent(weight, 0), sizes[1], "the number of its weights");
    weight = e.convert(weight, type);
  }
  bool ignores = node.hasAttribute("ignore_index");
  int64_t ignored = node.getInt("ignore_index", 0);
  auto isIgnored = [&](Number t) {
    return t == Number(t.scalars().constantInteger(target.type, ignored));
  };
  Tensor classes = target;
  if (ignores)
    classes = map(e, target.type, {target},
                  [&](Number t) { return select(isIgnored(t), 0, t); });
  e.requireIndices(classes, sizes[1], "a target", /*fromEnd=*/false);
  Number count(e, sizes[1]);
  auto classAt = [&](ArrayRef<Number> at) {
    return makeSafe(load(e, classes, at).toIndex(), count).index;
  };
  // How much each position counts.
  Tensor weights = define(e, type, places, [&](ArrayRef<Number> at) {
    Number one = weight ? loadUnlessEmpty(e, weight, classAt(at))
                        : Number(e, type, e.scalars().constant(type, 1));
    return ignores ? select(isIgnored(load(e, target, at)), 0, one) : one;
  });
  Tensor chosen = define(e, type, places, [&](ArrayRef<Number> at) {
    SmallVector<Number> position(at);
    position.insert(position.begin() + 1, classAt(at));
    return loadUnlessEmpty(e, logProbabilities, position);
  });
  Tensor losses = map(e, type, {chosen, weights, target},
                      [&](Number chance, Number weight, Number t) {
                        Number loss = -(chance * weight);
                        return ignores ? select(isIgnored(t), 0, loss) : loss;
                      });
  if (reduction != "none") {
    SmallVector<int64_t> all = to_vector(llvm::seq<int64_t>(0, places.size()));
    Tensor sum = e.reduce(losses, all, Combine::Sum, /*keep=*/false);
    if (reduction == "mean")
      sum = map(e, type,
                {sum, e.reduce(weights, all, Combine::Sum, /*keep=*/false)},
                [](Number a, Number b) { return a / b; });
    losses = sum;
  }
  return node.give(e.convert(losses, result));
}

static LogicalResult convertNegativeLogLikelihoodLoss(Node &node) {
  Tensor x = node.getInput(0), target = node.getInput(1),
         weight = node.getInput(2);
  if (failed(checkInputs(node, x, target, weight)))
    return failure();
  Tensor wide = node.getEmitter().convert(x, getComputeType(x.type));
  return setLoss(node, wide, target, weight, x.type);
}

static LogicalResult convertSoftmaxCrossEntropyLoss(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0), target = node.getInput(1),
         weight = node.getInput(2);
  if (failed(checkInputs(node, x, target, weight)))
    return failure();
  DataType type = getComputeType(x.type);
  Tensor logProbabilities = softmax(e, x, {1}, type, /*log=*/true);
  if (node.wantsOutput(1))
    node.setOutput(1, e.convert(logProbabilities, x.type));
  return setLoss(node, logProbabilities, target, weight, x.type);
}

void registerLossesOps(Registry &registry) {
  registry.add({
      {"NegativeLogLikelihoodLoss", 12, 2, 3, convertNegativeLogLikelihoodLoss},
      {"SoftmaxCrossEntropyLoss", 12, 2, 3, convertSoftmaxCrossEntropyLoss},
  });
}

} // namespace seqc::onnx
