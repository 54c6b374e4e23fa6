//===- ControlFlow.cpp - If -----------------------------------------------===//

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/GraphValues.h"
#include "frontends/ONNX/Ops/Family.h"

using namespace llvm;

namespace seqc::onnx {

/// If: a condition that is known takes its branch, and the other one is not
/// even read.
static LogicalResult convertIf(Node &node, Emitter &e) {
  Tensor condition = node.settleInput(0);
  const format::GraphProto *branches[] = {node.getGraph("then_branch"),
                                          node.getGraph("else_branch")};
  if (!branches[0] || !branches[1])
    return node.error("attribute 'then_branch' or 'else_branch' is missing");
  FailureOr<mlir::Value> taken =
      takeOne(node, condition, DataType::Bool, "its condition");
  if (failed(taken))
    return failure();
  GraphImporter &importer = node.getImporter();
  if (std::optional<int64_t> known = mlir::getConstantIntValue(*taken))
    return node.giveAll(importer.importGraph(*branches[*known ? 0 : 1], {}));

  LogicalResult status = success();
  auto emit = [&](int side) -> FailureOr<std::vector<GraphValue>> {
    if (failed(status))
      return failure();
    FailureOr<std::vector<GraphValue>> values =
        importer.importGraph(*branches[side], {});
    status = values;
    return values;
  };
  std::optional<std::vector<GraphValue>> joined =
      joinBranches(e, *taken, emit, /*joinsRanks=*/false);
  if (joined)
    return node.giveAll(*joined);
  if (succeeded(status))
    importer.forkAt(node, *taken, {branches[0], branches[1]});
  return status;
}

void registerControlFlowOps(Registry &registry) {
  registry.add({
      {"If", 1, 1, 1, convertIf, takes(),
       "more than 8 values of several ranks that need each other"},
  });
}

} // namespace seqc::onnx
