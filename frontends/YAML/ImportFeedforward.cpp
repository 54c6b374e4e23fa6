//===- ImportFeedforward.cpp - Layers without state -----------------------===//

#include "frontends/YAML/Importer.h"
#include "frontends/YAML/NamedCells.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace seqc::yaml {

/// Kinds of layer beside user-written cells.
static constexpr StringRef kKinds[] = {
    "embedding",  "rnn",  "gru",        "lstm",     "attention", "linear",
    "activation", "pool", "layer_norm", "equation", "label"};

/// Functions of `activation` layers and keys.
static constexpr StringRef kActivations[] = {
    "sigmoid", "tanh", "relu", "softmax",    "softplus", "softsign",
    "exp",     "log",  "elu",  "leaky_relu", "gelu",     "abs"};

void Importer::importLayers(const Node &layers) {
  if (!layers.isMapping()) {
    reporter.error(layers.position,
                   "'layers' is " + layers.describe() +
                       "; required is a mapping from names to layers");
    return;
  }
  layerPositions.clear();
  for (const Entry &entry : layers.entries)
    layerPositions[entry.key] = entry.keyPosition;
  for (const Entry &entry : layers.entries) {
    importLayer(entry);
    previousLayer = entry.key;
  }
  layerPositions.clear();
}

void Importer::importLayer(const Entry &entry) {
  mlir::Location loc = reporter.getLocation(entry.keyPosition);
  outer.setLoc(loc);
  if (step)
    step->setLoc(loc);
  LayerContext layer;
  layer.name = entry.key;
  layer.node = &entry.value;
  auto defineInvalid = [&] { define(entry.key, {}, entry.keyPosition); };
  if (!entry.value.isMapping()) {
    reporter.error(entry.value.position,
                   "layer '" + entry.key + "' is " + entry.value.describe() +
                       "; required is a mapping with the key 'kind'");
    return defineInvalid();
  }
  SmallVector<StringRef> kinds(std::begin(kKinds), std::end(kKinds));
  for (const NamedCell &cell : getNamedCells())
    kinds.push_back(cell.kind);
  for (auto &[name, cell] : cells)
    if (!is_contained(kinds, name))
      kinds.push_back(name);
  const Node *kind = entry.value.find("kind");
  if (!kind || !kind->isScalar() || !is_contained(kinds, kind->text)) {
    std::string required = "one of " + join(kinds, ", ");
    if (kind && kind->isScalar())
      if (std::optional<StringRef> nearest = findNearestName(kind->text, kinds))
        required += " (did you mean '" + nearest->str() + "'?)";
    reporter.error(kind ? kind->position : entry.keyPosition,
                   "layer '" + entry.key + "': 'kind' is " +
                       (kind ? kind->describe() : "absent") + "; required is " +
                       required);
    return defineInvalid();
  }
  layer.kind = kind->text;
  layer.user = {"layer '" + layer.name + "' (" + layer.kind + ")",
                entry.keyPosition};
  layer.prefix = layer.name;
  if (const Node *prefix = entry.value.find("weights")) {
    if (prefix->isScalar())
      layer.prefix = prefix->text;
    else
      reporter.error(prefix->position,
                     Twine(layer.user.subject) + ": 'weights' is " +
                         prefix->describe() +
                         "; required is the prefix of weight names");
  }
  define(entry.key, importLayerOfKind(layer), entry.keyPosition);
}

Signal Importer::importLayerOfKind(LayerContext &layer) {
  using Method = Signal (Importer::*)(LayerContext &);
  static const StringMap<Method> methods = {
      {"embedding", &Importer::importEmbedding},
      {"linear", &Importer::importLinear},
      {"activation", &Importer::importActivation},
      {"pool", &Importer::importPool},
      {"layer_norm", &Importer::importLayerNorm},
      {"label", &Importer::importLabel},
      {"equation", &Importer::importEquation},
      {"attention", &Importer::importAttention},
      {"rnn", &Importer::importRecurrent},
      {"gru", &Importer::importRecurrent},
      {"lstm", &Importer::importRecurrent}};
  if (auto it = methods.find(layer.kind); it != methods.end())
    return (this->*it->second)(layer);
  return importCell(layer, cells.find(layer.kind)->second);
}

