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
    declared[info.name()].number.reset();
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
    for (const std::string &input : node.input())
      if (!input.empty())
        users[input].push_back(&node);
    infer(node);
  }
  for (const auto &output : graph.output())
    leaving.insert(output.name());
  countUses(graph, /*own=*/true);
}

void GraphView::countUses(const format::GraphProto &inner, bool own) {
  for (const NodeProto &node : inner.node()) {
    if (!own)
      for (const std::string &input : node.input())
        leaving.insert(input);
    for (const AttributeProto &attribute : node.attribute())
      if (attribute.has_g())
        countUses(attribute.g(), /*own=*/false);
  }
  if (!own)
    for (const auto &output : inner.output())
      leaving.insert(output.name());
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

NodeProto *GraphView::getOnlyUser(StringRef name) const {
  auto found = users.find(name);
  return found == users.end() || found->second.size() != 1 ||
                 leaving.contains(name)
             ? nullptr
             : found->second.front();
}

bool GraphView::isClosed(const NodeList &nodes, const NodeProto *root) const {
  for (const NodeProto *node : nodes) {
    if (node == root)
      continue;
    for (const std::string &output : node->output()) {
      if (leaving.contains(output))
        return false;
      auto found = users.find(output);
      if (found != users.end() && any_of(found->second, [&](NodeProto *user) {
            return !is_contained(nodes, user);
          }))
        return false;
    }
  }
  return true;
}

StringRef GraphView::skipIdentity(StringRef name) const {
  for (int i = 0; i < 8; ++i) {
    NodeProto *node = getProducer(name, "Identity");
    if (!node || node->input_size() != 1)
      break;
    name = node->input(0);
  }
  return name;
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

std::string GraphView::makeIntegers(ArrayRef<int64_t> numbers) {
  std::string name = makeName("integers");
  format::TensorProto *tensor = graph.add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(static_cast<int32_t>(DataType::Int64));
  tensor->add_dims(numbers.size());
  for (int64_t number : numbers)
    tensor->add_int64_data(number);
  facts[name] = readTensor(*tensor);
  return name;
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

void GraphView::forget() {
  for (NodeProto *node : made) {
    result.opsets.erase(node);
    delete node;
  }
  made.clear();
}

void GraphView::replace(NodeProto *root, const NodeList &nodes,
                        StringRef pattern) {
  if (!pattern.empty())
    ++result.counts[pattern.str()];
  auto drop = [&](NodeProto *node) {
    removed.insert(node);
    for (const std::string &input : node->input())
      erase(users[input], node);
  };
  drop(root);
  for (NodeProto *node : made)
    for (const std::string &input : node->input())
      users[input].push_back(node);
  for (bool changed = true; changed;) {
    changed = false;
    for (NodeProto *node : nodes)
      if (!removed.contains(node) &&
          all_of(node->output(), [&](const std::string &output) {
            return users[output].empty() && !leaving.contains(output);
          })) {
        drop(node);
        changed = true;
      }
  }
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
