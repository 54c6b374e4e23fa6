//===- ControlFlow.cpp - If -----------------------------------------------===//

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/GraphValues.h"
#include "frontends/ONNX/Ops/Readers.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace llvm;

namespace seqc::onnx {

/// If: a condition that is known takes its branch, and the other one is not
/// even read.
static LogicalResult convertIf(Node &node) {
  Emitter &e = node.getEmitter();
  mlir::OpBuilder &builder = e.getBuilder();
  Tensor condition = node.settleInput(0);
  const format::GraphProto *branches[] = {node.getGraph("then_branch"),
                                          node.getGraph("else_branch")};
  if (!branches[0] || !branches[1])
    return node.error("attribute 'then_branch' or 'else_branch' is missing");
  FailureOr<mlir::Value> taken =
      takeOne(node, condition, DataType::Bool, "its condition");
  if (failed(taken))
    return failure();
  if (std::optional<int64_t> known = mlir::getConstantIntValue(*taken)) {
    FailureOr<std::vector<GraphValue>> values =
        node.getImporter().importGraph(*branches[*known ? 0 : 1], {});
    if (failed(values))
      return failure();
    for (auto [i, value] : enumerate(*values))
      node.setOutput(i, value);
    return success();
  }

  mlir::Location loc = e.getLoc();
  // The types of the results are known when both branches are there.
  auto draft = mlir::scf::IfOp::create(builder, loc, mlir::TypeRange{}, *taken,
                                       /*addThenBlock=*/true,
                                       /*addElseBlock=*/true);
  std::array<mlir::Block *, 2> blocks = {draft.thenBlock(), draft.elseBlock()};
  std::array<std::vector<GraphValue>, 2> results;
  size_t mark = e.markExtents();
  for (int i = 0; i < 2; ++i) {
    mlir::OpBuilder::InsertionGuard guard(builder);
    blocks[i]->clear();
    builder.setInsertionPointToEnd(blocks[i]);
    FailureOr<std::vector<GraphValue>> values =
        node.getImporter().importGraph(*branches[i], {});
    e.setLoc(loc);
    if (failed(values)) {
      e.forgetExtents(mark);
      draft.erase();
      return failure();
    }
    results[i] = std::move(*values);
  }
  std::optional<std::vector<GraphValue>> joined =
      joinBranches(e, *taken, blocks, results, /*joinsRanks=*/false);
  if (!joined)
    e.forgetExtents(mark);
  draft.erase();
  if (!joined)
    node.getImporter().forkAt(node, *taken, {branches[0], branches[1]});
  else
    for (auto [i, value] : enumerate(*joined))
      node.setOutput(i, value);
  return success();
}

void registerControlFlowOps(Registry &registry) {
  registry.add({
      {"If", 1, 1, 1, convertIf,
       "more than 8 values of several ranks that need each other"},
  });
}

} // namespace seqc::onnx
