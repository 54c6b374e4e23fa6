//===- EmitterChecks.cpp - What must hold when a model runs ---------------===//
//
// Extents and indices that only a call decides are checked in front of the ops
// that rely on them. What is known while the model is read is reported then.
// Checks cost a few scalar ops; those of a loop's body that do not depend on
// the step stand in front of the loop, so that the body stays free of effects.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Emitter.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace seqc::onnx {

/// The node that the emitter's location names.
static std::string describe(Location loc) {
  std::string name;
  loc->walk([&](Location part) {
    auto named = dyn_cast<NameLoc>(part);
    if (named)
      name = named.getName().str();
    return named ? WalkResult::interrupt() : WalkResult::advance();
  });
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
                      ArrayRef<OpFoldResult> numbers) {
  if (matchPattern(holds, m_One()))
    return true;
  SmallVector<Value> values;
  for (OpFoldResult number : numbers)
    values.push_back(toValue(number));
  std::string text = withoutPlaceholders(describe(loc)) + message.str();
  auto check = seq::RequireOp::create(builder, loc, holds, text, values);
  if (!matchPattern(holds, m_Zero()))
    return true;
  // A branch that is never taken may be wrong.
  if (!onFault || check->getParentOfType<scf::IfOp>())
    return false;
  SmallVector<int64_t> known;
  for (OpFoldResult number : numbers)
    known.push_back(getConstantIntValue(number).value_or(-1));
  onFault(check.format(known));
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

/// In front of the loops around the insertion point whose bodies the values do
/// not depend on. Branches are not left.
static void leaveLoops(OpBuilder &builder, ArrayRef<OpFoldResult> values) {
  Operation *around = builder.getInsertionBlock()->getParentOp();
  while (isa_and_nonnull<LoopLikeOpInterface>(around) &&
         moveOut(around, values)) {
    builder.setInsertionPoint(around);
    around = around->getParentOp();
  }
}

bool Emitter::requireEqual(OpFoldResult found, OpFoldResult required,
                           StringRef what) {
  if (isSame(found, required))
    return true;
  OpBuilder::InsertionGuard guard(builder);
  leaveLoops(builder, {found, required});
  Scalars s = scalars();
  Value equal = s.compareIndex(arith::CmpIPredicate::eq, toValue(found),
                               toValue(required));
  return require(equal, (what + " is {0}; required is {1}").str(),
                 {found, required});
}

bool Emitter::requireBroadcast(OpFoldResult a, OpFoldResult b, bool goal) {
  if (isSame(a, b) || getConstantIntValue(a) == 1 ||
      (!goal && getConstantIntValue(b) == 1))
    return true;
  OpBuilder::InsertionGuard guard(builder);
  leaveLoops(builder, {a, b});
  Scalars s = scalars();
  auto equal = [&](OpFoldResult size, OpFoldResult other) {
    return s.compareIndex(arith::CmpIPredicate::eq, toValue(size),
                          toValue(other));
  };
  OpFoldResult one = builder.getIndexAttr(1);
  Value fits = s.logicalOr(equal(a, b), equal(a, one));
  if (goal)
    return require(fits, "extent {0} does not broadcast to {1}", {a, b});
  return require(s.logicalOr(fits, equal(b, one)),
                 "its inputs have extents {0} and {1} in one dimension; "
                 "required are equal ones, or 1",
                 {a, b});
}

bool Emitter::requireInside(OpFoldResult index, OpFoldResult low,
                            OpFoldResult high, StringRef what) {
  Scalars s = scalars();
  Value i = toValue(index);
  Value inside =
      s.logicalAnd(s.compareIndex(arith::CmpIPredicate::sge, i, toValue(low)),
                   s.compareIndex(arith::CmpIPredicate::slt, i, toValue(high)));
  Value last = s.subIndex(toValue(high), s.index(1));
  return require(inside, (what + " is {0}; required is {1} to {2}").str(),
                 {index, low, OpFoldResult(last)});
}

bool Emitter::requireSlice(OpFoldResult offset, OpFoldResult size,
                           OpFoldResult stride, OpFoldResult whole) {
  if (isConstantIntValue(offset, 0) && isConstantIntValue(stride, 1) &&
      isSame(size, whole))
    return true;
  OpBuilder::InsertionGuard guard(builder);
  leaveLoops(builder, {offset, size, stride, whole});
  Scalars s = scalars();
  Value from = toValue(offset), count = toValue(size), end = toValue(whole);
  Value last = s.addIndex(
      from, s.mulIndex(s.subIndex(count, s.index(1)), toValue(stride)));
  Value none = s.compareIndex(arith::CmpIPredicate::eq, count, s.index(0));
  Value inside = s.logicalAnd(
      s.logicalAnd(
          s.compareIndex(arith::CmpIPredicate::sge, from, s.index(0)),
          s.compareIndex(arith::CmpIPredicate::sgt, count, s.index(0))),
      s.logicalAnd(s.compareIndex(arith::CmpIPredicate::sge, last, from),
                   s.compareIndex(arith::CmpIPredicate::slt, last, end)));
  return require(s.logicalOr(none, inside),
                 "{0} elements from element {1} on do not lie in an extent of "
                 "{2}",
                 {size, offset, whole});
}

bool Emitter::requireIndices(Tensor indices, OpFoldResult extent,
                             StringRef what, bool fromEnd) {
  Scalars s = scalars();
  Value size = toValue(extent);
  OpFoldResult low = fromEnd ? OpFoldResult(s.subIndex(s.index(0), size))
                             : OpFoldResult(builder.getIndexAttr(0));
  low = simplify(low).front();
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
    return s.toIndex(one.type, load(one, {}));
  };
  Value least = extreme(Combine::Min), greatest = extreme(Combine::Max);
  Value under = s.compareIndex(arith::CmpIPredicate::slt, least, toValue(low));
  Value over = s.compareIndex(arith::CmpIPredicate::sge, greatest, size);
  Value none = s.compareIndex(arith::CmpIPredicate::sgt, least, greatest);
  Value good = s.logicalOr(none, s.logicalNot(s.logicalOr(under, over)));
  Value last = s.subIndex(size, s.index(1));
  return require(good, (what + " is {0}; required is {1} to {2}").str(),
                 {OpFoldResult(s.select(under, least, greatest)), low,
                  OpFoldResult(last)});
}

