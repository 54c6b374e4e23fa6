//===- IndexFacts.cpp - What is known of indices and extents --------------===//

#include "compiler/Transforms/IndexFacts.h"

#include "dialect/Seq/IR/Limits.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace seqc;

using arith::CmpIPredicate;

IndexFacts::IndexFacts(MLIRContext *context,
                       SmallVectorImpl<Operation *> &scratch)
    : context(context), scratch(scratch) {}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

llvm::DenseSet<Operation *> seqc::findCheckedEntries(ModuleOp module) {
  llvm::StringSet<> called;
  module->walk([&](func::CallOp call) { called.insert(call.getCallee()); });
  llvm::DenseSet<Operation *> entries;
  for (auto function : module.getOps<func::FuncOp>())
    if (function.isPublic() && !called.contains(function.getName()))
      entries.insert(function);
  return entries;
}

void IndexFacts::learnInputs(func::FuncOp entry) {
  // Equal names are equal extents.
  llvm::StringMap<AffineExpr> names;
  auto symbolOf = [&](StringRef name) {
    AffineExpr &symbol = names[name];
    if (!symbol)
      symbol = makeSymbol(/*isExtent=*/true);
    return symbol;
  };
  SmallVector<std::pair<BlockArgument, seq::SignatureAttr>> inputs;
  for (BlockArgument argument : entry.getArguments())
    if (auto signature = entry.getArgAttrOfType<seq::SignatureAttr>(
            argument.getArgNumber(), seq::getMarkName<seq::SignatureMark>()))
      inputs.emplace_back(argument, signature);
  for (auto [argument, signature] : inputs) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    for (int64_t dim = 0; type && dim < type.getRank(); ++dim)
      // The runtime does not compare static extents with others.
      if (StringRef name = signature.getDim(dim);
          !name.empty() && type.isDynamicDim(dim))
        extents[{argument, dim}] = symbolOf(name);
  }
  for (auto [argument, signature] : inputs) {
    // Bounds of unsigned numbers are not those of the IR, whose are signed.
    if (signature.getIsUnsigned())
      continue;
    for (auto [bound, side] : {std::pair(signature.getMin(), Side::Least),
                               std::pair(signature.getMax(), Side::Most)}) {
      if (auto number = dyn_cast_or_null<IntegerAttr>(bound))
        learnElements(argument, side, constant(number.getInt()));
      else if (auto name = dyn_cast_or_null<StringAttr>(bound))
        learnElements(argument, side, symbolOf(name));
    }
  }
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

AffineExpr IndexFacts::makeSymbol(bool isExtent) {
  symbolIsExtent.push_back(isExtent);
  return getAffineSymbolExpr(symbolIsExtent.size() - 1, context);
}

AffineExpr IndexFacts::symbolOfExtent(Value tensor, int64_t dim) {
  AffineExpr &symbol = extents[{tensor, dim}];
  if (!symbol)
    symbol = makeSymbol(/*isExtent=*/true);
  return symbol;
}

AffineExpr IndexFacts::multiply(AffineExpr left, AffineExpr right) {
  // Products of symbols in one order, so that equal ones are one.
  auto first = dyn_cast<AffineSymbolExpr>(left),
       second = dyn_cast<AffineSymbolExpr>(right);
  if (first && second && first.getPosition() > second.getPosition())
    std::swap(left, right);
  return left * right;
}

AffineExpr IndexFacts::simplify(AffineExpr expression) {
  // What stands for a symbol holds symbols that others may stand for. Each
  // round replaces all; facts do not chain for long.
  constexpr unsigned kMostRounds = 8;
  for (unsigned round = 0; round < kMostRounds && !substitutions.empty();
       ++round) {
    AffineExpr next = expression.replace(substitutions);
    if (next == expression)
      break;
    expression = next;
  }
  return simplifyAffineExpr(expression, /*numDims=*/0, symbolIsExtent.size());
}

bool IndexFacts::isMadeOfExtents(AffineExpr expression) const {
  bool isRight = true;
  expression.walk([&](AffineExpr part) {
    if (auto number = dyn_cast<AffineConstantExpr>(part))
      isRight &= std::abs(number.getValue()) <= seq::kMostTensorBytes;
    else if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
      isRight &= symbolIsExtent[symbol.getPosition()];
  });
  return isRight;
}

