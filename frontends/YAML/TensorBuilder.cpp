//===- TensorBuilder.cpp - Tensor expressions in the import form ----------===//

#include "frontends/YAML/TensorBuilder.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace seqc::yaml {

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

RankedTensorType TensorBuilder::f32Type(ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, builder.getF32Type());
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

Value TensorBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value TensorBuilder::toValue(OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(builder, loc, size);
}

OpFoldResult TensorBuilder::dim(Value tensor, int64_t dim) {
  RankedTensorType type = typeOf(tensor);
  if (!type.isDynamicDim(dim))
    return builder.getIndexAttr(type.getDimSize(dim));
  return tensor::DimOp::create(builder, loc, tensor, dim).getResult();
}

SmallVector<OpFoldResult> TensorBuilder::dims(Value tensor) {
  SmallVector<OpFoldResult> sizes;
  for (int64_t i = 0, e = typeOf(tensor).getRank(); i < e; ++i)
    sizes.push_back(dim(tensor, i));
  return sizes;
}

Value TensorBuilder::empty(ArrayRef<OpFoldResult> sizes, Type element) {
  return tensor::EmptyOp::create(builder, loc, sizes, element);
}

Value TensorBuilder::transpose(Value tensor, ArrayRef<int64_t> permutation) {
  SmallVector<OpFoldResult> sizes;
  for (int64_t from : permutation)
    sizes.push_back(dim(tensor, from));
  Value init = empty(sizes, typeOf(tensor).getElementType());
  return linalg::TransposeOp::create(builder, loc, tensor, init, permutation)
      ->getResult(0);
}

Value TensorBuilder::collapse(Value tensor,
                              ArrayRef<ReassociationIndices> groups) {
  if (typeOf(tensor).getRank() == static_cast<int64_t>(groups.size()))
    return tensor;
  return tensor::CollapseShapeOp::create(builder, loc, tensor, groups);
}

Value TensorBuilder::expand(Value tensor, ArrayRef<ReassociationIndices> groups,
                            ArrayRef<OpFoldResult> sizes) {
  if (typeOf(tensor).getRank() == static_cast<int64_t>(sizes.size()))
    return tensor;
  SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes)
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  auto type = RankedTensorType::get(shape, typeOf(tensor).getElementType());
  return tensor::ExpandShapeOp::create(builder, loc, type, tensor, groups,
                                       sizes);
}

/// The grouping that joins all but the last of `rank` dimensions.
static SmallVector<ReassociationIndices> rowGroups(int64_t rank) {
  ReassociationIndices rows;
  for (int64_t i = 0; i + 1 < rank; ++i)
    rows.push_back(i);
  return {rows, {rank - 1}};
}

Value TensorBuilder::flattenRows(Value tensor) {
  int64_t rank = typeOf(tensor).getRank();
  return rank == 1 ? unsqueeze(tensor, 0) : collapse(tensor, rowGroups(rank));
}

Value TensorBuilder::unflattenRows(Value rows, Value like) {
  int64_t rank = typeOf(like).getRank();
  if (rank == 1)
    return squeeze(rows, 0);
  SmallVector<OpFoldResult> sizes = dims(like);
  sizes.back() = dim(rows, 1);
  return expand(rows, rowGroups(rank), sizes);
}

Value TensorBuilder::unsqueeze(Value tensor, int64_t dim) {
  SmallVector<OpFoldResult> sizes = dims(tensor);
  int64_t rank = sizes.size();
  sizes.insert(sizes.begin() + dim, builder.getIndexAttr(1));
  SmallVector<ReassociationIndices> groups;
  // The new dimension joins the one after it, or the last one.
  int64_t host = std::min(dim, rank - 1);
  for (int64_t i = 0, next = 0; i < rank; ++i) {
    groups.push_back({next++});
    if (i == host)
      groups.back().push_back(next++);
  }
  return expand(tensor, groups, sizes);
}

Value TensorBuilder::squeeze(Value tensor, int64_t dim) {
  int64_t rank = typeOf(tensor).getRank();
  SmallVector<ReassociationIndices> groups;
  int64_t host = std::min(dim, rank - 2);
  for (int64_t i = 0, next = 0; i < rank - 1; ++i) {
    groups.push_back({next++});
    if (i == host)
      groups.back().push_back(next++);
  }
  return collapse(tensor, groups);
}

Value TensorBuilder::concat(ArrayRef<Value> tensors, int64_t dim) {
  if (tensors.size() == 1)
    return tensors.front();
  return tensor::ConcatOp::create(builder, loc, dim, ValueRange(tensors));
}

