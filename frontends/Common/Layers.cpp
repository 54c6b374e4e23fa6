//===- Layers.cpp - What layers of descriptions are made of ---------------===//

#include "frontends/Common/Layers.h"
#include "frontends/Common/Activations.h"
#include "frontends/Common/Norms.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;

namespace seqc::frontend {

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

/// The grouping that makes all of the first `rank - 1` dimensions one.
static SmallVector<ReassociationIndices> rowGroups(int64_t rank) {
  auto rows = llvm::to_vector<2>(llvm::seq<int64_t>(0, rank - 1));
  return {rows, {rank - 1}};
}

/// `[a, b, ..., F]` as `[a*b*..., F]`.
static Tensor flattenRows(Emitter &e, Tensor tensor) {
  int64_t rank = tensor.getRank();
  if (rank < 3)
    return rank == 1 ? e.unsqueeze(tensor, 0) : tensor;
  return {tensor::CollapseShapeOp::create(e.getBuilder(), e.getLoc(),
                                          tensor.value, rowGroups(rank)),
          tensor.type};
}

/// Undoes flattenRows(): the first dimension as `leading`.
static Tensor unflattenRows(Emitter &e, Tensor rows,
                            ArrayRef<OpFoldResult> leading) {
  if (leading.empty())
    return e.squeeze(rows, 0);
  if (leading.size() == 1)
    return rows;
  Extents sizes = e.simplify(leading);
  sizes.push_back(e.extent(rows, 1));
  Value value = tensor::ExpandShapeOp::create(
      e.getBuilder(), e.getLoc(), e.typeOf(sizes, rows.type), rows.value,
      rowGroups(sizes.size()), sizes);
  return e.withExtents(value, rows.type, sizes);
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
  return e.withExtents(value, tensor.type, sizes);
}

Tensor joinFeatures(Emitter &e, Tensor x) {
  int64_t dim = x.getRank() - 3;
  if (x.getShape()[dim] == 1)
    return e.squeeze(x, dim);
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, x.getRank()));
  std::swap(axes[dim], axes[dim + 1]);
  Tensor sideBySide = e.transpose(x, axes);
  Extents sizes = e.extents(sideBySide);
  OpFoldResult features = sizes.pop_back_val();
  sizes.back() = e.product({sizes.back(), features});
  return e.reshape(sideBySide, sizes);
}

Tensor concat(Emitter &e, ArrayRef<Tensor> tensors, int64_t dim) {
  if (tensors.size() == 1)
    return tensors.front();
  SmallVector<Value> values =
      llvm::map_to_vector(tensors, [](Tensor tensor) { return tensor.value; });
  Tensor joined{
      tensor::ConcatOp::create(e.getBuilder(), e.getLoc(), dim, values),
      tensors.front().type};
  Extents sizes = e.extents(tensors.front());
  sizes[dim] = e.extent(joined, dim);
  return e.withExtents(joined.value, joined.type, sizes);
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
  return unflattenRows(e, e.withExtents(product, x.type, sizes), leading);
}

Tensor scale(Emitter &e, Tensor x, double factor) {
  return map(e, x.type, {x, e.scalar(x.type, factor)},
             [](Number a, Number b) { return a * b; });
}

Tensor argmaxLast(Emitter &e, Tensor x) {
  Extents sizes = e.extents(x);
  int64_t last = sizes.size() - 1;
  sizes.pop_back();
  Value inits[] = {e.fill(x.type, sizes, -kInfinity).value,
                   e.fill(DataType::Int32, sizes, 0).value};
  AffineMap all = e.getBuilder().getMultiDimIdentityMap(last + 1);
  AffineMap row = all.dropResult(last);
  auto op =
      e.generic(x.value, inits, {all, row, row}, [&](Scalars &s, ValueRange v) {
        Value here = linalg::IndexOp::create(s.getBuilder(), s.getLoc(), last);
        Value better = s.compare(Compare::Greater, x.type, v[0], v[1]);
        Value id = s.fromIndex(DataType::Int32, here);
        return SmallVector<Value>{s.select(better, v[0], v[1]),
                                  s.select(better, id, v[2])};
      });
  return e.withExtents(op->getResult(1), DataType::Int32, sizes);
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// Functions of one element that are no activations.
static constexpr struct {
  StringLiteral name;
  Number (*apply)(Number);
} kFunctions[] = {{"exp", [](Number x) { return exp(x); }},
                  {"log", [](Number x) { return log(x); }},
                  {"sqrt", [](Number x) { return sqrt(x); }},
                  {"abs", [](Number x) { return abs(x); }}};

Tensor applyFunction(Emitter &e, StringRef function, Tensor x) {
  if (function == "softmax")
    return softmax(e, x, {x.getRank() - 1}, x.type);
  for (const auto &known : kFunctions)
    if (known.name == function)
      return map(e, x.type, {x}, known.apply);
  return activate(e,
                  *findActivation(llvm::convertToCamelFromSnakeCase(
                      function, /*capitalizeFirst=*/true)),
                  x);
}

} // namespace seqc::frontend
