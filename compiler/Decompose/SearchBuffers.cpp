//===- SearchBuffers.cpp - Memory of a search -----------------------------===//

#include "mlir/Interfaces/ViewLikeInterface.h"

#include "compiler/Decompose/SearchBuffers.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace seqc {

Value allocate(ImplicitLocOpBuilder &b, ArrayRef<int64_t> shape, Type element,
               ArrayRef<Value> sizes) {
  SmallVector<Value> dynamic;
  for (auto [extent, size] : llvm::zip_equal(shape, sizes))
    if (ShapedType::isDynamic(extent))
      dynamic.push_back(size);
  return memref::AllocOp::create(b, MemRefType::get(shape, element), dynamic);
}

Value asDynamic(ImplicitLocOpBuilder &b, Value buffer, unsigned keep) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<int64_t> shape(type.getShape());
  std::fill(shape.begin(), shape.end() - keep, ShapedType::kDynamic);
  auto target = MemRefType::get(shape, type.getElementType());
  return target == type ? buffer : memref::CastOp::create(b, target, buffer);
}

Value view(ImplicitLocOpBuilder &b, Value buffer,
           ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
           unsigned dropped) {
  SmallVector<OpFoldResult> strides(offsets.size(), b.getIndexAttr(1));
  SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes.drop_front(dropped))
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  MemRefType type = memref::SubViewOp::inferRankReducedResultType(
      shape, cast<MemRefType>(buffer.getType()), offsets, sizes, strides);
  return memref::SubViewOp::create(b, type, buffer, offsets, sizes, strides);
}

/// Extents of a buffer from dimension `first` on.
static void appendExtents(ImplicitLocOpBuilder &b, Value buffer, int64_t first,
                          SmallVectorImpl<OpFoldResult> &sizes) {
  for (int64_t dim = first; dim < cast<MemRefType>(buffer.getType()).getRank();
       ++dim)
    sizes.push_back(memref::getMixedSize(b, b.getLoc(), buffer, dim));
}

Value firstEntries(ImplicitLocOpBuilder &b, Value buffer, Value count) {
  SmallVector<OpFoldResult> sizes = {count};
  appendExtents(b, buffer, 1, sizes);
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
  return view(b, buffer, offsets, sizes);
}

Value entriesOfStep(ImplicitLocOpBuilder &b, Value buffer, Value step,
                    Value count) {
  SmallVector<OpFoldResult> sizes = {b.getIndexAttr(1), count};
  appendExtents(b, buffer, 2, sizes);
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
  offsets[0] = step;
  return view(b, buffer, offsets, sizes, /*dropped=*/1);
}

void writeTensor(ImplicitLocOpBuilder &b, Value tensor, Value buffer) {
  bufferization::MaterializeInDestinationOp::create(b, Type(), tensor, buffer,
                                                    /*restrict=*/true,
                                                    /*writable=*/true);
}

Value readTensor(ImplicitLocOpBuilder &b, Value buffer, bool writable) {
  auto type = cast<MemRefType>(buffer.getType());
  return bufferization::ToTensorOp::create(
      b, RankedTensorType::get(type.getShape(), type.getElementType()), buffer,
      /*restrict=*/true, writable);
}

} // namespace seqc
