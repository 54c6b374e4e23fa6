//===- Losses.cpp - Negative log likelihood and cross entropy -------------===//
//
// Both take the logarithm of the probability of the target class, at each
// position. Positions with the ignored target count for nothing, whatever index
// it is.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Loops.h"
#include "frontends/ONNX/Ops/InputTypes.h"
#include "frontends/ONNX/Ops/Norms.h"
#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

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
  auto isIgnored = [&](Scalars &s, Value t) {
    return s.compare(Compare::Equal, target.type, t,
                     s.constantInteger(target.type, ignored));
  };
  Tensor classes = target;
  if (ignores)
    classes =
        e.elementwise(target.type, {target}, [&](Scalars &s, ValueRange v) {
          return s.select(isIgnored(s, v[0]), s.constantInteger(target.type, 0),
                          v[0]);
        });
  e.requireIndices(classes, sizes[1], "a target", /*fromEnd=*/false);
  Value count = e.toValue(sizes[1]);
  auto classAt = [&](Scalars &s, ValueRange at) {
    return makeSafe(s, s.toIndex(classes.type, e.load(classes, at)), count)
        .index;
  };
  // How much each position counts.
  Tensor weights = e.generate(type, places, [&](Scalars &s, ValueRange at) {
    Value one = weight ? loadUnlessEmpty(e, weight, classAt(s, at))
                       : s.constant(type, 1);
    if (!ignores)
      return one;
    return s.select(isIgnored(s, e.load(target, at)), s.constant(type, 0), one);
  });
  Tensor chosen = e.generate(type, places, [&](Scalars &s, ValueRange at) {
    SmallVector<Value> position(at);
    position.insert(position.begin() + 1, classAt(s, at));
    return loadUnlessEmpty(e, logProbabilities, position);
  });
  Tensor losses = e.elementwise(
      type, {chosen, weights, target}, [&](Scalars &s, ValueRange v) {
        Value loss = s.neg(type, s.mul(type, v[0], v[1]));
        return ignores ? s.select(isIgnored(s, v[2]), s.constant(type, 0), loss)
                       : loss;
      });
  if (reduction != "none") {
    SmallVector<int64_t> all = to_vector(llvm::seq<int64_t>(0, places.size()));
    Tensor sum = e.reduce(losses, all, Combine::Sum, /*keep=*/false);
    if (reduction == "mean")
      sum = e.elementwise(
          type, {sum, e.reduce(weights, all, Combine::Sum, /*keep=*/false)},
          [&](Scalars &s, ValueRange v) { return s.div(type, v[0], v[1]); });
    losses = sum;
  }
  node.setOutput(0, e.convert(losses, result));
  return success();
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
