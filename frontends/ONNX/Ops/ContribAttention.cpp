//===- ContribAttention.cpp - Attention of domain com.microsoft -----------===//

#include "frontends/ONNX/Ops/ContribAttention.h"
#include "frontends/ONNX/Loops.h"
#include "frontends/ONNX/Ops/AttentionCore.h"
#include "frontends/ONNX/Ops/InputTypes.h"
#include "frontends/ONNX/Ops/QuantizedProduct.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;
using mlir::arith::CmpIPredicate;

/// `bias` is added to what is there.
static void addBias(Emitter &e, AttentionCall &call, Tensor bias) {
  DataType type = getComputeType(call.query.type);
  bias = e.convert(bias, type);
  call.bias = call.bias
                  ? e.elementwise(type, {e.convert(call.bias, type), bias},
                                  [&](Scalars &s, ValueRange x) {
                                    return s.add(type, x[0], x[1]);
                                  })
                  : bias;
}

/// A mask of integers: of each row the number of keys [batch], these and the
/// first keys [2 * batch], or these and offsets of packed rows [3 * batch + 2];
/// or which keys live [batch, keys], [batch, queries, keys] or [batch, 1, time,
/// time], where the queries are the last ones. A pair that is masked gets
/// `mask_filter_value` more.
static LogicalResult addIntegerMask(Node &node, AttentionCall &call,
                                    Tensor mask, Value past) {
  double filter = node.getFloat("mask_filter_value", -10000);
  if (!mask)
    return success();
  Emitter &e = node.getEmitter();
  mlir::OpBuilder &b = e.getBuilder();
  DataType type = getComputeType(call.query.type);
  int64_t rank = mask.getRank();
  mlir::OpFoldResult one = b.getIndexAttr(1);
  if (rank < 1 || rank > 4 || !isInteger(mask.type))
    return node.error("its mask is " + getName(mask.type) + " of rank " +
                      Twine(rank) + "; required are integers of rank 1 to 4");
  Extents sizes = {e.extent(call.query, 0), one, one, e.extent(call.key, 2)};
  if (rank >= 3)
    sizes[2] = e.extent(call.query, 2);
  Scalars outer = e.scalars();
  Value batch = e.toValue(sizes[0]), hasFirst;
  if (rank == 1) {
    Value count = e.extentValue(mask, 0);
    auto isTimes = [&](int64_t factor, int64_t more) {
      Value goal = outer.addIndex(outer.mulIndex(batch, outer.index(factor)),
                                  outer.index(more));
      return outer.compareIndex(CmpIPredicate::eq, count, goal);
    };
    hasFirst = isTimes(2, 0);
    e.require(
        outer.logicalOr(hasFirst,
                        outer.logicalOr(isTimes(1, 0), isTimes(3, 2))),
        "its mask has {0} entries; required are 1, 2 or 3 (and two more) for "
        "each of {1} rows",
        {e.extent(mask, 0), sizes[0]});
  } else {
    e.requireEqual(e.extent(mask, 0), sizes[0], "the batch of its mask");
    if (rank == 4)
      e.requireEqual(e.extent(mask, 1), one, "an extent of its mask");
    if (rank == 3)
      e.requireEqual(e.extent(mask, 1), sizes[2], "an extent of its mask");
    // What lies behind the keys of [time, time] is not looked at.
    for (int64_t d = rank == 4 ? 2 : rank - 1; d < rank; ++d)
      if (rank < 4)
        e.requireEqual(e.extent(mask, d), sizes[3], "an extent of its mask");
      else
        e.require(outer.compareIndex(CmpIPredicate::sge, e.extentValue(mask, d),
                                     e.toValue(sizes[3])),
                  "its mask has extents of {0}; required are at least {1} keys",
                  {e.extent(mask, d), sizes[3]});
  }
  addBias(e, call, e.generate(type, sizes, [&](Scalars &s, ValueRange at) {
    auto entry = [&](ArrayRef<Value> position) {
      return e.load(mask, position);
    };
    Value zero = s.index(0), live;
    if (rank == 1) {
      Value end = s.toIndex(mask.type, entry({at[0]}));
      Value second = s.select(hasFirst, s.addIndex(at[0], batch), zero);
      Value first =
          s.select(hasFirst, s.toIndex(mask.type, entry({second})), zero);
      live = s.logicalAnd(s.compareIndex(CmpIPredicate::slt, at[3], end),
                          s.compareIndex(CmpIPredicate::sge, at[3], first));
    } else {
      SmallVector<Value> position = {at[0]};
      if (rank == 4)
        position.append({zero, past ? s.addIndex(at[2], past) : at[2]});
      else if (rank == 3)
        position.push_back(at[2]);
      position.push_back(at[3]);
      live = s.compare(Compare::Greater, mask.type, entry(position),
                       s.constant(mask.type, 0));
    }
    return s.select(live, s.constant(type, 0), s.constant(type, filter));
  }));
  return success();
}

