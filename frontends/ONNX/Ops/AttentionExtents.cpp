//===- AttentionExtents.cpp - Heads and features of a call's size ---------===//

#include "frontends/ONNX/Ops/AttentionExtents.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::ShapedType;

static bool isStatic(const AttentionCall &call, int64_t dim) {
  return llvm::none_of(
      ArrayRef<Tensor>{call.query, call.key, call.value},
      [&](Tensor part) { return part.getType().isDynamicDim(dim); });
}

bool hasStaticHeads(const AttentionCall &call) { return isStatic(call, 1); }

bool hasStaticFeatures(const AttentionCall &call) { return isStatic(call, 3); }

OpFoldResult divideExtent(Emitter &e, OpFoldResult whole, OpFoldResult part,
                          StringRef message) {
  if (mlir::getConstantIntValue(part) == 1)
    return whole;
  Number all(e, whole), divisor(e, part), result = all / max(divisor, 1);
  e.require(all == result * divisor, message, {whole, part});
  return result;
}

OpFoldResult getHeadRatio(Emitter &e, Tensor query, Tensor key) {
  OpFoldResult heads = e.extent(query, 1), groups = e.extent(key, 1);
  if (Emitter::isSame(heads, groups))
    return e.getBuilder().getIndexAttr(1);
  return divideExtent(e, heads, groups,
                      "its {0} query heads are no multiple of its {1} key "
                      "heads");
}

bool checkHeads(Node &node, const AttentionCall &call) {
  Emitter &e = node.getEmitter();
  ArrayRef<int64_t> q = call.query.getShape(), k = call.key.getShape(),
                    v = call.value.getShape();
  auto isOpen = [](int64_t size) { return ShapedType::isDynamic(size); };
  auto differ = [&](int64_t a, int64_t b) {
    return !isOpen(a) && !isOpen(b) && a != b;
  };
  bool multiple =
      isOpen(q[1]) || isOpen(k[1]) || (k[1] != 0 && q[1] % k[1] == 0);
  if (q[1] == 0 || k[1] == 0 || q[3] == 0 || !multiple || differ(v[1], k[1]) ||
      differ(k[3], q[3])) {
    auto text = [&](ArrayRef<int64_t> shape) {
      auto number = [&](int64_t size) {
        return isOpen(size) ? std::string("?") : std::to_string(size);
      };
      return number(shape[1]) + " x " + number(shape[3]);
    };
    (void)node.error("its heads and features are " + text(q) + " of queries, " +
                     text(k) + " of keys and " + text(v) +
                     " of values; required are equal features of queries and "
                     "keys and a multiple of the key heads");
    return false;
  }
  e.requireEqual(e.extent(call.value, 1), e.extent(call.key, 1),
                 "the number of its value heads");
  e.requireEqual(e.extent(call.key, 3), e.extent(call.query, 3),
                 "the number of features of its keys");
  return true;
}

/// `side`, which is broadcast to the scores, for queries [batch * groups, 1,
/// ratio * queries].
static Tensor joinSide(Emitter &e, const AttentionCall &call, Tensor side,
                       OpFoldResult rows, OpFoldResult ratio) {
  if (!side)
    return side;
  bool same = mlir::getConstantIntValue(ratio) == 1;
  ArrayRef<int64_t> shape = side.getShape();
  if (shape[0] == 1 && shape[1] == 1 && (same || shape[2] == 1))
    return side;
  Extents scores = scoreExtents(e, call);
  Extents sizes = {rows, Number(e, 1), e.product({ratio, scores[2]}),
                   scores[3]};
  return define(e, side.type, sizes, [&](ArrayRef<Number> at) {
    // An index below a product of zero does not occur.
    Number groups = max(Number(e, e.extent(call.key, 1)), 1),
           queries = max(Number(e, scores[2]), 1);
    Number head = at[0] % groups * Number(e, ratio) + at[2] / queries;
    return readBroadcast(
        e, side, {at[0] / groups, head, at[2] % queries, at[3]}, scores);
  });
}

std::optional<Tensor> attendJoined(Node &node, const AttentionCall &call,
                                   Tensor *probabilities) {
  Emitter &e = node.getEmitter();
  OpFoldResult ratio = getHeadRatio(e, call.query, call.key),
               one = e.getBuilder().getIndexAttr(1);
  OpFoldResult rows =
      e.product({e.extent(call.query, 0), e.extent(call.key, 1)});
  auto join = [&](Tensor part, OpFoldResult steps) {
    return e.reshape(part, {rows, one, steps, e.extent(part, 3)});
  };
  Extents scores = scoreExtents(e, call), sizes = e.extents(call.query);
  sizes[3] = e.extent(call.value, 3);
  OpFoldResult queries = e.product({ratio, scores[2]});
  AttentionCall joined = call;
  joined.query = join(call.query, queries);
  joined.key = join(call.key, scores[3]);
  joined.value = join(call.value, scores[3]);
  joined.mask = joinSide(e, call, call.mask, rows, ratio);
  joined.bias = joinSide(e, call, call.bias, rows, ratio);
  std::optional<Tensor> result = attend(node, joined, probabilities);
  if (!result)
    return std::nullopt;
  if (probabilities)
    *probabilities = e.reshape(*probabilities, scores);
  return e.reshape(*result, sizes);
}

Tensor attendPlainly(Emitter &e, const AttentionCall &call,
                     Tensor *probabilities) {
  DataType type = call.query.type;
  Tensor scores = addMaskToScores(
      e, call, attentionScores(e, call, /*withCap=*/true), Hidden::Infinity);
  scores = e.convert(scores, call.precision);
  Tensor most = e.reduce(scores, {3}, Combine::Max, /*keep=*/true);
  // A row without a key to look at keeps weights of zero.
  DataType wide = getComputeType(call.precision);
  Tensor powers = map(e, wide, {scores, most}, [&](Number x, Number top) {
    Number lowest(x.scalars().infinity(wide, /*negative=*/true));
    return select(x == lowest, 0, exp(x - top));
  });
  Tensor sum = e.reduce(powers, {3}, Combine::Sum, /*keep=*/true);
  Tensor weights =
      map(e, call.precision, {powers, sum}, [](Number power, Number all) {
        return select(all == 0, 0, power / all);
      });
  weights = e.convert(weights, type);
  if (probabilities)
    *probabilities = weights;
  return weighValues(e, call, weights);
}

} // namespace seqc::onnx
