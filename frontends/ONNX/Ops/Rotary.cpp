//===- Rotary.cpp - Rotary embedding --------------------------------------===//

#include "frontends/ONNX/Ops/AttentionCore.h"
#include "frontends/ONNX/Ops/ContribAttention.h"
#include "frontends/ONNX/Ops/InputTypes.h"
#include "frontends/ONNX/Ops/Norms.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::Value;
using mlir::ValueRange;

Tensor rotate(Emitter &e, Tensor x, Tensor cosines, Tensor sines, int64_t half,
              bool interleaved, bool shared,
              function_ref<Value(Scalars &, Value, Value)> position) {
  Extents sizes{e.extent(x, 0), e.extent(x, 2),
                e.getBuilder().getIndexAttr(half)};
  if (shared)
    sizes[0] = e.getBuilder().getIndexAttr(1);
  auto look = [&](Tensor cache) {
    DataType type = getComputeType(cache.type);
    return e.generate(type, sizes, [&](Scalars &s, ValueRange at) {
      Value limit = s.subIndex(e.extentValue(cache, 0), s.index(1));
      Value row = s.minIndex(position(s, at[0], at[1]), limit);
      return e.loadWide(cache, {s.maxIndex(row, s.index(0)), at[2]});
    });
  };
  Tensor c = look(cosines), n = look(sines), input = toOperand(e, x);
  Value result =
      seq::RotaryOp::create(e.getBuilder(), e.getLoc(), input.getType(),
                            input.value, c.value, n.value, interleaved);
  e.setExtents(result, e.extents(x));
  return e.convert({result, input.type}, x.type);
}

void requirePositions(Emitter &e, Tensor positions, Tensor cosines,
                      mlir::OpFoldResult steps) {
  Scalars s = e.scalars();
  Value rows = e.extentValue(cosines, 0);
  // A single position is that of the first step.
  if (positions.getRank() < 2)
    rows = s.addIndex(s.subIndex(rows, e.toValue(steps)), s.index(1));
  e.requireIndices(positions, e.simplify({rows})[0], "a position",
                   /*fromEnd=*/false);
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
  if (cosines.getRank() != 2 || sines.getRank() != 2 ||
      cosines.getShape()[1] <= 0 || x.getShape()[3] < 2 * cosines.getShape()[1])
    return node.error("its cosine cache of rank " + Twine(cosines.getRank()) +
                      " does not fit " + Twine(x.getShape()[3]) +
                      " features; required is rank 2 and at most half of them");
  return success();
}

LogicalResult convertRotaryEmbedding(Node &node) {
  Emitter &e = node.getEmitter();
  if (failed(requireFloats(node, 1)) || failed(node.requireRank(0, 3, 4)) ||
      failed(node.requireRank(1, 0, 2)))
    return failure();
  Tensor x = node.getInput(0), positions = node.getInput(1);
  Tensor cosines = node.getInput(2), sines = node.getInput(3);
  if (failed(checkLast(node, x)) || failed(checkLast(node, cosines)))
    return failure();
  bool flat = x.getRank() == 3;
  int64_t width = node.getInt("rotary_embedding_dim", 0);
  int64_t heads = node.getInt("num_heads", 0);
  bool interleaved = node.getInt("interleaved", 0) != 0;
  int64_t packed = node.getInt("is_packed_batching", 0);
  // The caches hold the angles, which is where a scale has its effect; kernels
  // of the operator do not look at the attribute either.
  (void)node.getFloat("scale", 1);
  if (packed != 0 && packed != 1)
    return node.error("attribute 'is_packed_batching' is " + Twine(packed) +
                      "; required is 0 or 1");
  // Rows of several sequences one behind the other: their positions cannot be
  // counted.
  if (packed && positions.getRank() != 2)
    return node.error("attribute 'is_packed_batching' is 1 and its positions "
                      "have rank " +
                      Twine(positions.getRank()) +
                      "; required is a position for each row");
  if (flat && heads == 0 && width == 0 && cosines.getRank() == 2 &&
      cosines.getShape()[1] > 0)
    heads = x.getShape()[2] / (2 * cosines.getShape()[1]);
  if (flat) {
    std::optional<Tensor> split = splitHeads(node, x, heads);
    if (!split)
      return failure();
    x = *split;
  }
  if (failed(checkCaches(node, x, cosines, sines)))
    return failure();
  // The rotated features may be fewer than the caches have angles for.
  int64_t half = cosines.getShape()[1];
  if (width != 0) {
    int64_t features = x.getShape()[3];
    if (width < 0 || width % 2 != 0 || width > features ||
        (half != width / 2 && half != features / 2))
      return node.error("attribute 'rotary_embedding_dim' is " + Twine(width) +
                        " with " + Twine(features) +
                        " features and caches of " + Twine(half) +
                        " columns; required is an even number of features and "
                        "caches of half as many columns or of half of all");
    half = width / 2;
  }
  bool single = positions.getRank() < 2;
  for (int64_t d : {0, 1})
    e.requireEqual(e.extent(sines, d), e.extent(cosines, d),
                   "an extent of its sine cache");
  if (positions.getRank() == 1)
    e.requireEqual(e.extent(positions, 0), e.getBuilder().getIndexAttr(1),
                   "the number of its positions");
  if (!single)
    for (int64_t d : {0, 1})
      e.requireEqual(e.extent(positions, d), e.extent(x, d == 0 ? 0 : 2),
                     "an extent of its positions");
  requirePositions(e, positions, cosines, e.extent(x, 2));
  Tensor result = rotate(
      e, x, cosines, sines, half, interleaved, single,
      [&](Scalars &s, Value batch, Value time) {
        if (!single)
          return s.toIndex(positions.type, e.load(positions, {batch, time}));
        SmallVector<Value> at;
        if (positions.getRank() == 1)
          at.push_back(s.index(0));
        return s.addIndex(s.toIndex(positions.type, e.load(positions, at)),
                          time);
      });
  node.setOutput(0, flat ? mergeHeads(e, result) : result);
  return success();
}

