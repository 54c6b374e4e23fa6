//===- RunTimeSizes.cpp - Operators whose results have run-time sizes -----===//
//
// The positions that make up the result are listed in a tensor of the greatest
// possible size, whose front is cut off; its extent is the one that was
// counted.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Ops/Family.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;

/// The first `count` elements of a 1-D tensor.
static Tensor cutOff(Emitter &e, Tensor all, Number count) {
  // Even an empty slice must begin inside.
  return all.getShape()[0] == 0 ? all : e.sliceDim(all, 0, Number(e, 0), count);
}

/// The numbers below `size` for which `holds`, in ascending order, as int64.
static Tensor listPositions(Emitter &e, OpFoldResult size,
                            function_ref<Number(Number)> holds) {
  Tensor room{e.empty({size}, DataType::Int64), DataType::Int64};
  auto [list, count] =
      fold(e, {size}, std::tuple(room, Number(e, 0)),
           [&](ArrayRef<Number> at, Tensor filled, Number count) {
             // What does not count is overwritten by the next one that does.
             filled = insert(e, at[0], filled, {count});
             return std::tuple(filled, select(holds(at[0]), count + 1, count));
           });
  return cutOff(e, list, count);
}

/// Element `i` of a 1-D int64 tensor as index.
static Number loadIndex(Emitter &e, Tensor list, Number i) {
  return load(e, list, {i}).toIndex();
}

/// The elements of `x` along dimension `axis` at the positions in `list`.
static Tensor pick(Emitter &e, Tensor x, int64_t axis, Tensor list) {
  Extents sizes = e.extents(x);
  sizes[axis] = e.extent(list, 0);
  return define(e, x.type, sizes, [&](ArrayRef<Number> at) {
    SmallVector<Number> position(at);
    position[axis] = loadIndex(e, list, at[axis]);
    return load(e, x, position);
  });
}

/// All elements in one dimension.
static Tensor flatten(Emitter &e, Tensor x) {
  return e.reshape(x, {e.product(e.extents(x))});
}

/// The dimension that attribute 'axis' means; without it, the only one of `x`,
/// which is flattened then.
static int64_t readAxisOrFlatten(Node &node, Emitter &e, Tensor &x) {
  bool isGiven = node.hasAttribute("axis");
  int64_t axis = isGiven ? node.getAxis("axis", 0, x.getRank()) : 0;
  if (!isGiven || x.getRank() == 0)
    x = flatten(e, x);
  return axis;
}

/// NonZero: the indices of elements that are not zero, one row a dimension.
static LogicalResult convertNonZero(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  Tensor flat = flatten(e, x);
  Tensor list = listPositions(
      e, e.extent(flat, 0), [&](Number i) { return read(e, flat, {i}) != 0; });
  // Extents of zero leave nothing to divide.
  SmallVector<Number> sizes, strides(x.getRank(), Number(e, 1));
  for (OpFoldResult size : e.extents(x))
    sizes.push_back(max(Number(e, size), 1));
  for (int64_t d = x.getRank() - 1; d-- > 0;)
    strides[d] = strides[d + 1] * sizes[d + 1];
  return node.give(define(
      e, DataType::Int64, {Number(e, x.getRank()), e.extent(list, 0)},
      [&](ArrayRef<Number> at) {
        Number place = loadIndex(e, list, at[1]), index(e, 0);
        for (int64_t d = 0; d < x.getRank(); ++d)
          index = select(at[0] == d, place / strides[d] % sizes[d], index);
        return index;
      }));
}

/// Compress: the slices along `axis`, or the elements, whose condition holds.
static LogicalResult convertCompress(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), condition = node.getInput(1);
  int64_t axis = readAxisOrFlatten(node, e, x);
  // What has no condition is left out.
  OpFoldResult size = e.extent(x, axis), count = e.extent(condition, 0);
  if (!Emitter::isSame(size, count))
    size = min(Number(e, size), e.toValue(count));
  Tensor list =
      listPositions(e, size, [&](Number i) { return load(e, condition, {i}); });
  return node.give(pick(e, x, axis, list));
}

//===----------------------------------------------------------------------===//
// Unique
//===----------------------------------------------------------------------===//

