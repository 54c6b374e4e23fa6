//===- GraphPaths.cpp - The order of nodes, and forks in it ---------------===//
//
// Nodes are imported behind those whose outputs they read.
//
// An If whose condition is a run-time value may give a value of another rank on
// each side (exporters write Squeeze so, for one). What reads such a value is
// imported twice, once behind each branch, where the ranks are known. A path on
// which a node is wrong, such as an LSTM with an input of rank 4, would end
// with an error in any execution: the other one is taken, behind a check of the
// condition.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/GraphValues.h"
#include "frontends/ONNX/onnx.pb.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

#include "llvm/ADT/ScopeExit.h"

using namespace llvm;

namespace seqc::onnx {

/// Graphs inside of graphs that are searched for names.
static constexpr unsigned kMostNesting = 60;
/// Forks inside of forks; each doubles what is imported.
static constexpr unsigned kMostForks = 8;

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

/// Names that a node reads, those its graphs take from outside included.
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

/// Moves `node` and all that reads what it gives to the end; returns its place.
static size_t moveToEnd(const format::NodeProto &node,
                        SmallVectorImpl<const format::NodeProto *> &nodes) {
  StringSet<> given;
  auto middle = std::stable_partition(
      nodes.begin(), nodes.end(), [&](const format::NodeProto *candidate) {
        SmallVector<StringRef> names;
        collectInputs(*candidate, names, kMostNesting);
        bool stays =
            candidate != &node && llvm::none_of(names, [&](StringRef name) {
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
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (errors > (stopsAtError ? 0 : kMostErrors))
      return;
    const format::NodeProto &node = *nodes[i];
    importNode(node);
    if (!fork)
      continue;
    Fork from = *std::exchange(fork, std::nullopt);
    SmallVector<const format::NodeProto *> left(nodes.begin() + i, nodes.end());
    size_t place = moveToEnd(node, left);
    if (place == 0)
      return importPaths(from, node, ArrayRef(left).drop_front(), results);
    llvm::copy(left, nodes.begin() + i);
    --i;
  }
}

//===----------------------------------------------------------------------===//
// Forks
//===----------------------------------------------------------------------===//

GraphImporter::Path GraphImporter::importPath(
    const format::GraphProto &branch, const format::NodeProto &node,
    ArrayRef<const format::NodeProto *> rest, ArrayRef<StringRef> results) {
  Path path;
  ++forks;
  llvm::scope_exit restore([&] { --forks; });
  FailureOr<std::vector<GraphValue>> given = importGraph(branch, {});
  if (failed(given))
    return path;
  if (given->size() < static_cast<size_t>(node.output_size())) {
    (void)error("graph '" + Twine(branch.name()) + "' has " +
                Twine(given->size()) + " outputs; required are " +
                Twine(node.output_size()));
    return path;
  }
  for (auto [name, value] : zip(node.output(), *given))
    if (!name.empty())
      scope->values[name] = value;
  importInOrder(rest, results);
  if (errors)
    return path;
  for (StringRef name : results) {
    bool broken = false;
    const GraphValue *value = lookup(name, broken);
    if (!value) {
      (void)error("output '" + name + "' is not defined");
      return path;
    }
    path.values.push_back(*value);
  }
  path.isValid = true;
  return path;
}

void GraphImporter::importPaths(const Fork &from, const format::NodeProto &node,
                                ArrayRef<const format::NodeProto *> rest,
                                ArrayRef<StringRef> results) {
  mlir::OpBuilder &builder = emitter.getBuilder();
  mlir::Location loc = emitter.getLoc();
  // Names that are read behind the paths and given on them.
  StringSet<> given;
  for (const std::string &name : node.output())
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
  size_t mark = emitter.markExtents();
  auto draft = mlir::scf::IfOp::create(builder, loc, mlir::TypeRange{},
                                       from.condition, /*addThenBlock=*/true,
                                       /*addElseBlock=*/true);
  std::array<mlir::Block *, 2> blocks = {draft.thenBlock(), draft.elseBlock()};
  bool silentBefore = std::exchange(silent, true);
  bool stopsBefore = std::exchange(stopsAtError, true);
  unsigned errorsBefore = errors, unsupportedBefore = unsupportedErrors;
  Path paths[2];
  for (int i = 0; i < 2; ++i) {
    mlir::OpBuilder::InsertionGuard guard(builder);
    blocks[i]->clear();
    builder.setInsertionPointToEnd(blocks[i]);
    errors = unsupportedErrors = 0;
    paths[i] = importPath(*from.branches[i], node, rest, wanted);
    paths[i].isUnsupported = unsupportedErrors != 0;
    *scope = before;
    emitter.setLoc(loc);
    if (paths[i].isUnsupported)
      break;
  }
  errors = errorsBefore;
  unsupportedErrors = unsupportedBefore;
  silent = silentBefore;
  stopsAtError = stopsBefore;

  if (paths[0].isValid && paths[1].isValid) {
    std::optional<std::vector<GraphValue>> joined = joinBranches(
        emitter, from.condition, blocks, {paths[0].values, paths[1].values});
    if (joined) {
      draft.erase();
      for (auto [name, value] : zip(wanted, *joined))
        scope->values[name] = value;
      return;
    }
  }
  emitter.forgetExtents(mark);
  draft.erase();
  if (paths[0].isValid && paths[1].isValid) {
    (void)unsupported(from.what +
                      ": branches whose outputs differ in number, type "
                      "or rank are not supported");
    return breakWanted();
  }
  // A path that cannot be is left out; faults of others are told.
  bool isUnsupported = paths[0].isUnsupported || paths[1].isUnsupported;
  int taken = isUnsupported ? (paths[0].isUnsupported ? 0 : 1)
                            : (paths[0].isValid ? 0 : 1);
  bool isSure = paths[taken].isValid && !isUnsupported;
  if (isSure) {
    Scalars s = emitter.scalars();
    emitter.require(taken == 0 ? from.condition : s.logicalNot(from.condition),
                    (Twine("its condition is ") +
                     (taken == 0 ? "false" : "true") +
                     ", which gives a later node a shape that it does not take")
                        .str());
  }
  (void)importPath(*from.branches[taken], node, rest, wanted);
  emitter.setLoc(loc);
  if (!isSure)
    breakWanted();
}

} // namespace seqc::onnx