/// Without positions the caches have a row for every step of every batch.
LogicalResult convertStandardRotaryEmbedding(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0), positions = node.getInput(3);
  Tensor cosines = node.getInput(1), sines = node.getInput(2);
  int64_t width = node.getInt("rotary_embedding_dim", 0);
  int64_t heads = node.getInt("num_heads", 0);
  bool interleaved = node.getInt("interleaved", 0) != 0;
  bool flat = x.getRank() == 3;
  if (failed(node.requireFloat(0)) || failed(checkLast(node, x)) ||
      failed(checkLast(node, cosines)))
    return failure();
  if (x.getRank() != 4 && !flat)
    return node.error("its input has rank " + Twine(x.getRank()) +
                      "; required is 3 or 4");
  if (flat) {
    std::optional<Tensor> split = splitHeads(node, x, heads);
    if (!split)
      return failure();
    x = *split;
  }
  int64_t rank = positions ? 2 : 3;
  for (Tensor cache : {cosines, sines})
    if (cache.getRank() != rank || cache.getShape()[rank - 1] <= 0)
      return node.error("a cache has rank " + Twine(cache.getRank()) +
                        "; required is " + Twine(rank) +
                        " with a last dimension of static extent");
  if (positions && (positions.getRank() != 2 || !isInteger(positions.type)))
    return node.error("its positions are " + getName(positions.type) +
                      " of rank " + Twine(positions.getRank()) +
                      "; required are integers of rank 2");
  if (width != 0 && cosines.getShape()[rank - 1] * 2 != width)
    return node.error("attribute 'rotary_embedding_dim' is " + Twine(width) +
                      "; its caches require " +
                      Twine(cosines.getShape()[rank - 1] * 2));
  // All rows may share one table.
  bool shared =
      !positions && cosines.getShape()[0] == 1 && sines.getShape()[0] == 1;
  for (int64_t d = 0; d < rank; ++d)
    e.requireEqual(e.extent(sines, d), e.extent(cosines, d),
                   "an extent of its sine cache");
  for (int64_t d : {0, 1}) {
    mlir::OpFoldResult goal = e.extent(x, d == 0 ? 0 : 2);
    if (positions)
      e.requireEqual(e.extent(positions, d), goal,
                     "an extent of its positions");
    else if (d == 1 || !shared)
      e.requireEqual(e.extent(cosines, d), goal, "an extent of its caches");
  }
  if (positions)
    requirePositions(e, positions, cosines, e.extent(x, 2));
  if (!positions) {
    auto flatten = [&](Tensor cache) {
      return e.reshape(cache,
                       {e.product({e.extent(cache, 0), e.extent(cache, 1)}),
                        e.extent(cache, 2)});
    };
    cosines = flatten(cosines), sines = flatten(sines);
  }
  if (failed(checkCaches(node, x, cosines, sines)))
    return failure();
  Tensor result = rotate(
      e, x, cosines, sines, cosines.getShape()[1], interleaved, shared,
      [&](Scalars &s, Value batch, Value time) {
        if (positions)
          return s.toIndex(positions.type, e.load(positions, {batch, time}));
        if (shared)
          return time;
        return s.addIndex(s.mulIndex(batch, e.extentValue(x, 2)), time);
      });
  node.setOutput(0, flat ? mergeHeads(e, result) : result);
  return success();
}

} // namespace seqc::onnx
