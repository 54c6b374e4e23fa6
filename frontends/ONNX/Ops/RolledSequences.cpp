//===- RolledSequences.cpp - Sequences of run-time length -----------------===//

#include "frontends/ONNX/Ops/RolledSequences.h"

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/onnx.pb.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::arith::CmpIPredicate;

/// The place that input `i` means: 0 to `last`, -1 is `length` - 1.
static Value getPlace(Node &node, size_t i, Value length, Value last) {
  Emitter &e = node.getEmitter();
  Tensor position = node.settleInput(i);
  if (!position || !isInteger(position.type) ||
      !position.getType().hasStaticShape() ||
      position.getType().getNumElements() != 1) {
    (void)node.error("input " + Twine(i) + " is no integer");
    return {};
  }
  Scalars s = e.scalars();
  Value given = s.toIndex(position.type, e.elements(position).front());
  Value place = s.wrapIndex(given, length);
  Value inside =
      s.logicalAnd(s.compareIndex(CmpIPredicate::sge, place, s.index(0)),
                   s.compareIndex(CmpIPredicate::sle, place, last));
  e.require(inside, "position {0} does not exist in a sequence of {1} tensors",
            {OpFoldResult(given), OpFoldResult(length)});
  return place;
}

/// A sequence made of the first `before` tensors of one and those from
/// `behind` on, with `middle` between.
static GraphValue splice(Emitter &e, const GraphValue &sequence, Value before,
                         Value behind, const GraphValue *middle) {
  Value length = getLength(e, sequence);
  Value zero = e.scalars().index(0), end = e.extentValue(sequence.data, 0);
  // What is appended does not have to be counted to.
  bool appends = Emitter::isSame(behind, length);
  auto countTo = [&](Value place) {
    return Emitter::isSame(place, length)
               ? end
               : countElementsBefore(e, sequence, place);
  };
  Value first = countTo(before);
  SmallVector<Tensor> data = {sliceRows(e, sequence.data, zero, first)};
  SmallVector<Tensor> shapes = {sliceRows(e, sequence.shapes, zero, before)};
  if (middle) {
    data.push_back(middle->data);
    shapes.push_back(middle->shapes);
  }
  if (!appends) {
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
  Value length = getLength(e, sequence), at = length;
  if (node.hasInput(2))
    at = getPlace(node, 2, length, length);
  if (!at)
    return failure();
  node.setOutput(0, splice(e, sequence, at, at, &element));
  return success();
}

LogicalResult eraseRolled(Node &node, const GraphValue &given) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  GraphValue sequence = roll(e, given);
  Value length = getLength(e, sequence);
  Value last = s.subIndex(length, s.index(1)), at = last;
  if (node.hasInput(1))
    at = getPlace(node, 1, length, last);
  else
    e.require(s.compareIndex(CmpIPredicate::sge, last, s.index(0)),
              "its sequence is empty");
  if (!at)
    return failure();
  node.setOutput(0,
                 splice(e, sequence, at, s.addIndex(at, s.index(1)), nullptr));
  return success();
}

LogicalResult takeRolled(Node &node, const GraphValue &given) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  GraphValue sequence = roll(e, given);
  if (sequence.rank < 0)
    return node.unsupported("a tensor of a sequence whose tensors differ in "
                            "rank, or have an unknown one, is not supported");
  Value length = getLength(e, sequence);
  Value at = getPlace(node, 1, length, s.subIndex(length, s.index(1)));
  if (!at)
    return failure();
  node.setOutput(0, getElement(e, sequence, at));
  return success();
}

namespace {
/// The tensors of a sequence that a loop makes: their type and rank, and how
/// many elements all of them have.
struct Collected {
  DataType type;
  int64_t rank;
  Value elements;
};
} // namespace

