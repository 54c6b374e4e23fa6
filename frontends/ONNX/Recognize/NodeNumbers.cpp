//===- NodeNumbers.cpp - Equal values and equal steps ---------------------===//

#include "frontends/ONNX/Recognize/Unrolled.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace seqc::onnx {

using format::NodeProto;

/// Tensors of more bytes are equal only if they are the same.
static constexpr int64_t kMostBytes = 1 << 14;
/// Steps from which on a chain is worth a loop.
static constexpr int kLeastSteps = 3;
/// Anchors that are tried, and how often a node is looked at for that.
static constexpr int64_t kMostAnchors = 200;
static constexpr int64_t kMostVisits = 1'000'000;

//===----------------------------------------------------------------------===//
// Equal values
//===----------------------------------------------------------------------===//

int NodeNumbers::number(std::string key) {
  return numbers.try_emplace(std::move(key), numbers.size()).first->second;
}

std::string NodeNumbers::describe(const format::TensorProto &tensor) {
  std::optional<int64_t> count = countElements(
      SmallVector<int64_t>(tensor.dims().begin(), tensor.dims().end()));
  if (!count || *count > kMostBytes)
    return "";
  Expected<TensorBytes> bytes = file.getBytes(tensor);
  if (!bytes) {
    // The import reports it.
    consumeError(bytes.takeError());
    return "";
  }
  StringRef data = bytes->getBytes();
  if (static_cast<int64_t>(data.size()) > kMostBytes)
    return "";
  std::string text = "tensor " + std::to_string(tensor.data_type());
  for (int64_t size : tensor.dims())
    text += "," + std::to_string(size);
  return text + ":" + data.str();
}

/// Operator, attributes and number of inputs; empty for a node unlike others.
std::string NodeNumbers::describe(const NodeProto &node) {
  StringRef op = node.op_type();
  if (op.starts_with("Random") || op == "Bernoulli" || op == "Multinomial")
    return "";
  SmallVector<std::string> parts;
  for (const format::AttributeProto &attribute : node.attribute()) {
    if (attribute.has_g() || attribute.graphs_size() ||
        !attribute.ref_attr_name().empty() || attribute.tensors_size() ||
        attribute.has_sparse_tensor())
      return "";
    format::AttributeProto copy = attribute;
    copy.clear_doc_string();
    std::string text = copy.name() + "=";
    if (copy.has_t()) {
      std::string content = describe(copy.t());
      if (content.empty())
        return "";
      copy.clear_t();
      text += content;
    }
    parts.push_back(text + copy.SerializeAsString());
  }
  sort(parts);
  std::string text = "node " + node.domain() + ":" + node.op_type() + ":" +
                     node.overload() + "/" + std::to_string(node.input_size());
  for (const std::string &part : parts)
    text += ";" + std::to_string(part.size()) + ":" + part;
  return text;
}

NodeNumbers::NodeNumbers(OnnxFile &file, format::GraphProto &graph)
    : file(file) {
  for (const format::TensorProto &tensor : graph.initializer()) {
    std::string text = describe(tensor);
    int value = number(text.empty() ? "name " + tensor.name() : text);
    values[tensor.name()] = value;
    constants.insert(value);
  }
  for (const auto &input : graph.input())
    values.try_emplace(input.name(), number("name " + input.name()));
  for (NodeProto &node : *graph.mutable_node())
    for (auto [i, output] : enumerate(node.output()))
      if (!output.empty())
        sources[output] = {-2, static_cast<int>(i)};
  for (NodeProto &node : *graph.mutable_node()) {
    int index = nodes.size();
    nodes.push_back(&node);
    std::string text = describe(node);
    kinds.push_back(text.empty() ? -1 - index : number(text));
    bool constant = !text.empty();
    bool isIdentity = node.op_type() == "Identity" && node.domain().empty() &&
                      node.input_size() == 1;
    for (const std::string &input : node.input()) {
      auto found = sources.find(input);
      sorted &= found == sources.end() || found->second.node != -2;
      text += "|" + std::to_string(getValue(input));
      constant &= input.empty() || isConstant(input);
    }
    for (auto [i, output] : enumerate(node.output())) {
      if (output.empty())
        continue;
      sources[output] = {index, static_cast<int>(i)};
      int value = isIdentity         ? getValue(node.input(0))
                  : kinds.back() < 0 ? number("name " + output)
                                     : number(text + ">" + std::to_string(i));
      values[output] = value;
      if (constant)
        constants.insert(value);
    }
  }
}

Source NodeNumbers::getSource(StringRef name) const {
  return sources.lookup(name);
}

int NodeNumbers::getValue(StringRef name) const {
  auto found = values.find(name);
  // A name from outside is a value of its own.
  if (found != values.end())
    return found->second;
  return name.empty()
             ? -1
             : const_cast<NodeNumbers *>(this)->number("name " + name.str());
}

