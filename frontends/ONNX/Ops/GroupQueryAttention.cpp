//===- GroupQueryAttention.cpp - Attention on a cache with lengths --------===//

#include "frontends/ONNX/Loops.h"
#include "frontends/ONNX/Ops/AttentionExtents.h"
#include "frontends/ONNX/Ops/ContribAttention.h"
#include "frontends/ONNX/Ops/InputTypes.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;
using mlir::arith::CmpIPredicate;

/// Queries, keys and values [batch, time, features]; without input 1, input 0
/// has all of them side by side.
static std::optional<std::array<Tensor, 3>> getInputs(Node &node, int64_t heads,
                                                      int64_t groups) {
  Emitter &e = node.getEmitter();
  mlir::OpBuilder &b = e.getBuilder();
  Tensor all = node.getInput(0);
  if (node.hasInput(1) && node.hasInput(2))
    return std::array<Tensor, 3>{all, node.getInput(1), node.getInput(2)};
  OpFoldResult width;
  std::optional<int64_t> fixed;
  if (all.getRank() == 3) {
    width = e.extent(all, 2);
    fixed = mlir::getConstantIntValue(width);
  }
  int64_t parts = heads + 2 * groups;
  if (node.hasInput(1) || node.hasInput(2) || heads <= 0 || groups <= 0 ||
      !width || (fixed && *fixed % parts != 0)) {
    (void)node.error(
        "a tensor of rank " + Twine(all.getRank()) +
        (fixed ? " and last extent " + Twine(*fixed) : Twine(std::string())) +
        " cannot be split into queries of " + Twine(heads) +
        " and keys and values of " + Twine(groups) +
        " heads; required is rank 3 and a multiple");
    return std::nullopt;
  }
  OpFoldResult features =
      divideExtent(e, width, b.getIndexAttr(parts),
                   "its last extent {0} is no multiple of {1} heads");
  std::array<Tensor, 3> result;
  int64_t offset = 0;
  for (auto [i, count] :
       llvm::enumerate(std::array<int64_t, 3>{heads, groups, groups})) {
    result[i] =
        e.sliceDim(all, 2, e.product({features, b.getIndexAttr(offset)}),
                   e.product({features, b.getIndexAttr(count)}));
    offset += count;
  }
  return result;
}

/// One key more, whose score is `sink` [heads], or 0 without it, and whose
/// value is zero: it takes its part of the weights.
static void addSink(Emitter &e, AttentionCall &call, Tensor sink) {
  DataType type = getComputeType(call.query.type);
  Value last = e.extentValue(call.key, 2);
  for (Tensor *part : {&call.key, &call.value}) {
    Extents sizes = e.extents(*part);
    sizes[2] = e.getBuilder().getIndexAttr(1);
    *part = e.concat({*part, e.fill(part->type, sizes, 0)}, 2);
  }
  auto widen = [&](Tensor x, function_ref<Value(Scalars &, ValueRange)> more) {
    Extents sizes = e.extents(x);
    sizes[3] = e.extent(call.key, 2);
    return e.generate(x.type, sizes, [&](Scalars &s, ValueRange at) {
      Value isSink = s.compareIndex(CmpIPredicate::eq, at[3], last);
      Value j = s.select(isSink, s.index(0), at[3]);
      return s.select(isSink, more(s, at),
                      loadUnlessEmpty(e, x, {at[0], at[1], at[2], j}));
    });
  };
  if (call.mask)
    call.mask = widen(call.mask,
                      [](Scalars &s, ValueRange) { return s.boolean(true); });
  mlir::OpFoldResult one = e.getBuilder().getIndexAttr(1);
  if (!call.bias && !sink)
    return;
  Tensor bias = call.bias ? e.convert(call.bias, type)
                          : e.fill(type, {one, one, one, last}, 0);
  Extents sizes = e.extents(bias);
  if (sink && mlir::getConstantIntValue(sizes[1]) == 1) {
    sizes[1] = e.extent(call.query, 1);
    bias = e.broadcastTo(bias, sizes);
  }
  call.bias = widen(bias, [&](Scalars &s, ValueRange at) {
    return sink ? s.convert(getComputeType(sink.type), type,
                            e.loadWide(sink, {at[1]}))
                : s.constant(type, 0);
  });
}

