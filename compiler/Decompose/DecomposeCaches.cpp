//===- DecomposeCaches.cpp - Caches as slices of tensors ------------------===//
//
// Appending inserts slices into the old value, which bufferisation makes writes
// into its memory; reading is a slice, and reordering reads elements.
//
//===----------------------------------------------------------------------===//

#include "compiler/Decompose/Decompositions.h"
#include "compiler/Decompose/TensorBuilders.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace seqc {
namespace {

/// `index` between 0 and `last`, where checks have it anyway: memory behind an
/// end is not written, whatever the order of checks and writes.
Value clamp(ImplicitLocOpBuilder &b, Value index, Value last) {
  return arith::MaxSIOp::create(b, arith::MinSIOp::create(b, index, last),
                                indexConstant(b, 0));
}

/// An integer as an index.
Value toIndex(ImplicitLocOpBuilder &b, Value number) {
  return arith::IndexCastOp::create(b, b.getIndexType(), number);
}

/// Writes the entries of an append, of all rows or of one.
class EntryWriter {
public:
  EntryWriter(ImplicitLocOpBuilder &b, seq::CacheAppendOp op)
      : b(b), op(op), axis(static_cast<int64_t>(op.getAxis())),
        entries(op.getEntries()), sizes(extents(b, entries)),
        offsets(sizes.size(), b.getIndexAttr(0)),
        capacity(extent(b, op.getCache(), axis)) {}

  /// Takes the entries of one row only.
  void setRow(Value row) {
    offsets[0] = row;
    sizes[0] = b.getIndexAttr(1);
    takesAllRows = false;
  }

  /// `cache` with the entries from `position` on.
  Value write(Value cache, Value position) {
    OpFoldResult count = sizes[axis], zero = b.getIndexAttr(0);
    Value room = asValue(b, capacity), number = asValue(b, count);
    if (!op.getCircular())
      return insert(cache, zero,
                    clamp(b, position, arith::SubIOp::create(b, room, number)),
                    count);
    Value start = wrap(position, room);
    // A single entry does not reach around the end.
    if (isConstantIntValue(count, 1))
      return insert(cache, zero, start, count);
    Value first = arith::MinSIOp::create(b, number,
                                         arith::SubIOp::create(b, room, start));
    Value rest = arith::SubIOp::create(b, number, first);
    return insert(insert(cache, zero, start, first), first, zero, rest);
  }

private:
  /// The remainder of any index, which is not negative.
  Value wrap(Value index, Value room) {
    Value zero = indexConstant(b, 0);
    room = arith::MaxSIOp::create(b, room, indexConstant(b, 1));
    Value rest = arith::RemSIOp::create(b, index, room);
    Value below =
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, rest, zero);
    return arith::SelectOp::create(b, below,
                                   arith::AddIOp::create(b, rest, room), rest);
  }

  /// `cache` with `count` entries from entry `from` on written at `to`.
  Value insert(Value cache, OpFoldResult from, OpFoldResult to,
               OpFoldResult count) {
    SmallVector<OpFoldResult> part(sizes), source(offsets), target(offsets),
        strides(sizes.size(), b.getIndexAttr(1));
    part[axis] = count;
    source[axis] = from;
    target[axis] = to;
    Value piece = takesAllRows && count == sizes[axis]
                      ? entries
                      : slice(b, entries, source, part);
    return tensor::InsertSliceOp::create(b, piece, cache, target, part,
                                         strides);
  }

  ImplicitLocOpBuilder &b;
  seq::CacheAppendOp op;
  int64_t axis;
  Value entries;
  SmallVector<OpFoldResult> sizes, offsets;
  OpFoldResult capacity;
  bool takesAllRows = true;
};

