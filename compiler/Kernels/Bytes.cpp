//===- Bytes.cpp - Tiles of products of bytes -----------------------------===//

#include "compiler/Kernels/Bytes.h"
#include "compiler/Kernels/Strips.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace seqc {
namespace {

/// Writes the body of one tile.
class ByteTile {
public:
  ByteTile(OpBuilder &builder, Location loc, const ProductTile &tile,
           const ByteSteps &steps)
      : b(builder), loc(loc), tile(tile), steps(steps), product(tile.product),
        i8(b.getI8Type()), i32(b.getI32Type()) {}

  SmallVector<Value> run() {
    panel = getValueOrCreateConstantIndexOp(b, loc, tile.panel);
    zero = arith::ConstantIndexOp::create(b, loc, 0);
    rows = makeRows(b, loc, tile);
    nothing = arith::ConstantOp::create(b, loc, b.getZeroAttr(i8));
    std::vector<StripSums> done =
        emitStrips(tile, steps.lanes, steps.strips,
                   [&](ArrayRef<Strip> strips) { return emitDepth(strips); });
    SmallVector<Value> results;
    for (auto [sums, init] : llvm::zip_equal(done, tile.inits))
      results.push_back(joinStrips(b, loc, tile, sums, init));
    return results;
  }

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }

  /// The loop over the depth for some strips; gives the sums of each row of
  /// each.
  StripSums emitDepth(ArrayRef<Strip> strips) {
    auto sumType = VectorType::get({steps.lanes}, i32);
    size_t count = strips.size() * tile.rows * steps.sums;
    Value none = arith::ConstantOp::create(b, loc, b.getZeroAttr(sumType));
    auto loop =
        scf::ForOp::create(b, loc, zero, index(product.getDepth() / kByteUnit),
                           index(1), SmallVector<Value>(count, none));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      SmallVector<Value> sums(loop.getRegionIterArgs());
      emitStep(strips, loop.getInductionVar(), sums);
      scf::YieldOp::create(b, loc, sums);
    }
    StripSums results(strips.size());
    SmallVector<Value> all(loop.getResults());
    for (size_t s = 0; s < strips.size(); ++s)
      for (int64_t r = 0; r < tile.rows; ++r)
        results[s].push_back(steps.finish(
            b, loc,
            ArrayRef(all).slice((s * tile.rows + r) * steps.sums, steps.sums)));
    return results;
  }

  /// Four bytes of the depth: `sums` is [strip][row][sum].
  void emitStep(ArrayRef<Strip> strips, Value group,
                MutableArrayRef<Value> sums) {
    SmallVector<Value> left;
    Value depth = arith::MulIOp::create(b, loc, group, index(kByteUnit));
    for (Value row : rows)
      left.push_back(steps.spread(
          b, loc, steps, read(product.getLhs(), {row, depth}, kByteUnit)));
    for (auto [s, strip] : llvm::enumerate(strips)) {
      Value bytes = read(
          product.getPanels(),
          {panel, group, index(strip.matrix), index(strip.column * kByteUnit)},
          steps.lanes * kByteUnit);
      for (int64_t r = 0; r < tile.rows; ++r)
        steps.step(b, loc, steps, left[r], bytes,
                   sums.slice((s * tile.rows + r) * steps.sums, steps.sums));
    }
  }

  Value read(Value tensor, ArrayRef<Value> at, int64_t count) {
    return vector::TransferReadOp::create(b, loc, VectorType::get({count}, i8),
                                          tensor, at, nothing,
                                          ArrayRef<bool>{true});
  }

  OpBuilder &b;
  Location loc;
  const ProductTile &tile;
  const ByteSteps &steps;
  seq::PackedMatmulOp product;
  Type i8, i32;
  Value panel, zero, nothing;
  SmallVector<Value> rows;
};

} // namespace

SmallVector<Value> emitBytes(OpBuilder &builder, Location loc,
                             const ProductTile &tile, const ByteSteps &steps) {
  return ByteTile(builder, loc, tile, steps).run();
}

Value callIntrinsic(OpBuilder &builder, Location loc, StringRef name,
                    Type result, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(builder, loc, result,
                                       builder.getStringAttr(name), operands)
      .getResult(0);
}

/// Spreads four bytes over vector<2 * lanes x i16>.
static Value spreadWords(OpBuilder &builder, Location loc,
                         const ByteSteps &steps, Value bytes) {
  int64_t lanes = steps.lanes;
  Type i16 = builder.getI16Type(), i64 = builder.getI64Type();
  Value words = arith::ExtUIOp::create(
      builder, loc, VectorType::get({kByteUnit}, i16), bytes);
  Value one =
      vector::BitCastOp::create(builder, loc, VectorType::get({1}, i64), words);
  Value all = vector::BroadcastOp::create(
      builder, loc, VectorType::get({lanes * 2 / kByteUnit}, i64),
      vector::ExtractOp::create(builder, loc, one, 0).getResult());
  return vector::BitCastOp::create(builder, loc,
                                   VectorType::get({lanes * 2}, i16), all);
}

/// Adds to two sums what the intrinsic makes of each half of the panel.
static void stepWords(OpBuilder &builder, Location loc, const ByteSteps &steps,
                      Value left, Value panel, MutableArrayRef<Value> sums) {
  auto wide = cast<VectorType>(left.getType());
  int64_t half = wide.getDimSize(0);
  for (auto [h, sum] : llvm::enumerate(sums)) {
    Value part = vector::ExtractStridedSliceOp::create(
        builder, loc, panel, ArrayRef<int64_t>{static_cast<int64_t>(h) * half},
        ArrayRef<int64_t>{half}, ArrayRef<int64_t>{1});
    Value words = arith::ExtSIOp::create(builder, loc, wide, part);
    Value products = callIntrinsic(builder, loc, steps.intrinsic, sum.getType(),
                                   {left, words});
    sum = arith::AddIOp::create(builder, loc, sum, products);
  }
}

/// Adds neighbours of two sums.
static Value finishWords(OpBuilder &builder, Location loc,
                         ArrayRef<Value> sums) {
  int64_t lanes = cast<VectorType>(sums[0].getType()).getDimSize(0);
  SmallVector<int64_t> even, odd;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    even.push_back(2 * lane);
    odd.push_back(2 * lane + 1);
  }
  return arith::AddIOp::create(
      builder, loc,
      vector::ShuffleOp::create(builder, loc, sums[0], sums[1], even),
      vector::ShuffleOp::create(builder, loc, sums[0], sums[1], odd));
}

ByteSteps wordSteps(int64_t lanes, llvm::StringLiteral intrinsic) {
  return {lanes,       /*sums=*/2, /*strips=*/2, intrinsic,
          spreadWords, stepWords,  finishWords};
}

} // namespace seqc
