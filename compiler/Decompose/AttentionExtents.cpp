//===- AttentionExtents.cpp - Masks that may be repeated ------------------===//

#include "compiler/Decompose/AttentionExtents.h"

#include "compiler/Decompose/TensorBuilders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

using namespace mlir;

namespace seqc {

static int64_t rankOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getRank();
}

std::pair<Value, int64_t> scoreExtent(seq::AttentionOp op, int64_t dim) {
  int64_t rank = rankOf(op.getQuery());
  return dim == rank - 1 ? std::pair<Value, int64_t>(op.getKey(), rank - 2)
                         : std::pair<Value, int64_t>(op.getQuery(), dim);
}

bool mayRepeat(seq::AttentionOp op, Value side, int64_t dim) {
  if (!cast<RankedTensorType>(side.getType()).isDynamicDim(dim))
    return false;
  auto [of, ofDim] = scoreExtent(op, dim);
  FailureOr<bool> isEqual =
      ValueBoundsConstraintSet::areEqual({side, dim}, {of, ofDim});
  return failed(isEqual) || !*isEqual;
}

bool needsExpansion(seq::AttentionOp op, Value side) {
  int64_t rank = rankOf(side);
  return cast<RankedTensorType>(side.getType()).getDimSize(rank - 2) == 1 &&
         mayRepeat(op, side, rank - 1);
}

Value expandKeys(ImplicitLocOpBuilder &b, seq::AttentionOp op, Value side) {
  if (!side || !needsExpansion(op, side))
    return side;
  int64_t last = rankOf(side) - 1;
  SmallVector<OpFoldResult> sizes = extents(b, side);
  Value single =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                            asValue(b, sizes.back()), indexConstant(b, 1));
  sizes.back() = extent(b, op.getKey(), last - 1);
  Value empty = emptyTensor(b, sizes, getElementTypeOrSelf(side.getType()));
  return generic(
      b, {}, empty, b.getMultiDimIdentityMap(last + 1),
      SmallVector<utils::IteratorType>(last + 1, utils::IteratorType::parallel),
      [&](ImplicitLocOpBuilder &b, ValueRange) -> SmallVector<Value> {
        SmallVector<Value> at;
        for (int64_t dim = 0; dim <= last; ++dim)
          at.push_back(linalg::IndexOp::create(b, dim));
        at.back() =
            arith::SelectOp::create(b, single, indexConstant(b, 0), at.back());
        return {tensor::ExtractOp::create(b, side, at)};
      })[0];
}

} // namespace seqc
