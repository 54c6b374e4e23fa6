//===- ImportGenerate.cpp - Decoder step and search
//------------------------===//
//
//   1. Read the settings of the search.
//   2. Declare the states: those of the step's recurrent layers and every
//   `NAME.previous`.
//   3. Build the step's layers in a block of their own. What does not belong to
//   the step
//      (projections of keys, initial states) goes in front of it, into the
//      function.
//   4. Close the block with the logits, the new states and the attention trace,
//   and give
//      it to seq.generate.
//
//===----------------------------------------------------------------------===//

#include "frontends/YAML/Importer.h"

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
        reader(importer.reporter, node, "'generate'",
               {"vocabulary", "size", "start", "end", "pad", "max_length",
                "min_length", "beam", "n_best", "length_penalty", "stop",
                "prefix", "step", "logits", "attention"}) {}

  void run();

private:
  bool readSettings();
  /// The id of a token given by name or number under `key`, or `otherwise`.
  std::optional<int64_t> readToken(StringRef key,
                                   std::optional<int64_t> otherwise);
  void declareStates(const Node &step);
  void declareLayerStates(const Entry &entry, StringRef kind);
  void declarePrevious(const Entry &entry, StringRef kind);
  /// Makes a state of `size` features known inside the step.
  mlir::Value declareState(const std::string &name, mlir::Value initial,
                           int64_t size);
  std::optional<int64_t> quietSize(const Node *node) const;
  mlir::Value findTrace();
  void finish(mlir::Value logits, mlir::Value trace);

  Importer &importer;
  const Node &node;
  MappingReader reader;
  const Vocabulary *vocabulary = nullptr;
  std::string vocabularyName;
  int64_t size = 0, beam = 1, nBest = 1, maxLength = 0, minLength = 0,
          start = 0, pad = 0;
  std::optional<int64_t> end;
  double lengthPenalty = 1;
  seq::Stop stop = seq::Stop::Heuristic;
  bool prefix = false;
  /// States that hold the previous value of another layer: state, layer.
  std::vector<std::pair<std::string, std::string>> previousValues;
  std::string traceTime;
};

std::optional<int64_t>
GenerateImport::readToken(StringRef key, std::optional<int64_t> otherwise) {
  const Node *given = reader.find(key);
  if (!given)
    return otherwise;
  if (vocabulary && given->isScalar())
    if (std::optional<int64_t> id = vocabulary->find(given->text))
      return id;
  if (std::optional<int64_t> id = given->asInteger();
      id && *id >= 0 && *id < size)
    return id;
  reader.errorAt(
      key,
      "'" + key + "' is " + given->describe() +
          (vocabulary ? "; required is a token of the vocabulary '" +
                            vocabularyName + "'"
                      : "; required is an id below " + std::to_string(size)));
  return std::nullopt;
}

