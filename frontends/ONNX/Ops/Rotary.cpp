//===- Rotary.cpp - Rotary embedding --------------------------------------===//

#include "frontends/Common/Attention.h"
#include "frontends/Common/Layers.h"
#include "frontends/Common/Norms.h"
#include "frontends/ONNX/Ops/ContribAttention.h"
#include "frontends/ONNX/Ops/Readers.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::Value;

Tensor rotate(Emitter &e, Tensor x, Tensor cosines, Tensor sines, int64_t half,
              bool interleaved, bool shared,
              function_ref<Number(Number, Number)> position) {
  Extents sizes{e.extent(x, 0), e.extent(x, 2), Number(e, half)};
  if (shared)
    sizes[0] = Number(e, 1);
  auto look = [&](Tensor cache) {
    DataType type = getComputeType(cache.type);
    return define(e, type, sizes, [&](ArrayRef<Number> at) {
      Number last = Number(e, e.extent(cache, 0)) - 1;
      return read(e, cache, {clamp(position(at[0], at[1]), 0, last), at[2]});
    });
  };
  Tensor c = look(cosines), n = look(sines), input = toOperand(e, x);
  Value result =
      seq::RotaryOp::create(e.getBuilder(), e.getLoc(), input.getType(),
                            input.value, c.value, n.value, interleaved);
  return e.convert(e.withExtents(result, input.type, e.extents(x)), x.type);
}

/// Reports a last dimension whose extent only a call knows.
static LogicalResult checkLast(Node &node, Tensor x) {
  int64_t rank = x.getRank();
  if (rank == 0 || !x.getType().isDynamicDim(rank - 1))
    return success();
  return node.unsupported("features of dynamic extent are not supported");
}

LogicalResult checkCaches(Node &node, Tensor x, Tensor cosines, Tensor sines) {
  if (failed(checkLast(node, x)) || failed(checkLast(node, cosines)))
    return failure();
  int64_t half = cosines.getShape()[1], features = x.getShape()[3];
  if (half > 0 && features >= 2 * half)
    return success();
  return node.error("its cosine cache of " + Twine(half) +
                    " columns does not fit " + Twine(features) +
                    " features; required is 1 to half of them");
}

namespace {
/// A node on its way: what both operators have in common.
struct Rotation {
  Node &node;
  /// `x` with heads, which input 0 may not have.
  Tensor x, positions, cosines, sines;
  bool isFlat = false;
  int64_t width = 0;

  /// Reads input 0 and the attributes; `heads` stands for an absent number.
  LogicalResult readInput(function_ref<int64_t()> heads);
  /// Requires the same extents of both caches and of positions and `x`.
  void requireExtents();
  LogicalResult give(int64_t half, bool shared,
                     function_ref<Number(Number, Number)> position);
};
} // namespace

LogicalResult Rotation::readInput(function_ref<int64_t()> heads) {
  x = node.getInput(0);
  if (failed(checkLast(node, x)) || failed(checkLast(node, cosines)))
    return failure();
  width = node.getInt("rotary_embedding_dim", 0);
  isFlat = x.getRank() == 3;
  int64_t count = node.getInt("num_heads", 0);
  return success(!isFlat || splitHeads(node.getEmitter(), x,
                                       count == 0 ? heads() : count));
}

void Rotation::requireExtents() {
  Emitter &e = node.getEmitter();
  for (int64_t d = 0; d < cosines.getRank(); ++d)
    e.requireEqual(e.extent(sines, d), e.extent(cosines, d),
                   "an extent of its sine cache");
  if (!positions)
    return;
  if (positions.getRank() == 1)
    e.requireEqual(e.extent(positions, 0), Number(e, 1),
                   "the number of its positions");
  if (positions.getRank() == 2)
    for (int64_t d : {0, 1})
      e.requireEqual(e.extent(positions, d), e.extent(x, d == 0 ? 0 : 2),
                     "an extent of its positions");
  Number rows(e, e.extent(cosines, 0));
  // A single position is that of the first step.
  if (positions.getRank() < 2)
    rows = rows - Number(e, e.extent(x, 2)) + 1;
  e.requireIndices(positions, rows, "a position", /*fromEnd=*/false);
}