/// What output 3 shows: scores after the cap, or weights.
enum class ScoreOutput { None, Scores, Weights };

static LogicalResult finish(Node &node, AttentionCall call, Value wanted) {
  Emitter &e = node.getEmitter();
  auto shown = static_cast<ScoreOutput>(node.getInt("qk_output", 0));
  Tensor keys = call.key, values = call.value, mask = call.mask;
  Tensor sink = node.getInput(11), scores;
  bool shows = node.wantsOutput(3);
  if (shows && shown != ScoreOutput::Scores && shown != ScoreOutput::Weights)
    return node.error("output 3 is named but attribute 'qk_output' is " +
                      Twine(static_cast<int>(shown)) + "; required is 1 or 2");
  if (shows && shown == ScoreOutput::Scores) {
    scores = attentionScores(e, call, true);
    DataType type = scores.type;
    if (call.bias)
      scores = e.elementwise(
          type, {scores, e.convert(call.bias, type)},
          [&](Scalars &s, ValueRange x) { return s.add(type, x[0], x[1]); });
    scores = e.elementwise(type, {scores, mask}, [&](Scalars &s, ValueRange x) {
      return s.select(x[1], x[0], s.constant(type, 0));
    });
  }
  if (node.getInt("smooth_softmax", 0) > 0 || sink) {
    if (sink && sink.getRank() != 1)
      return node.error("its sink has rank " + Twine(sink.getRank()) +
                        "; required is 1");
    if (sink)
      e.requireEqual(e.extent(sink, 0), e.extent(call.query, 1),
                     "the number of its sinks");
    addSink(e, call, sink);
  }
  std::optional<Tensor> result = attend(
      node, call, shows && shown == ScoreOutput::Weights ? &scores : nullptr);
  if (!result)
    return failure();
  node.setOutput(0, mergeHeads(e, *result));
  node.setOutput(1, keys);
  node.setOutput(2, values);
  if (shows)
    node.setOutput(3, e.sliceDim(e.convert(scores, call.query.type), 3,
                                 e.getBuilder().getIndexAttr(0),
                                 e.simplify({wanted})[0]));
  return success();
}

