//===- Codes.cpp - Tiles of products with codes in blocks -----------------===//

#include "compiler/Kernels/Codes.h"
#include "compiler/Kernels/Bytes.h"
#include "compiler/Kernels/Strips.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace seqc {
namespace {

/// Strips side by side, which share what is read of the rows.
constexpr int64_t kMostStrips = 4;

/// Writes the body of one tile.
class CodeTile {
public:
  CodeTile(OpBuilder &builder, Location loc, const ProductTile &tile,
           const CodeSteps &steps)
      : b(builder), loc(loc), tile(tile), steps(steps), product(tile.product),
        bits(static_cast<int64_t>(product.getBits())), perWord(32 / bits),
        floats(VectorType::get({steps.lanes}, b.getF32Type())),
        words(VectorType::get({steps.lanes}, b.getI32Type())) {}

  SmallVector<Value> run() {
    panel = getValueOrCreateConstantIndexOp(b, loc, tile.panel);
    rows = makeRows(b, loc, tile);
    zero = index(0);
    one = index(1);
    blocks =
        cast<RankedTensorType>(product.getScales().getType()).getDimSize(1);
    wordsPerBlock = product.getDepth() / blocks / perWord;
    noFloat = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
    noByte = arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(0));
    if (usesTable())
      table = makeTable();
    int64_t width = std::clamp(steps.sums / tile.rows, int64_t(1), kMostStrips);
    // There is one matrix.
    std::vector<StripSums> done =
        emitStrips(tile, steps.lanes, width, [&](ArrayRef<Strip> strips) {
          return emitDepth(llvm::map_to_vector(
              strips, [](const Strip &strip) { return strip.column; }));
        });
    return {joinStrips(b, loc, tile, done.front(), tile.inits[0])};
  }

private:
  /// What a block of a strip has in common.
  struct Shared {
    Value scale;
    /// The zero point less the middle of the codes, null where it is 0.
    Value zero;
  };

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }

  bool usesTable() const { return !steps.lookup.empty() && bits <= 4; }
  /// Whether zero points are taken from the sum of a block, for which the left
  /// side is added up; else from each weight, which several rows share.
  bool hasTotal() { return tile.rows == 1 && product.getZeros(); }
  /// What codes are moved by, so that they lie around 0.
  int64_t middle() {
    return product.getIsSigned() ? 0 : int64_t(1) << (bits - 1);
  }

  Value splat(VectorType type, Attribute value) {
    return arith::ConstantOp::create(b, loc,
                                     DenseElementsAttr::get(type, value));
  }
  Value splatWord(uint32_t value) {
    return splat(words, b.getI32IntegerAttr(static_cast<int32_t>(value)));
  }

  /// The numbers, less the middle, of all that four bits can be; codes of fewer
  /// bits do not hang on the others.
  Value makeTable() {
    SmallVector<float> numbers;
    for (int64_t entry = 0; entry < 16; ++entry) {
      int64_t code = entry & ((1 << bits) - 1);
      bool isNegative = product.getIsSigned() && code >> (bits - 1);
      numbers.push_back(static_cast<float>(
          code - (isNegative ? int64_t(1) << bits : middle())));
    }
    return arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(floats, ArrayRef<float>(numbers)));
  }

  Value multiply(Value x, Value y) {
    return arith::MulFOp::create(b, loc, x, y, arith::FastMathFlags::contract);
  }
  Value add(Value x, Value y) {
    return arith::AddFOp::create(b, loc, x, y, arith::FastMathFlags::contract);
  }
  Value subtract(Value x, Value y) {
    return arith::SubFOp::create(b, loc, x, y, arith::FastMathFlags::contract);
  }

  /// Words of codes of a strip.
  Value readWords(Value panels, Value group, int64_t column) {
    int64_t bytes = steps.lanes * kByteUnit;
    Value read = vector::TransferReadOp::create(
        b, loc, VectorType::get({bytes}, b.getI8Type()), panels,
        ValueRange{panel, group, zero, index(column * kByteUnit)}, noByte,
        ArrayRef<bool>{true});
    return vector::BitCastOp::create(b, loc, words, read);
  }

  /// Words whose codes are signed numbers less the middle.
  Value center(Value codes) {
    if (product.getIsSigned())
      return codes;
    uint32_t top = 0;
    for (int64_t bit = bits - 1; bit < 32; bit += bits)
      top |= uint32_t(1) << bit;
    return arith::XOrIOp::create(b, loc, codes, splatWord(top));
  }

  /// The code that shifting by `left`, a vector, brings to the top.
  Value widenTop(Value centered, Value left) {
    Value top = left ? arith::ShLIOp::create(b, loc, centered, left).getResult()
                     : centered;
    top = arith::ShRSIOp::create(b, loc, top, splatWord(32 - bits));
    return arith::SIToFPOp::create(b, loc, floats, top);
  }

  /// Code `number` of each word as a float, less the middle. `codes` are plain
  /// where there is a table, else centred.
  Value widen(Value codes, int64_t number) {
    if (usesTable()) {
      if (number > 0)
        codes = arith::ShRUIOp::create(b, loc, codes, splatWord(number * bits));
      return callIntrinsic(b, loc, steps.lookup, floats, {table, codes});
    }
    int64_t left = 32 - bits * (number + 1);
    return widenTop(codes, left > 0 ? splatWord(left) : Value());
  }

  /// Floats of a strip at a block.
  Value readFloats(Value panels, Value block, int64_t column) {
    return vector::TransferReadOp::create(
        b, loc, floats, panels, ValueRange{panel, block, zero, index(column)},
        noFloat, ArrayRef<bool>{true});
  }

  /// The zero points of a block, less the middle.
  Value readZeros(Value block, int64_t column) {
    Value zeros = product.getZeros();
    if (getElementTypeOrSelf(zeros).isF32()) {
      Value read = readFloats(zeros, block, column);
      if (middle() == 0)
        return read;
      auto moved = b.getF32FloatAttr(static_cast<float>(middle()));
      return subtract(read, splat(floats, moved));
    }
    Value count = index(perWord);
    Value group = arith::DivUIOp::create(b, loc, block, count);
    Value codes = center(readWords(zeros, group, column));
    // 32 - bits * (number + 1)
    Value number = arith::RemUIOp::create(b, loc, block, count);
    Value left = arith::SubIOp::create(
        b, loc, index(32 - bits),
        arith::MulIOp::create(b, loc, number, index(bits)));
    left = arith::IndexCastOp::create(b, loc, b.getI32Type(), left);
    return widenTop(codes, vector::BroadcastOp::create(b, loc, words, left));
  }

  Shared readShared(Value block, int64_t column) {
    Shared shared{readFloats(product.getScales(), block, column), Value()};
    if (product.getZeros())
      shared.zero = readZeros(block, column);
    return shared;
  }

  /// Repeats `body` on vectors that the loop carries; once needs no loop.
  SmallVector<Value>
  repeat(int64_t count, ArrayRef<Value> start,
         llvm::function_ref<void(Value, MutableArrayRef<Value>)> body) {
    SmallVector<Value> carried(start);
    if (count == 1) {
      body(zero, carried);
      return carried;
    }
    auto loop = scf::ForOp::create(b, loc, zero, index(count), one, carried);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    carried = llvm::to_vector_of<Value>(loop.getRegionIterArgs());
    body(loop.getInductionVar(), carried);
    scf::YieldOp::create(b, loc, carried);
    return loop.getResults();
  }

  /// The sums of each row of strips that begin at `columns`.
  StripSums emitDepth(ArrayRef<int64_t> columns) {
    size_t count = columns.size() * tile.rows;
    Value none = splat(floats, b.getF32FloatAttr(0));
    SmallVector<Value> all =
        repeat(blocks, SmallVector<Value>(count, none),
               [&](Value block, MutableArrayRef<Value> sums) {
                 emitBlock(columns, block, none, sums);
               });
    StripSums results(columns.size());
    for (size_t s = 0; s < columns.size(); ++s)
      for (int64_t r = 0; r < tile.rows; ++r)
        results[s].push_back(all[s * tile.rows + r]);
    return results;
  }

  /// Adds a block to `sums`, [strip][row].
  void emitBlock(ArrayRef<int64_t> columns, Value block, Value none,
                 MutableArrayRef<Value> sums) {
    SmallVector<Shared> shared;
    for (int64_t column : columns)
      shared.push_back(readShared(block, column));
    Value first = arith::MulIOp::create(b, loc, block, index(wordsPerBlock));
    // Of codes, and behind them of what they are multiplied by.
    SmallVector<Value> start(sums.size() + hasTotal(), none);
    SmallVector<Value> blockSums = repeat(
        wordsPerBlock, start, [&](Value word, MutableArrayRef<Value> carried) {
          Value group = arith::AddIOp::create(b, loc, first, word);
          emitWord(columns, group, shared, carried);
        });
    for (auto [i, sum] : llvm::enumerate(sums)) {
      const Shared &strip = shared[i / tile.rows];
      Value part = blockSums[i];
      if (hasTotal())
        part = subtract(part, multiply(strip.zero, blockSums.back()));
      sum = add(sum, multiply(part, strip.scale));
    }
  }

  /// Adds one word of each column to `carried`.
  void emitWord(ArrayRef<int64_t> columns, Value group, ArrayRef<Shared> shared,
                MutableArrayRef<Value> carried) {
    SmallVector<Value> codes;
    for (int64_t column : columns) {
      Value read = readWords(product.getPanels(), group, column);
      codes.push_back(usesTable() ? read : center(read));
    }
    Value depth = arith::MulIOp::create(b, loc, group, index(perWord));
    for (int64_t i = 0; i < perWord; ++i) {
      Value k =
          i == 0 ? depth
                 : arith::AddIOp::create(b, loc, depth, index(i)).getResult();
      SmallVector<Value> weights;
      for (size_t s = 0; s < columns.size(); ++s) {
        Value weight = widen(codes[s], i);
        if (shared[s].zero && !hasTotal())
          weight = subtract(weight, shared[s].zero);
        weights.push_back(weight);
      }
      // Row by row: what is read of all rows at once would not fit beside the
      // sums.
      for (auto [r, row] : llvm::enumerate(rows)) {
        Value left = vector::BroadcastOp::create(
            b, loc, floats,
            tensor::ExtractOp::create(b, loc, product.getLhs(),
                                      ValueRange{row, k}));
        if (hasTotal())
          carried.back() = add(carried.back(), left);
        for (size_t s = 0; s < columns.size(); ++s) {
          Value &sum = carried[s * tile.rows + r];
          sum = add(sum, multiply(left, weights[s]));
        }
      }
    }
  }

  OpBuilder &b;
  Location loc;
  const ProductTile &tile;
  const CodeSteps &steps;
  seq::PackedMatmulOp product;
  int64_t bits, perWord;
  VectorType floats, words;
  int64_t blocks = 0, wordsPerBlock = 0;
  Value panel, zero, one, noFloat, noByte, table;
  SmallVector<Value> rows;
};

} // namespace

SmallVector<Value> emitCodes(OpBuilder &builder, Location loc,
                             const ProductTile &tile, const CodeSteps &steps) {
  return CodeTile(builder, loc, tile, steps).run();
}

} // namespace seqc