bool GenerateImport::readSettings() {
  if (!node.isMapping())
    return false;
  bool sound = true;
  if (std::optional<std::string> name = reader.getText("vocabulary")) {
    auto it = importer.vocabularies.find(*name);
    if (it == importer.vocabularies.end()) {
      reader.errorAt("vocabulary",
                     "there is no vocabulary '" + *name +
                         "'; required is one of those under 'vocabularies'");
      sound = false;
    } else {
      vocabulary = &it->second;
      vocabularyName = *name;
      size = vocabulary->tokens.size();
    }
  } else if (reader.require("size", "'vocabulary', or the number of ids")) {
    size = reader.getInteger("size", 1).value_or(0);
    sound = size > 0;
  } else {
    sound = false;
  }
  const YamlImportOptions &options = importer.options;
  beam = options.beam.value_or(reader.getInteger("beam", 1, 1024).value_or(1));
  nBest =
      options.nBest.value_or(reader.getInteger("n_best", 1, 1024).value_or(1));
  lengthPenalty = options.lengthPenalty.value_or(
      reader.getNumber("length_penalty").value_or(1));
  reader.require("max_length", "the most tokens that are generated");
  maxLength = options.maxLength.value_or(
      reader.getInteger("max_length", 1).value_or(1));
  minLength = reader.getInteger("min_length", 0).value_or(0);
  prefix = options.prefix.value_or(reader.getBool("prefix", false));
  stop = *seq::symbolizeStop(
      reader.getWord("stop", {"heuristic", "first", "exact"})
          .value_or("heuristic"));
  if (nBest > beam) {
    reader.errorAt("n_best", "'n_best' is " + Twine(nBest) + " and 'beam' is " +
                                 Twine(beam) +
                                 "; required is a beam of at least n_best");
    sound = false;
  }
  if (!sound)
    return false;
  std::optional<int64_t> given =
      readToken("start", vocabulary ? vocabulary->start : std::nullopt);
  if (!given) {
    if (!reader.has("start"))
      reader.require("start",
                     "the token that begins a row, here or in the vocabulary");
    sound = false;
  }
  start = given.value_or(0);
  end = readToken("end", vocabulary ? vocabulary->end : std::nullopt);
  pad =
      readToken("pad", vocabulary ? vocabulary->pad : std::nullopt).value_or(0);
  return sound;
}

//===----------------------------------------------------------------------===//
// States
//===----------------------------------------------------------------------===//

std::optional<int64_t> GenerateImport::quietSize(const Node *given) const {
  if (!given || !given->isScalar())
    return std::nullopt;
  if (auto it = importer.vocabularies.find(given->text);
      it != importer.vocabularies.end())
    return it->second.tokens.size();
  std::optional<int64_t> number = given->asInteger();
  return number && *number >= 1 ? number : std::nullopt;
}

mlir::Value GenerateImport::declareState(const std::string &name,
                                         mlir::Value initial,
                                         int64_t features) {
  TensorBuilder &b = importer.outer;
  if (!initial)
    initial = b.fill({b.dim(importer.batchSource, importer.batchDim),
                      b.getBuilder().getIndexAttr(features)},
                     0);
  StepState &state = importer.stepStates[name];
  state.initial = initial;
  state.inside = importer.stepBlock->addArgument(
      b.f32Type({mlir::ShapedType::kDynamic, features}), b.getLoc());
  importer.stepStateOrder.push_back(name);
  return state.inside;
}

