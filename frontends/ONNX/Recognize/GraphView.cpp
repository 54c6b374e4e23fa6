//===- GraphView.cpp - What is known of a graph before its import ---------===//

#include "frontends/ONNX/Recognize/GraphView.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace seqc::onnx {

using format::AttributeProto;
using format::GraphProto;
using format::NodeProto;

//===----------------------------------------------------------------------===//
// Structure
//===----------------------------------------------------------------------===//

GraphView::GraphView(OnnxFile &file, format::GraphProto &graph, int64_t opset,
                     Recognition &result, const GraphView *parent,
                     ArrayRef<std::string> given)
    : file(file), graph(graph), opset(opset), result(result), parent(parent) {
  for (const auto &info : graph.value_info())
    readValueInfo(info);
  for (auto [i, info] : enumerate(graph.input())) {
    readValueInfo(info);
    const Fact *fact =
        parent && i < given.size() ? parent->find(given[i]) : nullptr;
    if (fact)
      declared[info.name()] = *fact;
    // A body's input changes from step to step.
    declared[info.name()].integers.reset();
    facts[info.name()] = declared[info.name()];
  }
  for (const auto &info : graph.output())
    if (!declared.count(info.name()))
      readValueInfo(info);
  // A node may give an inner graph other values than the defaults of its inputs.
  StringSet<> inputs;
  if (parent)
    for (const auto &info : graph.input())
      inputs.insert(info.name());
  for (const format::TensorProto &tensor : graph.initializer())
    if (!inputs.contains(tensor.name()))
      facts[tensor.name()] = readTensor(tensor);
  for (NodeProto &node : *graph.mutable_node()) {
    for (const std::string &output : node.output())
      if (!output.empty())
        producers[output] = &node;
    infer(node);
  }
}

NodeProto *GraphView::getProducer(StringRef name) const {
  return producers.lookup(name);
}

NodeProto *GraphView::getProducer(StringRef name, StringRef op) const {
  NodeProto *node = producers.lookup(name);
  return node && node->op_type() == op &&
                 (node->domain().empty() || node->domain() == "ai.onnx")
             ? node
             : nullptr;
}

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

std::string GraphView::makeName(StringRef stem) {
  std::string name;
  do
    name = (stem + "/recognized_" + Twine(counter++)).str();
  while (producers.count(name) || find(name));
  return name;
}

NodeProto *GraphView::makeNode(StringRef op, ArrayRef<std::string> inputs,
                               StringRef output, int64_t version) {
  auto *node = new NodeProto();
  node->set_op_type(op.str());
  node->set_name(output.str());
  for (const std::string &input : inputs)
    node->add_input(input);
  node->add_output(output.str());
  result.opsets[node] = version;
  made.push_back(node);
  return node;
}

static AttributeProto *addAttribute(NodeProto *node, StringRef name, int type) {
  AttributeProto *attribute = node->add_attribute();
  attribute->set_name(name.str());
  attribute->set_type(type);
  return attribute;
}

void GraphView::setInt(NodeProto *node, StringRef name, int64_t value) {
  addAttribute(node, name, 2)->set_i(value);
}

void GraphView::setInts(NodeProto *node, StringRef name,
                        ArrayRef<int64_t> values) {
  AttributeProto *attribute = addAttribute(node, name, 7);
  for (int64_t value : values)
    attribute->add_ints(value);
}

bool GraphView::keepsStates(GraphProto &body,
                            ArrayRef<std::string> given) const {
  GraphView inner(file, body, opset, result, this, given);
  for (size_t i = 2; i < given.size(); ++i) {
    auto before = getShape(given[i]);
    const std::string &name = body.output(i - 1).name();
    if (!before || inner.getShape(name) != before ||
        inner.getType(name) != getType(given[i]))
      return false;
  }
  return true;
}

void GraphView::eraseNodes(GraphProto &from, const NodeList &nodes) {
  auto *list = from.mutable_node();
  std::vector<NodeProto *> old(list->size());
  list->ExtractSubrange(0, list->size(), old.data());
  for (NodeProto *node : old)
    if (is_contained(nodes, node)) {
      result.opsets.erase(node);
      delete node;
    } else {
      list->AddAllocated(node);
    }
}

void GraphView::replace(NodeProto *root, StringRef pattern) {
  ++result.counts[pattern.str()];
  removed.insert(root);
  for (NodeProto *node : made) {
    for (const std::string &output : node->output())
      producers[output] = node;
    infer(*node);
  }
  inserted[root] = std::move(made);
  made.clear();
}

void GraphView::finish() {
  if (removed.empty())
    return;
  auto *list = graph.mutable_node();
  NodeList order;
  NodeList left(list->size());
  list->ExtractSubrange(0, list->size(), left.data());
  std::reverse(left.begin(), left.end());
  // What is inserted in front of a node goes first. Nothing is inserted twice.
  while (!left.empty()) {
    NodeProto *node = left.pop_back_val();
    if (auto found = inserted.find(node); found != inserted.end()) {
      left.push_back(node);
      append_range(left, reverse(found->second));
      inserted.erase(found);
    } else if (removed.contains(node)) {
      result.opsets.erase(node);
      delete node;
    } else {
      order.push_back(node);
    }
  }
  for (NodeProto *node : order)
    list->AddAllocated(node);
}

} // namespace seqc::onnx
