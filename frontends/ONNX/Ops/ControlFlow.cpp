//===- ControlFlow.cpp - If -----------------------------------------------===//

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/Ops/ScanRecurrence.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace llvm;

namespace seqc::onnx {

/// Imports a branch at the end of `block`; every output is a tensor.
static FailureOr<SmallVector<Tensor>>
importBranch(Node &node, const format::GraphProto &graph, mlir::Block *block) {
  Emitter &e = node.getEmitter();
  mlir::OpBuilder::InsertionGuard guard(e.getBuilder());
  e.getBuilder().setInsertionPointToEnd(block);
  FailureOr<std::vector<GraphValue>> values =
      node.getImporter().importGraph(graph, {});
  if (failed(values))
    return failure();
  SmallVector<Tensor> tensors;
  for (const GraphValue &value : *values) {
    if (!value.isTensor())
      return node.unsupported("a branch that gives a sequence or nothing is "
                              "not supported");
    tensors.push_back(value.tensor);
  }
  return tensors;
}

/// If: a condition that is known takes its branch, and the other one is not
/// even read.
static LogicalResult convertIf(Node &node) {
  Emitter &e = node.getEmitter();
  mlir::OpBuilder &builder = e.getBuilder();
  Tensor condition = node.getInput(0);
  const format::GraphProto *branches[] = {node.getGraph("then_branch"),
                                          node.getGraph("else_branch")};
  if (!branches[0] || !branches[1])
    return node.error("attribute 'then_branch' or 'else_branch' is missing");
  if (condition.type != DataType::Bool ||
      !condition.getType().hasStaticShape() ||
      condition.getType().getNumElements() != 1)
    return node.error("its condition is no bool of one element");
  if (std::optional<SmallVector<int64_t>> known =
          e.constantIntegers(condition)) {
    FailureOr<std::vector<GraphValue>> values =
        node.getImporter().importGraph(*branches[known->front() ? 0 : 1], {});
    if (failed(values))
      return failure();
    for (auto [i, value] : enumerate(*values))
      node.setOutput(i, value);
    return success();
  }

  mlir::Value decided = e.elements(condition).front();
  mlir::Location loc = e.getLoc();
  // The types of the results are known when both branches are there.
  auto draft = mlir::scf::IfOp::create(builder, loc, mlir::TypeRange{}, decided,
                                       /*addThenBlock=*/true,
                                       /*addElseBlock=*/true);
  mlir::Block *blocks[] = {draft.thenBlock(), draft.elseBlock()};
  SmallVector<Tensor> results[2];
  size_t mark = e.markExtents();
  for (int i = 0; i < 2; ++i) {
    if (!blocks[i]->empty())
      blocks[i]->clear();
    FailureOr<SmallVector<Tensor>> tensors =
        importBranch(node, *branches[i], blocks[i]);
    e.setLoc(loc);
    if (failed(tensors)) {
      e.forgetExtents(mark);
      draft.erase();
      return failure();
    }
    results[i] = *tensors;
  }
  SmallVector<mlir::Type> types;
  SmallVector<SmallVector<int64_t>> shapes;
  bool fits = results[0].size() == results[1].size();
  for (auto [a, b] : zip(results[0], results[1])) {
    fits &= a.type == b.type && a.getRank() == b.getRank();
    if (!fits)
      break;
    SmallVector<int64_t> shape(a.getShape());
    for (auto [extent, other] : zip(shape, b.getShape()))
      if (extent != other)
        extent = mlir::ShapedType::kDynamic;
    types.push_back(
        mlir::RankedTensorType::get(shape, a.getType().getElementType()));
    shapes.push_back(shape);
  }
  if (!fits) {
    e.forgetExtents(mark);
    draft.erase();
    return node.unsupported("branches whose outputs differ in number, type or "
                            "rank are not supported");
  }
  auto op = mlir::scf::IfOp::create(builder, loc, types, decided,
                                    /*addThenBlock=*/false,
                                    /*addElseBlock=*/false);
  op.getThenRegion().takeBody(draft.getThenRegion());
  op.getElseRegion().takeBody(draft.getElseRegion());
  for (int i = 0; i < 2; ++i) {
    mlir::OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(blocks[i]);
    SmallVector<mlir::Value> yielded;
    for (auto [tensor, shape] : zip(results[i], shapes))
      yielded.push_back(e.castShape(tensor, shape).value);
    mlir::scf::YieldOp::create(builder, loc, yielded);
  }
  draft.erase();
  for (auto [i, tensor] : enumerate(results[0]))
    node.setOutput(i, Tensor{op.getResult(i), tensor.type});
  return success();
}

static LogicalResult convertScan(Node &node) {
  FailureOr<bool> done = convertScanToRecurrence(node);
  if (failed(done))
    return failure();
  if (*done)
    return success();
  return node.unsupported("a Scan that is no recurrence over rows is not "
                          "supported");
}

void registerControlFlowOps(Registry &registry) {
  registry.add({
      {"If", 1, 1, 1, convertIf, "branches of sequences"},
      {"Scan", 9, 1, kVariadic, convertScan},
  });
}

} // namespace seqc::onnx