/// Queries see keys up to their own position. Beside a mask of integers, later
/// keys get the lowest number: a query whose keys are all masked weighs every
/// key equally, the later ones too.
static void addCausal(Emitter &e, AttentionCall &call, Value past) {
  auto may = [&](Scalars &s, ValueRange at) {
    Value i = past ? s.addIndex(at[2], past) : at[2];
    return s.compareIndex(CmpIPredicate::sle, at[3], i);
  };
  if (!call.bias)
    return restrict(e, call, /*perBatch=*/false, may);
  DataType type = getComputeType(call.query.type);
  AttentionCall order = call;
  order.mask = order.bias = Tensor();
  restrict(e, order, /*perBatch=*/false, may);
  call.bias = e.elementwise(type, {e.convert(call.bias, type), order.mask},
                            [&](Scalars &s, ValueRange x) {
                              return s.select(x[1], x[0],
                                              s.neg(type, s.greatest(type)));
                            });
}

/// What changes the scores: the scale, a mask of integers (input `mask`),
/// numbers to add (input `bias`) and the order of time, where the first query
/// stands after `past` keys.
static LogicalResult addScoreInputs(Node &node, AttentionCall &call,
                                    size_t mask, size_t bias, Value past) {
  Emitter &e = node.getEmitter();
  call.scale = node.getFloat("scale", 0);
  if (failed(addIntegerMask(node, call, node.getInput(mask), past)) ||
      failed(node.requireRank(bias, 0, 4)))
    return failure();
  if (Tensor more = node.getInput(bias))
    addBias(e, call, padRank(e, more, 4));
  if (node.getInt("unidirectional", 0))
    addCausal(e, call, past);
  return success();
}

static Tensor addVector(Emitter &e, Tensor x, Tensor bias) {
  if (!bias)
    return x;
  DataType type = getComputeType(x.type);
  return e.elementwise(x.type, {x, bias}, [&](Scalars &s, ValueRange v) {
    return s.add(type, v[0], v[1]);
  });
}

/// `fresh` keys or values [batch, heads, time, features] behind `past` ones. If
/// `length` is given, the past fills that much of a buffer, which is returned
/// with the fresh ones written behind; `part` becomes those that live.
static Tensor extend(Emitter &e, Tensor past, Tensor &part, Value length) {
  if (!past)
    return part;
  for (int64_t d : {0, 1, 3})
    e.requireEqual(e.extent(past, d), e.extent(part, d),
                   "an extent of its past");
  if (!length)
    return part = e.concat({past, part}, 2);
  mlir::OpBuilder &b = e.getBuilder();
  Scalars s = e.scalars();
  Value total = s.addIndex(length, e.extentValue(part, 2));
  mlir::OpFoldResult zero = b.getIndexAttr(0);
  Tensor buffer = e.insert(part, past, {zero, zero, length, zero});
  part = e.sliceDim(buffer, 2, zero, e.simplify({total})[0]);
  return buffer;
}

/// The number in input `i`, the length of what fills a buffer of the extent
/// `capacity` before `fresh` more are written; null if it is not given.
static Value readLength(Node &node, size_t i, mlir::OpFoldResult capacity,
                        mlir::OpFoldResult fresh) {
  Tensor given = node.getInput(i);
  if (!given)
    return Value();
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  if (!given.getType().hasStaticShape() ||
      given.getType().getNumElements() != 1) {
    (void)node.error("input " + Twine(i) +
                     " (the length of its past) has not exactly one element");
    return Value();
  }
  Value length = s.toIndex(given.type, e.elements(given).front());
  Value last = s.subIndex(e.toValue(capacity), e.toValue(fresh));
  e.requireInside(length, e.getBuilder().getIndexAttr(0),
                  s.addIndex(last, s.index(1)), "the length of its past");
  return length;
}

/// Reports a length that is no single integer.
static LogicalResult checkLength(Node &node, size_t i) {
  Tensor given = node.settleInput(i);
  if (!given ||
      (given.getType().hasStaticShape() &&
       given.getType().getNumElements() == 1 && isInteger(given.type)))
    return success();
  return node.error("input " + Twine(i) + " (the length of its past) is " +
                    getName(given.type) + " of rank " + Twine(given.getRank()) +
                    "; required is one integer");
}

