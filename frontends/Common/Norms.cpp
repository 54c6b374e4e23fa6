//===- Norms.cpp - Softmax and normalisation ------------------------------===//

#include "frontends/Common/Norms.h"

#include "frontends/Common/Numbers.h"

using namespace llvm;

namespace seqc::frontend {

using mlir::Value;

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
  return e.convert(e.withExtents(y, x.type, e.extents(x)), result);
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
  Tensor z = e.withExtents(y, given, e.extents(x));
  if (isInside)
    return e.convert(z, result);
  // What broadcasts lies along the channels, or along the last dimensions.
  auto align = [&](Tensor t) {
    if (norm.kind == seq::NormKind::Group) {
      Extents sizes(x.getRank() - norm.axis, Number(e, 1));
      sizes[0] = e.extent(t, 0);
      t = e.reshape(t, sizes);
    }
    return e.convert(t, compute);
  };
  if (scale)
    z = map(e, compute, {z, align(scale)},
            [](Number v, Number factor) { return v * factor; });
  if (bias)
    z = add(e, z, align(bias));
  return e.convert(z, result);
}

//===----------------------------------------------------------------------===//
// Moments
//===----------------------------------------------------------------------===//

Tensor getMean(Emitter &e, Tensor x, ArrayRef<int64_t> dims, bool keep) {
  DataType type = getComputeType(x.type);
  Extents counted =
      map_to_vector(dims, [&](int64_t d) { return e.extent(x, d); });
  Value count = Number(e, e.product(counted)).as(type);
  return map(e, type, {e.reduce(x, dims, Combine::Sum, keep)},
             [&](Number sum) { return sum / count; });
}

Tensor getMeanSquare(Emitter &e, Tensor x, ArrayRef<int64_t> dims) {
  DataType type = getComputeType(x.type);
  return getMean(e, map(e, type, {x}, [](Number v) { return v * v; }), dims);
}

Moments getMoments(Emitter &e, Tensor x, ArrayRef<int64_t> dims) {
  Tensor mean = getMean(e, x, dims);
  // In two passes: the difference of the mean of squares and the square of the
  // mean cancels.
  Tensor centred = map(e, getComputeType(x.type), {x, mean},
                       [](Number v, Number m) { return v - m; });
  return {mean, getMeanSquare(e, centred, dims)};
}

Tensor invertRoot(Emitter &e, Tensor x, float epsilon) {
  return map(e, getComputeType(x.type), {x},
             [&](Number v) { return 1 / sqrt(v + epsilon); });
}

} // namespace seqc::frontend
