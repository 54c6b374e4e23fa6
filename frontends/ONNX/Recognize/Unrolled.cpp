//===- Unrolled.cpp - Chains of equal steps become a Scan -----------------===//
//
// A chain is only a proposal: here every input of every step is checked. In all
// steps it is the same value, or what the same node of the step gives, or what
// the same node of the step before gives (a state), or a slice of one tensor at
// places that follow each other. What only prepares such slices, the same way
// in each step, joins the step.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Recognize/Roller.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace seqc::onnx {

using format::GraphProto;
using format::NodeProto;

/// Chains of one graph, and nodes between a slice and its use.
static constexpr int kMostChains = 64;
static constexpr int kMostPreparation = 32;
/// Graphs inside of graphs.
static constexpr int kMostGraphs = 60;

//===----------------------------------------------------------------------===//
// What a step reads
//===----------------------------------------------------------------------===//

/// Names that a node reads, those of graphs inside of it included. A graph
/// belongs to one node, so each is entered once.
static void collectNames(const NodeProto &node, SmallVectorImpl<StringRef> &to,
                         int depth) {
  for (const std::string &input : node.input())
    to.push_back(input);
  for (const format::AttributeProto &attribute : node.attribute())
    if (attribute.has_g() && depth > 0) {
      for (const NodeProto &inner : attribute.g().node())
        collectNames(inner, to, depth - 1);
      for (const auto &output : attribute.g().output())
        to.push_back(output.name());
    }
}

/// Finds the nodes that know something of a step.
void Roller::findBehind() {
  behind.assign(nodes.size(), false);
  for (int i = 0; i < nodes.size(); ++i) {
    SmallVector<StringRef> names;
    collectNames(*nodes[i], names, kMostGraphs);
    behind[i] = inside.count(i) || any_of(names, [&](StringRef name) {
                  int from = nodes.getSource(name).node;
                  return from >= 0 && from < i && behind[from];
                });
  }
}

/// Whether the value is there before the first step.
bool Roller::isOutside(StringRef name) const {
  int from = nodes.getSource(name).node;
  return from < 0 || !behind[from];
}

bool Roller::isSame(const Row &row) const {
  int value = nodes.getValue(row.front());
  return all_of(row, [&](const std::string &name) {
    return nodes.getValue(name) == value && name.empty() == row[0].empty();
  });
}

Row Roller::getRow(const SmallVector<int> &members, int slot) const {
  Row row;
  for (int member : members)
    row.push_back(nodes[member]->input(slot));
  return row;
}

std::string Roller::addToBody(const NodeProto &node,
                              ArrayRef<std::string> inputs) {
  NodeProto *copy = body.add_node();
  *copy = node;
  if (auto own = result.opsets.find(&node); own != result.opsets.end())
    opsets.emplace_back(body.node_size() - 1, own->second);
  for (auto [i, input] : enumerate(inputs))
    copy->set_input(i, input);
  std::string first;
  for (int i = 0; i < copy->output_size(); ++i)
    if (!copy->output(i).empty()) {
      copy->set_output(i, view.makeName(copy->output(i)));
      if (first.empty())
        first = copy->output(i);
    }
  return first;
}

