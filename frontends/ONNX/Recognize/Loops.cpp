//===- Loops.cpp - Loops that read one slice per step ---------------------===//
//
// A Loop that runs over all slices of a tensor, carries states of fixed shapes
// and never stops early is a Scan.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Recognize/GraphView.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace seqc::onnx {

using format::AttributeProto;
using format::GraphProto;
using format::NodeProto;

namespace {
/// Slices of one tensor, which the body gathers by the number of the step.
struct Slices {
  NodeProto *gather;
  int64_t axis;
};
} // namespace

static bool isDefault(const NodeProto &node) {
  return node.domain().empty() || node.domain() == "ai.onnx";
}

/// Uses of `name` in a graph and in the graphs inside of it. A graph belongs to
/// one node, so each is entered once; the parser bounds how deep they lie.
static int countUses(const GraphProto &graph, StringRef name) {
  int uses = 0;
  for (const NodeProto &node : graph.node()) {
    for (const std::string &input : node.input())
      uses += input == name;
    for (const AttributeProto &attribute : node.attribute())
      if (attribute.has_g())
        uses += countUses(attribute.g(), name);
  }
  for (const auto &output : graph.output())
    uses += output.name() == name;
  return uses;
}

/// Whether a value is a boolean constant that is true.
static bool isTrue(const GraphProto &graph, StringRef name) {
  auto holds = [](const format::TensorProto &tensor) {
    if (tensor.data_type() != static_cast<int32_t>(DataType::Bool))
      return false;
    return tensor.int32_data_size() == 1
               ? tensor.int32_data(0) != 0
               : tensor.raw_data().size() == 1 && tensor.raw_data()[0] != 0;
  };
  for (const format::TensorProto &tensor : graph.initializer())
    if (tensor.name() == name)
      return holds(tensor);
  for (const NodeProto &node : graph.node())
    if (node.op_type() == "Constant" && isDefault(node) &&
        node.output_size() == 1 && node.output(0) == name)
      for (const AttributeProto &attribute : node.attribute())
        if (attribute.name() == "value" && attribute.has_t())
          return holds(attribute.t());
  return false;
}

/// Whether the loop goes on whatever happens; `first` is the condition before
/// the first step. Gives the nodes that only pass the condition on.
static bool goesOn(const GraphProto &outer, StringRef first, GraphProto &body,
                   NodeList &nodes) {
  if (!first.empty() && !isTrue(outer, first))
    return false;
  std::string input = body.input(1).name(), name = body.output(0).name();
  int passed = 0;
  if (!isTrue(body, name)) {
    for (int i = 0; i < 8 && name != input; ++i) {
      NodeProto *from = nullptr;
      for (NodeProto &node : *body.mutable_node())
        if (node.op_type() == "Identity" && isDefault(node) &&
            node.output_size() == 1 && node.output(0) == name &&
            node.input_size() == 1)
          from = &node;
      if (!from || countUses(body, name) != 1)
        return false;
      nodes.push_back(from);
      name = from->input(0);
    }
    if (name != input)
      return false;
    passed = 1;
  }
  return countUses(body, input) == passed;
}

