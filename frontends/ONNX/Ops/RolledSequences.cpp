//===- RolledSequences.cpp - Sequences of run-time length -----------------===//

#include "frontends/ONNX/Ops/RolledSequences.h"

#include "frontends/Common/Loops.h"
#include "frontends/ONNX/Ops/Readers.h"
#include "frontends/ONNX/onnx.pb.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

static Number lengthOf(Emitter &e, const GraphValue &sequence) {
  return {e, getLength(e, sequence)};
}

/// The place that input `i` means: 0 to `last`, -1 is `length` - 1.
static Number getPlace(Node &node, size_t i, Number length, Number last) {
  Emitter &e = node.getEmitter();
  Number given = readInteger(node, i, "position");
  Number place = wrap(given, length);
  e.require((place >= 0) & (place <= last),
            "position {0} does not exist in a sequence of {1} tensors",
            {given, length});
  return place;
}

/// A sequence made of the first `before` tensors of one and those from
/// `behind` on, with `middle` between.
static GraphValue splice(Emitter &e, const GraphValue &sequence, Number before,
                         Number behind, const GraphValue *middle) {
  Number length = lengthOf(e, sequence), zero(e, 0);
  Value end = e.extentValue(sequence.data, 0);
  // What is appended does not have to be counted to.
  auto countTo = [&](Number place) {
    return Emitter::isSame(place, length)
               ? end
               : countElementsBefore(e, sequence, place);
  };
  SmallVector<Tensor> data = {
      sliceRows(e, sequence.data, zero, countTo(before))};
  SmallVector<Tensor> shapes = {sliceRows(e, sequence.shapes, zero, before)};
  if (middle) {
    data.push_back(middle->data);
    shapes.push_back(middle->shapes);
  }
  if (!Emitter::isSame(behind, length)) {
    data.push_back(sliceRows(e, sequence.data, countTo(behind), end));
    shapes.push_back(sliceRows(e, sequence.shapes, behind, length));
  }
  return makeRolledSequence(e.concat(data, 0), e.concat(shapes, 0),
                            sequence.rank);
}

LogicalResult insertRolled(Node &node, const GraphValue &given, Tensor tensor) {
  Emitter &e = node.getEmitter();
  if (given.elementType != tensor.type)
    return node.error("it inserts " + getName(tensor.type) +
                      " into a sequence of " + getName(given.elementType));
  GraphValue sequence = roll(e, given, tensor.getRank());
  GraphValue element = roll(e, makeSequence({tensor}, tensor.type),
                            sequence.shapes.getShape()[1]);
  if (sequence.rank != tensor.getRank())
    sequence.rank = sequence.shapes.getShape()[0] == 0 ? tensor.getRank() : -1;
  Number length = lengthOf(e, sequence);
  Number at = node.hasInput(2) ? getPlace(node, 2, length, length) : length;
  return node.give(splice(e, sequence, at, at, &element));
}

LogicalResult eraseRolled(Node &node, const GraphValue &given) {
  Emitter &e = node.getEmitter();
  GraphValue sequence = roll(e, given);
  Number length = lengthOf(e, sequence), last = length - 1;
  Number at = last;
  if (node.hasInput(1))
    at = getPlace(node, 1, length, last);
  else
    e.require(last >= 0, "its sequence is empty");
  return node.give(splice(e, sequence, at, at + 1, nullptr));
}

LogicalResult takeRolled(Node &node, const GraphValue &given) {
  Emitter &e = node.getEmitter();
  GraphValue sequence = roll(e, given);
  if (sequence.rank < 0)
    return node.unsupported("a tensor of a sequence whose tensors differ in "
                            "rank, or have an unknown one, is not supported");
  Number length = lengthOf(e, sequence);
  return node.give(
      getElement(e, sequence, getPlace(node, 1, length, length - 1)));
}

namespace {
/// The tensors of a sequence that a loop makes: their type and rank, and how
/// many elements all of them have.
struct Collected {
  DataType type;
  int64_t rank;
  OpFoldResult elements;
};
} // namespace

/// Sequences of `count` tensors each, which `body` gives one by one. They are
/// written where they belong: nothing grows.
static FailureOr<SmallVector<GraphValue>> collectSequences(
    Emitter &e, Number count, ArrayRef<Collected> kinds,
    function_ref<FailureOr<SmallVector<Tensor>>(Number number)> body) {
  mlir::Location loc = e.getLoc();
  SmallVector<GraphValue> into;
  SmallVector<Value> first;
  for (const Collected &kind : kinds) {
    into.push_back(makeRolledSequence(
        e.fill(kind.type, {kind.elements}, 0),
        e.fill(DataType::Int64, {count, Number(e, kind.rank)}, 0), kind.rank));
    append_range(first, getParts(into.back()));
    first.push_back(Number(e, 0));
  }
  auto getSequence = [&](ValueRange values, size_t k) {
    GraphValue sequence = withParts(into[k], values.slice(3 * k, 2));
    e.setExtents(sequence.data.value, e.extents(into[k].data));
    e.setExtents(sequence.shapes.value, e.extents(into[k].shapes));
    return sequence;
  };
  LogicalResult status = success();
  SmallVector<Value> results =
      iterate(e, {count}, first, [&](ArrayRef<Number> at, ValueRange carried) {
        FailureOr<SmallVector<Tensor>> made = body(at[0]);
        e.setLoc(loc);
        status = made;
        if (failed(made))
          return SmallVector<Value>(carried);
        SmallVector<Value> next;
        for (auto [k, tensor] : enumerate(*made)) {
          GraphValue sequence = getSequence(carried, k);
          GraphValue element = roll(e, makeSequence({tensor}, tensor.type));
          Number offset(e, carried[3 * k + 2]);
          next.push_back(e.insert(element.data, sequence.data, {offset}).value);
          next.push_back(
              e.insert(element.shapes, sequence.shapes, {at[0], Number(e, 0)})
                  .value);
          next.push_back(offset + e.extentValue(element.data, 0));
        }
        return next;
      });
  if (failed(status))
    return failure();
  SmallVector<GraphValue> sequences;
  for (size_t k = 0; k < into.size(); ++k)
    sequences.push_back(getSequence(results, k));
  return sequences;
}