/// Which inputs an operator with a projection has where.
struct ProjectionInputs {
  size_t mask, past, bias, length;
};

/// Attention of queries, keys and values side by side in `all`, which have
/// `columns` entries.
static LogicalResult attendProjected(Node &node, Tensor all, int64_t columns,
                                     const ProjectionInputs &inputs) {
  Emitter &e = node.getEmitter();
  mlir::OpBuilder &b = e.getBuilder();
  int64_t heads = node.getInt("num_heads", 0), third = columns / 3;
  if (node.getInt("do_rotary", 0))
    return node.unsupported("rotation without caches is not supported");
  (void)node.getInt("rotary_embedding_dim", 0);
  (void)node.getInt("past_present_share_buffer", 0);
  SmallVector<int64_t> widths =
      node.getInts("qkv_hidden_sizes")
          .value_or(SmallVector<int64_t>{third, third, third});
  if (widths.size() != 3 || widths[0] + widths[1] + widths[2] != columns)
    return node.error("its weight has " + Twine(columns) +
                      " columns; required is the sum of 'qkv_hidden_sizes'");
  AttentionCall call;
  int64_t offset = 0;
  for (auto [part, width] :
       {std::pair<Tensor *, int64_t>(&call.query, widths[0]),
        {&call.key, widths[1]},
        {&call.value, widths[2]}}) {
    std::optional<Tensor> split = splitHeads(
        node, e.sliceDim(all, 2, b.getIndexAttr(offset), b.getIndexAttr(width)),
        heads);
    if (!split)
      return failure();
    *part = *split;
    offset += width;
  }
  Tensor keys = call.key, values = call.value;
  Value pastLength;
  if (Tensor past = node.getInput(inputs.past)) {
    if (past.getRank() != 5)
      return node.error("its past has rank " + Twine(past.getRank()) +
                        "; required is 5");
    if (failed(checkLength(node, inputs.length)))
      return failure();
    e.requireEqual(e.extent(past, 0), b.getIndexAttr(2),
                   "the first extent of its past");
    Value length = readLength(node, inputs.length, e.extent(past, 3),
                              e.extent(call.key, 2));
    pastLength = length ? length : e.extentValue(past, 3);
    auto half = [&](int64_t i) {
      return e.squeeze(
          e.sliceDim(past, 0, b.getIndexAttr(i), b.getIndexAttr(1)), 0);
    };
    keys = extend(e, half(0), call.key, length);
    values = extend(e, half(1), call.value, length);
  }
  if (failed(addScoreInputs(node, call, inputs.mask, inputs.bias, pastLength)))
    return failure();
  std::optional<Tensor> result = attend(node, call);
  if (!result)
    return failure();
  node.setOutput(0, mergeHeads(e, *result));
  if (node.wantsOutput(1))
    node.setOutput(1,
                   e.concat({e.unsqueeze(keys, 0), e.unsqueeze(values, 0)}, 0));
  return success();
}

/// The rows of `x` times the weight, [batch, time, columns]; both of one type.
static Tensor project(Emitter &e, Tensor x, Tensor weight) {
  Tensor rows = e.reshape(
      x, {e.product({e.extent(x, 0), e.extent(x, 1)}), e.extent(x, 2)});
  Tensor all = e.contract(rows, "mk", weight, "kn", "mn");
  return e.reshape(all, {e.extent(x, 0), e.extent(x, 1), e.extent(weight, 1)});
}

static LogicalResult checkProjection(Node &node, Tensor x, Tensor weight) {
  if (x.getRank() != 3 || weight.getRank() != 2)
    return node.error("its input has rank " + Twine(x.getRank()) +
                      " and its weight " + Twine(weight.getRank()) +
                      "; required are 3 and 2");
  if (weight.getType().isDynamicDim(1))
    return node.unsupported("a weight with a dynamic number of columns is not "
                            "supported");
  node.getEmitter().requireEqual(node.getEmitter().extent(x, 2),
                                 node.getEmitter().extent(weight, 0),
                                 "the last extent of its input");
  return success();
}

/// Attention: projects its input to queries, keys and values first.
static LogicalResult convertAttention(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0), weight = node.getInput(1);
  if (failed(requireFloats(node, 3)) ||
      failed(checkProjection(node, x, weight)) ||
      failed(node.requireRanks({2}, 1)))
    return failure();
  Tensor all = e.convert(project(e, x, weight), x.type);
  return attendProjected(node, addVector(e, all, node.getInput(2)),
                         weight.getShape()[1], {3, 4, 5, 6});
}

