//===- ImportFeedforward.cpp - Layers without state -----------------------===//

#include "frontends/YAML/Importer.h"
#include "frontends/YAML/NamedCells.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using seqc::frontend::Scalars;

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
    reporter.reject(entry.value, "layer '" + entry.key + "'",
                    "a mapping with the key 'kind'");
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
      reporter.reject(*prefix, layer.user.subject + ": 'weights'",
                      "the prefix of weight names");
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

/// Whether a layer that treats each vector alone takes this. A step sees
/// sequences by attention only.
static bool isFeatures(const Signal &signal) {
  return signal.kind == Signal::Kind::Vector ||
         (signal.kind == Signal::Kind::Sequence && !signal.isOuter);
}

Signal Importer::resolveFeatures(MappingReader &reader) {
  Signal input = resolveInput(reader);
  if (isFeatures(input))
    return input;
  return mismatch(reader, "input", input,
                  input.kind == Signal::Kind::Sequence
                      ? "a vector: a step sees sequences by attention"
                      : "a sequence or a vector of features");
}

Signal Importer::importEmbedding(LayerContext &layer) {
  MappingReader reader(reporter, *layer.node, layer.user.subject,
                       {"kind", "weights", "input", "size"});
  Signal input = resolveInput(reader);
  std::optional<int64_t> size = getSize(reader, "size");
  if (input.kind != Signal::Kind::Tokens)
    return mismatch(reader, "input", input,
                    "ids: an input with a vocabulary or a size");
  if (!size || input.count == 0)
    return {};
  Tensor table =
      weights.get(layer.prefix + ".weight", {input.count, *size}, layer.user);
  // Ids are cheaper to transpose than what they select.
  bool asTimeMajor = !step && (preferTimeMajor || input.timeMajor);
  Tensor ids = asTimeMajor ? timeMajor(input) : input.value;
  Signal result = withValue(input, builder().lookUp(ids, table));
  result.kind = step ? Signal::Kind::Vector : Signal::Kind::Sequence;
  result.timeMajor = asTimeMajor;
  return result;
}

Signal Importer::importLinear(LayerContext &layer) {
  MappingReader reader(
      reporter, *layer.node, layer.user.subject,
      {"kind", "weights", "input", "size", "bias", "activation"});
  Signal input = resolveFeatures(reader);
  std::optional<int64_t> size = getSize(reader, "size");
  bool hasBias = reader.getBool("bias", true);
  std::optional<std::string> function =
      reader.getWord("activation", kActivations);
  if (!input.isValid() || !size)
    return {};
  Tensor weight =
      weights.get(layer.prefix + ".weight",
                  {*size, input.value.getShape().back()}, layer.user);
  Tensor bias;
  if (hasBias)
    bias = weights.get(layer.prefix + ".bias", {*size}, layer.user);
  Tensor y = frontend::linear(builder(), input.value, weight, bias);
  return withValue(
      input, function ? frontend::applyFunction(builder(), *function, y) : y);
}

Signal Importer::importActivation(LayerContext &layer) {
  MappingReader reader(reporter, *layer.node, layer.user.subject,
                       {"kind", "weights", "input", "function"});
  Signal input = resolveFeatures(reader);
  reader.require("function",
                 "one of " + join(ArrayRef<StringRef>(kActivations), ", "));
  std::optional<std::string> function =
      reader.getWord("function", kActivations);
  if (!input.isValid() || !function)
    return {};
  return withValue(input,
                   frontend::applyFunction(builder(), *function, input.value));
}