Value TensorBuilder::slice(Value tensor, int64_t dim, int64_t begin,
                           int64_t size) {
  if (begin == 0 && typeOf(tensor).getDimSize(dim) == size)
    return tensor;
  SmallVector<OpFoldResult> sizes = dims(tensor);
  SmallVector<OpFoldResult> offsets(sizes.size(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(sizes.size(), builder.getIndexAttr(1));
  offsets[dim] = builder.getIndexAttr(begin);
  sizes[dim] = builder.getIndexAttr(size);
  return tensor::ExtractSliceOp::create(builder, loc, tensor, offsets, sizes,
                                        strides);
}

Value TensorBuilder::broadcast(Value tensor, ArrayRef<OpFoldResult> sizes,
                               ArrayRef<int64_t> added) {
  Value init = empty(sizes, typeOf(tensor).getElementType());
  return linalg::BroadcastOp::create(builder, loc, tensor, init, added)
      ->getResult(0);
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

Value TensorBuilder::constant(double value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getF32FloatAttr(value));
}

Value TensorBuilder::fill(ArrayRef<OpFoldResult> sizes, double value) {
  Value init = empty(sizes, builder.getF32Type());
  return linalg::FillOp::create(builder, loc, constant(value), init)
      .getResult(0);
}

Value TensorBuilder::fillInteger(ArrayRef<OpFoldResult> sizes, int32_t value) {
  Value scalar =
      arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(value));
  Value init = empty(sizes, builder.getI32Type());
  return linalg::FillOp::create(builder, loc, scalar, init).getResult(0);
}

Value TensorBuilder::fillLike(Value like, double value) {
  RankedTensorType type = typeOf(like);
  if (type.hasStaticShape())
    return arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(type, static_cast<float>(value)));
  return fill(dims(like), value);
}

Value TensorBuilder::add(Value a, Value b) {
  return arith::AddFOp::create(builder, loc, a, b);
}
Value TensorBuilder::sub(Value a, Value b) {
  return arith::SubFOp::create(builder, loc, a, b);
}
Value TensorBuilder::mul(Value a, Value b) {
  return arith::MulFOp::create(builder, loc, a, b);
}
Value TensorBuilder::div(Value a, Value b) {
  return arith::DivFOp::create(builder, loc, a, b);
}

Value TensorBuilder::apply(StringRef function, Value x) {
  auto max = [&](Value a, Value b) -> Value {
    return arith::MaximumFOp::create(builder, loc, a, b);
  };
  auto exp = [&](Value a) -> Value {
    return math::ExpOp::create(builder, loc, a);
  };
  auto abs = [&](Value a) -> Value {
    return math::AbsFOp::create(builder, loc, a);
  };
  auto negate = [&](Value a) -> Value {
    return arith::NegFOp::create(builder, loc, a);
  };
  if (function == "sigmoid") {
    Value one = fillLike(x, 1);
    return div(one, add(one, exp(negate(x))));
  }
  if (function == "tanh")
    return math::TanhOp::create(builder, loc, x);
  if (function == "relu")
    return max(x, fillLike(x, 0));
  if (function == "exp")
    return exp(x);
  if (function == "log")
    return math::LogOp::create(builder, loc, x);
  if (function == "sqrt")
    return math::SqrtOp::create(builder, loc, x);
  if (function == "abs")
    return abs(x);
  if (function == "softplus") {
    // max(x, 0) + log(1 + exp(-|x|)) does not overflow.
    Value tail = math::LogOp::create(builder, loc,
                                     add(fillLike(x, 1), exp(negate(abs(x)))));
    return add(max(x, fillLike(x, 0)), tail);
  }
  if (function == "softsign")
    return div(x, add(fillLike(x, 1), abs(x)));
  if (function == "elu") {
    // exp sees no positive argument, so that the branch not taken cannot
    // overflow.
    Value zero = fillLike(x, 0);
    Value low = arith::MinimumFOp::create(builder, loc, x, zero);
    return add(max(x, zero), sub(exp(low), fillLike(x, 1)));
  }
  if (function == "leaky_relu") {
    Value zero = fillLike(x, 0);
    Value low = arith::MinimumFOp::create(builder, loc, x, zero);
    return add(max(x, zero), mul(low, fillLike(x, 0.01)));
  }
  if (function == "gelu") {
    Value erf =
        math::ErfOp::create(builder, loc, mul(x, fillLike(x, std::sqrt(0.5))));
    return mul(mul(x, fillLike(x, 0.5)), add(fillLike(x, 1), erf));
  }
  if (function == "softmax")
    return seq::SoftmaxOp::create(builder, loc, x.getType(), x,
                                  ArrayRef<int64_t>{typeOf(x).getRank() - 1},
                                  /*log=*/false);
  return {};
}

Value TensorBuilder::reduceLast(Value x, Reduction reduction) {
  SmallVector<OpFoldResult> sizes = dims(x);
  sizes.pop_back();
  return reduce(x, sizes.size(), reduction, sizes);
}

