//===- Layers.cpp - What layers of descriptions are made of ---------------===//

#include "frontends/Common/Layers.h"

#include "dialect/Seq/IR/SeqOps.h"
#include "frontends/Common/Numbers.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace seqc::frontend {

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

Tensor withExtents(Emitter &e, Value value, DataType type,
                   ArrayRef<OpFoldResult> sizes) {
  e.setExtents(value, sizes);
  return {value, type};
}

/// The grouping that makes all of the first `rank - 1` dimensions one.
static SmallVector<ReassociationIndices> rowGroups(int64_t rank) {
  auto rows = llvm::to_vector<2>(llvm::seq<int64_t>(0, rank - 1));
  return {rows, {rank - 1}};
}

Tensor flattenRows(Emitter &e, Tensor tensor) {
  int64_t rank = tensor.getRank();
  if (rank < 3)
    return rank == 1 ? e.unsqueeze(tensor, 0) : tensor;
  return {tensor::CollapseShapeOp::create(e.getBuilder(), e.getLoc(),
                                          tensor.value, rowGroups(rank)),
          tensor.type};
}

Tensor unflattenRows(Emitter &e, Tensor rows, ArrayRef<OpFoldResult> leading) {
  if (leading.empty())
    return e.squeeze(rows, 0);
  if (leading.size() == 1)
    return rows;
  Extents sizes = e.simplify(leading);
  sizes.push_back(e.extent(rows, 1));
  auto type = RankedTensorType::get(shapeOf(sizes), e.storage(rows.type));
  Value value =
      tensor::ExpandShapeOp::create(e.getBuilder(), e.getLoc(), type,
                                    rows.value, rowGroups(sizes.size()), sizes);
  return withExtents(e, value, rows.type, sizes);
}

Tensor repeatTo(Emitter &e, Tensor tensor, ArrayRef<OpFoldResult> goal) {
  Extents sizes = e.simplify(goal), from = e.extents(tensor), kept;
  SmallVector<int64_t> added;
  size_t missing = sizes.size() - from.size();
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (d < missing || (getConstantIntValue(from[d - missing]) == 1 &&
                        getConstantIntValue(sizes[d]) != 1))
      added.push_back(d);
    else
      kept.push_back(from[d - missing]);
  }
  if (added.empty())
    return tensor;
  Value source = e.reshape(tensor, kept).value;
  Value init = e.empty(sizes, tensor.type);
  Value value = linalg::BroadcastOp::create(e.getBuilder(), e.getLoc(), source,
                                            init, added)
                    ->getResult(0);
  return withExtents(e, value, tensor.type, sizes);
}

Tensor concat(Emitter &e, ArrayRef<Tensor> tensors, int64_t dim) {
  if (tensors.size() == 1)
    return tensors.front();
  SmallVector<Value> values;
  for (Tensor tensor : tensors)
    values.push_back(tensor.value);
  Tensor joined{
      tensor::ConcatOp::create(e.getBuilder(), e.getLoc(), dim, values),
      tensors.front().type};
  Extents sizes = e.extents(tensors.front());
  sizes[dim] = e.extent(joined, dim);
  return withExtents(e, joined.value, joined.type, sizes);
}

//===----------------------------------------------------------------------===//
// Products, look-ups
//===----------------------------------------------------------------------===//

Tensor linear(Emitter &e, Tensor x, Tensor weight, Tensor bias) {
  Extents leading = e.extents(x);
  leading.pop_back();
  Tensor rows = flattenRows(e, x);
  Extents sizes = {e.extent(rows, 0), e.extent(weight, 0)};
  Tensor init = bias ? repeatTo(e, bias, sizes) : e.fill(x.type, sizes, 0);
  Value product =
      linalg::MatmulTransposeBOp::create(
          e.getBuilder(), e.getLoc(), TypeRange{init.value.getType()},
          ValueRange{rows.value, weight.value}, ValueRange{init.value})
          ->getResult(0);
  return unflattenRows(e, withExtents(e, product, x.type, sizes), leading);
}

Tensor argmaxLast(Emitter &e, Tensor x) {
  OpBuilder &b = e.getBuilder();
  Extents sizes = e.extents(x);
  int64_t rank = sizes.size();
  sizes.pop_back();
  Value best =
      e.fill(x.type, sizes, -std::numeric_limits<double>::infinity()).value;
  Value where = e.fill(DataType::Int32, sizes, 0).value;
  AffineMap all = b.getMultiDimIdentityMap(rank);
  AffineMap row = all.dropResult(rank - 1);
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  loops.back() = utils::IteratorType::reduction;
  auto op = linalg::GenericOp::create(
      b, e.getLoc(), TypeRange{best.getType(), where.getType()},
      ValueRange{x.value}, ValueRange{best, where},
      ArrayRef<AffineMap>{all, row, row}, loops,
      [&](OpBuilder &nested, Location loc, ValueRange v) {
        Scalars s(nested, loc);
        Value here = linalg::IndexOp::create(nested, loc, rank - 1);
        Value better = s.compare(Compare::Greater, x.type, v[0], v[1]);
        Value id = s.fromIndex(DataType::Int32, here);
        linalg::YieldOp::create(nested, loc,
                                ValueRange{s.select(better, v[0], v[1]),
                                           s.select(better, id, v[2])});
      });
  return withExtents(e, op.getResult(1), DataType::Int32, sizes);
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// A function of one element.
static Number applyToElement(StringRef function, Number x) {
  // exp of it cannot overflow.
  auto low = [&] { return min(x, 0); };
  auto high = [&] { return max(x, 0); };
  if (function == "sigmoid")
    return sigmoid(x);
  if (function == "tanh")
    return tanh(x);
  if (function == "relu")
    return high();
  if (function == "exp")
    return exp(x);
  if (function == "log")
    return log(x);
  if (function == "sqrt")
    return sqrt(x);
  if (function == "abs")
    return abs(x);
  if (function == "softplus")
    return high() + log(1 + exp(-abs(x)));
  if (function == "softsign")
    return x / (1 + abs(x));
  if (function == "elu")
    return high() + (exp(low()) - 1);
  if (function == "leaky_relu")
    return high() + low() * 0.01;
  assert(function == "gelu" && "names are checked before");
  return x * 0.5 * (1 + (x * std::sqrt(0.5)).apply<math::ErfOp>());
}

Tensor applyFunction(Emitter &e, StringRef function, Tensor x) {
  if (function != "softmax")
    return map(e, x.type, {x},
               [&](Number v) { return applyToElement(function, v); });
  Value y =
      seq::SoftmaxOp::create(e.getBuilder(), e.getLoc(), x.value.getType(),
                             x.value, ArrayRef<int64_t>{x.getRank() - 1},
                             /*log=*/false);
  return withExtents(e, y, x.type, e.extents(x));
}

} // namespace seqc::frontend