/// GroupQueryAttention: rows of different length share a cache, whose first
/// `seqlens_k + 1` entries live after this step.
LogicalResult convertGroupQueryAttention(Node &node) {
  Emitter &e = node.getEmitter();
  if (failed(requireFloats(node, 3)))
    return failure();
  Scalars s = e.scalars();
  int64_t heads = node.getInt("num_heads", 0);
  int64_t groups = node.getInt("kv_num_heads", 0);
  if (!node.hasInput(5) || !node.hasInput(6))
    return node.error("inputs 5 and 6 (lengths) are missing");
  for (size_t i : {12, 13, 14, 15})
    if (node.hasInput(i))
      return node.unsupported("input " + Twine(i) + " is not supported");
  for (StringRef cache : {"k_quant_type", "v_quant_type"})
    if (node.getString(cache, "NONE") != "NONE")
      return node.unsupported("a quantized cache is not supported");
  (void)node.getInt("kv_cache_bit_width", 0);
  (void)node.getFloat("qk_norm_epsilon", 1e-6f);
  if (failed(node.requireRank(5, 1, kMostRank)) ||
      failed(node.requireRank(10, 0, 4)))
    return failure();
  if (node.getInt("sliding_window_cache", 0) != 0)
    return node.unsupported("a cache of the window's size is not supported");
  AttentionCall call;
  Tensor *parts[] = {&call.query, &call.key, &call.value};
  std::optional<std::array<Tensor, 3>> given = getInputs(node, heads, groups);
  if (!given)
    return failure();
  for (int i = 0; i < 3; ++i) {
    std::optional<Tensor> split =
        splitHeads(node, (*given)[i], i == 0 ? heads : groups);
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
  (void)node.settleInput(6);
  if (!node.getInput(6).getType().hasStaticShape() ||
      node.getInput(6).getType().getNumElements() != 1)
    return node.error("input 6 (total_sequence_length) has not exactly one "
                      "element");
  Value total =
      s.toIndex(node.getInput(6).type, e.elements(node.getInput(6)).front());
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
    for (int64_t d : {0, 1})
      e.requireEqual(e.extent(sines, d), e.extent(cosines, d),
                     "an extent of its sine cache");
    bool interleaved = node.getInt("rotary_interleaved", 0) != 0;
    if (positions && (positions.getRank() != 2 || !isInteger(positions.type)))
      return node.error("its positions are " + getName(positions.type) +
                        " of rank " + Twine(positions.getRank()) +
                        "; required are integers of rank 2");
    // All steps are new in a prompt, whose positions count on from the first
    // one; what else the input holds then is not looked at.
    Value prompt = s.compareIndex(CmpIPredicate::eq, steps, total), first;
    Value rows = e.extentValue(cosines, 0);
    if (positions) {
      for (int64_t d : {0, 1})
        e.requireEqual(e.extent(positions, d),
                       e.extent(call.query, d == 0 ? 0 : 2),
                       "an extent of its positions");
      first =
          s.toIndex(positions.type,
                    loadUnlessEmpty(e, positions, {s.index(0), s.index(0)}));
      Value inside = s.logicalAnd(
          s.compareIndex(CmpIPredicate::sge, first, s.index(0)),
          s.compareIndex(CmpIPredicate::sle, first, s.subIndex(rows, steps)));
      Value none = s.compareIndex(CmpIPredicate::eq, steps, s.index(0));
      e.require(s.logicalOr(s.logicalOr(none, s.logicalNot(prompt)), inside),
                "its prompt of {0} steps begins at position {1}; its caches "
                "have {2} rows",
                e.simplify({steps, first, rows}));
      // A token's own position.
      Tensor own = e.elementwise(
          positions.type, {positions}, [&](Scalars &in, ValueRange p) {
            return in.select(prompt, in.constant(positions.type, 0), p[0]);
          });
      e.requireIndices(own, e.extent(cosines, 0), "a position",
                       /*fromEnd=*/false);
    } else {
      e.require(s.compareIndex(CmpIPredicate::sle, total, rows),
                "its caches of cosines and sines have {0} rows; required are "
                "{1}",
                e.simplify({rows, total}));
    }
    for (Tensor *part : {&call.query, &call.key})
      *part = rotate(
          e, *part, cosines, sines, cosines.getShape()[1], interleaved,
          /*shared=*/false, [&](Scalars &in, Value batch, Value time) {
            if (!positions)
              return in.addIndex(pastOf(in, batch), time);
            return in.select(
                prompt, in.addIndex(first, time),
                in.toIndex(positions.type, e.load(positions, {batch, time})));
          });
  }
  (void)node.getInt("rotary_interleaved", 0);
  Value wanted = total;
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
  bool causal = node.getInt("causal", 1) != 0;
  if (!causal && window != -1)
    return node.error("attribute 'local_window_size' is " + Twine(window) +
                      " beside 'causal' 0; required is -1");
  if (Tensor bias = node.getInput(10))
    addMask(e, call, bias, ShortMask::Hide);
  restrict(e, call, /*perBatch=*/true, [&](Scalars &in, ValueRange at) {
    // The row's keys end here; queries behind them look back all the same.
    Value last = in.toIndex(lengths.type, e.load(lengths, {at[0]}));
    Value i = in.addIndex(at[2], pastOf(in, at[0]));
    Value ok = in.compareIndex(CmpIPredicate::sle, at[3], last);
    if (causal)
      ok = in.logicalAnd(ok, in.compareIndex(CmpIPredicate::sle, at[3], i));
    if (window > 0)
      ok = in.logicalAnd(ok, in.compareIndex(CmpIPredicate::sgt, at[3],
                                             in.subIndex(i, in.index(window))));
    return ok;
  });
  return finish(node, call, wanted);
}

} // namespace seqc::onnx
