//===- Attention.cpp - Attention and FlexAttention of the standard --------===//

#include "frontends/Common/Attention.h"
#include "frontends/Common/Layers.h"
#include "frontends/Common/Norms.h"
#include "frontends/ONNX/Ops/Family.h"
#include "frontends/ONNX/onnx.pb.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::Value;

/// The queries, keys and values of inputs 0 to 2, whatever their ranks, with the
/// scale and the precision of the softmax; reports what are no floats.
static FailureOr<AttentionCall> readAttentionCall(Node &node) {
  AttentionCall call;
  call.query = node.getInput(0);
  call.key = node.getInput(1);
  call.value = node.getInput(2);
  call.scale = node.getFloat("scale", 0);
  if (!node.hasAttribute("softmax_precision"))
    return call;
  call.precision = static_cast<DataType>(node.getInt("softmax_precision", 0));
  if (!is_contained({DataType::Float, DataType::Float16, DataType::Double,
                     DataType::BFloat16},
                    call.precision))
    return node.error("attribute 'softmax_precision' is " +
                      Twine(static_cast<int>(call.precision)) +
                      "; required is 1 (float), 10 (float16), 11 (double) or "
                      "16 (bfloat16)");
  return call;
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// What output 3 shows: scores, scores after the cap, these with the mask, or
/// the weights.
enum class ScoreOutput { Scores, Capped, Masked, Weights };

/// Queries see keys up to their own position (is_causal) and inside a window.
/// Query i stands at position i + offset.
static void restrictPositions(Node &node, AttentionCall &call, Tensor lengths,
                              Value past) {
  Emitter &e = node.getEmitter();
  bool causal = node.getInt("is_causal", 0) != 0;
  int64_t left = node.getInt("left_window_size", -1);
  int64_t right = node.getInt("right_window_size", -1);
  if (!causal && left < 0 && right < 0 && !lengths)
    return;
  Value queries = e.extentValue(call.query, 2);
  if (lengths)
    e.requireEqual(e.extent(lengths, 0), e.extent(call.query, 0),
                   "the number of its lengths");
  restrict(e, call, static_cast<bool>(lengths), [&](ArrayRef<Number> at) {
    Scalars s = at[0].scalars();
    Number ok(s, DataType::Bool, s.boolean(true)), i = at[2], j = at[3];
    if (lengths) {
      Number length = read(e, lengths, {at[0]}).toIndex();
      ok = ok & (j < length);
      i = i + (length - queries);
    } else if (past) {
      i = i + past;
    }
    if (causal)
      ok = ok & (j <= i);
    if (left >= 0)
      ok = ok & (j >= i - left);
    if (right >= 0)
      ok = ok & (j <= i + right);
    return ok;
  });
}

static LogicalResult convertAttention(Node &node, Emitter &e) {
  FailureOr<AttentionCall> read = readAttentionCall(node);
  if (failed(read))
    return failure();
  AttentionCall &call = *read;
  bool flat = call.query.getRank() == 3;
  int64_t heads = node.getInt("q_num_heads", 0);
  int64_t groups = node.getInt("kv_num_heads", 0);
  for (auto [part, count] : {std::pair<Tensor *, int64_t>(&call.query, heads),
                             {&call.key, groups},
                             {&call.value, groups}})
    if (part->getRank() != 4 && !splitHeads(e, *part, count))
      return failure();
  // Keys and values of earlier steps.
  Value past;
  if (Tensor key = node.getInput(4)) {
    past = e.extentValue(key, 2);
    call.key = e.concat({key, call.key}, 2);
  }
  if (Tensor value = node.getInput(5))
    call.value = e.concat({value, call.value}, 2);
  call.softcap = node.getFloat("softcap", 0);
  auto mode = static_cast<ScoreOutput>(node.getInt("qk_matmul_output_mode", 0));

  addMask(e, call, node.getInput(3),
          node.getOpset() < 24 ? ShortMask::Broadcast : ShortMask::Hide);
  restrictPositions(node, call, node.getInput(6), past);
  bool weights = node.wantsOutput(3) && mode == ScoreOutput::Weights;
  Tensor probabilities;
  std::optional<Tensor> result =
      attend(e, call, weights ? &probabilities : nullptr);
  if (!result)
    return failure();
  node.setOutput(0, flat ? joinFeatures(e, *result) : *result);
  node.setOutput(1, call.key);
  node.setOutput(2, call.value);
  if (node.wantsOutput(3)) {
    if (!weights) {
      probabilities = attentionScores(e, call, mode != ScoreOutput::Scores);
      if (mode == ScoreOutput::Masked)
        probabilities =
            addMaskToScores(e, call, probabilities, Hidden::Infinity);
      probabilities = e.convert(probabilities, call.query.type);
    }
    node.setOutput(3, probabilities);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// FlexAttention
//===----------------------------------------------------------------------===//

/// Applies the graph attribute `name`, if given, to a whole tensor.
static LogicalResult applyGraph(Node &node, StringRef name, Tensor &x) {
  const format::GraphProto *graph = node.getGraph(name);
  if (!graph)
    return success();
  FailureOr<SmallVector<Tensor>> results =
      importTensors(node, *graph, {GraphValue(x)});
  if (failed(results))
    return failure();
  if (results->size() != 1 || results->front().getRank() != x.getRank())
    return node.error("graph '" + name +
                      "' does not give one tensor of its input's rank");
  x = results->front();
  return success();
}

static LogicalResult convertFlexAttention(Node &node, Emitter &e) {
  FailureOr<AttentionCall> read = readAttentionCall(node);
  if (failed(read))
    return failure();
  AttentionCall &call = *read;
  ArrayRef<int64_t> q = call.query.getShape(), k = call.key.getShape();
  for (int64_t extent : {q[1], k[1], q[3], k[3]})
    if (mlir::ShapedType::isDynamic(extent))
      return node.unsupported("a number of heads or features of its queries or "
                              "keys is not static");
  if (!checkHeads(e, call))
    return failure();
  if (!node.hasAttribute("score_mod") && !node.hasAttribute("prob_mod")) {
    std::optional<Tensor> result = attend(e, call);
    return result ? node.give(*result) : failure();
  }
  DataType outer = call.query.type;
  DataType precision = call.precision == DataType::Undefined
                           ? getComputeType(outer)
                           : call.precision;
  Tensor scores =
      e.convert(attentionScores(e, call, /*withCap=*/false), precision);
  if (failed(applyGraph(node, "score_mod", scores)))
    return failure();
  Tensor weights = softmax(e, scores, {3}, scores.type);
  if (failed(applyGraph(node, "prob_mod", weights)))
    return failure();
  weights = e.convert(weights, outer);
  return node.give(e.convert(weighValues(e, call, weights), outer));
}

void registerAttentionOps(Registry &registry) {
  registry.add({
      {"Attention", 23, 3, 7, convertAttention,
       takes(kFloats, kFloats, kFloats, kAny(0, 4), kAny(4), kAny(4), kAny(1))},
  });
  registry.add({{"FlexAttention", 1, 3, 3, convertFlexAttention,
                 takes(kFloats(4), kFloats(4), kFloats(4))}},
               "ai.onnx.preview");
}

} // namespace seqc::onnx
