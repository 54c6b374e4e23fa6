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
  mlir::Value weight(StringRef name, ArrayRef<int64_t> shape) {
    return importer.weights.get(layer.prefix + "." + name.str(), shape,
                                layer.user);
  }
  /// linearLast with the weight `name`.weight and, if the file has it,
  /// `name`.bias.
  mlir::Value project(TensorBuilder &b, StringRef name, mlir::Value x,
                      int64_t rows, int64_t columns);
  mlir::Value splitHeads(TensorBuilder &b, mlir::Value x);
  mlir::Value joinHeads(TensorBuilder &b, mlir::Value x);
  Signal finish(mlir::Value output, mlir::Value probabilities);

  Importer &importer;
  LayerContext &layer;
  MappingReader reader;
  /// Where queries and results live, and where keys and values do.
  TensorBuilder &inner;
  TensorBuilder &outer;

  Signal querySignal, keySignal, valueSignal;
  mlir::Value query, key, value, scoreWeight, bias;
  int64_t valueFeatures = 0;
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
  valueFeatures = valueSignal.features;
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
  softcap = reader.getNumber("softcap");
  if (softcap && *softcap <= 0) {
    reader.errorAt("softcap", "'softcap' is " +
                                  reader.find("softcap")->describe() +
                                  "; required is a number above 0");
    return false;
  }
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
      reader.errorAt(
          "window",
          "'window' is " + node->describe() +
              "; required is a whole number, or [LEFT, RIGHT] with -1 "
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

mlir::Value AttentionImport::project(TensorBuilder &b, StringRef name,
                                     mlir::Value x, int64_t rows,
                                     int64_t columns) {
  mlir::Value matrix = weight((name + ".weight").str(), {rows, columns});
  std::string biasName = layer.prefix + "." + name.str() + ".bias";
  mlir::Value offset;
  if (importer.weights.getShape(biasName, /*optional=*/true))
    offset = importer.weights.get(biasName, {rows}, layer.user);
  return b.linearLast(x, matrix, offset);
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
    query = project(inner, "query", query, *size, d);
    key = project(outer, "key", key, *size, e);
    scoreWeight = outer.collapse(weight("v.weight", {1, *size}), {{0, 1}});
    std::string biasName = layer.prefix + ".v.bias";
    if (importer.weights.getShape(biasName, /*optional=*/true)) {
      if (softcap) {
        // The op adds its bias to what the cap has bounded.
        reader.errorAt("softcap", "'softcap' beside the weight '" + biasName +
                                      "' is not supported");
        return false;
      }
      // A softmax does not see a constant added to all scores.
      mlir::Value offset = importer.weights.get(biasName, {1}, layer.user);
      if (normalizer == seq::Normalizer::Sigmoid ||
          normalizer == seq::Normalizer::None) {
        mlir::OpFoldResult one = outer.getBuilder().getIndexAttr(1);
        bias = outer.expand(offset, {{0, 1, 2}}, {one, one, one});
      }
    }
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

mlir::Value AttentionImport::splitHeads(TensorBuilder &b, mlir::Value x) {
  int64_t features = cast<mlir::RankedTensorType>(x.getType()).getDimSize(2);
  mlir::Builder &attributes = b.getBuilder();
  mlir::Value split =
      b.expand(x, {{0}, {1}, {2, 3}},
               {b.dim(x, 0), b.dim(x, 1), attributes.getIndexAttr(heads),
                attributes.getIndexAttr(features / heads)});
  return b.transpose(split, {0, 2, 1, 3});
}

mlir::Value AttentionImport::joinHeads(TensorBuilder &b, mlir::Value x) {
  return b.collapse(b.transpose(x, {0, 2, 1, 3}), {{0}, {1}, {2, 3}});
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
  auto projectPart = [&](TensorBuilder &b, mlir::Value x, int64_t part,
                         StringRef separate, int64_t columns) {
    mlir::Value matrix =
        joint ? weights.getRows(layer.prefix + ".in_proj_weight", {3 * e, e},
                                part * e, e, layer.user)
              : weight(separate, {e, columns});
    mlir::Value offset =
        hasBias ? weights.getRows(biasName, {3 * e}, part * e, e, layer.user)
                : mlir::Value();
    return splitHeads(b, b.linearLast(x, matrix, offset));
  };
  query = projectPart(inner, query, 0, "q_proj_weight", e);
  key = projectPart(outer, key, 1, "k_proj_weight", keySignal.features);
  value = projectPart(outer, value, 2, "v_proj_weight", valueSignal.features);
  valueFeatures = e;
  return true;
}

std::unique_ptr<mlir::Block> AttentionImport::buildRegion() {
  const Node *node = reader.find("score");
  Position position = node->position;
  position.column += node->quoted;
  std::unique_ptr<Expression> expression =
      parseExpression(node->text, [&](size_t offset, StringRef message) {
        Position at = position;
        at.column += offset;
        importer.reporter.error(at,
                                Twine(reader.getSubject()) + ": " + message);
      });
  if (!expression)
    return nullptr;
  auto block = std::make_unique<mlir::Block>();
  TensorBuilder inside(&importer.reporter.getContext());
  inside.setLoc(inner.getLoc());
  inside.getBuilder().setInsertionPointToStart(block.get());
  int64_t any = mlir::ShapedType::kDynamic;
  mlir::Value q = block->addArgument(inner.f32Type({any, querySignal.features}),
                                     inner.getLoc());
  mlir::Value k = block->addArgument(inner.f32Type({any, keySignal.features}),
                                     inner.getLoc());
  EquationBuilder equations(importer.reporter, importer.weights, inside,
                            layer.user, layer.prefix, inside.dim(q, 0));
  equations.define("q", Term::vector(q, querySignal.features));
  equations.define("k", Term::vector(k, keySignal.features));
  Term term = equations.evaluate(*expression, position);
  // A vector of one feature is a number: an MLP that ends in one unit gives it.
  if (term.kind == Term::Kind::Vector && term.features == 1 && term.lanes) {
    term.value = inside.squeeze(term.value, 1);
    term.kind = Term::Kind::Number;
  }
  mlir::Value result = equations.asNumber(term, position, "the score");
  if (!result)
    return nullptr;
  seq::YieldOp::create(inside.getBuilder(), inner.getLoc(),
                       mlir::ValueRange{result});
  return block;
}

Signal AttentionImport::finish(mlir::Value output, mlir::Value probabilities) {
  bool isVector = querySignal.kind == Signal::Kind::Vector;
  if (heads) {
    output = project(inner, "out_proj", joinHeads(inner, output), valueFeatures,
                     valueFeatures);
    if (probabilities && isVector) {
      // The mean over heads, as torch.nn.MultiheadAttention gives it. Its
      // extents are taken outside of a step: they do not change in it.
      mlir::OpFoldResult one = inner.getBuilder().getIndexAttr(1);
      probabilities =
          inner.reduce(probabilities, 1, Reduction::Mean,
                       {inner.dim(query, 0), one, outer.dim(key, 2)});
    }
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
  Signal result = querySignal;
  result.isOuter = false;
  result.timeMajor = false;
  result.features = valueFeatures;
  result.value = isVector ? inner.squeeze(output, 1) : output;
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

  auto shapeOf = [](mlir::Value v) {
    return SmallVector<int64_t>(
        cast<mlir::RankedTensorType>(v.getType()).getShape());
  };
  SmallVector<int64_t> outputShape = shapeOf(query),
                       weightShape = shapeOf(query);
  outputShape.back() = shapeOf(value).back();
  weightShape.back() = mlir::ShapedType::kDynamic;
  bool wanted = importer.step || importer.isMentioned(layer.name + ".weights");
  mlir::OpBuilder &ops = inner.getBuilder();
  mlir::Type weightType;
  if (wanted)
    weightType = inner.f32Type(weightShape);
  auto op = seq::AttentionOp::create(
      ops, inner.getLoc(), inner.f32Type(outputShape), weightType, score, query,
      key, value, scoreWeight, mlir::Value(), bias, keySignal.lengths,
      importer.step ? importer.stepRows : mlir::Value(),
      /*starts=*/mlir::Value(),
      scale ? ops.getF64FloatAttr(*scale) : mlir::FloatAttr(),
      softcap ? ops.getF64FloatAttr(*softcap) : mlir::FloatAttr(), causal,
      window ? ops.getDenseI64ArrayAttr(*window) : mlir::DenseI64ArrayAttr(),
      normalizer, /*masked_score=*/mlir::FloatAttr());
  if (region)
    op.getScoreRegion().push_back(region.release());
  return finish(op.getOutput(), wanted ? op.getProbabilities() : mlir::Value());
}

Signal Importer::importAttention(LayerContext &layer) {
  return AttentionImport(*this, layer).run();
}

} // namespace seqc::yaml