void recognizeLoop(GraphView &view, NodeProto &loop) {
  AttributeProto *attribute = nullptr;
  for (AttributeProto &candidate : *loop.mutable_attribute())
    if (candidate.name() == "body" && candidate.has_g())
      attribute = &candidate;
  int numStates = loop.input_size() - 2;
  if (!attribute || numStates < 1 || loop.input(0).empty() ||
      view.getOpset() < 9)
    return;
  GraphProto &body = *attribute->mutable_g();
  int numOutputs = body.output_size() - 1;
  if (body.input_size() != numStates + 2 || numOutputs < numStates ||
      loop.output_size() > numOutputs)
    return;
  for (int i = 0; i < numStates; ++i)
    if (loop.input(2 + i).empty())
      return;
  NodeList conditions;
  if (!goesOn(view.getGraph(), loop.input(1), body, conditions))
    return;

  // Each slice is one step's, and there are as many as steps.
  std::optional<Extent> trips = view.getExtent(loop.input(0));
  std::string counter = body.input(0).name();
  StringSet<> inner;
  for (const NodeProto &node : body.node())
    for (const std::string &output : node.output())
      inner.insert(output);
  for (const auto &tensor : body.initializer())
    inner.insert(tensor.name());
  for (const auto &input : body.input())
    inner.insert(input.name());
  SmallVector<Slices> slices;
  int uses = 0;
  for (NodeProto &node : *body.mutable_node()) {
    if (node.op_type() != "Gather" || !isDefault(node) ||
        node.input_size() != 2 || node.input(1) != counter ||
        node.output_size() != 1 || inner.contains(node.input(0)))
      continue;
    auto shape = view.getShape(node.input(0));
    int64_t axis = view.getInt(node, "axis", 0);
    if (!shape || !trips)
      return;
    axis += axis < 0 ? shape->size() : 0;
    if (axis < 0 || axis >= static_cast<int64_t>(shape->size()) ||
        (*shape)[axis] != *trips)
      return;
    slices.push_back({&node, axis});
    ++uses;
  }
  if (slices.empty() || countUses(body, counter) != uses)
    return;

  // States keep type and shape.
  SmallVector<std::string> given{"", ""};
  for (int i = 0; i < numStates; ++i)
    given.push_back(loop.input(2 + i));
  if (!view.keepsStates(body, given))
    return;

  NodeProto *scan = view.makeNode("Scan", {}, loop.output(0), 11);
  scan->clear_output();
  for (const std::string &output : loop.output())
    scan->add_output(output);
  SmallVector<int64_t> axes;
  SmallVector<std::string> names;
  for (int i = 0; i < numStates; ++i)
    scan->add_input(loop.input(2 + i));
  for (const Slices &slice : slices) {
    scan->add_input(slice.gather->input(0));
    names.push_back(slice.gather->output(0));
    axes.push_back(slice.axis);
  }
  GraphView::setInt(scan, "num_scan_inputs", axes.size());
  GraphView::setInts(scan, "scan_input_axes", axes);
  auto *inputs = body.mutable_input();
  inputs->DeleteSubrange(0, 2);
  for (const std::string &name : names)
    body.add_input()->set_name(name);
  body.mutable_output()->DeleteSubrange(0, 1);
  // What a Loop does not give out it computes all the same.
  while (scan->output_size() < numOutputs)
    scan->add_output("");
  NodeList dead = conditions;
  for (const Slices &slice : slices)
    dead.push_back(slice.gather);
  view.eraseNodes(body, dead);
  AttributeProto *moved = scan->add_attribute();
  moved->set_name("body");
  moved->set_type(5);
  moved->mutable_g()->Swap(&body);
  view.replace(&loop, "recurrence");
}

/// States of a Scan keep their shapes, and its outputs that are states too
/// stack them.
void GraphView::inferScan(const NodeProto &node) {
  const AttributeProto *body = nullptr;
  for (const AttributeProto &attribute : node.attribute())
    if (attribute.name() == "body" && attribute.has_g())
      body = &attribute;
  int states = node.input_size() - getInt(node, "num_scan_inputs", 0);
  if (!body || states < 0 || states >= node.input_size() ||
      body->g().output_size() < node.output_size())
    return;
  auto axes = getInts(node, "scan_input_axes");
  const Fact *scanned = find(node.input(states));
  int64_t axis = axes && !axes->empty() ? axes->front() : 0;
  if (getInts(node, "scan_output_axes") || !scanned || !scanned->shape ||
      axis < 0 || axis >= static_cast<int64_t>(scanned->shape->size()))
    return;
  Extent steps = (*scanned->shape)[axis];
  for (int i = 0; i < node.output_size(); ++i) {
    int state = i < states ? i : 0;
    while (i >= states && state < states &&
           body->g().output(state).name() != body->g().output(i).name())
      ++state;
    if (state >= states)
      continue;
    const Fact *init = find(node.input(state));
    if (!init || !init->shape || node.output(i).empty())
      continue;
    Fact fact = *init;
    fact.integers.reset();
    if (i >= states)
      fact.shape->insert(fact.shape->begin(), steps);
    facts[node.output(i)] = fact;
  }
}

} // namespace seqc::onnx
