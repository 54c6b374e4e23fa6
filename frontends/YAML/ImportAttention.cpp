//===- ImportAttention.cpp - Attention of every kind ----------------------===//
//
// Projections of queries, keys and values are linear layers in front of
// seq.attention; those of keys and values stand outside of a decoder step,
// where they are computed once. A score that has no name is an expression over
// q and k and becomes the op's region.
//
//===----------------------------------------------------------------------===//

#include "frontends/YAML/EquationBuilder.h"
#include "frontends/YAML/Importer.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace seqc::yaml {

/// The scores that have a name.
static SmallVector<StringRef> namedScores() {
  SmallVector<StringRef> names;
  for (uint32_t i = 0; i <= seq::getMaxEnumValForScore(); ++i)
    if (std::optional<seq::Score> score = seq::symbolizeScore(i);
        score && *score != seq::Score::Region)
      names.push_back(seq::stringifyScore(*score));
  return names;
}

/// Builds one attention layer.
class AttentionImport {
public:
  AttentionImport(Importer &importer, LayerContext &layer)
      : importer(importer), layer(layer),
        reader(importer.reporter, *layer.node, layer.user.subject,
               {"kind", "weights", "query", "key", "value", "score", "size",
                "heads", "normalizer", "scale", "softcap", "causal", "window"}),
        inner(importer.builder()), outer(importer.outer) {}

  Signal run();

private:
  bool readSignals();
  bool readAttributes();
  /// Checks and projects for the named score; false after an error.
  bool buildNamedScore();
  bool buildHeads();
  /// Builds the region of a score that is an expression; null after an error.
  std::unique_ptr<mlir::Block> buildRegion();
  Tensor weight(const Twine &name, ArrayRef<int64_t> shape) {
    return importer.weights.get(layer.prefix + "." + name.str(), shape,
                                layer.user);
  }
  /// The weight `name` if the file has it.
  Tensor optionalWeight(const Twine &name, int64_t size) {
    std::string full = layer.prefix + "." + name.str();
    return importer.weights.getShape(full, /*optional=*/true)
               ? importer.weights.get(full, size, layer.user)
               : Tensor();
  }
  /// x times `name`.weight of `size` rows and, if the file has it, plus
  /// `name`.bias.
  Tensor project(Emitter &e, StringRef name, Tensor x, int64_t size);
  Tensor splitHeads(Emitter &e, Tensor x);
  Tensor joinHeads(Emitter &e, Tensor x);
  Signal finish(Tensor output, Tensor probabilities);

  Importer &importer;
  LayerContext &layer;
  MappingReader reader;
  /// Where queries and results live, and where keys and values do.
  Emitter &inner;
  Emitter &outer;

  Signal querySignal, keySignal, valueSignal;
  Tensor query, key, value, scoreWeight, bias;
  seq::Score score = seq::Score::Dot;
  seq::Normalizer normalizer = seq::Normalizer::Softmax;
  seq::Causal causal = seq::Causal::None;
  std::optional<SmallVector<int64_t>> window;
  std::optional<double> scale, softcap;
  int64_t heads = 0;
};

bool AttentionImport::readSignals() {
  querySignal = importer.resolveInput(reader, "query");
  keySignal =
      reader.has("key") ? importer.resolveInput(reader, "key") : querySignal;
  valueSignal =
      reader.has("value") ? importer.resolveInput(reader, "value") : keySignal;
  if (!querySignal.isValid() || !keySignal.isValid() || !valueSignal.isValid())
    return false;
  bool isStep = importer.step != nullptr;
  bool sound = true;
  auto check = [&](StringRef name, const Signal &signal, bool fits,
                   StringRef required) {
    if (fits)
      return;
    sound = false;
    importer.mismatch(reader, name, signal, required);
  };
  check("query", querySignal,
        querySignal.kind == Signal::Kind::Vector ||
            (querySignal.kind == Signal::Kind::Sequence && !isStep),
        isStep ? "a vector of features" : "a sequence or a vector of features");
  check("key", keySignal, keySignal.kind == Signal::Kind::Sequence,
        "a sequence of features");
  check("value", valueSignal, valueSignal.kind == Signal::Kind::Sequence,
        "a sequence of features");
  if (sound && keySignal.time != valueSignal.time) {
    reader.errorAt("value", "'value' has the time dimension '" +
                                valueSignal.time + "', 'key' has '" +
                                keySignal.time + "'; required is one");
    sound = false;
  }
  if (!sound)
    return false;
  query = querySignal.kind == Signal::Kind::Vector
              ? inner.unsqueeze(querySignal.value, 1)
              : importer.batchMajor(querySignal);
  key = importer.batchMajor(keySignal);
  value = importer.batchMajor(valueSignal);
  return true;
}

