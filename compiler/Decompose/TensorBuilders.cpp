//===- TensorBuilders.cpp - Short forms for building tensor IR ------------===//

#include "compiler/Decompose/TensorBuilders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace seqc {

Value floatConstant(ImplicitLocOpBuilder &b, Type type, double value) {
  return arith::ConstantOp::create(b, b.getFloatAttr(type, value));
}

Value convertFloat(ImplicitLocOpBuilder &b, Value value, Type type) {
  if (value.getType() == type)
    return value;
  if (value.getType().getIntOrFloatBitWidth() < type.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(b, type, value);
  return arith::TruncFOp::create(b, type, value);
}

Value indexConstant(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

OpFoldResult extent(ImplicitLocOpBuilder &b, Value tensor, int64_t dim) {
  return tensor::getMixedSize(b, b.getLoc(), tensor, dim);
}

SmallVector<OpFoldResult> extents(ImplicitLocOpBuilder &b, Value tensor) {
  return tensor::getMixedSizes(b, b.getLoc(), tensor);
}

Value asValue(ImplicitLocOpBuilder &b, OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(b, b.getLoc(), size);
}

Value emptyTensor(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes,
                  Type element) {
  return tensor::EmptyOp::create(b, sizes, element);
}

Value filledTensor(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes,
                   Value value) {
  Value empty = emptyTensor(b, sizes, value.getType());
  return linalg::FillOp::create(b, value, empty).getResult(0);
}

Value zeroTensor(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes,
                 Type element) {
  return filledTensor(b, sizes, floatConstant(b, element, 0.0));
}

Value castTo(ImplicitLocOpBuilder &b, Value value, Type type) {
  return value.getType() == type ? value
                                 : tensor::CastOp::create(b, type, value);
}

Value slice(ImplicitLocOpBuilder &b, Value source,
            ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
            ArrayRef<int64_t> dropped) {
  SmallVector<OpFoldResult> strides(offsets.size(), b.getIndexAttr(1));
  SmallVector<int64_t> shape;
  for (auto [dim, size] : llvm::enumerate(sizes))
    if (!llvm::is_contained(dropped, static_cast<int64_t>(dim)))
      shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  auto type =
      RankedTensorType::get(shape, getElementTypeOrSelf(source.getType()));
  return tensor::ExtractSliceOp::create(b, type, source, offsets, sizes,
                                        strides);
}

Value rowRange(ImplicitLocOpBuilder &b, Value source, int64_t begin,
               int64_t count) {
  if (begin == 0 &&
      count == cast<RankedTensorType>(source.getType()).getDimSize(0))
    return source;
  auto concat = source.getDefiningOp<tensor::ConcatOp>();
  if (concat && concat.getDim() == 0) {
    int64_t first = 0;
    for (Value input : concat.getInputs()) {
      int64_t size = cast<RankedTensorType>(input.getType()).getDimSize(0);
      if (ShapedType::isDynamic(size))
        break;
      if (begin >= first && begin + count <= first + size)
        return rowRange(b, input, begin - first, count);
      first += size;
    }
  }
  SmallVector<OpFoldResult> sizes = extents(b, source);
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
  offsets[0] = b.getIndexAttr(begin);
  sizes[0] = b.getIndexAttr(count);
  return slice(b, source, offsets, sizes);
}

Value transpose(ImplicitLocOpBuilder &b, Value source,
                ArrayRef<int64_t> permutation,
                ArrayRef<OpFoldResult> sourceSizes) {
  SmallVector<OpFoldResult> sizes;
  for (int64_t dim : permutation)
    sizes.push_back(sourceSizes.empty() ? extent(b, source, dim)
                                        : sourceSizes[dim]);
  Value empty = emptyTensor(b, sizes, getElementTypeOrSelf(source.getType()));
  return linalg::TransposeOp::create(b, source, empty, permutation)
      ->getResult(0);
}

SmallVector<Value> generic(ImplicitLocOpBuilder &b, ValueRange ins,
                           ValueRange outs, ArrayRef<AffineMap> maps,
                           ArrayRef<utils::IteratorType> iterators,
                           ScalarBody body) {
  auto op = linalg::GenericOp::create(
      b, TypeRange(outs), ins, outs, maps, iterators,
      [&](OpBuilder &inner, Location loc, ValueRange args) {
        ImplicitLocOpBuilder scalar(loc, inner);
        linalg::YieldOp::create(scalar, body(scalar, args));
      });
  return llvm::to_vector_of<Value>(op.getResults());
}

SmallVector<Value> elementwise(ImplicitLocOpBuilder &b, ValueRange ins,
                               ValueRange outs, ScalarBody body) {
  AffineMap full = b.getMultiDimIdentityMap(2);
  AffineMap column = AffineMap::get(2, 0, b.getAffineDimExpr(1));
  AffineMap one = AffineMap::get(2, 0, b.getContext());
  SmallVector<AffineMap> maps;
  for (Value in : ins) {
    int64_t rank = cast<RankedTensorType>(in.getType()).getRank();
    maps.push_back(rank == 0 ? one : rank == 1 ? column : full);
  }
  maps.append(outs.size(), full);
  SmallVector<utils::IteratorType> iterators(2, utils::IteratorType::parallel);
  return generic(b, ins, outs, maps, iterators, body);
}

Value productTransposed(ImplicitLocOpBuilder &b, Value rows, Value weight,
                        Value init) {
  return linalg::MatmulTransposeBOp::create(
             b, b.getLoc(), TypeRange{init.getType()}, ValueRange{rows, weight},
             ValueRange{init})
      ->getResult(0);
}

} // namespace seqc
