//===- IndexBounds.cpp - What integers lie between ------------------------===//
//
// Bounds of integers and of the elements of tensors, shown by what they are
// computed from. Of a reduction the accumulator is followed as well: what holds
// of where it starts and of what each step makes of it holds of the result.
//
//===----------------------------------------------------------------------===//

#include "compiler/Transforms/IndexFacts.h"

#include "dialect/Seq/IR/Limits.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace seqc;

/// The op that gives the lesser (or the greater) of two numbers.
static bool isExtreme(Operation *op, Side side) {
  return side == Side::Most ? isa<arith::MinSIOp>(op) : isa<arith::MaxSIOp>(op);
}
static Side oppositeOf(Side side) {
  return side == Side::Most ? Side::Least : Side::Most;
}

bool IndexFacts::fits(AffineExpr number, Side side, AffineExpr bound) {
  // Differences of numbers at the ends of their range would wrap.
  if (auto constant = dyn_cast<AffineConstantExpr>(number)) {
    if (auto limit = dyn_cast<AffineConstantExpr>(simplify(bound)))
      return side == Side::Most ? constant.getValue() <= limit.getValue()
                                : constant.getValue() >= limit.getValue();
    if (side == Side::Most)
      number =
          this->constant(std::max(constant.getValue(), -seq::kMostTensorBytes));
  }
  return isNatural(side == Side::Most ? bound - number : number - bound);
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

bool IndexFacts::isWithin(Value index, Side side, AffineExpr bound,
                          unsigned depth) {
  if (depth == 0 || !mayStep())
    return false;
  if (fits(describe(index, kMostDepth), side, bound))
    return true;
  if (auto argument = dyn_cast<BlockArgument>(index))
    return isArgumentWithin(argument, side, bound, depth - 1);
  return isResultWithin(cast<OpResult>(index), side, bound, depth - 1);
}

bool IndexFacts::isResultWithin(OpResult index, Side side, AffineExpr bound,
                                unsigned depth) {
  Operation *op = index.getOwner();
  auto operand = [&](unsigned number) {
    return isWithin(op->getOperand(number), side, bound, depth);
  };
  if (isa<arith::IndexCastOp, arith::ExtSIOp>(op)) {
    Type from = op->getOperand(0).getType(), to = index.getType();
    unsigned width = to.isIndex() ? 64 : to.getIntOrFloatBitWidth();
    return (from.isIndex() ? 64 : from.getIntOrFloatBitWidth()) <= width &&
           operand(0);
  }
  if (isExtreme(op, side))
    return operand(0) || operand(1);
  if (isExtreme(op, oppositeOf(side)))
    return operand(0) && operand(1);
  if (isa<arith::SelectOp>(op))
    return operand(1) && operand(2);
  if (isa<arith::AddIOp>(op))
    // What is taken off a natural number does not wrap, nor what is added below
    // a bound.
    if (APInt number; matchPattern(op->getOperand(1), m_ConstantInt(&number)))
      return (side == Side::Most || !number.isStrictlyPositive()) &&
             isWithin(op->getOperand(0), side, bound - number.getSExtValue(),
                      depth) &&
             isWithin(op->getOperand(0), Side::Least, constant(0), depth);
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return areWithin(extract.getTensor(), side, bound, depth);
  if (auto position = dyn_cast<linalg::IndexOp>(op))
    return isPositionWithin(position, side, bound, depth);
  if (auto option = dyn_cast<seq::OptionOp>(op)) {
    // What a caller may choose is checked before a call.
    std::optional<int64_t> least;
    if (option.getName() == seq::CallOption::MaxNew)
      least = 1;
    else if (option.getName() == seq::CallOption::TopK)
      least = 0;
    return side == Side::Least && least &&
           fits(constant(*least), side, bound) &&
           isWithin(option.getOtherwise(), side, bound, depth);
  }
  return false;
}

bool IndexFacts::isPositionWithin(linalg::IndexOp index, Side side,
                                  AffineExpr bound, unsigned depth) {
  auto op = index->getParentOfType<linalg::LinalgOp>();
  if (side == Side::Least)
    return op && fits(constant(0), side, bound);
  AffineExpr loop = getAffineDimExpr(index.getDim(), context);
  for (OpOperand &operand :
       op ? op->getOpOperands() : MutableArrayRef<OpOperand>()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [dim, expression] : llvm::enumerate(map.getResults()))
      if (expression == loop &&
          fits(describeExtent(operand.get(), dim, kMostDepth) - 1, side, bound))
        return true;
  }
  return false;
}

