//===- Loops.cpp - Tensors filled by sequential loops ---------------------===//

#include "frontends/Common/Loops.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace seqc::frontend {

/// The loops from dimension at.size() inwards.
static SmallVector<Value> nest(Emitter &e, ArrayRef<OpFoldResult> sizes,
                               SmallVectorImpl<Number> &at, ValueRange carried,
                               LoopFn body) {
  if (at.size() == sizes.size())
    return body(at, carried);
  OpBuilder &builder = e.getBuilder();
  auto loop =
      scf::ForOp::create(builder, e.getLoc(), Number(e, 0),
                         e.toValue(sizes[at.size()]), Number(e, 1), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  at.emplace_back(e, loop.getInductionVar());
  SmallVector<Value> next = nest(e, sizes, at, loop.getRegionIterArgs(), body);
  at.pop_back();
  scf::YieldOp::create(builder, e.getLoc(), next);
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> iterate(Emitter &e, ArrayRef<OpFoldResult> sizes,
                           ArrayRef<Value> carried, LoopFn body) {
  // Bounds stand in front of all loops.
  Extents bounds = llvm::map_to_vector(
      sizes, [&](OpFoldResult size) { return OpFoldResult(e.toValue(size)); });
  SmallVector<Number> at;
  return nest(e, bounds, at, carried, body);
}

SafeIndex makeSafe(Number index, Number size) {
  Number extent(index.scalars(), size.in(index));
  Number i = wrap(index, extent);
  Number inside = (i >= 0) & (i < extent);
  return {clamp(i, 0, extent - 1), inside};
}

bool hasElements(OpFoldResult size) {
  std::optional<int64_t> number = getConstantIntValue(size);
  return number && *number > 0;
}

Number loadUnlessEmpty(Emitter &e, Tensor tensor, ArrayRef<Number> position) {
  Extents sizes = e.extents(tensor);
  if (llvm::all_of(sizes, hasElements))
    return load(e, tensor, position);
  Value zero = e.scalars().constant(tensor.type, 0);
  auto choice = scf::IfOp::create(
      e.getBuilder(), e.getLoc(), Number(e, e.product(sizes)) != 0,
      [&](OpBuilder &b, Location loc) {
        scf::YieldOp::create(b, loc, Value(load(e, tensor, position)));
      },
      [&](OpBuilder &b, Location loc) { scf::YieldOp::create(b, loc, zero); });
  return {e, tensor.type, choice.getResult(0)};
}

Value insert(Emitter &e, Value value, Value tensor, ArrayRef<Number> position) {
  Number index(e.scalars(), Value());
  return tensor::InsertOp::create(
      e.getBuilder(), e.getLoc(), value, tensor,
      llvm::map_to_vector(position,
                          [&](const Number &i) { return i.in(index); }));
}

Number powerOfTwo(Number exponent) {
  Scalars s = exponent.scalars();
  return {s, s.op<arith::ShLIOp>(s.index(1), Value(exponent))};
}

Number countDoublings(Emitter &e, OpFoldResult size) {
  if (std::optional<int64_t> n = getConstantIntValue(size))
    return {e, *n > 1 ? int64_t(llvm::Log2_64_Ceil(*n)) : 0};
  Number bound(e, size);
  return {e, iterate(e, {Number(e, 62)}, {Number(e, 0)},
                     [&](ArrayRef<Number> at, ValueRange carried) {
                       Number so(e, carried[0]);
                       return SmallVector<Value>{
                           select(powerOfTwo(at[0]) < bound, so + 1, so)};
                     })[0]};
}

Tensor takeAt(Emitter &e, Tensor tensor, int64_t dim, Value position) {
  OpBuilder &builder = e.getBuilder();
  Extents sizes = e.extents(tensor);
  Extents offsets(sizes.size(), e.fixed(0));
  Extents strides(sizes.size(), e.fixed(1));
  offsets[dim] = e.simplify({OpFoldResult(position)})[0];
  sizes[dim] = e.fixed(1);
  Extents rest(sizes);
  rest.erase(rest.begin() + dim);
  Value result = tensor::ExtractSliceOp::create(
      builder, e.getLoc(), e.typeOf(rest, tensor.type), tensor.value, offsets,
      sizes, strides);
  return e.withExtents(result, tensor.type, rest);
}

/// `into` with `part`, of the extents `sizes`, at `offsets`, where it fits.
static Tensor writeAt(Emitter &e, Tensor part, Tensor into,
                      ArrayRef<OpFoldResult> offsets,
                      ArrayRef<OpFoldResult> sizes) {
  Extents whole = e.extents(into), strides(whole.size(), Number(e, 1));
  Value result =
      tensor::InsertSliceOp::create(e.getBuilder(), e.getLoc(), part.value,
                                    into.value, offsets, sizes, strides);
  return e.withExtents(result, into.type, whole);
}

Tensor putAt(Emitter &e, Tensor part, Tensor into, int64_t dim,
             Value position) {
  Extents sizes = e.extents(part);
  part = e.castShape(part, Emitter::shapeOf(sizes));
  sizes.insert(sizes.begin() + dim, Number(e, 1));
  Extents offsets(sizes.size(), Number(e, 0));
  offsets[dim] = Number(e, position);
  return writeAt(e, part, into, offsets, sizes);
}

Tensor overwrite(Emitter &e, Tensor part, Tensor into) {
  Extents sizes = e.extents(into);
  part = e.castShape(part, Emitter::shapeOf(sizes));
  return writeAt(e, part, into, Extents(sizes.size(), Number(e, 0)), sizes);
}

Tensor insert(Emitter &e, Number value, Tensor into,
              ArrayRef<Number> position) {
  Value stored = value.as(into.type);
  return detail::retype(e, into, insert(e, stored, into.value, position));
}

std::pair<Tensor, Number>
sortIndices(Emitter &e, Tensor space,
            llvm::function_ref<Number(Number, Number)> isBefore) {
  OpFoldResult size = e.extent(space, 1);
  Number n(e, size), zero(e, 0);
  // Runs, which double until one has all indices, are merged from one row into
  // the other.
  Number passes = countDoublings(e, size);
  auto merge = [&](ArrayRef<Number> at, Tensor order, Number left,
                   Number right) {
    Number from = at[0] % 2, width = powerOfTwo(at[0]), pair = width + width;
    Number inPair = at[1] % pair, begin = at[1] - inPair;
    Number middle = min(begin + width, n), end = min(begin + pair, n);
    Number isNew = inPair == 0;
    left = select(isNew, begin, left);
    right = select(isNew, middle, right);
    Number first = load(e, order, {from, min(left, n - 1)}),
           second = load(e, order, {from, min(right, n - 1)});
    Number takesRight =
        (right < end) &
        ((left >= middle) | isBefore(second.toIndex(), first.toIndex()));
    return std::tuple(
        insert(e, select(takesRight, second, first), order, {1 - from, at[1]}),
        select(takesRight, left, left + 1),
        select(takesRight, right + 1, right));
  };
  Tensor order = fold(e, {size}, space, [&](ArrayRef<Number> at, Tensor o) {
    return insert(e, at[0], o, {0, at[0]});
  });
  order =
      std::get<0>(fold(e, {passes, n}, std::tuple(order, zero, zero), merge));
  return {order, passes % 2};
}

Tensor accumulate(Emitter &e, ArrayRef<Tensor> inputs, ArrayRef<AffineMap> maps,
                  ArrayRef<OpFoldResult> sizes, Number init,
                  llvm::function_ref<Number(Number, Number)> next) {
  SmallVector<Value> operands = llvm::map_to_vector(
      inputs, [](const Tensor &input) { return input.value; });
  Value filled = e.fill(init.getType(), sizes, Value(init)).value;
  DataType type = inputs[0].type;
  Operation *op =
      e.generic(operands, filled, maps,
                [&](Scalars &, ValueRange values) -> SmallVector<Value> {
                  Number element(e, type, values.front()),
                      so(e, init.getType(), values.back());
                  return {next(element.as(getComputeType(type)), so)};
                });
  return e.withExtents(op->getResult(0), init.getType(), sizes);
}

Number loopIndex(Emitter &e, int64_t loop) {
  Scalars s = e.scalars();
  return {s, s.op<linalg::IndexOp>(loop)};
}

SmallVector<Number> unflatten(Number flat, ArrayRef<Number> sizes) {
  SmallVector<Number> at(sizes.size(), flat);
  for (size_t d = sizes.size(); d-- > 1;) {
    Number extent = max(sizes[d], 1);
    at[d] = at[0] % extent;
    at[0] = at[0] / extent;
  }
  return at;
}

Number flatten(ArrayRef<Number> at, ArrayRef<Number> sizes) {
  Number flat = at[0];
  for (auto [i, size] : llvm::zip_equal(at.drop_front(), sizes.drop_front()))
    flat = flat * size + i;
  return flat;
}

Extents aroundAxis(Emitter &e, ArrayRef<OpFoldResult> sizes, Number axis) {
  Extents outer, inner;
  Number length(e, 1);
  for (int64_t d = 0, rank = sizes.size(); d < rank; ++d) {
    Number own(e, sizes[d]), dim(e, d);
    outer.push_back(select(dim < axis, own, 1));
    inner.push_back(select(dim > axis, own, 1));
    length = select(dim == axis, own, length);
  }
  return {e.product(outer), length, e.product(inner)};
}

} // namespace seqc::frontend
