//===- SplitDestinations.cpp - Separate places for separate results -------===//
//
// Equal `tensor.empty` ops have been merged, so that every op of one shape
// writes to the same one. Bufferisation then asks of each op in a long chain
// whether it may write there with regard to every pair of the others, which
// takes the cube of their number, to find that most cannot. A few uses each
// keep what is gained by sharing: an elementwise op that works in place.
//
// Filled tensors are a stronger case: all uses but one would copy what it is
// cheaper to fill again.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

#include "llvm/ADT/MapVector.h"

#define DEBUG_TYPE "seq-split-destinations"

namespace seqc {
#define GEN_PASS_DEF_SPLITDESTINATIONSPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;

namespace {

/// Whether an op writes to what it is given here.
bool isDestination(OpOperand &use) {
  Operation *user = use.getOwner();
  if (auto style = dyn_cast<DestinationStyleOpInterface>(user))
    return style.isDpsInit(&use);
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(user))
    return &use == &insert.getDestMutable();
  if (auto loop = dyn_cast<LoopLikeOpInterface>(user))
    return llvm::any_of(loop.getInitsMutable(),
                        [&](OpOperand &init) { return &init == &use; });
  return false;
}

/// The uses of a value in the order in which they were made.
SmallVector<OpOperand *> usesInOrder(Value value) {
  SmallVector<OpOperand *> uses;
  for (OpOperand &use : value.getUses())
    uses.push_back(&use);
  // The use list runs backwards; sorting is stable, so that the operands of one
  // op keep an order.
  std::reverse(uses.begin(), uses.end());
  return uses;
}

struct SplitDestinations
    : seqc::impl::SplitDestinationsPassBase<SplitDestinations> {
  using SplitDestinationsPassBase::SplitDestinationsPassBase;

  void runOnOperation() override {
    kept = std::max<size_t>(1, mostUses);
    SmallVector<linalg::FillOp> fills;
    SmallVector<tensor::EmptyOp> empties;
    getOperation().walk([&](Operation *op) {
      if (auto fill = dyn_cast<linalg::FillOp>(op);
          fill && fill.hasPureTensorSemantics())
        fills.push_back(fill);
      else if (auto empty = dyn_cast<tensor::EmptyOp>(op))
        empties.push_back(empty);
    });
    for (linalg::FillOp fill : fills)
      splitFill(fill);
    for (tensor::EmptyOp empty : empties)
      splitEmpty(empty);
  }

private:
  /// A fill of its own for each op of the same block that writes on it. What an
  /// inner block writes on is filled once and copied, as it may be a loop's.
  void splitFill(linalg::FillOp fill) {
    SmallVector<OpOperand *> written;
    for (OpOperand *use : usesInOrder(fill.getResult(0)))
      if (use->getOwner()->getBlock() == fill->getBlock() &&
          isDestination(*use))
        written.push_back(use);
    if (written.size() < 2)
      return;
    OpBuilder builder(fill);
    for (OpOperand *use : ArrayRef(written).drop_front()) {
      builder.setInsertionPoint(use->getOwner());
      use->set(builder.clone(*fill)->getResult(0));
      ++numFills;
    }
  }

  void splitEmpty(tensor::EmptyOp empty) {
    SmallVector<OpOperand *> uses = usesInOrder(empty);
    if (uses.size() <= kept)
      return;
    llvm::MapVector<Block *, SmallVector<OpOperand *>> byBlock;
    for (OpOperand *use : uses)
      byBlock[use->getOwner()->getBlock()].push_back(use);
    // In an inner block with many uses, those behind the first few get places
    // there; other uses in inner blocks count as uses by the op around them.
    using Use = std::pair<Operation *, OpOperand *>;
    SmallVector<Use> around;
    Block *home = empty->getBlock();
    for (auto &[block, inBlock] : byBlock) {
      SmallVector<Use> here;
      for (OpOperand *use : inBlock)
        here.push_back({use->getOwner(), use});
      sort(here);
      size_t left = block == home ? here.size() : std::min(here.size(), kept);
      for (auto [user, use] : ArrayRef(here).take_front(left))
        // Nothing of this block is around an op of a block behind it.
        if (Operation *ancestor = home->findAncestorOpInBlock(*user))
          around.push_back({ancestor, use});
      split(empty, ArrayRef(here).drop_front(left));
    }
    sort(around);
    if (around.size() > kept)
      split(empty, ArrayRef(around).drop_front(kept));
  }

  static void sort(SmallVectorImpl<std::pair<Operation *, OpOperand *>> &uses) {
    llvm::stable_sort(uses, [](const auto &left, const auto &right) {
      return left.first != right.first &&
             left.first->isBeforeInBlock(right.first);
    });
  }

  /// Gives groups of uses, in order, empty tensors in front of the first op of
  /// each.
  void split(tensor::EmptyOp empty,
             ArrayRef<std::pair<Operation *, OpOperand *>> uses) {
    OpBuilder builder(empty);
    while (!uses.empty()) {
      builder.setInsertionPoint(uses.front().first);
      Value own = builder.clone(*empty)->getResult(0);
      size_t count = std::min(uses.size(), kept);
      for (auto [user, use] : uses.take_front(count))
        use->set(own);
      uses = uses.drop_front(count);
      ++numEmpties;
    }
  }

  /// Uses that one empty tensor keeps.
  size_t kept = 1;
};

} // namespace
