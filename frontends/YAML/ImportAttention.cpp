//===- ImportAttention.cpp - Attention of every kind ----------------------===//
//
// Projections of queries, keys and values are linear layers in front of
// seq.attention; those of keys and values stand outside of a decoder step,
// where they are computed once. A score that has no name is an expression over
// q and k and becomes the op's region.
//
//===----------------------------------------------------------------------===//

#include "frontends/Common/Attention.h"
#include "frontends/YAML/EquationBuilder.h"

#include "dialect/Seq/IR/SeqOps.h"

using namespace llvm;

namespace seqc::yaml {

/// The scores that have a name.
static constexpr StringRef kNamedScores[] = {"dot", "scaled", "additive",
                                             "general", "distance"};

/// How scores become weights.
static constexpr StringRef kNormalizers[] = {"softmax", "negated_softmax",
                                             "sigmoid", "none"};

/// Builds one attention layer.
class AttentionImport {
public:
  AttentionImport(Importer &importer, LayerContext &layer)
      : importer(importer), layer(layer), reader(layer.reader),
        inner(importer.builder()), outer(importer.outer) {}

  Signal run();

private:
  bool readSignals();
  bool readAttributes();
  /// Checks and projects for the named score; false after an error.
  bool buildNamedScore();
  bool buildHeads();
  /// Builds the region of a score that is an expression; null after an error.
  std::unique_ptr<Block> buildRegion();
  Tensor weight(const Twine &name, ArrayRef<int64_t> shape) {
    return importer.getWeight(layer, name, shape);
  }
  /// Whether the file has the weight `name`, which may be absent.
  bool hasWeight(const Twine &name) const {
    return importer.weights
        .getShape((layer.prefix + "." + name).str(), /*optional=*/true)
        .has_value();
  }
  /// x times `name`.weight of `size` rows and, if the file has it, plus
  /// `name`.bias.
  Tensor project(Emitter &e, StringRef name, Tensor x, int64_t size);
  Signal finish(Tensor output, Tensor probabilities);

  Importer &importer;
  LayerContext &layer;
  const MappingReader &reader;
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
    if (!fits)
      importer.mismatch(reader, name, signal, required);
    sound &= fits;
  };
  check("query", querySignal,
        querySignal.isVector() || (querySignal.isSequence() && !isStep),
        isStep ? "a vector of features" : "a sequence or a vector of features");
  check("key", keySignal, keySignal.isSequence(), "a sequence of features");
  check("value", valueSignal, valueSignal.isSequence(),
        "a sequence of features");
  if (!sound)
    return false;
  if (keySignal.time != valueSignal.time)
    return reader.errorAt("value",
                          "'value' has the time dimension '{0}', 'key' has "
                          "'{1}'; required is one",
                          valueSignal.time, keySignal.time);
  query = querySignal.isVector() ? inner.unsqueeze(querySignal.value, 1)
                                 : importer.batchMajor(querySignal);
  key = importer.batchMajor(keySignal);
  value = importer.batchMajor(valueSignal);
  return true;
}

bool AttentionImport::readAttributes() {
  heads = reader.getInteger("heads", 1, 1024).value_or(0);
  normalizer = *seq::symbolizeNormalizer(
      reader.getWord("normalizer", kNormalizers).value_or("softmax"));
  scale = reader.getNumber("scale");
  softcap = reader.getNumber(
      "softcap", [](double cap) { return cap > 0; }, "a number above 0");
  if (std::optional<std::string> word = reader.getWord(
          "causal", {"true", "false", "top_left", "bottom_right"}))
    causal = *word == "true" ? seq::Causal::TopLeft
                             : seq::symbolizeCausal(*word).value_or(causal);
  if (const Node *node = reader.find("window")) {
    SmallVector<int64_t> sides;
    if (node->isSequence())
      for (const Node &item : node->items)
        sides.push_back(item.asInteger().value_or(-2));
    else
      sides.assign(2, node->asInteger().value_or(-2));
    if (sides.size() != 2 || sides[0] < -1 || sides[1] < -1)
      return reader.reject(
          "window", "a whole number, or [LEFT, RIGHT] with -1 for no bound");
    window = sides;
  }
  if (importer.step && (causal != seq::Causal::None || window))
    return reader.errorAt(
        window ? "window" : "causal",
        "a step has one query; 'causal' and 'window' need a sequence of them");

  std::optional<std::string> text = reader.getText("score");
  if (!text) {
    if (!heads && !reader.has("score"))
      reader.require("score", "one of " + join(ArrayRef(kNamedScores), ", ") +
                                  ", or an expression over q and k such as "
                                  "'sum(tanh(q * k))'");
    score = seq::Score::Scaled;
    return heads != 0;
  }
  bool named = is_contained(kNamedScores, *text);
  if (!named && isEquationName(*text))
    return reader.getWord("score", kNamedScores).has_value();
  score = named ? *seq::symbolizeScore(*text) : seq::Score::Region;
  if (score == seq::Score::Scaled)
    return true;
  if (heads)
    return reader.errorAt(
        "score", "an attention with heads has the score 'scaled'; found '{0}'",
        *text);
  if (scale)
    return reader.errorAt(
        "scale", "'scale' belongs to the score 'scaled'; found '{0}'", *text);
  return true;
}

