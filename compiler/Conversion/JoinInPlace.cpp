//===- JoinInPlace.cpp - Many parts of one buffer -------------------------===//
//
// A tensor that is put together from many parts is a chain of insertions into
// one buffer. Bufferisation compares each reader of that buffer with each
// writer, for each part. But what such a chain means needs no analysis: the
// parts become views of a buffer that is there before they are, and the whole is
// that buffer once the last part is in place.
//
// A part that nothing else reads may be computed in its view. Other parts are
// copied where they were inserted, because what else becomes of them must not
// reach the whole.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#define DEBUG_TYPE "seq-join-in-place"

namespace seqc {
#define GEN_PASS_DEF_JOININPLACEPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;

namespace {

/// Insertions into one empty tensor, the first one first.
struct Chain {
  tensor::EmptyOp root;
  SmallVector<tensor::InsertSliceOp> parts;
};

/// The insertion that `insert` adds to, if nothing else uses it.
tensor::InsertSliceOp getPrevious(tensor::InsertSliceOp insert) {
  auto previous = insert.getDest().getDefiningOp<tensor::InsertSliceOp>();
  bool alone = previous && previous->hasOneUse() &&
               previous->getBlock() == insert->getBlock();
  return alone ? previous : nullptr;
}

/// The dimension in which the next part begins where the one before ends, by
/// numbers or by the sum itself, if they begin equally in all others.
std::optional<int64_t> findDirection(tensor::InsertSliceOp before,
                                     tensor::InsertSliceOp next) {
  SmallVector<OpFoldResult> from = before.getMixedOffsets(),
                            to = next.getMixedOffsets(),
                            sizes = before.getMixedSizes();
  std::optional<int64_t> found;
  if (!before.hasUnitStride() || !next.hasUnitStride())
    return std::nullopt;
  for (auto [d, offset, size, start] : llvm::enumerate(from, sizes, to)) {
    if (offset == start)
      continue;
    if (found)
      return std::nullopt;
    found = d;
    std::optional<int64_t> low = getConstantIntValue(offset),
                           count = getConstantIntValue(size),
                           high = getConstantIntValue(start);
    if (low && count && high) {
      if (*high < *low + *count)
        return std::nullopt;
      continue;
    }
    // A first part at 0 leaves its size; else there is a sum.
    if (low == 0 && size == start)
      continue;
    auto value = dyn_cast<Value>(start);
    auto sum = value ? value.getDefiningOp<arith::AddIOp>() : nullptr;
    auto is = [](Value term, OpFoldResult wanted) {
      std::optional<int64_t> number = getConstantIntValue(wanted);
      return number ? getConstantIntValue(term) == number
                    : OpFoldResult(term) == wanted;
    };
    if (!sum || !((is(sum.getLhs(), offset) && is(sum.getRhs(), size)) ||
                  (is(sum.getRhs(), offset) && is(sum.getLhs(), size))))
      return std::nullopt;
  }
  return found;
}

/// Whether nothing but its insertion sees the buffer that a part may get: each
/// value that it is made from in place is used once. An empty tensor holds
/// nothing to see, and what is no result of these ops has a buffer of its own.
bool isPrivate(Value part) {
  while (part.hasOneUse()) {
    Operation *op = part.getDefiningOp();
    if (!op || isa<bufferization::ToTensorOp>(op))
      return true;
    if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(
            op)) {
      part = op->getOperand(0);
    } else if (auto style = dyn_cast<DestinationStyleOpInterface>(op)) {
      part = style.getTiedOpOperand(cast<OpResult>(part))->get();
    } else if (auto loop = dyn_cast<scf::ForOp>(op);
               loop && loop->getNumResults() == 1) {
      part = loop.getTiedLoopInit(cast<OpResult>(part))->get();
    } else {
      return false;
    }
    if (part.getDefiningOp<tensor::EmptyOp>())
      return true;
  }
  return false;
}

/// Right behind the last of some values that are known in `block` or around it.
void setInsertionPointBehind(OpBuilder &builder, Block *block,
                             ArrayRef<OpFoldResult> values) {
  Operation *last = nullptr;
  for (OpFoldResult value : values) {
    auto given = dyn_cast<Value>(value);
    Operation *op = given ? given.getDefiningOp() : nullptr;
    if (op && op->getBlock() == block && (!last || last->isBeforeInBlock(op)))
      last = op;
  }
  if (last)
    builder.setInsertionPointAfter(last);
  else
    builder.setInsertionPointToStart(block);
}

struct JoinInPlace : seqc::impl::JoinInPlacePassBase<JoinInPlace> {
  using JoinInPlacePassBase::JoinInPlacePassBase;

