//===- EmitterChecks.cpp - What must hold when a model runs ---------------===//
//
// Extents and indices that only a call decides are checked in front of the ops
// that rely on them. What is known while the model is read is reported then.
// Checks cost a few scalar ops; those of a loop's body that do not depend on
// the step stand in front of the loop, so that the body stays free of effects.
//
//===----------------------------------------------------------------------===//

#include "dialect/Seq/IR/Marks.h"
#include "frontends/Common/Numbers.h"

#include "dialect/Seq/IR/Limits.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace seqc::frontend {

/// Values up to which what an index is computed from is looked at.
static constexpr unsigned kMostExamined = 64;

/// The node that the emitter's location names.
static std::string describe(Location loc) {
  std::string name = seq::getPlaceName(loc).str();
  return name.empty() ? name : name + ": ";
}

/// Text that a message shows as it is.
static std::string withoutPlaceholders(StringRef text) {
  std::string result = text.str();
  llvm::replace(result, '{', '(');
  llvm::replace(result, '}', ')');
  return result;
}

bool Emitter::require(Value holds, StringRef message,
                      ArrayRef<OpFoldResult> numbers, bool exhausts) {
  if (matchPattern(holds, m_One()))
    return true;
  SmallVector<Value> values = llvm::map_to_vector(
      numbers, [&](OpFoldResult number) { return toValue(number); });
  std::string text = withoutPlaceholders(describe(loc)) + message.str();
  auto check = seq::RequireOp::create(builder, loc, holds, text, values);
  if (exhausts)
    seq::mark<seq::ExhaustsMark>(check);
  if (!matchPattern(holds, m_Zero()))
    return true;
  // A branch that is never taken may be wrong.
  if (!onFault || check->getParentOfType<scf::IfOp>())
    return false;
  onFault(check.format(llvm::map_to_vector(numbers, [](OpFoldResult number) {
    return getConstantIntValue(number).value_or(-1);
  })));
  return false;
}

/// Moves what computes the values in front of a loop around it, if nothing of
/// that depends on the loop. Their users may leave the loop later; a check that
/// stayed behind would come too late.
static bool moveOut(Operation *loop, ArrayRef<OpFoldResult> values) {
  constexpr size_t kMostMoved = 64;
  llvm::SetVector<Operation *> moved;
  SmallVector<Value> pending;
  for (OpFoldResult value : values)
    if (auto used = dyn_cast<Value>(value))
      pending.push_back(used);
  while (!pending.empty()) {
    Value value = pending.pop_back_val();
    // A block that is still being built has no parent, and lies around.
    Operation *owner = value.getParentBlock()->getParentOp();
    if (!owner || !loop->isAncestor(owner))
      continue;
    Operation *op = value.getDefiningOp();
    if (!op || op->getNumRegions() || !isPure(op) || moved.size() == kMostMoved)
      return false;
    if (moved.insert(op))
      llvm::append_range(pending, op->getOperands());
  }
  for (Operation *op : topologicalSort(moved))
    op->moveBefore(loop);
  return true;
}

/// Moves the builder in front of the loops around it whose bodies the values do
/// not depend on, for as long as the result lives. Branches are not left.
[[nodiscard]] static OpBuilder::InsertionGuard
leaveLoops(OpBuilder &builder, ArrayRef<OpFoldResult> values) {
  OpBuilder::InsertionGuard guard(builder);
  Operation *around = builder.getInsertionBlock()->getParentOp();
  while (isa_and_nonnull<LoopLikeOpInterface>(around) &&
         moveOut(around, values)) {
    builder.setInsertionPoint(around);
    around = around->getParentOp();
  }
  return guard;
}

bool Emitter::requireEqual(OpFoldResult found, OpFoldResult required,
                           StringRef what) {
  if (isSame(found, required))
    return true;
  OpBuilder::InsertionGuard guard = leaveLoops(builder, {found, required});
  return require(Number(*this, found) == toValue(required),
                 (what + " is {0}; required is {1}").str(), {found, required});
}

