//===- Repetition.cpp - Loop and Scan -------------------------------------===//

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/Ops/CarriedValues.h"
#include "frontends/ONNX/Ops/Family.h"
#include "frontends/ONNX/RolledLoop.h"
#include "frontends/ONNX/onnx.pb.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::getConstantIntValue;
using mlir::OpFoldResult;
using mlir::Value;

/// Copies of a body.
static constexpr int64_t kMostUnrolled = 1024;

/// The number of inputs or outputs of a body has to fit the node.
static LogicalResult checkCount(Node &node, StringRef what, int64_t found,
                                int64_t needed) {
  if (found == needed)
    return success();
  return node.error("its body has " + Twine(found) + " " + what +
                    "; required are " + Twine(needed));
}

//===----------------------------------------------------------------------===//
// Loop
//===----------------------------------------------------------------------===//

/// A loop that carries sequences or optionals, as lists that the importer
/// holds: one copy of the body for each iteration.
static LogicalResult unroll(Node &node, const format::GraphProto &graph) {
  Emitter &e = node.getEmitter();
  // A constant of one element; 0 where it is none.
  bool isKnown = true;
  auto read = [&](const GraphValue &value) -> int64_t {
    auto list =
        value.isTensor() ? e.constantIntegers(value.tensor) : std::nullopt;
    isKnown &= list && list->size() == 1;
    return isKnown ? list->front() : 0;
  };
  int64_t trips = node.hasInput(0) ? read(node.getValue(0))
                                   : std::numeric_limits<int64_t>::max();
  bool goesOn = !node.hasInput(1) || read(node.getValue(1));
  std::vector<GraphValue> values(node.inputs.begin() +
                                     std::min<size_t>(node.inputs.size(), 2),
                                 node.inputs.end());
  size_t stacked = graph.output_size() - 1 - values.size();
  std::vector<SmallVector<Tensor>> stacks(stacked);
  for (int64_t i = 0; isKnown && goesOn && i < trips; ++i) {
    if (i == kMostUnrolled)
      return node.unsupported("more than " + Twine(kMostUnrolled) +
                              " iterations that carry sequences or optionals "
                              "are not supported");
    std::vector<GraphValue> given = getLoopInputs(e, Number(e, i));
    append_range(given, values);
    FailureOr<std::vector<GraphValue>> made =
        node.getImporter().importGraph(graph, given);
    if (failed(made))
      return failure();
    goesOn = read(made->front());
    for (auto [k, value] : enumerate(values)) {
      const GraphValue &next = (*made)[k + 1];
      if (value.isTensor() && next.isTensor() &&
          value.tensor.type != next.tensor.type)
        return node.error("carried value " + Twine(k) + " begins as " +
                          getName(value.tensor.type) + " and goes on as " +
                          getName(next.tensor.type) + "; required is one type");
    }
    values.assign(made->begin() + 1, made->end() - stacked);
    for (size_t k = 0; k < stacked; ++k) {
      const GraphValue &element = (*made)[made->size() - stacked + k];
      if (!element.isTensor())
        return node.error("stacked output " + Twine(k) +
                          " of its body is no tensor");
      stacks[k].push_back(e.unsqueeze(element.tensor, 0));
    }
  }
  if (!isKnown)
    return node.unsupported("carried sequences and optionals where the number "
                            "of iterations is known at run time only are not "
                            "supported");
  for (const SmallVector<Tensor> &stack : stacks) {
    if (stack.empty())
      return node.unsupported("stacked outputs beside carried sequences or "
                              "optionals without an iteration are not "
                              "supported");
    values.push_back(e.concat(stack, 0));
  }
  return node.giveAll(values);
}

/// The loop of the node where no copies are made; `isSure`: which carried
/// values every iteration gives.
static FailureOr<SmallVector<Tensor>>
rollLoop(Node &node, const format::GraphProto &graph, const RolledLoop &loop,
         ArrayRef<CarriedForm> forms, SmallVectorImpl<bool> &isSure) {
  Emitter &e = node.getEmitter();
  size_t carried = forms.size();
  isSure.assign(carried, false);
  auto body = [&](Value number,
                  ArrayRef<Tensor> values) -> FailureOr<Iteration> {
    std::vector<GraphValue> given = getLoopInputs(e, Number(e, number));
    append_range(given, restoreAll(e, forms, values));
    FailureOr<std::vector<GraphValue>> made =
        node.getImporter().importGraph(graph, given);
    if (failed(made))
      return failure();
    Iteration iteration;
    for (auto [k, value] : enumerate(*made)) {
      const CarriedForm *form = k > 0 && k <= carried ? &forms[k - 1] : nullptr;
      if (form)
        isSure[k - 1] =
            value.kind != GraphValue::Kind::Absent && !value.present;
      if (form && (form->isSequence || value.isTensor()))
        flatten(e, value, *form, iteration.carried);
      else if (!value.isTensor())
        return node.unsupported("output " + Twine(k) +
                                " of its body is a sequence or an optional, "
                                "which is not supported here");
      else if (k > carried)
        iteration.elements.push_back(value.tensor);
    }
    Tensor asked = settle(e, made->front().tensor, 1, "its next condition");
    FailureOr<Value> goesOn = takeOne(node, asked, DataType::Bool,
                                      "the condition that its body gives");
    if (failed(goesOn))
      return failure();
    if (getConstantIntValue(*goesOn).value_or(0) == 0)
      iteration.goesOn = *goesOn;
    return iteration;
  };
  return roll(node, loop, body);
}