  void runOnOperation() override {
    SmallVector<Chain> chains;
    getOperation().walk([&](tensor::InsertSliceOp last) {
      // Only from the end of a chain, so that each is followed once.
      if (last->hasOneUse())
        if (auto next =
                dyn_cast<tensor::InsertSliceOp>(*last->getUsers().begin()))
          if (getPrevious(next) == last)
            return;
      Chain chain;
      for (tensor::InsertSliceOp part = last; part; part = getPrevious(part)) {
        chain.parts.push_back(part);
        chain.root = part.getDest().getDefiningOp<tensor::EmptyOp>();
      }
      std::reverse(chain.parts.begin(), chain.parts.end());
      // Bufferisation may find a better place for what has few parts.
      if (chain.root && chain.parts.size() > std::max<size_t>(1, mostLeft))
        chains.push_back(std::move(chain));
    });
    for (Chain &chain : chains)
      join(chain);
  }

private:
  void join(Chain &chain) {
    std::optional<int64_t> direction =
        findDirection(chain.parts[0], chain.parts[1]);
    bool disjoint = direction.has_value();
    for (size_t i = 2; i < chain.parts.size(); ++i)
      disjoint &=
          findDirection(chain.parts[i - 1], chain.parts[i]) == direction;
    tensor::InsertSliceOp last = chain.parts.back();
    Location loc = last.getLoc();
    RankedTensorType whole = last.getResult().getType();
    OpBuilder builder(last);
    setInsertionPointBehind(builder, last->getBlock(),
                            getAsOpFoldResult(chain.root.getDynamicSizes()));
    auto type = MemRefType::get(whole.getShape(), whole.getElementType());
    Value buffer = memref::AllocOp::create(builder, loc, type,
                                           chain.root.getDynamicSizes());
    for (tensor::InsertSliceOp part : chain.parts)
      place(part, buffer, disjoint);
    builder.setInsertionPoint(last);
    Value result = bufferization::ToTensorOp::create(
        builder, loc, whole, buffer, /*restrict=*/true, /*writable=*/true);
    last.replaceAllUsesWith(result);
    for (tensor::InsertSliceOp part : llvm::reverse(chain.parts))
      part.erase();
    ++numJoined;
  }

  void place(tensor::InsertSliceOp part, Value buffer, bool disjoint) {
    SmallVector<OpFoldResult> offsets = part.getMixedOffsets(),
                              sizes = part.getMixedSizes(),
                              strides = part.getMixedStrides();
    SmallVector<OpFoldResult> needed{buffer};
    llvm::append_range(needed, offsets);
    llvm::append_range(needed, sizes);
    llvm::append_range(needed, strides);
    OpBuilder builder(part);
    setInsertionPointBehind(builder, part->getBlock(), needed);
    RankedTensorType type = part.getSourceType();
    auto bufferType = cast<MemRefType>(buffer.getType());
    auto view = memref::SubViewOp::create(
        builder, part.getLoc(),
        cast<MemRefType>(memref::SubViewOp::inferRankReducedResultType(
            type.getShape(), bufferType, offsets, sizes, strides)),
        buffer, offsets, sizes, strides);
    builder.setInsertionPoint(part);
    if (disjoint && isPrivate(part.getSource())) {
      bufferization::MaterializeInDestinationOp::create(
          builder, part.getLoc(), Type(), part.getSource(), view,
          /*restrict=*/true, /*writable=*/true);
      ++numPlaced;
      return;
    }
    // Any layout, so that the part need not be copied to be read.
    SmallVector<int64_t> steps(type.getRank(), ShapedType::kDynamic);
    auto layout = StridedLayoutAttr::get(builder.getContext(),
                                         ShapedType::kDynamic, steps);
    Value source = bufferization::ToBufferOp::create(
        builder, part.getLoc(),
        MemRefType::get(type.getShape(), type.getElementType(), layout),
        part.getSource(), /*read_only=*/true);
    memref::CopyOp::create(builder, part.getLoc(), source, view);
    ++numCopied;
  }
};

} // namespace