Value TensorBuilder::reduce(Value x, int64_t dimension, Reduction reduction,
                            ArrayRef<OpFoldResult> sizes) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  double start = reduction == Reduction::Max   ? -inf
                 : reduction == Reduction::Min ? inf
                                               : 0;
  Value init = fill(sizes, start);
  Value share;
  if (reduction == Reduction::Mean)
    share = constant(1.0 / typeOf(x).getDimSize(dimension));
  auto combine = [&](OpBuilder &b, Location loc, ValueRange args) {
    Value result;
    if (reduction == Reduction::Max)
      result = arith::MaximumFOp::create(b, loc, args[0], args[1]);
    else if (reduction == Reduction::Min)
      result = arith::MinimumFOp::create(b, loc, args[0], args[1]);
    else
      result = arith::AddFOp::create(
          b, loc,
          share ? arith::MulFOp::create(b, loc, args[0], share) : args[0],
          args[1]);
    linalg::YieldOp::create(b, loc, result);
  };
  return linalg::ReduceOp::create(builder, loc, x, init,
                                  ArrayRef<int64_t>{dimension}, combine)
      ->getResult(0);
}

Value TensorBuilder::argmaxRows(Value rows) {
  SmallVector<OpFoldResult> sizes = {dim(rows, 0)};
  Value best = fill(sizes, -std::numeric_limits<double>::infinity());
  Value where = fillInteger(sizes, 0);
  MLIRContext *context = builder.getContext();
  AffineMap all = AffineMap::getMultiDimIdentityMap(2, context);
  AffineMap row = AffineMap::get(2, 0, builder.getAffineDimExpr(0));
  auto generic = linalg::GenericOp::create(
      builder, loc, TypeRange{best.getType(), where.getType()},
      ValueRange{rows}, ValueRange{best, where},
      ArrayRef<AffineMap>{all, row, row},
      ArrayRef<utils::IteratorType>{utils::IteratorType::parallel,
                                    utils::IteratorType::reduction},
      [](OpBuilder &b, Location loc, ValueRange args) {
        Value column = linalg::IndexOp::create(b, loc, 1);
        Value id = arith::IndexCastOp::create(b, loc, b.getI32Type(), column);
        Value better = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT,
                                             args[0], args[1]);
        Value top = arith::SelectOp::create(b, loc, better, args[0], args[1]);
        Value topId = arith::SelectOp::create(b, loc, better, id, args[2]);
        linalg::YieldOp::create(b, loc, ValueRange{top, topId});
      });
  return generic.getResult(1);
}

//===----------------------------------------------------------------------===//
// Products, gathers, pooling
//===----------------------------------------------------------------------===//

Value TensorBuilder::linear(Value rows, Value weight, Value bias) {
  SmallVector<OpFoldResult> sizes = {dim(rows, 0), dim(weight, 0)};
  Value init = bias ? broadcast(bias, sizes, {0}) : fill(sizes, 0);
  return linalg::MatmulTransposeBOp::create(
             builder, loc, TypeRange{init.getType()}, ValueRange{rows, weight},
             ValueRange{init})
      ->getResult(0);
}

Value TensorBuilder::linearLast(Value x, Value weight, Value bias) {
  return unflattenRows(linear(flattenRows(x), weight, bias), x);
}

Value TensorBuilder::gatherRows(Value table, Value ids) {
  SmallVector<OpFoldResult> sizes = dims(ids);
  sizes.push_back(dim(table, 1));
  Value init = empty(sizes, typeOf(table).getElementType());
  int64_t rank = sizes.size();
  AffineMap all = AffineMap::getMultiDimIdentityMap(rank, builder.getContext());
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, loc, TypeRange{init.getType()}, ValueRange{ids},
      ValueRange{init}, ArrayRef<AffineMap>{all.dropResult(rank - 1), all},
      loops, [&](OpBuilder &b, Location loc, ValueRange args) {
        Value row =
            arith::IndexCastOp::create(b, loc, b.getIndexType(), args[0]);
        Value column = linalg::IndexOp::create(b, loc, rank - 1);
        Value element =
            tensor::ExtractOp::create(b, loc, table, ValueRange{row, column});
        linalg::YieldOp::create(b, loc, element);
      });
  return generic.getResult(0);
}

