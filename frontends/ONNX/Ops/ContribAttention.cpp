//===- ContribAttention.cpp - Attention of domain com.microsoft -----------===//

#include "frontends/ONNX/Ops/ContribAttention.h"
#include "frontends/Common/Attention.h"
#include "frontends/Common/Layers.h"
#include "frontends/ONNX/Ops/Family.h"
#include "frontends/ONNX/Ops/Products.h"
#include "frontends/ONNX/Ops/QuantizedProduct.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;

/// `bias` is added to what is there.
static void addBias(Emitter &e, AttentionCall &call, Tensor bias) {
  DataType type = getComputeType(call.query.type);
  bias = e.convert(bias, type);
  call.bias = call.bias ? add(e, e.convert(call.bias, type), bias) : bias;
}

/// A mask of integers: of each row the number of keys [batch], these and the
/// first keys [2 * batch], or these and offsets of packed rows [3 * batch + 2];
/// or which keys live [batch, keys], [batch, queries, keys] or [batch, 1, time,
/// time], where the queries are the last ones. A pair that is masked gets
/// `mask_filter_value` more.
static void addIntegerMask(Node &node, AttentionCall &call, Tensor mask,
                           Value past) {
  double filter = node.getFloat("mask_filter_value", -10000);
  if (!mask)
    return;
  Emitter &e = node.getEmitter();
  DataType type = getComputeType(call.query.type);
  int64_t rank = mask.getRank();
  OpFoldResult one = Number(e, 1);
  Extents sizes = {e.extent(call.query, 0), one, one, e.extent(call.key, 2)};
  if (rank >= 3)
    sizes[2] = e.extent(call.query, 2);
  Value batch = e.toValue(sizes[0]), hasFirst;
  if (rank == 1) {
    Number count(e, e.extent(mask, 0)), rows(e, batch);
    hasFirst = count == rows * 2;
    e.require(
        (count == rows) | hasFirst | (count == rows * 3 + 2),
        "its mask has {0} entries; required are 1, 2 or 3 (and two more) for "
        "each of {1} rows",
        {e.extent(mask, 0), sizes[0]});
  } else {
    e.requireEqual(e.extent(mask, 0), sizes[0], "the batch of its mask");
    if (rank > 2)
      e.requireEqual(e.extent(mask, 1), rank == 3 ? sizes[2] : one,
                     "an extent of its mask");
    // What lies behind the keys of [time, time] is not looked at.
    for (int64_t d = rank == 4 ? 2 : rank - 1; d < rank; ++d)
      if (rank < 4)
        e.requireEqual(e.extent(mask, d), sizes[3], "an extent of its mask");
      else
        e.require(Number(e, e.extent(mask, d)) >= e.toValue(sizes[3]),
                  "its mask has extents of {0}; required are at least {1} keys",
                  {e.extent(mask, d), sizes[3]});
  }
  addBias(
      e, call, define(e, type, sizes, [&](ArrayRef<Number> at) {
        Number row = at[0], i = at[2], j = at[3], none = row.constantLike(0);
        auto choose = [&](Number live) {
          return select(live, Number(e, type, e.scalars().constant(type, 0)),
                        filter);
        };
        if (rank == 1) {
          Number two(e, DataType::Bool, hasFirst);
          Number second = select(two, row + batch, none);
          Number first = select(two, read(e, mask, {second}).toIndex(), none);
          return choose((j < read(e, mask, {row}).toIndex()) & (j >= first));
        }
        SmallVector<Number> position = {row};
        if (rank == 4)
          position.append({none, past ? i + past : i});
        else if (rank == 3)
          position.push_back(i);
        position.push_back(j);
        return choose(read(e, mask, position) > 0);
      }));
}

/// Queries see keys up to their own position. Beside a mask of integers, later
/// keys get the lowest number: a query whose keys are all masked weighs every
/// key equally, the later ones too.
static void addCausal(Emitter &e, AttentionCall &call, Value past) {
  auto may = [&](ArrayRef<Number> at) {
    return at[3] <= (past ? at[2] + past : at[2]);
  };
  if (!call.bias)
    return restrict(e, call, /*perBatch=*/false, may);
  DataType type = getComputeType(call.query.type);
  AttentionCall order = call;
  order.mask = order.bias = Tensor();
  restrict(e, order, /*perBatch=*/false, may);
  call.bias = map(e, type, {e.convert(call.bias, type), order.mask},
                  [&](Number x, Number sees) {
                    Scalars s = x.scalars();
                    return select(sees, x, s.neg(type, s.greatest(type)));
                  });
}