LogicalResult Rotation::give(int64_t half, bool shared,
                             function_ref<Number(Number, Number)> position) {
  Emitter &e = node.getEmitter();
  bool interleaved = node.getInt("interleaved", 0) != 0;
  Tensor result =
      rotate(e, x, cosines, sines, half, interleaved, shared, position);
  return node.give(isFlat ? joinFeatures(e, result) : result);
}

LogicalResult convertRotaryEmbedding(Node &node, Emitter &e) {
  Rotation r{node, {}, node.getInput(1), node.getInput(2), node.getInput(3)};
  bool packed = readBetween(node, "is_packed_batching", 0, 0, 1, "0 or 1") != 0;
  // The caches hold the angles, which is where a scale has its effect; kernels
  // of the operator do not look at the attribute either.
  (void)node.getFloat("scale", 1);
  // Rows of several sequences one behind the other: their positions cannot be
  // counted.
  int64_t rank = r.positions.getRank();
  if (packed && rank != 2)
    return node.error("attribute 'is_packed_batching' is 1 and its positions "
                      "have rank " +
                      Twine(rank) + "; required is a position for each row");
  auto countHeads = [&] {
    int64_t half = r.cosines.getShape()[1];
    return r.width == 0 && half > 0 ? r.x.getShape()[2] / (2 * half) : 0;
  };
  if (failed(r.readInput(countHeads)) ||
      failed(checkCaches(node, r.x, r.cosines, r.sines)))
    return failure();
  // The rotated features may be fewer than the caches have angles for.
  int64_t half = r.cosines.getShape()[1], features = r.x.getShape()[3];
  if (r.width != 0) {
    if (r.width < 0 || r.width % 2 != 0 || r.width > features ||
        (half != r.width / 2 && half != features / 2))
      return node.error("attribute 'rotary_embedding_dim' is " +
                        Twine(r.width) + " with " + Twine(features) +
                        " features and caches of " + Twine(half) +
                        " columns; required is an even number of features and "
                        "caches of half as many columns or of half of all");
    half = r.width / 2;
  }
  r.requireExtents();
  return r.give(half, /*shared=*/rank < 2, [&](Number row, Number time) {
    if (rank == 2)
      return read(e, r.positions, {row, time}).toIndex();
    SmallVector<Number> first(rank, 0);
    return load(e, r.positions, first).toIndex() + time;
  });
}

/// Without positions the caches have a row for every step of every batch.
LogicalResult convertStandardRotaryEmbedding(Node &node, Emitter &e) {
  Rotation r{node, {}, node.getInput(3), node.getInput(1), node.getInput(2)};
  if (failed(r.readInput([] { return 0; })))
    return failure();
  int64_t rank = r.positions ? 2 : 3;
  for (Tensor cache : {r.cosines, r.sines})
    if (cache.getRank() != rank || cache.getShape()[rank - 1] <= 0)
      return node.error("a cache has rank " + Twine(cache.getRank()) +
                        "; required is " + Twine(rank) +
                        " with a last dimension of static extent");
  int64_t half = r.cosines.getShape()[rank - 1];
  if (r.width != 0 && half * 2 != r.width)
    return node.error("attribute 'rotary_embedding_dim' is " + Twine(r.width) +
                      "; its caches require " + Twine(half * 2));
  // All rows may share one table.
  bool shared = !r.positions && r.cosines.getShape()[0] == 1 &&
                r.sines.getShape()[0] == 1;
  r.requireExtents();
  if (!r.positions) {
    for (int64_t d : {0, 1})
      if (d == 1 || !shared)
        e.requireEqual(e.extent(r.cosines, d), e.extent(r.x, d == 0 ? 0 : 2),
                       "an extent of its caches");
    for (Tensor *cache : {&r.cosines, &r.sines})
      *cache = e.reshape(*cache,
                         {e.product({e.extent(*cache, 0), e.extent(*cache, 1)}),
                          e.extent(*cache, 2)});
  }
  if (failed(checkCaches(node, r.x, r.cosines, r.sines)))
    return failure();
  return r.give(half, shared, [&](Number row, Number time) {
    if (r.positions)
      return read(e, r.positions, {row, time}).toIndex();
    return shared ? time : row * e.extentValue(r.x, 2) + time;
  });
}

} // namespace seqc::onnx