AffineExpr IndexFacts::describe(Value index, unsigned depth) {
  auto found = values.find(index);
  if (found != values.end())
    return found->second;
  AffineExpr expression = depth ? describeNew(index, depth - 1) : AffineExpr();
  if (!expression)
    expression = makeSymbol(/*isExtent=*/false);
  values[index] = expression;
  return expression;
}

/// Whether an integer has as many values as another one at least.
static bool isWider(Type type, Type than) {
  auto width = [](Type type) {
    return type.isIndex() ? 64u : type.getIntOrFloatBitWidth();
  };
  return type.isIntOrIndex() && than.isIntOrIndex() &&
         width(type) >= width(than);
}

/// Whether a sum of extents, each counted a few times, and of nothing else has
/// no negative part. Products of extents may wrap: a tensor without elements
/// may be as long as any number.
static bool isSumOfExtents(AffineExpr expression, ArrayRef<bool> isExtent) {
  constexpr int64_t kMostTimes = 1 << 10;
  if (auto number = dyn_cast<AffineConstantExpr>(expression))
    return number.getValue() >= 0;
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expression))
    return isExtent[symbol.getPosition()];
  auto binary = dyn_cast<AffineBinaryOpExpr>(expression);
  if (!binary)
    return false;
  // Sums are as deep as values were followed at most.
  if (binary.getKind() == AffineExprKind::Add)
    return isSumOfExtents(binary.getLHS(), isExtent) &&
           isSumOfExtents(binary.getRHS(), isExtent);
  auto times = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return binary.getKind() == AffineExprKind::Mul && times &&
         times.getValue() >= 0 && times.getValue() <= kMostTimes &&
         isa<AffineSymbolExpr>(binary.getLHS()) &&
         isSumOfExtents(binary.getLHS(), isExtent);
}

AffineExpr IndexFacts::describeNew(Value index, unsigned depth) {
  if (APInt number; matchPattern(index, m_ConstantInt(&number)))
    return constant(number.getSExtValue());
  Operation *op = index.getDefiningOp();
  if (!op)
    return {};
  auto operand = [&](unsigned number) {
    return describe(op->getOperand(number), depth);
  };
  if (isa<arith::IndexCastOp, arith::ExtSIOp>(op) &&
      isWider(index.getType(), op->getOperand(0).getType()))
    return operand(0);
  // Sums of what may be any number may wrap, and narrow ones.
  if (isa<arith::AddIOp, arith::SubIOp, arith::MulIOp>(op)) {
    AffineExpr left = operand(0), right = operand(1);
    if (!isWider(index.getType(), IndexType::get(context)) ||
        !isMadeOfExtents(left) || !isMadeOfExtents(right))
      return {};
    return isa<arith::AddIOp>(op)   ? left + right
           : isa<arith::SubIOp>(op) ? left - right
                                    : multiply(left, right);
  }
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> number = dim.getConstantIndex();
    auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
    if (number && type && *number >= 0 && *number < type.getRank())
      return describeExtent(dim.getSource(), *number, depth);
  }
  if (isa<arith::MaxSIOp>(op)) {
    // Not by facts, as those of this place may not hold where it is asked next.
    AffineExpr left = operand(0), right = operand(1);
    for (auto [most, other] : {std::pair(left, right), std::pair(right, left)})
      if (isSumOfExtents(simplifyAffineExpr(most - other, /*numDims=*/0,
                                            symbolIsExtent.size()),
                         symbolIsExtent))
        return most;
    return {};
  }
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op)) {
    SmallVector<AffineExpr> operands;
    for (Value operand : apply.getMapOperands()) {
      operands.push_back(describe(operand, depth));
      if (!isMadeOfExtents(operands.back()))
        return {};
    }
    AffineMap map = apply.getAffineMap();
    return map.getResult(0).replaceDimsAndSymbols(
        ArrayRef(operands).take_front(map.getNumDims()),
        ArrayRef(operands).drop_front(map.getNumDims()));
  }
  return {};
}

