//===- Slicing.cpp - Slices, padding and tiling ---------------------------===//

#include "frontends/Common/Numbers.h"
#include "frontends/ONNX/Ops/Readers.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <limits>

using namespace llvm;

namespace seqc::onnx {

using mlir::getConstantIntValue;
using mlir::OpFoldResult;
using mlir::Value;

using Numbers = SmallVector<Number>;

/// The elements of input `i`, a list of at most `most` integers.
static LogicalResult getList(Node &node, size_t i, StringRef name, int64_t most,
                             Numbers &list) {
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
    list.emplace_back(e, element);
  return success();
}

static Numbers asIndices(Node &node, ArrayRef<int64_t> numbers) {
  return map_to_vector(numbers, [&](int64_t number) {
    return Number(node.getEmitter(), number);
  });
}

/// The value that the axis `dim` has in a list that belongs to `axes`.
static Number pickAxis(int64_t dim, ArrayRef<Number> axes,
                       ArrayRef<Number> list, Number otherwise) {
  for (auto [axis, value] : zip(axes, list))
    otherwise = select(axis == dim, value, otherwise);
  return otherwise;
}

/// `i` held between two bounds, of which the less one wins.
static Number hold(Number i, Number low, Number high) {
  return min(max(i, low), high);
}

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

namespace {
/// Which elements of one dimension are taken.
struct Range {
  Number start, step, count;
};
} // namespace

static Range getRange(Number start, Number end, Number step, Number extent) {
  std::optional<int64_t> first = getConstantIntValue(start),
                         last = getConstantIntValue(end);
  if (getConstantIntValue(step) == 1) {
    // Whole dimensions and what reaches their end keep simple extents.
    bool whole = last && *last >= std::numeric_limits<int32_t>::max();
    Number from = first == 0 ? start : hold(wrap(start, extent), 0, extent);
    Number to = whole ? extent : hold(wrap(end, extent), 0, extent);
    if (first == 0)
      return {from, step, to};
    return {from, step, whole ? to - from : max(to - from, 0)};
  }
  // The least integer has no opposite.
  step = max(step, -(int64_t(1) << 62));
  Number forward = step > 0;
  // A start before the axis is its first element in both directions, an end
  // there is one step before it on the way back. Without elements the way back
  // begins and ends before them.
  Number high = select(forward, extent, extent - 1);
  Number from = hold(wrap(start, extent), 0, high);
  Number low = select(forward, step.constantLike(0), -1);
  Number to = hold(wrap(end, extent), low, high);
  Number span = select(forward, to - from, from - to);
  Number size = max(max(step, 0 - step), 1);
  return {from, step, select(span > 0, (max(span, 1) - 1) / size + 1, 0)};
}

/// Slice: numpy's x[start:end:step] along some dimensions.
static LogicalResult convertSlice(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  int64_t rank = x.getRank();
  Numbers starts, ends, axes, steps;
  if (node.getOpset() < 10) {
    starts = asIndices(node, node.getIntList("starts"));
    ends = asIndices(node, node.getIntList("ends"));
    axes = asIndices(node, node.getIntList("axes"));
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
    axes = asIndices(node, to_vector(seq<int64_t>(0, starts.size())));
  if (steps.empty())
    steps.assign(starts.size(), Number(e, 1));
  if (starts.size() != ends.size() || starts.size() != axes.size() ||
      starts.size() != steps.size())
    return node.error("it has " + Twine(starts.size()) + " starts, " +
                      Twine(ends.size()) + " ends, " + Twine(axes.size()) +
                      " axes and " + Twine(steps.size()) +
                      " steps; required are equal numbers");
  if (failed(wrapAxes(node, rank, axes)))
    return failure();
  for (Number step : steps)
    if (getConstantIntValue(step) == 0)
      return node.error("a step is 0; required is another number");
    else
      e.require(step != 0, "a step is 0; required is another number");

  Extents offsets, sizes, strides;
  bool simple = true;
  Number zero(e, 0), one(e, 1), end(e, std::numeric_limits<int64_t>::max());
  for (int64_t d = 0; d < rank; ++d) {
    Range range =
        getRange(pickAxis(d, axes, starts, zero), pickAxis(d, axes, ends, end),
                 pickAxis(d, axes, steps, one), Number(e, e.extent(x, d)));
    offsets.push_back(range.start);
    sizes.push_back(range.count);
    strides.push_back(range.step);
    std::optional<int64_t> step = getConstantIntValue(range.step);
    simple &= step && *step > 0;
  }
  if (simple)
    return node.give(e.slice(x, offsets, sizes, strides));
  auto first = mlir::getConstantIntValues(offsets),
       count = mlir::getConstantIntValues(sizes),
       step = mlir::getConstantIntValues(strides);
  if (e.isKnown(x) && first && count && step)
    return node.give(e.pickKnown(x, *first, *step, *count,
                                 llvm::to_vector(llvm::seq(rank))));
  return node.give(define(e, x.type, sizes, [&](ArrayRef<Number> at) {
    Numbers position;
    for (int64_t d = 0; d < rank; ++d)
      position.push_back(at[d] * e.toValue(strides[d]) + e.toValue(offsets[d]));
    return load(e, x, position);
  }));
}

//===----------------------------------------------------------------------===//
// Split
//===----------------------------------------------------------------------===//

/// Split: parts of given sizes, or as many as there are outputs.
static LogicalResult convertSplit(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  std::optional<int64_t> axis = node.getAxis("axis", 0, x.getRank());
  if (!axis)
    return failure();
  int64_t parts = node.getNumOutputs();
  int64_t wanted = node.getInt("num_outputs", parts);
  if (wanted != parts)
    return node.error("'num_outputs' is " + Twine(wanted) +
                      "; required is the number of outputs, " + Twine(parts));
  Number extent(e, e.extent(x, *axis));
  std::optional<int64_t> whole = getConstantIntValue(extent);
  Numbers sizes;
  if (node.hasInput(1)) {
    if (failed(getList(node, 1, "split", parts, sizes)))
      return failure();
  } else if (node.getOpset() < 13) {
    sizes = asIndices(node, node.getIntList("split"));
  }
  if (!sizes.empty()) {
    int64_t sum = 0;
    bool fixed = true;
    for (Number size : sizes) {
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
    Number size = (extent + (parts - 1)) / parts;
    if (node.getOpset() < 18) {
      if (whole && *whole % parts)
        return node.error("extent " + Twine(*whole) + " does not split into " +
                          Twine(parts) + " equal parts");
      size = extent / parts;
    }
    sizes.assign(parts, size);
  }
  if (node.hasInput(1) || !getConstantIntValue(extent)) {
    // Parts that are given fill the dimension; equal ones before opset 18 too.
    Number sum(e, 0);
    for (Number size : sizes)
      sum = sum + size;
    if (node.hasInput(1) || node.getOpset() < 18)
      e.requireEqual(sum, extent, "the sum of its parts");
    e.requireSizes(Extents(sizes.begin(), sizes.end()));
  }
  Number offset(e, 0);
  bool exact = whole || (node.getOpset() < 18 && !node.hasInput(1));
  for (int64_t i = 0; i < parts; ++i) {
    Number size = sizes[i];
    if (exact && node.hasInput(1)) {
      if (!getConstantIntValue(size))
        size = hold(size, 0, extent - offset);
    } else if (!exact || node.getOpset() >= 18) {
      size = clamp(size, 0, extent - offset);
    }
    node.setOutput(i, e.sliceDim(x, *axis, offset, size));
    offset = offset + size;
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
  Numbers pads, axes;
  Value fill;
  if (node.getOpset() < 11) {
    pads = asIndices(
        node, node.getIntList(node.getOpset() < 2 ? "paddings" : "pads"));
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
      if (value.type != x.type || !isOne(value))
        return node.error("input 2 (constant_value) is no single " +
                          getName(x.type));
      fill = e.elements(value).front();
    }
  }
  std::string mode = readChoice(node, "mode", "constant",
                                {"constant", "reflect", "edge", "wrap"});
  if (!node.hasInput(3))
    axes = asIndices(node, to_vector(seq<int64_t>(0, rank)));
  if (pads.size() != 2 * axes.size())
    return node.error("it has " + Twine(pads.size()) + " pads for " +
                      Twine(axes.size()) +
                      " dimensions; required are two for each");
  if (failed(wrapAxes(node, rank, axes)))
    return failure();

  // First what is taken away.
  Extents offsets, kept, befores, sizes;
  for (int64_t d = 0; d < rank; ++d) {
    // Sums of an extent and two pads stay numbers, and those beyond every memory
    // stay beyond it.
    auto bound = [&](ArrayRef<Number> list) {
      constexpr int64_t most = int64_t(1) << 60;
      Number pad = pickAxis(d, axes, list, Number(e, 0));
      return getConstantIntValue(pad) == 0 ? pad : hold(pad, -most, most);
    };
    Number before = bound(ArrayRef(pads).take_front(axes.size()));
    Number after = bound(ArrayRef(pads).drop_front(axes.size()));
    Number extent(e, e.extent(x, d)), size = extent, offset(e, 0),
                                      rest = extent;
    if (getConstantIntValue(before) != 0 || getConstantIntValue(after) != 0) {
      size = extent + before + after;
      e.requireSizes({size});
      size = max(size, 0);
      offset = min(max(0 - before, 0), extent);
      rest = min(max(extent - offset - max(0 - after, 0), 0), size);
      before = hold(before, 0, size - rest);
      if (mode != "constant") {
        Number none = rest == 0;
        e.require(
            !none | (size == 0),
            "a dimension without elements gets {0}; there is nothing to repeat",
            {size});
        size = select(none, 0, size);
      }
    }
    offsets.push_back(offset);
    kept.push_back(rest);
    befores.push_back(before);
    sizes.push_back(size);
  }
  x = e.slice(x, offsets, kept);
  if (mode == "constant")
    return node.give(e.insert(x, e.fill(x.type, sizes, fill), befores));
  return node.give(define(e, x.type, sizes, [&](ArrayRef<Number> at) {
    Numbers position;
    for (int64_t d = 0; d < rank; ++d) {
      if (Emitter::isSame(kept[d], sizes[d])) {
        position.push_back(at[d]);
        continue;
      }
      Number extent(e, kept[d]), last = extent - 1;
      Number i = at[d] - Number(e, befores[d]);
      if (mode == "edge") {
        position.push_back(hold(i, 0, last));
        continue;
      }
      // One period of the endless repetition.
      Number period = mode == "wrap" ? extent : max(last + last, 1);
      i = wrap(i.apply<mlir::arith::RemSIOp>(Value(period)), period);
      if (mode == "reflect")
        i = min(i, max(period - i, 0));
      position.push_back(i);
    }
    return load(e, x, position);
  }));
}

//===----------------------------------------------------------------------===//
// Tile and ReverseSequence
//===----------------------------------------------------------------------===//

/// Tile: each dimension several times over.
static LogicalResult convertTile(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  int64_t rank = x.getRank();
  Numbers repeats;
  (void)node.settleInput(1, node.getOpset() < 6 ? 1 : rank);
  if (failed(getList(node, 1, "repeats", rank, repeats)))
    return failure();
  if (node.getOpset() < 6) {
    // One number of tiles for one axis.
    Numbers axes, all;
    if (!node.hasInput(2))
      return node.error("input 2 (axis) is missing");
    if (failed(getList(node, 2, "axis", 1, axes)))
      return failure();
    if (axes.size() != 1 || repeats.size() != 1)
      return node.error("it has " + Twine(repeats.size()) + " tiles for " +
                        Twine(axes.size()) + " axes; required is one");
    if (failed(wrapAxes(node, rank, axes)))
      return failure();
    for (int64_t d = 0; d < rank; ++d)
      all.push_back(pickAxis(d, axes, repeats, Number(e, 1)));
    repeats = all;
  }
  if (static_cast<int64_t>(repeats.size()) != rank)
    return node.error("it has " + Twine(repeats.size()) +
                      " repeats for a tensor of rank " + Twine(rank));
  Extents from = e.extents(x), sizes;
  for (auto [size, repeat] : zip(from, repeats))
    sizes.push_back(e.requireMultiple(size, repeat, "the tiles"));
  sizes = e.simplify(sizes);
  return node.give(define(e, x.type, sizes, [&](ArrayRef<Number> at) {
    Numbers position;
    for (int64_t d = 0; d < rank; ++d)
      position.push_back(Emitter::isSame(from[d], sizes[d])
                             ? at[d]
                             : at[d] % Number(e, from[d]));
    return load(e, x, position);
  }));
}

/// ReverseSequence: the first elements of each batch in reverse order.
static LogicalResult convertReverseSequence(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0), lengths = node.getInput(1);
  std::optional<int64_t> batch = node.getAxis("batch_axis", 1, x.getRank());
  std::optional<int64_t> time = node.getAxis("time_axis", 0, x.getRank());
  if (!batch || !time)
    return failure();
  if (*batch == *time || lengths.getRank() != 1 || !isInteger(lengths.type))
    return node.error("it has batch axis " + Twine(*batch) + ", time axis " +
                      Twine(*time) + " and lengths of " +
                      getName(lengths.type) + " and rank " +
                      Twine(lengths.getRank()) +
                      "; required are different axes and a list of integers");
  Number steps(e, e.extent(x, *time));
  e.requireEqual(e.extent(lengths, 0), e.extent(x, *batch),
                 "the number of its lengths");
  e.requireIndices(lengths, steps + 1, "a length", /*fromEnd=*/false);
  return node.give(define(e, x.type, e.extents(x), [&](ArrayRef<Number> at) {
    Number length = min(load(e, lengths, {at[*batch]}).toIndex(), steps);
    Numbers position(at);
    Number &i = position[*time];
    i = select(i < length, length - 1 - i, i);
    return load(e, x, position);
  }));
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
