//===- Attention.cpp - Attention with heads, masks and biases -------------===//

#include "frontends/Common/Attention.h"
#include "frontends/Common/Loops.h"

#include "dialect/Seq/IR/SeqOps.h"

#include <cmath>

using namespace llvm;

namespace seqc::frontend {

using mlir::OpFoldResult;
using mlir::ShapedType;
using mlir::Value;

//===----------------------------------------------------------------------===//
// Heads and features
//===----------------------------------------------------------------------===//

static bool isStatic(const AttentionCall &call, int64_t dim) {
  return llvm::none_of(
      ArrayRef<Tensor>{call.query, call.key, call.value},
      [&](Tensor part) { return part.getType().isDynamicDim(dim); });
}

static bool hasStaticHeads(const AttentionCall &call) {
  return isStatic(call, 1);
}

static bool hasStaticFeatures(const AttentionCall &call) {
  return isStatic(call, 3);
}

/// `whole` / `part`; a call in which that leaves a rest ends with `message`, in
/// which {0} and {1} stand for both.
static OpFoldResult divideExtent(Emitter &e, OpFoldResult whole,
                                 OpFoldResult part, StringRef message) {
  if (mlir::getConstantIntValue(part) == 1)
    return whole;
  Number all(e, whole), divisor(e, part), result = all / max(divisor, 1);
  e.require(all == result * divisor, message, {whole, part});
  return result;
}

/// The number of query heads for each key head.
static OpFoldResult getHeadRatio(Emitter &e, Tensor query, Tensor key) {
  OpFoldResult heads = e.extent(query, 1), groups = e.extent(key, 1);
  if (Emitter::isSame(heads, groups))
    return e.fixed(1);
  return divideExtent(e, heads, groups,
                      "its {0} query heads are no multiple of its {1} key "
                      "heads");
}

bool checkHeads(Emitter &e, const AttentionCall &call) {
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
    e.fail("its heads and features are " + text(q) + " of queries, " + text(k) +
           " of keys and " + text(v) +
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

OpFoldResult splitFeatures(Emitter &e, Tensor x, int64_t parts,
                           const Twine &what) {
  OpFoldResult width;
  std::optional<int64_t> fixed;
  if (x.getRank() == 3) {
    width = e.extent(x, 2);
    fixed = mlir::getConstantIntValue(width);
  }
  if (parts > 0 && width && !(fixed && *fixed % parts != 0))
    return divideExtent(e, width, e.fixed(parts),
                        "its last extent {0} is no multiple of {1} heads");
  e.fail("a tensor of rank " + Twine(x.getRank()) +
         (fixed ? " and last extent " + Twine(*fixed) : Twine(std::string())) +
         " cannot be split into " + what +
         "; required is rank 3 and a multiple");
  return {};
}

bool splitHeads(Emitter &e, Tensor &x, int64_t heads) {
  OpFoldResult features = splitFeatures(e, x, heads, Twine(heads) + " heads");
  if (!features)
    return false;
  x = e.reshape(x, {e.extent(x, 0), e.extent(x, 1), e.fixed(heads), features});
  x = e.transpose(x, {0, 2, 1, 3});
  return true;
}

Tensor padRank(Emitter &e, Tensor mask, int64_t rank) {
  while (mask.getRank() < rank)
    mask = e.unsqueeze(mask, 0);
  return mask;
}

/// Extents of the scores, [batch, heads, queries, keys].
static Extents scoreExtents(Emitter &e, const AttentionCall &call) {
  return {e.extent(call.query, 0), e.extent(call.query, 1),
          e.extent(call.query, 2), e.extent(call.key, 2)};
}

/// Reads an element of a rank-4 tensor that is broadcast to the scores; with
/// `outside`, which is what lies beyond the end of its keys, its last extent is
/// no subject of broadcasting.
static Number readBroadcast(Emitter &e, Tensor x, ArrayRef<Number> at,
                            ArrayRef<OpFoldResult> goal,
                            std::optional<Number> outside = std::nullopt) {
  Extents sizes = e.extents(x);
  SmallVector<Number> position = toNumbers(
      e, kIndex, e.broadcastPosition(sizes, goal, SmallVector<Value>(at)));
  if (!outside || Emitter::isSame(sizes[3], goal[3]))
    return load(e, x, position);
  Number inside = at[3] < e.toValue(sizes[3]);
  position[3] = select(inside, at[3], 0);
  return select(inside, loadUnlessEmpty(e, x, position), *outside);
}

/// Extents of a mask over scores: 1 for batch and heads where no part needs
/// them.
static Extents maskExtents(Emitter &e, const AttentionCall &call,
                           ArrayRef<Tensor> parts, bool perBatch) {
  Extents goal = scoreExtents(e, call);
  for (int64_t d = 0; d < 2; ++d) {
    bool one = d != 0 || !perBatch;
    for (Tensor part : parts)
      one &= !part || part.getShape()[d] == 1;
    if (one)
      goal[d] = e.fixed(1);
  }
  return goal;
}

void addMask(Emitter &e, AttentionCall &call, Tensor given, ShortMask shorter) {
  if (!given)
    return;
  Tensor full = padRank(e, given, 4);
  Extents goal = maskExtents(e, call, {full}, false),
          scores = scoreExtents(e, call);
  bool hides = shorter == ShortMask::Hide;
  for (int64_t d = 0; d < (hides ? 3 : 4); ++d)
    e.requireBroadcast(e.extent(full, d), scores[d], /*goal=*/true);
  bool isMask = given.type == DataType::Bool;
  DataType type = isMask ? given.type : getComputeType(call.query.type);
  full = e.convert(full, type);
  Tensor padded = define(e, type, goal, [&](ArrayRef<Number> at) {
    std::optional<Number> outside;
    if (hides)
      outside = Number(e, type, isMask ? 0 : -kInfinity);
    return readBroadcast(e, full, at, goal, outside);
  });
  if (isMask) {
    call.mask = padded;
    return;
  }
  call.mask = map(e, DataType::Bool, {padded},
                  [&](Number x) { return x != -kInfinity; });
  call.bias = padded;
}

void restrict(Emitter &e, AttentionCall &call, bool perBatch,
              function_ref<Number(ArrayRef<Number>)> may) {
  Tensor before = call.mask;
  Extents goal = maskExtents(e, call, {before}, perBatch);
  call.mask = define(e, DataType::Bool, goal, [&](ArrayRef<Number> at) {
    Number ok = may(at);
    return before ? ok & readBroadcast(e, before, at, goal) : ok;
  });
}

/// The factor of the scores, a number or of the type that is computed with.
static Number scaleOf(Emitter &e, const AttentionCall &call) {
  OpFoldResult features = e.extent(call.query, 3);
  if (call.scale != 0)
    return call.scale;
  if (std::optional<int64_t> fixed = mlir::getConstantIntValue(features))
    return 1 / std::sqrt(static_cast<double>(*fixed));
  return 1 / sqrt(Number(e, features).as(getComputeType(call.query.type)));
}

Tensor attentionScores(Emitter &e, const AttentionCall &call, bool withCap) {
  DataType type = getComputeType(call.query.type);
  Tensor query = e.convert(call.query, type), key = e.convert(call.key, type);
  // One group of query heads per key head.
  Tensor grouped = e.reshape(query, {e.extent(query, 0), e.extent(key, 1),
                                     getHeadRatio(e, query, key),
                                     e.extent(query, 2), e.extent(query, 3)});
  Tensor scores = e.contract(grouped, "bghqd", key, "bgkd", "bghqk");
  scores = e.reshape(scores, scoreExtents(e, call));
  Number scale = scaleOf(e, call);
  return map(e, type, {scores}, [&](Number x) {
    Number score = x * scale;
    if (!withCap || call.softcap == 0)
      return score;
    return call.softcap * tanh(score / call.softcap);
  });
}

Tensor addMaskToScores(Emitter &e, const AttentionCall &call, Tensor scores,
                       Hidden hidden) {
  DataType type = scores.type;
  if (call.bias)
    scores = add(e, scores, e.convert(call.bias, type));
  if (call.mask)
    scores = map(e, type, {scores, call.mask}, [&](Number x, Number may) {
      Scalars s = x.scalars();
      return select(may, x,
                    hidden == Hidden::Zero     ? s.constant(type, 0)
                    : hidden == Hidden::Lowest ? s.neg(type, s.greatest(type))
                                               : s.lowest(type));
    });
  return scores;
}

Tensor weighValues(Emitter &e, const AttentionCall &call, Tensor weights) {
  DataType type = getComputeType(call.query.type);
  weights = e.convert(weights, type);
  Tensor grouped =
      e.reshape(weights, {e.extent(weights, 0), e.extent(call.key, 1),
                          getHeadRatio(e, call.query, call.key),
                          e.extent(weights, 2), e.extent(weights, 3)});
  Tensor value = e.convert(call.value, type);
  Tensor sums = e.contract(grouped, "bghqk", value, "bgkd", "bghqd");
  Extents sizes = e.extents(call.query);
  sizes[3] = e.extent(value, 3);
  return e.reshape(sums, sizes);
}

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

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

/// attend() with a row of the batch for each key head.
static std::optional<Tensor> attendJoined(Emitter &e, const AttentionCall &call,
                                          Tensor *probabilities) {
  OpFoldResult ratio = getHeadRatio(e, call.query, call.key), one = e.fixed(1);
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
  std::optional<Tensor> result = attend(e, joined, probabilities);
  if (!result)
    return std::nullopt;
  if (probabilities)
    *probabilities = e.reshape(*probabilities, scores);
  return e.reshape(*result, sizes);
}

/// attend() without seq.attention, of parts that have the type that is computed
/// with; scores and weights are rounded to the call's precision.
static Tensor attendPlainly(Emitter &e, const AttentionCall &call,
                            Tensor *probabilities) {
  DataType type = call.query.type;
  Tensor scores = addMaskToScores(
      e, call, attentionScores(e, call, /*withCap=*/true), Hidden::Infinity);
  scores = e.convert(scores, call.precision);
  Tensor most = e.reduce(scores, {3}, Combine::Max, /*keep=*/true);
  // A row without a key to look at keeps weights of zero.
  DataType wide = getComputeType(call.precision);
  Tensor powers = map(e, wide, {scores, most}, [&](Number x, Number top) {
    return select(x == -kInfinity, 0, exp(x - top));
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

std::optional<Tensor> attend(Emitter &e, AttentionCall call,
                             Tensor *probabilities) {
  if (!checkHeads(e, call))
    return std::nullopt;
  auto require = [&](Tensor found, Tensor wanted, int64_t dim, StringRef what) {
    e.requireEqual(e.extent(found, dim), e.extent(wanted, dim), what);
  };
  require(call.key, call.query, 0, "the batch of its keys");
  require(call.value, call.query, 0, "the batch of its values");
  // Both may be known where that of the queries is not.
  require(call.value, call.key, 0, "the batch of its values");
  require(call.value, call.key, 2, "the number of its values");
  if (!hasStaticHeads(call))
    return attendJoined(e, call, probabilities);
  DataType outer = call.query.type, type = getComputeType(outer);
  bool given = call.precision != DataType::Undefined;
  if (given && getBitWidth(call.precision) > getBitWidth(type))
    type = call.precision;
  call.query = e.convert(call.query, type);
  call.key = e.convert(call.key, type);
  call.value = e.convert(call.value, type);
  if (!given || getBitWidth(call.precision) >= getBitWidth(outer))
    call.precision = type;
  if (call.precision != type || !hasStaticFeatures(call)) {
    Tensor result = attendPlainly(e, call, probabilities);
    if (probabilities)
      *probabilities = e.convert(*probabilities, outer);
    return e.convert(result, outer);
  }
  Tensor bias = call.bias;
  if (bias)
    // What is masked anyway must not turn a row into NaN.
    bias = map(e, type, {e.convert(bias, type)},
               [&](Number x) { return select(x == -kInfinity, 0, x); });
  Extents scores = scoreExtents(e, call), sizes = e.extents(call.query);
  sizes[3] = e.extent(call.value, 3);
  mlir::OpBuilder &b = e.getBuilder();
  auto op = seq::AttentionOp::create(
      b, e.getLoc(), e.typeOf(sizes, type),
      probabilities ? e.typeOf(scores, type) : mlir::Type(), seq::Score::Scaled,
      call.query.value, call.key.value, call.value.value, Value(),
      call.mask.value, bias.value, /*lengths=*/Value(), /*rows=*/Value(),
      /*starts=*/Value(),
      b.getF64FloatAttr(call.scale != 0 ? call.scale
                                        : 1 / std::sqrt(static_cast<double>(
                                                  call.query.getShape()[3]))),
      call.softcap != 0 ? b.getF64FloatAttr(call.softcap) : mlir::FloatAttr(),
      seq::Causal::None, mlir::DenseI64ArrayAttr(), seq::Normalizer::Softmax,
      /*maskedScore=*/mlir::FloatAttr());
  if (probabilities)
    *probabilities =
        e.convert(e.withExtents(op.getProbabilities(), type, scores), outer);
  return e.convert(e.withExtents(op.getOutput(), type, sizes), outer);
}

} // namespace seqc::frontend