Value TensorBuilder::poolSteps(Value x, Value lengths, Reduction reduction) {
  OpFoldResult batch = dim(x, 0), steps = dim(x, 1), features = dim(x, 2);
  SmallVector<OpFoldResult> sizes = {batch, features};
  if (!lengths) {
    Value cast = arith::IndexCastOp::create(builder, loc, builder.getI32Type(),
                                            toValue(steps));
    Value init = empty({batch}, builder.getI32Type());
    lengths = linalg::FillOp::create(builder, loc, cast, init).getResult(0);
  }
  bool isMax = reduction == Reduction::Max;
  double none = isMax ? -std::numeric_limits<double>::infinity() : 0;
  Value init = fill(sizes, none);
  MLIRContext *context = builder.getContext();
  AffineExpr b = builder.getAffineDimExpr(0), f = builder.getAffineDimExpr(1),
             t = builder.getAffineDimExpr(2);
  auto map = [&](ArrayRef<AffineExpr> results) {
    return AffineMap::get(3, 0, results, context);
  };
  auto pooled = linalg::GenericOp::create(
      builder, loc, TypeRange{init.getType()}, ValueRange{x, lengths},
      ValueRange{init},
      ArrayRef<AffineMap>{map({b, t, f}), map({b}), map({b, f})},
      ArrayRef<utils::IteratorType>{utils::IteratorType::parallel,
                                    utils::IteratorType::parallel,
                                    utils::IteratorType::reduction},
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value step = linalg::IndexOp::create(b, loc, 2);
        Value at = arith::IndexCastOp::create(b, loc, b.getI32Type(), step);
        Value lives = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                            at, args[1]);
        Value next =
            isMax ? Value(arith::MaximumFOp::create(b, loc, args[2], args[0]))
                  : Value(arith::AddFOp::create(b, loc, args[2], args[0]));
        Value result = arith::SelectOp::create(b, loc, lives, next, args[2]);
        linalg::YieldOp::create(b, loc, result);
      });
  if (reduction == Reduction::Sum)
    return pooled.getResult(0);

  // Finish per row: divide by the count, and give zeros where no step lives.
  AffineMap row = AffineMap::get(2, 0, builder.getAffineDimExpr(0));
  AffineMap all = AffineMap::getMultiDimIdentityMap(2, context);
  Value result = empty(sizes, builder.getF32Type());
  auto finished = linalg::GenericOp::create(
      builder, loc, TypeRange{result.getType()},
      ValueRange{pooled.getResult(0), lengths}, ValueRange{result},
      ArrayRef<AffineMap>{all, row, all},
      SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value zero = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0));
        Value lives = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt,
                                            args[1], zero);
        Value nothing = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
        Value value = args[0];
        if (reduction == Reduction::Mean) {
          Value count =
              arith::SIToFPOp::create(b, loc, b.getF32Type(), args[1]);
          value = arith::DivFOp::create(b, loc, value, count);
        }
        Value yielded = arith::SelectOp::create(b, loc, lives, value, nothing);
        linalg::YieldOp::create(b, loc, yielded);
      });
  return finished.getResult(0);
}

Value TensorBuilder::outerStep(Value x, Value lengths, bool first) {
  SmallVector<OpFoldResult> sizes = {dim(x, 0), dim(x, 2)};
  if (!lengths) {
    Value steps = arith::IndexCastOp::create(builder, loc, builder.getI32Type(),
                                             toValue(dim(x, 1)));
    Value init = empty({sizes[0]}, builder.getI32Type());
    lengths = linalg::FillOp::create(builder, loc, steps, init).getResult(0);
  }
  Value init = empty(sizes, builder.getF32Type());
  AffineMap row = AffineMap::get(2, 0, builder.getAffineDimExpr(0));
  AffineMap all = AffineMap::getMultiDimIdentityMap(2, builder.getContext());
  auto generic = linalg::GenericOp::create(
      builder, loc, TypeRange{init.getType()}, ValueRange{lengths},
      ValueRange{init}, ArrayRef<AffineMap>{row, all},
      SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value zero = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0));
        Value one = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(1));
        Value at =
            first ? zero : Value(arith::SubIOp::create(b, loc, args[0], one));
        Value step = arith::IndexCastOp::create(b, loc, b.getIndexType(), at);
        Value batch = linalg::IndexOp::create(b, loc, 0);
        Value feature = linalg::IndexOp::create(b, loc, 1);
        Value lives = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt,
                                            args[0], zero);
        // A branch rather than a selection: without steps there is no element
        // to read.
        auto element = scf::IfOp::create(
            b, loc, lives,
            [&](OpBuilder &b, Location loc) {
              Value read = tensor::ExtractOp::create(
                  b, loc, x, ValueRange{batch, step, feature});
              scf::YieldOp::create(b, loc, read);
            },
            [&](OpBuilder &b, Location loc) {
              Value nothing =
                  arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
              scf::YieldOp::create(b, loc, nothing);
            });
        linalg::YieldOp::create(b, loc, element.getResult(0));
      });
  return generic.getResult(0);
}

} // namespace seqc::yaml
