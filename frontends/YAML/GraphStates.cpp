//===- GraphStates.cpp - What a graph hands to its next step --------------===//

#include "frontends/YAML/GraphStates.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using seqc::frontend::DataType;
using seqc::frontend::Tensor;

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
  std::vector<StringRef> known = graph.getOutputNames();
  graphs.reporter.error(
      entry.keyPosition,
      "graph '" + graph.name + "' has no output '" + entry.key + "'" +
          suggest(entry.key, known, "; its outputs are " + join(known, ", ")));
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
  state.input = graph.findInput(name);
  if (!state.input) {
    std::vector<StringRef> known = graph.getInputNames();
    reporter.error(
        target->position,
        "graph '" + graph.name + "' has no input '" + name + "'" +
            suggest(name, known, "; its inputs are " + join(known, ", ")));
    return;
  }
  note.release();
  list.push_back(std::move(state));
}

//===----------------------------------------------------------------------===//
// Extents and first values
//===----------------------------------------------------------------------===//

StringSet<> GraphStates::findBatchSymbols(const NamedGraph &graph) {
  StringSet<> symbols;
  if (const Node *inputs = graph.node->find("inputs"))
    for (const Entry &entry : inputs->entries)
      for (const onnx::OnnxGraph::Input &input : graph.graph.getInputs())
        if (!input.symbols.empty() && !input.symbols[0].empty() &&
            matchName(entry.key, input.name))
          symbols.insert(input.symbols[0]);
  return symbols;
}

bool GraphStates::findAxis(GraphState &state) {
  ArrayRef<int64_t> shape = state.input->shape;
  StringSet<> batch = findBatchSymbols(*state.graph);
  auto error = [&](const Twine &message) {
    graphs.reporter.error(state.position,
                          "cache '" + state.output + "' of graph '" +
                              state.graph->name + "': " + message);
    return false;
  };
  if (!state.axis) {
    SmallVector<int64_t> candidates;
    for (int64_t d = 1, e = shape.size(); d < e; ++d)
      if (shape[d] < 0 && !batch.contains(state.input->symbols[d]))
        candidates.push_back(d);
    if (candidates.size() != 1)
      return error("its input '" + state.input->name + "' has " +
                   Twine(candidates.size()) +
                   " dimensions that can grow; required is 'axis', the one "
                   "that grows with every step");
    state.axis = candidates.front();
  }
  if (*state.axis >= static_cast<int64_t>(shape.size()) ||
      shape[*state.axis] >= 0)
    return error("dimension " + Twine(*state.axis) + " of its input '" +
                 state.input->name +
                 "' is fixed or absent; required is one that varies");
  return true;
}

bool GraphStates::declareState(GraphState &state, mlir::OpFoldResult steps) {
  Reporter &reporter = graphs.reporter;
  const onnx::OnnxGraph::Input &input = *state.input;
  auto error = [&](const Twine &message) {
    reporter.error(state.position, "state '" + state.output + "' of graph '" +
                                       state.graph->name + "': " + message);
    return false;
  };
  mlir::Type storage = onnx::getStorage(&reporter.getContext(), input.type);
  if (!storage)
    return error("its input '" + input.name + "' holds " +
                 onnx::getName(input.type) + ", which is not supported");
  frontend::Emitter e = graphs.emitAt(0);
  int64_t rank = input.shape.size();
  if (state.initial &&
      (state.initial.getRank() != rank || state.initial.type != input.type))
    return error("'initial' holds " + onnx::getName(state.initial.type) +
                 " in " + Twine(state.initial.getRank()) +
                 " dimensions; its input '" + input.name + "' takes " +
                 onnx::getName(input.type) + " in " + Twine(rank));
  if (state.isCache && !findAxis(state))
    return false;

  StringSet<> batch = findBatchSymbols(*state.graph);
  SmallVector<int64_t> unknown;
  for (int64_t d = 0; d < rank; ++d)
    if (input.shape[d] < 0 && !(state.isCache && d == *state.axis) &&
        !batch.contains(input.symbols[d]))
      unknown.push_back(d);
  for (int64_t d = 0; d < rank; ++d) {
    mlir::OpFoldResult size;
    if (state.initial) {
      size = e.extent(state.initial, d);
      std::optional<int64_t> known = mlir::getConstantIntValue(size);
      if (input.shape[d] >= 0 && known != input.shape[d])
        return error(
            "dimension " + Twine(d) + " of 'initial' is " +
            (known ? std::to_string(*known) : std::string("not fixed")) +
            "; its input '" + input.name + "' takes " + Twine(input.shape[d]));
    } else if (state.isCache && d == *state.axis) {
      size = e.getBuilder().getIndexAttr(0);
    } else if (input.shape[d] >= 0) {
      size = e.getBuilder().getIndexAttr(input.shape[d]);
    } else if (!is_contained(unknown, d) || unknown.size() == 1) {
      // The batch, by its name or because nothing else varies.
      size = e.getBuilder().getIndexAttr(1);
    } else {
      return error("dimension " + Twine(d) + " of its input '" + input.name +
                   "' varies; required is 'initial', which tells its extent");
    }
    state.sizes.push_back(size);
  }
  frontend::Scalars s = e.scalars();
  frontend::Extents whole = state.sizes;
  if (state.isCache) {
    state.begin = state.sizes[*state.axis];
    whole[*state.axis] = s.addIndex(e.toValue(state.begin), e.toValue(steps));
    whole = e.simplify(whole);
  }
  Tensor first = state.initial;
  if (!first || state.isCache) {
    first = e.fill(input.type, whole, 0);
    if (state.initial)
      first = e.insert(
          state.initial, first,
          frontend::Extents(
              rank, mlir::OpFoldResult(e.getBuilder().getIndexAttr(0))));
  }
  state.sizes = whole;
  state.first = e.unsqueeze(first, 0).value;
  SmallVector<int64_t> shape = {kAny};
  for (mlir::OpFoldResult size : whole)
    shape.push_back(mlir::getConstantIntValue(size).value_or(kAny));
  state.laneType = mlir::RankedTensorType::get(shape, storage);
  return true;
}

