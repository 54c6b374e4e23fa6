//===- ImportGenerate.cpp - Decoder step and search -----------------------===//
//
//   1. Read the settings of the search.
//   2. Declare the states: those of the step's recurrent layers and every
//      `NAME.previous`.
//   3. Build the step's layers in a block of their own. What does not belong to
//      the step (projections of keys, initial states) goes in front of it, into
//      the function.
//   4. Close the block with the logits, the new states and the attention trace,
//      and give it to seq.generate.
//
//===----------------------------------------------------------------------===//

#include "frontends/YAML/Recurrent.h"
#include "frontends/YAML/Search.h"

#include "llvm/ADT/ScopeExit.h"

using namespace llvm;

namespace seqc::yaml {

/// Builds the `generate` section.
class GenerateImport {
public:
  GenerateImport(Importer &importer, const Node &node)
      : importer(importer), node(node),
        search(importer, node, {"step", "logits", "attention"}),
        reader(search.reader) {}

  void run();

private:
  void declareStates(const Node &step);
  /// Makes `NAME.previous` of a layer without states known, if it is read.
  void declarePrevious(const Entry &entry, const LayerContext &layer);
  Tensor findTrace();

  Importer &importer;
  const Node &node;
  Search search;
  MappingReader &reader;
  /// States that hold the previous value of another layer: state, layer.
  std::vector<std::pair<std::string, std::string>> previousValues;
  std::string traceTime;
};

//===----------------------------------------------------------------------===//
// States
//===----------------------------------------------------------------------===//

Tensor Importer::takeState(Tensor stack, int64_t index, int64_t size) {
  if (!stack)
    return outer.fill(DataType::Float, getRowExtents(size), 0);
  return outer.squeeze(
      outer.sliceDim(stack, 0, outer.fixed(index), outer.fixed(1)), 0);
}

Tensor Importer::declareState(const std::string &name, Tensor stack,
                              int64_t index, int64_t features) {
  Tensor initial = takeState(stack, index, features);
  Tensor inside = addRows(*step, *stepBlock, features, stepLanes);
  stepStates[name] = {inside, initial, {}};
  return inside;
}

void GenerateImport::declarePrevious(const Entry &entry,
                                     const LayerContext &layer) {
  std::string name = entry.key + ".previous";
  if (!importer.isMentioned(name))
    return;
  std::optional<int64_t> features;
  if (layer.kind != "attention") {
    auto muted = importer.reporter.mute();
    features = importer.getSize(layer.reader, "size");
  } else {
    const Node *value = layer.reader.find("value");
    if (!value)
      value = layer.reader.find("key");
    if (value && value->isScalar())
      if (const Signal *signal = importer.find(value->text))
        features = signal->features;
  }
  Signal previous;
  if (features) {
    previousValues.emplace_back(name, entry.key);
    previous = {Signal::Kind::Vector,
                importer.declareState(name, {}, 0, *features)};
  } else {
    importer.reporter.error(
        entry.keyPosition,
        "'{0}' is read, but the size of '{1}' is not known before it is built; "
        "required is a layer of kind linear, embedding, attention or a "
        "recurrent one",
        name, entry.key);
  }
  importer.define(name, previous, entry.keyPosition);
}

void GenerateImport::declareStates(const Node &step) {
  for (const Entry &entry : step.entries) {
    importer.outer.setLoc(importer.reporter.getLocation(entry.keyPosition));
    // What is wrong with a layer is told when it is built.
    std::optional<LayerContext> layer = [&] {
      auto muted = importer.reporter.mute();
      return importer.openLayer(entry);
    }();
    if (!layer)
      continue;
    if (importer.isRecurrent(layer->kind))
      RecurrentLayer::create(importer, *layer)
          ->declareStates(entry.keyPosition);
    else
      declarePrevious(entry, *layer);
  }
}

//===----------------------------------------------------------------------===//
// The step and the search
//===----------------------------------------------------------------------===//

Tensor GenerateImport::findTrace() {
  std::optional<std::string> given = reader.getText("attention");
  std::string name = given.value_or("") + ".weights";
  std::vector<const Signal *> found;
  for (auto &[key, signal] : importer.signals)
    if (signal.inStep &&
        (given ? key == name : signal.kind == Signal::Kind::Weights))
      found.push_back(&signal);
  if (given && found.empty() && !importer.isOfFaultyLayer(name))
    reader.errorAt("attention", "there is no attention layer '{0}' in the step",
                   *given);
  // Of several nothing says which one is meant.
  if (found.size() != 1)
    return {};
  traceTime = found.front()->keyTime;
  return found.front()->value;
}

void GenerateImport::run() {
  if (!node.isMapping())
    return;
  bool settings = search.readVocabulary();
  settings &= search.readSettings();
  const Node *stepNode =
      reader.require("step", "the layers of one decoder step");
  if (!stepNode || !settings)
    return;

  Emitter &outer = importer.outer;
  Location loc = importer.reporter.getLocation(node.position);
  auto block = std::make_unique<Block>();
  importer.stepBlock = block.get();
  Tensor id{search.addStepArguments(*block).front(), DataType::Int32};
  importer.stepRows = {block->getArgument(1), DataType::Int32};
  outer.setLoc(loc);
  importer.step = std::make_unique<Emitter>(outer, *block);
  importer.stepLanes = importer.step->extent(id, 0);
  importer.step->setExtents(importer.stepRows.value, importer.stepLanes);
  llvm::scope_exit leave([&] {
    importer.step.reset();
    importer.stepBlock = nullptr;
    importer.stepRows = {};
  });

  Signal token;
  token.kind = Signal::Kind::Tokens;
  token.value = id;
  token.count = search.size;
  importer.define("token", token, node.position);
  declareStates(*stepNode);
  importer.previousLayer = "token";
  importer.importLayers(*stepNode);

  // Logits and trace.
  Node reference = Node::scalar(importer.previousLayer, stepNode->position);
  if (const Node *given = reader.find("logits"))
    reference = *given;
  Signal logits = importer.resolve(reference, "'generate'");
  if (logits.isValid() &&
      (!logits.isVector() || logits.features != search.size)) {
    reader.error(reference.position,
                 "the logits '{0}' are {1}; required is a vector of {2}, one "
                 "per token",
                 reference.text, logits.describe(), search.size);
    logits = {};
  }
  Tensor trace = findTrace();
  for (auto &[state, layer] : previousValues)
    if (const Signal *signal = importer.find(layer))
      importer.stepStates[state].next = signal->value;
  SmallVector<Value> yielded = {logits.value.value};
  SmallVector<Value> inits;
  for (auto &[name, state] : importer.stepStates) {
    inits.push_back(state.initial.value);
    yielded.push_back(state.next.value);
  }
  if (trace)
    yielded.push_back(trace.value);
  if (importer.reporter.hasErrors() || is_contained(yielded, Value())) {
    block->dropAllReferences();
    return;
  }
  importer.step->setLoc(loc);
  seq::YieldOp::create(importer.step->getBuilder(), loc, ValueRange(yielded));

  outer.setLoc(loc);
  search.addPrefixInputs();
  search.build(std::move(block), inits, traceTime);
}

void Importer::importGenerate(const Node &generate) {
  entryName = "generate";
  GenerateImport(*this, generate).run();
}

} // namespace seqc::yaml
