//===- RunTimeSizes.cpp - Operators whose results have run-time sizes -----===//
//
// The positions that make up the result are listed in a tensor of the greatest
// possible size, whose front is cut off; its extent is the one that was
// counted.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Loops.h"
#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;
using mlir::arith::CmpIPredicate;

/// The first `count` elements of a 1-D int64 tensor.
static Tensor cutOff(Emitter &e, Value list, Value count) {
  Tensor all{list, DataType::Int64};
  // Even an empty slice must begin inside.
  if (all.getShape()[0] == 0)
    return all;
  return e.slice(all, {e.getBuilder().getIndexAttr(0)}, {OpFoldResult(count)});
}

/// The numbers below `size` for which `holds`, in ascending order, as int64.
static Tensor listPositions(Emitter &e, OpFoldResult size,
                            function_ref<Value(Scalars &, Value)> holds) {
  Scalars s = e.scalars();
  Value list = e.empty({size}, DataType::Int64);
  SmallVector<Value> results = iterate(
      e, {size}, {list, s.index(0)},
      [&](Scalars &inner, ValueRange at, ValueRange carried) {
        // What does not count is overwritten by the next one that does.
        Value filled = insert(e, inner.fromIndex(DataType::Int64, at[0]),
                              carried[0], carried[1]);
        Value next = inner.addIndex(carried[1], inner.index(1));
        return SmallVector<Value>{
            filled, inner.select(holds(inner, at[0]), next, carried[1])};
      });
  e.setExtents(results[0], {size});
  return cutOff(e, results[0], results[1]);
}

/// Element `i` of a 1-D int64 tensor as index.
static Value loadIndex(Emitter &e, Scalars &s, Tensor list, Value i) {
  return s.toIndex(DataType::Int64, e.load(list, i));
}

