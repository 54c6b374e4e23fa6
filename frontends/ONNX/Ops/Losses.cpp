//===- Losses.cpp - Negative log likelihood and cross entropy -------------===//
//
// Both take the logarithm of the probability of the target class, at each
// position. Positions with the ignored target count for nothing, whatever index
// it is.
//
//===----------------------------------------------------------------------===//

#include "frontends/Common/Norms.h"
#include "frontends/ONNX/Ops/Family.h"

using namespace llvm;

namespace seqc::onnx {

/// The loss of the logarithms of probabilities [N, C, D...], which the node has
/// as input or, with `normalizes`, of a softmax over its input, at targets
/// [N, D...], reduced as the node says.
template <bool normalizes>
static LogicalResult convertLoss(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), target = node.getInput(1),
         weight = node.getInput(2);
  if (failed(node.requireRank(1, x.getRank() - 1)))
    return failure();
  DataType result = x.type, type = getComputeType(result);
  Tensor logs =
      normalizes ? softmax(e, x, {1}, type, /*log=*/true) : e.convert(x, type);
  if (normalizes && node.wantsOutput(1))
    node.setOutput(1, e.convert(logs, result));

  std::string reduction =
      readChoice(node, "reduction", "mean", {"none", "sum", "mean"});
  Extents sizes = e.extents(logs), places = e.extents(target);
  for (auto [d, place] : enumerate(places))
    e.requireEqual(place, sizes[d == 0 ? 0 : d + 1],
                   "an extent of its targets");
  if (weight) {
    e.requireEqual(e.extent(weight, 0), sizes[1], "the number of its weights");
    weight = e.convert(weight, type);
  }
  bool ignores = node.hasAttribute("ignore_index");
  int64_t ignored = node.getInt("ignore_index", 0);
  auto unlessIgnored = [&](Number t, Number otherwise) {
    if (!ignores)
      return otherwise;
    Number index(t.scalars().constantInteger(target.type, ignored));
    return select(t == index, 0, otherwise);
  };
  Tensor classes = target;
  if (ignores)
    classes = map(e, target.type, {target},
                  [&](Number t) { return unlessIgnored(t, t); });
  e.requireIndices(classes, sizes[1], "a target", /*fromEnd=*/false);
  Number count(e, sizes[1]);
  auto classAt = [&](ArrayRef<Number> at) {
    return makeSafe(load(e, classes, at).toIndex(), count).index;
  };
  // How much each position counts.
  Tensor weights = define(e, type, places, [&](ArrayRef<Number> at) {
    Number one =
        weight ? loadUnlessEmpty(e, weight, classAt(at)) : Number(e, type, 1);
    return ignores ? unlessIgnored(load(e, target, at), one) : one;
  });
  Tensor chosen = define(e, type, places, [&](ArrayRef<Number> at) {
    SmallVector<Number> position(at);
    position.insert(position.begin() + 1, classAt(at));
    return loadUnlessEmpty(e, logs, position);
  });
  Tensor losses = map(e, type, {chosen, weights, target},
                      [&](Number chance, Number weight, Number t) {
                        return unlessIgnored(t, -(chance * weight));
                      });
  SmallVector<int64_t> all = to_vector(llvm::seq<int64_t>(0, places.size()));
  auto sum = [&](Tensor t) {
    return e.reduce(t, all, Combine::Sum, /*keep=*/false);
  };
  if (reduction == "sum")
    losses = sum(losses);
  else if (reduction == "mean")
    losses = map(e, type, {sum(losses), sum(weights)},
                 [](Number a, Number b) { return a / b; });
  return node.give(e.convert(losses, result));
}

void registerLossesOps(Registry &registry) {
  auto inputs = takes(kFloats.atLeast(2), kIndices, kAny(1));
  registry.add({
      {"NegativeLogLikelihoodLoss", 12, 2, 3, convertLoss<false>, inputs},
      {"SoftmaxCrossEntropyLoss", 12, 2, 3, convertLoss<true>, inputs},
  });
}

} // namespace seqc::onnx