std::optional<int64_t> Importer::getSize(MappingReader &reader, StringRef key) {
  const Node *node = reader.require(key, "a whole number of at least 1");
  if (!node)
    return std::nullopt;
  if (node->isScalar() && !node->asInteger())
    if (auto it = vocabularies.find(node->text); it != vocabularies.end()) {
      // One without tokens was reported.
      if (it->second.tokens.empty())
        return std::nullopt;
      return it->second.tokens.size();
    }
  return reader.getInteger(key, 1);
}

Signal Importer::importEmbedding(LayerContext &layer) {
  MappingReader reader(reporter, *layer.node, layer.user.subject,
                       {"kind", "weights", "input", "size"});
  Signal input = resolveInput(reader);
  std::optional<int64_t> size = getSize(reader, "size");
  if (!input.isValid())
    return {};
  if (input.kind != Signal::Kind::Tokens)
    return mismatch(reader, "input", input,
                    "ids: an input with a vocabulary or a size");
  if (!size || input.count == 0)
    return {};
  mlir::Value table =
      weights.get(layer.prefix + ".weight", {input.count, *size}, layer.user);
  if (step) {
    Signal result =
        withValue(input, step->gatherRows(table, input.value), *size);
    result.kind = Signal::Kind::Vector;
    return result;
  }
  // Ids are cheaper to transpose than what they select.
  bool asTimeMajor = preferTimeMajor || input.timeMajor;
  mlir::Value ids = asTimeMajor ? timeMajor(input) : input.value;
  Signal result = withValue(input, outer.gatherRows(table, ids), *size);
  result.kind = Signal::Kind::Sequence;
  result.timeMajor = asTimeMajor;
  return result;
}

mlir::Value Importer::applyActivation(MappingReader &reader, mlir::Value x) {
  std::optional<std::string> function =
      reader.getWord("activation", kActivations);
  return function ? builder().apply(*function, x) : x;
}

Signal Importer::importLinear(LayerContext &layer) {
  MappingReader reader(
      reporter, *layer.node, layer.user.subject,
      {"kind", "weights", "input", "size", "bias", "activation"});
  Signal input = resolveInput(reader);
  std::optional<int64_t> size = getSize(reader, "size");
  bool hasBias = reader.getBool("bias", true);
  if (!input.isValid())
    return {};
  if (input.kind != Signal::Kind::Sequence &&
      input.kind != Signal::Kind::Vector)
    return mismatch(reader, "input", input,
                    "a sequence or a vector of features");
  if (step && input.kind == Signal::Kind::Sequence)
    return mismatch(reader, "input", input,
                    "a vector: a step sees sequences by attention");
  if (!size)
    return {};
  mlir::Value weight = weights.get(layer.prefix + ".weight",
                                   {*size, input.features}, layer.user);
  mlir::Value bias =
      hasBias ? weights.get(layer.prefix + ".bias", {*size}, layer.user)
              : mlir::Value();
  mlir::Value y = builder().linearLast(input.value, weight, bias);
  return withValue(input, applyActivation(reader, y), *size);
}

Signal Importer::importActivation(LayerContext &layer) {
  MappingReader reader(reporter, *layer.node, layer.user.subject,
                       {"kind", "weights", "input", "function"});
  Signal input = resolveInput(reader);
  reader.require("function",
                 "one of " + join(ArrayRef<StringRef>(kActivations), ", "));
  std::optional<std::string> function =
      reader.getWord("function", kActivations);
  if (!input.isValid() || !function)
    return {};
  if (input.kind != Signal::Kind::Sequence &&
      input.kind != Signal::Kind::Vector)
    return mismatch(reader, "input", input,
                    "a sequence or a vector of features");
  if (input.isOuter && input.kind == Signal::Kind::Sequence)
    return mismatch(reader, "input", input,
                    "a vector: a step sees sequences by attention");
  return withValue(input, builder().apply(*function, input.value),
                   input.features);
}