/// A slice of extent 1, or one that lost its axis.
std::optional<Place> Roller::findPlace(StringRef name) const {
  Source from = nodes.getSource(name);
  if (from.node < 0 || inside.contains(from.node))
    return std::nullopt;
  const NodeProto &node = *nodes[from.node];
  if (!(node.domain().empty() || node.domain() == "ai.onnx") ||
      node.input_size() < 1)
    return std::nullopt;
  Place place;
  place.tensor = node.input(0);
  auto shape = view.getShape(place.tensor);
  if (!shape || !isOutside(place.tensor))
    return std::nullopt;
  int64_t rank = shape->size();
  place.axis = view.getInt(node, "axis", 0);
  StringRef op = node.op_type();
  if (op == "Gather" && node.input_size() == 2) {
    auto indices = view.getIntegers(node.input(1));
    auto indexShape = view.getShape(node.input(1));
    if (!indices || indices->size() != 1 || !indexShape ||
        indexShape->size() > 1)
      return std::nullopt;
    place.keeps = indexShape->size() == 1;
    place.index = indices->front();
  } else if (op == "Slice") {
    auto starts = view.getParameter(node, "starts", 1);
    auto ends = view.getParameter(node, "ends", 2);
    auto axes = view.getParameter(node, "axes", 3);
    auto strides = node.input_size() > 4 ? view.getIntegers(node.input(4))
                                         : SmallVector<int64_t>{1};
    if (!starts || !ends || starts->size() != 1 || ends->size() != 1 ||
        (!axes && node.input_size() > 3 && !node.input(3).empty()) ||
        (axes && axes->size() != 1) || strides != SmallVector<int64_t>{1})
      return std::nullopt;
    place.axis = axes ? axes->front() : 0;
    place.index = starts->front();
    place.keeps = true;
    bool single = ends->front() == place.index + 1 ||
                  (place.index == -1 && ends->front() > INT32_MAX - 1);
    // From -1 to 0 is nothing.
    if (!single || (place.index == -1 && ends->front() == 0))
      return std::nullopt;
  } else if (op == "Split") {
    // Every output before this one has extent 1.
    for (int i = 0; i <= from.output; ++i) {
      auto part = view.getShape(node.output(i));
      int64_t axis = place.axis + (place.axis < 0 ? rank : 0);
      if (!part || axis < 0 || axis >= static_cast<int64_t>(part->size()) ||
          (*part)[axis] != 1)
        return std::nullopt;
    }
    place.index = from.output;
    place.keeps = true;
  } else {
    return std::nullopt;
  }
  place.axis += place.axis < 0 ? rank : 0;
  if (place.axis < 0 || place.axis >= rank)
    return std::nullopt;
  Extent extent = (*shape)[place.axis];
  if (place.index < 0 && !isSymbol(extent))
    place.index += extent;
  if (place.index < 0 || (!isSymbol(extent) && place.index >= extent))
    return std::nullopt;
  return place;
}

/// The argument of the body that holds these slices; empty if they are none of
/// one tensor, one after the other.
std::string Roller::readPlaces(const Row &row) {
  std::optional<Place> first = findPlace(row[0]);
  if (!first)
    return "";
  int step = 0;
  for (size_t i = 1; i < row.size(); ++i) {
    std::optional<Place> place = findPlace(row[i]);
    if (!place || place->axis != first->axis || place->keeps != first->keeps ||
        nodes.getValue(place->tensor) != nodes.getValue(first->tensor))
      return "";
    if (i == 1)
      step = place->index - first->index;
    if ((step != 1 && step != -1) ||
        place->index != first->index + step * static_cast<int64_t>(i))
      return "";
  }
  if (direction != 0 && direction != step)
    return "";
  direction = step;
  int64_t low = step > 0 ? first->index : first->index - (chain.count - 1);
  std::string argument;
  for (const Scanned &known : scanned)
    if (known.axis == first->axis && known.low == low &&
        nodes.getValue(known.tensor) == nodes.getValue(first->tensor))
      argument = known.argument;
  if (argument.empty()) {
    argument = view.makeName(first->tensor);
    scanned.push_back({first->tensor, first->axis, low, argument});
  }
  if (!first->keeps)
    return argument;
  NodeProto insert;
  insert.set_op_type("Unsqueeze");
  insert.add_input(argument);
  insert.add_output(argument);
  GraphView::setInts(&insert, "axes", {first->axis});
  std::string name = addToBody(insert, {argument});
  opsets.emplace_back(body.node_size() - 1, 11);
  return name;
}

/// What is made in front of the chain, the same way for each step. Each row is
/// prepared once and then known; one that cannot be ends the whole walk, up to
/// readStep(). So nothing is tried twice, in kMostPreparation levels.
std::string Roller::readOutside(const Row &row, int depth) {
  if (isSame(row))
    return isOutside(row[0]) ? row[0] : "";
  std::vector<int> key;
  for (const std::string &name : row)
    key.push_back(nodes.getValue(name));
  if (auto known = prepared.find(key); known != prepared.end())
    return known->second;
  std::string name = readPlaces(row);
  if (!name.empty())
    return prepared[key] = name;
  if (depth > kMostPreparation)
    return "";
  SmallVector<int> members;
  for (const std::string &entry : row) {
    Source from = nodes.getSource(entry);
    Source other = nodes.getSource(row[0]);
    if (from.node < 0 || inside.contains(from.node) ||
        nodes.getKind(from.node) < 0 || from.output != other.output ||
        nodes.getKind(from.node) != nodes.getKind(other.node))
      return "";
    members.push_back(from.node);
  }
  const NodeProto &node = *nodes[members[0]];
  SmallVector<std::string> inputs;
  for (int slot = 0; slot < node.input_size(); ++slot) {
    Row next = getRow(members, slot);
    bool absent = all_of(next, [](const auto &text) { return text.empty(); });
    inputs.push_back(absent ? "" : readOutside(next, depth + 1));
    if (!absent && inputs.back().empty())
      return "";
  }
  addToBody(node, inputs);
  const NodeProto &copy = body.node(body.node_size() - 1);
  return prepared[key] = copy.output(nodes.getSource(row[0]).output);
}