/// QAttention: the same of quantized input and weights. Scale and zero point are
/// one number each, those of the weight also one for each column.
static LogicalResult convertQAttention(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0), weight = node.getInput(1);
  Tensor bias = node.getInput(2);
  if (failed(checkProjection(node, x, weight)) ||
      failed(node.requireRanks({2}, 1)))
    return failure();
  // Scales and zero points belong to a whole tensor or to its columns.
  for (size_t i : {3, 4, 6, 7})
    if (failed(node.requireRank(i, 0, 1)))
      return failure();
  DataType sum = DataType::Int32, type = bias.type;
  if (!isFloat(type))
    return node.error("its bias is " + getName(type) + "; required are floats");
  QuantizedSide sides[] = {{x, node.getInput(6)}, {weight, node.getInput(7)}};
  if (!isProductOfRows(sides[0], sides[1]))
    return node.error("its input is " + getName(x.type) + ", its weight " +
                      getName(weight.type) +
                      "; required are int8 or uint8, with one zero point, or "
                      "one for each column of the weight");
  FailureOr<Tensor> rows = multiplyRows(node, sides[0], sides[1]);
  if (failed(rows))
    return failure();
  DataType wide = getComputeType(type);
  SmallVector<Tensor> inputs{*rows};
  for (auto [i, given] :
       {std::pair(3, node.getInput(3)), {4, node.getInput(4)}, {2, bias}}) {
    if (i != 2 && isOne(given))
      given = e.reshape(given, {});
    else if (i == 3)
      return node.error("input 3 has rank 1; required is one number");
    else if (!e.requireEqual(
                 e.extent(given, 0), e.extent(weight, 1),
                 ("the number of entries of input " + Twine(i)).str()))
      return failure();
    inputs.push_back(e.convert(given, wide));
  }
  Tensor scaled = e.elementwise(type, inputs, [&](Scalars &s, ValueRange v) {
    Value scale = s.mul(wide, v[1], v[2]);
    return s.add(wide, s.mul(wide, s.convert(sum, wide, v[0]), scale), v[3]);
  });
  return attendProjected(node, restoreRows(e, scaled, x), weight.getShape()[1],
                         {5, 8, 99, 99});
}

/// Which inputs hold what, of the operators without projection.
struct HeadInputs {
  size_t bias, mask, scores, past, length, indirection;
};

/// The queries, keys and values of inputs 0 to 2, which may be packed: queries
/// [batch, time, heads, 3, features] or keys [batch, time, heads, 2, features].
static LogicalResult splitInputs(Node &node, AttentionCall &call, Tensor bias) {
  Emitter &e = node.getEmitter();
  mlir::OpBuilder &b = e.getBuilder();
  int64_t heads = node.getInt("num_heads", 0);
  OpFoldResult offset = b.getIndexAttr(0);
  if (bias && bias.getRank() != 1)
    return node.error("its bias has rank " + Twine(bias.getRank()) +
                      "; required is 1");
  auto addPart = [&](Tensor x) -> FailureOr<Tensor> {
    if (!bias)
      return x;
    OpFoldResult width = e.extent(x, 2);
    Scalars s = e.scalars();
    Value end = s.addIndex(e.toValue(offset), e.toValue(width));
    std::optional<int64_t> last = mlir::getConstantIntValue(end);
    int64_t entries = bias.getShape()[0];
    if (last && entries >= 0 && *last > entries)
      return node.error("its bias of " + Twine(entries) +
                        " entries does not cover the projections");
    Tensor part = e.sliceDim(bias, 0, offset, width);
    offset = e.simplify({OpFoldResult(end)})[0];
    return addVector(e, x, part);
  };
  Tensor *parts[] = {&call.query, &call.key, &call.value};
  Tensor from;
  int64_t packed = 0, first = 0;
  for (int64_t i = 0; i < 3; ++i) {
    Tensor x = node.getInput(i);
    if (x && x.getRank() == 5) {
      from = x, first = i, packed = 3 - i;
      if (i == 2 || x.getShape()[3] != packed)
        return node.error("input " + Twine(i) + " of rank 5 has " +
                          Twine(x.getShape()[3]) +
                          " parts; required are 3 of queries, keys and values "
                          "or 2 of keys and values");
    }
    if (!x && !packed)
      return node.error("input " + Twine(i) +
                        " is missing and no input before holds it");
    if (x && x.getRank() == 4 && i > 0) {
      *parts[i] = x;
      continue;
    }
    if (packed) {
      x = e.squeeze(
          e.sliceDim(from, 3, b.getIndexAttr(i - first), b.getIndexAttr(1)), 3);
      x = e.reshape(x, {e.extent(x, 0), e.extent(x, 1),
                        e.product({e.extent(x, 2), e.extent(x, 3)})});
    }
    if (x.getRank() != 3)
      return node.error("input " + Twine(i) + " has rank " +
                        Twine(x.getRank()) + "; required is " +
                        (i == 0 ? "3 or 5" : "3, 4 or 5"));
    FailureOr<Tensor> moved = addPart(x);
    if (failed(moved))
      return failure();
    std::optional<Tensor> split = splitHeads(node, *moved, heads);
    if (!split)
      return failure();
    *parts[i] = *split;
  }
  return success();
}

