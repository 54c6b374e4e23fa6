//===- Strips.cpp - Sums of a tile in vectors -----------------------------===//

#include "compiler/Kernels/Strips.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

SmallVector<Value> seqc::makeRows(OpBuilder &builder, Location loc,
                                  const ProductTile &tile) {
  AffineExpr r;
  bindSymbols(builder.getContext(), r);
  SmallVector<Value> rows;
  for (int64_t row = 0; row < tile.rows; ++row)
    rows.push_back(getValueOrCreateConstantIndexOp(
        builder, loc,
        affine::makeComposedFoldedAffineApply(builder, loc, r + row,
                                              {tile.row})));
  return rows;
}

Value seqc::joinStrips(OpBuilder &builder, Location loc,
                       const ProductTile &tile,
                       ArrayRef<SmallVector<Value>> sums, Value init) {
  Type element = getElementTypeOrSelf(init);
  auto type = VectorType::get({tile.rows, tile.columns}, element);
  int64_t lanes = cast<VectorType>(sums[0][0].getType()).getDimSize(0);
  Value result = ub::PoisonOp::create(builder, loc, type);
  for (int64_t r = 0; r < tile.rows; ++r)
    for (auto [s, strip] : llvm::enumerate(sums)) {
      int64_t first = static_cast<int64_t>(s) * lanes;
      int64_t living = std::min(lanes, tile.columns - first);
      Value part = strip[r];
      if (living < lanes)
        part = vector::ExtractStridedSliceOp::create(
            builder, loc, part, ArrayRef<int64_t>{0}, ArrayRef<int64_t>{living},
            ArrayRef<int64_t>{1});
      result = vector::InsertStridedSliceOp::create(builder, loc, part, result,
                                                    ArrayRef<int64_t>{r, first},
                                                    ArrayRef<int64_t>{1});
    }
  const bool inside[] = {true, true};
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value none =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(element));
  Value before = vector::TransferReadOp::create(
      builder, loc, type, init, ValueRange{zero, zero}, none, inside);
  if (isa<FloatType>(element))
    result = arith::AddFOp::create(builder, loc, before, result);
  else
    result = arith::AddIOp::create(builder, loc, before, result);
  Value out = tensor::EmptyOp::create(
      builder, loc, ArrayRef<int64_t>{tile.rows, tile.columns}, element);
  return vector::TransferWriteOp::create(builder, loc, result, out,
                                         ValueRange{zero, zero}, inside)
      .getResult();
}
