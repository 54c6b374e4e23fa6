//===- RecurrenceFolds.cpp - Canonical form of seq.recurrence ---*- C++ -*-===//
//
// In canonical form a recurrence passes nothing that nobody needs: no unused
// outputs, states or step slices, nothing twice, no state that never changes,
// no output that merely repeats an input, and nothing without elements.
//
//===----------------------------------------------------------------------===//

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
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
/// not the initial value; with lengths the rows of a cell are those of its
/// arguments, in whatever order.
struct ForwardInvariantStates : public OpRewritePattern<RecurrenceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RecurrenceOp op,
                                PatternRewriter &rewriter) const override {
    if (op.isFlat() || op.getLengths())
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

/// Whether a tensor of this type has no elements, whatever its open extents are.
bool isEmpty(Type type) {
  return llvm::is_contained(cast<RankedTensorType>(type).getShape(), 0);
}

/// Makes what has no elements on the spot: nothing slices it, since no offset
/// exists in an extent of 0.
struct DropEmptyParts : public OpRewritePattern<RecurrenceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RecurrenceOp op,
                                PatternRewriter &rewriter) const override {
    bool results = dropResults(op, rewriter);
    return success(dropArguments(op, rewriter) || results);
  }

private:
  static bool dropResults(RecurrenceOp op, PatternRewriter &rewriter) {
    auto isUsed = [](Value result) {
      return isEmpty(result.getType()) && !result.use_empty();
    };
    if (llvm::none_of(op->getResults(), isUsed))
      return false;
    ReifiedRankedShapedTypeDims sizes;
    rewriter.setInsertionPoint(op);
    if (failed(op.reifyResultShapes(rewriter, sizes)))
      return false;
    for (auto [result, extents] : llvm::zip_equal(op->getResults(), sizes))
      if (isUsed(result))
        rewriter.replaceAllUsesWith(
            result,
            makeEmpty(rewriter, op.getLoc(), result.getType(), extents));
    return true;
  }

  static bool dropArguments(RecurrenceOp op, PatternRewriter &rewriter) {
    Block &cell = op.getCell().front();
    bool changed = false;
    for (auto [number, input] : llvm::enumerate(op.getScanned())) {
      BlockArgument slice = op.getSliceArguments()[number];
      auto type = cast<RankedTensorType>(slice.getType());
      if (type.getRank() < 2 || !isEmpty(type))
        continue;
      // Steps and rows are still counted by it.
      auto whole = cast<RankedTensorType>(input.getType());
      int64_t leading = whole.getRank() - type.getRank() + 1;
      rewriter.setInsertionPoint(op);
      SmallVector<OpFoldResult> sizes =
          tensor::getMixedSizes(rewriter, op.getLoc(), input);
      sizes.truncate(leading);
      auto counted = RankedTensorType::get(whole.getShape().take_front(leading),
                                           whole.getElementType());
      Value rows = makeEmpty(rewriter, op.getLoc(), counted, sizes);
      rewriter.modifyOpInPlace(op, [&] {
        op->setOperand(number, rows);
        slice.setType(RankedTensorType::get(type.getShape().take_front(1),
                                            type.getElementType()));
      });
      rewriter.setInsertionPointToStart(&cell);
      replaceInCell(rewriter, slice, type, slice);
      changed = true;
    }
    BlockArgument rows = findRows(cell);
    for (BlockArgument state : op.getStateArguments()) {
      auto type = cast<RankedTensorType>(state.getType());
      if (!isEmpty(type) || state.use_empty() ||
          (type.isDynamicDim(0) && !rows))
        continue;
      rewriter.setInsertionPointToStart(&cell);
      replaceInCell(rewriter, state, type, rows);
      changed = true;
    }
    return changed;
  }

  /// An argument that gives the number of rows and stays.
  static BlockArgument findRows(Block &cell) {
    for (BlockArgument argument : cell.getArguments())
      if (auto type = dyn_cast<RankedTensorType>(argument.getType());
          type && type.getRank() > 0 && !isEmpty(type))
        return argument;
    return {};
  }

  /// Gives users of `argument` a tensor of type `type` with the rows of `rows`.
  static void replaceInCell(PatternRewriter &rewriter, BlockArgument argument,
                            RankedTensorType type, BlockArgument rows) {
    Location loc = argument.getLoc();
    SmallVector<OpFoldResult> sizes;
    Value count;
    for (int64_t size : type.getShape()) {
      if (ShapedType::isDynamic(size) && !count)
        count = rewriter.createOrFold<tensor::DimOp>(loc, rows, 0);
      sizes.push_back(ShapedType::isDynamic(size)
                          ? OpFoldResult(count)
                          : OpFoldResult(rewriter.getIndexAttr(size)));
    }
    Value empty = makeEmpty(rewriter, loc, type, sizes);
    Operation *counting = count ? count.getDefiningOp() : nullptr;
    rewriter.replaceUsesWithIf(argument, empty, [&](OpOperand &use) {
      return use.getOwner() != counting;
    });
  }

  static Value makeEmpty(PatternRewriter &rewriter, Location loc, Type type,
                         ArrayRef<OpFoldResult> sizes) {
    auto ranked = cast<RankedTensorType>(type);
    Value empty =
        tensor::EmptyOp::create(rewriter, loc, sizes, ranked.getElementType());
    return empty.getType() == type
               ? empty
               : tensor::CastOp::create(rewriter, loc, type, empty).getResult();
  }
};

} // namespace

void RecurrenceOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                               MLIRContext *context) {
  patterns.add<DropUnusedParts, ForwardInvariantStates, MergeEqualParts,
               DropEmptyParts>(context);
}
