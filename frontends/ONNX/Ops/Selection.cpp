//===- Selection.cpp - ArgMax, ArgMin and TopK ----------------------------===//

#include "frontends/ONNX/Ops/Family.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;

/// Whether `a` comes strictly before `b`; NaN counts as the greatest number,
/// as numpy sorts.
static Number isBefore(bool largest, Number a, Number b) {
  Number before = compare(largest ? Compare::Greater : Compare::Less, a, b);
  if (!isFloat(a.getType()))
    return before;
  return before | (largest ? isNaN(a) & !isNaN(b) : isNaN(b) & !isNaN(a));
}

//===----------------------------------------------------------------------===//
// ArgMax and ArgMin
//===----------------------------------------------------------------------===//

/// The position of the best element so far is what the reduction carries; the
/// element is read again from there.
template <bool largest>
static LogicalResult convertArg(Node &node, Emitter &e) {
  mlir::Builder &builder = e.getBuilder();
  Tensor x = node.getInput(0);
  bool keep = node.getInt("keepdims", 1) != 0;
  bool last = node.getInt("select_last_index", 0) != 0;
  int64_t axis = node.getAxis("axis", 0, x.getRank());
  Extents sizes = e.extents(x), kept(sizes);
  sizes.erase(sizes.begin() + axis);
  kept[axis] = e.fixed(1);
  auto whole = builder.getMultiDimIdentityMap(kept.size());
  Tensor y =
      accumulate(e, {x}, {whole, whole.dropResult(axis)}, sizes,
                 {e, DataType::Int64, 0}, [&](Number element, Number so) {
                   SmallVector<Number> at;
                   for (size_t d = 0; d < kept.size(); ++d)
                     at.push_back(loopIndex(e, d));
                   Number here = std::exchange(at[axis], so.toIndex());
                   Number best = read(e, x, at);
                   Number better = last ? !isBefore(largest, best, element)
                                        : isBefore(largest, element, best);
                   return select(better, here.as(DataType::Int64), so);
                 });
  return node.give(keep ? e.reshape(y, kept) : y);
}

//===----------------------------------------------------------------------===//
// TopK
//===----------------------------------------------------------------------===//

/// Up to here, a pass over all elements for each that is taken costs less than
/// sorting them.
static constexpr int64_t kFewTaken = 32;

/// How many elements TopK takes of `extent`, clamped where it is known at run
/// time only.
static FailureOr<Number> getCount(Node &node, OpFoldResult extent) {
  Emitter &e = node.getEmitter();
  Number count = node.getOpset() < 10 ? Number(e, node.getInt("k", 0))
                                      : readInteger(node, 1, "k");
  std::optional<int64_t> number = mlir::getConstantIntValue(count),
                         all = mlir::getConstantIntValue(extent);
  if (number && (*number < 0 || (all && *number > *all)))
    return node.error("k is " + Twine(*number) + "; required is 0 to " +
                      (all ? Twine(*all) : Twine("the extent")));
  if (number && all)
    return count;
  Number most(e, extent);
  e.requireInside(count, Number(e, 0), most + 1, "k");
  return max(Number(e, 0), min(count, most));
}

namespace {
/// TopK on x [outer, n, inner]: the values and indices of the `count` first
/// elements, [outer, count, inner].
struct TopK {
  using Results = std::tuple<Tensor, Tensor>;

  /// One pass over n for each element that is taken.
  Results take(const Results &empty);
  /// Sorts the indices of all n elements by merging runs.
  Results sort(const Results &empty);

  Emitter &e;
  Tensor x;
  Extents sizes;
  OpFoldResult count;
  bool largest;
};
} // namespace

