//===- GroupQueryAttention.cpp - Attention on a cache with lengths --------===//

#include "frontends/Common/Attention.h"
#include "frontends/Common/Layers.h"
#include "frontends/Common/Loops.h"
#include "frontends/ONNX/Ops/ContribAttention.h"
#include "frontends/ONNX/Ops/Readers.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;

/// Queries, keys and values [batch, time, features]; without input 1, input 0
/// has all of them side by side.
static std::optional<std::array<Tensor, 3>> getInputs(Node &node, int64_t heads,
                                                      int64_t groups) {
  Emitter &e = node.getEmitter();
  Tensor all = node.getInput(0);
  if (node.hasInput(1) && node.hasInput(2))
    return std::array<Tensor, 3>{all, node.getInput(1), node.getInput(2)};
  bool isPacked = !node.hasInput(1) && !node.hasInput(2) && heads > 0;
  OpFoldResult features =
      splitFeatures(e, all, isPacked && groups > 0 ? heads + 2 * groups : 0,
                    "queries of " + Twine(heads) + " and keys and values of " +
                        Twine(groups) + " heads");
  if (!features)
    return std::nullopt;
  std::array<Tensor, 3> result;
  int64_t offset = 0;
  for (auto [i, count] :
       llvm::enumerate(std::array<int64_t, 3>{heads, groups, groups})) {
    result[i] = e.sliceDim(all, 2, e.product({features, e.fixed(offset)}),
                           e.product({features, e.fixed(count)}));
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
    sizes[2] = e.fixed(1);
    *part = e.concat({*part, e.fill(part->type, sizes, 0)}, 2);
  }
  auto widen = [&](Tensor x, function_ref<Number(ArrayRef<Number>)> more) {
    Extents sizes = e.extents(x);
    sizes[3] = e.extent(call.key, 2);
    return define(e, x.type, sizes, [&](ArrayRef<Number> at) {
      Number isSink = at[3] == Number(last), j = select(isSink, 0, at[3]);
      Number own = loadUnlessEmpty(e, x, {at[0], at[1], at[2], j});
      return select(isSink, more(at), own);
    });
  };
  if (call.mask)
    call.mask = widen(call.mask, [](ArrayRef<Number> at) {
      return Number(at[0].scalars().boolean(true));
    });
  if (!call.bias && !sink)
    return;
  OpFoldResult one = e.fixed(1);
  Tensor bias = call.bias ? e.convert(call.bias, type)
                          : e.fill(type, {one, one, one, last}, 0);
  Extents sizes = e.extents(bias);
  if (sink && mlir::getConstantIntValue(sizes[1]) == 1) {
    sizes[1] = e.extent(call.query, 1);
    bias = e.broadcastTo(bias, sizes);
  }
  call.bias = widen(bias, [&](ArrayRef<Number> at) {
    return sink ? read(e, sink, {at[1]}).as(type) : Number(0);
  });
}

/// What output 3 shows: scores after the cap, or weights.
enum class ScoreOutput { None, Scores, Weights };

static LogicalResult finish(Node &node, AttentionCall call, Value wanted) {
  Emitter &e = node.getEmitter();
  auto shown = static_cast<ScoreOutput>(node.getInt("qk_output", 0));
  Tensor keys = call.key, values = call.value;
  Tensor sink = node.getInput(11), scores;
  bool shows = node.wantsOutput(3);
  if (shows && shown != ScoreOutput::Scores && shown != ScoreOutput::Weights)
    return node.error("output 3 is named but attribute 'qk_output' is " +
                      Twine(static_cast<int>(shown)) + "; required is 1 or 2");
  if (shows && shown == ScoreOutput::Scores)
    scores =
        addMaskToScores(e, call, attentionScores(e, call, true), Hidden::Zero);
  if (node.getInt("smooth_softmax", 0) > 0 || sink) {
    if (sink)
      e.requireEqual(e.extent(sink, 0), e.extent(call.query, 1),
                     "the number of its sinks");
    addSink(e, call, sink);
  }
  std::optional<Tensor> result = attend(
      e, call, shows && shown == ScoreOutput::Weights ? &scores : nullptr);
  if (!result)
    return failure();
  node.setOutput(1, keys);
  node.setOutput(2, values);
  if (shows)
    node.setOutput(3, e.sliceDim(e.convert(scores, call.query.type), 3,
                                 e.fixed(0), e.simplify({wanted})[0]));
  return node.give(joinFeatures(e, *result));
}

