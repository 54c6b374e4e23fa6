//===- Attention.cpp - Attention of the default domain --------------------===//

#include "frontends/ONNX/Ops/AttentionCore.h"
#include "frontends/ONNX/Ops/InputTypes.h"
#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::Value;
using mlir::ValueRange;
using mlir::arith::CmpIPredicate;

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
  restrict(e, call, static_cast<bool>(lengths), [&](Scalars &s, ValueRange at) {
    Value ok = s.boolean(true), offset = past ? past : s.index(0);
    auto also = [&](CmpIPredicate predicate, Value a, Value b) {
      ok = s.logicalAnd(ok, s.compareIndex(predicate, a, b));
    };
    if (lengths) {
      Value length = s.toIndex(lengths.type, e.load(lengths, at[0]));
      also(CmpIPredicate::slt, at[3], length);
      offset = s.subIndex(length, queries);
    }
    Value i = s.addIndex(at[2], offset);
    if (causal)
      also(CmpIPredicate::sle, at[3], i);
    if (left >= 0)
      also(CmpIPredicate::sge, at[3], s.subIndex(i, s.index(left)));
    if (right >= 0)
      also(CmpIPredicate::sle, at[3], s.addIndex(i, s.index(right)));
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
  Value past = prependPast(node, call, 4);
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
            addMaskToScores(e, call, probabilities, [&](Scalars &s) {
              return s.infinity(probabilities.type, /*negative=*/true);
            });
      probabilities = e.convert(probabilities, call.query.type);
    }
    node.setOutput(3, probabilities);
  }
  return success();
}

/// SoftmaxAttention: what the nodes MatMul, Where, Add, Softmax and MatMul
/// compute, to the last NaN. Inputs behind queries, keys and values are what is
/// added to the scores, and where scores stay (`shows` 1) or are replaced
/// (`shows` 0).
static LogicalResult convertSoftmaxAttention(Node &node) {
  Emitter &e = node.getEmitter();
  FailureOr<AttentionCall> read = readAttentionCall(node);
  if (failed(read))
    return failure();
  if (failed(node.requireRanks({0, 1, 2}, 4)) ||
      failed(node.requireRank(3, 0, 4)) || failed(node.requireRank(4, 0, 4)))
    return failure();
  AttentionCall &call = *read;
  call.scale = node.getFloat("scale", 1);
  call.maskedScore = node.getFloat("masked_score", 0);
  (void)node.getInt("softmax_precision", 0);
  mlir::OpFoldResult scores[] = {
      e.extent(call.query, 0), e.extent(call.query, 1), e.extent(call.query, 2),
      e.extent(call.key, 2)};
  auto fit = [&](Tensor side) {
    side = padRank(e, side, 4);
    for (int64_t d = 0; d < 4; ++d)
      e.requireBroadcast(e.extent(side, d), scores[d], /*goal=*/true);
    return side;
  };
  if (Tensor bias = node.getInput(3))
    call.bias = fit(bias);
  if (Tensor mask = node.getInput(4)) {
    if (node.getInt("shows", 1) == 0)
      mask =
          e.elementwise(DataType::Bool, {mask}, [&](Scalars &s, ValueRange x) {
            return s.select(x[0], s.boolean(false), s.boolean(true));
          });
    call.mask = fit(mask);
  }
  std::optional<Tensor> result = attend(node, call);
  if (!result)
    return failure();
  node.setOutput(0, *result);
  return success();
}

void registerAttentionOps(Registry &registry) {
  registry.add({{"Attention", 23, 3, 7, convertAttention},
                {"SoftmaxAttention", 1, 3, 5, convertSoftmaxAttention,
                 "outside of what is recognised", "seqc"}});
}

} // namespace seqc::onnx