/// Sequences of `count` tensors each, which `body` gives one by one. They are
/// written where they belong: nothing grows.
static FailureOr<SmallVector<GraphValue>> collectSequences(
    Emitter &e, Value count, ArrayRef<Collected> kinds,
    function_ref<FailureOr<SmallVector<Tensor>>(Value number)> body) {
  mlir::OpBuilder &builder = e.getBuilder();
  mlir::Location loc = e.getLoc();
  Scalars s = e.scalars();
  SmallVector<GraphValue> into;
  SmallVector<Value> first;
  for (const Collected &kind : kinds) {
    Extents number = e.simplify({OpFoldResult(count)});
    number.push_back(builder.getIndexAttr(kind.rank));
    Extents size = e.simplify({OpFoldResult(kind.elements)});
    into.push_back(makeRolledSequence(e.fill(kind.type, size, 0),
                                      e.fill(DataType::Int64, number, 0),
                                      kind.rank));
    append_range(first, getParts(into.back()));
    first.push_back(s.index(0));
  }
  auto loop = mlir::scf::ForOp::create(builder, loc, s.index(0), count,
                                       s.index(1), first);
  auto getSequence = [&](mlir::ValueRange values, size_t k) {
    GraphValue sequence = withParts(into[k], values.slice(3 * k, 2));
    e.setExtents(sequence.data.value, e.extents(into[k].data));
    e.setExtents(sequence.shapes.value, e.extents(into[k].shapes));
    return sequence;
  };
  {
    mlir::OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    mlir::ValueRange carried = loop.getRegionIterArgs();
    FailureOr<SmallVector<Tensor>> made = body(loop.getInductionVar());
    e.setLoc(loc);
    if (failed(made)) {
      mlir::scf::YieldOp::create(builder, loc, carried);
      return failure();
    }
    Scalars inner = e.scalars();
    SmallVector<Value> next;
    for (auto [k, tensor] : enumerate(*made)) {
      GraphValue sequence = getSequence(carried, k);
      GraphValue element = roll(e, makeSequence({tensor}, tensor.type));
      Value offset = carried[3 * k + 2];
      next.push_back(
          e.insert(element.data, sequence.data, {OpFoldResult(offset)}).value);
      next.push_back(e.insert(element.shapes, sequence.shapes,
                              {OpFoldResult(loop.getInductionVar()),
                               OpFoldResult(builder.getIndexAttr(0))})
                         .value);
      next.push_back(inner.addIndex(offset, e.extentValue(element.data, 0)));
    }
    mlir::scf::YieldOp::create(builder, loc, next);
  }
  SmallVector<GraphValue> sequences;
  for (size_t k = 0; k < into.size(); ++k)
    sequences.push_back(getSequence(loop.getResults(), k));
  return sequences;
}

LogicalResult mapRolled(Node &node, const format::GraphProto &body) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  std::vector<GraphValue> inputs = node.inputs;
  Value count;
  for (GraphValue &input : inputs) {
    if (!input.isSequence())
      continue;
    input = roll(e, input);
    if (input.rank < 0)
      return node.unsupported("a sequence whose tensors differ in rank, or "
                              "have an unknown one, is not supported");
    Value length = getLength(e, input);
    if (count)
      e.require(s.compareIndex(CmpIPredicate::eq, length, count),
                "its sequences have {0} and {1} tensors",
                {OpFoldResult(count), OpFoldResult(length)});
    else
      count = length;
  }
  auto emit = [&](Value number) {
    std::vector<GraphValue> given;
    for (const GraphValue &input : inputs)
      given.push_back(input.isSequence()
                          ? GraphValue(getElement(e, input, number))
                          : input);
    return node.getImporter().importGraph(body, given);
  };
  // A first loop counts what the body gives; what does not decide on extents
  // has no use there and vanishes.
  mlir::OpBuilder &builder = e.getBuilder();
  mlir::Location loc = e.getLoc();
  SmallVector<Collected> kinds;
  SmallVector<Value> zeros(body.output_size(), s.index(0));
  auto counting = mlir::scf::ForOp::create(builder, loc, s.index(0), count,
                                           s.index(1), zeros);
  {
    mlir::OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(counting.getBody());
    mlir::ValueRange carried = counting.getRegionIterArgs();
    FailureOr<std::vector<GraphValue>> made = emit(counting.getInductionVar());
    e.setLoc(loc);
    LogicalResult status = success();
    SmallVector<Value> next(carried);
    if (failed(made))
      status = failure();
    for (size_t k = 0; succeeded(status) && k < next.size(); ++k) {
      const GraphValue &value = (*made)[k];
      if (!value.isTensor()) {
        status = node.error("output " + Twine(k) + " of its body is no tensor");
        break;
      }
      kinds.push_back(
          {value.tensor.type, value.tensor.getRank(), counting.getResult(k)});
      Value size = e.toValue(e.product(e.extents(value.tensor)));
      next[k] = e.scalars().addIndex(next[k], size);
    }
    mlir::scf::YieldOp::create(builder, loc, next);
    if (failed(status))
      return failure();
  }
  FailureOr<SmallVector<GraphValue>> results = collectSequences(
      e, count, kinds, [&](Value number) -> FailureOr<SmallVector<Tensor>> {
        FailureOr<std::vector<GraphValue>> made = emit(number);
        if (failed(made))
          return failure();
        SmallVector<Tensor> tensors;
        for (const GraphValue &value : *made)
          tensors.push_back(value.tensor);
        return tensors;
      });
  if (failed(results))
    return failure();
  for (auto [k, value] : enumerate(*results))
    node.setOutput(k, value);
  return success();
}

