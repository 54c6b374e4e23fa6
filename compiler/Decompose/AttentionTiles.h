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
  /// `[block]`, the greatest scores, those without the panel at hand and with
  /// it, at least the lowest finite number: differences stay numbers.
  /// `[block, 16]`, the sums of exponentials by lane. Null without softmax.
  mlir::Value maxima, raised, sums;
  /// `[block, 16]`, 1 where a key was visible. Null unless a mask decides that.
  mlir::Value seen;
  /// `[block, 64]`, the scores of one panel, and then the weights made of them.
  mlir::Value weights;
  /// `[block]`, what sums of earlier panels are multiplied by. Null without
  /// softmax.
  mlir::Value rescale;

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

  /// The steps of a panel, each for all tiles of a block before the next one:
  /// what a tile waits for hides behind the others. They give the states behind
  /// the tile.
  ///
  /// Scores, and with softmax the greatest ones of each query.
  AttentionStates score(const AttentionTile &tile, AttentionStates states);
  /// exp(s - greatest), 0 for hidden keys, and their sums.
  AttentionStates exponentiate(const AttentionTile &tile,
                               AttentionStates states);
  /// output * rescale + weights * values, panels of columns one by one.
  AttentionStates accumulate(const AttentionTile &tile, AttentionStates states);

  /// Behind the last panel: the output of a tile over its sums of exponentials.
  /// Where that sum is 0, a query that sees a key has scores of -inf alone and
  /// is NaN; one that sees none is 0.
  mlir::Value divide(const AttentionTile &tile, const AttentionStates &states);

  /// Between scores and exponentials: `rescale` and `maxima` of a whole block.
  AttentionStates raiseMaxima(AttentionStates states);

  /// Part of `side`, `[B or 1, H or 1, Tq or 1, Tk or 1]`, that belongs to
  /// the rows of the tile and its panel, as numbers `[rows or 1, 64 or 1]`.
  mlir::Value stage(mlir::Value side, const AttentionTile &tile);

private:
  using Parts = std::array<mlir::Value, kPanelParts>;

  void mark(mlir::Value value);
  mlir::Value emptyTile(int64_t rows, int64_t columns);
  /// The scores or weights of a tile, `[rows, 16]` each.
  Parts load(const AttentionTile &tile, mlir::Value weights);
  mlir::Value store(const AttentionTile &tile, mlir::ValueRange parts,
                    mlir::Value weights);
  Parts finish(const AttentionTile &tile, Parts scores, mlir::Value &greatest,
               mlir::Value &seen);
  /// Whether the query at hand sees no key.
  mlir::Value isHidden(mlir::ImplicitLocOpBuilder &b, const AttentionTile &tile,
                       mlir::ValueRange args);
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
