//===- Folds.cpp - Loops whose values keep their types --------------------===//

#include "frontends/Common/Folds.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace llvm;

namespace seqc::frontend {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

Tensor insert(Emitter &e, Number value, Tensor into,
              ArrayRef<Number> position) {
  Value stored = value.as(into.type);
  return detail::retype(e, into, insert(e, stored, into.value, position));
}

Tensor accumulate(Emitter &e, ArrayRef<Tensor> inputs,
                  ArrayRef<mlir::AffineMap> maps, ArrayRef<OpFoldResult> sizes,
                  Number init, function_ref<Number(Number, Number)> next) {
  SmallVector<Value> operands =
      map_to_vector(inputs, [](const Tensor &input) { return input.value; });
  Value filled =
      mlir::linalg::FillOp::create(e.getBuilder(), e.getLoc(), Value(init),
                                   e.empty(sizes, init.getType()))
          .getResult(0);
  DataType type = inputs[0].type;
  mlir::Operation *op =
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
  return {s, s.op<mlir::linalg::IndexOp>(loop)};
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
  for (auto [i, size] : zip_equal(at.drop_front(), sizes.drop_front()))
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