GraphValue splitRolled(Emitter &e, Tensor x, int64_t axis, Value size,
                       bool keeps) {
  Scalars s = e.scalars();
  e.require(s.compareIndex(CmpIPredicate::sgt, size, s.index(0)),
            "it splits into parts of {0}; required is 1 or more",
            {OpFoldResult(size)});
  size = s.maxIndex(size, s.index(1));
  Value whole = e.extentValue(x, axis);
  size = s.minIndex(size, s.maxIndex(whole, s.index(1)));
  Value count =
      s.divIndex(s.addIndex(whole, s.subIndex(size, s.index(1))), size);
  Value elements = e.toValue(e.product(e.extents(x)));
  FailureOr<SmallVector<GraphValue>> parts = collectSequences(
      e, count, {Collected{x.type, x.getRank() - (keeps ? 0 : 1), elements}},
      [&](Value number) -> FailureOr<SmallVector<Tensor>> {
        Scalars inner = e.scalars();
        Value offset = inner.mulIndex(number, size);
        Value part = inner.minIndex(size, inner.subIndex(whole, offset));
        Tensor element =
            e.sliceDim(x, axis, offset,
                       keeps ? OpFoldResult(part)
                             : OpFoldResult(e.getBuilder().getIndexAttr(1)));
        if (!keeps)
          element = e.squeeze(element, axis);
        return SmallVector<Tensor>{element};
      });
  return parts->front();
}

LogicalResult concatRolled(Node &node, const GraphValue &sequence, bool adds) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  mlir::OpBuilder &builder = e.getBuilder();
  if (sequence.rank < 0)
    return node.unsupported("a sequence whose tensors differ in rank, or have "
                            "an unknown one, is not supported");
  std::optional<int64_t> axis =
      node.getAxis(node.getInt("axis", 0), sequence.rank + (adds ? 1 : 0));
  if (!axis)
    return failure();
  Value count = getLength(e, sequence);
  e.require(s.compareIndex(CmpIPredicate::sgt, count, s.index(0)),
            "its sequence is empty");
  mlir::Location loc = e.getLoc();
  auto readExtent = [&](Scalars &at, Value row, int64_t d) {
    return at.toIndex(DataType::Int64,
                      e.load(sequence.shapes, {row, at.index(d)}));
  };
  // All extents but one are those of the first tensor.
  auto sums =
      mlir::scf::ForOp::create(builder, loc, s.index(0), count, s.index(1),
                               mlir::ValueRange{s.index(0)});
  {
    mlir::OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(sums.getBody());
    Scalars inner = e.scalars();
    for (int64_t d = 0; d < sequence.rank; ++d) {
      if (!adds && d == *axis)
        continue;
      Value found = readExtent(inner, sums.getInductionVar(), d);
      Value wanted = readExtent(inner, inner.index(0), d);
      e.require(inner.compareIndex(CmpIPredicate::eq, found, wanted),
                "the tensors of its sequence have extents {0} and {1} in one "
                "dimension",
                {OpFoldResult(found), OpFoldResult(wanted)});
    }
    Value step = adds ? inner.index(1)
                      : readExtent(inner, sums.getInductionVar(), *axis);
    mlir::scf::YieldOp::create(
        builder, loc, inner.addIndex(sums.getRegionIterArgs()[0], step));
  }
  Extents sizes;
  for (int64_t d = 0; d < sequence.rank; ++d)
    sizes.push_back(readExtent(s, s.index(0), d));
  if (adds)
    sizes.insert(sizes.begin() + *axis, OpFoldResult(sums.getResult(0)));
  else
    sizes[*axis] = OpFoldResult(sums.getResult(0));
  Tensor all = e.fill(sequence.elementType, sizes, 0);
  auto loop =
      mlir::scf::ForOp::create(builder, loc, s.index(0), count, s.index(1),
                               mlir::ValueRange{all.value, s.index(0)});
  {
    mlir::OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Scalars inner = e.scalars();
    Tensor into{loop.getRegionIterArgs()[0], all.type};
    Value offset = loop.getRegionIterArgs()[1];
    Tensor part = getElement(e, sequence, loop.getInductionVar());
    if (adds)
      part = e.unsqueeze(part, *axis);
    Extents offsets(part.getRank(), OpFoldResult(builder.getIndexAttr(0)));
    offsets[*axis] = OpFoldResult(offset);
    Value next = inner.addIndex(offset, e.extentValue(part, *axis));
    mlir::scf::YieldOp::create(
        builder, loc,
        mlir::ValueRange{e.insert(part, into, offsets).value, next});
  }
  Tensor result{loop.getResult(0), all.type};
  e.setExtents(result.value, sizes);
  node.setOutput(0, result);
  return success();
}

} // namespace seqc::onnx
