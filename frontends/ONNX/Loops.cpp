//===- Loops.cpp - Tensors filled by sequential loops ---------------------===//

#include "frontends/ONNX/Loops.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace seqc::onnx {

/// The loops from dimension at.size() inwards.
static SmallVector<Value> nest(Emitter &e, ArrayRef<Value> bounds,
                               SmallVectorImpl<Value> &at, ValueRange carried,
                               LoopFn body) {
  Scalars s = e.scalars();
  if (at.size() == bounds.size())
    return body(s, at, carried);
  OpBuilder &builder = e.getBuilder();
  auto loop = scf::ForOp::create(builder, e.getLoc(), s.index(0),
                                 bounds[at.size()], s.index(1), carried);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    at.push_back(loop.getInductionVar());
    SmallVector<Value> next =
        nest(e, bounds, at, loop.getRegionIterArgs(), body);
    at.pop_back();
    scf::YieldOp::create(builder, e.getLoc(), next);
  }
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> iterate(Emitter &e, ArrayRef<OpFoldResult> sizes,
                           ArrayRef<Value> carried, LoopFn body) {
  SmallVector<Value> bounds, at;
  for (OpFoldResult size : sizes)
    bounds.push_back(e.toValue(size));
  return nest(e, bounds, at, carried, body);
}

SafeIndex makeSafe(Scalars &s, Value index, Value extent) {
  Value i = s.wrapIndex(index, extent);
  Value inside =
      s.logicalAnd(s.compareIndex(arith::CmpIPredicate::sge, i, s.index(0)),
                   s.compareIndex(arith::CmpIPredicate::slt, i, extent));
  Value last = s.subIndex(extent, s.index(1));
  return {s.maxIndex(s.minIndex(i, last), s.index(0)), inside};
}

bool hasElements(OpFoldResult size) {
  std::optional<int64_t> number = getConstantIntValue(size);
  return number && *number > 0;
}

Value loadUnlessEmpty(Emitter &e, Tensor tensor, ValueRange position) {
  Extents sizes = e.extents(tensor);
  if (llvm::all_of(sizes, hasElements))
    return e.load(tensor, position);
  Scalars s = e.scalars();
  Value zero = s.constant(tensor.type, 0);
  Value some = s.compareIndex(arith::CmpIPredicate::ne,
                              e.toValue(e.product(sizes)), s.index(0));
  OpBuilder &builder = e.getBuilder();
  auto choice = scf::IfOp::create(builder, e.getLoc(), zero.getType(), some,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(builder, e.getLoc(), e.load(tensor, position));
  builder.setInsertionPointToStart(choice.elseBlock());
  scf::YieldOp::create(builder, e.getLoc(), zero);
  return choice.getResult(0);
}

Value insert(Emitter &e, Value value, Value tensor, ValueRange position) {
  return tensor::InsertOp::create(e.getBuilder(), e.getLoc(), value, tensor,
                                  position);
}

/// The shape of a type with these extents.
static SmallVector<int64_t> constantsOf(ArrayRef<OpFoldResult> sizes) {
  SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes)
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  return shape;
}

Tensor takeAt(Emitter &e, Tensor tensor, int64_t dim, Value position) {
  OpBuilder &builder = e.getBuilder();
  Extents sizes = e.extents(tensor);
  Extents offsets(sizes.size(), builder.getIndexAttr(0));
  Extents strides(sizes.size(), builder.getIndexAttr(1));
  offsets[dim] = e.simplify({OpFoldResult(position)})[0];
  sizes[dim] = builder.getIndexAttr(1);
  Extents rest(sizes);
  rest.erase(rest.begin() + dim);
  auto type = RankedTensorType::get(constantsOf(rest),
                                    tensor.getType().getElementType());
  Value result = tensor::ExtractSliceOp::create(
      builder, e.getLoc(), type, tensor.value, offsets, sizes, strides);
  e.setExtents(result, rest);
  return {result, tensor.type};
}

Tensor putAt(Emitter &e, Tensor part, Tensor into, int64_t dim,
             Value position) {
  OpBuilder &builder = e.getBuilder();
  Extents whole = e.extents(into), sizes = e.extents(part);
  part = e.castShape(part, constantsOf(sizes));
  sizes.insert(sizes.begin() + dim, builder.getIndexAttr(1));
  Extents offsets(sizes.size(), builder.getIndexAttr(0));
  Extents strides(sizes.size(), builder.getIndexAttr(1));
  offsets[dim] = e.simplify({OpFoldResult(position)})[0];
  Value result = tensor::InsertSliceOp::create(
      builder, e.getLoc(), part.value, into.value, offsets, sizes, strides);
  e.setExtents(result, whole);
  return {result, into.type};
}

Tensor overwrite(Emitter &e, Tensor part, Tensor into) {
  OpBuilder &builder = e.getBuilder();
  Extents sizes = e.extents(into);
  part = e.castShape(part, constantsOf(sizes));
  Extents offsets(sizes.size(), builder.getIndexAttr(0));
  Extents strides(sizes.size(), builder.getIndexAttr(1));
  Value result = tensor::InsertSliceOp::create(
      builder, e.getLoc(), part.value, into.value, offsets, sizes, strides);
  e.setExtents(result, sizes);
  return {result, into.type};
}

} // namespace seqc::onnx