bool Emitter::requireBroadcast(OpFoldResult a, OpFoldResult b, bool goal) {
  if (isSame(a, b) || getConstantIntValue(a) == 1 ||
      (!goal && getConstantIntValue(b) == 1))
    return true;
  OpBuilder::InsertionGuard guard = leaveLoops(builder, {a, b});
  Number size(*this, a), other(*this, b), fits = (size == other) | (size == 1);
  if (goal)
    return require(fits, "extent {0} does not broadcast to {1}", {a, b});
  return require(fits | (other == 1),
                 "its inputs have extents {0} and {1} in one dimension; "
                 "required are equal ones, or 1",
                 {a, b});
}

/// Whether an index counts iterations from 0 on.
static bool isNumberOfIteration(Value index) {
  auto argument = dyn_cast<BlockArgument>(index);
  auto loop =
      argument
          ? dyn_cast_or_null<scf::ForOp>(argument.getOwner()->getParentOp())
          : scf::ForOp();
  return loop && argument == loop.getInductionVar() &&
         isConstantIntValue(loop.getLowerBound(), 0);
}

/// Whether an index is 0, or 0 less an extent.
static bool isNeverPositive(OpFoldResult index) {
  if (std::optional<int64_t> number = getConstantIntValue(index))
    return *number <= 0;
  auto difference = cast<Value>(index).getDefiningOp<arith::SubIOp>();
  return difference && isConstantIntValue(difference.getLhs(), 0) &&
         difference.getRhs().getDefiningOp<tensor::DimOp>();
}

bool Emitter::requireInside(OpFoldResult index, OpFoldResult low,
                            OpFoldResult high, StringRef what) {
  Number i(*this, index), end(*this, high), inside = i < end;
  if (!isNumberOfIteration(i) || !isNeverPositive(low))
    inside = (i >= toValue(low)) & inside;
  return require(inside, (what + " is {0}; required is {1} to {2}").str(),
                 {index, low, end - 1});
}

bool Emitter::requireSlice(OpFoldResult offset, OpFoldResult size,
                           OpFoldResult stride, OpFoldResult whole) {
  if (isConstantIntValue(offset, 0) && isConstantIntValue(stride, 1) &&
      isSame(size, whole))
    return true;
  OpBuilder::InsertionGuard guard =
      leaveLoops(builder, {offset, size, stride, whole});
  Number from(*this, offset), count(*this, size), end(*this, whole);
  Number last = from + (count - 1) * toValue(stride);
  Number inside = ((from >= 0) & (count > 0)) & ((last >= from) & (last < end));
  return require((count == 0) | inside,
                 "{0} elements from element {1} on do not lie in an extent of "
                 "{2}",
                 {size, offset, whole});
}

bool Emitter::requireIndices(Tensor indices, OpFoldResult extent,
                             StringRef what, bool fromEnd) {
  Number size(*this, extent), low(*this, 0);
  if (fromEnd)
    low = low - size;
  if (isKnown(indices)) {
    bool good = true;
    for (OpFoldResult index : this->indices(indices))
      good &= requireInside(index, low, extent, what);
    return good;
  }
  // The least and the greatest one stand for all.
  SmallVector<int64_t> dims =
      llvm::to_vector(llvm::seq<int64_t>(0, indices.getRank()));
  auto extreme = [&](Combine combine) {
    Tensor one = reduce(indices, dims, combine, /*keep=*/false);
    return Number(*this, one.type, load(one, {})).toIndex();
  };
  Number least = extreme(Combine::Min), greatest = extreme(Combine::Max);
  Number under = least < low, over = greatest >= size;
  return require((least > greatest) | !(under | over),
                 (what + " is {0}; required is {1} to {2}").str(),
                 {select(under, least, greatest), low, size - 1});
}

namespace {
/// What is known of an index.
struct Range {
  /// It is not negative.
  bool natural;
  /// It is no number beyond every memory: what is computed in few steps from
  /// extents of tensors that exist and from what has been checked.
  bool bounded;
};
} // namespace

