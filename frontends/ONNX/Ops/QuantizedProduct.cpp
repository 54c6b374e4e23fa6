//===- QuantizedProduct.cpp - Products of bytes ---------------------------===//

#include "frontends/ONNX/Ops/QuantizedProduct.h"

#include "dialect/Seq/IR/SeqOps.h"
#include "frontends/ONNX/Ops/Products.h"
#include "frontends/ONNX/Ops/QuantizedElement.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;

static bool isByte(DataType type) {
  return type == DataType::Int8 || type == DataType::UInt8;
}

bool isProductOfRows(QuantizedSide a, QuantizedSide b) {
  if (!isByte(a.numbers.type) || !isByte(b.numbers.type) ||
      a.numbers.getRank() < 1 || b.numbers.getRank() != 2)
    return false;
  if (a.zero && !isOne(a.zero) &&
      !(a.zero.getRank() == 1 && a.numbers.getRank() == 2))
    return false;
  return !b.zero || isOne(b.zero) || b.zero.getRank() == 1;
}

/// The zero point of one side, which has `count` of them if it has several.
static FailureOr<Value> prepareZero(Emitter &e, QuantizedSide side,
                                    OpFoldResult count) {
  if (!side.zero)
    return Value();
  if (isOne(side.zero))
    return e.reshape(side.zero, {}).value;
  if (!e.requireEqual(e.extent(side.zero, 0), count,
                      "the number of zero points"))
    return failure();
  return side.zero.value;
}

FailureOr<Tensor> multiplyRows(Node &node, QuantizedSide a, QuantizedSide b,
                               bool turned) {
  Emitter &e = node.getEmitter();
  Extents sizes = e.extents(a.numbers);
  unsigned dim = turned ? 1 : 0;
  OpFoldResult depth = e.extent(b.numbers, dim);
  if (!e.requireEqual(sizes.back(), depth, "the depth of the first factor"))
    return failure();
  Extents lead(sizes.begin(), sizes.end() - 1);
  Tensor rows = e.reshape(a.numbers, {e.product(lead), sizes.back()});
  // Weights are packed where the number of summands is static.
  int64_t known = b.numbers.getShape()[dim];
  if (!mlir::ShapedType::isDynamic(known))
    rows = e.castShape(rows, {rows.getShape()[0], known});
  OpFoldResult m = e.extent(rows, 0), n = e.extent(b.numbers, 1 - dim);
  FailureOr<Value> zeroA = prepareZero(e, a, m), zeroB = prepareZero(e, b, n);
  if (failed(zeroA) || failed(zeroB))
    return failure();
  auto type = mlir::RankedTensorType::get(
      {rows.getShape()[0], b.numbers.getShape()[1 - dim]},
      e.storage(DataType::Int32));
  Value product = seq::QuantizedMatmulOp::create(
      e.getBuilder(), e.getLoc(), type, rows.value, b.numbers.value, *zeroA,
      *zeroB, /*lhs_signed=*/a.numbers.type == DataType::Int8,
      /*rhs_signed=*/b.numbers.type == DataType::Int8, /*transposed=*/!turned);
  return e.withExtents(product, DataType::Int32, {m, n});
}

Tensor restoreRows(Emitter &e, Tensor rows, Tensor a) {
  Extents sizes = e.extents(a);
  sizes.back() = e.extent(rows, 1);
  return e.reshape(rows, sizes);
}

FailureOr<Tensor> multiplyScaled(Node &node, QuantizedSide a, QuantizedSide b,
                                 Tensor scaleA, Tensor scaleB, Tensor bias) {
  Emitter &e = node.getEmitter();
  bool isRows = isProductOfRows(a, b);
  FailureOr<Tensor> product =
      isRows ? multiplyRows(node, a, b)
             : matmul(node, subtractZeroPoint(e, a.numbers, a.zero),
                      subtractZeroPoint(e, b.numbers, b.zero));
  if (failed(product))
    return failure();
  SmallVector<Tensor> inputs = {*product, scaleA, scaleB};
  if (bias)
    inputs.push_back(bias);
  for (Tensor &given : inputs)
    if (given.type != DataType::Int32)
      given = e.convert(given, DataType::Float);
  // What belongs to columns is the same for rows of any shape.
  bool isFlat = all_of(ArrayRef(inputs).drop_front(),
                       [](Tensor given) { return given.getRank() <= 1; });
  if (isRows && !isFlat)
    inputs[0] = restoreRows(e, inputs[0], a.numbers);
  Tensor y = map(e, DataType::Float, inputs, [](ArrayRef<Number> v) {
    Number scaled = v[0].as(DataType::Float) * (v[1] * v[2]);
    return v.size() > 3 ? scaled + v[3] : scaled;
  });
  return isRows && isFlat ? restoreRows(e, y, a.numbers) : y;
}

} // namespace seqc::onnx