/// rollLoop(), and copies of the body where that is not supported and they are
/// few: in a copy, extents that depend on the iteration are known, and with
/// them ranks. Gives nothing if the copies have set the node's outputs.
static FailureOr<std::optional<SmallVector<Tensor>>>
rollOrCopy(Node &node, const format::GraphProto &graph, const RolledLoop &loop,
           ArrayRef<CarriedForm> forms, bool few,
           SmallVectorImpl<bool> &isSure) {
  GraphImporter &importer = node.getImporter();
  // Copies in copies of copies are too many.
  constexpr unsigned kMostLevels = 2;
  if (few && importer.copies < kMostLevels) {
    auto trial = importer.beSilent();
    unsigned errors = importer.countErrors(),
             gaps = importer.countUnsupported();
    FailureOr<SmallVector<Tensor>> results =
        rollLoop(node, graph, loop, forms, isSure);
    if (succeeded(results))
      return std::optional(*results);
    bool isGap =
        importer.countErrors() - errors == importer.countUnsupported() - gaps;
    importer.forgetErrors(errors);
    if (isGap) {
      llvm::SaveAndRestore inside(importer.copies, importer.copies + 1);
      if (succeeded(unroll(node, graph)))
        return std::optional<SmallVector<Tensor>>();
      importer.forgetErrors(errors);
    }
  }
  // Once more, to tell what is wrong.
  FailureOr<SmallVector<Tensor>> results =
      rollLoop(node, graph, loop, forms, isSure);
  if (failed(results))
    return failure();
  return std::optional(*results);
}