AffineExpr IndexFacts::describeFold(OpFoldResult index, unsigned depth) {
  if (std::optional<int64_t> number = getConstantIntValue(index))
    return constant(*number);
  return describe(cast<Value>(index), depth);
}

AffineExpr IndexFacts::describeExtent(Value tensor, int64_t dim,
                                      unsigned depth) {
  int64_t size = cast<RankedTensorType>(tensor.getType()).getDimSize(dim);
  if (!ShapedType::isDynamic(size))
    return constant(size);
  auto found = extents.find({tensor, dim});
  if (found != extents.end())
    return found->second;
  AffineExpr expression =
      depth ? describeNewExtent(tensor, dim, depth - 1) : AffineExpr();
  if (!expression)
    return symbolOfExtent(tensor, dim);
  extents[{tensor, dim}] = expression;
  return expression;
}

AffineExpr IndexFacts::describeArgumentExtent(BlockArgument argument,
                                              int64_t dim, unsigned depth) {
  Operation *owner = argument.getOwner()->getParentOp();
  unsigned number = argument.getArgNumber();
  // Rows, lanes and pairs of a region are one number in all arguments.
  auto shared = [&]() -> AffineExpr {
    for (BlockArgument first : argument.getOwner()->getArguments())
      if (auto type = dyn_cast<RankedTensorType>(first.getType());
          type && type.getRank() > 0)
        return first == argument ? AffineExpr()
                                 : describeExtent(first, 0, depth);
    return {};
  };
  if (auto recurrence = dyn_cast_or_null<seq::RecurrenceOp>(owner)) {
    if (recurrence.isFlat() && dim == 0)
      return shared();
    unsigned numSlices = recurrence.getScanned().size();
    if (number >= numSlices)
      return describeExtent(recurrence.getInits()[number - numSlices], dim,
                            depth);
    return describeExtent(recurrence.getScanned()[number],
                          recurrence.isFlat() ? dim : dim + 1, depth);
  }
  if (auto generate = dyn_cast_or_null<seq::GenerateOp>(owner)) {
    constexpr unsigned kNumLeading = 3;
    if (dim == 0 || number < kNumLeading)
      return shared();
    return describeExtent(generate.getInits()[number - kNumLeading], dim,
                          depth);
  }
  if (isa_and_nonnull<seq::AttentionOp>(owner) && dim == 0)
    return shared();
  return {};
}

AffineExpr IndexFacts::describeNewExtent(Value tensor, int64_t dim,
                                         unsigned depth) {
  if (auto argument = dyn_cast<BlockArgument>(tensor))
    return describeArgumentExtent(argument, dim, depth);
  Operation *op = tensor.getDefiningOp();
  unsigned number = cast<OpResult>(tensor).getResultNumber();
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return describe(empty.getDynamicSize(dim), depth);
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return isa<RankedTensorType>(cast.getSource().getType())
               ? describeExtent(cast.getSource(), dim, depth)
               : AffineExpr();
  if (auto destination = dyn_cast<DestinationStyleOpInterface>(op)) {
    OpOperand *init = destination.getTiedOpOperand(::cast<OpResult>(tensor));
    return describeExtent(init->get(), dim, depth);
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    for (auto [source, size] : llvm::enumerate(slice.getMixedSizes()))
      if (!dropped.test(source) && dim-- == 0)
        return describeFold(size, depth);
    return {};
  }
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return describeFold(expand.getMixedOutputShape()[dim], depth);
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    AffineExpr product = constant(1);
    SmallVector<ReassociationIndices> groups =
        collapse.getReassociationIndices();
    for (int64_t source : groups[dim])
      product =
          multiply(product, describeExtent(collapse.getSrc(), source, depth));
    return product;
  }
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    AffineExpr one =
        describeExtent(branch.thenYield().getOperand(number), dim, depth);
    AffineExpr other =
        describeExtent(branch.elseYield().getOperand(number), dim, depth);
    // Not by facts: those of this place may not hold where it is asked next.
    return one == other ? one : AffineExpr();
  }
  if (auto generate = dyn_cast<seq::GenerateOp>(op); generate && dim == 2)
    return tensor == generate.getTokens()
               ? AffineExpr()
               : describeExtent(generate.getTokens(), 2, depth);
  if (OpTrait::hasElementwiseMappableTraits(op)) {
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()))
        return describeExtent(operand, dim, depth);
    return {};
  }
  auto shaped = dyn_cast<ReifyRankedShapedTypeOpInterface>(op);
  if (!shaped)
    return {};
  // The answer is IR, which is erased with the facts.
  struct Recorder : OpBuilder::Listener {
    explicit Recorder(SmallVectorImpl<Operation *> &list) : list(list) {}
    void notifyOperationInserted(Operation *op,
                                 OpBuilder::InsertPoint) override {
      list.push_back(op);
    }
    SmallVectorImpl<Operation *> &list;
  } recorder(scratch);
  OpBuilder builder(op, &recorder);
  FailureOr<OpFoldResult> size = shaped.reifyDimOfResult(builder, number, dim);
  return succeeded(size) ? describeFold(*size, depth) : AffineExpr();
}

