//===- ContribAttention.cpp - Attention of domain com.microsoft -----------===//

#include "frontends/ONNX/Loops.h"
#include "frontends/ONNX/Ops/AttentionCore.h"
#include "frontends/ONNX/Ops/InputTypes.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace llvm;

namespace seqc::onnx {

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

/// A mask of integers: the number of keys of each row [batch], or which keys
/// live [batch, keys] or [batch, queries, keys]. A pair that is masked gets
/// `mask_filter_value` more.
static LogicalResult addIntegerMask(Node &node, AttentionCall &call,
                                    Tensor mask) {
  if (!mask)
    return success();
  Emitter &e = node.getEmitter();
  mlir::OpBuilder &b = e.getBuilder();
  DataType type = getComputeType(call.query.type);
  double filter = node.getFloat("mask_filter_value", -10000);
  int64_t rank = mask.getRank();
  mlir::OpFoldResult one = b.getIndexAttr(1);
  if (rank < 1 || rank > 3)
    return node.unsupported("a mask of rank " + Twine(rank) +
                            " is not supported");
  Extents sizes = {e.extent(mask, 0), one, one, e.extent(call.key, 2)};
  if (rank == 3)
    sizes[2] = e.extent(call.query, 2);
  addBias(e, call, e.generate(type, sizes, [&](Scalars &s, ValueRange at) {
    SmallVector<Value> position = {at[0]};
    if (rank == 3)
      position.push_back(at[2]);
    if (rank > 1)
      position.push_back(at[3]);
    Value x = e.load(mask, position), live;
    if (rank == 1)
      live = s.compareIndex(CmpIPredicate::slt, at[3], s.toIndex(mask.type, x));
    else
      live =
          s.compare(Compare::Greater, mask.type, x, s.constant(mask.type, 0));
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
  if (failed(addIntegerMask(node, call, node.getInput(mask))))
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

/// Attention: projects its input to queries, keys and values first.
static LogicalResult convertAttention(Node &node) {
  Emitter &e = node.getEmitter();
  if (failed(requireFloats(node, 3)))
    return failure();
  mlir::OpBuilder &b = e.getBuilder();
  Tensor x = node.getInput(0), weight = node.getInput(1);
  int64_t heads = node.getInt("num_heads", 0);
  if (x.getRank() != 3 || weight.getRank() != 2 || weight.getShape()[1] < 0)
    return node.error("its input has rank " + Twine(x.getRank()) +
                      " and its weight " + Twine(weight.getRank()) +
                      "; required are 3 and 2, and static weights");
  if (node.getInt("do_rotary", 0) || node.hasInput(6))
    return node.unsupported(
        "rotation and a past in a shared buffer are not supported");
  int64_t third = weight.getShape()[1] / 3;
  SmallVector<int64_t> widths =
      node.getInts("qkv_hidden_sizes")
          .value_or(SmallVector<int64_t>{third, third, third});
  if (widths.size() != 3 ||
      widths[0] + widths[1] + widths[2] != weight.getShape()[1])
    return node.error("its weight has " + Twine(weight.getShape()[1]) +
                      " columns; required is the sum of 'qkv_hidden_sizes'");
  Tensor rows = e.reshape(
      x, {e.product({e.extent(x, 0), e.extent(x, 1)}), e.extent(x, 2)});
  Tensor all = e.convert(e.contract(rows, "mk", weight, "kn", "mn"), x.type);
  all = addVector(e, all, node.getInput(2));
  all = e.reshape(all, {e.extent(x, 0), e.extent(x, 1), e.extent(weight, 1)});
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
  Value pastLength;
  if (Tensor past = node.getInput(4)) {
    if (past.getRank() != 5)
      return node.error("its past has rank " + Twine(past.getRank()) +
                        "; required is 5");
    pastLength = e.extentValue(past, 3);
    for (auto [part, i] :
         {std::pair<Tensor *, int64_t>(&call.key, 0), {&call.value, 1}}) {
      Tensor half = e.squeeze(
          e.sliceDim(past, 0, b.getIndexAttr(i), b.getIndexAttr(1)), 0);
      *part = e.concat({half, *part}, 2);
    }
  }
  if (failed(addScoreInputs(node, call, 3, 5, pastLength)))
    return failure();
  std::optional<Tensor> result = attend(node, call);
  if (!result)
    return failure();
  node.setOutput(0, mergeHeads(e, *result));
  if (node.wantsOutput(1))
    node.setOutput(
        1, e.concat({e.unsqueeze(call.key, 0), e.unsqueeze(call.value, 0)}, 0));
  return success();
}

static LogicalResult convertMultiHeadAttention(Node &node) {
  Emitter &e = node.getEmitter();
  if (failed(requireFloats(node, 3)))
    return failure();
  mlir::OpBuilder &b = e.getBuilder();
  int64_t heads = node.getInt("num_heads", 0);
  if (!node.hasInput(1) || !node.hasInput(2) || node.getInput(0).getRank() != 3)
    return node.unsupported(
        "packed queries, keys and values are not supported");
  AttentionCall call;
  Tensor *parts[] = {&call.query, &call.key, &call.value};
  Tensor bias = node.getInput(3);
  int64_t offset = 0;
  for (int i = 0; i < 3; ++i) {
    Tensor x = node.getInput(i);
    if (x.getRank() == 4) {
      *parts[i] = x;
      continue;
    }
    if (bias && x.getRank() == 3) {
      int64_t width = x.getShape()[2];
      if (width < 0 || offset + width > bias.getShape()[0])
        return node.error("its bias of " + Twine(bias.getShape()[0]) +
                          " entries does not cover the projections");
      x = addVector(
          e, x,
          e.sliceDim(bias, 0, b.getIndexAttr(offset), b.getIndexAttr(width)));
      offset += width;
    }
    std::optional<Tensor> split = splitHeads(node, x, heads);
    if (!split)
      return failure();
    *parts[i] = *split;
  }
  Value past = prependPast(node, call, 6);
  if (failed(addScoreInputs(node, call, 4, 5, past)))
    return failure();
  return setResults(node, call);
}

/// Turns pairs of the first `width` features (0: all) of [batch, heads, time,
/// features] by the angles of row `position(batch, time)` of the caches.
static Tensor rotate(Emitter &e, Tensor x, Tensor cosines, Tensor sines,
                     bool interleaved,
                     function_ref<Value(Scalars &, Value, Value)> position) {
  int64_t half = cosines.getShape()[1];
  DataType type = getComputeType(x.type);
  return e.generate(x.type, e.extents(x), [&](Scalars &s, ValueRange at) {
    Value d = at[3], one = s.index(1), two = s.index(2);
    // Features past the end of the rotation stay; their reads are kept inside.
    Value inside = s.compareIndex(CmpIPredicate::slt, d, s.index(2 * half));
    Value i = s.select(inside, d, s.index(0)), pair, other, first;
    if (interleaved) {
      pair = s.divIndex(i, two);
      first = s.compareIndex(CmpIPredicate::eq, s.remIndex(i, two), s.index(0));
      other = s.select(first, s.addIndex(i, one), s.subIndex(i, one));
    } else {
      Value h = s.index(half);
      first = s.compareIndex(CmpIPredicate::slt, i, h);
      pair = s.select(first, i, s.subIndex(i, h));
      other = s.select(first, s.addIndex(i, h), s.subIndex(i, h));
    }
    Value row = position(s, at[0], at[2]);
    Value limit = s.subIndex(e.extentValue(cosines, 0), one);
    row = s.maxIndex(s.minIndex(row, limit), s.index(0));
    Value c = e.loadWide(cosines, {row, pair});
    Value n = e.loadWide(sines, {row, pair});
    Value a = e.loadWide(x, at);
    Value p = e.loadWide(x, {at[0], at[1], at[2], other});
    Value turned = s.mul(type, p, n);
    turned = s.add(type, s.mul(type, a, c),
                   s.select(first, s.neg(type, turned), turned));
    return s.convert(type, x.type, s.select(inside, turned, a));
  });
}

static LogicalResult checkCaches(Node &node, Tensor x, Tensor cosines,
                                 Tensor sines) {
  if (cosines.getRank() != 2 || sines.getRank() != 2 ||
      cosines.getShape()[1] <= 0 || x.getShape()[3] < 2 * cosines.getShape()[1])
    return node.error("its cosine cache of rank " + Twine(cosines.getRank()) +
                      " does not fit " + Twine(x.getShape()[3]) +
                      " features; required is rank 2 and at most half of them");
  return success();
}

static LogicalResult convertRotaryEmbedding(Node &node) {
  Emitter &e = node.getEmitter();
  if (failed(requireFloats(node, 1)))
    return failure();
  Tensor x = node.getInput(0), positions = node.getInput(1);
  Tensor cosines = node.getInput(2), sines = node.getInput(3);
  bool flat = x.getRank() == 3;
  int64_t width = node.getInt("rotary_embedding_dim", 0);
  int64_t heads = node.getInt("num_heads", 0);
  bool interleaved = node.getInt("interleaved", 0) != 0;
  (void)node.getInt("is_packed_batching", 0);
  if (node.getFloat("scale", 1) != 1)
    return node.unsupported("a scale of positions is not supported");
  if (flat && heads == 0 && width == 0 && cosines.getRank() == 2 &&
      cosines.getShape()[1] > 0)
    heads = x.getShape()[2] / (2 * cosines.getShape()[1]);
  if (flat) {
    std::optional<Tensor> split = splitHeads(node, x, heads);
    if (!split)
      return failure();
    x = *split;
  }
  if (failed(checkCaches(node, x, cosines, sines)))
    return failure();
  bool single = positions.getRank() < 2;
  e.requireEqual(e.extent(sines, 0), e.extent(cosines, 0),
                 "the number of rows of its sine cache");
  if (!single)
    for (int64_t d : {0, 1})
      e.requireEqual(e.extent(positions, d), e.extent(x, d == 0 ? 0 : 2),
                     "an extent of its positions");
  e.requireIndices(positions, e.extent(cosines, 0), "a position",
                   /*fromEnd=*/false);
  Tensor result = rotate(
      e, x, cosines, sines, interleaved,
      [&](Scalars &s, Value batch, Value time) {
        if (!single)
          return s.toIndex(positions.type, e.load(positions, {batch, time}));
        SmallVector<Value> at;
        if (positions.getRank() == 1)
          at.push_back(s.index(0));
        return s.addIndex(s.toIndex(positions.type, e.load(positions, at)),
                          time);
      });
  node.setOutput(0, flat ? mergeHeads(e, result) : result);
  return success();
}

/// The operator of the default domain: without positions the caches have a row
/// for every step of every batch.
static LogicalResult convertStandardRotaryEmbedding(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0), positions = node.getInput(3);
  Tensor cosines = node.getInput(1), sines = node.getInput(2);
  int64_t width = node.getInt("rotary_embedding_dim", 0);
  int64_t heads = node.getInt("num_heads", 0);
  bool interleaved = node.getInt("interleaved", 0) != 0;
  bool flat = x.getRank() == 3;
  if (failed(node.requireFloat(0)))
    return failure();
  if (x.getRank() != 4 && !flat)
    return node.error("its input has rank " + Twine(x.getRank()) +
                      "; required is 3 or 4");
  if (flat) {
    std::optional<Tensor> split = splitHeads(node, x, heads);
    if (!split)
      return failure();
    x = *split;
  }
  int64_t rank = positions ? 2 : 3;
  for (Tensor cache : {cosines, sines})
    if (cache.getRank() != rank || cache.getShape()[rank - 1] <= 0)
      return node.error("a cache has rank " + Twine(cache.getRank()) +
                        "; required is " + Twine(rank) +
                        " with a last dimension of static extent");
  if (positions && (positions.getRank() != 2 || !isInteger(positions.type)))
    return node.error("its positions are " + getName(positions.type) +
                      " of rank " + Twine(positions.getRank()) +
                      "; required are integers of rank 2");
  if (width != 0 && cosines.getShape()[rank - 1] * 2 != width)
    return node.error("attribute 'rotary_embedding_dim' is " + Twine(width) +
                      "; its caches require " +
                      Twine(cosines.getShape()[rank - 1] * 2));
  // All rows may share one table.
  bool shared =
      !positions && cosines.getShape()[0] == 1 && sines.getShape()[0] == 1;
  if (!positions) {
    auto flatten = [&](Tensor cache) {
      return e.reshape(cache,
                       {e.product({e.extent(cache, 0), e.extent(cache, 1)}),
                        e.extent(cache, 2)});
    };
    cosines = flatten(cosines), sines = flatten(sines);
  }
  if (failed(checkCaches(node, x, cosines, sines)))
    return failure();
  Tensor result = rotate(
      e, x, cosines, sines, interleaved,
      [&](Scalars &s, Value batch, Value time) {
        if (positions)
          return s.toIndex(positions.type, e.load(positions, {batch, time}));
        if (shared)
          return time;
        return s.addIndex(s.mulIndex(batch, e.extentValue(x, 2)), time);
      });
  node.setOutput(0, flat ? mergeHeads(e, result) : result);
  return success();
}

/// GroupQueryAttention: rows of different length share a cache, whose first
/// `seqlens_k + 1` entries live after this step.
static LogicalResult convertGroupQueryAttention(Node &node) {
  Emitter &e = node.getEmitter();
  if (failed(requireFloats(node, 3)))
    return failure();
  Scalars s = e.scalars();
  int64_t heads = node.getInt("num_heads", 0);
  int64_t groups = node.getInt("kv_num_heads", 0);
  if (!node.hasInput(1) || !node.hasInput(2))
    return node.unsupported(
        "packed queries, keys and values are not supported");
  if (!node.hasInput(5) || !node.hasInput(6))
    return node.error("inputs 5 and 6 (lengths) are missing");
  for (size_t i = 11; i < node.getNumInputs(); ++i)
    if (node.hasInput(i))
      return node.unsupported("input " + Twine(i) + " is not supported");
  AttentionCall call;
  Tensor *parts[] = {&call.query, &call.key, &call.value};
  for (int i = 0; i < 3; ++i) {
    std::optional<Tensor> split =
        splitHeads(node, node.getInput(i), i == 0 ? heads : groups);
    if (!split)
      return failure();
    *parts[i] = *split;
  }
  Tensor lengths = node.getInput(5), positions = node.getInput(9);
  if (lengths.getRank() > 1)
    lengths = e.reshape(lengths, {e.extent(call.query, 0)});
  e.requireEqual(e.extent(lengths, 0), e.extent(call.query, 0),
                 "the number of its lengths");
  for (int i : {3, 4})
    if (Tensor past = node.getInput(i)) {
      if (past.getRank() != 4)
        return node.error("input " + Twine(i) + " has rank " +
                          Twine(past.getRank()) + "; required is 4");
      for (int64_t d : {0, 1, 3})
        e.requireEqual(e.extent(past, d), e.extent(*parts[i - 2], d),
                       "an extent of its past");
    }
  Value steps = e.extentValue(call.query, 2);
  auto pastOf = [&](Scalars &in, Value batch) {
    Value length = in.toIndex(lengths.type, e.load(lengths, {batch}));
    return in.maxIndex(in.subIndex(in.addIndex(length, in.index(1)), steps),
                       in.index(0));
  };
  if (node.getInt("do_rotary", 0)) {
    Tensor cosines = node.getInput(7), sines = node.getInput(8);
    if (!cosines || !sines)
      return node.error("inputs 7 and 8 (caches of cosines and sines) are "
                        "missing");
    if (failed(checkCaches(node, call.query, cosines, sines)))
      return failure();
    bool interleaved = node.getInt("rotary_interleaved", 0) != 0;
    for (Tensor *part : {&call.query, &call.key})
      *part = rotate(e, *part, cosines, sines, interleaved,
                     [&](Scalars &in, Value batch, Value time) {
                       if (positions)
                         return in.toIndex(positions.type,
                                           e.load(positions, {batch, time}));
                       return in.addIndex(pastOf(in, batch), time);
                     });
  }
  (void)node.getInt("rotary_interleaved", 0);
  Value total =
      s.toIndex(node.getInput(6).type, e.elements(node.getInput(6)).front());
  for (auto [part, i] :
       {std::pair<Tensor *, int>(&call.key, 3), {&call.value, 4}}) {
    Tensor past = node.getInput(i), fresh = *part;
    Extents sizes = e.extents(fresh);
    if (past)
      total = s.maxIndex(total, e.extentValue(past, 2));
    sizes[2] = total;
    *part =
        e.generate(fresh.type, sizes, [&](Scalars &in, ValueRange at) -> Value {
          Value zero = in.index(0), one = in.index(1);
          Value before = pastOf(in, at[0]), j = at[2];
          Value row = in.subIndex(j, before);
          Value isNew =
              in.logicalAnd(in.compareIndex(CmpIPredicate::sge, row, zero),
                            in.compareIndex(CmpIPredicate::slt, row, steps));
          Value in0 = loadUnlessEmpty(
              e, fresh, {at[0], at[1], in.select(isNew, row, zero), at[3]});
          Value none = in.constant(fresh.type, 0);
          Value old = none;
          if (past) {
            // An empty cache has nothing to read.
            Value extent = e.extentValue(past, 2);
            Value has = in.compareIndex(CmpIPredicate::slt, j, extent);
            has = in.logicalAnd(has,
                                in.compareIndex(CmpIPredicate::slt, row, zero));
            Value last = in.maxIndex(in.subIndex(extent, one), zero);
            old = in.select(
                has,
                loadUnlessEmpty(e, past,
                                {at[0], at[1], in.minIndex(j, last), at[3]}),
                none);
          }
          return in.select(isNew, in0, old);
        });
  }
  call.scale = node.getFloat("scale", 0);
  call.softcap = node.getFloat("softcap", 0);
  int64_t window = node.getInt("local_window_size", -1);
  if (Tensor bias = node.getInput(10))
    addMask(e, call, bias);
  restrict(e, call, /*perBatch=*/true, [&](Scalars &in, ValueRange at) {
    Value i = in.addIndex(at[2], pastOf(in, at[0]));
    Value ok = in.compareIndex(CmpIPredicate::sle, at[3], i);
    if (window > 0)
      ok = in.logicalAnd(ok, in.compareIndex(CmpIPredicate::sgt, at[3],
                                             in.subIndex(i, in.index(window))));
    return ok;
  });
  return setResults(node, call);
}

void registerContribAttentionOps(Registry &registry) {
  StringRef domain = "com.microsoft";
  registry.add({
      {"Attention", 1, 2, 7, convertAttention, "rotation, shared buffers",
       domain},
      {"MultiHeadAttention", 1, 1, 8, convertMultiHeadAttention,
       "packed inputs", domain},
      {"GroupQueryAttention", 1, 1, 14, convertGroupQueryAttention,
       "packed inputs, quantized caches", domain},
      {"RotaryEmbedding", 1, 4, 4, convertRotaryEmbedding, "scale", domain},
      {"RotaryEmbedding", 23, 3, 4, convertStandardRotaryEmbedding},
  });
}

} // namespace seqc::onnx