Tensor AttentionImport::project(Emitter &e, StringRef name, Tensor x,
                                int64_t size) {
  Tensor matrix = weight(name + ".weight", {size, x.getShape().back()}), bias;
  if (hasWeight(name + ".bias"))
    bias = weight(name + ".bias", size);
  return frontend::linear(e, x, matrix, bias);
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
    scoreWeight = outer.squeeze(weight("v.weight", {1, *size}), 0);
    if (!hasWeight("v.bias"))
      return true;
    Tensor offset = weight("v.bias", 1);
    if (softcap) {
      // The op adds its bias to what the cap has bounded.
      return reader.errorAt(
          "softcap",
          "'softcap' beside the weight '{0}.v.bias' is not supported",
          layer.prefix);
    }
    // A softmax does not see a constant added to all scores.
    if (normalizer == seq::Normalizer::Sigmoid ||
        normalizer == seq::Normalizer::None)
      bias = outer.reshape(offset,
                           {outer.fixed(1), outer.fixed(1), outer.fixed(1)});
    return true;
  }
  case seq::Score::Region:
    return true;
  default:
    if (d == e)
      return true;
    return reader.errorAt("query",
                          "the query has {0} features and the key {1}; the "
                          "score '{2}' requires equal numbers",
                          d, e, seq::stringifyScore(score));
  }
}

/// The projections of torch.nn.MultiheadAttention.
bool AttentionImport::buildHeads() {
  int64_t e = querySignal.features;
  if (e % heads != 0)
    return reader.errorAt("heads",
                          "the query's {0} features do not divide by {1} heads",
                          e, heads);
  WeightReader &weights = importer.weights;
  bool joint = keySignal.features == e && valueSignal.features == e;
  bool hasBias = hasWeight("in_proj_bias");
  auto projectPart = [&](Emitter &at, Tensor x, int64_t part,
                         StringRef separate) {
    Tensor matrix = joint ? weights.getRows(layer.prefix + ".in_proj_weight",
                                            {3 * e, e}, part * e, e, layer.user)
                          : weight(separate, {e, x.getShape().back()});
    Tensor offset;
    if (hasBias)
      offset = weights.getRows(layer.prefix + ".in_proj_bias", {3 * e},
                               part * e, e, layer.user);
    Tensor split = frontend::linear(at, x, matrix, offset);
    // They divide, as was checked.
    (void)frontend::splitHeads(at, split, heads);
    return split;
  };
  query = projectPart(inner, query, 0, "q_proj_weight");
  key = projectPart(outer, key, 1, "k_proj_weight");
  value = projectPart(outer, value, 2, "v_proj_weight");
  return true;
}

std::unique_ptr<Block> AttentionImport::buildRegion() {
  const Node *node = reader.find("score");
  Position position = node->getTextPosition();
  std::unique_ptr<Expression> expression = parseExpression(reader, *node);
  if (!expression)
    return nullptr;
  auto block = std::make_unique<Block>();
  Emitter inside(inner, *block);
  OpFoldResult lanes;
  Tensor q = Importer::addRows(inside, *block, querySignal.features, lanes);
  Tensor k = Importer::addRows(inside, *block, keySignal.features, lanes);
  EquationBuilder equations(importer.weights, inside, layer, {lanes});
  equations.define("q", q);
  equations.define("k", k);
  Term term = equations.evaluate(*expression, position);
  // A vector of one feature is a number: an MLP that ends in one unit gives it.
  if (term.kind == Term::Kind::Vector && term.getFeatures() == 1 &&
      term.value.getRank() == 2)
    term.kind = Term::Kind::Number;
  Value result = equations.asNumber(term, position, "the score").value;
  if (!result)
    return nullptr;
  seq::YieldOp::create(inside.getBuilder(), inner.getLoc(), ValueRange{result});
  return block;
}

Signal AttentionImport::finish(Tensor output, Tensor probabilities) {
  bool isVector = querySignal.isVector();
  if (heads) {
    output = project(inner, "out_proj", frontend::joinFeatures(inner, output),
                     querySignal.features);
    // The mean over heads, as torch.nn.MultiheadAttention gives it.
    if (probabilities && isVector)
      probabilities =
          frontend::scale(inner,
                          inner.reduce(probabilities, 1, frontend::Combine::Sum,
                                       /*keep=*/false),
                          1.0 / heads);
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
  if (!readSignals() || !attributes)
    return {};
  if (heads ? !buildHeads() : !buildNamedScore())
    return {};
  std::unique_ptr<Block> region;
  if (score == seq::Score::Region && !(region = buildRegion()))
    return {};

  bool wanted = importer.step || importer.isMentioned(layer.name + ".weights");
  // A row of every query: of values, of weights of the keys, whose number does
  // not change in a step.
  OpBuilder &ops = inner.getBuilder();
  Extents outputSizes = inner.extents(query), weightSizes = outputSizes;
  outputSizes.back() = inner.fixed(value.getShape().back());
  weightSizes.back() = outer.extent(key, query.getRank() - 2);
  auto op = seq::AttentionOp::create(
      ops, inner.getLoc(), inner.typeOf(outputSizes, DataType::Float),
      wanted ? inner.typeOf(weightSizes, DataType::Float) : mlir::Type(), score,
      query.value, key.value, value.value, scoreWeight.value, Value(),
      bias.value, keySignal.lengths, importer.stepRows.value,
      /*starts=*/Value(),
      scale ? ops.getF64FloatAttr(*scale) : mlir::FloatAttr(),
      softcap ? ops.getF64FloatAttr(*softcap) : mlir::FloatAttr(), causal,
      window ? ops.getDenseI64ArrayAttr(*window) : mlir::DenseI64ArrayAttr(),
      normalizer, /*masked_score=*/mlir::FloatAttr());
  if (region)
    op.getScoreRegion().push_back(region.release());
  Tensor probabilities;
  if (wanted)
    probabilities =
        inner.withExtents(op.getProbabilities(), DataType::Float, weightSizes);
  return finish(inner.withExtents(op.getOutput(), DataType::Float, outputSizes),
                probabilities);
}

Signal Importer::importAttention(LayerContext &layer) {
  return AttentionImport(*this, layer).run();
}

} // namespace seqc::yaml
