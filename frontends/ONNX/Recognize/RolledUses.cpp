//===- RolledUses.cpp - What uses a chain of steps ------------------------===//
//
// States of the last step leave the Scan as its final states; values of several
// steps as one tensor, from which each use gets its step.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/Recognize/Roller.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace seqc::onnx {

using format::AttributeProto;
using format::GraphProto;
using format::NodeProto;

NodeProto *Roller::addNode(StringRef op, ArrayRef<std::string> inputs,
                           StringRef output, int64_t version) {
  auto *node = new NodeProto();
  node->set_op_type(op.str());
  node->set_name(output.str());
  for (const std::string &input : inputs)
    node->add_input(input);
  if (!output.empty())
    node->add_output(output.str());
  result.opsets[node] = version;
  added.push_back(node);
  return node;
}

std::string Roller::addIntegers(ArrayRef<int64_t> numbers, bool scalar) {
  std::string name = view.makeName("place");
  format::TensorProto *tensor = graph.add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(static_cast<int32_t>(DataType::Int64));
  if (!scalar)
    tensor->add_dims(numbers.size());
  for (int64_t number : numbers)
    tensor->add_int64_data(number);
  return name;
}

/// Which outputs of steps are used outside.
void Roller::findUses() {
  StringMap<std::pair<int, int>> names;
  DenseMap<std::pair<int, int>, bool> carried;
  for (const State &state : states)
    carried[{state.source.node, state.source.output}] = true;
  StringSet<> finals;
  for (auto [type, members] : enumerate(chain.classes))
    for (auto [step, member] : enumerate(members))
      for (auto [i, output] : enumerate(nodes[member]->output()))
        if (!output.empty()) {
          names[output] = {static_cast<int>(type), static_cast<int>(i)};
          if (static_cast<int>(step) == chain.count - 1)
            finals.insert(output);
        }
  auto use = [&](StringRef name) {
    auto found = names.find(name);
    if (found == names.end())
      return;
    bool final = finals.contains(name) && carried.lookup(found->second);
    stacked[found->second] |= !final;
  };
  // A graph belongs to one node, so each is entered once.
  std::function<void(const GraphProto &, bool)> visit =
      [&](const GraphProto &inner, bool own) {
        int index = 0;
        for (const NodeProto &node : inner.node()) {
          if (!own || !inside.contains(index))
            for (const std::string &input : node.input())
              use(input);
          ++index;
          for (const AttributeProto &attribute : node.attribute())
            if (attribute.has_g())
              visit(attribute.g(), /*own=*/false);
        }
        for (const auto &output : inner.output())
          use(output.name());
      };
  visit(graph, /*own=*/true);
}

/// Makes inputs of `concat` that are all steps' values one after the other one
/// input.
void Roller::joinConcat(NodeProto &concat, int type, int output,
                        const std::string &values) {
  auto shape = view.getShape(nameOf(type, 0, output));
  if (!shape)
    return;
  int64_t rank = shape->size();
  int64_t given = view.getInt(concat, "axis", 0);
  for (int begin = 0; begin + chain.count <= concat.input_size(); ++begin) {
    // Either all inputs are new in the axis, or all have it with extent 1.
    std::optional<bool> isNew;
    int64_t axis = 0;
    bool forward = true, backward = true;
    for (int i = 0; i < chain.count && (forward || backward); ++i) {
      std::string name = concat.input(begin + i);
      const NodeProto *insert = view.getProducer(name, "Unsqueeze");
      bool inserts = insert && !inside.contains(nodes.getSource(name).node);
      int64_t full = inserts ? rank + 1 : rank;
      axis = given + (given < 0 ? full : 0);
      if (inserts) {
        auto axes = view.getParameter(*insert, "axes", 1);
        if (!axes || axes->size() != 1 ||
            axes->front() + (axes->front() < 0 ? full : 0) != axis)
          return;
        name = insert->input(0);
      }
      if (axis < 0 || axis >= full || (isNew && *isNew != inserts) ||
          (!inserts && (*shape)[axis] != 1)) {
        forward = backward = false;
        break;
      }
      isNew = inserts;
      forward &= name == nameOf(type, position(i), output);
      backward &= name == nameOf(type, position(chain.count - 1 - i), output);
    }
    if (!forward && !backward)
      continue;
    std::string part = values;
    if (backward) {
      std::string turned = view.makeName(part);
      addNode("Slice",
              {part, addIntegers({-1}), addIntegers({INT64_MIN}),
               addIntegers({0}), addIntegers({-1})},
              turned, 13);
      part = turned;
    }
    if (!*isNew) {
      std::string squeezed = view.makeName(part);
      GraphView::setInts(addNode("Squeeze", {part}, squeezed, 11), "axes",
                         {axis + 1});
      part = squeezed;
    }
    if (axis != 0) {
      std::string moved = view.makeName(part);
      SmallVector<int64_t> order;
      for (int64_t d = 1; d < rank + (*isNew ? 1 : 0); ++d)
        order.push_back(d);
      order.insert(order.begin() + axis, 0);
      GraphView::setInts(addNode("Transpose", {part}, moved, 13), "perm",
                         order);
      part = moved;
    }
    SmallVector<std::string> inputs(concat.input().begin(),
                                    concat.input().end());
    inputs.erase(inputs.begin() + begin, inputs.begin() + begin + chain.count);
    inputs.insert(inputs.begin() + begin, part);
    concat.clear_input();
    for (const std::string &input : inputs)
      concat.add_input(input);
  }
}

