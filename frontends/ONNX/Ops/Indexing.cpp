//===- Indexing.cpp - Gathers and scatters --------------------------------===//
//
// Indices are read at run time and checked before anything is read or written
// there. Each access stays inside the tensor whatever its index is, so that
// nothing depends on the order of checks and accesses.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Ops/Family.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;

/// Requires component k of every row of `indices` to be an index of `sizes`.
static void requirePositions(Emitter &e, Tensor indices,
                             ArrayRef<OpFoldResult> sizes) {
  int64_t last = indices.getRank() - 1;
  for (auto [k, size] : enumerate(sizes))
    e.requireIndices(e.sliceDim(indices, last, Number(e, k), Number(e, 1)),
                     size, "an index");
}

/// Requires the extents `part` of a tensor to lie within `whole`.
static void requireWithin(Emitter &e, OpFoldResult part, OpFoldResult whole) {
  e.requireSlice(Number(e, 0), part, Number(e, 1), whole);
}

/// The lesser of two extents.
static OpFoldResult lesser(Emitter &e, OpFoldResult a, OpFoldResult b) {
  if (Emitter::isSame(a, b))
    return a;
  return min(Number(e, a), e.toValue(b));
}

/// The position that row `at` of `indices` names below the extents `sizes`.
static SmallVector<SafeIndex> loadPosition(Emitter &e, Tensor indices,
                                           ArrayRef<Number> at,
                                           ArrayRef<OpFoldResult> sizes) {
  SmallVector<Number> where(at);
  where.push_back(0);
  SmallVector<SafeIndex> position;
  for (auto [k, size] : enumerate(sizes)) {
    where.back() = static_cast<double>(k);
    position.push_back(
        makeSafe(load(e, indices, where).toIndex(), e.toValue(size)));
  }
  return position;
}

//===----------------------------------------------------------------------===//
// Gathers
//===----------------------------------------------------------------------===//

/// GatherElements: x[.., indices[..], ..], of the shape of the indices.
static LogicalResult convertGatherElements(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), indices = node.getInput(1);
  int64_t axis = node.getAxis("axis", 0, x.getRank());
  if (failed(node.requireRank(1, x.getRank())))
    return failure();
  Extents sizes = e.extents(x), rows = e.extents(indices);
  for (int64_t d = 0; d < x.getRank(); ++d)
    if (d != axis)
      requireWithin(e, rows[d], sizes[d]);
  e.requireIndices(indices, sizes[axis], "an index");
  return node.give(define(e, x.type, rows, [&](ArrayRef<Number> at) {
    SmallVector<Number> position(at);
    for (int64_t d = 0; d < x.getRank(); ++d) {
      Number i = d == axis ? load(e, indices, at).toIndex() : at[d];
      if (d == axis || !Emitter::isSame(sizes[d], rows[d]))
        position[d] = makeSafe(i, e.toValue(sizes[d])).index;
    }
    return loadUnlessEmpty(e, x, position);
  }));
}

/// How many leading dimensions of a tensor of rank `rank` the last dimension of
/// `indices` addresses after `batch` others.
static FailureOr<int64_t> getDepth(Node &node, Tensor indices, int64_t rank,
                                   int64_t batch) {
  int64_t depth = indices.getShape().back();
  if (mlir::ShapedType::isDynamic(depth))
    return node.unsupported(
        "a dynamic last extent of the indices is not supported");
  if (batch < 0 || batch >= indices.getRank() || batch + depth > rank)
    return node.error("its indices address " + Twine(batch + depth) +
                      " dimensions; the tensor has " + Twine(rank));
  return depth;
}