/// The elements of `x` along dimension `axis` at the positions in `list`.
static Tensor pick(Emitter &e, Tensor x, int64_t axis, Tensor list) {
  Extents sizes = e.extents(x);
  sizes[axis] = e.extent(list, 0);
  return e.generate(x.type, sizes, [&](Scalars &s, ValueRange at) {
    SmallVector<Value> position(at);
    position[axis] = loadIndex(e, s, list, at[axis]);
    return e.load(x, position);
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
  Scalars s = e.scalars();
  Tensor list =
      listPositions(e, e.extent(flat, 0), [&](Scalars &inner, Value i) {
        DataType type = getComputeType(x.type);
        return inner.compare(Compare::NotEqual, type, e.loadWide(flat, i),
                             inner.constant(type, 0));
      });
  // Extents of zero leave nothing to divide.
  SmallVector<Value> sizes, strides(x.getRank());
  Value stride = s.index(1);
  for (OpFoldResult size : e.extents(x))
    sizes.push_back(s.maxIndex(e.toValue(size), s.index(1)));
  for (int64_t d = x.getRank(); d-- > 0;) {
    strides[d] = stride;
    stride = s.mulIndex(stride, sizes[d]);
  }
  OpFoldResult rank = e.getBuilder().getIndexAttr(x.getRank());
  node.setOutput(
      0, e.generate(DataType::Int64, {rank, e.extent(list, 0)},
                    [&](Scalars &inner, ValueRange at) {
                      Value flatIndex = loadIndex(e, inner, list, at[1]);
                      Value index = inner.index(0);
                      for (int64_t d = 0; d < x.getRank(); ++d) {
                        Value i = inner.remIndex(
                            inner.divIndex(flatIndex, strides[d]), sizes[d]);
                        Value here = inner.compareIndex(CmpIPredicate::eq,
                                                        at[0], inner.index(d));
                        index = inner.select(here, i, index);
                      }
                      return inner.fromIndex(DataType::Int64, index);
                    }));
  return success();
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
    std::optional<int64_t> given =
        node.getAxis(node.getInt("axis", 0), x.getRank());
    if (!given)
      return failure();
    axis = *given;
  } else {
    x = flatten(e, x);
  }
  // What has no condition is left out.
  OpFoldResult size = e.extent(x, axis), count = e.extent(condition, 0);
  if (!Emitter::isSame(size, count))
    size = e.scalars().minIndex(e.toValue(size), e.toValue(count));
  Tensor list =
      listPositions(e, e.simplify({size}).front(),
                    [&](Scalars &, Value i) { return e.load(condition, i); });
  node.setOutput(0, pick(e, x, axis, list));
  return success();
}

//===----------------------------------------------------------------------===//
// Unique
//===----------------------------------------------------------------------===//

/// Whether row `a` of a matrix is less than row `b`, by its first elements that
/// differ. NaN is the greatest number and equal to itself.
static Value isLess(Emitter &e, Scalars &s, Tensor rows, Value a, Value b) {
  DataType type = getComputeType(rows.type);
  auto compare = [&](Scalars &inner, Value column, bool swapped) {
    Value x = e.loadWide(rows, {swapped ? b : a, column});
    Value y = e.loadWide(rows, {swapped ? a : b, column});
    Value less = inner.compare(Compare::Less, type, x, y);
    if (isFloat(type))
      less = inner.logicalOr(
          less, inner.logicalAnd(inner.isNaN(type, y),
                                 inner.logicalNot(inner.isNaN(type, x))));
    return less;
  };
  if (rows.getShape()[1] == 1)
    return compare(s, s.index(0), false);
  return iterate(
             e, {e.extent(rows, 1)}, {s.boolean(false), s.boolean(false)},
             [&](Scalars &inner, ValueRange at, ValueRange carried) {
               Value less = compare(inner, at[0], false);
               Value more = compare(inner, at[0], true);
               Value open =
                   inner.logicalNot(inner.logicalOr(carried[0], carried[1]));
               return SmallVector<Value>{
                   inner.logicalOr(carried[0], inner.logicalAnd(open, less)),
                   inner.logicalOr(carried[1], inner.logicalAnd(open, more))};
             })
      .front();
}

/// The positions of the rows in ascending order, equal ones in that of their
/// positions. Sorted blocks of doubling width are merged: each row finds its
/// place in the neighbouring block by bisection. The two rows of the carried
/// tensor are the list before a step and after.
static Tensor sortRows(Emitter &e, Tensor rows) {
  Scalars s = e.scalars();
  OpFoldResult size = e.extent(rows, 0);
  Value count = e.toValue(size);
  Extents both{e.getBuilder().getIndexAttr(2), size};
  Tensor lists =
      e.generate(DataType::Int64, both, [&](Scalars &inner, ValueRange at) {
        return inner.fromIndex(DataType::Int64, at[1]);
      });
  // Steps until one block holds all rows.
  Value steps =
      iterate(
          e, {e.getBuilder().getIndexAttr(62)}, {s.index(0)},
          [&](Scalars &inner, ValueRange at, ValueRange carried) {
            Value width = inner.op<mlir::arith::ShLIOp>(inner.index(1), at[0]);
            Value more = inner.compareIndex(CmpIPredicate::slt, width, count);
            return SmallVector<Value>{inner.select(
                more, inner.addIndex(carried[0], inner.index(1)), carried[0])};
          })
          .front();
  Value sorted =
      iterate(
          e, {OpFoldResult(steps), size}, {lists.value},
          [&](Scalars &inner, ValueRange at, ValueRange carried) {
            Value step = at[0], i = at[1];
            Value one = inner.index(1), two = inner.index(2);
            Value from = inner.remIndex(step, two);
            Tensor list{carried[0], DataType::Int64};
            auto rowAt = [&](Scalars &at, Value k) {
              return at.toIndex(DataType::Int64, e.load(list, {from, k}));
            };
            Value row = rowAt(inner, i);
            Value width = inner.op<mlir::arith::ShLIOp>(one, step);
            Value block = inner.divIndex(i, width);
            Value isRight = inner.compareIndex(CmpIPredicate::eq,
                                               inner.remIndex(block, two), one);
            Value start = inner.mulIndex(block, width);
            Value other = inner.select(
                isRight, inner.subIndex(start, width),
                inner.minIndex(inner.addIndex(start, width), count));
            Value end = inner.minIndex(inner.addIndex(other, width), count);
            // Rows of the other block in [other, low) come before this one.
            Value low =
                iterate(
                    e, {OpFoldResult(inner.addIndex(step, one))}, {other, end},
                    [&](Scalars &b, ValueRange, ValueRange range) {
                      Value open = b.compareIndex(CmpIPredicate::slt, range[0],
                                                  range[1]);
                      Value middle =
                          b.divIndex(b.addIndex(range[0], range[1]), two);
                      Value that =
                          rowAt(b, b.minIndex(middle, b.subIndex(count, one)));
                      // Of equal rows, those on the left come first.
                      Value less = isLess(e, b, rows, that, row);
                      Value notMore =
                          b.logicalNot(isLess(e, b, rows, row, that));
                      Value before =
                          b.logicalAnd(open, b.select(isRight, notMore, less));
                      Value after = b.logicalAnd(open, b.logicalNot(before));
                      return SmallVector<Value>{
                          b.select(before, b.addIndex(middle, one), range[0]),
                          b.select(after, middle, range[1])};
                    })
                    .front();
            Value base = inner.select(isRight, other, start);
            Value place = inner.addIndex(
                base, inner.addIndex(inner.subIndex(i, start),
                                     inner.subIndex(low, other)));
            return SmallVector<Value>{
                insert(e, inner.fromIndex(DataType::Int64, row), carried[0],
                       {inner.subIndex(one, from), place})};
          })
          .front();
  e.setExtents(sorted, both);
  Value last = s.remIndex(steps, s.index(2));
  return e.generate(DataType::Int64, {size}, [&](Scalars &, ValueRange at) {
    return e.load({sorted, DataType::Int64}, {last, at[0]});
  });
}

/// Unique: the different slices along `axis`, or the different elements, where
/// they occur first, which one each input is, and how often each occurs.
static LogicalResult convertUnique(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  bool sorted = node.getInt("sorted", 1) != 0;
  mlir::OpBuilder &builder = e.getBuilder();
  int64_t axis = 0;
  Tensor rows;
  if (node.hasAttribute("axis")) {
    std::optional<int64_t> given =
        node.getAxis(node.getInt("axis", 0), x.getRank());
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
    rows = e.reshape(x, {e.extent(x, 0), builder.getIndexAttr(1)});
  }

  Scalars s = e.scalars();
  OpFoldResult size = e.extent(rows, 0);
  DataType type = DataType::Int64;
  Tensor order = sortRows(e, rows);
  // Equal rows are neighbours now, and the first of them occurs first.
  SmallVector<Value> results = iterate(
      e, {size},
      {e.fill(type, {size}, 0).value, e.fill(type, {size}, 0).value,
       e.fill(type, {size}, 0).value, s.index(0)},
      [&](Scalars &inner, ValueRange at, ValueRange carried) {
        Value one = inner.index(1), k = at[0];
        Value row = loadIndex(e, inner, order, k);
        Value before =
            loadIndex(e, inner, order,
                      inner.maxIndex(inner.subIndex(k, one), inner.index(0)));
        Value isNew = inner.logicalOr(
            inner.compareIndex(CmpIPredicate::eq, k, inner.index(0)),
            isLess(e, inner, rows, before, row));
        Value groups =
            inner.select(isNew, inner.addIndex(carried[3], one), carried[3]);
        Value group = inner.subIndex(groups, one);
        Value old = e.load({carried[0], type}, group);
        Value number = inner.fromIndex(type, row);
        Value first =
            insert(e, inner.select(isNew, number, old), carried[0], group);
        Value inverse =
            insert(e, inner.fromIndex(type, group), carried[1], row);
        Value count = inner.add(type, e.load({carried[2], type}, group),
                                inner.constantInteger(type, 1));
        Value counts = insert(e, count, carried[2], group);
        return SmallVector<Value>{first, inverse, counts, groups};
      });
  for (int i = 0; i < 3; ++i)
    e.setExtents(results[i], {size});
  Tensor first = cutOff(e, results[0], results[3]);
  Tensor inverse{results[1], type};
  Tensor counts = cutOff(e, results[2], results[3]);

  if (!sorted) {
    // By first occurrence instead.
    Tensor list = listPositions(e, size, [&](Scalars &inner, Value i) {
      Value group = loadIndex(e, inner, inverse, i);
      return inner.compareIndex(CmpIPredicate::eq,
                                loadIndex(e, inner, first, group), i);
    });
    Tensor groups = pick(e, inverse, 0, list);
    Value places =
        iterate(e, {e.extent(groups, 0)}, {e.fill(type, {size}, 0).value},
                [&](Scalars &inner, ValueRange at, ValueRange carried) {
                  Value group = loadIndex(e, inner, groups, at[0]);
                  return SmallVector<Value>{insert(
                      e, inner.fromIndex(type, at[0]), carried[0], group)};
                })
            .front();
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
