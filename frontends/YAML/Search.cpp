//===- Search.cpp - The settings of a search and its op -------------------===//

#include "frontends/YAML/Search.h"

#include "frontends/Common/Numbers.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace llvm;

using seqc::frontend::Number;

namespace seqc::yaml {

Search::Search(Importer &importer, const Node &node,
               ArrayRef<StringRef> moreKeys, ArrayRef<StringRef> moreKinds)
    : importer(importer), node(node),
      reader(importer.reporter, node, "'generate'",
             {"vocabulary", "size", "start", "end", "pad", "max_length",
              "min_length", "beam", "n_best", "length_penalty", "stop",
              "prefix", "search", "temperature", "top_k", "top_p", "seed"},
             moreKeys) {
  SmallVector<StringRef> kinds = {"greedy", "beam", "sample"};
  llvm::append_range(kinds, moreKinds);
  kind = reader.getWord("search", kinds).value_or("");
}

std::optional<int64_t> Search::readToken(StringRef key,
                                         std::optional<int64_t> otherwise) {
  const Node *given = reader.find(key);
  if (!given)
    return otherwise;
  if (vocabulary && given->isScalar())
    if (std::optional<int64_t> id = vocabulary->find(given->text))
      return id;
  if (std::optional<int64_t> id = given->asInteger();
      id && *id >= 0 && *id < size)
    return id;
  return reader.reject(key, vocabulary ? "a token of the vocabulary '" +
                                             vocabularyName + "'"
                                       : "an id below " + std::to_string(size));
}

bool Search::readVocabulary() {
  if (std::optional<std::string> name = reader.getText("vocabulary")) {
    vocabulary = importer.findVocabulary(reader);
    if (!vocabulary)
      return false;
    vocabularyName = *name;
    importer.noteSharedMarks(*name);
    size = vocabulary->tokens.size();
    return true;
  }
  if (reader.require("size", "'vocabulary', or the number of ids"))
    size = reader.getInteger("size", 1).value_or(0);
  return size > 0;
}

bool Search::readKind() {
  const ImportOptions &options = importer.options;
  // The command line goes before the description, an option for sampling or
  // for a beam before what the description says of the other.
  bool asksForBeam =
      options.beam.value_or(1) > 1 || options.nBest.value_or(1) > 1;
  samples = options.sample || (kind == "sample" && !asksForBeam);
  beam = options.beam.value_or(reader.getInteger("beam", 1, 1024).value_or(1));
  nBest =
      options.nBest.value_or(reader.getInteger("n_best", 1, 1024).value_or(1));
  if (options.sample && !asksForBeam)
    beam = nBest = 1;
  if (samples && !isSingle())
    return reader.errorAt(
        "search",
        "'search' is sample with a beam of {0} and n_best of {1}; sampling "
        "draws one hypothesis per row, required are a beam and n_best of 1",
        beam, nBest);
  if (kind == "greedy" && !options.beam && !options.nBest && !samples &&
      !isSingle())
    return reader.errorAt(
        "search",
        "'search' is greedy with a beam of {0}; required is a beam of 1", beam);
  return true;
}

void Search::readSampling() {
  const ImportOptions &options = importer.options;
  for (StringRef key : {"temperature", "top_k", "top_p", "seed"})
    if (reader.has(key) && kind != "sample")
      reader.errorAt(
          key, "only sampling has '{0}'; required is 'search: sample'", key);
  if (!samples &&
      (options.temperature || options.topK || options.topP || options.seed))
    reader.errorAt("search",
                   "'--temperature', '--top-k', '--top-p' and '--seed' are for "
                   "sampling; required is '--sample' or 'search: sample'");
  auto isNatural = [](double value) { return value >= 0; };
  auto isShare = [](double value) { return value > 0 && value <= 1; };
  temperature = options.temperature.value_or(
      reader
          .getNumber("temperature", isNatural, "a finite number of at least 0")
          .value_or(1));
  topP = options.topP.value_or(
      reader.getNumber("top_p", isShare, "a number above 0 and at most 1")
          .value_or(1));
  topK = options.topK.value_or(reader.getInteger("top_k", 0).value_or(50));
  seed = options.seed.value_or(
      reader.getInteger("seed", 0, std::numeric_limits<int64_t>::max())
          .value_or(0));
}

mlir::Attribute Search::getSearch() const {
  mlir::MLIRContext *context = &importer.reporter.getContext();
  if (samples)
    return seq::SampleAttr::get(context, APFloat(temperature), topK,
                                APFloat(topP), static_cast<uint64_t>(seed),
                                APFloat(lengthPenalty));
  if (isGreedy())
    return seq::GreedyAttr::get(context, APFloat(lengthPenalty));
  return seq::BeamAttr::get(context, beam, nBest, APFloat(lengthPenalty), stop);
}

bool Search::readSettings(std::optional<int64_t> otherwise) {
  const ImportOptions &options = importer.options;
  bool sound = readKind() && size > 0;
  readSampling();
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
  if (nBest > beam)
    return reader.errorAt(
        "n_best",
        "'n_best' is {0} and 'beam' is {1}; required is a beam of at least "
        "n_best",
        nBest, beam);
  if (!sound)
    return false;
  std::optional<int64_t> given = readToken(
      "start", vocabulary && vocabulary->start ? vocabulary->start : otherwise);
  if (!given)
    reader.require("start",
                   "the token that begins a row, here or in the vocabulary");
  start = given.value_or(0);
  end = readToken("end", vocabulary ? vocabulary->end : std::nullopt);
  pad =
      readToken("pad", vocabulary ? vocabulary->pad : std::nullopt).value_or(0);
  return given.has_value();
}

ArrayRef<mlir::BlockArgument> Search::addStepArguments(Block &step) {
  OpBuilder &b = importer.outer.getBuilder();
  Location loc = importer.reporter.getLocation(node.position);
  auto ids = RankedTensorType::get(mlir::ShapedType::kDynamic, b.getI32Type());
  step.addArguments({ids, ids, b.getIndexType()}, {loc, loc, loc});
  return step.getArguments();
}

void Search::addPrefixInputs() {
  if (!prefix)
    return;
  prefixIds = importer.addArgument(
      "prefix", DataType::Int32, json::Array{importer.batchShape(), "prefix"},
      node.position, json::Object{{"min", 0}, {"max", size - 1}});
  prefixLengths =
      importer.addLengths("prefix_lengths", "prefix", node.position);
}

OpFoldResult Search::getMostSteps() {
  Emitter &e = importer.outer;
  if (!prefix)
    return e.fixed(maxLength);
  return Number(e, e.extent(prefixIds, 1)) + maxLength;
}

seq::GenerateOp Search::build(std::unique_ptr<Block> step,
                              ArrayRef<Value> inits, StringRef traceTime) {
  Emitter &e = importer.outer;
  Location loc = e.getLoc();
  int64_t any = mlir::ShapedType::kDynamic;
  Value startIds =
      e.fill(DataType::Int32, e.extent(importer.batchSource, importer.batchDim),
             start)
          .value;
  SmallVector<int32_t> ends;
  if (end)
    ends.push_back(*end);
  OpBuilder &ops = e.getBuilder();
  auto tensor = [&](ArrayRef<int64_t> shape, mlir::Type element) {
    return RankedTensorType::get(shape, element);
  };
  SmallVector<mlir::Type> traces;
  if (!traceTime.empty())
    traces.push_back(tensor({any, nBest, any, any}, ops.getF32Type()));
  // What the caller of the entry may choose call by call.
  auto option = [&](seq::CallOption name, mlir::TypedAttr otherwise) {
    Value known = mlir::arith::ConstantOp::create(ops, loc, otherwise);
    return seq::OptionOp::create(ops, loc, known.getType(), name, known)
        .getResult();
  };
  using seq::CallOption;
  Value count = option(CallOption::MaxNew, ops.getIndexAttr(maxLength));
  count = min(Number(e, maxLength), count);
  Value penalty =
      option(CallOption::LengthPenalty, ops.getF64FloatAttr(lengthPenalty));
  Value degrees, mass, most, key, firstRow;
  if (samples) {
    degrees = option(CallOption::Temperature, ops.getF32FloatAttr(temperature));
    mass = option(CallOption::TopP, ops.getF32FloatAttr(topP));
    most = option(CallOption::TopK, ops.getIndexAttr(topK));
    key = option(CallOption::Seed, ops.getI64IntegerAttr(seed));
    firstRow = option(CallOption::FirstRow, ops.getI64IntegerAttr(0));
  }
  auto op = seq::GenerateOp::create(
      ops, loc, tensor({any, nBest, any}, ops.getI32Type()),
      tensor({any, nBest}, ops.getI32Type()),
      tensor({any, nBest}, ops.getF32Type()),
      tensor({any, nBest}, ops.getI8Type()), mlir::TypeRange(traces),
      getSearch(), startIds, count, prefixIds.value, prefixLengths.value,
      penalty, degrees, mass, most, key, firstRow, ValueRange(inits),
      ops.getDenseI32ArrayAttr(ends), ops.getI32IntegerAttr(pad),
      ops.getI64IntegerAttr(minLength));
  op.getStep().push_back(step.release());

  // Results and their description.
  // All begin with batch and hypotheses.
  auto addResult = [&](StringRef name, Value value, DataType type,
                       ArrayRef<StringRef> dims) {
    Tensor result{value, type};
    if (importer.fixedBatch) {
      SmallVector<int64_t> fixed(result.getShape());
      fixed.front() = 1;
      result.value = mlir::tensor::CastOp::create(
          ops, loc, tensor(fixed, e.storage(type)), value);
    }
    json::Array shape{importer.batchShape(), nBest};
    for (StringRef dim : dims)
      shape.push_back(dim.str());
    importer.addResult(name, result, std::move(shape));
  };
  addResult("tokens", op.getTokens(), DataType::Int32, {"steps"});
  addResult("token_lengths", op.getLengths(), DataType::Int32, {});
  addResult("scores", op.getScores(), DataType::Float, {});
  if (!traceTime.empty())
    addResult("attention", op.getTraces().front(), DataType::Float,
              {"steps", traceTime});
  importer.generation = json::Object{{"search", samples      ? "sample"
                                                : isGreedy() ? "greedy"
                                                             : "beam"},
                                     {"width", beam},
                                     {"n_best", nBest},
                                     {"max_new", maxLength},
                                     {"length_penalty", lengthPenalty}};
  if (samples) {
    (*importer.generation)["temperature"] = temperature;
    (*importer.generation)["top_k"] = topK;
    (*importer.generation)["top_p"] = topP;
    (*importer.generation)["seed"] = seed;
  }
  if (!vocabulary)
    return op;
  json::Object text{{"vocab", json::Array(vocabulary->tokens)},
                    {"unit", vocabulary->unit},
                    {"join", vocabulary->unit == "word" ? " " : ""},
                    {"pad", pad},
                    {"bos", start},
                    {"tokens", "tokens"},
                    {"lengths", "token_lengths"},
                    {"scores", "scores"}};
  text["eos"] = end ? json::Array{*end} : json::Array{};
  if (!traceTime.empty())
    text["attention"] = "attention";
  if (prefix) {
    text["prefix"] = "prefix";
    text["prefix_lengths"] = "prefix_lengths";
  }
  importer.textKind = "generate";
  importer.textOutput = std::move(text);
  return op;
}

} // namespace seqc::yaml