/// GatherND: each row of the indices is a position behind the batch dimensions.
static LogicalResult convertGatherND(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), indices = node.getInput(1);
  int64_t batch = node.getInt("batch_dims", 0);
  FailureOr<int64_t> depth = getDepth(node, indices, x.getRank(), batch);
  if (failed(depth))
    return failure();
  Extents from = e.extents(x), rows = e.extents(indices);
  int64_t tupleRank = indices.getRank() - 1;
  Extents sizes(rows.begin(), rows.end() - 1);
  sizes.append(from.begin() + batch + *depth, from.end());
  for (int64_t d = 0; d < batch; ++d)
    e.requireEqual(rows[d], from[d], "a batch extent of its indices");
  requirePositions(e, indices, ArrayRef(from).slice(batch, *depth));
  return node.give(define(e, x.type, sizes, [&](ArrayRef<Number> at) {
    SmallVector<Number> position;
    for (int64_t d = 0; d < batch; ++d)
      position.push_back(Emitter::isSame(from[d], rows[d])
                             ? at[d]
                             : makeSafe(at[d], e.toValue(from[d])).index);
    for (const SafeIndex &i : loadPosition(e, indices, at.take_front(tupleRank),
                                           ArrayRef(from).slice(batch, *depth)))
      position.push_back(i.index);
    llvm::append_range(position, at.drop_front(tupleRank));
    return loadUnlessEmpty(e, x, position);
  }));
}

//===----------------------------------------------------------------------===//
// Scatters
//===----------------------------------------------------------------------===//

using Reduction = Number (*)(Number old, Number update);

/// What a scatter makes of an element and its update; null if the update
/// replaces it.
static Reduction readReduction(Node &node) {
  std::string name = readChoice(node, "reduction", "none",
                                {"none", "add", "mul", "max", "min"});
  return StringSwitch<Reduction>(name)
      .Case("add", [](Number a, Number b) { return a + b; })
      .Case("mul", [](Number a, Number b) { return a * b; })
      .Case("max", [](Number a, Number b) { return max(a, b); })
      .Case("min", [](Number a, Number b) { return min(a, b); })
      .Default(nullptr);
}

/// x with updates at computed positions, reduced as the node says: `place` gives
/// the position in x of the update at a position, and whether it is inside,
/// which it adds to its last argument.
static Tensor
scatter(Node &node, Tensor x, Tensor updates, Extents bounds,
        function_ref<SmallVector<Number>(ArrayRef<Number>, Number &)> place) {
  Emitter &e = node.getEmitter();
  Reduction reduction = readReduction(node);
  Extents sizes = e.extents(x);
  // Nothing has a place in a tensor without elements.
  bool single = bounds.empty();
  if (!llvm::all_of(sizes, hasElements)) {
    // A single update is one trip or none.
    if (single)
      bounds.push_back(Number(e, 1));
    bounds[0] =
        select(Number(e, e.product(sizes)) != 0, Number(e, bounds[0]), 0);
  }
  DataType wide = getComputeType(x.type);
  return fold(e, bounds, x, [&](ArrayRef<Number> trips, Tensor y) {
    ArrayRef<Number> at = single ? ArrayRef<Number>() : trips;
    Number inside(e, DataType::Bool, 1);
    SmallVector<Number> position = place(at, inside);
    Number old = load(e, y, position), update = load(e, updates, at);
    if (reduction)
      update = reduction(old.as(wide), update.as(wide)).as(x.type);
    return insert(e, select(inside, update, old), y, position);
  });
}

/// Scatter and ScatterElements: x[.., indices[i..], ..] takes updates[i..].
static LogicalResult convertScatterElements(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), indices = node.getInput(1),
         updates = node.getInput(2);
  int64_t axis = node.getAxis("axis", 0, x.getRank());
  if (failed(node.requireRank(1, x.getRank())) ||
      failed(node.requireRank(2, x.getRank())))
    return failure();
  Extents sizes = e.extents(x), rows = e.extents(indices),
          given = e.extents(updates), bounds;
  for (int64_t d = 0; d < x.getRank(); ++d) {
    requireWithin(e, rows[d], given[d]);
    if (d != axis)
      requireWithin(e, rows[d], sizes[d]);
    OpFoldResult bound = lesser(e, rows[d], given[d]);
    bounds.push_back(d == axis ? bound : lesser(e, bound, sizes[d]));
  }
  e.requireIndices(indices, sizes[axis], "an index");
  Number size(e, sizes[axis]);
  return node.give(scatter(
      node, x, updates, bounds, [&](ArrayRef<Number> at, Number &inside) {
        SafeIndex i = makeSafe(load(e, indices, at).toIndex(), size);
        inside = i.inside;
        SmallVector<Number> position(at);
        position[axis] = i.index;
        return position;
      }));
}