/// The name in the body of what all steps read here; empty if they differ.
std::string Roller::readInput(const Row &row) {
  if (isSame(row) && isOutside(row[0]))
    return row[0];
  // The same step, or the one before.
  Source last = nodes.getSource(row.back());
  if (auto found = inside.find(last.node); found != inside.end()) {
    auto [type, step] = found->second;
    int behind = chain.count - 1 - step;
    const SmallVector<int> &members = chain.classes[type];
    if (behind > 1 || (behind == 1 && !isOutside(row[0])))
      return "";
    for (size_t i = behind; i < row.size(); ++i)
      if (Source from = nodes.getSource(row[i]);
          from.output != last.output || from.node != members[i - behind])
        return "";
    Source source{type, last.output};
    if (behind == 0)
      return bodyName(source);
    for (const State &state : states)
      if (state.source.node == source.node &&
          state.source.output == source.output)
        return nodes.getValue(state.init) == nodes.getValue(row[0])
                   ? state.argument
                   : "";
    states.push_back({source, row[0], view.makeName(row[0])});
    return states.back().argument;
  }
  return all_of(row, [&](const auto &name) { return isOutside(name); })
             ? readOutside(row, 0)
             : "";
}

bool Roller::readStep() {
  for (auto [type, members] : enumerate(chain.classes)) {
    const NodeProto &node = *nodes[members[0]];
    SmallVector<std::string> inputs;
    for (int member : members)
      if (nodes[member]->output_size() != node.output_size())
        return false;
    for (int slot = 0; slot < node.input_size(); ++slot) {
      Row row = getRow(members, slot);
      bool absent = all_of(row, [](const auto &text) { return text.empty(); });
      inputs.push_back(absent ? "" : readInput(row));
      if (!absent && inputs.back().empty())
        return false;
    }
    addToBody(node, inputs);
    const NodeProto &copy = body.node(body.node_size() - 1);
    for (int i = 0; i < copy.output_size(); ++i)
      outputNames[{static_cast<int>(type), i}] = copy.output(i);
  }
  return !states.empty() && !scanned.empty();
}

/// Whether states keep type and shape, and only rows are an open extent.
bool Roller::checkShapes() {
  std::optional<Extent> rows;
  auto isOpen = [&](ArrayRef<Extent> shape) {
    for (auto [d, extent] : enumerate(shape)) {
      if (!isSymbol(extent))
        continue;
      if (d != 0 || (rows && *rows != extent))
        return true;
      rows = extent;
    }
    return false;
  };
  for (const State &state : states) {
    auto shape = view.getShape(state.init);
    if (!shape || isOpen(*shape))
      return false;
    for (int step = 0; step < chain.count; ++step) {
      const std::string &name =
          nameOf(state.source.node, step, state.source.output);
      if (view.getShape(name) != shape ||
          view.getType(name) != view.getType(state.init))
        return false;
    }
  }
  for (const Scanned &input : scanned) {
    auto shape = view.getShape(input.tensor);
    shape->erase(shape->begin() + input.axis);
    if (isOpen(*shape))
      return false;
  }
  for (auto &[source, needed] : stacked) {
    auto shape = view.getShape(nameOf(source.first, 0, source.second));
    if (needed && (!shape || isOpen(*shape)))
      return false;
  }
  return true;
}

bool Roller::run() {
  findBehind();
  if (!readStep())
    return false;
  findUses();
  if (!checkShapes())
    return false;
  write();
  return true;
}

int rollSteps(OnnxFile &file, GraphProto &graph, int64_t opset,
              Recognition &result, const GraphView *parent) {
  for (int count = 0; count < kMostChains; ++count) {
    NodeNumbers nodes(file, graph);
    if (!nodes.isSorted())
      return count;
    std::vector<SmallVector<int>> anchors = findAnchors(nodes);
    if (anchors.empty())
      return count;
    GraphView view(file, graph, opset, result, parent);
    bool changed = false;
    for (const SmallVector<int> &chain : anchors)
      if (std::optional<Chain> found = findChain(nodes, chain)) {
        changed = Roller(view, nodes, graph, result, *found).run();
        if (changed)
          break;
      }
    if (!changed)
      return count;
  }
  return kMostChains;
}

} // namespace seqc::onnx
