//===- RecurrenceFolds.cpp - Canonical form of seq.recurrence ---*- C++ -*-===//
//
// In canonical form a recurrence passes nothing that nobody needs: no unused
// outputs, states or step slices, nothing twice, no state that never changes,
// and no output that merely repeats an input.
//
//===----------------------------------------------------------------------===//

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;
using namespace seqc::seq;

/// The entries of `range` whose bit is set.
template <typename RangeTy>
static SmallVector<Value> select(RangeTy range, const llvm::BitVector &keep) {
  SmallVector<Value> kept;
  for (auto [index, value] : llvm::enumerate(range))
    if (keep.test(index))
      kept.push_back(value);
  return kept;
}

namespace {

/// Removes outputs without uses, states that feed nothing but themselves, and
/// scanned inputs whose slices have no uses. One scanned input always stays: it
/// gives the time extent.
struct DropUnusedParts : public OpRewritePattern<RecurrenceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RecurrenceOp op,
                                PatternRewriter &rewriter) const override {
    Operation *yield = op.getCell().front().getTerminator();

    llvm::BitVector outputs(op.getOutputs().size());
    for (auto [index, output] : llvm::enumerate(op.getOutputs()))
      outputs[index] = !output.use_empty();

    llvm::BitVector states(op.getInits().size());
    for (auto [index, argument] : llvm::enumerate(op.getStateArguments())) {
      OpOperand *carried = &yield->getOpOperand(index);
      states[index] = !op.getFinals()[index].use_empty() ||
                      llvm::any_of(argument.getUses(), [&](OpOperand &use) {
                        return &use != carried;
                      });
    }

    llvm::BitVector scanned(op.getScanned().size());
    for (auto [index, argument] : llvm::enumerate(op.getSliceArguments()))
      scanned[index] = !argument.use_empty();
    if (scanned.none() && !scanned.empty())
      scanned.set(0);

    if (outputs.all() && states.all() && scanned.all())
      return failure();

    SmallVector<Value> keptOutputs = select(op.getOutputs(), outputs);
    SmallVector<Value> keptFinals = select(op.getFinals(), states);
    rewriter.setInsertionPoint(op);
    auto replacement = RecurrenceOp::create(
        rewriter, op.getLoc(), TypeRange(ValueRange(keptOutputs)),
        TypeRange(ValueRange(keptFinals)), select(op.getScanned(), scanned),
        select(op.getInits(), states), op.getLengths(), op.getCounts(),
        op.getSteps(), op.getReverse());
    replacement->setDiscardableAttrs(op->getDiscardableAttrDictionary());

    // A state is dropped with the yield that is its only user.
    SmallVector<Value> yielded = select(op.getYieldedStates(), states);
    llvm::append_range(yielded, select(op.getYieldedOutputs(), outputs));
    rewriter.setInsertionPoint(yield);
    rewriter.replaceOpWithNewOp<YieldOp>(yield, yielded);
    rewriter.inlineRegionBefore(op.getCell(), replacement.getCell(),
                                replacement.getCell().end());
    llvm::BitVector arguments = scanned;
    arguments.resize(scanned.size() + states.size());
    for (unsigned index : states.set_bits())
      arguments.set(scanned.size() + index);
    arguments.flip();
    rewriter.modifyOpInPlace(replacement, [&] {
      replacement.getCell().front().eraseArguments(arguments);
    });

    for (auto [from, to] :
         llvm::zip_equal(keptOutputs, replacement.getOutputs()))
      rewriter.replaceAllUsesWith(from, to);
    for (auto [from, to] : llvm::zip_equal(keptFinals, replacement.getFinals()))
      rewriter.replaceAllUsesWith(from, to);
    rewriter.eraseOp(op);
    return success();
  }
};

/// Replaces a state that every step passes on unchanged by its initial value.
/// In the flat form the state argument covers only the living rows, so it is
/// not the initial value.
struct ForwardInvariantStates : public OpRewritePattern<RecurrenceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RecurrenceOp op,
                                PatternRewriter &rewriter) const override {
    if (op.isFlat())
      return failure();
    bool changed = false;
    for (auto [argument, yielded, init, final] :
         llvm::zip_equal(op.getStateArguments(), op.getYieldedStates(),
                         op.getInits(), op.getFinals())) {
      if ((yielded != argument && yielded != init) ||
          (argument.use_empty() && final.use_empty()))
        continue;
      rewriter.replaceAllUsesWith(argument, init);
      rewriter.replaceAllUsesWith(final, init);
      changed = true;
    }
    return success(changed);
  }
};

/// Reads an input that is scanned twice from one slice, and gives an output
/// that is yielded twice, or that is an input, from one place.
struct MergeEqualParts : public OpRewritePattern<RecurrenceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RecurrenceOp op,
                                PatternRewriter &rewriter) const override {
    bool changed = false;
    auto replace = [&](Value from, Value to) {
      if (from == to || from.use_empty())
        return;
      rewriter.replaceAllUsesWith(from, to);
      changed = true;
    };

    llvm::SmallDenseMap<Value, Value> slices;
    for (auto [input, argument] :
         llvm::zip_equal(op.getScanned(), op.getSliceArguments()))
      replace(argument, slices.try_emplace(input, argument).first->second);

    llvm::SmallDenseMap<std::pair<Value, Type>, Value> outputs;
    for (auto [yielded, output] :
         llvm::zip_equal(op.getYieldedOutputs(), op.getOutputs())) {
      replace(output, outputs.try_emplace({yielded, output.getType()}, output)
                          .first->second);
      // Beyond a length an output is 0, whatever the input holds there.
      auto argument = dyn_cast<BlockArgument>(yielded);
      if (op.getLengths() || !argument ||
          argument.getOwner() != &op.getCell().front() ||
          argument.getArgNumber() >= op.getScanned().size())
        continue;
      Value input = op.getScanned()[argument.getArgNumber()];
      if (input.getType() == output.getType())
        replace(output, input);
    }
    return success(changed);
  }
};

} // namespace

void RecurrenceOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                               MLIRContext *context) {
  patterns.add<DropUnusedParts, ForwardInvariantStates, MergeEqualParts>(
      context);
}