/// The number in input `i`, the length of what fills a buffer of the extent
/// `capacity` before `fresh` more are written; null if it is not given.
static Value readLength(Node &node, size_t i, OpFoldResult capacity,
                        OpFoldResult fresh) {
  if (!node.hasInput(i))
    return {};
  Emitter &e = node.getEmitter();
  Number length = readInteger(node, i, "length of its past");
  e.requireInside(length, Number(e, 0),
                  Number(e, capacity) - Number(e, fresh) + 1,
                  "the length of its past");
  return length;
}

/// Where an operator has the inputs that change its scores, the length of its
/// past, and the beams that wrote it.
struct ScoreInputs {
  size_t mask, bias, length, beams;
};

/// The row of each of `total` entries of `rows` rows. Rows of one batch entry
/// are its beams, and `beams` [batch, width, entries] tells which of them wrote
/// an entry of the past; later ones are a row's own.
static Tensor findWriters(Emitter &e, Tensor beams, OpFoldResult rows,
                          Value past, OpFoldResult total) {
  OpFoldResult width = e.extent(beams, 1);
  e.requireEqual(e.product({e.extent(beams, 0), width}), rows,
                 "the number of its beams");
  e.require(Number(e, e.extent(beams, 2)) >= past,
            "its beams are given for {0} entries; its past has {1}",
            e.simplify({e.extent(beams, 2), past}));
  Value count = e.toValue(width);
  Tensor writers =
      define(e, DataType::Int64, {rows, total}, [&](ArrayRef<Number> at) {
        Number row = at[0], isPast = at[1] < past, beam = row % count;
        Number given = loadUnlessEmpty(
            e, beams, {row / count, beam, select(isPast, at[1], 0)});
        return select(isPast, given.toIndex(), beam);
      });
  e.requireIndices(writers, width, "a beam", /*fromEnd=*/false);
  return define(e, DataType::Int64, {rows, total}, [&](ArrayRef<Number> at) {
    return at[0] / count * count + read(e, writers, at).toIndex();
  });
}

/// Attends behind past keys and values [batch, heads, time, features], if they
/// are given, and gives the result as output 0. The call's keys and values
/// become all that live; `kept` are those that the operator keeps. If there is
/// a length, the past fills that much of a buffer, which is kept with the fresh
/// ones written behind.
static LogicalResult attendBehind(Node &node, AttentionCall &call,
                                  std::array<Tensor, 2> past,
                                  const ScoreInputs &inputs,
                                  std::array<Tensor, 2> &kept) {
  Emitter &e = node.getEmitter();
  Tensor *parts[] = {&call.key, &call.value};
  Tensor beams = node.getInput(inputs.beams);
  Value pastLength;
  kept = {call.key, call.value};
  if (beams && !past[0])
    return node.error("input " + Twine(inputs.beams) +
                      " names beams of a past; none is given");
  if (past[0]) {
    Value length = readLength(node, inputs.length, e.extent(past[0], 2),
                              e.extent(call.key, 2));
    pastLength = length ? length : e.extentValue(past[0], 2);
    for (auto [all, part, before] : zip(kept, parts, past)) {
      if (before.type != part->type)
        return node.error("its past is " + getName(before.type) +
                          "; required is " + getName(part->type));
      bool fits = true;
      for (int64_t d : {0, 1, 3})
        fits &= e.requireEqual(e.extent(before, d), e.extent(*part, d),
                               "an extent of its past");
      if (!fits)
        return failure();
      if (!length) {
        all = *part = e.concat({before, *part}, 2);
        continue;
      }
      Number total = Number(e, length) + e.extentValue(*part, 2);
      all = e.append(before, *part, length, 2);
      *part = e.readEntries(all, 2, Number(e, 0), total);
    }
    if (beams) {
      Tensor writers = findWriters(e, beams, e.extent(call.key, 0), pastLength,
                                   e.extent(call.key, 2));
      for (Tensor *part : parts)
        *part = e.reorder(*part, writers, 2);
    }
  }
  call.scale = node.getFloat("scale", 0);
  addIntegerMask(node, call, node.getInput(inputs.mask), pastLength);
  if (Tensor more = node.getInput(inputs.bias))
    addBias(e, call, padRank(e, more, 4));
  if (node.getInt("unidirectional", 0))
    addCausal(e, call, pastLength);
  std::optional<Tensor> result = attend(e, call);
  return result ? node.give(joinFeatures(e, *result)) : failure();
}