/// What an index is by construction, or because it has been checked. Looks at
/// `budget` values at most, as those of long chains share what they are
/// computed from.
static Range getRange(Value size, function_ref<bool(Value)> isChecked,
                      unsigned &budget) {
  if (std::optional<int64_t> number = getConstantIntValue(size))
    return {*number >= 0, *number <= kMostElements};
  Operation *op = size.getDefiningOp();
  if (isChecked(size) || isa_and_nonnull<tensor::DimOp>(op))
    return {true, true};
  if (!op || budget == 0 ||
      !isa_and_nonnull<arith::ArithDialect>(op->getDialect()))
    return {false, false};
  --budget;
  bool isChoice = isa<arith::SelectOp>(op);
  Range all{true, true}, any{false, false}, first{false, false}, last = first;
  for (auto [i, operand] :
       llvm::enumerate(op->getOperands().drop_front(isChoice))) {
    last = getRange(operand, isChecked, budget);
    all = {all.natural && last.natural, all.bounded && last.bounded};
    any = {any.natural || last.natural, any.bounded || last.bounded};
    if (i == 0)
      first = last;
  }
  bool isShare = first.natural && first.bounded;
  return TypeSwitch<Operation *, Range>(op)
      .Case<arith::AddIOp, arith::MulIOp, arith::SelectOp>(
          [&](auto) { return all; })
      .Case([&](arith::MinSIOp) { return Range{all.natural, any.bounded}; })
      .Case([&](arith::MaxSIOp) { return Range{any.natural, all.bounded}; })
      .Case<arith::DivUIOp, arith::RemUIOp>(
          [&](auto) { return Range{all.natural, isShare}; })
      .Case([&](arith::DivSIOp) { return Range{false, isShare}; })
      .Case([&](arith::SubIOp) {
        return Range{false, first.bounded && last.natural};
      })
      .Case([&](arith::IndexCastOp) { return Range{false, all.bounded}; })
      .Default(Range{false, false});
}

/// What an index is by construction alone.
static Range getRange(Value size) {
  unsigned budget = kMostExamined;
  return getRange(size, [](Value) { return false; }, budget);
}

bool Emitter::isSize(Value value) {
  Range range = getRange(value);
  return range.natural && range.bounded;
}

void Emitter::fail(const llvm::Twine &message) {
  if (onFault)
    onFault(describe(loc) + message.str());
}

bool Emitter::requireSizes(ArrayRef<OpFoldResult> sizes) {
  bool good = true;
  int64_t elements = 1;
  for (OpFoldResult size : sizes)
    if (std::optional<int64_t> number = getConstantIntValue(size);
        number &&
        (llvm::MulOverflow(elements, std::max<int64_t>(*number, 1), elements) ||
         elements > kMostElements))
      elements = kMostElements, good = false;
  if (!good)
    fail("a tensor has more than 2^46 elements; required are fewer");
  for (OpFoldResult size : sizes) {
    Value value = toValue(size);
    // Static ones have been counted.
    auto isKnown = [&](Value part) { return known.contains(part); };
    unsigned budget = kMostExamined;
    auto [natural, bounded] = getRange(value, isKnown, budget);
    bounded |= getConstantIntValue(size).has_value();
    if ((natural && bounded) || known.contains(value))
      continue;
    OpBuilder::InsertionGuard guard = leaveLoops(builder, {size});
    // Beside its definition a check is in front of every other use.
    if (builder.getInsertionBlock() == value.getParentBlock()) {
      known.try_emplace(value);
      noted.push_back(value);
    }
    if (!natural)
      good &= require(Number(*this, size) >= 0,
                      "a size is {0}; required is 0 or more", {size});
    if (!bounded)
      good &= requireMemory(Number(*this, size) <= kMostElements,
                            "no memory for a size of more than 2^46");
  }
  return good;
}

OpFoldResult Emitter::requireMultiple(OpFoldResult extent, Value given,
                                      StringRef what) {
  std::optional<int64_t> number = getConstantIntValue(given);
  if (number == 1)
    return extent;
  requireSizes(OpFoldResult(given));
  Number size(*this, extent), factor(*this, given);
  if (number && *number >= 0 && *number <= 65536 && isSize(size))
    return factor * size;
  bool good = requireMemory(
      factor <= Number(*this, kMostElements) / max(size, 1),
      ("no memory for " + what + ": an extent is more than 2^46").str());
  // Where it is certainly wrong, the import goes on with anything.
  if (!good)
    return extent;
  return max(factor, 0) * size;
}

Value Emitter::saturatedProduct(ArrayRef<OpFoldResult> sizes) {
  Number most(*this, std::numeric_limits<int64_t>::max()), result(*this, 1);
  for (OpFoldResult size : simplify(sizes)) {
    Number next(*this, size);
    // Fits if result <= most / next.
    result = select(result <= most / max(next, 1), result * next, most);
  }
  return result;
}

