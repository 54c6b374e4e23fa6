//===- EmitterExtents.cpp - Which extents are the same --------------------===//
//
// Two extents that are computed alike are one: both branches of a network halve
// a length in ops of their own, and what joins them again should neither check
// nor choose between two values that cannot differ.
//
//===----------------------------------------------------------------------===//

#include "frontends/Common/Emitter.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace seqc::frontend {

/// Pairs of values up to which two extents are compared. What takes more counts
/// as different, so that no comparison costs more than this.
static constexpr size_t kMostCompared = 32;

/// Whether both ops compute the same from equal operands.
static bool areAlike(Operation *left, Operation *right) {
  return left->getName() == right->getName() &&
         left->getNumOperands() == right->getNumOperands() &&
         left->getNumRegions() == 0 &&
         left->getAttrDictionary() == right->getAttrDictionary() &&
         (isa<tensor::DimOp, tensor::ExtractOp>(left) ||
          left->getName().getDialectNamespace() == "arith");
}

bool Emitter::isSame(OpFoldResult a, OpFoldResult b) {
  if (a == b)
    return true;
  if (std::optional<int64_t> left = getConstantIntValue(a))
    return left == getConstantIntValue(b);
  auto first = dyn_cast<Value>(a), second = dyn_cast<Value>(b);
  if (!first || !second)
    return false;
  // Pairs that have to be equal; the set lets each be looked at once, however
  // often operands are shared.
  llvm::SmallDenseSet<std::pair<Value, Value>, 8> seen{{first, second}};
  SmallVector<std::pair<Value, Value>> pending{{first, second}};
  while (!pending.empty()) {
    auto [left, right] = pending.pop_back_val();
    if (std::optional<int64_t> number = getConstantIntValue(left)) {
      if (number != getConstantIntValue(right))
        return false;
      continue;
    }
    auto one = dyn_cast<OpResult>(left), other = dyn_cast<OpResult>(right);
    if (!one || !other || one.getResultNumber() != other.getResultNumber() ||
        one.getType() != other.getType() ||
        !areAlike(one.getOwner(), other.getOwner()))
      return false;
    for (auto [x, y] : llvm::zip(one.getOwner()->getOperands(),
                                 other.getOwner()->getOperands())) {
      if (x == y || !seen.insert({x, y}).second)
        continue;
      if (seen.size() > kMostCompared)
        return false;
      pending.push_back({x, y});
    }
  }
  return true;
}

} // namespace seqc::frontend
