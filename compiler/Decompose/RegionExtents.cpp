//===- RegionExtents.cpp - Extents known in front of a region -------------===//

#include "mlir/Interfaces/ViewLikeInterface.h"

#include "compiler/Decompose/RegionExtents.h"

#include "compiler/Decompose/TensorBuilders.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Transforms/Transforms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

using namespace mlir;

namespace seqc {

/// Tensors behind each other whose extents follow from each other.
static constexpr unsigned kMostDepth = 4096;

bool RegionExtents::isOutside(Value value) const {
  return !region.isAncestor(value.getParentRegion());
}

FailureOr<OpFoldResult> RegionExtents::findIndex(OpFoldResult index) {
  auto value = dyn_cast<Value>(index);
  if (!value || isOutside(value))
    return index;
  if (std::optional<int64_t> constant = getConstantIntValue(index))
    return OpFoldResult(b.getIndexAttr(*constant));
  if (auto dim = value.getDefiningOp<tensor::DimOp>())
    if (std::optional<int64_t> position = dim.getConstantIndex())
      return find(dim.getSource(), *position);
  return affine::reifyIndexValueBound(
      b, b.getLoc(), presburger::BoundType::EQ, value,
      [&](Value stop, std::optional<int64_t>, ValueBoundsConstraintSet &) {
        return isOutside(stop);
      });
}

FailureOr<OpFoldResult> RegionExtents::find(Value tensor, int64_t dim) {
  if (auto known = extents.find({tensor, dim}); known != extents.end())
    return known->second;
  if (depth == kMostDepth)
    return failure();
  ++depth;
  FailureOr<OpFoldResult> found = compute(tensor, dim);
  --depth;
  extents[{tensor, dim}] = found;
  return found;
}

FailureOr<OpFoldResult> RegionExtents::compute(Value tensor, int64_t dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return OpFoldResult(b.getIndexAttr(type.getDimSize(dim)));
  if (isOutside(tensor))
    return extent(b, tensor, dim);
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    for (auto [known, outside] : arguments)
      if (known == argument && dim > 0)
        return extent(b, outside, dim);
    return failure();
  }

  Operation *op = tensor.getDefiningOp();
  if (auto destination = dyn_cast<DestinationStyleOpInterface>(op))
    return find(destination.getTiedOpOperand(cast<OpResult>(tensor))->get(),
                dim);
  if (OpTrait::hasElementwiseMappableTraits(op)) {
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()))
        return find(operand, dim);
    return failure();
  }
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return find(cast.getSource(), dim);
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return findIndex(empty.getMixedSizes()[dim]);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return findIndex(expand.getMixedOutputShape()[dim]);
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    for (auto [position, size] : llvm::enumerate(slice.getMixedSizes()))
      if (!dropped.test(position) && dim-- == 0)
        return findIndex(size);
    return failure();
  }
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return find(insert.getDest(), dim);
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    OpFoldResult product = b.getIndexAttr(1);
    ReassociationIndices group = collapse.getReassociationIndices()[dim];
    for (int64_t position : group) {
      FailureOr<OpFoldResult> size = find(collapse.getSrc(), position);
      if (failed(size))
        return failure();
      product = isConstantIntValue(product, 1)
                    ? *size
                    : OpFoldResult(arith::MulIOp::create(b, asValue(b, product),
                                                         asValue(b, *size)));
    }
    return product;
  }
  return affine::reifyShapedValueDimBound(
      b, b.getLoc(), presburger::BoundType::EQ, tensor, dim,
      [&](Value stop, std::optional<int64_t>, ValueBoundsConstraintSet &) {
        return isOutside(stop);
      });
}

} // namespace seqc