bool AttentionImport::readAttributes() {
  heads = reader.getInteger("heads", 1, 1024).value_or(0);
  std::string words = reader
                          .getWord("normalizer", {"softmax", "negated_softmax",
                                                  "sigmoid", "none"})
                          .value_or("softmax");
  normalizer = *seq::symbolizeNormalizer(words);
  scale = reader.getNumber("scale");
  softcap = reader.getNumber(
      "softcap", [](double cap) { return cap > 0; }, "a number above 0");
  if (const Node *node = reader.find("causal")) {
    if (std::optional<bool> truth = node->asBool())
      causal = *truth ? seq::Causal::TopLeft : seq::Causal::None;
    else if (std::optional<std::string> word = reader.getWord(
                 "causal", {"true", "false", "top_left", "bottom_right"}))
      causal = *seq::symbolizeCausal(*word);
  }
  if (const Node *node = reader.find("window")) {
    SmallVector<int64_t> sides;
    if (node->isSequence())
      for (const Node &item : node->items)
        sides.push_back(item.asInteger().value_or(-2));
    else
      sides.assign(2, node->asInteger().value_or(-2));
    if (sides.size() != 2 || sides[0] < -1 || sides[1] < -1) {
      reader.reject("window", "a whole number, or [LEFT, RIGHT] with -1 "
                              "for no bound");
      return false;
    }
    window = sides;
  }
  if (importer.step && (causal != seq::Causal::None || window)) {
    reader.errorAt(
        window ? "window" : "causal",
        "a step has one query; 'causal' and 'window' need a sequence of them");
    return false;
  }

  SmallVector<StringRef> names = namedScores();
  std::optional<std::string> text = reader.getText("score");
  if (!text) {
    if (!heads && !reader.has("score"))
      reader.require("score", "one of " + join(names, ", ") +
                                  ", or an expression over q and k such as "
                                  "'sum(tanh(q * k))'");
    score = seq::Score::Scaled;
    return heads != 0;
  }
  bool named = is_contained(names, *text);
  if (!named && isEquationName(*text))
    return reader.getWord("score", names).has_value();
  score = named ? *seq::symbolizeScore(*text) : seq::Score::Region;
  if (heads && score != seq::Score::Scaled) {
    reader.errorAt("score",
                   "an attention with heads has the score 'scaled'; found '" +
                       *text + "'");
    return false;
  }
  if (scale && score != seq::Score::Scaled) {
    reader.errorAt("scale", "'scale' belongs to the score 'scaled'; found '" +
                                *text + "'");
    return false;
  }
  return true;
}

Tensor AttentionImport::project(Emitter &e, StringRef name, Tensor x,
                                int64_t size) {
  Tensor matrix = weight(name + ".weight", {size, x.getShape().back()});
  return frontend::linear(e, x, matrix, optionalWeight(name + ".bias", size));
}

