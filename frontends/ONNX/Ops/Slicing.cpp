//===- Slicing.cpp - Slices, padding and tiling ---------------------------===//

#include "frontends/ONNX/Ops/Family.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::getConstantIntValue;
using mlir::Value;

using Numbers = SmallVector<Number>;

/// The most elements of a list that belongs to dimensions: a few too many are
/// told by who knows what belongs to what.
static constexpr int64_t kMostListed = 2 * kMostRank;

/// The dimensions below `count`.
static Numbers countAxes(Emitter &e, int64_t count) {
  return map_to_vector(seq(count), [&](int64_t d) { return Number(e, d); });
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
static LogicalResult convertSlice(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  int64_t rank = x.getRank();
  // One list of known length tells that of the others.
  for (size_t i = 1; i < 5; ++i)
    if (Tensor known = node.getInput(i);
        known && known.getRank() == 1 && !known.getType().isDynamicDim(0))
      for (size_t other = 1; other < 5; ++other)
        (void)node.settleInput(other, known.getShape()[0]);
  std::optional<Numbers> lists[4];
  constexpr StringRef names[] = {"starts", "ends", "axes", "steps"};
  for (auto [i, name] : enumerate(names))
    if (failed(
            readList(node, name, i + 1, i < 3 ? 10 : 0, kMostListed, lists[i])))
      return failure();
  if (!lists[0] || !lists[1])
    return node.error("inputs 1 (starts) and 2 (ends) are required");
  Numbers starts = *lists[0], ends = *lists[1],
          axes = lists[2].value_or(Numbers()),
          steps = lists[3].value_or(Numbers());
  if (axes.empty())
    axes = countAxes(e, starts.size());
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
static LogicalResult convertSplit(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  int64_t axis = node.getAxis("axis", 0, x.getRank());
  int64_t parts = node.getNumOutputs();
  int64_t wanted = node.getInt("num_outputs", parts);
  if (wanted != parts)
    return node.error("'num_outputs' is " + Twine(wanted) +
                      "; required is the number of outputs, " + Twine(parts));
  Number extent(e, e.extent(x, axis));
  std::optional<int64_t> whole = getConstantIntValue(extent);
  std::optional<Numbers> given;
  // In opset 1 the list is an input or an attribute.
  if (failed(readList(node, "split", 1, node.hasInput(1) ? 0 : 13,
                      std::max(parts, kMostListed), given)))
    return failure();
  Numbers sizes = given.value_or(Numbers());
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
    node.setOutput(i, e.sliceDim(x, axis, offset, size));
    offset = offset + size;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

/// Pad: elements before and after each dimension; negative numbers take them
/// away.
static LogicalResult convertPad(Node &node, Emitter &e) {
  Scalars s = e.scalars();
  Tensor x = node.getInput(0);
  int64_t rank = x.getRank();
  std::optional<Numbers> givenPads, givenAxes;
  if (!node.hasInput(3))
    (void)node.settleInput(1, 2 * rank);
  if (failed(readList(node, node.getOpset() < 2 ? "paddings" : "pads", 1, 11,
                      kMostListed, givenPads)) ||
      failed(readList(node, "axes", 3, 0, kMostListed, givenAxes)))
    return failure();
  if (!givenPads)
    return node.error("input 1 (pads) is missing");
  Value fill =
      s.constant(x.type, node.getOpset() < 11 ? node.getFloat("value", 0) : 0);
  if (node.hasInput(2))
    fill = readOne(node, 2);
  std::string mode = readChoice(node, "mode", "constant",
                                {"constant", "reflect", "edge", "wrap"});
  Numbers pads = *givenPads, axes = givenAxes.value_or(countAxes(e, rank));
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
static LogicalResult convertTile(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  int64_t rank = x.getRank();
  std::optional<Numbers> given;
  (void)node.settleInput(1, node.getOpset() < 6 ? 1 : rank);
  if (failed(readList(node, "repeats", 1, 0, kMostListed, given)))
    return failure();
  Numbers repeats = *given;
  if (node.getOpset() < 6) {
    // One number of tiles for one axis.
    if (!node.hasInput(2))
      return node.error("input 2 (axis) is missing");
    Number tiles = readOne(node, 1).toIndex(),
           axis = readAxis(node, readOne(node, 2).toIndex(), rank);
    repeats.assign(rank, Number(e, 1));
    for (auto [d, repeat] : enumerate(repeats))
      repeat = select(axis == static_cast<double>(d), tiles, repeat);
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
static LogicalResult convertReverseSequence(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), lengths = node.getInput(1);
  int64_t batch = node.getAxis("batch_axis", 1, x.getRank()),
          time = node.getAxis("time_axis", 0, x.getRank());
  if (batch == time)
    return node.error("its batch axis and its time axis are " + Twine(time) +
                      "; required are different ones");
  Number steps(e, e.extent(x, time));
  e.requireEqual(e.extent(lengths, 0), e.extent(x, batch),
                 "the number of its lengths");
  e.requireIndices(lengths, steps + 1, "a length", /*fromEnd=*/false);
  return node.give(define(e, x.type, e.extents(x), [&](ArrayRef<Number> at) {
    Number length = min(load(e, lengths, {at[batch]}).toIndex(), steps);
    Numbers position(at);
    Number &i = position[time];
    i = select(i < length, length - 1 - i, i);
    return load(e, x, position);
  }));
}

void registerSlicingOps(Registry &registry) {
  StringRef note = "lists of unknown length";
  constexpr InputRule list = kIntegers(0, 1);
  registry.add({
      {"Slice", 1, 1, 5, convertSlice, takes(kAny, list, list, list, list),
       note},
      {"Split", 1, 1, 2, convertSplit, takes(kAny.atLeast(1), list)},
      {"Pad", 1, 1, 4, convertPad, takes(kAny, list, kSame, list), note},
      {"Tile", 1, 2, 3, convertTile, takes(kAny, list, list)},
      {"ReverseSequence", 10, 2, 2, convertReverseSequence,
       takes(kAny.atLeast(2), kIntegers(1))},
  });
}

} // namespace seqc::onnx