/// Whether an index is not negative by construction.
static bool isNatural(Value size, unsigned depth = 8) {
  if (std::optional<int64_t> number = getConstantIntValue(size))
    return *number >= 0;
  Operation *op = size.getDefiningOp();
  if (!op || depth == 0)
    return false;
  auto natural = [&](Value operand) { return isNatural(operand, depth - 1); };
  if (isa<tensor::DimOp>(op))
    return true;
  if (isa<arith::MaxSIOp>(op))
    return llvm::any_of(op->getOperands(), natural);
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return natural(select.getTrueValue()) && natural(select.getFalseValue());
  return isa<arith::AddIOp, arith::MulIOp, arith::DivUIOp, arith::RemUIOp,
             arith::MinSIOp>(op) &&
         llvm::all_of(op->getOperands(), natural);
}

bool Emitter::requireSizes(ArrayRef<OpFoldResult> sizes) {
  constexpr int64_t kMostElements = int64_t(1) << 62;
  bool good = true;
  int64_t elements = 1;
  for (OpFoldResult size : sizes)
    if (std::optional<int64_t> number = getConstantIntValue(size);
        number &&
        (llvm::MulOverflow(elements, std::max<int64_t>(*number, 1), elements) ||
         elements > kMostElements))
      elements = kMostElements, good = false;
  if (!good && onFault)
    onFault(withoutPlaceholders(describe(loc)) +
            "a tensor has more than 2^62 elements; required are fewer");
  for (OpFoldResult size : sizes) {
    Value value = toValue(size);
    if (isNatural(value) || known.contains(value))
      continue;
    OpBuilder::InsertionGuard guard(builder);
    leaveLoops(builder, {size});
    // Beside its definition a check is in front of every other use.
    if (builder.getInsertionBlock() == value.getParentBlock()) {
      known.try_emplace(value);
      noted.push_back(value);
    }
    Scalars s = scalars();
    good &= require(
        s.compareIndex(arith::CmpIPredicate::sge, toValue(size), s.index(0)),
        "a size is {0}; required is 0 or more", {size});
  }
  return good;
}

Value Emitter::saturatedProduct(ArrayRef<OpFoldResult> sizes) {
  Scalars s = scalars();
  Value most = s.index(std::numeric_limits<int64_t>::max());
  Value result = s.index(1);
  for (OpFoldResult size : simplify(sizes)) {
    Value next = toValue(size);
    // Fits if result <= most / next.
    Value bound = s.divIndex(most, s.maxIndex(next, s.index(1)));
    Value fits = s.compareIndex(arith::CmpIPredicate::sle, result, bound);
    result = s.select(fits, s.mulIndex(result, next), most);
  }
  return result;
}

/// Splits a product into its factors.
static void getFactors(OpFoldResult size, SmallVectorImpl<OpFoldResult> &list,
                       unsigned depth = 16) {
  auto value = dyn_cast<Value>(size);
  auto product = value ? value.getDefiningOp<arith::MulIOp>() : nullptr;
  if (!product || depth == 0) {
    list.push_back(size);
    return;
  }
  getFactors(product.getLhs(), list, depth - 1);
  getFactors(product.getRhs(), list, depth - 1);
}

bool Emitter::requireSameCount(ArrayRef<OpFoldResult> found,
                               ArrayRef<OpFoldResult> wanted) {
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
    auto *same = llvm::find(right, size);
    if (same == right.end())
      fits = false;
    else
      right.erase(same);
  }
  if (fits && right.empty() && leftNumber == rightNumber)
    return requireSizes(wanted);
  bool good = requireSizes(wanted);
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<OpFoldResult> all(found);
  llvm::append_range(all, wanted);
  leaveLoops(builder, all);
  Scalars s = scalars();
  Value count = toValue(product(found)), other = saturatedProduct(wanted);
  return good &
         require(s.compareIndex(arith::CmpIPredicate::eq, count, other),
                 "a tensor of {0} elements cannot be reshaped to one of {1}",
                 {OpFoldResult(count), OpFoldResult(other)});
}

} // namespace seqc::onnx
