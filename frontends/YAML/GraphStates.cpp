//===- GraphStates.cpp - What a graph hands to its next step --------------===//

#include "frontends/YAML/GraphStates.h"

#include "llvm/ADT/ScopeExit.h"

using namespace llvm;

using seqc::frontend::Number;

namespace seqc::yaml {

static constexpr int64_t kAny = mlir::ShapedType::kDynamic;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

void GraphStates::read(const NamedGraph &graph) {
  for (StringRef key : {"states", "caches"}) {
    const Node *node = graph.node->find(key);
    if (node && !node->isMapping())
      faulty.insert(graph.name);
    for (const Entry &entry : graphs.reporter.readEntries(
             node, "graph '" + graph.name + "': '" + key + "'",
             "a mapping from the graph's outputs to its inputs"))
      readEntry(graph, entry, key == "caches");
  }
}

void GraphStates::readEntry(const NamedGraph &graph, const Entry &entry,
                            bool isCache) {
  bool matched = false;
  for (const onnx::OnnxGraph::Output &output : graph.graph.getOutputs())
    if (auto fillings = matchName(entry.key, output.name)) {
      matched = true;
      addState(graph, entry, isCache, output.name, *fillings);
    }
  if (matched)
    return;
  faulty.insert(graph.name);
  graphs.reporter.error(entry.keyPosition, "graph '{0}' has no output '{1}'{2}",
                        graph.name, entry.key,
                        suggestOf(entry.key, namesOf(graph.graph.getOutputs()),
                                  "its outputs are"));
}

void GraphStates::addState(const NamedGraph &graph, const Entry &entry,
                           bool isCache, StringRef output,
                           ArrayRef<std::string> fillings) {
  Reporter &reporter = graphs.reporter;
  llvm::scope_exit note([&] { faulty.insert(graph.name); });
  GraphState state;
  state.graph = &graph;
  state.output = output.str();
  state.position = entry.value.position;
  state.isCache = isCache;
  const Node *target = &entry.value;
  if (entry.value.isMapping()) {
    MappingReader reader(reporter, entry.value, "state '" + entry.key + "'",
                         isCache
                             ? ArrayRef<StringRef>{"input", "initial", "axis"}
                             : ArrayRef<StringRef>{"input", "initial"});
    target = reader.require("input", "the input of the graph that gets it");
    state.axis = reader.getInteger("axis", 0, 7);
    if (const Node *initial = reader.find("initial")) {
      GraphSignal signal = graphs.resolve(*initial, fillings);
      state.initial = signal.tensor;
      if (signal && !signal.tensor)
        reporter.error(initial->position,
                       "'initial' is one number; required is a tensor");
      if (!state.initial)
        return;
    }
    if (!target)
      return;
  }
  std::string name =
      target->isScalar() ? fillStars(target->text, fillings) : std::string();
  state.input = findNamed(graph.graph.getInputs(), name);
  if (!state.input) {
    reporter.error(
        target->position, "graph '{0}' has no input '{1}'{2}", graph.name, name,
        suggestOf(name, namesOf(graph.graph.getInputs()), "its inputs are"));
    return;
  }
  note.release();
  list.push_back(std::move(state));
}

//===----------------------------------------------------------------------===//
// Extents and first values
//===----------------------------------------------------------------------===//

SmallVector<int64_t> GraphStates::findOpenDims(const GraphState &state) {
  StringSet<> batch;
  if (const Node *inputs = state.graph->node->find("inputs"))
    for (const Entry &entry : inputs->entries)
      for (const onnx::OnnxGraph::Input &input : state.graph->graph.getInputs())
        if (!input.symbols.empty() && !input.symbols[0].empty() &&
            matchName(entry.key, input.name))
          batch.insert(input.symbols[0]);
  SmallVector<int64_t> dims;
  for (auto [d, extent] : enumerate(state.input->shape))
    if (extent < 0 && !batch.contains(state.input->symbols[d]))
      dims.push_back(d);
  return dims;
}

template <typename... Args>
bool GraphStates::fail(const GraphState &state, StringRef what,
                       const char *format, const Args &...args) {
  return graphs.reporter.error(state.position, "{0} '{1}' of graph '{2}': {3}",
                               what, state.output, state.graph->name,
                               formatv(format, args...).str());
}

bool GraphStates::findAxis(GraphState &state) {
  ArrayRef<int64_t> shape = state.input->shape;
  if (!state.axis) {
    SmallVector<int64_t> candidates = findOpenDims(state);
    llvm::erase(candidates, 0);
    if (candidates.size() != 1)
      return fail(state, "cache",
                  "its input '{0}' has {1} dimensions that can grow; required "
                  "is 'axis', the one that grows with every step",
                  state.input->name, candidates.size());
    state.axis = candidates.front();
  }
  if (*state.axis >= static_cast<int64_t>(shape.size()) ||
      shape[*state.axis] >= 0)
    return fail(state, "cache",
                "dimension {0} of its input '{1}' is fixed or absent; required "
                "is one that varies",
                *state.axis, state.input->name);
  return true;
}

bool GraphStates::declareState(GraphState &state, OpFoldResult steps) {
  const onnx::OnnxGraph::Input &input = *state.input;
  auto error = [&](const char *format, const auto &...args) {
    return fail(state, "state", format, args...);
  };
  if (!onnx::getStorage(&graphs.reporter.getContext(), input.type))
    return error("its input '{0}' holds {1}, which is not supported",
                 input.name, onnx::getName(input.type));
  int64_t rank = input.shape.size();
  if (state.initial &&
      (state.initial.getRank() != rank || state.initial.type != input.type))
    return error("'initial' holds {0} in {1} dimensions; its input '{2}' takes "
                 "{3} in {4}",
                 onnx::getName(state.initial.type), state.initial.getRank(),
                 input.name, onnx::getName(input.type), rank);
  if (state.isCache && !findAxis(state))
    return false;

  SmallVector<int64_t> unknown = findOpenDims(state);
  if (state.isCache)
    llvm::erase(unknown, *state.axis);
  for (int64_t d = 0; d < rank; ++d) {
    OpFoldResult size;
    if (state.initial) {
      size = e.extent(state.initial, d);
      std::optional<int64_t> known = mlir::getConstantIntValue(size);
      if (input.shape[d] >= 0 && known != input.shape[d])
        return error("dimension {0} of 'initial' is {1}; its input '{2}' takes "
                     "{3}",
                     d, known ? std::to_string(*known) : "not fixed",
                     input.name, input.shape[d]);
    } else if (state.isCache && d == *state.axis) {
      size = e.fixed(0);
    } else if (input.shape[d] >= 0) {
      size = e.fixed(input.shape[d]);
    } else if (!is_contained(unknown, d) || unknown.size() == 1) {
      // The batch, by its name or because nothing else varies.
      size = e.fixed(1);
    } else {
      return error("dimension {0} of its input '{1}' varies; required is "
                   "'initial', which tells its extent",
                   d, input.name);
    }
    state.sizes.push_back(size);
  }
  if (state.isCache) {
    OpFoldResult &size = state.sizes[*state.axis];
    state.begin = size;
    size = Number(e, state.begin) + e.toValue(steps);
  }
  Tensor first = state.initial;
  if (!first || state.isCache) {
    first = e.fill(input.type, state.sizes, 0);
    if (state.initial)
      first = e.insert(state.initial, first);
  }
  state.first = e.unsqueeze(first, 0).value;
  SmallVector<int64_t> shape = Emitter::shapeOf(state.sizes);
  shape.insert(shape.begin(), kAny);
  state.laneType = first.getType().clone(shape);
  return true;
}

void GraphStates::declare(OpFoldResult steps) {
  llvm::erase_if(list, [&](GraphState &state) {
    if (declareState(state, steps))
      return false;
    faulty.insert(state.graph->name);
    return true;
  });
}

//===----------------------------------------------------------------------===//
// Inside of a step
//===----------------------------------------------------------------------===//

Extents GraphStates::getPart(const GraphState &state, Value filled,
                             int64_t more) {
  Extents sizes = state.sizes;
  if (state.isCache)
    sizes[*state.axis] = min(Number(e, state.begin) + filled + more,
                             e.toValue(sizes[*state.axis]));
  return sizes;
}

void GraphStates::feed(const NamedGraph &graph, Value filled,
                       StringMap<GraphSignal> &fed) {
  for (GraphState &state : list) {
    if (state.graph != &graph)
      continue;
    if (fed.count(state.input->name)) {
      graphs.reportTwoValues(graph, *state.input, state.position);
      continue;
    }
    fed[state.input->name] =
        e.slice(state.inside, {}, getPart(state, filled, 0));
  }
  if (faulty.contains(graph.name))
    for (const onnx::OnnxGraph::Input &input : graph.graph.getInputs())
      fed.try_emplace(input.name);
}

bool GraphStates::collect(Value filled) {
  bool sound = true;
  for (GraphState &state : list) {
    Tensor next = graphs.getResult(*state.graph, state.output);
    if (!next)
      return false;
    SmallVector<int64_t> room(state.inside.getShape());
    if (state.isCache)
      room[*state.axis] = kAny;
    if (next.type != state.inside.type ||
        failed(mlir::verifyCompatibleShape(next.getShape(), room))) {
      graphs.reporter.error(
          state.position,
          "output '{0}' of graph '{1}' differs in type or shape from input "
          "'{2}'; required is that it takes its place",
          state.output, state.graph->name, state.input->name);
      sound = false;
      continue;
    }
    Tensor part = graphs.fit(next, getPart(state, filled, 1));
    if (state.isCache)
      part = e.insert(part, state.inside);
    SmallVector<int64_t> shape(state.laneType.getShape().drop_front());
    state.next = e.castShape(part, shape).value;
  }
  return sound;
}

} // namespace seqc::yaml