bool AttentionImport::buildNamedScore() {
  int64_t d = querySignal.features, e = keySignal.features;
  switch (score) {
  case seq::Score::General:
    scoreWeight = weight("weight", {d, e});
    return true;
  case seq::Score::Additive: {
    reader.require("size", "the size of the score's hidden layer");
    std::optional<int64_t> size = importer.getSize(reader, "size");
    if (!size)
      return false;
    query = project(inner, "query", query, *size);
    key = project(outer, "key", key, *size);
    mlir::OpFoldResult one = outer.getBuilder().getIndexAttr(1);
    scoreWeight = outer.squeeze(weight("v.weight", {1, *size}), 0);
    Tensor offset = optionalWeight("v.bias", 1);
    if (offset && softcap) {
      // The op adds its bias to what the cap has bounded.
      reader.errorAt("softcap", "'softcap' beside the weight '" + layer.prefix +
                                    ".v.bias' is not supported");
      return false;
    }
    // A softmax does not see a constant added to all scores.
    if (offset && (normalizer == seq::Normalizer::Sigmoid ||
                   normalizer == seq::Normalizer::None))
      bias = outer.reshape(offset, {one, one, one});
    return true;
  }
  case seq::Score::Region:
    return true;
  default:
    if (d == e)
      return true;
    reader.errorAt("query", "the query has " + Twine(d) +
                                " features and the key " + Twine(e) +
                                "; the score '" + seq::stringifyScore(score) +
                                "' requires equal numbers");
    return false;
  }
}

Tensor AttentionImport::splitHeads(Emitter &e, Tensor x) {
  auto number = [&](int64_t n) { return e.getBuilder().getIndexAttr(n); };
  Tensor split = e.reshape(x, {e.extent(x, 0), e.extent(x, 1), number(heads),
                               number(x.getShape().back() / heads)});
  return e.transpose(split, {0, 2, 1, 3});
}

Tensor AttentionImport::joinHeads(Emitter &e, Tensor x) {
  Tensor swapped = e.transpose(x, {0, 2, 1, 3});
  Extents sizes = e.extents(swapped);
  sizes.pop_back();
  sizes.back() = e.getBuilder().getIndexAttr(heads * x.getShape().back());
  return e.reshape(swapped, sizes);
}

/// The projections of torch.nn.MultiheadAttention.
bool AttentionImport::buildHeads() {
  int64_t e = querySignal.features;
  if (e % heads != 0) {
    reader.errorAt("heads", "the query's " + Twine(e) +
                                " features do not divide by " + Twine(heads) +
                                " heads");
    return false;
  }
  WeightReader &weights = importer.weights;
  bool joint = keySignal.features == e && valueSignal.features == e;
  std::string biasName = layer.prefix + ".in_proj_bias";
  bool hasBias = weights.getShape(biasName, /*optional=*/true).has_value();
  auto projectPart = [&](Emitter &at, Tensor x, int64_t part,
                         StringRef separate) {
    Tensor matrix = joint ? weights.getRows(layer.prefix + ".in_proj_weight",
                                            {3 * e, e}, part * e, e, layer.user)
                          : weight(separate, {e, x.getShape().back()});
    Tensor offset;
    if (hasBias)
      offset = weights.getRows(biasName, {3 * e}, part * e, e, layer.user);
    return splitHeads(at, frontend::linear(at, x, matrix, offset));
  };
  query = projectPart(inner, query, 0, "q_proj_weight");
  key = projectPart(outer, key, 1, "k_proj_weight");
  value = projectPart(outer, value, 2, "v_proj_weight");
  return true;
}

std::unique_ptr<mlir::Block> AttentionImport::buildRegion() {
  const Node *node = reader.find("score");
  Position position = node->getTextPosition();
  std::unique_ptr<Expression> expression =
      parseExpression(importer.reporter, *node, reader.getSubject());
  if (!expression)
    return nullptr;
  auto block = std::make_unique<mlir::Block>();
  Emitter inside(&importer.reporter.getContext());
  inside.setLoc(inner.getLoc());
  inside.getBuilder().setInsertionPointToStart(block.get());
  mlir::OpFoldResult lanes;
  Tensor q = Importer::addRows(inside, *block, querySignal.features, lanes);
  Tensor k = Importer::addRows(inside, *block, keySignal.features, lanes);
  EquationBuilder equations(importer.reporter, importer.weights, inside,
                            layer.user, layer.prefix, {lanes});
  equations.define("q", q);
  equations.define("k", k);
  Term term = equations.evaluate(*expression, position);
  // A vector of one feature is a number: an MLP that ends in one unit gives it.
  if (term.kind == Term::Kind::Vector && term.getFeatures() == 1 &&
      term.value.getRank() == 2)
    term.kind = Term::Kind::Number;
  mlir::Value result = equations.asNumber(term, position, "the score").value;
  if (!result)
    return nullptr;
  seq::YieldOp::create(inside.getBuilder(), inner.getLoc(),
                       mlir::ValueRange{result});
  return block;
}