/// Attention of queries, keys and values side by side in `all`, which have
/// `columns` entries.
static LogicalResult attendProjected(Node &node, Tensor all, int64_t columns,
                                     size_t pastInput,
                                     const ScoreInputs &inputs) {
  Emitter &e = node.getEmitter();
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
    *part = e.sliceDim(all, 2, e.fixed(offset), e.fixed(width));
    if (!splitHeads(e, *part, heads))
      return failure();
    offset += width;
  }
  std::array<Tensor, 2> before, kept;
  if (Tensor past = node.getInput(pastInput)) {
    e.requireEqual(e.extent(past, 0), e.fixed(2),
                   "the first extent of its past");
    for (int64_t i : {0, 1})
      before[i] = e.squeeze(e.sliceDim(past, 0, e.fixed(i), e.fixed(1)), 0);
  }
  if (failed(attendBehind(node, call, before, inputs, kept)))
    return failure();
  if (node.wantsOutput(1))
    node.setOutput(
        1, e.concat({e.unsqueeze(kept[0], 0), e.unsqueeze(kept[1], 0)}, 0));
  return success();
}

static LogicalResult checkProjection(Node &node, Tensor x, Tensor weight) {
  if (weight.getType().isDynamicDim(1))
    return node.unsupported("a weight with a dynamic number of columns is not "
                            "supported");
  Emitter &e = node.getEmitter();
  return success(e.requireEqual(e.extent(x, 2), e.extent(weight, 0),
                                "the last extent of its input"));
}

/// Attention: projects its input to queries, keys and values first.
static LogicalResult convertAttention(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), weight = node.getInput(1);
  if (failed(checkProjection(node, x, weight)))
    return failure();
  FailureOr<Tensor> all = matmul(node, x, weight);
  if (failed(all))
    return failure();
  return attendProjected(node,
                         add(e, e.convert(*all, x.type), node.getInput(2)),
                         weight.getShape()[1], /*pastInput=*/4, {3, 5, 6, 99});
}

/// QAttention: the same of quantized input and weights. Scale and zero point are
/// one number each, those of the weight also one for each column.
static LogicalResult convertQAttention(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), weight = node.getInput(1);
  Tensor bias = node.getInput(2);
  if (failed(checkProjection(node, x, weight)))
    return failure();
  DataType type = bias.type;
  QuantizedSide sides[] = {{x, node.getInput(6)}, {weight, node.getInput(7)}};
  if (!isProductOfRows(sides[0], sides[1]))
    return node.error("its input is " + getName(x.type) + ", its weight " +
                      getName(weight.type) +
                      "; required are int8 or uint8, with one zero point, or "
                      "one for each column of the weight");
  Tensor scales[] = {node.getInput(3), node.getInput(4)};
  for (auto [i, given] : enumerate(scales)) {
    if (isOne(given))
      given = e.reshape(given, {});
    else if (i == 0)
      return node.error("input 3 has rank 1; required is one number");
  }
  for (auto [i, given] : {std::pair(4, scales[1]), {2, bias}})
    if (given.getRank() == 1 &&
        !e.requireEqual(e.extent(given, 0), e.extent(weight, 1),
                        ("the number of entries of input " + Twine(i)).str()))
      return failure();
  FailureOr<Tensor> scaled =
      multiplyScaled(node, sides[0], sides[1], scales[0], scales[1], bias);
  if (failed(scaled))
    return failure();
  return attendProjected(node, e.convert(*scaled, type), weight.getShape()[1],
                         /*pastInput=*/8, {5, 99, 99, 99});
}

/// Which inputs hold what, of the operators without projection.
struct HeadInputs {
  size_t bias, past;
  ScoreInputs scores;
};