struct AppendDecomposition
    : linalg::AggregatedOpInterface::ExternalModel<AppendDecomposition,
                                                   seq::CacheAppendOp> {
  FailureOr<SmallVector<Value>> decomposeOperation(Operation *op,
                                                   OpBuilder &builder) const {
    auto append = cast<seq::CacheAppendOp>(op);
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    Value cache = append.getCache(), position = append.getPosition();
    auto isEmpty = [](Value tensor) {
      return llvm::is_contained(
          cast<RankedTensorType>(tensor.getType()).getShape(), 0);
    };
    if (isEmpty(append.getEntries()) || isEmpty(cache))
      return SmallVector<Value>{cache};
    if (!append.hasRowPositions())
      return SmallVector<Value>{EntryWriter(b, append).write(cache, position)};
    Value zero = indexConstant(b, 0);
    OpFoldResult rows = extent(b, append.getEntries(), 0);
    if (isConstantIntValue(rows, 1)) {
      Value start = toIndex(b, tensor::ExtractOp::create(b, position, zero));
      return SmallVector<Value>{EntryWriter(b, append).write(cache, start)};
    }
    auto loop = scf::ForOp::create(
        b, zero, asValue(b, rows), indexConstant(b, 1), cache,
        [&](OpBuilder &inner, Location loc, Value row, ValueRange carried) {
          ImplicitLocOpBuilder b(loc, inner);
          EntryWriter writer(b, append);
          writer.setRow(row);
          Value start = toIndex(b, tensor::ExtractOp::create(b, position, row));
          scf::YieldOp::create(b, writer.write(carried.front(), start));
        });
    return SmallVector<Value>(loop.getResults());
  }
};

struct ReadDecomposition
    : linalg::AggregatedOpInterface::ExternalModel<ReadDecomposition,
                                                   seq::CacheReadOp> {
  FailureOr<SmallVector<Value>> decomposeOperation(Operation *op,
                                                   OpBuilder &builder) const {
    auto read = cast<seq::CacheReadOp>(op);
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    SmallVector<OpFoldResult> sizes = extents(b, read.getCache()),
                              offsets(sizes.size(), b.getIndexAttr(0));
    offsets[read.getAxis()] = getAsOpFoldResult(read.getBegin());
    sizes[read.getAxis()] = getAsOpFoldResult(read.getCount());
    return SmallVector<Value>{
        castTo(b, slice(b, read.getCache(), offsets, sizes), read.getType())};
  }
};

struct ReorderDecomposition
    : linalg::AggregatedOpInterface::ExternalModel<ReorderDecomposition,
                                                   seq::CacheReorderOp> {
  FailureOr<SmallVector<Value>> decomposeOperation(Operation *op,
                                                   OpBuilder &builder) const {
    auto reorder = cast<seq::CacheReorderOp>(op);
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    Value cache = reorder.getCache(), parents = reorder.getParents();
    SmallVector<OpFoldResult> sizes = extents(b, cache);
    Value last =
        arith::SubIOp::create(b, asValue(b, sizes[0]), indexConstant(b, 1));
    sizes[0] = extent(b, parents, 0);
    int64_t rank = sizes.size();
    SmallVector<AffineExpr> numbers{b.getAffineDimExpr(0)};
    if (std::optional<int64_t> axis = reorder.getAxis())
      numbers.push_back(b.getAffineDimExpr(*axis));
    AffineMap maps[] = {AffineMap::get(rank, 0, numbers, b.getContext()),
                        b.getMultiDimIdentityMap(rank)};
    SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
    SmallVector<Value> result = generic(
        b, parents, emptyTensor(b, sizes, getElementTypeOrSelf(cache)), maps,
        loops,
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          SmallVector<Value> at{clamp(b, toIndex(b, v[0]), last)};
          for (int64_t dim = 1; dim < rank; ++dim)
            at.push_back(linalg::IndexOp::create(b, dim));
          return {tensor::ExtractOp::create(b, cache, at)};
        });
    return SmallVector<Value>{castTo(b, result.front(), reorder.getType())};
  }
};

} // namespace

void registerCacheDecompositions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seq::SeqDialect *) {
    seq::CacheAppendOp::attachInterface<AppendDecomposition>(*context);
    seq::CacheReadOp::attachInterface<ReadDecomposition>(*context);
    seq::CacheReorderOp::attachInterface<ReorderDecomposition>(*context);
  });
}

} // namespace seqc