Signal AttentionImport::finish(Tensor output, Tensor probabilities) {
  bool isVector = querySignal.kind == Signal::Kind::Vector;
  if (heads) {
    output = project(inner, "out_proj", joinHeads(inner, output),
                     querySignal.features);
    // The mean over heads, as torch.nn.MultiheadAttention gives it.
    if (probabilities && isVector)
      probabilities = inner.elementwise(
          DataType::Float,
          {inner.reduce(probabilities, 1, frontend::Combine::Sum,
                        /*keep=*/false),
           inner.scalar(DataType::Float, 1.0 / heads)},
          [](frontend::Scalars &s, mlir::ValueRange v) {
            return s.mul(DataType::Float, v[0], v[1]);
          });
  }
  if (probabilities) {
    Signal weights;
    weights.kind = Signal::Kind::Weights;
    weights.time = isVector ? "" : querySignal.time;
    weights.keyTime = keySignal.time;
    weights.value = isVector ? inner.squeeze(probabilities, 1) : probabilities;
    weights.features = heads && !isVector ? heads : 0;
    importer.define(layer.name + ".weights", weights, layer.user.position);
  }
  Signal result = importer.withValue(
      querySignal, isVector ? inner.squeeze(output, 1) : output);
  result.timeMajor = false;
  return result;
}

Signal AttentionImport::run() {
  bool attributes = readAttributes();
  if (!readSignals() || !attributes) {
    importer.define(layer.name + ".weights", {}, layer.user.position);
    return {};
  }
  if (heads ? !buildHeads() : !buildNamedScore())
    return {};
  std::unique_ptr<mlir::Block> region;
  if (score == seq::Score::Region && !(region = buildRegion()))
    return {};

  bool wanted = importer.step || importer.isMentioned(layer.name + ".weights");
  // A row of every query: of values, of weights of the keys, whose number does
  // not change in a step.
  mlir::OpBuilder &ops = inner.getBuilder();
  int64_t rank = query.getRank();
  Extents outputSizes = inner.extents(query), weightSizes = outputSizes;
  outputSizes.back() = ops.getIndexAttr(value.getShape().back());
  weightSizes.back() = outer.extent(key, rank - 2);
  SmallVector<int64_t> outputShape(query.getShape()),
      weightShape(query.getShape());
  outputShape.back() = value.getShape().back();
  weightShape.back() = mlir::ShapedType::kDynamic;
  mlir::Type element = inner.storage(DataType::Float), weightType;
  if (wanted)
    weightType = mlir::RankedTensorType::get(weightShape, element);
  auto op = seq::AttentionOp::create(
      ops, inner.getLoc(), mlir::RankedTensorType::get(outputShape, element),
      weightType, score, query.value, key.value, value.value, scoreWeight.value,
      mlir::Value(), bias.value, keySignal.lengths, importer.stepRows.value,
      /*starts=*/mlir::Value(),
      scale ? ops.getF64FloatAttr(*scale) : mlir::FloatAttr(),
      softcap ? ops.getF64FloatAttr(*softcap) : mlir::FloatAttr(), causal,
      window ? ops.getDenseI64ArrayAttr(*window) : mlir::DenseI64ArrayAttr(),
      normalizer, /*masked_score=*/mlir::FloatAttr());
  if (region)
    op.getScoreRegion().push_back(region.release());
  Tensor probabilities;
  if (wanted)
    probabilities = frontend::withExtents(inner, op.getProbabilities(),
                                          DataType::Float, weightSizes);
  return finish(frontend::withExtents(inner, op.getOutput(), DataType::Float,
                                      outputSizes),
                probabilities);
}

Signal Importer::importAttention(LayerContext &layer) {
  return AttentionImport(*this, layer).run();
}

} // namespace seqc::yaml
