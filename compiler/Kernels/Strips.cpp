//===- Strips.cpp - Sums of a tile in vectors -----------------------------===//

#include "compiler/Kernels/Strips.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace seqc;

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

std::vector<StripSums>
seqc::emitStrips(const ProductTile &tile, int64_t lanes, int64_t width,
                 llvm::function_ref<StripSums(ArrayRef<Strip>)> emit) {
  seq::PackedMatmulOp product = tile.product;
  int64_t perMatrix = llvm::divideCeil(tile.columns, lanes);
  int64_t total = perMatrix * product.getNumMatrices();
  std::vector<StripSums> sums(product.getNumMatrices());
  for (int64_t first = 0; first < total; first += width) {
    SmallVector<Strip> strips;
    for (int64_t s = first; s < std::min(first + width, total); ++s)
      strips.push_back({s / perMatrix, s % perMatrix * lanes});
    for (auto [strip, rows] : llvm::zip_equal(strips, emit(strips)))
      sums[strip.matrix].push_back(std::move(rows));
  }
  return sums;
}

/// The strips of `tile` as one vector [rows, columns].
static Value join(OpBuilder &builder, Location loc, const ProductTile &tile,
                  ArrayRef<SmallVector<Value>> sums) {
  auto strips = cast<VectorType>(sums[0][0].getType());
  auto type =
      VectorType::get({tile.rows, tile.columns}, strips.getElementType());
  int64_t lanes = strips.getDimSize(0);
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
  return result;
}

/// A tensor of the vector `sums`, [rows, columns].
static Value write(OpBuilder &builder, Location loc, Value sums) {
  auto type = cast<VectorType>(sums.getType());
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value out = tensor::EmptyOp::create(builder, loc, type.getShape(),
                                      type.getElementType());
  return vector::TransferWriteOp::create(builder, loc, sums, out,
                                         ValueRange{zero, zero},
                                         ArrayRef<bool>{true, true})
      .getResult();
}

Value seqc::writeStrips(OpBuilder &builder, Location loc,
                        const ProductTile &tile,
                        ArrayRef<SmallVector<Value>> sums) {
  return write(builder, loc, join(builder, loc, tile, sums));
}

Value seqc::joinStrips(OpBuilder &builder, Location loc,
                       const ProductTile &tile,
                       ArrayRef<SmallVector<Value>> sums, Value init) {
  Value result = join(builder, loc, tile, sums);
  Type element = getElementTypeOrSelf(init);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value none =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(element));
  Value before = vector::TransferReadOp::create(
      builder, loc, cast<VectorType>(result.getType()), init,
      ValueRange{zero, zero}, none, ArrayRef<bool>{true, true});
  if (isa<FloatType>(element))
    result = arith::AddFOp::create(builder, loc, before, result);
  else
    result = arith::AddIOp::create(builder, loc, before, result);
  return write(builder, loc, result);
}