void GenerateImport::declareLayerStates(const Entry &entry, StringRef kind) {
  // Sizes are reported when the layer is built; here a wrong one is passed
  // over.
  TensorBuilder &b = importer.outer;
  std::string subject = ("layer '" + entry.key + "' (" + kind + ")").str();
  SmallVector<StringRef> all;
  for (const Entry &key : entry.value.entries)
    all.push_back(key.key);
  MappingReader layer(importer.reporter, entry.value, subject, all);
  auto partOf = [&](mlir::Value stack, int64_t index) -> mlir::Value {
    return stack ? b.squeeze(b.slice(stack, 0, index, 1), 0) : stack;
  };
  Signal previous;
  previous.kind = Signal::Kind::Vector;

  auto cell = importer.cells.find(kind);
  if (cell != importer.cells.end()) {
    const Node *sizeNode = entry.value.find("size");
    for (const std::string &state : cell->second.states) {
      std::optional<int64_t> features = quietSize(
          sizeNode && sizeNode->isMapping() ? sizeNode->find(state) : sizeNode);
      if (!features)
        continue;
      mlir::Value initial =
          importer.readInitialState(layer, state, 1, *features);
      mlir::Value inside =
          declareState(entry.key + "." + state, partOf(initial, 0), *features);
      if (state != cell->second.output)
        continue;
      previous.value = inside;
      previous.features = *features;
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
    mlir::Value h = importer.readInitialState(layer, "h", count, output);
    mlir::Value c = kind == "lstm"
                        ? importer.readInitialState(layer, "c", count, *hidden)
                        : mlir::Value();
    for (int64_t i = 0; i < count; ++i) {
      previous.value = declareState(entry.key + ".h" + std::to_string(i),
                                    partOf(h, i), output);
      if (kind == "lstm")
        declareState(entry.key + ".c" + std::to_string(i), partOf(c, i),
                     *hidden);
    }
    previous.features = output;
  }
  if (previous.value)
    importer.define(entry.key + ".previous", previous, entry.keyPosition);
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
  Signal previous;
  previous.kind = Signal::Kind::Vector;
  previous.features = *features;
  previous.value = declareState(name, {}, *features);
  previousValues.emplace_back(name, entry.key);
  importer.define(name, previous, entry.keyPosition);
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

mlir::Value GenerateImport::findTrace() {
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
  bool settings = readSettings();
  const Node *stepNode =
      node.isMapping()
          ? reader.require("step", "the layers of one decoder step")
          : nullptr;
  if (!stepNode || !settings)
    return;

  TensorBuilder &b = importer.outer;
  mlir::MLIRContext *context = &importer.reporter.getContext();
  mlir::Location loc = importer.reporter.getLocation(node.position);
  int64_t any = mlir::ShapedType::kDynamic;
  auto idType = mlir::RankedTensorType::get({any}, b.getBuilder().getI32Type());
  auto block = std::make_unique<mlir::Block>();
  importer.stepBlock = block.get();
  mlir::Value id = block->addArgument(idType, loc);
  importer.stepRows = block->addArgument(idType, loc);
  block->addArgument(b.getBuilder().getIndexType(), loc);
  importer.step = std::make_unique<TensorBuilder>(context);
  importer.step->getBuilder().setInsertionPointToStart(block.get());
  llvm::scope_exit leave([&] {
    importer.step.reset();
    importer.stepBlock = nullptr;
  });

  Signal token;
  token.kind = Signal::Kind::Tokens;
  token.value = id;
  token.count = size;
  importer.define("token", token, node.position);
  declareStates(*stepNode);
  importer.previousLayer = "token";
  importer.importLayers(*stepNode);

  // Logits and trace.
  Node reference;
  reference.kind = Node::Kind::Scalar;
  reference.text = importer.previousLayer;
  reference.position = stepNode->position;
  if (const Node *given = reader.find("logits"))
    reference = *given;
  Signal logits = importer.resolve(reference, "'generate'");
  if (logits.isValid() &&
      (logits.kind != Signal::Kind::Vector || logits.features != size)) {
    importer.reporter.error(reference.position,
                            "'generate': the logits '" + reference.text +
                                "' are " + logits.describe() +
                                "; required is a vector of " + Twine(size) +
                                ", one per token");
    logits = {};
  }
  mlir::Value trace = findTrace();
  for (auto &[state, layer] : previousValues)
    if (auto it = importer.stepSignals.find(layer);
        it != importer.stepSignals.end())
      importer.stepStates[state].next = it->second.value;
  SmallVector<mlir::Value> yielded = {logits.value};
  for (const std::string &name : importer.stepStateOrder)
    yielded.push_back(importer.stepStates[name].next);
  if (trace)
    yielded.push_back(trace);
  if (importer.reporter.hasErrors() || is_contained(yielded, mlir::Value())) {
    block->dropAllReferences();
    return;
  }
  importer.step->setLoc(loc);
  seq::YieldOp::create(importer.step->getBuilder(), loc,
                       mlir::ValueRange(yielded));

  b.setLoc(loc);
  mlir::Value prefixIds, prefixLengths;
  if (prefix) {
    json::Object ids{{"name", "prefix"},
                     {"dtype", "i32"},
                     {"shape", json::Array{"batch", "prefix"}},
                     {"min", 0},
                     {"max", size - 1}};
    json::Object lengths{{"name", "prefix_lengths"},
                         {"dtype", "i32"},
                         {"shape", json::Array{"batch"}},
                         {"min", 0},
                         {"max", json::Object{{"dim", "prefix"}}},
                         {"default", json::Object{{"dim", "prefix"}}}};
    prefixIds = importer.addArgument(
        mlir::RankedTensorType::get({any, any}, b.getBuilder().getI32Type()),
        {"prefix", std::move(ids)}, node.position);
    prefixLengths = importer.addArgument(
        idType, {"prefix_lengths", std::move(lengths)}, node.position);
  }
  SmallVector<mlir::Value> inits;
  for (const std::string &name : importer.stepStateOrder)
    inits.push_back(importer.stepStates[name].initial);
  mlir::Value startIds =
      b.fillInteger({b.dim(importer.batchSource, importer.batchDim)}, start);
  bool isGreedy = beam == 1 && nBest == 1;
  mlir::Attribute search;
  if (isGreedy)
    search = seq::GreedyAttr::get(context, APFloat(lengthPenalty));
  else
    search =
        seq::BeamAttr::get(context, beam, nBest, APFloat(lengthPenalty), stop);
  SmallVector<int32_t> ends;
  if (end)
    ends.push_back(*end);
  mlir::OpBuilder &ops = b.getBuilder();
  auto tensor = [&](ArrayRef<int64_t> shape, mlir::Type element) {
    return mlir::RankedTensorType::get(shape, element);
  };
  SmallVector<mlir::Type> traces;
  if (trace)
    traces.push_back(tensor({any, nBest, any, any}, ops.getF32Type()));
  auto op = seq::GenerateOp::create(
      ops, loc, tensor({any, nBest, any}, ops.getI32Type()),
      tensor({any, nBest}, ops.getI32Type()),
      tensor({any, nBest}, ops.getF32Type()),
      tensor({any, nBest}, ops.getI8Type()), mlir::TypeRange(traces), search,
      startIds, b.index(maxLength), prefixIds, prefixLengths,
      mlir::ValueRange(inits), ops.getDenseI32ArrayAttr(ends),
      ops.getI32IntegerAttr(pad), ops.getI64IntegerAttr(minLength));
  op.getStep().push_back(block.release());

  // Results and their description.
  auto addResult = [&](StringRef name, mlir::Value value, StringRef type,
                       json::Array shape) {
    importer.addResult(value,
                       {name.str(), json::Object{{"name", name},
                                                 {"dtype", type},
                                                 {"shape", std::move(shape)}}});
  };
  addResult("tokens", op.getTokens(), "i32",
            json::Array{"batch", nBest, "steps"});
  addResult("token_lengths", op.getLengths(), "i32",
            json::Array{"batch", nBest});
  addResult("scores", op.getScores(), "f32", json::Array{"batch", nBest});
  if (trace)
    addResult("attention", op.getTraces().front(), "f32",
              json::Array{"batch", nBest, "steps", traceTime});
  importer.generation = json::Object{{"search", isGreedy ? "greedy" : "beam"},
                                     {"width", beam},
                                     {"n_best", nBest},
                                     {"max_new", maxLength},
                                     {"length_penalty", lengthPenalty}};
  if (!vocabulary)
    return;
  json::Object text{{"vocab", json::Array(vocabulary->tokens)},
                    {"unit", vocabulary->unit},
                    {"join", vocabulary->unit == "word" ? " " : ""},
                    {"pad", pad},
                    {"bos", start},
                    {"tokens", "tokens"},
                    {"lengths", "token_lengths"},
                    {"scores", "scores"}};
  text["eos"] = end ? json::Array{*end} : json::Array{};
  if (trace)
    text["attention"] = "attention";
  if (prefix) {
    text["prefix"] = "prefix";
    text["prefix_lengths"] = "prefix_lengths";
  }
  importer.textKind = "generate";
  importer.textOutput = std::move(text);
}

void Importer::importGenerate(const Node &generate) {
  entryName = "generate";
  GenerateImport(*this, generate).run();
}

} // namespace seqc::yaml