/// GroupQueryAttention: rows of different length share a cache, whose first
/// `seqlens_k + 1` entries live after this step.
LogicalResult convertGroupQueryAttention(Node &node, Emitter &e) {
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
  if (node.getInt("sliding_window_cache", 0) != 0)
    return node.unsupported("a cache of the window's size is not supported");
  AttentionCall call;
  Tensor *parts[] = {&call.query, &call.key, &call.value};
  std::optional<std::array<Tensor, 3>> given = getInputs(node, heads, groups);
  if (!given)
    return failure();
  for (int i = 0; i < 3; ++i) {
    *parts[i] = (*given)[i];
    if (!splitHeads(e, *parts[i], i == 0 ? heads : groups))
      return failure();
  }
  Tensor lengths = node.getInput(5), positions = node.getInput(9);
  if (lengths.getRank() > 1)
    lengths = e.reshape(lengths, {e.extent(call.query, 0)});
  e.requireEqual(e.extent(lengths, 0), e.extent(call.query, 0),
                 "the number of its lengths");
  for (int i : {3, 4})
    if (Tensor past = node.getInput(i))
      for (int64_t d : {0, 1, 3})
        e.requireEqual(e.extent(past, d), e.extent(*parts[i - 2], d),
                       "an extent of its past");
  Value steps = e.extentValue(call.query, 2);
  Number total = readInteger(node, 6, "total_sequence_length");
  // How many entries a row's cache has before this step.
  auto pastOf = [&](Number row) {
    return max(read(e, lengths, {row}).toIndex() + 1 - steps, 0);
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
    // All steps are new in a prompt, whose positions count on from the first
    // one; what else the input holds then is not looked at.
    Number prompt = total == Number(steps), first = 0;
    Number rows(s, e.extentValue(cosines, 0));
    if (positions) {
      for (int64_t d : {0, 1})
        e.requireEqual(e.extent(positions, d),
                       e.extent(call.query, d == 0 ? 0 : 2),
                       "an extent of its positions");
      first = loadUnlessEmpty(e, positions, {0, 0}).toIndex();
      Number none = Number(s, steps) == 0;
      e.require(none | !prompt | ((first >= 0) & (first <= rows - steps)),
                "its prompt of {0} steps begins at position {1}; its caches "
                "have {2} rows",
                e.simplify({steps, Value(first), Value(rows)}));
      // A token's own position.
      Tensor own = map(e, positions.type, {positions}, [&](Number position) {
        return select(prompt, 0, position);
      });
      e.requireIndices(own, e.extent(cosines, 0), "a position",
                       /*fromEnd=*/false);
    } else {
      e.require(total <= rows,
                "its caches of cosines and sines have {0} rows; required are "
                "{1}",
                e.simplify({Value(rows), Value(total)}));
    }
    for (Tensor *part : {&call.query, &call.key})
      *part =
          rotate(e, *part, cosines, sines, cosines.getShape()[1], interleaved,
                 /*shared=*/false, [&](Number row, Number time) {
                   if (!positions)
                     return pastOf(row) + time;
                   return select(prompt, time + Value(first),
                                 read(e, positions, {row, time}).toIndex());
                 });
  }
  (void)node.getInt("rotary_interleaved", 0);
  Value wanted = total;
  Tensor starts = define(e, DataType::Int64, {e.extent(call.query, 0)},
                         [&](ArrayRef<Number> at) { return pastOf(at[0]); });
  for (auto [part, i] :
       {std::pair<Tensor *, int>(&call.key, 3), {&call.value, 4}}) {
    Tensor past = node.getInput(i), cache;
    Extents sizes = e.extents(*part);
    if (past)
      total = max(total, e.extentValue(past, 2));
    sizes[2] = Value(total);
    if (!past) {
      cache = e.fill(part->type, sizes, 0);
    } else {
      // A row's past, and zeros behind it.
      cache = define(e, part->type, sizes, [&](ArrayRef<Number> at) {
        Number j = at[2], extent(j.scalars(), e.extentValue(past, 2));
        // An empty tensor has nothing to read.
        Number kept = loadUnlessEmpty(
            e, past, {at[0], at[1], min(j, max(extent - 1, 0)), at[3]});
        return select((j < extent) & (j < pastOf(at[0])), kept, 0);
      });
    }
    *part = e.append(cache, *part, starts.value, 2);
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
  restrict(e, call, /*perBatch=*/true, [&](ArrayRef<Number> at) {
    // The row's keys end here; queries behind them look back all the same.
    Number j = at[3], i = at[2] + pastOf(at[0]);
    Number ok = j <= read(e, lengths, {at[0]}).toIndex();
    if (causal)
      ok = ok & (j <= i);
    return window > 0 ? ok & (j > i - window) : ok;
  });
  return finish(node, call, wanted);
}

} // namespace seqc::onnx
