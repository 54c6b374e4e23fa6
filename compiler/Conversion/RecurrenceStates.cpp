//===- RecurrenceStates.cpp - Where states of recurrences live ------------===//

#include "compiler/Conversion/RecurrenceStates.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace seqc;

namespace {

/// The op that may update a state in place: elementwise, sole reader of the old
/// value, writer of the new. It reads the old value as an input, or already as
/// the destination of the new one.
linalg::GenericOp findInPlaceUpdate(BlockArgument state, Value yielded) {
  auto update = yielded.getDefiningOp<linalg::GenericOp>();
  if (!update || !update.hasPureTensorSemantics() || !state.hasOneUse() ||
      update.getNumReductionLoops() != 0 ||
      yielded.getType() != state.getType())
    return nullptr;
  unsigned result = cast<OpResult>(yielded).getResultNumber();
  OpOperand *init = update.getDpsInitOperand(result);
  OpOperand &use = *state.use_begin();
  if (use.getOwner() != update ||
      !update.getMatchingIndexingMap(&use).isIdentity() ||
      !update.getMatchingIndexingMap(init).isIdentity())
    return nullptr;
  if (&use == init)
    return update;
  // The destination's old contents must not matter yet.
  bool fresh = init->get().getDefiningOp<tensor::EmptyOp>() &&
               update.getRegionOutputArgs()[result].use_empty();
  return update.isDpsInput(&use) && fresh ? update : nullptr;
}

/// Makes the old state the destination of its update: `ins(old) outs(empty)`
/// becomes `outs(old)`.
void takeAsDestination(RewriterBase &rewriter, linalg::GenericOp update,
                       BlockArgument state, unsigned result) {
  OpOperand &use = *state.use_begin();
  if (&use == update.getDpsInitOperand(result))
    return;
  unsigned input = use.getOperandNumber();
  Block *body = update.getBlock();
  rewriter.replaceAllUsesWith(body->getArgument(input),
                              update.getRegionOutputArgs()[result]);
  SmallVector<AffineMap> maps = update.getIndexingMapsArray();
  maps.erase(maps.begin() + input);
  rewriter.modifyOpInPlace(update, [&] {
    update.getInputsMutable().erase(input);
    body->eraseArgument(input);
    update.getDpsInitOperand(result)->set(state);
    update.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
  });
}

/// The reverse for a state that must not be overwritten: `outs(old)` becomes
/// `ins(old) outs(empty)`.
void takeAsInput(RewriterBase &rewriter, BlockArgument state) {
  for (OpOperand &use : llvm::make_early_inc_range(state.getUses())) {
    auto reader = dyn_cast<linalg::GenericOp>(use.getOwner());
    if (!reader || !reader.isDpsInit(&use))
      continue;
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(reader);
    Location loc = reader.getLoc();
    BlockArgument old = reader.getMatchingBlockArgument(&use);
    unsigned result = use.getOperandNumber() - reader.getNumDpsInputs();
    SmallVector<AffineMap> maps = reader.getIndexingMapsArray();
    maps.insert(maps.begin() + reader.getNumDpsInputs(),
                reader.getMatchingIndexingMap(&use));
    Value fresh = tensor::EmptyOp::create(
        rewriter, loc, tensor::getMixedSizes(rewriter, loc, state),
        getElementTypeOrSelf(state));
    rewriter.modifyOpInPlace(reader, [&] {
      BlockArgument input = reader.getBlock()->insertArgument(
          reader.getNumDpsInputs(), old.getType(), loc);
      rewriter.replaceAllUsesWith(old, input);
      reader.getInputsMutable().append(state);
      reader.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
      reader.getDpsInitOperand(result)->set(fresh);
    });
  }
}

StatePlan planState(seq::RecurrenceOp op, BlockArgument argument,
                    Value yielded) {
  if (yielded == argument)
    return {StateKind::Fixed};
  auto outputs = op.getYieldedOutputs();
  auto found = llvm::find(outputs, yielded);
  if (found != outputs.end() && yielded.getType() == argument.getType() &&
      op.getCell().isAncestor(yielded.getParentRegion()))
    return {StateKind::History, unsigned(found - outputs.begin())};
  return {findInPlaceUpdate(argument, yielded) ? StateKind::InPlace
                                               : StateKind::Double};
}

} // namespace

SmallVector<StatePlan> seqc::planStates(seq::RecurrenceOp op) {
  return llvm::map_to_vector(
      llvm::zip(op.getStateArguments(), op.getYieldedStates()),
      [&](auto state) {
        return planState(op, std::get<0>(state), std::get<1>(state));
      });
}

void seqc::setDestinations(RewriterBase &rewriter, seq::RecurrenceOp op,
                           ArrayRef<StatePlan> plans) {
  for (auto [argument, yielded, plan] :
       llvm::zip_equal(op.getStateArguments(), op.getYieldedStates(), plans)) {
    if (plan.kind == StateKind::InPlace)
      takeAsDestination(rewriter, findInPlaceUpdate(argument, yielded),
                        argument, cast<OpResult>(yielded).getResultNumber());
    else
      takeAsInput(rewriter, argument);
  }
}