bool IndexFacts::isArgumentWithin(BlockArgument index, Side side,
                                  AffineExpr bound, unsigned depth) {
  for (const Hypothesis &known : hypotheses)
    if (known.accumulator == index && known.side == side &&
        fits(known.bound, side, bound))
      return true;
  Operation *owner = index.getOwner()->getParentOp();
  if (auto op = dyn_cast_or_null<linalg::LinalgOp>(owner)) {
    OpOperand *operand = op.getMatchingOpOperand(index);
    // An accumulator is followed where its result is.
    if (op.isDpsInit(operand))
      return false;
    Value source = operand->get();
    return isa<RankedTensorType>(source.getType())
               ? areWithin(source, side, bound, depth)
               : isWithin(source, side, bound, depth);
  }
  if (auto loop = dyn_cast_or_null<scf::ForOp>(owner);
      loop && index == loop.getInductionVar()) {
    if (side == Side::Least)
      return isWithin(loop.getLowerBound(), side, bound, depth);
    return isWithin(loop.getUpperBound(), side, bound + 1, depth);
  }
  // A position of a search.
  return isa_and_nonnull<seq::GenerateOp>(owner) && side == Side::Least &&
         fits(constant(0), side, bound);
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

bool IndexFacts::areWithin(Value tensor, Side side, AffineExpr bound,
                           unsigned depth) {
  if (depth == 0 || !mayStep())
    return false;
  if (auto found = elements.find(tensor); found != elements.end())
    for (const ElementBound &known : found->second)
      if (known.side == side && fits(known.bound, side, bound))
        return true;
  if (auto argument = dyn_cast<BlockArgument>(tensor))
    return areArgumentsWithin(argument, side, bound, depth - 1);
  return areResultsWithin(cast<OpResult>(tensor), side, bound, depth - 1);
}

bool IndexFacts::areArgumentsWithin(BlockArgument tensor, Side side,
                                    AffineExpr bound, unsigned depth) {
  Operation *owner = tensor.getOwner()->getParentOp();
  unsigned number = tensor.getArgNumber();
  if (auto recurrence = dyn_cast_or_null<seq::RecurrenceOp>(owner))
    return number < recurrence.getScanned().size() &&
           areWithin(recurrence.getScanned()[number], side, bound, depth);
  auto generate = dyn_cast_or_null<seq::GenerateOp>(owner);
  if (!generate)
    return false;
  // The last token of each lane: one that a row starts with, of a prefix, or
  // of the vocabulary. Then the row of each lane.
  Value logits = generate.getStep().front().getTerminator()->getOperand(0);
  int64_t vocabulary = cast<RankedTensorType>(logits.getType()).getDimSize(1);
  if (number == 0)
    return areWithin(generate.getStart(), side, bound, depth) &&
           fits(constant(side == Side::Most ? vocabulary - 1 : 0), side, bound);
  if (number != 1)
    return false;
  return fits(side == Side::Most
                  ? describeExtent(generate.getStart(), 0, kMostDepth) - 1
                  : constant(0),
              side, bound);
}

bool IndexFacts::areResultsWithin(OpResult tensor, Side side, AffineExpr bound,
                                  unsigned depth) {
  Operation *op = tensor.getOwner();
  DenseIntElementsAttr numbers;
  if (matchPattern(op, m_Constant(&numbers))) {
    // Constants of models are short where they are lengths or rows; of others
    // nobody asks often.
    constexpr int64_t kMostNumbers = 1 << 16;
    int64_t count = numbers.isSplat() ? 1 : numbers.getNumElements();
    auto all = numbers.getValues<APInt>();
    return count <= kMostNumbers &&
           llvm::all_of(llvm::seq<int64_t>(0, count), [&](int64_t i) {
             return fits(constant(all[i].getSExtValue()), side, bound);
           });
  }
  auto operand = [&](unsigned number) {
    return areWithin(op->getOperand(number), side, bound, depth);
  };
  if (isa<tensor::CastOp, tensor::ExtractSliceOp, tensor::ExpandShapeOp,
          tensor::CollapseShapeOp>(op))
    return operand(0);
  if (isa<tensor::InsertSliceOp>(op))
    return operand(0) && operand(1);
  if (isa<tensor::ConcatOp>(op))
    return llvm::all_of(op->getOperands(), [&](Value part) {
      return areWithin(part, side, bound, depth);
    });
  if (isa<tensor::FromElementsOp, tensor::SplatOp>(op))
    return llvm::all_of(
        op->getOperands().take_front(
            isa<tensor::SplatOp>(op) ? 1 : op->getNumOperands()),
        [&](Value element) { return isWithin(element, side, bound, depth); });
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return areComputedWithin(structured, tensor.getResultNumber(), side, bound,
                             depth);
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    unsigned number = tensor.getResultNumber();
    return areWithin(branch.thenYield().getOperand(number), side, bound,
                     depth) &&
           areWithin(branch.elseYield().getOperand(number), side, bound, depth);
  }
  if (auto generate = dyn_cast<seq::GenerateOp>(op))
    return tensor == generate.getLengths() &&
           fits(side == Side::Most
                    ? describeExtent(generate.getTokens(), 2, kMostDepth)
                    : constant(0),
                side, bound);
  // The same ops on whole tensors.
  if (!OpTrait::hasElementwiseMappableTraits(op))
    return false;
  if (isa<arith::ExtSIOp>(op))
    return operand(0);
  if (isa<arith::IndexCastOp>(op)) {
    Type from = getElementTypeOrSelf(op->getOperand(0).getType());
    return !from.isIndex() && operand(0);
  }
  if (isExtreme(op, side))
    return operand(0) || operand(1);
  if (isExtreme(op, oppositeOf(side)))
    return operand(0) && operand(1);
  return isa<arith::SelectOp>(op) && operand(1) && operand(2);
}