/// Splits a product into its factors, a few at most; the rest stays as it is.
static void getFactors(OpFoldResult size, SmallVectorImpl<OpFoldResult> &list) {
  constexpr size_t kMostFactors = 16;
  SmallVector<OpFoldResult> pending{size};
  while (!pending.empty()) {
    OpFoldResult factor = pending.pop_back_val();
    auto value = dyn_cast<Value>(factor);
    auto product = value ? value.getDefiningOp<arith::MulIOp>() : nullptr;
    if (!product || pending.size() + list.size() >= kMostFactors) {
      list.push_back(factor);
      continue;
    }
    pending.push_back(product.getRhs());
    pending.push_back(product.getLhs());
  }
}

void Emitter::requireCount(ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> factors;
  for (OpFoldResult size : sizes)
    getFactors(size, factors);
  llvm::erase_if(factors, getConstantIntValue);
  std::vector<const void *> key;
  for (OpFoldResult factor : factors)
    key.push_back(cast<Value>(factor).getAsOpaquePointer());
  llvm::sort(key);
  if (key.size() < 2 || counted.count(key))
    return;
  // Different dimensions of one tensor.
  Value source;
  bool isOne = std::adjacent_find(key.begin(), key.end()) == key.end() &&
               llvm::all_of(factors, [&](OpFoldResult factor) {
                 auto dim = cast<Value>(factor).getDefiningOp<tensor::DimOp>();
                 if (dim && !source)
                   source = dim.getSource();
                 return dim && dim.getSource() == source;
               });
  if (isOne)
    return;
  OpBuilder::InsertionGuard guard = leaveLoops(builder, sizes);
  if (isa_and_nonnull<func::FuncOp>(builder.getInsertionBlock()->getParentOp()))
    counted.insert(key);
  requireMemory(Number(*this, saturatedProduct(sizes)) <= kMostElements,
                "no memory for a tensor of more than 2^46 elements");
}

bool Emitter::requireSameCount(ArrayRef<OpFoldResult> found,
                               ArrayRef<OpFoldResult> wanted) {
  requireCount(found);
  // What is the same by construction on both sides needs no check.
  SmallVector<OpFoldResult> left, right;
  for (OpFoldResult size : found)
    getFactors(size, left);
  for (OpFoldResult size : wanted)
    getFactors(size, right);
  int64_t leftNumber = 1, rightNumber = 1;
  bool fits = true;
  auto takeNumbers = [&](SmallVector<OpFoldResult> &list, int64_t &number) {
    llvm::erase_if(list, [&](OpFoldResult size) {
      std::optional<int64_t> fixed = getConstantIntValue(size);
      fits &= !fixed || !llvm::MulOverflow(number, *fixed, number);
      return fixed.has_value();
    });
  };
  takeNumbers(left, leftNumber);
  takeNumbers(right, rightNumber);
  for (OpFoldResult size : left) {
    auto *same = llvm::find_if(
        right, [&](OpFoldResult other) { return isSame(size, other); });
    if (same == right.end())
      fits = false;
    else
      right.erase(same);
  }
  // A size beyond every memory has another count, which says more.
  SmallVector<OpFoldResult> signs;
  bool bounded = true;
  for (OpFoldResult size : wanted) {
    bool isNumber =
        getConstantIntValue(size) || getRange(toValue(size)).bounded;
    bounded &= isNumber;
    signs.push_back(isNumber ? size
                             : OpFoldResult(Value(
                                   min(Number(*this, size), kMostElements))));
  }
  bool good = requireSizes(signs);
  if (fits && right.empty() && leftNumber == rightNumber)
    return good;
  SmallVector<OpFoldResult> all(found);
  llvm::append_range(all, wanted);
  OpBuilder::InsertionGuard guard = leaveLoops(builder, all);
  Number count(*this, product(found)), other(*this, saturatedProduct(wanted));
  // A product that has no number is not told as one.
  if (!bounded || getConstantIntValue(other))
    good &= require(other <= kMostElements,
                    "a tensor of {0} elements cannot be reshaped to one of "
                    "more than 2^46",
                    {count});
  return good &&
         require(count == other,
                 "a tensor of {0} elements cannot be reshaped to one of {1}",
                 {count, other});
}

} // namespace seqc::frontend