//===----------------------------------------------------------------------===//
// Facts
//===----------------------------------------------------------------------===//

std::pair<AffineExpr, int64_t> IndexFacts::splitNumber(AffineExpr sum) {
  // Simplified sums have their number last.
  if (auto number = dyn_cast<AffineConstantExpr>(sum))
    return {constant(0), number.getValue()};
  if (auto binary = dyn_cast<AffineBinaryOpExpr>(sum);
      binary && binary.getKind() == AffineExprKind::Add)
    if (auto number = dyn_cast<AffineConstantExpr>(binary.getRHS()))
      return {binary.getLHS(), number.getValue()};
  return {sum, 0};
}

bool IndexFacts::isEqual(AffineExpr left, AffineExpr right) {
  if (left == right)
    return true;
  AffineExpr difference = simplify(left - right);
  return difference == constant(0) || differences.contains(difference);
}

bool IndexFacts::isNatural(AffineExpr expression) {
  expression = simplify(expression);
  if (isSumOfExtents(expression, symbolIsExtent))
    return true;
  auto [rest, number] = splitNumber(expression);
  auto known = bounds.find(rest);
  return known != bounds.end() && number >= known->second;
}

void IndexFacts::learnEqual(AffineExpr left, AffineExpr right) {
  left = simplify(left), right = simplify(right);
  if (left == right)
    return;
  // The younger symbol goes.
  auto first = dyn_cast<AffineSymbolExpr>(left),
       second = dyn_cast<AffineSymbolExpr>(right);
  if (second && (!first || second.getPosition() > first.getPosition()))
    std::swap(left, right), std::swap(first, second);
  if (first && !right.isFunctionOfSymbol(first.getPosition())) {
    substitutions[left] = right;
    journal.push_back({Entry::Kind::Substitution, left, {}, {}});
    return;
  }
  for (AffineExpr difference : {simplify(left - right), simplify(right - left)})
    if (differences.insert(difference).second)
      journal.push_back({Entry::Kind::Difference, difference, {}, {}});
}

void IndexFacts::learnNatural(AffineExpr expression) {
  auto [rest, number] = splitNumber(simplify(expression));
  if (isa<AffineConstantExpr>(rest))
    return;
  auto [known, isNew] = bounds.try_emplace(rest, number);
  if (!isNew && known->second <= number)
    return;
  std::optional<int64_t> before;
  if (!isNew)
    before = known->second;
  known->second = number;
  journal.push_back({Entry::Kind::Bound, rest, {}, before});
}

void IndexFacts::forgetSince(size_t mark) {
  while (journal.size() > mark) {
    Entry entry = journal.pop_back_val();
    switch (entry.kind) {
    case Entry::Kind::Substitution:
      substitutions.erase(entry.expression);
      break;
    case Entry::Kind::Difference:
      differences.erase(entry.expression);
      break;
    case Entry::Kind::Bound:
      if (entry.before)
        bounds[entry.expression] = *entry.before;
      else
        bounds.erase(entry.expression);
      break;
    case Entry::Kind::Elements:
      elements[entry.tensor].pop_back();
      break;
    }
  }
}

//===----------------------------------------------------------------------===//
// Conditions
//===----------------------------------------------------------------------===//