LogicalResult mapRolled(Node &node, const format::GraphProto &body) {
  Emitter &e = node.getEmitter();
  std::vector<GraphValue> inputs = node.inputs;
  std::optional<Number> count;
  for (GraphValue &input : inputs) {
    if (!input.isSequence())
      continue;
    input = roll(e, input);
    if (input.rank < 0)
      return node.unsupported("a sequence whose tensors differ in rank, or "
                              "have an unknown one, is not supported");
    Number length = lengthOf(e, input);
    if (count)
      e.require(length == *count, "its sequences have {0} and {1} tensors",
                {*count, length});
    else
      count = length;
  }
  auto emit = [&](Number number) -> FailureOr<SmallVector<Tensor>> {
    std::vector<GraphValue> given;
    for (const GraphValue &input : inputs)
      given.push_back(input.isSequence()
                          ? GraphValue(getElement(e, input, number))
                          : input);
    return importTensors(node, body, given);
  };
  // A first loop counts what the body gives; what does not decide on extents
  // has no use there and vanishes.
  mlir::Location loc = e.getLoc();
  SmallVector<Collected> kinds;
  LogicalResult status = success();
  SmallVector<Value> sums =
      iterate(e, {*count}, SmallVector<Value>(body.output_size(), Number(e, 0)),
              [&](ArrayRef<Number> at, ValueRange carried) {
                FailureOr<SmallVector<Tensor>> made = emit(at[0]);
                e.setLoc(loc);
                status = made;
                SmallVector<Value> next(carried);
                if (failed(made))
                  return next;
                for (auto [sum, tensor] : zip(next, *made)) {
                  kinds.push_back({tensor.type, tensor.getRank(), {}});
                  sum =
                      Number(e, sum) + Number(e, e.product(e.extents(tensor)));
                }
                return next;
              });
  if (failed(status))
    return failure();
  for (auto [kind, sum] : zip(kinds, sums))
    kind.elements = sum;
  return node.giveAll(collectSequences(e, *count, kinds, emit));
}

GraphValue splitRolled(Emitter &e, Tensor x, int64_t axis, Value given,
                       bool keeps) {
  Number size(e, given), whole(e, e.extent(x, axis));
  e.require(size > 0, "it splits into parts of {0}; required is 1 or more",
            {size});
  size = min(max(size, 1), max(whole, 1));
  Number count = (whole + (size - 1)) / size;
  FailureOr<SmallVector<GraphValue>> parts = collectSequences(
      e, count,
      {Collected{x.type, x.getRank() - (keeps ? 0 : 1),
                 e.product(e.extents(x))}},
      [&](Number number) -> FailureOr<SmallVector<Tensor>> {
        Number offset = number * size;
        Tensor element = e.sliceDim(
            x, axis, offset, keeps ? min(size, whole - offset) : Number(e, 1));
        return SmallVector<Tensor>{keeps ? element : e.squeeze(element, axis)};
      });
  return parts->front();
}

LogicalResult concatRolled(Node &node, const GraphValue &sequence, bool adds) {
  Emitter &e = node.getEmitter();
  if (sequence.rank < 0)
    return node.unsupported("a sequence whose tensors differ in rank, or have "
                            "an unknown one, is not supported");
  std::optional<int64_t> axis =
      node.getAxis(node.getInt("axis", 0), sequence.rank + (adds ? 1 : 0));
  if (!axis)
    return failure();
  Number count = lengthOf(e, sequence);
  e.require(count > 0, "its sequence is empty");
  auto readExtent = [&](Number row, int64_t d) {
    return load(e, sequence.shapes, {row, static_cast<double>(d)}).toIndex();
  };
  // All extents but one are those of the first tensor.
  Number sum =
      fold(e, {count}, Number(e, 0), [&](ArrayRef<Number> at, Number so) {
        for (int64_t d = 0; d < sequence.rank; ++d) {
          if (!adds && d == *axis)
            continue;
          Number found = readExtent(at[0], d), wanted = readExtent(0, d);
          e.require(found == wanted,
                    "the tensors of its sequence have extents {0} and {1} in "
                    "one dimension",
                    {found, wanted});
        }
        return so + (adds ? Number(e, 1) : readExtent(at[0], *axis));
      });
  Extents sizes;
  for (int64_t d = 0; d < sequence.rank; ++d)
    sizes.push_back(readExtent(0, d));
  if (adds)
    sizes.insert(sizes.begin() + *axis, sum);
  else
    sizes[*axis] = sum;
  Tensor all = e.fill(sequence.elementType, sizes, 0);
  return node.give(std::get<0>(
      fold(e, {count}, std::tuple(all, Number(e, 0)),
           [&](ArrayRef<Number> at, Tensor filled, Number offset) {
             Tensor part = getElement(e, sequence, at[0]);
             if (adds)
               part = e.unsqueeze(part, *axis);
             Extents offsets(part.getRank(), Number(e, 0));
             offsets[*axis] = offset;
             Number next = offset + e.extentValue(part, *axis);
             return std::tuple(e.insert(part, filled, offsets), next);
           })));
}

} // namespace seqc::onnx