/// Scores with everything that is added to them, as output 3 shows them.
static Tensor showScores(Emitter &e, const AttentionCall &call) {
  Tensor scores = attentionScores(e, call, false);
  DataType type = scores.type;
  scores = addMaskToScores(e, call, scores, [&](Scalars &s) {
    return s.neg(type, s.greatest(type));
  });
  return e.convert(scores, call.query.type);
}

static LogicalResult attendHeads(Node &node, const HeadInputs &inputs) {
  Emitter &e = node.getEmitter();
  if (failed(requireFloats(node, 3)) ||
      failed(checkLength(node, inputs.length)))
    return failure();
  if (node.hasInput(inputs.indirection))
    return node.unsupported("rows of a cache that are taken from other beams "
                            "are not supported");
  AttentionCall call;
  if (failed(splitInputs(node, call, node.getInput(inputs.bias))))
    return failure();
  Tensor keys = call.key, values = call.value;
  Value pastLength;
  Tensor pastKeys = node.getInput(inputs.past);
  Tensor pastValues = node.getInput(inputs.past + 1);
  if (static_cast<bool>(pastKeys) != static_cast<bool>(pastValues))
    return node.error("inputs " + Twine(inputs.past) + " and " +
                      Twine(inputs.past + 1) +
                      " are keys and values of a past; only one is given");
  if (pastKeys) {
    for (Tensor past : {pastKeys, pastValues})
      if (past.getRank() != 4)
        return node.error("its past has rank " + Twine(past.getRank()) +
                          "; required is 4");
    Value length = readLength(node, inputs.length, e.extent(pastKeys, 2),
                              e.extent(call.key, 2));
    pastLength = length ? length : e.extentValue(pastKeys, 2);
    keys = extend(e, pastKeys, call.key, length);
    values = extend(e, pastValues, call.value, length);
  }
  if (failed(
          addScoreInputs(node, call, inputs.mask, inputs.scores, pastLength)))
    return failure();
  std::optional<Tensor> result = attend(node, call);
  if (!result)
    return failure();
  node.setOutput(0, mergeHeads(e, *result));
  node.setOutput(1, keys);
  node.setOutput(2, values);
  if (node.wantsOutput(3))
    node.setOutput(3, showScores(e, call));
  return success();
}

static LogicalResult convertMultiHeadAttention(Node &node) {
  return attendHeads(node, {3, 4, 5, 6, 8, 9});
}

/// The form for one step, with its bias behind the other inputs.
static LogicalResult convertDecoderAttention(Node &node) {
  (void)node.getInt("past_present_share_buffer", 0);
  (void)node.getInt("output_qk", 0);
  return attendHeads(node, {10, 3, 4, 5, 7, 9});
}

void registerContribAttentionOps(Registry &registry) {
  StringRef domain = "com.microsoft";
  registry.add({
      {"Attention", 1, 2, 7, convertAttention,
       "rotation, weights with a dynamic number of columns", domain},
      {"QAttention", 1, 5, 9, convertQAttention,
       "rotation, weights with a dynamic number of columns", domain},
      {"MultiHeadAttention", 1, 1, 10, convertMultiHeadAttention,
       "indirection of beams", domain},
      {"DecoderMaskedMultiHeadAttention", 1, 1, 11, convertDecoderAttention,
       "indirection of beams", domain},
      {"GroupQueryAttention", 1, 1, 16, convertGroupQueryAttention,
       "quantized caches, caches of the window's size, normalised queries and "
       "keys",
       domain},
      {"RotaryEmbedding", 1, 4, 4, convertRotaryEmbedding,
       "features of dynamic extent", domain},
      {"RotaryEmbedding", 23, 3, 4, convertStandardRotaryEmbedding,
       "features of dynamic extent"},
  });
}

} // namespace seqc::onnx
