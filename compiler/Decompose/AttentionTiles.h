//===- AttentionTiles.h - One tile of queries and keys ----------*- C++ -*-===//
//
// A few queries meet one panel of keys. The softmax is kept online (Milakov and
// Gimelshein, 2018): the greatest score so far, the sum of exponentials and the
// weighted sum of values are states of a query, which a greater score rescales.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_DECOMPOSE_ATTENTIONTILES_H
#define COMPILER_DECOMPOSE_ATTENTIONTILES_H

#include "compiler/Decompose/TensorBuilders.h"
#include "dialect/Seq/IR/SeqOps.h"

#include <array>

namespace seqc {

/// Keys of a panel, and those of one vector of scores.
constexpr int64_t kPanelKeys = 64, kLaneKeys = 16,
                  kPanelParts = kPanelKeys / kLaneKeys;

/// Operands and extents of an attention whose tensors all have heads, and are
/// of single precision.
struct AttentionShape {
  seq::AttentionOp op;
  /// `[B, H, Tq, D]`, `[B, Hkv, ceil(Tk / 64), D, 64]`, `[B, Hkv, Tk, C]`.
  mlir::Value query, panels, value;
  int64_t depth = 0, columns = 0;
  /// Numbers of queries and keys.
  mlir::OpFoldResult numQueries, numKeys;

  /// Whether weights are exponentials over their sum.
  bool isSoftmax() {
    return op.getNormalizer() == seq::Normalizer::Softmax ||
           op.getNormalizer() == seq::Normalizer::NegatedSoftmax;
  }
  /// Whether a mask decides about single keys.
  bool masksKeys() { return op.getMask() && !op.getMaskedScore(); }
};

/// What is carried from one panel of keys to the next, for a block of queries.
struct AttentionStates {
  /// `[B, H, Tq, C]`, the sum of weighted values.
  mlir::Value output;
  /// `[block]`, the greatest scores; `[block, 16]`, the sums of exponentials by
  /// lane. Null without softmax.
  mlir::Value maxima, sums;
  /// `[block, 16]`, 1 where a key was visible. Null unless a mask decides that.
  mlir::Value seen;

  llvm::SmallVector<mlir::Value> pack() const;
  void unpack(mlir::ValueRange values);
};

/// Where a tile lies.
struct AttentionTile {
  mlir::Value batch, head, keyHead;
  /// The first query of its block, and that of the tile within the block.
  mlir::Value blockStart, row;
  int64_t rows = 1;
  /// The number of the panel, and the keys that the batch row has.
  mlir::Value panel, keyCount;
  /// What is added to the number of a query before it is compared with that of
  /// a key, or null.
  mlir::Value shift;
  /// Tiles of the bias and of the mask as numbers 0 and 1, `[rows or 1, 64]`.
  /// Null where there is none.
  mlir::Value bias, mask;
};

/// Writes tiles. Ops are marked for the vectoriser.
class AttentionTileWriter {
public:
  AttentionTileWriter(mlir::ImplicitLocOpBuilder &b, AttentionShape &shape)
      : b(b), shape(shape), op(shape.op) {}

  /// The states behind the tile.
  AttentionStates write(const AttentionTile &tile, AttentionStates states);

  /// Part of `side`, `[B or 1, H or 1, Tq or 1, Tk or 1]`, that belongs to
  /// the rows of the tile and its panel, as numbers `[rows or 1, 64 or 1]`.
  mlir::Value stage(mlir::Value side, const AttentionTile &tile);

private:
  using Parts = std::array<mlir::Value, kPanelParts>;

  void mark(mlir::Value value);
  mlir::Value emptyTile(int64_t rows, int64_t columns);
  Parts scores(const AttentionTile &tile);
  Parts finish(const AttentionTile &tile, Parts scores, mlir::Value &greatest,
               mlir::Value &seen);
  Parts weigh(const AttentionTile &tile, Parts scores, mlir::Value greatest,
              AttentionStates &states, mlir::Value &rescale);
  mlir::Value accumulate(const AttentionTile &tile, Parts weights,
                         mlir::Value rescale, mlir::Value output);
  /// Scalars against which positions of keys are compared in one part.
  struct Bounds {
    mlir::Value count, causal, first, last;
  };
  Bounds bounds(const AttentionTile &tile, int64_t part);

  mlir::ImplicitLocOpBuilder &b;
  AttentionShape &shape;
  seq::AttentionOp op;
};

/// The keys that queries [first, first + count) of a tile's batch row may see:
/// those in [begin, end).
struct KeyRange {
  mlir::Value begin, end;
};
KeyRange visibleKeys(mlir::ImplicitLocOpBuilder &b, AttentionShape &shape,
                     const AttentionTile &tile, mlir::Value first,
                     mlir::Value count);

} // namespace seqc

#endif // COMPILER_DECOMPOSE_ATTENTIONTILES_H
