//===- RunTimeSizes.cpp - Operators whose results have run-time sizes -----===//
//
// The positions that make up the result are listed in a tensor of the greatest
// possible size, whose front is cut off; its extent is the one that was
// counted.
//
//===----------------------------------------------------------------------===//

#include "frontends/Common/Loops.h"
#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

/// The first `count` elements of a 1-D int64 tensor.
static Tensor cutOff(Emitter &e, Value list, Value count) {
  Tensor all{list, DataType::Int64};
  // Even an empty slice must begin inside.
  if (all.getShape()[0] == 0)
    return all;
  return e.slice(all, {Number(e, 0)}, {OpFoldResult(count)});
}

/// The numbers below `size` for which `holds`, in ascending order, as int64.
static Tensor listPositions(Emitter &e, OpFoldResult size,
                            function_ref<Number(Number)> holds) {
  SmallVector<Value> results =
      iterate(e, {size}, {e.empty({size}, DataType::Int64), Number(e, 0)},
              [&](ArrayRef<Number> at, ValueRange carried) {
                Number count(e, carried[1]);
                // What does not count is overwritten by the next one that does.
                Value filled =
                    insert(e, at[0].as(DataType::Int64), carried[0], {count});
                return SmallVector<Value>{
                    filled, select(holds(at[0]), count + 1, count)};
              });
  e.setExtents(results[0], {size});
  return cutOff(e, results[0], results[1]);
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

/// NonZero: the indices of elements that are not zero, one row a dimension.
static LogicalResult convertNonZero(Node &node) {
  Emitter &e = node.getEmitter();
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
static LogicalResult convertCompress(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0), condition = node.getInput(1);
  if (condition.type != DataType::Bool || condition.getRank() != 1)
    return node.error("its condition is " + getName(condition.type) +
                      " of rank " + Twine(condition.getRank()) +
                      "; required is bool of rank 1");
  int64_t axis = 0;
  if (node.hasAttribute("axis")) {
    std::optional<int64_t> given = node.getAxis("axis", 0, x.getRank());
    if (!given)
      return failure();
    axis = *given;
  } else {
    x = flatten(e, x);
  }
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
  Value none = e.scalars().boolean(false);
  Value less = iterate(e, {e.extent(rows, 1)}, {none, none},
                       [&](ArrayRef<Number> at, ValueRange carried) {
                         SmallVector<Number> found =
                             toNumbers(e, DataType::Bool, carried);
                         Number less = compare(a, b, at[0]),
                                more = compare(b, a, at[0]);
                         Number open = !(found[0] | found[1]);
                         return SmallVector<Value>{found[0] | (open & less),
                                                   found[1] | (open & more)};
                       })[0];
  return {e, DataType::Bool, less};
}

/// The positions of the rows in ascending order, equal ones in that of their
/// positions. Sorted blocks of doubling width are merged: each row finds its
/// place in the neighbouring block by bisection. The two rows of the carried
/// tensor are the list before a step and after.
static Tensor sortRows(Emitter &e, Tensor rows) {
  OpFoldResult size = e.extent(rows, 0);
  Number count(e, size);
  Extents both{Number(e, 2), size};
  Tensor lists = define(e, DataType::Int64, both,
                        [](ArrayRef<Number> at) { return at[1]; });
  // Steps until one block holds all rows.
  Number steps(e, countDoublings(e, size));
  Value sorted = iterate(
      e, {steps, size}, {lists.value},
      [&](ArrayRef<Number> at, ValueRange carried) {
        Number step = at[0], i = at[1], from = step % 2;
        auto rowAt = [&](Number k) {
          return load(e, {carried[0], DataType::Int64}, {from, k}).toIndex();
        };
        Number row = rowAt(i);
        Number width = powerOfTwo(step), block = i / width;
        Number isRight = block % 2 == 1, start = block * width;
        Number other =
            select(isRight, start - width, min(start + width, count));
        Number end = min(other + width, count);
        // Rows of the other block in [other, low) come before this one.
        Number low(
            e,
            iterate(e, {step + 1}, {other, end},
                    [&](ArrayRef<Number>, ValueRange range) {
                      Number low(e, range[0]), high(e, range[1]);
                      Number open = low < high, middle = (low + high) / 2;
                      Number that = rowAt(min(middle, count - 1));
                      // Of equal rows, those on the left come first.
                      Number less = isLess(e, rows, that, row);
                      Number notMore = !isLess(e, rows, row, that);
                      Number before = open & select(isRight, notMore, less);
                      Number after = open & !before;
                      return SmallVector<Value>{select(before, middle + 1, low),
                                                select(after, middle, high)};
                    })[0]);
        Number place =
            select(isRight, other, start) + ((i - start) + (low - other));
        return SmallVector<Value>{
            insert(e, row.as(DataType::Int64), carried[0], {1 - from, place})};
      })[0];
  e.setExtents(sorted, both);
  Number last = steps % 2;
  return define(e, DataType::Int64, {size}, [&](ArrayRef<Number> at) {
    return load(e, {sorted, DataType::Int64}, {last, at[0]});
  });
}

/// Unique: the different slices along `axis`, or the different elements, where
/// they occur first, which one each input is, and how often each occurs.
static LogicalResult convertUnique(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  bool sorted = node.getInt("sorted", 1) != 0;
  int64_t axis = 0;
  Tensor rows;
  if (node.hasAttribute("axis")) {
    std::optional<int64_t> given = node.getAxis("axis", 0, x.getRank());
    if (!given)
      return failure();
    axis = *given;
    SmallVector<int64_t> order{axis};
    Extents rest;
    for (int64_t d = 0; d < x.getRank(); ++d) {
      if (d == axis)
        continue;
      order.push_back(d);
      rest.push_back(e.extent(x, d));
    }
    rows =
        e.reshape(e.transpose(x, order), {e.extent(x, axis), e.product(rest)});
  } else {
    x = flatten(e, x);
    rows = e.reshape(x, {e.extent(x, 0), Number(e, 1)});
  }

  OpFoldResult size = e.extent(rows, 0);
  DataType type = DataType::Int64;
  Tensor order = sortRows(e, rows);
  // Equal rows are neighbours now, and the first of them occurs first.
  SmallVector<Value> results = iterate(
      e, {size},
      {e.fill(type, {size}, 0).value, e.fill(type, {size}, 0).value,
       e.fill(type, {size}, 0).value, Number(e, 0)},
      [&](ArrayRef<Number> at, ValueRange carried) {
        Number k = at[0], so(e, carried[3]), row = loadIndex(e, order, k);
        Number before = loadIndex(e, order, max(k - 1, 0));
        Number isNew = (k == 0) | isLess(e, rows, before, row);
        Number groups = select(isNew, so + 1, so), group = groups - 1;
        Number old = load(e, {carried[0], type}, {group});
        Number count = load(e, {carried[2], type}, {group}) + 1;
        return SmallVector<Value>{
            insert(e, select(isNew, row.as(type), old), carried[0], {group}),
            insert(e, group.as(type), carried[1], {row}),
            insert(e, count, carried[2], {group}), groups};
      });
  for (int i = 0; i < 3; ++i)
    e.setExtents(results[i], {size});
  Tensor first = cutOff(e, results[0], results[3]);
  Tensor inverse{results[1], type};
  Tensor counts = cutOff(e, results[2], results[3]);

  if (!sorted) {
    // By first occurrence instead.
    Tensor list = listPositions(e, size, [&](Number i) {
      return loadIndex(e, first, loadIndex(e, inverse, i)) == i;
    });
    Tensor groups = pick(e, inverse, 0, list);
    Value places = iterate(
        e, {e.extent(groups, 0)}, {e.fill(type, {size}, 0).value},
        [&](ArrayRef<Number> at, ValueRange carried) {
          return SmallVector<Value>{insert(e, at[0].as(type), carried[0],
                                           {loadIndex(e, groups, at[0])})};
        })[0];
    e.setExtents(places, {size});
    first = list;
    counts = pick(e, counts, 0, groups);
    inverse = pick(e, {places, type}, 0, inverse);
  }
  node.setOutput(0, pick(e, x, axis, first));
  node.setOutput(1, first);
  node.setOutput(2, inverse);
  node.setOutput(3, counts);
  return success();
}

void registerRunTimeSizesOps(Registry &registry) {
  registry.add({
      {"NonZero", 9, 1, 1, convertNonZero},
      {"Compress", 9, 2, 2, convertCompress},
      {"Unique", 11, 1, 1, convertUnique},
  });
}

} // namespace seqc::onnx