/// ScatterND: each row of the indices is the position of a slice of updates.
static LogicalResult convertScatterND(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), indices = node.getInput(1),
         updates = node.getInput(2);
  FailureOr<int64_t> depth = getDepth(node, indices, x.getRank(), 0);
  if (failed(depth))
    return failure();
  int64_t tupleRank = indices.getRank() - 1;
  if (failed(node.requireRank(2, tupleRank + x.getRank() - *depth)))
    return failure();
  // Extents of the indices but the last one, then those of a slice.
  Extents sizes = e.extents(x), goals = e.extents(indices), bounds;
  ArrayRef<OpFoldResult> all = sizes, tuple = all.take_front(*depth);
  goals.pop_back();
  llvm::append_range(goals, all.drop_front(*depth));
  for (auto [size, goal] : zip_equal(e.extents(updates), goals)) {
    e.requireEqual(size, goal, "an extent of its updates");
    bounds.push_back(lesser(e, size, goal));
  }
  requirePositions(e, indices, tuple);
  return node.give(scatter(
      node, x, updates, bounds, [&](ArrayRef<Number> at, Number &inside) {
        SmallVector<Number> position;
        for (const SafeIndex &i :
             loadPosition(e, indices, at.take_front(tupleRank), tuple)) {
          inside = inside & i.inside;
          position.push_back(i.index);
        }
        llvm::append_range(position, at.drop_front(tupleRank));
        return position;
      }));
}

/// TensorScatter: a cache whose rows along `axis` are written from a position
/// of each batch on, around its end in mode circular.
static LogicalResult convertTensorScatter(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), updates = node.getInput(1),
         starts = node.getInput(2);
  std::optional<int64_t> axis =
      node.getAxis(node.getInt("axis", -2), x.getRank());
  std::string mode = readChoice(node, "mode", "linear", {"linear", "circular"});
  if (!axis)
    return failure();
  if (*axis == 0)
    return node.error("attribute 'axis' names the batch dimension; "
                      "required is another one");
  if (failed(node.requireRank(1, x.getRank())))
    return failure();
  // The op checks a call; what types tell is wrong with the model.
  int64_t capacity = x.getShape()[*axis], count = updates.getShape()[*axis];
  if (!mlir::ShapedType::isDynamic(capacity) && count > capacity)
    return node.error("its updates have " + Twine(count) +
                      " entries; required are at most " + Twine(capacity));
  Extents sizes = e.extents(x), given = e.extents(updates);
  bool fits = !starts || e.requireEqual(e.extent(starts, 0), sizes[0],
                                        "the number of its indices");
  for (int64_t d = 0; d < x.getRank(); ++d)
    if (d != *axis)
      fits &= e.requireEqual(given[d], sizes[d], "an extent of its updates");
  if (!fits)
    return failure();
  return node.give(e.append(x, updates,
                            starts ? starts.value : e.scalars().index(0), *axis,
                            mode == "circular"));
}

void registerIndexingOps(Registry &registry) {
  StringRef depth = "indices with a last dimension of dynamic extent";
  // What is read or written, indices and updates.
  auto elements = takes(kAny.atLeast(1), kIndices, kSame),
       rows = takes(kAny, kIndices.atLeast(1), kSame);
  registry.add({
      {"GatherElements", 11, 2, 2, convertGatherElements, elements},
      {"GatherND", 11, 2, 2, convertGatherND, rows, depth},
      {"Scatter", 9, 3, 3, convertScatterElements, elements},
      {"ScatterElements", 11, 3, 3, convertScatterElements, elements},
      {"ScatterND", 11, 3, 3, convertScatterND, rows, depth},
      {"TensorScatter", 24, 2, 3, convertTensorScatter,
       takes(kAny.atLeast(1), kSame, kIndices(1))},
  });
  registry.addContrib({{"GatherND", 1, 2, 2, convertGatherND, rows, depth}});
}

} // namespace seqc::onnx
