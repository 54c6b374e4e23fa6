//===- Sequences.cpp - Sequences and optionals ----------------------------===//
//
// Sequences are lists that the importer holds where it is known, when the graph
// is read, how many tensors one has and which of them an operator means; they
// are rolled (see GraphValues.h) where it is not.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Ops/Family.h"
#include "frontends/ONNX/Ops/RolledSequences.h"
#include "frontends/ONNX/onnx.pb.h"

using namespace llvm;

namespace seqc::onnx {

/// Parts that a tensor is split into: each is written out, with checks of its
/// own where sizes are known at run time only.
static constexpr int64_t kMostParts = 16384;

using mlir::getConstantIntValue;
using mlir::OpFoldResult;

/// Input 0 as sequence; null after an error.
static const GraphValue *getSequence(Node &node) {
  if (node.hasInput(0) && node.getValue(0).isSequence())
    return &node.inputs[0];
  (void)node.error("input 0 is no sequence");
  return nullptr;
}

/// Whether the length of `sequence` and the position that input `i` tells are
/// known.
static bool isListed(Node &node, const GraphValue &sequence, size_t i) {
  if (sequence.isRolled())
    return false;
  if (!node.hasInput(i) || !node.getValue(i).isTensor())
    return true;
  std::optional<SmallVector<int64_t>> numbers =
      node.getEmitter().constantIntegers(node.getInput(i));
  return numbers && numbers->size() == 1;
}

/// The place in a list of `length` elements that input `i` means; -1 is the
/// last one.
static std::optional<int64_t> getPosition(Node &node, size_t i,
                                          int64_t length) {
  if (!node.getValue(i).isTensor()) {
    (void)node.error("input " + Twine(i) + " is no integer");
    return std::nullopt;
  }
  int64_t at = node.getEmitter().constantIntegers(node.getInput(i))->front();
  if (at < -length || at >= length) {
    (void)node.error("position " + Twine(at) +
                     " does not exist in a sequence; required is -" +
                     Twine(length) + " to " + Twine(length - 1));
    return std::nullopt;
  }
  return at < 0 ? at + length : at;
}

static LogicalResult convertSequenceConstruct(Node &node, Emitter &) {
  std::vector<Tensor> elements;
  for (size_t i = 0; i < node.getNumInputs(); ++i) {
    elements.push_back(node.getInput(i));
    if (!elements[i])
      return node.error("input " + Twine(i) + " is missing");
  }
  return node.give(makeSequence(elements, elements.front().type));
}

static LogicalResult convertSequenceEmpty(Node &node, Emitter &) {
  return node.give(
      makeSequence({}, static_cast<DataType>(node.getInt("dtype", 1))));
}

static LogicalResult convertSequenceInsert(Node &node, Emitter &e) {
  const GraphValue *sequence = getSequence(node);
  if (!sequence)
    return failure();
  Tensor tensor = node.getInput(1);
  if (!tensor)
    return node.error("input 1 is no tensor");
  if (!isListed(node, *sequence, 2))
    return insertRolled(node, *sequence, tensor);
  std::vector<Tensor> elements = sequence->elements;
  // The place behind the last element counts too.
  int64_t length = elements.size();
  std::optional<int64_t> at = length;
  if (node.hasInput(2)) {
    std::optional<SmallVector<int64_t>> numbers;
    if (node.getValue(2).isTensor())
      numbers = e.constantIntegers(node.getInput(2));
    if (!numbers || numbers->front() != length)
      at = getPosition(node, 2, length);
  }
  if (!at)
    return failure();
  elements.insert(elements.begin() + *at, tensor);
  return node.give(makeSequence(std::move(elements), tensor.type));
}

static LogicalResult convertSequenceErase(Node &node, Emitter &) {
  const GraphValue *sequence = getSequence(node);
  if (!sequence)
    return failure();
  if (!isListed(node, *sequence, 1))
    return eraseRolled(node, *sequence);
  std::vector<Tensor> elements = sequence->elements;
  if (elements.empty())
    return node.error("its sequence is empty");
  std::optional<int64_t> at = elements.size() - 1;
  if (node.hasInput(1))
    at = getPosition(node, 1, elements.size());
  if (!at)
    return failure();
  elements.erase(elements.begin() + *at);
  return node.give(makeSequence(std::move(elements), sequence->elementType));
}

static LogicalResult convertSequenceAt(Node &node, Emitter &) {
  const GraphValue *sequence = getSequence(node);
  if (!sequence)
    return failure();
  if (!isListed(node, *sequence, 1))
    return takeRolled(node, *sequence);
  std::optional<int64_t> at = getPosition(node, 1, sequence->elements.size());
  if (!at)
    return failure();
  return node.give(sequence->elements[*at]);
}

static LogicalResult convertSequenceLength(Node &node, Emitter &e) {
  const GraphValue *sequence = getSequence(node);
  if (!sequence)
    return failure();
  return node.give(
      e.fromElements(DataType::Int64, {},
                     {Number(e, getLength(e, *sequence)).as(DataType::Int64)}));
}

/// SplitToSequence: parts of one size (the last may be smaller), of given
/// sizes, or single rows.
static LogicalResult convertSplitToSequence(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  int64_t axis = node.getAxis("axis", 0, x.getRank());
  bool keep = node.getInt("keepdims", 1) != 0;
  int64_t extent = x.getShape()[axis];
  SmallVector<int64_t> sizes;
  Tensor split = node.getInput(1);
  std::optional<SmallVector<int64_t>> given = {{1}};
  if (split)
    given = e.constantIntegers(split);
  bool list = split && split.getRank() == 1;
  if (list && !split.getType().hasStaticShape())
    return node.unsupported("a list of parts whose length is known at run time "
                            "only is not supported");
  if (!list && (!given || x.getType().isDynamicDim(axis))) {
    Number size =
        split ? Number(e, split.type, e.elements(split).front()).toIndex()
              : Number(e, 1);
    return node.give(splitRolled(e, x, axis, size, keep || split));
  }
  Extents parts;
  if (list) {
    if (failed(node.requireList(1, "split", kMostParts)))
      return failure();
    parts = e.indices(split);
  } else {
    int64_t size = given->front();
    if (size < 1 || extent / size > kMostParts)
      return node.error("it splits extent " + Twine(extent) +
                        " into parts of " + Twine(size));
    for (int64_t at = 0; at < extent; at += size)
      parts.push_back(Number(e, std::min(size, extent - at)));
  }
  std::vector<Tensor> elements;
  Number offset(e, 0), end(e, e.extent(x, axis));
  for (OpFoldResult part : parts) {
    Number left = end - offset, size(e, part);
    std::optional<int64_t> number = getConstantIntValue(part),
                           most = getConstantIntValue(left);
    if (number && (*number < 0 || (most && *number > *most)))
      return node.error("a part of size " + Twine(*number) +
                        " does not fit into extent " + Twine(extent));
    if (!number || !most) {
      e.requireInside(part, Number(e, 0), left + 1, "the size of a part");
      size = min(max(size, 0), left);
    }
    Tensor element = e.sliceDim(x, axis, offset, size);
    if (!keep && !split)
      element = e.squeeze(element, axis);
    elements.push_back(element);
    offset = offset + size;
  }
  e.requireEqual(offset, end, "the sum of its parts");
  return node.give(makeSequence(std::move(elements), x.type));
}

static LogicalResult convertConcatFromSequence(Node &node, Emitter &e) {
  const GraphValue *sequence = getSequence(node);
  if (!sequence)
    return failure();
  bool adds = node.getInt("new_axis", 0) != 0;
  if (sequence->isRolled())
    return concatRolled(node, *sequence, adds);
  std::vector<Tensor> elements = sequence->elements;
  if (elements.empty())
    return node.error("its sequence is empty");
  for (Tensor tensor : elements)
    if (tensor.getRank() != elements[0].getRank() ||
        tensor.type != elements[0].type)
      return node.error("the elements of its sequence differ in rank or type");
  std::optional<int64_t> axis = node.getAxis(
      node.getInt("axis", 0), elements[0].getRank() + (adds ? 1 : 0));
  if (!axis)
    return failure();
  if (adds)
    for (Tensor &tensor : elements)
      tensor = e.unsqueeze(tensor, *axis);
  return node.give(e.concat(elements, *axis));
}

/// Optional: its input, or nothing of the type that an attribute tells.
static LogicalResult convertOptional(Node &node, Emitter &) {
  (void)node.getType("type");
  if (node.hasInput(0))
    return node.give(node.getValue(0));
  return success();
}

static LogicalResult convertOptionalHasElement(Node &node, Emitter &e) {
  return node.give(
      e.fromElements(DataType::Bool, {}, {isPresent(e, node.getValue(0))}));
}

static LogicalResult convertOptionalGetElement(Node &node, Emitter &e) {
  if (!node.hasInput(0))
    return node.error("its optional has no element");
  GraphValue value = node.getValue(0);
  if (value.present)
    e.require(value.present, "its optional has no element");
  value.present = {};
  return node.give(value);
}

/// SequenceMap: a graph for each element of the first sequence.
static LogicalResult convertSequenceMap(Node &node, Emitter &) {
  const GraphValue *sequence = getSequence(node);
  const format::GraphProto *body = node.getGraph("body");
  if (!sequence || !body)
    return failure();
  size_t length = sequence->elements.size(), outputs = node.getNumOutputs();
  std::vector<GraphValue> results(outputs, makeSequence({}, {}));
  if (static_cast<size_t>(body->input_size()) != node.getNumInputs() ||
      static_cast<size_t>(body->output_size()) != outputs)
    return node.error("its body has other inputs or outputs than the node");
  for (const GraphValue &input : node.inputs)
    if (input.isRolled())
      return mapRolled(node, *body);
  for (size_t i = 0; i < length; ++i) {
    std::vector<GraphValue> given;
    for (const GraphValue &input : node.inputs) {
      if (input.isSequence() && i >= input.elements.size())
        return node.error("its sequences differ in length");
      given.push_back(input.isSequence() ? GraphValue(input.elements[i])
                                         : input);
    }
    FailureOr<SmallVector<Tensor>> made = importTensors(node, *body, given);
    if (failed(made))
      return failure();
    for (auto [result, element] : zip(results, *made)) {
      result.elements.push_back(element);
      result.elementType = element.type;
    }
  }
  for (size_t k = 0; k < outputs; ++k)
    node.setOutput(k, results[k]);
  return success();
}

void registerSequencesOps(Registry &registry) {
  StringRef ranks =
      "tensors of different rank in a sequence of run-time length";
  registry.add({
      {"SequenceConstruct", 11, 1, kVariadic, convertSequenceConstruct,
       takes(kAny, kSame)},
      {"SequenceEmpty", 11, 0, 0, convertSequenceEmpty},
      {"SequenceInsert", 11, 2, 3, convertSequenceInsert, takes(), "", true},
      {"SequenceErase", 11, 1, 2, convertSequenceErase, takes(), "", true},
      {"SequenceAt", 11, 2, 2, convertSequenceAt, takes(), ranks, true},
      {"SequenceLength", 11, 1, 1, convertSequenceLength, takes(), "", true},
      {"SequenceMap", 17, 1, kVariadic, convertSequenceMap, takes(), ranks,
       true},
      {"SplitToSequence", 11, 1, 2, convertSplitToSequence,
       takes(kAny.atLeast(1), kIntegers(0, 1)),
       "sizes of parts whose number is known at run time only"},
      {"ConcatFromSequence", 11, 1, 1, convertConcatFromSequence, takes(),
       ranks, true},
      {"Optional", 15, 0, 1, convertOptional, takes(), "", true},
      {"OptionalHasElement", 15, 0, 1, convertOptionalHasElement, takes(), "",
       true},
      {"OptionalGetElement", 15, 1, 1, convertOptionalGetElement, takes(), "",
       true},
  });
}

} // namespace seqc::onnx