Signal Importer::importLayerNorm(LayerContext &layer) {
  MappingReader reader(reporter, *layer.node, layer.user.subject,
                       {"kind", "weights", "input", "epsilon"});
  Signal input = resolveInput(reader);
  double epsilon = reader
                       .getNumber(
                           "epsilon", [](double value) { return value >= 0; },
                           "a number of 0 or more")
                       .value_or(1e-5);
  if (!isFeatures(input))
    return mismatch(reader, "input", input,
                    "a sequence or a vector of features");
  Emitter &e = builder();
  Tensor x = input.value;
  auto weight = [&](StringRef name) {
    return weights.get(layer.prefix + name.str(), x.getShape().back(),
                       layer.user);
  };
  mlir::Value scale = weight(".weight").value, shift = weight(".bias").value;
  mlir::Value y = seq::NormOp::create(
      e.getBuilder(), e.getLoc(), x.getType(), seq::NormKind::Layer, x.value,
      scale, shift, x.getRank() - 1, /*groups=*/1, APFloat(epsilon));
  return withValue(input, frontend::withExtents(e, y, x.type, e.extents(x)));
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

/// Combines the steps before `lengths` of each row of `[B, T, F]`: their sum or
/// their greatest elements.
static Tensor reduceSteps(Emitter &e, Tensor x, Tensor lengths, bool isMax) {
  mlir::OpBuilder &b = e.getBuilder();
  Extents sizes = {e.extent(x, 0), e.extent(x, 2)};
  double none = isMax ? -std::numeric_limits<double>::infinity() : 0;
  mlir::Value init = e.fill(x.type, sizes, none).value;
  auto loops = [&](ArrayRef<unsigned> dims) {
    SmallVector<mlir::AffineExpr> results;
    for (unsigned dim : dims)
      results.push_back(b.getAffineDimExpr(dim));
    return mlir::AffineMap::get(3, 0, results, b.getContext());
  };
  using mlir::utils::IteratorType;
  auto op = mlir::linalg::GenericOp::create(
      b, e.getLoc(), mlir::TypeRange{init.getType()},
      mlir::ValueRange{x.value, lengths.value}, mlir::ValueRange{init},
      ArrayRef<mlir::AffineMap>{loops({0, 2, 1}), loops({0}), loops({0, 1})},
      ArrayRef<IteratorType>{IteratorType::parallel, IteratorType::parallel,
                             IteratorType::reduction},
      [&](mlir::OpBuilder &nested, mlir::Location loc, mlir::ValueRange v) {
        Scalars s(nested, loc);
        mlir::Value step = s.fromIndex(
            lengths.type, mlir::linalg::IndexOp::create(nested, loc, 2));
        mlir::Value next =
            isMax ? s.max(x.type, v[2], v[0]) : s.add(x.type, v[2], v[0]);
        mlir::Value lives =
            s.compare(frontend::Compare::Less, lengths.type, step, v[1]);
        mlir::linalg::YieldOp::create(nested, loc, s.select(lives, next, v[2]));
      });
  return frontend::withExtents(e, op.getResult(0), x.type, sizes);
}

/// `[B, T, F]` over the steps before `lengths` to `[B, F]`. A row without steps
/// gives zeros.
static Tensor poolSteps(Emitter &e, Tensor x, Tensor lengths, StringRef mode) {
  Tensor pooled = reduceSteps(e, x, lengths, mode == "max");
  if (mode == "sum")
    return pooled;
  Tensor counts = e.unsqueeze(lengths, 1);
  return e.elementwise(
      x.type, {pooled, counts}, [&](Scalars &s, mlir::ValueRange v) {
        mlir::Value some = s.compare(frontend::Compare::Greater, counts.type,
                                     v[1], s.constant(counts.type, 0));
        mlir::Value value =
            mode == "max"
                ? v[0]
                : s.div(x.type, v[0], s.convert(counts.type, x.type, v[1]));
        return s.select(some, value, s.constant(x.type, 0));
      });
}

/// The first or the last of the steps before `lengths` of `[B, T, F]`.
static Tensor takeStep(Emitter &e, Tensor x, Tensor lengths, bool first) {
  Extents sizes = {e.extent(x, 0), e.extent(x, 2)};
  return e.generate(x.type, sizes, [&](Scalars &s, mlir::ValueRange at) {
    mlir::Value count = s.toIndex(lengths.type, e.load(lengths, at.front()));
    mlir::Value none = s.index(0), step = none;
    if (!first)
      step = s.subIndex(count, s.index(1));
    mlir::Value some =
        s.compareIndex(mlir::arith::CmpIPredicate::sgt, count, none);
    // A branch rather than a selection: without steps there is no element to
    // read.
    auto element = mlir::scf::IfOp::create(
        s.getBuilder(), s.getLoc(), some,
        [&](mlir::OpBuilder &b, mlir::Location loc) {
          mlir::Value read = mlir::tensor::ExtractOp::create(
              b, loc, x.value, mlir::ValueRange{at[0], step, at[1]});
          mlir::scf::YieldOp::create(b, loc, read);
        },
        [&](mlir::OpBuilder &b, mlir::Location loc) {
          mlir::scf::YieldOp::create(b, loc,
                                     Scalars(b, loc).constant(x.type, 0));
        });
    return element.getResult(0);
  });
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
  Tensor x = batchMajor(input), lengths{input.lengths, DataType::Int32};
  if (!lengths) {
    Scalars s = outer.scalars();
    mlir::Value steps = s.fromIndex(DataType::Int32, outer.extentValue(x, 1));
    lengths =
        outer.generate(DataType::Int32, {outer.extent(x, 0)},
                       [&](Scalars &, mlir::ValueRange) { return steps; });
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
  result.value = frontend::argmaxLast(outer, input.value);
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
