//===- Halves.cpp - Tiles of products with weights of bf16 ----------------===//

#include "compiler/Kernels/Halves.h"
#include "compiler/Kernels/Strips.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace seqc {
namespace {

/// Strips side by side, which share what is read of the rows.
constexpr int64_t kMostStrips = 4;

/// Writes the body of one tile.
class HalfTile {
public:
  HalfTile(OpBuilder &builder, Location loc, const ProductTile &tile,
           const HalfSteps &steps)
      : b(builder), loc(loc), tile(tile), steps(steps), product(tile.product),
        floats(VectorType::get({steps.lanes}, b.getF32Type())),
        words(VectorType::get({steps.lanes}, b.getI32Type())) {}

  SmallVector<Value> run() {
    panel = getValueOrCreateConstantIndexOp(b, loc, tile.panel);
    rows = makeRows(b, loc, tile);
    nothing = arith::ConstantOp::create(b, loc, b.getZeroAttr(b.getBF16Type()));
    int64_t width = std::clamp(steps.sums / tile.rows, int64_t(1), kMostStrips);
    std::vector<StripSums> done =
        emitStrips(tile, steps.lanes, width,
                   [&](ArrayRef<Strip> strips) { return emitDepth(strips); });
    SmallVector<Value> results;
    for (const StripSums &sums : done)
      results.push_back(writeStrips(b, loc, tile, sums));
    return results;
  }

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value splat(VectorType type, Attribute value) {
    return arith::ConstantOp::create(b, loc,
                                     DenseElementsAttr::get(type, value));
  }

  /// The loop over the depth for some strips; gives the sums of each row of
  /// each.
  StripSums emitDepth(ArrayRef<Strip> strips) {
    SmallVector<Value> start;
    for (const Strip &strip : strips)
      for (int64_t r = 0; r < tile.rows; ++r)
        start.push_back(readStart(strip, r));
    auto loop = scf::ForOp::create(b, loc, index(0),
                                   index(product.getDepth() / kHalfUnit),
                                   index(1), start);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      SmallVector<Value> sums(loop.getRegionIterArgs());
      emitStep(strips, loop.getInductionVar(), sums);
      scf::YieldOp::create(b, loc, sums);
    }
    StripSums results(strips.size());
    for (size_t s = 0; s < strips.size(); ++s)
      for (int64_t r = 0; r < tile.rows; ++r)
        results[s].push_back(loop.getResult(s * tile.rows + r));
    return results;
  }

  /// What the products of a strip are added to, in the order in which floats are
  /// added up: sums are bit for bit those of f32.
  Value readStart(const Strip &strip, int64_t row) {
    int64_t living = std::min(steps.lanes, tile.columns - strip.column);
    Value noFloat = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
    Value part = vector::TransferReadOp::create(
        b, loc, VectorType::get({living}, b.getF32Type()),
        tile.inits[strip.matrix], ValueRange{index(row), index(strip.column)},
        noFloat, ArrayRef<bool>{true});
    if (living == steps.lanes)
      return part;
    return vector::InsertStridedSliceOp::create(
        b, loc, part, splat(floats, b.getF32FloatAttr(0)), ArrayRef<int64_t>{0},
        ArrayRef<int64_t>{1});
  }

  /// Two numbers of the depth: `sums` is [strip][row].
  void emitStep(ArrayRef<Strip> strips, Value group,
                MutableArrayRef<Value> sums) {
    Value depth = arith::MulIOp::create(b, loc, group, index(kHalfUnit));
    SmallVector<Value> weights;
    for (const Strip &strip : strips) {
      Value read = vector::TransferReadOp::create(
          b, loc, VectorType::get({steps.lanes * kHalfUnit}, b.getBF16Type()),
          product.getPanels(),
          ValueRange{panel, group, index(strip.matrix),
                     index(strip.column * kHalfUnit)},
          nothing, ArrayRef<bool>{true});
      weights.push_back(vector::BitCastOp::create(b, loc, words, read));
    }
    for (int64_t u = 0; u < kHalfUnit; ++u) {
      Value k =
          u == 0 ? depth
                 : arith::AddIOp::create(b, loc, depth, index(u)).getResult();
      SmallVector<Value> widened;
      for (Value weight : weights)
        widened.push_back(widen(weight, u));
      for (auto [r, row] : llvm::enumerate(rows)) {
        Value left = vector::BroadcastOp::create(
            b, loc, floats,
            tensor::ExtractOp::create(b, loc, product.getLhs(),
                                      ValueRange{row, k}));
        for (size_t s = 0; s < strips.size(); ++s) {
          Value &sum = sums[(s * tile.rows + r)];
          auto contract = arith::FastMathFlags::contract;
          sum = arith::AddFOp::create(
              b, loc, sum,
              arith::MulFOp::create(b, loc, left, widened[s], contract),
              contract);
        }
      }
    }
  }

  /// The lower or the upper number of each word.
  Value widen(Value halves, int64_t number) {
    Value bits =
        number == 0
            ? arith::ShLIOp::create(b, loc, halves,
                                    splat(words, b.getI32IntegerAttr(16)))
                  .getResult()
            : arith::AndIOp::create(
                  b, loc, halves,
                  splat(words,
                        b.getI32IntegerAttr(static_cast<int32_t>(0xffff0000u))))
                  .getResult();
    return vector::BitCastOp::create(b, loc, floats, bits);
  }

  OpBuilder &b;
  Location loc;
  const ProductTile &tile;
  const HalfSteps &steps;
  seq::PackedMatmulOp product;
  VectorType floats, words;
  Value panel, nothing;
  SmallVector<Value> rows;
};

} // namespace

SmallVector<Value> emitHalves(OpBuilder &builder, Location loc,
                              const ProductTile &tile, const HalfSteps &steps) {
  return HalfTile(builder, loc, tile, steps).run();
}

} // namespace seqc