/// The queries, keys and values of inputs 0 to 2, which may be packed: queries
/// [batch, time, heads, 3, features] or keys [batch, time, heads, 2, features].
static LogicalResult splitInputs(Node &node, AttentionCall &call, Tensor bias) {
  Emitter &e = node.getEmitter();
  int64_t heads = node.getInt("num_heads", 0);
  OpFoldResult offset = e.fixed(0);
  auto addPart = [&](Tensor x) -> FailureOr<Tensor> {
    if (!bias)
      return x;
    OpFoldResult width = e.extent(x, 2);
    Number end = Number(e, offset) + e.toValue(width);
    std::optional<int64_t> last = mlir::getConstantIntValue(end);
    int64_t entries = bias.getShape()[0];
    if (last && entries >= 0 && *last > entries)
      return node.error("its bias of " + Twine(entries) +
                        " entries does not cover the projections");
    Tensor part = e.sliceDim(bias, 0, offset, width);
    offset = end;
    return add(e, x, part);
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
      x = e.squeeze(e.sliceDim(from, 3, e.fixed(i - first), e.fixed(1)), 3);
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
    *parts[i] = *moved;
    if (!splitHeads(e, *parts[i], heads))
      return failure();
  }
  return success();
}

static LogicalResult attendHeads(Node &node, const HeadInputs &inputs) {
  Emitter &e = node.getEmitter();
  AttentionCall call;
  if (failed(splitInputs(node, call, node.getInput(inputs.bias))))
    return failure();
  std::array<Tensor, 2> past = {node.getInput(inputs.past),
                                node.getInput(inputs.past + 1)},
                        kept;
  if (static_cast<bool>(past[0]) != static_cast<bool>(past[1]))
    return node.error("inputs " + Twine(inputs.past) + " and " +
                      Twine(inputs.past + 1) +
                      " are keys and values of a past; only one is given");
  if (failed(attendBehind(node, call, past, inputs.scores, kept)))
    return failure();
  node.setOutput(1, kept[0]);
  node.setOutput(2, kept[1]);
  // Scores with everything that is added to them.
  if (node.wantsOutput(3))
    node.setOutput(
        3, e.convert(addMaskToScores(e, call, attentionScores(e, call, false),
                                     Hidden::Lowest),
                     call.query.type));
  return success();
}

static LogicalResult convertMultiHeadAttention(Node &node, Emitter &) {
  return attendHeads(node, {3, 6, {4, 5, 8, 9}});
}

/// The form for one step, with its bias behind the other inputs.
static LogicalResult convertDecoderAttention(Node &node, Emitter &) {
  (void)node.getInt("past_present_share_buffer", 0);
  (void)node.getInt("output_qk", 0);
  return attendHeads(node, {10, 5, {3, 4, 7, 9}});
}

void registerContribAttentionOps(Registry &registry) {
  // Inputs that several operators have, in different places.
  constexpr InputRule mask = kIntegers(1, 4), bias = kAny(0, 4), past = kAny(4),
                      beams = kIntegers(3);
  StringRef projection = "rotation, weights with a dynamic number of columns",
            features = "features of dynamic extent";
  registry.addContrib({
      {"Attention", 1, 2, 7, convertAttention,
       takes(kFloats(3), kFloats(2), kFloats(1), mask, kAny(5), bias),
       projection},
      {"QAttention", 1, 5, 9, convertQAttention,
       takes(kBytes(3), kBytes(2), kFloats(1), kFloats(0, 1), kFloats(0, 1),
             mask, kSame(0, 1), likeInput(1)(0, 1), kAny(5)),
       projection},
      {"MultiHeadAttention", 1, 1, 10, convertMultiHeadAttention,
       takes(kFloats, kFloats, kFloats, kAny(1), mask, bias, past, past, kAny,
             beams)},
      {"DecoderMaskedMultiHeadAttention", 1, 1, 11, convertDecoderAttention,
       takes(kFloats, kFloats, kFloats, mask, bias, past, past, kAny, kAny,
             beams, kAny(1))},
      {"GroupQueryAttention", 1, 1, 16, convertGroupQueryAttention,
       takes(kFloats, kFloats, kFloats, past, past, kAny.atLeast(1), kAny,
             kAny(2), kAny(2), kIntegers(2), bias, kAny(1)),
       "quantized caches, caches of the window's size, normalised queries "
       "and keys"},
      {"RotaryEmbedding", 1, 4, 4, convertRotaryEmbedding,
       takes(kFloats(3, 4), kIntegers(0, 2), kAny(2), kAny(2)), features},
  });
  registry.add({{"RotaryEmbedding", 23, 3, 4, convertStandardRotaryEmbedding,
                 takes(kFloats(3, 4), kAny, kAny, kIntegers(2)), features}});
}

} // namespace seqc::onnx