TopK::Results TopK::take(const Results &empty) {
  Number none(e, -1), zero(e, getComputeType(x.type), 0);
  // The position and the value of the first element of a row that comes after
  // the one taken before, by value and then by index.
  auto findNext = [&](ArrayRef<Number> row, Number before, Number least) {
    return fold(e, {sizes[1]}, std::tuple(none, zero),
                [&](ArrayRef<Number> at, Number best, Number most) {
                  Number element = read(e, x, {row[0], at[0], row[1]});
                  // Less than the one before, or its equal further on.
                  Number open =
                      (before == -1) |
                      (isBefore(largest, least, element) |
                       (!isBefore(largest, element, least) & (at[0] > before)));
                  Number better =
                      open & ((best == -1) | isBefore(largest, element, most));
                  return std::tuple(select(better, at[0], best),
                                    select(better, element, most));
                });
  };
  return fold(e, {sizes[0], sizes[2]}, empty,
              [&](ArrayRef<Number> row, Tensor values, Tensor indices) {
                auto [filled, places, index, value] =
                    fold(e, {count}, std::tuple(values, indices, none, zero),
                         [&](ArrayRef<Number> k, Tensor values, Tensor indices,
                             Number before, Number least) {
                           auto [index, value] = findNext(row, before, least);
                           Number goal[] = {row[0], k[0], row[1]};
                           return std::tuple(insert(e, value, values, goal),
                                             insert(e, index, indices, goal),
                                             index, value);
                         });
                return std::tuple(filled, places);
              });
}

TopK::Results TopK::sort(const Results &empty) {
  constexpr DataType number = DataType::Int64;
  Tensor space{e.empty({Number(e, 2), sizes[1]}, number), number};
  auto [values, indices, order] = fold(
      e, {sizes[0], sizes[2]}, std::tuple_cat(empty, std::tuple(space)),
      [&](ArrayRef<Number> row, Tensor values, Tensor indices, Tensor space) {
        auto element = [&](Number index) {
          return read(e, x, {row[0], index, row[1]});
        };
        std::pair<Tensor, Number> sorted =
            sortIndices(e, space, [&](Number a, Number b) {
              return isBefore(largest, element(a), element(b));
            });
        return fold(e, {count}, std::tuple(values, indices, sorted.first),
                    [&](ArrayRef<Number> k, Tensor values, Tensor indices,
                        Tensor order) {
                      Number index = load(e, order, {sorted.second, k[0]});
                      Number value =
                          load(e, x, {row[0], index.toIndex(), row[1]});
                      Number goal[] = {row[0], k[0], row[1]};
                      return std::tuple(insert(e, value, values, goal),
                                        insert(e, index, indices, goal), order);
                    });
      });
  return {values, indices};
}

static LogicalResult convertTopK(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  int64_t rank = x.getRank();
  int64_t axis = node.getAxis("axis", -1, rank);
  bool largest = node.getInt("largest", 1) != 0;
  (void)node.getInt("sorted", 1);
  Extents whole = e.extents(x);
  FailureOr<Number> found = getCount(node, whole[axis]);
  if (failed(found))
    return failure();
  OpFoldResult count = *found;
  Extents sizes = aroundAxis(e, whole, Number(e, axis)), taken(sizes);
  whole[axis] = taken[1] = count;
  TopK::Results empty{{e.empty(taken, x.type), x.type},
                      {e.empty(taken, DataType::Int64), DataType::Int64}};
  auto isAtMost = [](OpFoldResult size, int64_t bound) {
    std::optional<int64_t> number = mlir::getConstantIntValue(size);
    return number && *number <= bound;
  };
  bool few = isAtMost(count, kFewTaken) || isAtMost(sizes[1], 2 * kFewTaken);
  TopK topK{e, e.reshape(x, sizes), sizes, count, largest};
  auto [values, indices] = few ? topK.take(empty) : topK.sort(empty);
  node.setOutput(0, e.reshape(values, whole));
  if (node.getNumOutputs() > 1)
    node.setOutput(1, e.reshape(indices, whole));
  return success();
}

void registerSelectionOps(Registry &registry) {
  registry.add({
      {"ArgMax", 1, 1, 1, convertArg<true>, takes(kAny.atLeast(1))},
      {"ArgMin", 1, 1, 1, convertArg<false>, takes(kAny.atLeast(1))},
      {"TopK", 1, 1, 2, convertTopK, takes(kAny.atLeast(1))},
  });
}

} // namespace seqc::onnx
