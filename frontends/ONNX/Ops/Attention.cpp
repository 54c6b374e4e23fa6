//===- Attention.cpp - Attention of the default domain --------------------===//

#include "frontends/ONNX/Ops/AttentionCore.h"
#include "frontends/ONNX/Ops/InputTypes.h"
#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::Value;

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

static LogicalResult convertAttention(Node &node) {
  Emitter &e = node.getEmitter();
  FailureOr<AttentionCall> read = readAttentionCall(node);
  if (failed(read))
    return failure();
  if (failed(node.requireRank(3, 0, 4)) ||
      failed(node.requireRanks({4, 5}, 4)) || failed(node.requireRanks({6}, 1)))
    return failure();
  AttentionCall &call = *read;
  bool flat = call.query.getRank() == 3;
  int64_t heads = node.getInt("q_num_heads", 0);
  int64_t groups = node.getInt("kv_num_heads", 0);
  for (auto [part, count] : {std::pair<Tensor *, int64_t>(&call.query, heads),
                             {&call.key, groups},
                             {&call.value, groups}}) {
    if (part->getRank() == 4)
      continue;
    std::optional<Tensor> split = splitHeads(node, *part, count);
    if (!split)
      return failure();
    *part = *split;
  }
  // Keys and values of earlier steps.
  Value past;
  if (Tensor key = node.getInput(4)) {
    past = e.extentValue(key, 2);
    call.key = e.concat({key, call.key}, 2);
  }
  if (Tensor value = node.getInput(5))
    call.value = e.concat({value, call.value}, 2);
  call.scale = node.getFloat("scale", 0);
  call.softcap = node.getFloat("softcap", 0);
  if (failed(readPrecision(node, call)))
    return failure();
  auto mode = static_cast<ScoreOutput>(node.getInt("qk_matmul_output_mode", 0));

  addMask(e, call, node.getInput(3),
          node.getOpset() < 24 ? ShortMask::Broadcast : ShortMask::Hide);
  restrictPositions(node, call, node.getInput(6), past);
  bool weights = node.wantsOutput(3) && mode == ScoreOutput::Weights;
  Tensor probabilities;
  std::optional<Tensor> result =
      attend(node, call, weights ? &probabilities : nullptr);
  if (!result)
    return failure();
  node.setOutput(0, flat ? mergeHeads(e, *result) : *result);
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

void registerAttentionOps(Registry &registry) {
  registry.add({{"Attention", 23, 3, 7, convertAttention}});
}

} // namespace seqc::onnx
