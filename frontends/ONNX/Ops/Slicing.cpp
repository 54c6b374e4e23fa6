//===- Slicing.cpp - Slices, padding and tiling ---------------------------===//

#include "frontends/ONNX/Ops/InputTypes.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <limits>

using namespace llvm;

namespace seqc::onnx {

using mlir::getConstantIntValue;
using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;
using mlir::arith::CmpIPredicate;

/// The elements of input `i`, a list of at most `most` integers.
static LogicalResult getList(Node &node, size_t i, StringRef name, int64_t most,
                             SmallVectorImpl<Value> &list) {
  Emitter &e = node.getEmitter();
  Tensor tensor = node.getInput(i);
  if (tensor.getRank() > 1 || !isInteger(tensor.type))
    return node.error("input " + Twine(i) + " (" + name + ") is " +
                      getName(tensor.type) + " of rank " +
                      Twine(tensor.getRank()) +
                      "; required is a list of integers");
  // A few too many are told by who knows what belongs to what.
  if (failed(node.requireList(i, name, std::max(most, 2 * kMostRank))))
    return failure();
  for (OpFoldResult element : e.indices(tensor))
    list.push_back(e.toValue(element));
  return success();
}

static void appendIndices(Node &node, ArrayRef<int64_t> numbers,
                          SmallVectorImpl<Value> &list) {
  for (int64_t number : numbers)
    list.push_back(node.getEmitter().scalars().index(number));
}

/// Makes `axes` dimensions of a tensor of rank `rank`; what is constant is
/// checked.
static LogicalResult wrapAxes(Node &node, int64_t rank,
                              SmallVectorImpl<Value> &axes) {
  Scalars s = node.getEmitter().scalars();
  SmallVector<bool> seen(rank);
  for (Value &axis : axes) {
    std::optional<int64_t> number = getConstantIntValue(axis);
    if (!number) {
      node.getEmitter().requireInside(axis, s.index(-rank), s.index(rank),
                                      "an axis");
      axis = s.wrapIndex(axis, s.index(rank));
      continue;
    }
    std::optional<int64_t> at = takeAxis(node, *number, seen);
    if (!at)
      return failure();
    axis = s.index(*at);
  }
  requireDistinct(node.getEmitter(), axes);
  return success();
}

/// The value that the axis `dim` has in a list that belongs to `axes`.
static Value pickAxis(Scalars &s, int64_t dim, ArrayRef<Value> axes,
                      ArrayRef<Value> list, Value otherwise) {
  Value result = otherwise;
  for (auto [axis, value] : zip(axes, list))
    result = s.select(s.compareIndex(CmpIPredicate::eq, axis, s.index(dim)),
                      value, result);
  return result;
}

/// `i` held between `low` and `high`, both of which may be constants.
static Value clampIndex(Scalars &s, Value i, Value low, Value high) {
  return s.minIndex(s.maxIndex(i, low), high);
}

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

namespace {
/// Which elements of one dimension are taken.
struct Range {
  Value start, step, count;
};
} // namespace

static Range getRange(Scalars &s, Value start, Value end, Value step,
                      Value extent) {
  Value zero = s.index(0), one = s.index(1);
  std::optional<int64_t> stride = getConstantIntValue(step),
                         first = getConstantIntValue(start),
                         last = getConstantIntValue(end);
  if (stride == 1) {
    // Whole dimensions and what reaches their end keep simple extents.
    bool whole = last && *last >= std::numeric_limits<int32_t>::max();
    Value from = first == 0
                     ? zero
                     : clampIndex(s, s.wrapIndex(start, extent), zero, extent);
    Value to =
        whole ? extent : clampIndex(s, s.wrapIndex(end, extent), zero, extent);
    Value count = s.subIndex(to, from);
    if (first == 0)
      count = to;
    else if (!whole)
      count = s.maxIndex(count, zero);
    return {from, step, count};
  }
  // The least integer has no opposite.
  step = s.maxIndex(step, s.index(-(int64_t(1) << 62)));
  Value forward = s.compareIndex(CmpIPredicate::sgt, step, zero);
  // A start before the axis is its first element in both directions, an end
  // there is one step before it on the way back. Without elements the way back
  // begins and ends before them.
  Value high = s.select(forward, extent, s.subIndex(extent, one));
  Value from = clampIndex(s, s.wrapIndex(start, extent), zero, high);
  Value low = s.select(forward, zero, s.index(-1));
  Value to = clampIndex(s, s.wrapIndex(end, extent), low, high);
  Value span = s.select(forward, s.subIndex(to, from), s.subIndex(from, to));
  Value size = s.maxIndex(s.maxIndex(step, s.subIndex(zero, step)), one);
  Value some = s.compareIndex(CmpIPredicate::sgt, span, zero);
  Value steps = s.divIndex(s.subIndex(s.maxIndex(span, one), one), size);
  return {from, step, s.select(some, s.addIndex(steps, one), zero)};
}

/// Slice: numpy's x[start:end:step] along some dimensions.
static LogicalResult convertSlice(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor x = node.getInput(0);
  int64_t rank = x.getRank();
  SmallVector<Value> starts, ends, axes, steps;
  if (node.getOpset() < 10) {
    appendIndices(node, node.getInts("starts").value_or(SmallVector<int64_t>()),
                  starts);
    appendIndices(node, node.getInts("ends").value_or(SmallVector<int64_t>()),
                  ends);
    appendIndices(node, node.getInts("axes").value_or(SmallVector<int64_t>()),
                  axes);
  } else {
    if (!node.hasInput(1) || !node.hasInput(2))
      return node.error("inputs 1 (starts) and 2 (ends) are required");
    // One list of known length tells that of the others.
    for (size_t i = 1; i < 5; ++i)
      if (Tensor known = node.getInput(i);
          known && known.getRank() == 1 && !known.getType().isDynamicDim(0))
        for (size_t other = 1; other < 5; ++other)
          (void)node.settleInput(other, known.getShape()[0]);
    if (failed(getList(node, 1, "starts", rank, starts)) ||
        failed(getList(node, 2, "ends", rank, ends)) ||
        (node.hasInput(3) && failed(getList(node, 3, "axes", rank, axes))) ||
        (node.hasInput(4) && failed(getList(node, 4, "steps", rank, steps))))
      return failure();
  }
  if (axes.empty())
    appendIndices(node, to_vector(seq<int64_t>(0, starts.size())), axes);
  if (steps.empty())
    steps.assign(starts.size(), s.index(1));
  if (starts.size() != ends.size() || starts.size() != axes.size() ||
      starts.size() != steps.size())
    return node.error("it has " + Twine(starts.size()) + " starts, " +
                      Twine(ends.size()) + " ends, " + Twine(axes.size()) +
                      " axes and " + Twine(steps.size()) +
                      " steps; required are equal numbers");
  if (failed(wrapAxes(node, rank, axes)))
    return failure();
  for (Value step : steps)
    if (getConstantIntValue(step) == 0)
      return node.error("a step is 0; required is another number");
    else
      e.require(s.compareIndex(CmpIPredicate::ne, step, s.index(0)),
                "a step is 0; required is another number");

  Extents offsets, sizes, strides;
  bool simple = true;
  for (int64_t d = 0; d < rank; ++d) {
    Value extent = e.extentValue(x, d);
    Range range =
        getRange(s, pickAxis(s, d, axes, starts, s.index(0)),
                 pickAxis(s, d, axes, ends,
                          s.index(std::numeric_limits<int64_t>::max())),
                 pickAxis(s, d, axes, steps, s.index(1)), extent);
    offsets.push_back(range.start);
    sizes.push_back(range.count);
    strides.push_back(range.step);
    std::optional<int64_t> step = getConstantIntValue(range.step);
    simple &= step && *step > 0;
  }
  sizes = e.simplify(sizes);
  if (simple) {
    node.setOutput(0,
                   e.slice(x, e.simplify(offsets), sizes, e.simplify(strides)));
    return success();
  }
  std::optional<SmallVector<int64_t>> from =
                                          mlir::getConstantIntValues(offsets),
                                      count = mlir::getConstantIntValues(sizes),
                                      by = mlir::getConstantIntValues(strides);
  if (e.isKnown(x) && from && count && by) {
    node.setOutput(0, e.pickKnown(x, *from, *by, *count,
                                  llvm::to_vector(llvm::seq(rank))));
    return success();
  }
  node.setOutput(0, e.generate(x.type, sizes, [&](Scalars &s, ValueRange at) {
    SmallVector<Value> position;
    for (int64_t d = 0; d < rank; ++d)
      position.push_back(s.addIndex(s.mulIndex(at[d], cast<Value>(strides[d])),
                                    cast<Value>(offsets[d])));
    return e.load(x, position);
  }));
  return success();
}

//===----------------------------------------------------------------------===//
// Split
//===----------------------------------------------------------------------===//

/// Split: parts of given sizes, or as many as there are outputs.
static LogicalResult convertSplit(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor x = node.getInput(0);
  std::optional<int64_t> axis =
      node.getAxis(node.getInt("axis", 0), x.getRank());
  if (!axis)
    return failure();
  int64_t parts = node.getNumOutputs();
  int64_t wanted = node.getInt("num_outputs", parts);
  if (wanted != parts)
    return node.error("'num_outputs' is " + Twine(wanted) +
                      "; required is the number of outputs, " + Twine(parts));
  Value extent = e.extentValue(x, *axis);
  std::optional<int64_t> whole = getConstantIntValue(extent);
  SmallVector<Value> sizes;
  if (node.hasInput(1)) {
    if (failed(getList(node, 1, "split", parts, sizes)))
      return failure();
  } else if (node.getOpset() < 13) {
    appendIndices(node, node.getInts("split").value_or(SmallVector<int64_t>()),
                  sizes);
  }
  if (!sizes.empty()) {
    int64_t sum = 0;
    bool fixed = true;
    for (Value size : sizes) {
      std::optional<int64_t> number = getConstantIntValue(size);
      fixed &= number.has_value();
      int64_t next = 0;
      if (number && (*number < 0 || AddOverflow(sum, *number, next)))
        return node.error("a part has size " + Twine(*number));
      sum = number ? next : sum;
    }
    if (static_cast<int64_t>(sizes.size()) != parts ||
        (fixed && whole && sum != *whole))
      return node.error("it has " + Twine(sizes.size()) + " sizes of sum " +
                        Twine(sum) + " for " + Twine(parts) +
                        " outputs of a dimension of extent " +
                        Twine(whole.value_or(-1)));
  } else {
    // The last part may be smaller.
    Value count = s.index(parts);
    Value size = s.divIndex(s.addIndex(extent, s.index(parts - 1)), count);
    if (node.getOpset() < 18) {
      if (whole && *whole % parts)
        return node.error("extent " + Twine(*whole) + " does not split into " +
                          Twine(parts) + " equal parts");
      size = s.divIndex(extent, count);
    }
    sizes.assign(parts, size);
  }
  if (node.hasInput(1) || !getConstantIntValue(extent)) {
    // Parts that are given fill the dimension; equal ones before opset 18 too.
    Value sum = s.index(0);
    for (Value size : sizes)
      sum = s.addIndex(sum, size);
    if (node.hasInput(1) || node.getOpset() < 18)
      e.requireEqual(sum, extent, "the sum of its parts");
    e.requireSizes(SmallVector<OpFoldResult>(sizes.begin(), sizes.end()));
  }
  Value offset = s.index(0);
  bool exact = whole || (node.getOpset() < 18 && !node.hasInput(1));
  for (int64_t i = 0; i < parts; ++i) {
    Value size = sizes[i];
    if (!exact || !node.hasInput(1))
      size = exact && node.getOpset() < 18
                 ? size
                 : s.maxIndex(s.minIndex(size, s.subIndex(extent, offset)),
                              s.index(0));
    else if (!getConstantIntValue(size))
      size = clampIndex(s, size, s.index(0), s.subIndex(extent, offset));
    Extents part = e.simplify({OpFoldResult(offset), OpFoldResult(size)});
    node.setOutput(i, e.sliceDim(x, *axis, part[0], part[1]));
    offset = s.addIndex(offset, size);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

/// Pad: elements before and after each dimension; negative numbers take them
/// away.
static LogicalResult convertPad(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor x = node.getInput(0);
  int64_t rank = x.getRank();
  SmallVector<Value> pads, axes;
  Value zero = s.index(0), one = s.index(1), fill;
  if (node.getOpset() < 11) {
    std::optional<SmallVector<int64_t>> given =
        node.getInts(node.getOpset() < 2 ? "paddings" : "pads");
    appendIndices(node, given.value_or(SmallVector<int64_t>()), pads);
    fill = s.constant(x.type, node.getFloat("value", 0));
  } else {
    if (!node.hasInput(1))
      return node.error("input 1 (pads) is missing");
    if (!node.hasInput(3))
      (void)node.settleInput(1, 2 * rank);
    if (failed(getList(node, 1, "pads", 2 * rank, pads)) ||
        (node.hasInput(3) && failed(getList(node, 3, "axes", rank, axes))))
      return failure();
    fill = s.constant(x.type, 0);
    if (Tensor value = node.settleInput(2)) {
      if (value.type != x.type || !value.getType().hasStaticShape() ||
          value.getType().getNumElements() != 1)
        return node.error("input 2 (constant_value) is no single " +
                          getName(x.type));
      fill = e.elements(value).front();
    }
  }
  std::string mode = node.getString("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" &&
      mode != "wrap")
    return node.error("mode '" + Twine(mode) +
                      "' does not exist; required is constant, reflect, edge "
                      "or wrap");
  if (!node.hasInput(3))
    appendIndices(node, to_vector(seq<int64_t>(0, rank)), axes);
  if (pads.size() != 2 * axes.size())
    return node.error("it has " + Twine(pads.size()) + " pads for " +
                      Twine(axes.size()) +
                      " dimensions; required are two for each");
  if (failed(wrapAxes(node, rank, axes)))
    return failure();

  // First what is taken away.
  Extents offsets, kept, befores, sizes;
  for (int64_t d = 0; d < rank; ++d) {
    ArrayRef<Value> all = pads;
    Value before = pickAxis(s, d, axes, all.take_front(axes.size()), zero);
    Value after = pickAxis(s, d, axes, all.drop_front(axes.size()), zero);
    Value extent = e.extentValue(x, d), size = extent;
    // Sums of an extent and two pads stay numbers, and those beyond every memory
    // stay beyond it.
    Value most = s.index(int64_t(1) << 60);
    auto bound = [&](Value pad) {
      return getConstantIntValue(pad) == 0
                 ? zero
                 : clampIndex(s, pad, s.subIndex(zero, most), most);
    };
    before = bound(before), after = bound(after);
    bool plain =
        getConstantIntValue(before) == 0 && getConstantIntValue(after) == 0;
    Value offset = zero, rest = extent;
    if (!plain) {
      size = s.addIndex(s.addIndex(extent, before), after);
      e.requireSizes(OpFoldResult(size));
      size = s.maxIndex(size, zero);
      offset = s.minIndex(s.maxIndex(s.subIndex(zero, before), zero), extent);
      Value cut = s.maxIndex(s.subIndex(zero, after), zero);
      rest = s.subIndex(extent, offset);
      rest = s.maxIndex(s.subIndex(rest, cut), zero);
      rest = s.minIndex(rest, size);
      before = clampIndex(s, before, zero, s.subIndex(size, rest));
      if (mode != "constant") {
        Value none = s.compareIndex(CmpIPredicate::eq, rest, zero);
        e.require(
            s.logicalOr(s.logicalNot(none),
                        s.compareIndex(CmpIPredicate::eq, size, zero)),
            "a dimension without elements gets {0}; there is nothing to repeat",
            {OpFoldResult(size)});
        size = s.select(none, zero, size);
      }
    }
    offsets.push_back(offset);
    kept.push_back(rest);
    befores.push_back(before);
    sizes.push_back(size);
  }
  kept = e.simplify(kept);
  befores = e.simplify(befores);
  sizes = e.simplify(sizes);
  x = e.slice(x, e.simplify(offsets), kept);
  if (mode == "constant") {
    Tensor result =
        e.generate(x.type, sizes, [&](Scalars &, ValueRange) { return fill; });
    node.setOutput(0, e.insert(x, result, befores));
    return success();
  }
  node.setOutput(0, e.generate(x.type, sizes, [&](Scalars &s, ValueRange at) {
    SmallVector<Value> position;
    for (int64_t d = 0; d < rank; ++d) {
      if (Emitter::isSame(kept[d], sizes[d])) {
        position.push_back(at[d]);
        continue;
      }
      Value extent = e.toValue(kept[d]), last = s.subIndex(extent, one);
      Value i = s.subIndex(at[d], e.toValue(befores[d]));
      if (mode == "edge") {
        position.push_back(clampIndex(s, i, zero, last));
        continue;
      }
      // One period of the endless repetition.
      Value period =
          mode == "wrap" ? extent : s.maxIndex(s.addIndex(last, last), one);
      i = s.op<mlir::arith::RemSIOp>(i, period);
      i = s.wrapIndex(i, period);
      if (mode == "reflect")
        i = s.minIndex(i, s.maxIndex(s.subIndex(period, i), zero));
      position.push_back(i);
    }
    return e.load(x, position);
  }));
  return success();
}

//===----------------------------------------------------------------------===//
// Tile and ReverseSequence
//===----------------------------------------------------------------------===//

/// Tile: each dimension several times over.
static LogicalResult convertTile(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor x = node.getInput(0);
  int64_t rank = x.getRank();
  SmallVector<Value> repeats;
  (void)node.settleInput(1, node.getOpset() < 6 ? 1 : rank);
  if (failed(getList(node, 1, "repeats", rank, repeats)))
    return failure();
  if (node.getOpset() < 6) {
    // One number of tiles for one axis.
    SmallVector<Value> axes;
    if (!node.hasInput(2))
      return node.error("input 2 (axis) is missing");
    if (failed(getList(node, 2, "axis", 1, axes)))
      return failure();
    if (axes.size() != 1 || repeats.size() != 1)
      return node.error("it has " + Twine(repeats.size()) + " tiles for " +
                        Twine(axes.size()) + " axes; required is one");
    if (failed(wrapAxes(node, rank, axes)))
      return failure();
    SmallVector<Value> all;
    for (int64_t d = 0; d < rank; ++d)
      all.push_back(pickAxis(s, d, axes, repeats, s.index(1)));
    repeats = all;
  }
  if (static_cast<int64_t>(repeats.size()) != rank)
    return node.error("it has " + Twine(repeats.size()) +
                      " repeats for a tensor of rank " + Twine(rank));
  Extents from = e.extents(x), sizes;
  for (auto [size, repeat] : zip(from, repeats))
    sizes.push_back(e.requireMultiple(size, repeat, "the tiles"));
  sizes = e.simplify(sizes);
  node.setOutput(0, e.generate(x.type, sizes, [&](Scalars &s, ValueRange at) {
    SmallVector<Value> position;
    for (int64_t d = 0; d < rank; ++d)
      position.push_back(Emitter::isSame(from[d], sizes[d])
                             ? at[d]
                             : s.remIndex(at[d], e.toValue(from[d])));
    return e.load(x, position);
  }));
  return success();
}

/// ReverseSequence: the first elements of each batch in reverse order.
static LogicalResult convertReverseSequence(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor x = node.getInput(0), lengths = node.getInput(1);
  std::optional<int64_t> batch =
      node.getAxis(node.getInt("batch_axis", 1), x.getRank());
  std::optional<int64_t> time =
      node.getAxis(node.getInt("time_axis", 0), x.getRank());
  if (!batch || !time)
    return failure();
  if (*batch == *time || lengths.getRank() != 1 || !isInteger(lengths.type))
    return node.error("it has batch axis " + Twine(*batch) + ", time axis " +
                      Twine(*time) + " and lengths of " +
                      getName(lengths.type) + " and rank " +
                      Twine(lengths.getRank()) +
                      "; required are different axes and a list of integers");
  Value steps = e.extentValue(x, *time);
  e.requireEqual(e.extent(lengths, 0), e.extent(x, *batch),
                 "the number of its lengths");
  e.requireIndices(lengths, s.addIndex(steps, s.index(1)), "a length",
                   /*fromEnd=*/false);
  node.setOutput(
      0, e.generate(x.type, e.extents(x), [&](Scalars &s, ValueRange at) {
        Value length = s.minIndex(
            s.toIndex(lengths.type, e.load(lengths, at[*batch])), steps);
        SmallVector<Value> position(at);
        Value mirrored = s.subIndex(s.subIndex(length, s.index(1)), at[*time]);
        position[*time] =
            s.select(s.compareIndex(CmpIPredicate::slt, at[*time], length),
                     mirrored, at[*time]);
        return e.load(x, position);
      }));
  return success();
}

void registerSlicingOps(Registry &registry) {
  StringRef list = "lists of unknown length";
  registry.add({
      {"Slice", 1, 1, 5, convertSlice, list},
      {"Split", 1, 1, 2, convertSplit},
      {"Pad", 1, 1, 4, convertPad, list},
      {"Tile", 1, 2, 3, convertTile},
      {"ReverseSequence", 10, 2, 2, convertReverseSequence},
  });
}

} // namespace seqc::onnx