/// Gives each step's value its name again, and values that are put together
/// one.
void Roller::stack(int type, int output, const std::string &values) {
  for (NodeProto &node : *graph.mutable_node())
    if (node.op_type() == "Concat" &&
        (node.domain().empty() || node.domain() == "ai.onnx"))
      joinConcat(node, type, output, values);
  bool carried = any_of(states, [&](const State &state) {
    return state.source.node == type && state.source.output == output;
  });
  for (int step = 0; step < chain.count - (carried ? 1 : 0); ++step) {
    const std::string &name = nameOf(type, step, output);
    if (name.empty())
      continue;
    NodeProto *gather = addNode(
        "Gather", {values, addIntegers({position(step)}, /*scalar=*/true)},
        name, 13);
    GraphView::setInt(gather, "axis", 0);
  }
}

/// Drops nodes of the chain, and what only it used.
void Roller::removeUnused() {
  for (const auto &entry : inside)
    removed.insert(nodes[entry.first]);
  StringMap<int> uses;
  // A graph belongs to one node, so each is entered once.
  std::function<void(const GraphProto &)> count = [&](const GraphProto &inner) {
    for (const NodeProto &node : inner.node()) {
      for (const std::string &input : node.input())
        if (!removed.contains(&node))
          ++uses[input];
      for (const AttributeProto &attribute : node.attribute())
        if (attribute.has_g())
          count(attribute.g());
    }
    for (const auto &output : inner.output())
      ++uses[output.name()];
  };
  count(graph);
  for (const NodeProto &node : body.node())
    for (const std::string &input : node.input())
      ++uses[input];
  for (NodeProto *node : added)
    for (const std::string &input : node->input())
      ++uses[input];
  auto isUnused = [&](const NodeProto &node) {
    return all_of(node.output(), [&](const std::string &output) {
      return uses.lookup(output) == 0;
    });
  };
  auto drop = [&](NodeProto *node) {
    removed.insert(node);
    for (const std::string &input : node->input())
      --uses[input];
  };
  for (NodeProto *node : reverse(added))
    if (node->op_type() == "Gather" && isUnused(*node))
      drop(node);
  // Only operators that select, so that no fault stays unreported.
  static const StringSet<> kinds = {"Gather",  "Slice",     "Split",
                                    "Squeeze", "Unsqueeze", "Constant"};
  for (int i = nodes.size() - 1; i >= 0; --i)
    if (!removed.contains(nodes[i]) && nodes[i]->output_size() > 0 &&
        (kinds.contains(nodes[i]->op_type()) || chain.steps[i] == 0) &&
        nodes.getKind(i) >= 0 && isUnused(*nodes[i]))
      drop(nodes[i]);
}

void Roller::write() {
  SmallVector<std::string> inputs;
  for (const State &state : states) {
    body.add_input()->set_name(state.argument);
    inputs.push_back(state.init);
  }
  SmallVector<int64_t> axes;
  for (const Scanned &input : scanned) {
    body.add_input()->set_name(input.argument);
    std::string tensor = input.tensor;
    if ((*view.getShape(tensor))[input.axis] != chain.count) {
      std::string part = view.makeName(tensor);
      addNode("Slice",
              {tensor, addIntegers({input.low}),
               addIntegers({input.low + chain.count}),
               addIntegers({input.axis})},
              part, 13);
      tensor = part;
    }
    inputs.push_back(tensor);
    axes.push_back(input.axis);
  }
  NodeProto *scan = addNode("Scan", inputs, "", 11);
  scan->set_name(view.makeName("steps"));
  for (const State &state : states) {
    body.add_output()->set_name(bodyName(state.source));
    scan->add_output(
        nameOf(state.source.node, chain.count - 1, state.source.output));
  }
  int64_t numStacked = 0;
  for (auto &[source, needed] : stacked) {
    if (!needed)
      continue;
    ++numStacked;
    body.add_output()->set_name(bodyName({source.first, source.second}));
    std::string values = view.makeName(nameOf(source.first, 0, source.second));
    scan->add_output(values);
    stack(source.first, source.second, values);
  }
  body.set_name(scan->name());
  GraphView::setInt(scan, "num_scan_inputs", scanned.size());
  GraphView::setInts(scan, "scan_input_axes", axes);
  SmallVector<int64_t> turns(scanned.size(), direction < 0);
  GraphView::setInts(scan, "scan_input_directions", turns);
  turns.assign(numStacked, direction < 0);
  if (numStacked)
    GraphView::setInts(scan, "scan_output_directions", turns);
  removeUnused();
  AttributeProto *attribute = scan->add_attribute();
  attribute->set_name("body");
  attribute->set_type(5);
  attribute->mutable_g()->Swap(&body);
  for (auto [index, version] : opsets)
    result.opsets[&attribute->g().node(index)] = version;

  auto *list = graph.mutable_node();
  std::vector<NodeProto *> old(list->size());
  list->ExtractSubrange(0, list->size(), old.data());
  for (NodeProto *node : old)
    if (removed.contains(node)) {
      result.opsets.erase(node);
      delete node;
    } else {
      list->AddAllocated(node);
    }
  for (NodeProto *node : added)
    if (removed.contains(node)) {
      result.opsets.erase(node);
      delete node;
    } else {
      list->AddAllocated(node);
    }
  // Users stand behind the Scan.
  SmallVector<int> order = sortNodes(*list);
  old.resize(list->size());
  list->ExtractSubrange(0, list->size(), old.data());
  for (int index : order)
    list->AddAllocated(old[index]);
}

} // namespace seqc::onnx
