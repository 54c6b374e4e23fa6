//===- ImportFeedforward.cpp - Layers without state -----------------------===//

#include "frontends/Common/Loops.h"
#include "frontends/Common/Norms.h"
#include "frontends/YAML/Importer.h"
#include "frontends/YAML/NamedCells.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace llvm;
using seqc::frontend::Number;

namespace seqc::yaml {

/// Functions of `activation` layers and keys.
static constexpr StringRef kActivations[] = {
    "sigmoid", "tanh", "relu", "softmax",    "softplus", "softsign",
    "exp",     "log",  "elu",  "leaky_relu", "gelu",     "abs"};

void Importer::importLayers(const Node &layers) {
  ArrayRef<Entry> entries = reporter.readEntries(
      &layers, "'layers'", "a mapping from names to layers");
  layerPositions.clear();
  for (const Entry &entry : entries)
    layerPositions[entry.key] = entry.keyPosition;
  for (const Entry &entry : entries) {
    importLayer(entry);
    previousLayer = entry.key;
  }
  layerPositions.clear();
}

/// A kind of layer, the keys that it has besides those of its sort, and what
/// builds it.
struct Importer::LayerKind {
  StringRef name;
  SmallVector<StringRef> keys;
  Signal (Importer::*import)(LayerContext &);
};

/// What every layer has, one of a cell, and one of a recurrent op.
static constexpr StringRef kLayerKeys[] = {"kind", "weights"};
static constexpr StringRef kCellKeys[] = {"kind", "weights",   "input",
                                          "size", "direction", "initial"};
static constexpr StringRef kRecurrentKeys[] = {
    "kind", "weights",         "input",
    "size", "depth",           "direction",
    "bias", "activations",     "activation_alpha",
    "clip", "activation_beta", "initial"};

ArrayRef<Importer::LayerKind> Importer::getLayerKinds() {
  static const LayerKind kinds[] = {
      {"embedding", {"input", "size"}, &Importer::importEmbedding},
      {"rnn", {}, &Importer::importRecurrent},
      {"gru", {"linear_before_reset"}, &Importer::importRecurrent},
      {"lstm",
       {"projection", "input_forget", "peepholes"},
       &Importer::importRecurrent},
      {"attention",
       {"query", "key", "value", "score", "size", "heads", "normalizer",
        "scale", "softcap", "causal", "window"},
       &Importer::importAttention},
      {"linear",
       {"input", "size", "bias", "activation"},
       &Importer::importLinear},
      {"activation", {"input", "function"}, &Importer::importActivation},
      {"pool", {"input", "mode"}, &Importer::importPool},
      {"layer_norm", {"input", "epsilon"}, &Importer::importLayerNorm},
      {"equation", {"value"}, &Importer::importEquation},
      {"label", {"input", "labels"}, &Importer::importLabel}};
  return kinds;
}

bool Importer::isRecurrent(StringRef name) const {
  const LayerKind *kind = findNamed(getLayerKinds(), name);
  return kind ? kind->import == &Importer::importRecurrent
              : cells.count(name) != 0;
}

std::optional<LayerContext> Importer::openLayer(const Entry &entry) {
  std::string subject = "layer '" + entry.key + "'";
  if (!entry.value.isMapping())
    return reporter.reject(entry.value, subject,
                           "a mapping with the key 'kind'");
  SmallVector<StringRef> kinds;
  for (const LayerKind &kind : getLayerKinds())
    kinds.push_back(kind.name);
  for (const NamedCell &cell : getNamedCells())
    kinds.push_back(cell.kind);
  for (auto &[name, cell] : cells)
    if (!is_contained(kinds, name))
      kinds.push_back(name);
  if (!entry.value.find("kind"))
    reporter.error(entry.keyPosition,
                   "{0}: 'kind' is absent; required is one of {1}", subject,
                   join(kinds, ", "));
  std::optional<std::string> name =
      MappingReader(reporter, entry.value, subject).getWord("kind", kinds);
  if (!name)
    return std::nullopt;
  subject += " (" + *name + ")";
  const LayerKind *kind = findNamed(getLayerKinds(), *name);
  MappingReader reader(reporter, entry.value, subject,
                       !kind                ? ArrayRef(kCellKeys)
                       : isRecurrent(*name) ? ArrayRef(kRecurrentKeys)
                                            : ArrayRef(kLayerKeys),
                       kind ? ArrayRef(kind->keys) : ArrayRef<StringRef>());
  const Node *prefix = reader.find("weights");
  if (prefix && !prefix->isScalar())
    reader.reject("weights", "the prefix of weight names");
  return LayerContext{entry.key,
                      *name,
                      prefix && prefix->isScalar() ? prefix->text : entry.key,
                      {subject, entry.keyPosition},
                      std::move(reader)};
}

void Importer::importLayer(const Entry &entry) {
  Location loc = reporter.getLocation(entry.keyPosition);
  outer.setLoc(loc);
  if (step)
    step->setLoc(loc);
  Signal output;
  if (std::optional<LayerContext> layer = openLayer(entry)) {
    const LayerKind *kind = findNamed(getLayerKinds(), layer->kind);
    output =
        (this->*(kind ? kind->import : &Importer::importRecurrent))(*layer);
  }
  define(entry.key, output, entry.keyPosition);
}

std::optional<int64_t> Importer::getSize(const MappingReader &reader,
                                         StringRef key) {
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

Signal Importer::resolveFeatures(const MappingReader &reader) {
  Signal input = resolveInput(reader);
  if (input.isFeatures())
    return input;
  return mismatch(reader, "input", input,
                  input.isSequence()
                      ? "a vector: a step sees sequences by attention"
                      : "a sequence or a vector of features");
}

Signal Importer::importEmbedding(LayerContext &layer) {
  Signal input = resolveInput(layer.reader);
  std::optional<int64_t> size = getSize(layer.reader, "size");
  if (input.kind != Signal::Kind::Tokens)
    return mismatch(layer.reader, "input", input,
                    "ids: an input with a vocabulary or a size");
  if (!size || input.count == 0)
    return {};
  Tensor table = getWeight(layer, "weight", {input.count, *size});
  // Ids are cheaper to transpose than what they select.
  bool asTimeMajor = !step && (preferTimeMajor || input.timeMajor);
  Tensor ids = asTimeMajor ? timeMajor(input) : input.value;
  Signal result = withValue(input, builder().lookUp(ids, table));
  result.kind = step ? Signal::Kind::Vector : Signal::Kind::Sequence;
  result.timeMajor = asTimeMajor;
  return result;
}

Signal Importer::importLinear(LayerContext &layer) {
  Signal input = resolveFeatures(layer.reader);
  std::optional<int64_t> size = getSize(layer.reader, "size");
  bool hasBias = layer.reader.getBool("bias", true);
  std::optional<std::string> function =
      layer.reader.getWord("activation", kActivations);
  if (!input.isValid() || !size)
    return {};
  Tensor weight =
      getWeight(layer, "weight", {*size, input.value.getShape().back()});
  Tensor bias = hasBias ? getWeight(layer, "bias", *size) : Tensor();
  Tensor y = frontend::linear(builder(), input.value, weight, bias);
  return withValue(
      input, function ? frontend::applyFunction(builder(), *function, y) : y);
}

Signal Importer::importActivation(LayerContext &layer) {
  Signal input = resolveFeatures(layer.reader);
  std::optional<std::string> function =
      layer.reader.requireWord("function", kActivations);
  if (!input.isValid() || !function)
    return {};
  return withValue(input,
                   frontend::applyFunction(builder(), *function, input.value));
}

Signal Importer::importLayerNorm(LayerContext &layer) {
  Signal input = resolveInput(layer.reader);
  std::optional<double> epsilon = layer.reader.getNumber(
      "epsilon", [](double value) { return value >= 0; },
      "a number of 0 or more");
  if (!input.isFeatures())
    return mismatch(layer.reader, "input", input,
                    "a sequence or a vector of features");
  Emitter &e = builder();
  Tensor x = input.value;
  int64_t features = x.getShape().back();
  return withValue(
      input,
      frontend::normalize(
          e, {seq::NormKind::Layer, x.getRank() - 1, epsilon.value_or(1e-5)}, x,
          getWeight(layer, "weight", features),
          getWeight(layer, "bias", features), x.type));
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

/// Combines the steps before `lengths` of each row of `[B, T, F]`: their sum or
/// their greatest elements.
static Tensor reduceSteps(Emitter &e, Tensor x, Tensor lengths, bool isMax) {
  Extents sizes = {e.extent(x, 0), e.extent(x, 2)};
  double none = isMax ? -frontend::kInfinity : 0;
  auto loops = [&](ArrayRef<unsigned> dims) {
    return mlir::AffineMap::getMultiDimMapWithTargets(
        3, dims, e.getBuilder().getContext());
  };
  Operation *op = e.generic(
      {x.value, lengths.value}, e.fill(x.type, sizes, none).value,
      {loops({0, 2, 1}), loops(0), loops({0, 1})},
      [&](Scalars &s, ValueRange v) -> SmallVector<Value> {
        Number step = frontend::loopIndex(e, 2), value(s, x.type, v[0]),
               length(s, lengths.type, v[1]), best(s, x.type, v[2]);
        return {select(step < length.toIndex(),
                       isMax ? max(best, value) : best + value, best)};
      });
  return e.withExtents(op->getResult(0), x.type, sizes);
}

/// `[B, T, F]` over the steps before `lengths` to `[B, F]`. A row without steps
/// gives zeros.
static Tensor poolSteps(Emitter &e, Tensor x, Tensor lengths, StringRef mode) {
  Tensor pooled = reduceSteps(e, x, lengths, mode == "max");
  if (mode == "sum")
    return pooled;
  return frontend::map(
      e, x.type, {pooled, e.unsqueeze(lengths, 1)},
      [&](Number value, Number count) {
        return select(count > 0,
                      mode == "max" ? value : value / count.as(x.type), 0);
      });
}

/// The first or the last of the steps before `lengths` of `[B, T, F]`. A row
/// without steps gives zeros.
static Tensor takeStep(Emitter &e, Tensor x, Tensor lengths, bool first) {
  return frontend::define(
      e, x.type, {e.extent(x, 0), e.extent(x, 2)}, [&](ArrayRef<Number> at) {
        Number count = load(e, lengths, at[0]).toIndex();
        Number step = first ? 0 : max(count - 1, 0);
        return select(count > 0,
                      frontend::loadUnlessEmpty(e, x, {at[0], step, at[1]}), 0);
      });
}

Signal Importer::importPool(LayerContext &layer) {
  Signal input = resolveInput(layer.reader);
  std::optional<std::string> mode =
      layer.reader.requireWord("mode", {"last", "first", "mean", "max", "sum"});
  if (!input.isValid() || !mode)
    return {};
  if (!input.isSequence() || step)
    return mismatch(layer.reader, "input", input,
                    "a sequence, outside of a step");
  Tensor x = batchMajor(input), lengths{input.lengths, DataType::Int32};
  if (!lengths) {
    Scalars s = outer.scalars();
    Value steps = s.fromIndex(DataType::Int32, outer.extentValue(x, 1));
    lengths = outer.generate(DataType::Int32, {outer.extent(x, 0)},
                             [&](Scalars &, ValueRange) { return steps; });
  }
  Signal result =
      withValue(input, *mode == "last" || *mode == "first"
                           ? takeStep(outer, x, lengths, *mode == "first")
                           : poolSteps(outer, x, lengths, *mode));
  result.kind = Signal::Kind::Vector;
  result.timeMajor = false;
  result.lengths = {};
  return result;
}

Signal Importer::importLabel(LayerContext &layer) {
  const MappingReader &reader = layer.reader;
  Signal input = resolveInput(reader);
  std::vector<std::string> labels;
  if (const Node *node = reader.find("labels")) {
    auto it =
        node->isScalar() ? vocabularies.find(node->text) : vocabularies.end();
    labels = it != vocabularies.end() ? it->second.tokens
                                      : reader.getWords("labels");
  }
  bool isSequence = input.isSequence();
  if ((!isSequence && !input.isVector()) || step)
    return mismatch(reader, "input", input,
                    "a sequence or a vector of features, outside of a step");
  if (!labels.empty() && static_cast<int64_t>(labels.size()) != input.features)
    return reader.errorAt(
        "labels", "{0} labels are given for {1} features; required is one each",
        labels.size(), input.features);
  Signal result = input;
  result.value = frontend::argmaxLast(outer, input.value);
  result.kind = isSequence ? Signal::Kind::StepLabel : Signal::Kind::Label;
  result.features = 0;
  if (!labels.empty()) {
    const Node *source = reader.find("input");
    labelNames[layer.name] = std::move(labels);
    labelSources[layer.name] =
        source && source->isScalar() ? source->text : previousLayer;
  }
  return result;
}

} // namespace seqc::yaml
