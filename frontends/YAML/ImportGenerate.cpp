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

#include "frontends/YAML/Search.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "llvm/ADT/STLExtras.h"
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
  void declareLayerStates(const Entry &entry, StringRef kind);
  void declarePrevious(const Entry &entry, StringRef kind);
  /// Makes a state of `size` features known inside the step.
  Tensor declareState(const std::string &name, Tensor initial, int64_t size);
  std::optional<int64_t> quietSize(const Node *node) const;
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

std::optional<int64_t> GenerateImport::quietSize(const Node *given) const {
  if (!given || !given->isScalar())
    return std::nullopt;
  if (auto it = importer.vocabularies.find(given->text);
      it != importer.vocabularies.end() && !it->second.tokens.empty())
    return it->second.tokens.size();
  std::optional<int64_t> number = given->asInteger();
  return number && *number >= 1 ? number : std::nullopt;
}

Tensor GenerateImport::declareState(const std::string &name, Tensor initial,
                                    int64_t features) {
  if (!initial)
    initial = importer.outer.fill(DataType::Float,
                                  importer.getRowExtents(features), 0);
  StepState &state = importer.stepStates[name];
  state.initial = initial;
  state.inside = Importer::addRows(*importer.step, *importer.stepBlock,
                                   features, importer.stepLanes);
  importer.stepStateOrder.push_back(name);
  return state.inside;
}

void GenerateImport::declareLayerStates(const Entry &entry, StringRef kind) {
  // Sizes are reported when the layer is built; here a wrong one is passed
  // over.
  std::string subject = ("layer '" + entry.key + "' (" + kind + ")").str();
  SmallVector<StringRef> all;
  for (const Entry &key : entry.value.entries)
    all.push_back(key.key);
  MappingReader layer(importer.reporter, entry.value, subject, all);
  auto partOf = [&](Tensor stack, int64_t index) {
    return stack ? importer.takeState(stack, index) : stack;
  };
  Tensor previous;

  auto cell = importer.cells.find(kind);
  if (cell != importer.cells.end()) {
    const Node *sizeNode = entry.value.find("size");
    for (const std::string &state : cell->second.states) {
      std::optional<int64_t> features = quietSize(
          sizeNode && sizeNode->isMapping() ? sizeNode->find(state) : sizeNode);
      if (!features)
        continue;
      Tensor initial = importer.readInitialState(layer, state, 1, *features);
      Tensor inside =
          declareState(entry.key + "." + state, partOf(initial, 0), *features);
      if (state == cell->second.output)
        previous = inside;
    }
  } else {
    std::optional<int64_t> hidden = quietSize(entry.value.find("size"));
    if (!hidden)
      return;
    std::optional<int64_t> depth, projection;
    if (const Node *given = entry.value.find("depth"))
      depth = given->asInteger();
    if (const Node *given = entry.value.find("projection"))
      projection = given->asInteger();
    int64_t count = std::clamp<int64_t>(depth.value_or(1), 1, 64);
    int64_t output = projection && *projection >= 1 ? *projection : *hidden;
    Tensor h = importer.readInitialState(layer, "h", count, output), c;
    if (kind == "lstm")
      c = importer.readInitialState(layer, "c", count, *hidden);
    for (int64_t i = 0; i < count; ++i) {
      previous = declareState(entry.key + ".h" + std::to_string(i),
                              partOf(h, i), output);
      if (kind == "lstm")
        declareState(entry.key + ".c" + std::to_string(i), partOf(c, i),
                     *hidden);
    }
  }
  if (previous)
    importer.define(entry.key + ".previous",
                    Importer::makeSignal(Signal::Kind::Vector, previous),
                    entry.keyPosition);
}

void GenerateImport::declarePrevious(const Entry &entry, StringRef kind) {
  std::string name = entry.key + ".previous";
  if (!importer.isMentioned(name))
    return;
  std::optional<int64_t> features;
  if (kind != "attention") {
    features = quietSize(entry.value.find("size"));
  } else {
    const Node *value = entry.value.find("value");
    if (!value)
      value = entry.value.find("key");
    if (value && value->isScalar())
      if (auto it = importer.signals.find(value->text);
          it != importer.signals.end())
        features = it->second.features;
  }
  if (!features) {
    importer.reporter.error(
        entry.keyPosition,
        "'" + name + "' is read, but the size of '" + entry.key +
            "' is not known before it is built; required is a layer of "
            "kind linear, embedding, attention or a recurrent one");
    importer.define(name, {}, entry.keyPosition);
    return;
  }
  previousValues.emplace_back(name, entry.key);
  importer.define(name,
                  Importer::makeSignal(Signal::Kind::Vector,
                                       declareState(name, {}, *features)),
                  entry.keyPosition);
}