/// What `not` is of, if `condition` is one.
static Value getNegated(Value condition) {
  auto exclusive = condition.getDefiningOp<arith::XOrIOp>();
  if (exclusive && matchPattern(exclusive.getRhs(), m_One()))
    return exclusive.getLhs();
  return {};
}

void IndexFacts::learn(Value condition, bool truth, unsigned depth) {
  Operation *op = condition.getDefiningOp();
  if (!op || depth == 0)
    return;
  if (Value negated = getNegated(condition))
    return learn(negated, !truth, depth - 1);
  if (truth ? isa<arith::AndIOp>(op) : isa<arith::OrIOp>(op)) {
    learn(op->getOperand(0), truth, depth - 1);
    learn(op->getOperand(1), truth, depth - 1);
  } else if (auto compare = dyn_cast<arith::CmpIOp>(op)) {
    learnComparison(truth ? compare.getPredicate()
                          : arith::invertPredicate(compare.getPredicate()),
                    compare.getLhs(), compare.getRhs());
  }
}

/// Whether a number is so far from 0 that one more may wrap.
static bool isAtTheEnd(AffineExpr expression) {
  auto number = dyn_cast<AffineConstantExpr>(expression);
  return number && (number.getValue() > (int64_t(1) << 62) ||
                    number.getValue() < -(int64_t(1) << 62));
}

void IndexFacts::learnComparison(CmpIPredicate predicate, Value left,
                                 Value right) {
  AffineExpr a = describe(left, kMostDepth), b = describe(right, kMostDepth);
  if (isAtTheEnd(a) || isAtTheEnd(b))
    return;
  switch (predicate) {
  case CmpIPredicate::eq:
    return learnEqual(a, b);
  case CmpIPredicate::sle:
  case CmpIPredicate::slt: {
    int64_t gap = predicate == CmpIPredicate::slt;
    learnNatural(b - a - gap);
    learnBound(left, Side::Most, b - gap, kMostDepth);
    return learnBound(right, Side::Least, a + gap, kMostDepth);
  }
  case CmpIPredicate::sge:
    return learnComparison(CmpIPredicate::sle, right, left);
  case CmpIPredicate::sgt:
    return learnComparison(CmpIPredicate::slt, right, left);
  default:
    return;
  }
}

bool IndexFacts::holds(Value condition) {
  steps = kMostSteps;
  return holds(condition, true, kMostDepth);
}

bool IndexFacts::holds(Value condition, bool truth, unsigned depth) {
  if (matchPattern(condition, m_One()))
    return truth;
  if (matchPattern(condition, m_Zero()))
    return !truth;
  Operation *op = condition.getDefiningOp();
  if (!op || depth == 0 || !mayStep())
    return false;
  if (Value negated = getNegated(condition))
    return holds(negated, !truth, depth - 1);
  bool isAnd = isa<arith::AndIOp>(op);
  if (isAnd || isa<arith::OrIOp>(op)) {
    bool first = holds(op->getOperand(0), truth, depth - 1);
    if (first != (isAnd == truth))
      return first;
    return holds(op->getOperand(1), truth, depth - 1);
  }
  auto compare = dyn_cast<arith::CmpIOp>(op);
  return compare &&
         holdsComparison(truth ? compare.getPredicate()
                               : arith::invertPredicate(compare.getPredicate()),
                         compare.getLhs(), compare.getRhs());
}

bool IndexFacts::holdsComparison(CmpIPredicate predicate, Value left,
                                 Value right) {
  AffineExpr a = describe(left, kMostDepth), b = describe(right, kMostDepth);
  if (isAtTheEnd(a) || isAtTheEnd(b))
    return false;
  switch (predicate) {
  case CmpIPredicate::eq:
    return isEqual(a, b);
  case CmpIPredicate::sle:
  case CmpIPredicate::slt: {
    int64_t gap = predicate == CmpIPredicate::slt;
    return isWithin(left, Side::Most, b - gap, kMostDepth) ||
           isWithin(right, Side::Least, a + gap, kMostDepth);
  }
  case CmpIPredicate::sge:
    return holdsComparison(CmpIPredicate::sle, right, left);
  case CmpIPredicate::sgt:
    return holdsComparison(CmpIPredicate::slt, right, left);
  default:
    return false;
  }
}