Signal Importer::importLayerNorm(LayerContext &layer) {
  MappingReader reader(reporter, *layer.node, layer.user.subject,
                       {"kind", "weights", "input", "epsilon"});
  Signal input = resolveInput(reader);
  double epsilon = reader.getNumber("epsilon").value_or(1e-5);
  if (epsilon < 0)
    reader.errorAt("epsilon", "'epsilon' is " +
                                  reader.find("epsilon")->describe() +
                                  "; required is a number of 0 or more");
  if (!input.isValid())
    return {};
  if ((input.kind != Signal::Kind::Sequence &&
       input.kind != Signal::Kind::Vector) ||
      (input.isOuter && input.kind == Signal::Kind::Sequence))
    return mismatch(reader, "input", input,
                    "a sequence or a vector of features");
  TensorBuilder &b = builder();
  mlir::Value weight =
      weights.get(layer.prefix + ".weight", {input.features}, layer.user);
  mlir::Value bias =
      weights.get(layer.prefix + ".bias", {input.features}, layer.user);
  int64_t last =
      cast<mlir::RankedTensorType>(input.value.getType()).getRank() - 1;
  mlir::Value y = seq::NormOp::create(
      b.getBuilder(), b.getLoc(), input.value.getType(), seq::NormKind::Layer,
      input.value, weight, bias, last, /*groups=*/1, APFloat(epsilon));
  return withValue(input, y, input.features);
}

Signal Importer::importPool(LayerContext &layer) {
  MappingReader reader(reporter, *layer.node, layer.user.subject,
                       {"kind", "weights", "input", "mode"});
  Signal input = resolveInput(reader);
  static constexpr StringRef modes[] = {"last", "first", "mean", "max", "sum"};
  reader.require("mode", "one of " + join(ArrayRef<StringRef>(modes), ", "));
  std::optional<std::string> mode = reader.getWord("mode", modes);
  if (!input.isValid() || !mode)
    return {};
  if (input.kind != Signal::Kind::Sequence || step)
    return mismatch(reader, "input", input, "a sequence, outside of a step");
  mlir::Value x = batchMajor(input);
  mlir::Value pooled;
  if (*mode == "last" || *mode == "first")
    pooled = outer.outerStep(x, input.lengths, *mode == "first");
  else
    pooled = outer.poolSteps(x, input.lengths,
                             *mode == "mean"  ? Reduction::Mean
                             : *mode == "max" ? Reduction::Max
                                              : Reduction::Sum);
  Signal result = withValue(input, pooled, input.features);
  result.kind = Signal::Kind::Vector;
  result.timeMajor = false;
  result.lengths = {};
  return result;
}

Signal Importer::importLabel(LayerContext &layer) {
  MappingReader reader(reporter, *layer.node, layer.user.subject,
                       {"kind", "weights", "input", "labels"});
  Signal input = resolveInput(reader);
  std::vector<std::string> labels;
  if (const Node *node = reader.find("labels")) {
    auto it =
        node->isScalar() ? vocabularies.find(node->text) : vocabularies.end();
    labels = it != vocabularies.end() ? it->second.tokens
                                      : reader.getWords("labels");
  }
  if (!input.isValid())
    return {};
  bool isSequence = input.kind == Signal::Kind::Sequence;
  if ((!isSequence && input.kind != Signal::Kind::Vector) || step)
    return mismatch(reader, "input", input,
                    "a sequence or a vector of features, outside of a step");
  if (!labels.empty() &&
      static_cast<int64_t>(labels.size()) != input.features) {
    reader.errorAt("labels", Twine(labels.size()) + " labels are given for " +
                                 Twine(input.features) +
                                 " features; required is one each");
    return {};
  }
  Signal result = input;
  if (isSequence) {
    // One row per step: the features of the result are 1, then dropped.
    mlir::Value rows = outer.flattenRows(input.value);
    mlir::Value ids = outer.unsqueeze(outer.argmaxRows(rows), 1);
    result.value = outer.squeeze(outer.unflattenRows(ids, input.value), 2);
  } else {
    result.value = outer.argmaxRows(input.value);
  }
  result.kind = isSequence ? Signal::Kind::StepLabel : Signal::Kind::Label;
  result.features = 0;
  if (!labels.empty()) {
    labelNames[layer.name] = std::move(labels);
    labelSources[layer.name] =
        reader.has("input") && reader.find("input")->isScalar()
            ? reader.find("input")->text
            : previousLayer;
  }
  return result;
}

} // namespace seqc::yaml