bool NodeNumbers::isConstant(StringRef name) const {
  return constants.contains(getValue(name));
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// The step of each node: how many anchors it depends on at most, itself
/// included.
static SmallVector<int> countAnchors(const NodeNumbers &nodes,
                                     ArrayRef<int> anchors) {
  DenseSet<int> marks(anchors.begin(), anchors.end());
  SmallVector<int> steps(nodes.size(), 0);
  for (int i = 0; i < nodes.size(); ++i) {
    for (const std::string &input : nodes[i]->input())
      if (Source from = nodes.getSource(input); from.node >= 0)
        steps[i] = std::max(steps[i], steps[from.node]);
    steps[i] += marks.contains(i);
  }
  return steps;
}

/// One of the longest chains among `group`.
static SmallVector<int> pickChain(const NodeNumbers &nodes,
                                  ArrayRef<int> group) {
  SmallVector<int> steps = countAnchors(nodes, group), chain;
  int at = *llvm::max_element(
      group, [&](int a, int b) { return steps[a] < steps[b]; });
  chain.push_back(at);
  // The anchor that a node was last reached from.
  SmallVector<int> reached(nodes.size(), -1);
  while (steps[at] > 1) {
    // Back to the nearest anchors of the step before.
    SmallVector<int> stack{at};
    int next = -1;
    while (!stack.empty() && next < 0) {
      int node = stack.pop_back_val();
      for (const std::string &input : nodes[node]->input()) {
        int from = nodes.getSource(input).node;
        // What comes before the anchor that is looked for leads to none.
        if (from < 0 || steps[from] < steps[at] - 1 ||
            std::exchange(reached[from], at) == at)
          continue;
        if (steps[from] == steps[at] - 1 && is_contained(group, from))
          next = from;
        stack.push_back(from);
      }
    }
    if (next < 0)
      break;
    at = next;
    chain.push_back(at);
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

std::vector<SmallVector<int>> findAnchors(const NodeNumbers &nodes) {
  std::map<std::vector<int>, SmallVector<int>> groups;
  std::map<std::vector<int>, int> ranks;
  for (int i = 0; i < nodes.size(); ++i) {
    if (nodes.getKind(i) < 0 || nodes[i]->input_size() == 0 ||
        nodes[i]->op_type() == "Identity")
      continue;
    std::vector<int> key{nodes.getKind(i)};
    bool shares = false, varies = false;
    for (const std::string &input : nodes[i]->input()) {
      bool constant = nodes.isConstant(input);
      shares |= constant;
      varies |= !constant && !input.empty();
      key.push_back(constant ? nodes.getValue(input) : -1);
    }
    if (!varies)
      continue;
    StringRef op = nodes[i]->op_type();
    groups[key].push_back(i);
    ranks[key] = shares && (op == "MatMul" || op == "Gemm") ? 0
                 : shares                                   ? 1
                                                            : 2;
  }
  std::vector<std::pair<std::pair<int, int>, SmallVector<int>>> list;
  for (auto &[key, group] : groups)
    if (static_cast<int>(group.size()) >= kLeastSteps)
      list.push_back({{ranks[key], group.front()}, group});
  if (list.empty())
    return {}; // A graph may have no nodes at all.
  llvm::sort(list);
  int64_t most =
      std::clamp<int64_t>(kMostVisits / nodes.size(), 2, kMostAnchors);
  if (static_cast<int64_t>(list.size()) > most)
    list.resize(most);
  std::vector<SmallVector<int>> result;
  for (auto &[rank, group] : list) {
    SmallVector<int> chain = pickChain(nodes, group);
    if (static_cast<int>(chain.size()) >= kLeastSteps)
      result.push_back(chain);
  }
  return result;
}

namespace {
/// Groups the nodes of all steps into classes.
class StepClasses {
public:
  StepClasses(const NodeNumbers &nodes, ArrayRef<int> anchors)
      : nodes(nodes), anchors(anchors), steps(countAnchors(nodes, anchors)),
        last(anchors.size()), users(nodes.size()) {
    for (int i = 0; i < nodes.size(); ++i)
      for (auto [slot, input] : enumerate(nodes[i]->input()))
        if (Source from = nodes.getSource(input); from.node >= 0)
          users[from.node].emplace_back(i, slot);
  }

  std::optional<Chain> find();

private:
  void classify();
  /// The classes that the anchors' class needs from step to step.
  std::optional<SmallVector<int>> collect() const;
  /// Moves a class that the last step lacks to the start of the next step.
  bool pull(ArrayRef<int> needed);
  int member(int type, int step) const {
    auto found = members.find({type, step});
    return found == members.end() ? -1 : found->second;
  }

  const NodeNumbers &nodes;
  ArrayRef<int> anchors;
  SmallVector<int> steps;
  int last;
  /// Nodes that read a node, and at which input.
  std::vector<SmallVector<std::pair<int, int>, 2>> users;
  SmallVector<int> types;
  std::map<std::pair<int, int>, int> members;
};
} // namespace

void StepClasses::classify() {
  // What several steps use from outside is told apart by its value.
  DenseMap<int, int> firstUse;
  DenseSet<int> shared;
  for (int i = 0; i < nodes.size(); ++i)
    if (steps[i] > 0)
      for (const std::string &input : nodes[i]->input()) {
        int from = nodes.getSource(input).node, value = nodes.getValue(input);
        if (from >= 0 && steps[from] > 0)
          continue;
        auto [entry, isNew] = firstUse.try_emplace(value, steps[i]);
        if (!isNew && entry->second != steps[i])
          shared.insert(value);
      }
  using Key = std::vector<int>;
  std::map<Key, int> keys;
  std::map<std::pair<Key, int>, int> occurrences;
  types.assign(nodes.size(), -1);
  members.clear();
  for (int i = 0; i < nodes.size(); ++i) {
    if (steps[i] == 0 || nodes.getKind(i) < 0)
      continue;
    Key key{nodes.getKind(i)};
    for (const std::string &input : nodes[i]->input()) {
      Source from = nodes.getSource(input);
      int value = nodes.getValue(input);
      if (from.node >= 0 && steps[from.node] == steps[i])
        key.insert(key.end(), {1, types[from.node], from.output});
      else if ((from.node < 0 || steps[from.node] == 0) &&
               shared.contains(value))
        key.insert(key.end(), {2, value, 0});
      else
        key.insert(key.end(), {3, 0, 0});
    }
    // Nodes that look alike are told apart by their order.
    int occurrence = occurrences[{key, steps[i]}]++;
    key.push_back(occurrence);
    int type = keys.try_emplace(key, keys.size()).first->second;
    types[i] = type;
    members[{type, steps[i]}] = i;
  }
}

std::optional<SmallVector<int>> StepClasses::collect() const {
  int middle = std::max(2, (last + 1) / 2);
  SmallVector<int> needed, stack{types[anchors[middle - 1]]};
  DenseSet<int> seen{stack.front()};
  while (!stack.empty()) {
    int type = stack.pop_back_val();
    needed.push_back(type);
    int node = member(type, middle);
    if (node < 0)
      return std::nullopt;
    for (const std::string &input : nodes[node]->input()) {
      int from = nodes.getSource(input).node;
      if (from < 0 || steps[from] == 0)
        continue;
      // A step knows the one before it.
      if (steps[from] < middle - 1 || types[from] < 0)
        return std::nullopt;
      if (seen.insert(types[from]).second)
        stack.push_back(types[from]);
    }
  }
  return needed;
}

bool StepClasses::pull(ArrayRef<int> needed) {
  DenseSet<int> wanted(needed.begin(), needed.end());
  for (int type : needed) {
    int node = member(type, 1);
    if (node < 0 || member(type, last) >= 0 || member(type, last - 1) < 0)
      continue;
    // Its users in the second step, and what they use in the first.
    int partner = -1;
    bool fits = true;
    for (auto [user, slot] : users[node]) {
      if (steps[user] == 0 || !wanted.contains(types[user]))
        continue;
      int twin = member(types[user], 1);
      int other = steps[user] == 2 && twin >= 0
                      ? nodes.getSource(nodes[twin]->input(slot)).node
                      : -1;
      fits = fits && other >= 0 && steps[other] == 0 &&
             nodes.getKind(other) == nodes.getKind(node) &&
             (partner < 0 || partner == other);
      partner = other;
    }
    if (!fits || partner < 0)
      continue;
    for (int step = 1; step < last; ++step)
      if (int moved = member(type, step); moved >= 0)
        steps[moved] = step + 1;
    steps[partner] = 1;
    return true;
  }
  return false;
}

std::optional<Chain> StepClasses::find() {
  std::optional<SmallVector<int>> needed;
  for (int round = 0; round < 16; ++round) {
    classify();
    int type = types[anchors.front()];
    for (auto [i, anchor] : enumerate(anchors)) {
      // The anchors are what the steps are aligned by.
      if (type < 0 || types[anchor] < 0 ||
          steps[anchor] != static_cast<int>(i) + 1)
        return std::nullopt;
      if (i > 0 && i + 1 < anchors.size() && types[anchor] != types[anchors[1]])
        return std::nullopt;
    }
    needed = collect();
    if (!needed)
      return std::nullopt;
    if (!pull(*needed))
      break;
  }
  // The longest run of steps that have every class.
  Chain chain;
  for (int step = 1, begin = 1; step <= last; ++step) {
    if (any_of(*needed, [&](int type) { return member(type, step) < 0; })) {
      begin = step + 1;
      continue;
    }
    if (step - begin + 1 > chain.count) {
      chain.first = begin;
      chain.count = step - begin + 1;
    }
  }
  if (chain.count < kLeastSteps)
    return std::nullopt;
  for (int type : *needed) {
    SmallVector<int> list;
    for (int i = 0; i < chain.count; ++i)
      list.push_back(member(type, chain.first + i));
    chain.classes.push_back(list);
  }
  llvm::sort(chain.classes, [](const auto &a, const auto &b) {
    return a.front() < b.front();
  });
  chain.steps = steps;
  return chain;
}

std::optional<Chain> findChain(const NodeNumbers &nodes,
                               ArrayRef<int> anchors) {
  return StepClasses(nodes, anchors).find();
}

} // namespace seqc::onnx