static LogicalResult convertLoop(Node &node, Emitter &e) {
  const format::GraphProto *graph = node.getGraph("body");
  if (!graph)
    return node.error("attribute 'body' is missing");
  size_t carried = node.getNumInputs() > 2 ? node.getNumInputs() - 2 : 0;
  if (failed(checkCount(node, "inputs", graph->input_size(), carried + 2)))
    return failure();
  if (static_cast<size_t>(graph->output_size()) < carried + 1 ||
      node.getNumOutputs() + 1 > static_cast<size_t>(graph->output_size()))
    return node.error("its body has " + Twine(graph->output_size()) +
                      " outputs; required are a condition, " + Twine(carried) +
                      " carried values and what the node gives");
  RolledLoop loop;
  bool plain = true;
  for (size_t i = 0; i < carried + 2; ++i) {
    if (i < 2 && !node.hasInput(i))
      continue;
    bool isTensor = node.getValue(i).isTensor() && !node.getValue(i).present;
    if (i < 2 && !isTensor)
      return node.error("input " + Twine(i) + " is no tensor");
    plain &= isTensor;
  }
  SmallVector<GraphValue> initial;
  for (size_t i = 2; i < carried + 2; ++i)
    initial.push_back(node.getValue(i));
  SmallVector<CarriedForm> forms(carried);
  std::optional<SmallVector<int64_t>> known;
  if (node.hasInput(0))
    known = e.constantIntegers(node.getInput(0));
  bool few = known && known->size() == 1 && known->front() <= kMostUnrolled;
  if (!plain) {
    // Copies of the body, if they are few, know the structure of each value.
    std::optional<CarriedForms> found = findForms(node, *graph, initial);
    if (!found || (few && found->goesOn))
      return unroll(node, *graph);
    forms = found->forms;
  }
  for (auto [form, value] : zip(forms, initial))
    flatten(e, value, form, loop.carried);
  if (node.hasInput(0)) {
    FailureOr<Value> trips =
        takeOne(node, node.settleInput(0), DataType::Int64, "its trip count");
    if (failed(trips))
      return failure();
    loop.trips = Number(e, DataType::Int64, *trips).toIndex();
  }
  if (node.hasInput(1)) {
    FailureOr<Value> begins =
        takeOne(node, node.settleInput(1), DataType::Bool, "its condition");
    if (failed(begins))
      return failure();
    if (std::optional<int64_t> begun = getConstantIntValue(*begins)) {
      // Not begun: no trips, whatever else ends it.
      if (!*begun)
        loop.trips = Number(e, 0);
    } else {
      loop.begins = *begins;
    }
  }

  SmallVector<bool> isSure;
  FailureOr<std::optional<SmallVector<Tensor>>> made =
      rollOrCopy(node, *graph, loop, forms, few && plain, isSure);
  if (failed(made))
    return failure();
  if (!*made)
    return success();
  const SmallVector<Tensor> &results = **made;
  std::vector<GraphValue> values =
      restoreAll(e, forms, ArrayRef(results).take_front(loop.carried.size()));
  // What each iteration gives is no optional behind the loop.
  for (auto [value, sure] : zip(values, isSure))
    if (sure)
      value.present = {};
  append_range(values, ArrayRef(results).drop_front(loop.carried.size()));
  return node.giveAll(values);
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

namespace {
/// A Scan node: states, and sequences that it reads step by step.
struct Scan {
  Node &node;
  const format::GraphProto *graph = nullptr;
  SmallVector<int64_t> inputAxes, outputAxes;
  SmallVector<bool> inputBackwards, outputBackwards;

  explicit Scan(Node &node) : node(node) {}

  FailureOr<SmallVector<Tensor>> emit(ArrayRef<Tensor> states,
                                      ArrayRef<Tensor> sequences, Value length);
};
} // namespace

/// The loop over the steps, `length` of them if it is given.
FailureOr<SmallVector<Tensor>>
Scan::emit(ArrayRef<Tensor> states, ArrayRef<Tensor> sequences, Value length) {
  Emitter &e = node.getEmitter();
  SmallVector<int64_t> axes;
  OpFoldResult steps;
  for (auto [i, sequence] : enumerate(sequences)) {
    std::optional<int64_t> axis =
        node.getAxis(inputAxes[i], sequence.getRank());
    if (!axis)
      return failure();
    axes.push_back(*axis);
    OpFoldResult extent = e.extent(sequence, *axis);
    if (!steps)
      steps = extent;
    else
      e.requireEqual(extent, steps,
                     "the number of steps of scan input " + std::to_string(i));
  }
  RolledLoop loop;
  loop.trips = length ? length : e.toValue(steps);
  loop.carried.assign(states.begin(), states.end());
  loop.keepsShapes = true;
  loop.axes = outputAxes;
  loop.backwards = outputBackwards;
  auto body = [&](Value number,
                  ArrayRef<Tensor> values) -> FailureOr<Iteration> {
    SmallVector<GraphValue> given(values.begin(), values.end());
    Number first(e, number), last = Number(e, loop.trips) - 1 - first;
    for (auto [i, sequence] : enumerate(sequences))
      given.push_back(
          takeAt(e, sequence, axes[i], inputBackwards[i] ? last : first));
    FailureOr<SmallVector<Tensor>> made = importTensors(node, *graph, given);
    if (failed(made))
      return failure();
    Iteration iteration;
    ArrayRef<Tensor> all = *made;
    iteration.carried = SmallVector<Tensor>(all.take_front(states.size()));
    iteration.elements = SmallVector<Tensor>(all.drop_front(states.size()));
    return iteration;
  };
  return roll(node, loop, body);
}

/// A list of numbers with one entry for each of `count` values, or zero
/// for each; without a name no attribute gives it.
static LogicalResult getPerValue(Node &node, StringRef name, size_t count,
                                 SmallVector<int64_t> &into) {
  if (!name.empty())
    into = node.getIntList(name);
  if (into.empty())
    into.assign(count, 0);
  if (into.size() != count)
    return node.error("attribute '" + name + "' has " + Twine(into.size()) +
                      " entries; required are " + Twine(count));
  return success();
}

static LogicalResult getDirections(Node &node, StringRef name, size_t count,
                                   SmallVector<bool> &into) {
  SmallVector<int64_t> directions;
  if (failed(getPerValue(node, name, count, directions)))
    return failure();
  for (int64_t direction : directions) {
    if (direction != 0 && direction != 1)
      return node.error("attribute '" + name + "' holds " + Twine(direction) +
                        "; required is 0 (forward) or 1 (backward)");
    into.push_back(direction == 1);
  }
  return success();
}

/// Scan 8: an entry of the batch after the other, each with its own length.
static FailureOr<SmallVector<Tensor>> emitBatch(Scan &scan, Tensor lengths,
                                                ArrayRef<Tensor> states,
                                                ArrayRef<Tensor> sequences) {
  Node &node = scan.node;
  Emitter &e = node.getEmitter();
  if (failed(node.requireRank(0, 1)))
    return failure();
  OpFoldResult batch, steps;
  SmallVector<Tensor> all(states.begin(), states.end());
  append_range(all, sequences);
  if (lengths)
    all.push_back(lengths);
  for (auto [i, tensor] : enumerate(all)) {
    bool isSequence =
        i >= states.size() && i < states.size() + sequences.size();
    if (tensor.getRank() < (isSequence ? 2 : 1))
      return node.error("a value has rank " + Twine(tensor.getRank()) +
                        "; required is a batch dimension and, for scan inputs, "
                        "one of steps");
    OpFoldResult extent = e.extent(tensor, 0);
    if (!batch)
      batch = extent;
    else
      e.requireEqual(extent, batch, "an extent of the batch");
    if (isSequence && !steps)
      steps = e.extent(tensor, 1);
  }
  if (lengths) {
    if (!isInteger(lengths.type))
      return node.error("its lengths are " + getName(lengths.type) +
                        "; required are integers");
    e.requireIndices(lengths, Number(e, steps) + 1, "a length",
                     /*fromEnd=*/false);
  }
  RolledLoop loop;
  loop.trips = e.toValue(batch);
  auto body = [&](Value number, ArrayRef<Tensor>) -> FailureOr<Iteration> {
    auto takeRow = [&](Tensor tensor) { return takeAt(e, tensor, 0, number); };
    Value length;
    if (lengths)
      length = load(e, lengths, {Number(e, number)}).toIndex();
    FailureOr<SmallVector<Tensor>> made =
        scan.emit(map_to_vector(states, takeRow),
                  map_to_vector(sequences, takeRow), length);
    if (failed(made))
      return failure();
    Iteration iteration;
    for (auto [i, tensor] : enumerate(*made)) {
      if (length && i >= states.size()) {
        // What lies behind the end is zero.
        Extents sizes = e.extents(tensor);
        sizes[0] = steps;
        tensor = e.insert(tensor, e.fill(tensor.type, sizes, 0));
      }
      iteration.elements.push_back(tensor);
    }
    return iteration;
  };
  return roll(node, loop, body);
}

static LogicalResult convertScan(Node &node, Emitter &) {
  bool hasBatch = node.getOpset() < 9;
  Scan scan(node);
  scan.graph = node.getGraph("body");
  if (!scan.graph)
    return node.error("attribute 'body' is missing");
  size_t first = hasBatch ? 1 : 0;
  int64_t sequences = node.getInt("num_scan_inputs", 0);
  int64_t values =
      static_cast<int64_t>(node.getNumInputs()) - static_cast<int64_t>(first);
  if (sequences < 1 || sequences > values)
    return node.error("attribute 'num_scan_inputs' is " + Twine(sequences) +
                      "; required is 1 to " +
                      Twine(std::max(values, int64_t(0))));
  size_t states = values - sequences;
  if (failed(checkCount(node, "inputs", scan.graph->input_size(), values)))
    return failure();
  size_t outputs = scan.graph->output_size();
  if (outputs < states || node.getNumOutputs() > outputs)
    return node.error("its body has " + Twine(outputs) +
                      " outputs; required are " + Twine(states) +
                      " states and what the node gives");
  size_t stacked = outputs - states;
  SmallVector<Tensor> all;
  for (size_t i = first; i < node.getNumInputs(); ++i) {
    if (!node.getInput(i))
      return node.error("input " + Twine(i) + " is missing");
    all.push_back(node.getInput(i));
  }
  if (failed(getPerValue(node, hasBatch ? "" : "scan_input_axes", sequences,
                         scan.inputAxes)) ||
      failed(getPerValue(node, hasBatch ? "" : "scan_output_axes", stacked,
                         scan.outputAxes)) ||
      failed(getDirections(node,
                           hasBatch ? "directions" : "scan_input_directions",
                           sequences, scan.inputBackwards)) ||
      failed(getDirections(node, hasBatch ? "" : "scan_output_directions",
                           stacked, scan.outputBackwards)))
    return failure();
  ArrayRef<Tensor> given = all;
  FailureOr<SmallVector<Tensor>> results =
      hasBatch ? emitBatch(scan, node.getInput(0), given.take_front(states),
                           given.drop_front(states))
               : scan.emit(given.take_front(states), given.drop_front(states),
                           Value());
  return node.giveAll(results);
}

void registerRepetitionOps(Registry &registry) {
  registry.add({
      {"Loop", 1, 0, kVariadic, convertLoop, takes(),
       "carried optional tensors, and tensors whose rank changes from one "
       "iteration to the next, unless the trip count is known at import",
       true},
      {"Scan", 8, 0, kVariadic, convertScan},
  });
}

} // namespace seqc::onnx