/// Whether row `a` of a matrix is less than row `b`, by its first elements that
/// differ. NaN is the greatest number and equal to itself.
static Number isLess(Emitter &e, Tensor rows, Number a, Number b) {
  auto compare = [&](Number a, Number b, Number column) {
    Number x = read(e, rows, {a, column}), y = read(e, rows, {b, column});
    Number less = x < y;
    return isFloat(x.getType()) ? less | (isNaN(y) & !isNaN(x)) : less;
  };
  if (rows.getShape()[1] == 1)
    return compare(a, b, 0);
  Number none(e, DataType::Bool, 0);
  return std::get<0>(fold(e, {e.extent(rows, 1)}, std::tuple(none, none),
                          [&](ArrayRef<Number> at, Number less, Number more) {
                            Number open = !(less | more);
                            return std::tuple(
                                less | (open & compare(a, b, at[0])),
                                more | (open & compare(b, a, at[0])));
                          }));
}

/// Unique: the different slices along `axis`, or the different elements, where
/// they occur first, which one each input is, and how often each occurs.
static LogicalResult convertUnique(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  bool sorted = node.getInt("sorted", 1) != 0;
  int64_t axis = readAxisOrFlatten(node, e, x);
  SmallVector<int64_t> order = to_vector(seq<int64_t>(0, x.getRank()));
  std::rotate(order.begin(), order.begin() + axis, order.begin() + axis + 1);
  Extents rest = e.extents(x);
  rest.erase(rest.begin() + axis);
  Tensor rows =
      e.reshape(e.transpose(x, order), {e.extent(x, axis), e.product(rest)});

  OpFoldResult size = e.extent(rows, 0);
  DataType type = DataType::Int64;
  Tensor space{e.empty({Number(e, 2), size}, type), type};
  std::pair<Tensor, Number> sortedRows = sortIndices(
      e, space, [&](Number a, Number b) { return isLess(e, rows, a, b); });
  auto rowAt = [&](Number k) {
    return load(e, sortedRows.first, {sortedRows.second, k}).toIndex();
  };
  // Equal rows are neighbours now, and the first of them occurs first.
  auto zeros = [&] { return e.fill(type, {size}, 0); };
  auto [first, inverse, counts, groups] =
      fold(e, {size}, std::tuple(zeros(), zeros(), zeros(), Number(e, 0)),
           [&](ArrayRef<Number> at, Tensor first, Tensor inverse, Tensor counts,
               Number so) {
             Number k = at[0], row = rowAt(k), before = rowAt(max(k - 1, 0));
             Number isNew = (k == 0) | isLess(e, rows, before, row);
             Number groups = select(isNew, so + 1, so), group = groups - 1;
             Number old = load(e, first, {group}),
                    count = load(e, counts, {group}) + 1;
             return std::tuple(
                 insert(e, select(isNew, row.as(type), old), first, {group}),
                 insert(e, group, inverse, {row}),
                 insert(e, count, counts, {group}), groups);
           });
  Tensor firstOnes = cutOff(e, first, groups), places = inverse,
         numbers = cutOff(e, counts, groups);
  if (!sorted) {
    // By first occurrence instead.
    Tensor list = listPositions(e, size, [&](Number i) {
      return loadIndex(e, firstOnes, loadIndex(e, places, i)) == i;
    });
    Tensor order = pick(e, places, 0, list);
    Tensor moved = fold(
        e, {e.extent(order, 0)}, zeros(), [&](ArrayRef<Number> at, Tensor so) {
          return insert(e, at[0], so, {loadIndex(e, order, at[0])});
        });
    firstOnes = list;
    numbers = pick(e, numbers, 0, order);
    places = pick(e, moved, 0, places);
  }
  node.setOutput(0, pick(e, x, axis, firstOnes));
  node.setOutput(1, firstOnes);
  node.setOutput(2, places);
  node.setOutput(3, numbers);
  return success();
}

void registerRunTimeSizesOps(Registry &registry) {
  registry.add({
      {"NonZero", 9, 1, 1, convertNonZero},
      {"Compress", 9, 2, 2, convertCompress, takes(kAny, kBool(1))},
      {"Unique", 11, 1, 1, convertUnique},
  });
}

} // namespace seqc::onnx
