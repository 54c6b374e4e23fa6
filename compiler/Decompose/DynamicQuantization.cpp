//===- DynamicQuantization.cpp - Rounding to bytes by range ---------------===//

#include "compiler/Decompose/DynamicQuantization.h"

#include "compiler/Decompose/TensorBuilders.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace seqc {

using utils::IteratorType;

int64_t ByteMatrix::getNumColumns() const {
  return cast<RankedTensorType>(bytes.getType()).getDimSize(transposed ? 1 : 0);
}

/// The part of `source` that begins at `begin` in direction `direction`, without
/// dimension 0; sizes of -1 are whole.
static Value takePart(ImplicitLocOpBuilder &b, Value source, int64_t direction,
                      ArrayRef<int64_t> begin, ArrayRef<int64_t> sizes) {
  SmallVector<OpFoldResult> offsets{b.getIndexAttr(direction)},
      all = extents(b, source);
  all[0] = b.getIndexAttr(1);
  for (auto [d, from, size] : llvm::enumerate(begin, sizes)) {
    offsets.push_back(b.getIndexAttr(from));
    if (size >= 0)
      all[d + 1] = b.getIndexAttr(size);
  }
  return slice(b, source, offsets, all, {0});
}

SmallVector<ByteMatrix> takeByteGates(ImplicitLocOpBuilder &b,
                                      const ByteMatrix &all, int64_t direction,
                                      int64_t count) {
  Value stored;
  if (auto transpose = all.bytes.getDefiningOp<linalg::TransposeOp>())
    if (transpose.getPermutation() == ArrayRef<int64_t>{0, 2, 1})
      stored = transpose.getInput();
  int64_t size =
      cast<RankedTensorType>(all.bytes.getType()).getDimSize(1) / count;
  // One number for the direction, or one for each row of the gate.
  auto parameter = [&](Value given, int64_t gate) -> Value {
    SplatElementsAttr splat;
    auto type = cast<RankedTensorType>(given.getType());
    auto one = RankedTensorType::get({}, type.getElementType());
    if (matchPattern(given, m_Constant(&splat)))
      return arith::ConstantOp::create(b, splat.resizeSplat(one));
    if (type.getDimSize(1) > 1)
      return takePart(b, given, direction, gate * size, size);
    return tensor::CollapseShapeOp::create(b, one,
                                           takePart(b, given, direction, 0, 1),
                                           ArrayRef<ReassociationIndices>{});
  };
  SmallVector<ByteMatrix> gates;
  for (int64_t gate = 0; gate < count; ++gate) {
    ByteMatrix matrix = all;
    matrix.transposed = static_cast<bool>(stored);
    matrix.bytes =
        stored
            ? takePart(b, stored, direction, {0, gate * size}, {-1, size})
            : takePart(b, all.bytes, direction, {gate * size, 0}, {size, -1});
    matrix.scale = parameter(all.scale, gate);
    if (all.zero)
      matrix.zero = parameter(all.zero, gate);
    gates.push_back(matrix);
  }
  return gates;
}

/// An operation on two f32 as f32 rounds it, wherever it is evaluated: what is
/// rounded to an integer afterwards hangs on the last bit.
template <typename OpTy>
static Value rounded(ImplicitLocOpBuilder &b, Value x, Value y) {
  Type wide = b.getF64Type();
  Value result = OpTy::create(b, arith::ExtFOp::create(b, wide, x),
                              arith::ExtFOp::create(b, wide, y));
  return arith::TruncFOp::create(b, b.getF32Type(), result);
}

/// A float rounded to an unsigned byte; NaN becomes 0.
static Value toByte(ImplicitLocOpBuilder &b, Value x) {
  x = arith::MaxNumFOp::create(b, x, floatConstant(b, x.getType(), 0));
  x = arith::MinNumFOp::create(b, x, floatConstant(b, x.getType(), 255));
  Value number = arith::FPToSIOp::create(b, b.getI32Type(), x);
  return arith::TruncIOp::create(b, b.getI8Type(), number);
}

QuantizedTensor quantizeByRange(ImplicitLocOpBuilder &b, Value tensor) {
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  Type f32 = b.getF32Type();
  AffineMap all = b.getMultiDimIdentityMap(rank);
  AffineMap none = AffineMap::get(rank, 0, b.getContext());
  Value nothing = filledTensor(b, {}, floatConstant(b, f32, 0));
  auto reduce = [&](auto combine) {
    return generic(
        b, tensor, nothing, {all, none},
        SmallVector<IteratorType>(rank, IteratorType::reduction),
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          return {combine(b, v[0], v[1])};
        })[0];
  };
  Value low = reduce([](ImplicitLocOpBuilder &b, Value x, Value y) -> Value {
    return arith::MinimumFOp::create(b, x, y);
  });
  Value high = reduce([](ImplicitLocOpBuilder &b, Value x, Value y) -> Value {
    return arith::MaximumFOp::create(b, x, y);
  });

  AffineMap one = AffineMap::get(0, 0, b.getContext());
  QuantizedTensor result;
  result.scale = generic(
      b, {high, low}, emptyTensor(b, {}, f32), {one, one, one}, {},
      [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
        Value range = rounded<arith::SubFOp>(b, v[0], v[1]);
        Value scale =
            rounded<arith::DivFOp>(b, range, floatConstant(b, f32, 255));
        Value isEmpty = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                              range, floatConstant(b, f32, 0));
        return {arith::SelectOp::create(b, isEmpty, floatConstant(b, f32, 1),
                                        scale)};
      })[0];
  result.zero =
      generic(b, {low, result.scale}, emptyTensor(b, {}, b.getI8Type()),
              {one, one, one}, {},
              [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
                Value zero = rounded<arith::DivFOp>(
                    b, arith::NegFOp::create(b, v[0]), v[1]);
                return {toByte(b, math::RoundEvenOp::create(b, zero))};
              })[0];
  result.bytes = generic(
      b, {tensor, result.scale, result.zero},
      emptyTensor(b, extents(b, tensor), b.getI8Type()), {all, none, none, all},
      SmallVector<IteratorType>(rank, IteratorType::parallel),
      [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
        Value x =
            math::RoundEvenOp::create(b, rounded<arith::DivFOp>(b, v[0], v[1]));
        Value zero = arith::UIToFPOp::create(b, f32, v[2]);
        return {toByte(b, arith::AddFOp::create(b, x, zero))};
      })[0];
  return result;
}

Value multiplyQuantized(ImplicitLocOpBuilder &b, const QuantizedTensor &rows,
                        const ByteMatrix &matrix, Value init) {
  auto rowsType = cast<RankedTensorType>(rows.bytes.getType());
  int64_t columns = matrix.getNumColumns();
  Value sums = seq::QuantizedMatmulOp::create(
      b,
      RankedTensorType::get({rowsType.getDimSize(0), columns}, b.getI32Type()),
      rows.bytes, matrix.bytes, rows.zero, matrix.zero, /*lhs_signed=*/false,
      matrix.isSigned, matrix.transposed);
  SmallVector<Value> inputs{sums, rows.scale, matrix.scale};
  if (init)
    inputs.push_back(init);
  Value out = emptyTensor(
      b, {extent(b, rows.bytes, 0), b.getIndexAttr(columns)}, b.getF32Type());
  return elementwise(
      b, inputs, out,
      [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
        Value y = arith::SIToFPOp::create(b, b.getF32Type(), v[0]);
        y = arith::MulFOp::create(b, y, arith::MulFOp::create(b, v[1], v[2]));
        if (init)
          y = arith::AddFOp::create(b, y, v[3]);
        return {y};
      })[0];
}

} // namespace seqc
