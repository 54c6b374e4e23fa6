//===- FlexAttention.cpp - Attention with functions of its scores ---------===//

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/Ops/AttentionExtents.h"
#include "frontends/ONNX/Ops/Norms.h"
#include "frontends/ONNX/Registry.h"
#include "frontends/ONNX/onnx.pb.h"

using namespace llvm;

namespace seqc::onnx {

/// Applies the graph attribute `name`, if given, to a whole tensor.
static LogicalResult applyGraph(Node &node, StringRef name, Tensor &x) {
  const format::GraphProto *graph = node.getGraph(name);
  if (!graph)
    return success();
  FailureOr<std::vector<GraphValue>> results =
      node.getImporter().importGraph(*graph, {GraphValue(x)});
  if (failed(results))
    return failure();
  if (results->size() != 1 || !results->front().isTensor() ||
      results->front().tensor.getRank() != x.getRank())
    return node.error("graph '" + name +
                      "' does not give one tensor of its input's rank");
  x = results->front().tensor;
  return success();
}

static LogicalResult convertFlexAttention(Node &node) {
  Emitter &e = node.getEmitter();
  FailureOr<AttentionCall> read = readAttentionCall(node);
  if (failed(read))
    return failure();
  AttentionCall &call = *read;
  for (Tensor part : {call.query, call.key, call.value})
    if (part.getRank() != 4)
      return node.error("an input has rank " + Twine(part.getRank()) +
                        "; required is 4");
  call.scale = node.getFloat("scale", 0);
  ArrayRef<int64_t> q = call.query.getShape(), k = call.key.getShape();
  for (int64_t extent : {q[1], k[1], q[3], k[3]})
    if (mlir::ShapedType::isDynamic(extent))
      return node.unsupported("a number of heads or features of its queries or "
                              "keys is not static");
  if (!checkHeads(node, call) || failed(readPrecision(node, call)))
    return failure();
  if (!node.hasAttribute("score_mod") && !node.hasAttribute("prob_mod")) {
    std::optional<Tensor> result = attend(node, call);
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

void registerFlexAttentionOps(Registry &registry) {
  registry.add({{"FlexAttention", 1, 3, 3, convertFlexAttention, "",
                 "ai.onnx.preview"}});
}

} // namespace seqc::onnx