void GenerateImport::declareStates(const Node &step) {
  for (const Entry &entry : step.entries) {
    const Node *kind =
        entry.value.isMapping() ? entry.value.find("kind") : nullptr;
    if (!kind || !kind->isScalar())
      continue;
    importer.outer.setLoc(importer.reporter.getLocation(entry.keyPosition));
    bool isRecurrent = kind->text == "rnn" || kind->text == "gru" ||
                       kind->text == "lstm" || importer.cells.count(kind->text);
    if (isRecurrent)
      declareLayerStates(entry, kind->text);
    else
      declarePrevious(entry, kind->text);
  }
}

//===----------------------------------------------------------------------===//
// The step and the search
//===----------------------------------------------------------------------===//

Tensor GenerateImport::findTrace() {
  std::string name;
  if (std::optional<std::string> given = reader.getText("attention")) {
    name = *given + ".weights";
    if (!importer.stepSignals.count(name)) {
      reader.errorAt("attention", "there is no attention layer '" + *given +
                                      "' in the step");
      return {};
    }
  } else {
    for (auto &[key, signal] : importer.stepSignals)
      if (signal.kind == Signal::Kind::Weights)
        name = name.empty() ? key : "-";
    if (name.empty() || name == "-")
      return {};
  }
  const Signal &weights = importer.stepSignals[name];
  traceTime = weights.keyTime;
  return weights.value;
}

void GenerateImport::run() {
  if (!node.isMapping())
    return;
  bool settings = search.readVocabulary();
  settings &= search.readSettings();
  const Node *stepNode =
      node.isMapping()
          ? reader.require("step", "the layers of one decoder step")
          : nullptr;
  if (!stepNode || !settings)
    return;

  Emitter &outer = importer.outer;
  mlir::MLIRContext *context = &importer.reporter.getContext();
  mlir::Location loc = importer.reporter.getLocation(node.position);
  auto block = std::make_unique<mlir::Block>();
  importer.stepBlock = block.get();
  Tensor id{search.addStepArguments(*block).front(), DataType::Int32};
  importer.stepRows = {block->getArgument(1), DataType::Int32};
  importer.step = std::make_unique<Emitter>(context);
  importer.step->setLoc(loc);
  importer.step->getBuilder().setInsertionPointToStart(block.get());
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
      (logits.kind != Signal::Kind::Vector || logits.features != search.size)) {
    importer.reporter.error(reference.position,
                            "'generate': the logits '" + reference.text +
                                "' are " + logits.describe() +
                                "; required is a vector of " +
                                Twine(search.size) + ", one per token");
    logits = {};
  }
  Tensor trace = findTrace();
  for (auto &[state, layer] : previousValues)
    if (auto it = importer.stepSignals.find(layer);
        it != importer.stepSignals.end())
      importer.stepStates[state].next = it->second.value;
  SmallVector<mlir::Value> yielded = {logits.value.value};
  for (const std::string &name : importer.stepStateOrder)
    yielded.push_back(importer.stepStates[name].next.value);
  if (trace)
    yielded.push_back(trace.value);
  if (importer.reporter.hasErrors() || is_contained(yielded, mlir::Value())) {
    block->dropAllReferences();
    return;
  }
  importer.step->setLoc(loc);
  seq::YieldOp::create(importer.step->getBuilder(), loc,
                       mlir::ValueRange(yielded));

  SmallVector<mlir::Value> inits;
  for (const std::string &name : importer.stepStateOrder)
    inits.push_back(importer.stepStates[name].initial.value);
  outer.setLoc(loc);
  search.addPrefixInputs();
  search.build(std::move(block), inits,
               trace ? std::optional<StringRef>(traceTime) : std::nullopt);
}

void Importer::importGenerate(const Node &generate) {
  entryName = "generate";
  GenerateImport(*this, generate).run();
}

} // namespace seqc::yaml