void GraphStates::declare(mlir::OpFoldResult steps) {
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

frontend::Extents GraphStates::getPart(frontend::Emitter &e,
                                       const GraphState &state,
                                       mlir::Value filled, int64_t more) {
  frontend::Extents sizes = state.sizes;
  if (state.isCache) {
    frontend::Scalars s = e.scalars();
    mlir::Value count =
        s.addIndex(s.addIndex(e.toValue(state.begin), filled), s.index(more));
    sizes[*state.axis] = s.minIndex(count, e.toValue(sizes[*state.axis]));
  }
  return sizes;
}

void GraphStates::feed(const NamedGraph &graph, mlir::Value filled,
                       StringMap<GraphSignal> &fed) {
  for (GraphState &state : list) {
    if (state.graph != &graph)
      continue;
    if (fed.count(state.input->name)) {
      graphs.reporter.error(state.position,
                            "input '" + state.input->name + "' of graph '" +
                                graph.name +
                                "' gets two values; required is one");
      continue;
    }
    frontend::Emitter e = graphs.emitFor({state.inside.value, filled});
    frontend::Extents sizes = getPart(e, state, filled, 0);
    frontend::Extents offsets(sizes.size(), e.getBuilder().getIndexAttr(0));
    fed[state.input->name] = e.slice(state.inside, offsets, sizes);
  }
  if (faulty.contains(graph.name))
    for (const onnx::OnnxGraph::Input &input : graph.graph.getInputs())
      fed.try_emplace(input.name);
}

bool GraphStates::collect(mlir::Value filled) {
  bool sound = true;
  for (GraphState &state : list) {
    Tensor next = graphs.getResult(*state.graph, state.output);
    if (!next)
      return false;
    bool fits = next.type == state.inside.type &&
                next.getRank() == state.inside.getRank();
    for (int64_t d = 0; fits && d < next.getRank(); ++d)
      fits = (state.isCache && d == *state.axis) ||
             next.getType().isDynamicDim(d) ||
             state.inside.getType().isDynamicDim(d) ||
             next.getShape()[d] == state.inside.getShape()[d];
    if (!fits) {
      graphs.reporter.error(
          state.position,
          "output '" + state.output + "' of graph '" + state.graph->name +
              "' differs in type or shape from input '" + state.input->name +
              "'; required is that it takes its place");
      sound = false;
      continue;
    }
    frontend::Emitter e =
        graphs.emitFor({next.value, state.inside.value, filled});
    Tensor part = Graphs::fit(e, next, getPart(e, state, filled, 1));
    if (state.isCache) {
      frontend::Extents offsets(next.getRank(), e.getBuilder().getIndexAttr(0));
      part = e.insert(part, state.inside, offsets);
    }
    SmallVector<int64_t> shape(state.laneType.getShape().drop_front());
    state.next = e.castShape(part, shape).value;
  }
  return sound;
}

} // namespace seqc::yaml
