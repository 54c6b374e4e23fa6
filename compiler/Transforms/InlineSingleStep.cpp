//===- InlineSingleStep.cpp - Inline recurrences of one step --------------===//
//
// A decoder applies its cell once per token; written as a layer it is a
// recurrence over a time extent of 1. Inlined, its products and its elementwise
// tail fuse with what surrounds them.
//
// Leaves behind: reshapes between [B, F] and [1, B, F], which cost nothing in
// memory.
//
//===----------------------------------------------------------------------===//

#include "compiler/Transforms/Passes.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

#define DEBUG_TYPE "seq-inline-single-step"

namespace seqc {
#define GEN_PASS_DEF_INLINESINGLESTEPPASS
#include "compiler/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// Whether every scanned input has exactly one step, known now.
bool hasSingleStep(seq::RecurrenceOp op) {
  if (op.getLengths() || op.getCounts() || op.getScanned().empty())
    return false;
  return llvm::all_of(op.getScanned().getTypes(), [](Type type) {
    return cast<RankedTensorType>(type).getDimSize(0) == 1;
  });
}

/// The groups that merge dimensions 0 and 1 of a tensor of `rank` dimensions.
SmallVector<ReassociationIndices> mergeLeading(int64_t rank) {
  SmallVector<ReassociationIndices> groups{{0, 1}};
  for (int64_t d = 2; d < rank; ++d)
    groups.push_back({d});
  return groups;
}

void inlineCell(seq::RecurrenceOp op) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  IRMapping map;
  for (auto [input, argument] :
       llvm::zip(op.getScanned(), op.getSliceArguments())) {
    auto type = cast<RankedTensorType>(input.getType());
    // A step that was made a sequence is itself again: in a cell, nothing but
    // rows may be left.
    Value slice = builder.createOrFold<tensor::CollapseShapeOp>(
        loc, input, mergeLeading(type.getRank()));
    if (slice.getType() != argument.getType())
      slice = tensor::CastOp::create(builder, loc, argument.getType(), slice);
    map.map(argument, slice);
  }
  map.map(op.getStateArguments(), op.getInits());
  for (Operation &nested : op.getCell().front().without_terminator())
    builder.clone(nested, map);
  for (auto [result, yielded] :
       llvm::zip(op.getOutputs(), op.getYieldedOutputs())) {
    auto type = cast<RankedTensorType>(result.getType());
    Value value = map.lookupOrDefault(yielded);
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(builder, loc, value);
    sizes.insert(sizes.begin(), builder.getIndexAttr(1));
    SmallVector<int64_t> shape{1};
    llvm::append_range(shape,
                       cast<RankedTensorType>(value.getType()).getShape());
    Value expanded = tensor::ExpandShapeOp::create(
        builder, loc, RankedTensorType::get(shape, type.getElementType()),
        value, mergeLeading(type.getRank()), sizes);
    if (expanded.getType() != type)
      expanded = tensor::CastOp::create(builder, loc, type, expanded);
    result.replaceAllUsesWith(expanded);
  }
  for (auto [result, yielded] :
       llvm::zip(op.getFinals(), op.getYieldedStates()))
    result.replaceAllUsesWith(map.lookupOrDefault(yielded));
  op.erase();
}

struct InlineSingleStep
    : seqc::impl::InlineSingleStepPassBase<InlineSingleStep> {
  void runOnOperation() override {
    SmallVector<seq::RecurrenceOp> found;
    getOperation().walk<WalkOrder::PostOrder>([&](seq::RecurrenceOp op) {
      if (hasSingleStep(op))
        found.push_back(op);
    });
    for (seq::RecurrenceOp op : found) {
      inlineCell(op);
      ++numInlined;
    }
  }
};

} // namespace
