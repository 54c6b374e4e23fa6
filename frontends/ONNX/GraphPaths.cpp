//===- GraphPaths.cpp - The order of nodes, and forks in it ---------------===//
//
// Nodes are imported behind those whose outputs they read.
//
// An If whose condition is a run-time value may give a value of another rank on
// each side (exporters write Squeeze so, for one). What reads such a value is
// imported twice, once behind each branch, where the ranks are known. A path on
// which a node is wrong, such as an LSTM with an input of rank 4, would end
// with an error in any execution: the other one is taken, behind a check of the
// condition. Where both give a result of the graph with different ranks, that
// is a tensor of unknown rank; what reads one later is imported once for each
// rank.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/GraphValues.h"
#include "frontends/ONNX/onnx.pb.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::Value;

/// Graphs inside of graphs that are searched for names.
static constexpr unsigned kMostNesting = 60;
/// Forks inside of forks; each doubles what is imported.
static constexpr unsigned kMostForks = 8;

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

/// Names that a node reads, those its graphs take from outside included. A graph
/// belongs to one node, so each is entered once, `depth` levels down.
static void collectInputs(const format::NodeProto &node,
                          SmallVectorImpl<StringRef> &names, unsigned depth) {
  for (const std::string &input : node.input())
    names.push_back(input);
  if (depth == 0)
    return;
  for (const format::AttributeProto &attribute : node.attribute())
    if (attribute.has_g())
      for (const format::NodeProto &inner : attribute.g().node())
        collectInputs(inner, names, depth - 1);
}

SmallVector<int>
sortNodes(const google::protobuf::RepeatedPtrField<format::NodeProto> &list) {
  StringMap<int> producers;
  for (auto [i, node] : enumerate(list))
    for (const std::string &output : node.output())
      if (!output.empty())
        producers.try_emplace(output, i);
  SmallVector<int> order;
  SmallVector<char> begun(list.size(), false);
  // Nodes on the way, and whether what they read has been visited.
  SmallVector<std::pair<int, bool>> stack;
  for (int first = 0; first < list.size(); ++first) {
    stack.emplace_back(first, false);
    while (!stack.empty()) {
      auto [at, visited] = stack.pop_back_val();
      if (visited) {
        order.push_back(at);
        continue;
      }
      if (std::exchange(begun[at], true))
        continue;
      stack.emplace_back(at, true);
      SmallVector<StringRef> names;
      collectInputs(list[at], names, kMostNesting);
      for (StringRef name : reverse(names))
        if (auto from = producers.find(name);
            from != producers.end() && !begun[from->second])
          stack.emplace_back(from->second, false);
    }
  }
  return order;
}

void GraphImporter::importNodes(const NodeList &list,
                                ArrayRef<StringRef> results) {
  for (const format::NodeProto &node : list)
    for (const std::string &output : node.output())
      if (!output.empty() && !scope->promised.insert(output).second)
        (void)error("value '" + Twine(output) +
                    "' is given by two nodes; names are unique");
  SmallVector<const format::NodeProto *> order;
  for (int i : sortNodes(list))
    order.push_back(&list[i]);
  importInOrder(order, results);
}

/// Moves `node` (if it is not null) and all that reads what it gives, or one of
/// `names`, to the end; returns the place of the first one.
static size_t moveToEnd(const format::NodeProto *node,
                        ArrayRef<std::string> names,
                        SmallVectorImpl<const format::NodeProto *> &nodes) {
  StringSet<> given;
  for (const std::string &name : names)
    if (!name.empty())
      given.insert(name);
  auto middle = std::stable_partition(
      nodes.begin(), nodes.end(), [&](const format::NodeProto *candidate) {
        SmallVector<StringRef> read;
        collectInputs(*candidate, read, kMostNesting);
        bool stays =
            candidate != node && llvm::none_of(read, [&](StringRef name) {
              return given.contains(name);
            });
        if (!stays)
          for (const std::string &output : candidate->output())
            if (!output.empty())
              given.insert(output);
        return stays;
      });
  return middle - nodes.begin();
}

void GraphImporter::importInOrder(ArrayRef<const format::NodeProto *> order,
                                  ArrayRef<StringRef> results) {
  SmallVector<const format::NodeProto *> nodes(order);
  // Forks that stand behind all nodes that do not need them. Two that do not
  // need each other would change places for ever.
  SmallPtrSet<const format::NodeProto *, 4> deferred;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (errors > (stopsAtError ? 0 : kMostErrors))
      return;
    const format::NodeProto &node = *nodes[i];
    importNode(node);
    if (!fork)
      continue;
    Fork from = *std::exchange(fork, std::nullopt);
    SmallVector<const format::NodeProto *> left(nodes.begin() + i, nodes.end());
    bool isLast =
        !deferred.insert(&node).second ||
        moveToEnd(from.again ? nullptr : &node, from.names, left) == 0;
    if (isLast)
      return importPaths(from, ArrayRef(left).drop_front(from.again ? 0 : 1),
                         results);
    llvm::copy(left, nodes.begin() + i);
    --i;
  }
}