bool IndexFacts::areComputedWithin(linalg::LinalgOp op, unsigned result,
                                   Side side, AffineExpr bound,
                                   unsigned depth) {
  OpOperand *init = op.getDpsInitOperand(result);
  BlockArgument accumulator = op.getMatchingBlockArgument(init);
  Value yielded = op.getBlock()->getTerminator()->getOperand(result);
  size_t before = hypotheses.size();
  if (!accumulator.use_empty()) {
    if (!areWithin(init->get(), side, bound, depth))
      return false;
    hypotheses.push_back({accumulator, side, bound});
  }
  bool holds = isWithin(yielded, side, bound, depth);
  hypotheses.truncate(before);
  return holds;
}

//===----------------------------------------------------------------------===//
// Learning
//===----------------------------------------------------------------------===//

void IndexFacts::learnElements(Value tensor, Side side, AffineExpr bound) {
  elements[tensor].push_back({side, bound});
  journal.push_back({Entry::Kind::Elements, {}, tensor, {}});
}

void IndexFacts::learnBound(Value index, Side side, AffineExpr bound,
                            unsigned depth) {
  if (depth == 0)
    return;
  if (auto argument = dyn_cast<BlockArgument>(index)) {
    auto op =
        dyn_cast_or_null<linalg::LinalgOp>(argument.getOwner()->getParentOp());
    OpOperand *operand = op ? op.getMatchingOpOperand(argument) : nullptr;
    if (operand && !op.isDpsInit(operand) &&
        isa<RankedTensorType>(operand->get().getType()))
      learnElements(operand->get(), side, bound);
    return;
  }
  Operation *op = index.getDefiningOp();
  if (isa<arith::IndexCastOp, arith::ExtSIOp>(op))
    return learnBound(op->getOperand(0), side, bound, depth - 1);
  // What the greatest number does not exceed, none does.
  if (isExtreme(op, oppositeOf(side))) {
    learnBound(op->getOperand(0), side, bound, depth - 1);
    return learnBound(op->getOperand(1), side, bound, depth - 1);
  }
  auto extract = dyn_cast<tensor::ExtractOp>(op);
  if (!extract || !extract.getIndices().empty())
    return;
  // An extreme of all elements: each is visited, and the accumulator only
  // grows.
  auto reduction = extract.getTensor().getDefiningOp<linalg::GenericOp>();
  if (!reduction || reduction.getNumDpsInits() != 1 ||
      !llvm::all_of(reduction.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isProjectedPermutation(); }))
    return;
  Value accumulator = reduction.getRegionOutputArgs().front();
  Operation *last =
      reduction.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  if (last && isExtreme(last, oppositeOf(side)) &&
      llvm::is_contained(last->getOperands(), accumulator))
    learnBound(last->getResult(0), side, bound, depth - 1);
}
