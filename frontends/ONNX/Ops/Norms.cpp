//===- Norms.cpp - Softmax and normalisation ------------------------------===//

#include "frontends/ONNX/Ops/Norms.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

Tensor toOperand(Emitter &e, Tensor x) {
  return isa<mlir::FloatType>(x.getType().getElementType())
             ? x
             : e.convert(x, getComputeType(x.type));
}

/// The type in which an op of the seq dialect can give a result of type `type`.
static DataType toResult(Emitter &e, DataType type) {
  return isa<mlir::FloatType>(e.storage(type)) ? type : getComputeType(type);
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

Tensor softmax(Emitter &e, Tensor x, ArrayRef<int64_t> dims, DataType result,
               bool log) {
  // Rounded once, in the end.
  if (result != x.type)
    x = e.convert(x, getComputeType(x.type));
  x = toOperand(e, x);
  Value y = seq::SoftmaxOp::create(e.getBuilder(), e.getLoc(), x.getType(),
                                   x.value, dims, log);
  e.setExtents(y, e.extents(x));
  return e.convert({y, x.type}, result);
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

/// Whether `t` has exactly the extents of the dimensions of `x` from `axis` on
/// that scale and bias of a norm have.
static bool isAffine(Emitter &e, const Norm &norm, Tensor x, Tensor t) {
  int64_t rank =
      norm.kind == seq::NormKind::Group ? 1 : x.getRank() - norm.axis;
  if (t.getRank() != rank)
    return false;
  for (int64_t dim = 0; dim < rank; ++dim)
    if (!Emitter::isSame(e.extent(t, dim), e.extent(x, norm.axis + dim)))
      return false;
  return true;
}

Tensor normalize(Emitter &e, const Norm &norm, Tensor x, Tensor scale,
                 Tensor bias, DataType result) {
  x = toOperand(e, x);
  bool isInside = true;
  for (Tensor t : {scale, bias})
    isInside &= !t || isAffine(e, norm, x, t);
  auto operand = [&](Tensor t) {
    return t && isInside ? toOperand(e, t).value : Value();
  };
  DataType compute = getComputeType(x.type),
           given = isInside ? toResult(e, result) : compute;
  mlir::OpBuilder &b = e.getBuilder();
  auto type = mlir::RankedTensorType::get(x.getShape(), e.storage(given));
  Value y = seq::NormOp::create(b, e.getLoc(), type, norm.kind, x.value,
                                operand(scale), operand(bias), norm.axis,
                                norm.groups, APFloat(norm.epsilon));
  e.setExtents(y, e.extents(x));
  if (isInside)
    return e.convert({y, given}, result);
  // What broadcasts lies along the channels, or along the last dimensions.
  SmallVector<Tensor> inputs = {{y, given}};
  for (Tensor t : {scale, bias}) {
    if (!t)
      continue;
    if (norm.kind == seq::NormKind::Group) {
      Extents sizes(x.getRank() - norm.axis, b.getIndexAttr(1));
      sizes[0] = e.extent(t, 0);
      t = e.reshape(t, sizes);
    }
    inputs.push_back(e.convert(t, compute));
  }
  Tensor affine = e.elementwise(compute, inputs, [&](Scalars &s, ValueRange v) {
    Value z = v[0];
    if (scale)
      z = s.mul(compute, z, v[1]);
    return bias ? s.add(compute, z, v.back()) : z;
  });
  return e.convert(affine, result);
}

//===----------------------------------------------------------------------===//
// Moments
//===----------------------------------------------------------------------===//

/// The sum along `dims` divided by their number of elements.
static Tensor average(Emitter &e, Tensor x, ArrayRef<int64_t> dims) {
  DataType type = getComputeType(x.type);
  Extents counted;
  for (int64_t d : dims)
    counted.push_back(e.extent(x, d));
  OpFoldResult count = e.product(counted);
  Tensor sum = e.reduce(x, dims, Combine::Sum, /*keep=*/true);
  if (std::optional<int64_t> fixed = mlir::getConstantIntValue(count))
    return e.elementwise(type, {sum}, [&](Scalars &s, ValueRange in) {
      return s.div(type, in[0], s.constant(type, *fixed));
    });
  Scalars outer = e.scalars();
  Value number =
      outer.convert(DataType::Int64, type,
                    outer.fromIndex(DataType::Int64, e.toValue(count)));
  return e.elementwise(type, {sum}, [&](Scalars &s, ValueRange in) {
    return s.div(type, in[0], number);
  });
}

Tensor getMeanSquare(Emitter &e, Tensor x, ArrayRef<int64_t> dims) {
  DataType type = getComputeType(x.type);
  Tensor squares = e.elementwise(type, {x}, [&](Scalars &s, ValueRange in) {
    return s.mul(type, in[0], in[0]);
  });
  return average(e, squares, dims);
}

Moments getMoments(Emitter &e, Tensor x, ArrayRef<int64_t> dims) {
  DataType type = getComputeType(x.type);
  Tensor mean = average(e, x, dims);
  // In two passes: the difference of the mean of squares and the square of the
  // mean cancels.
  Tensor centred =
      e.elementwise(type, {x, mean}, [&](Scalars &s, ValueRange in) {
        return s.sub(type, in[0], in[1]);
      });
  return {mean, getMeanSquare(e, centred, dims)};
}

Tensor invertRoot(Emitter &e, Tensor x, float epsilon) {
  DataType type = getComputeType(x.type);
  return e.elementwise(type, {x}, [&](Scalars &s, ValueRange in) {
    Value sum = s.add(type, in[0], s.constant(type, epsilon));
    return s.div(type, s.constant(type, 1), s.sqrt(sum));
  });
}

} // namespace seqc::onnx