//===----------------------------------------------------------------------===//
// Forks
//===----------------------------------------------------------------------===//

void GraphImporter::forkAt(const Node &node, Value condition,
                           std::array<const format::GraphProto *, 2> branches) {
  Fork made;
  made.condition = condition;
  made.names.assign(node.getProto().output().begin(),
                    node.getProto().output().end());
  made.what = node.describe();
  for (int i = 0; i < 2; ++i)
    made.sides[i] =
        [this, branch = branches[i],
         count = made.names.size()]() -> FailureOr<std::vector<GraphValue>> {
      FailureOr<std::vector<GraphValue>> given = importGraph(*branch, {});
      if (succeeded(given) && given->size() < count)
        return error("graph '" + Twine(branch->name()) + "' has " +
                     Twine(given->size()) + " outputs; required are " +
                     Twine(count));
      return given;
    };
  fork = std::move(made);
}

void GraphImporter::forkByRank(const Node &node, const std::string &name,
                               const GraphValue &value) {
  Fork made;
  made.again = true;
  made.names = {name};
  made.what = node.describe();
  made.condition = hasRank(emitter, value, value.forms.front().size());
  auto ranked = [this](const GraphValue &from) {
    GraphValue result(getRanked(emitter, from, 0));
    result.present = from.present;
    return std::vector<GraphValue>{result};
  };
  GraphValue others = value;
  others.forms.erase(others.forms.begin());
  made.sides[0] = [=] { return ranked(value); };
  made.sides[1] = [=] {
    return others.forms.size() == 1 ? ranked(others)
                                    : std::vector<GraphValue>{others};
  };
  fork = std::move(made);
}

FailureOr<std::vector<GraphValue>>
GraphImporter::importPath(const Fork &from, int side,
                          ArrayRef<const format::NodeProto *> rest,
                          ArrayRef<StringRef> results) {
  llvm::SaveAndRestore inside(forks, forks + 1);
  FailureOr<std::vector<GraphValue>> given = from.sides[side]();
  if (failed(given))
    return failure();
  for (auto [name, value] : zip(from.names, *given))
    if (!name.empty())
      scope->values[name] = value;
  importInOrder(rest, results);
  if (errors)
    return failure();
  return readResults(results, "", "");
}

void GraphImporter::importPaths(const Fork &from,
                                ArrayRef<const format::NodeProto *> rest,
                                ArrayRef<StringRef> results) {
  mlir::Location loc = emitter.getLoc();
  // Names that are read behind the paths and given on them.
  StringSet<> given;
  for (const std::string &name : from.names)
    given.insert(name);
  for (const format::NodeProto *other : rest)
    for (const std::string &name : other->output())
      given.insert(name);
  SmallVector<StringRef> wanted;
  for (StringRef name : results)
    if (given.contains(name))
      wanted.push_back(name);
  auto breakWanted = [&] {
    for (StringRef name : given.keys())
      scope->broken.insert(name);
  };
  if (forks >= kMostForks) {
    (void)unsupported(from.what + ": more than " + Twine(kMostForks) +
                      " branches of different rank inside of each other are "
                      "not supported");
    return breakWanted();
  }

  Scope before = *scope;
  bool isValid[2] = {}, isGap[2] = {};
  auto emit = [&](int side) -> FailureOr<std::vector<GraphValue>> {
    if (isGap[0])
      return failure();
    llvm::SaveAndRestore quiet(silent, true), stops(stopsAtError, true);
    llvm::SaveAndRestore found(errors, 0u), gaps(unsupportedErrors, 0u);
    FailureOr<std::vector<GraphValue>> values =
        importPath(from, side, rest, wanted);
    isValid[side] = succeeded(values);
    // It failed at an operator that would be right.
    isGap[side] = unsupportedErrors != 0;
    *scope = before;
    return values;
  };
  if (std::optional<std::vector<GraphValue>> joined =
          joinBranches(emitter, from.condition, emit, /*joinsRanks=*/true)) {
    for (auto [name, value] : zip(wanted, *joined))
      scope->values[name] = value;
    return;
  }
  if (isValid[0] && isValid[1]) {
    (void)unsupported(from.what +
                      ": branches whose outputs differ in number or type are "
                      "not supported");
    return breakWanted();
  }
  // A path that cannot be is left out; faults of others are told.
  int taken = isGap[0] || (!isGap[1] && isValid[0]) ? 0 : 1;
  bool isSure = isValid[taken] && !isGap[0] && !isGap[1];
  if (isSure) {
    Scalars s = emitter.scalars();
    std::string found = from.again   ? "the rank of its input"
                        : taken == 0 ? "its condition is false, which"
                                     : "its condition is true, which";
    emitter.require(taken == 0 ? from.condition : s.logicalNot(from.condition),
                    found +
                        " gives a later node a shape that it does not take");
  }
  (void)importPath(from, taken, rest, wanted);
  emitter.setLoc(loc);
  if (!isSure)
    breakWanted();
}

} // namespace seqc::onnx
