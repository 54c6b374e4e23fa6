//===- ImportInputs.cpp - Inputs, references to signals -------------------===//

#include "frontends/YAML/Importer.h"

using namespace llvm;

namespace seqc::yaml {

std::string Signal::describe() const {
  switch (kind) {
  case Kind::Invalid:
    return "an invalid value";
  case Kind::Tokens:
    return "ids";
  case Kind::Sequence:
    return formatv("a sequence of {0} features", features);
  case Kind::Vector:
    return formatv("a vector of {0} features", features);
  case Kind::State:
    return formatv("a stack of {0} states of {1} features", count, features);
  case Kind::StepScalar:
    return "a number per step";
  case Kind::Scalar:
    return "a number per row";
  case Kind::StepLabel:
    return "a label per step";
  case Kind::Label:
    return "a label per row";
  case Kind::Weights:
    return "the weights of an attention";
  }
  return "";
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

Tensor Importer::addArgument(StringRef name, DataType type, json::Array shape,
                             Position position, json::Object more) {
  auto extents = map_to_vector(shape, [](const json::Value &extent) {
    return extent.getAsInteger().value_or(mlir::ShapedType::kDynamic);
  });
  Tensor value{
      body->addArgument(RankedTensorType::get(extents, outer.storage(type)),
                        reporter.getLocation(position)),
      type};
  Extents sizes = outer.extents(value);
  for (auto [extent, size] : zip(shape, sizes))
    if (std::optional<StringRef> symbol = extent.getAsString())
      size = symbols.try_emplace(symbol->str(), size).first->second;
  outer.setExtents(value.value, sizes);
  more["name"] = name.str();
  more["dtype"] = type == DataType::Int32 ? "i32" : "f32";
  more["shape"] = std::move(shape);
  arguments.push_back(std::move(more));
  return value;
}

Tensor Importer::addLengths(StringRef name, StringRef time, Position position) {
  return addArgument(
      name, DataType::Int32, json::Array{batchShape()}, position,
      json::Object{{"min", 0},
                   {"max", json::Object{{"dim", time.str()}}},
                   {"default", json::Object{{"dim", time.str()}}}});
}

void Importer::define(StringRef name, Signal signal, Position position) {
  signal.position = position;
  signal.inStep = step != nullptr;
  if (const Signal *taken = find(name))
    reporter.error(
        position,
        "'{0}' is taken by the name on line {1}; names must be unique", name,
        taken->position.line);
  signals[name.str()] = std::move(signal);
}

void Importer::readInputs(const MappingReader &description) {
  constexpr StringLiteral required = "a mapping from names to inputs";
  const Node *inputs = description.require("inputs", required);
  if (inputs && inputs->isMapping() && inputs->entries.empty())
    reporter.reject(*inputs, "'inputs'", required);
  for (const Entry &entry : reporter.readEntries(inputs, "'inputs'", required))
    readInput(entry);
}

std::string Importer::readMarks(const MappingReader &reader,
                                const std::optional<std::string> &vocabulary) {
  std::optional<std::string> marks =
      reader.getWord("marks", {"none", "start", "end", "both"});
  // What is wrong is not absent.
  if (!marks)
    return reader.has("marks") ? "none" : "";
  if (!vocabulary) {
    reader.errorAt("marks", "only an input with a vocabulary has marks");
    return {};
  }
  auto it = vocabularies.find(*vocabulary);
  if (it == vocabularies.end() || it->second.tokens.empty())
    return *marks;
  for (auto [key, token] :
       {std::pair("start", it->second.start), std::pair("end", it->second.end)})
    if ((*marks == key || *marks == "both") && !token)
      reader.errorAt("marks",
                     "'marks' is '{0}', but the vocabulary '{1}' has no '{2}'",
                     *marks, *vocabulary, key);
  return *marks;
}

void Importer::noteSharedMarks(const std::string &name) {
  const Vocabulary &vocabulary = vocabularies[name];
  if (name != textVocabulary || !textMarks.empty() ||
      (!vocabulary.start && !vocabulary.end))
    return;
  bool both = vocabulary.start && vocabulary.end;
  const char *one = vocabulary.start ? "start" : "end";
  reporter.note(textOrigin,
                formatv("input '{0}' shares the vocabulary '{1}' with what is "
                        "generated, and its texts get '{2}' of it too; write "
                        "'marks: none' if they should not, 'marks: {3}' if "
                        "they should",
                        textInput, name, both ? "start' and 'end" : one,
                        both ? "both" : one)
                    .str());
}

void Importer::readLengths(const MappingReader &reader, StringRef name,
                           Signal &signal, Position position) {
  const Signal *known = find(name);
  if (!signal.isSteps()) {
    reader.errorAt("lengths",
                   "only an input with a time dimension has lengths");
  } else if (!known) {
    Signal given;
    given.kind = Signal::Kind::Label;
    given.value = addLengths(name, signal.time, position);
    given.time = signal.time;
    signal.lengths = given.value.value;
    define(name, given, reader.find("lengths")->position);
  } else if (known->kind == Signal::Kind::Label && known->time == signal.time) {
    signal.lengths = known->value.value;
  } else {
    reader.errorAt("lengths", "'{0}' is no lengths of the dimension '{1}'",
                   name, signal.time);
  }
}

namespace {
/// Dimensions of inputs by their roles: b is the batch, t the time, n a number.
struct InputForm {
  StringLiteral type, pattern;
  Signal::Kind kind;
};
} // namespace

static constexpr InputForm kForms[] = {{"i32", "bt", Signal::Kind::Tokens},
                                       {"i32", "tb", Signal::Kind::Tokens},
                                       {"f32", "btn", Signal::Kind::Sequence},
                                       {"f32", "tbn", Signal::Kind::Sequence},
                                       {"f32", "bn", Signal::Kind::Vector},
                                       {"f32", "nbn", Signal::Kind::State}};

void Importer::readInput(const Entry &entry) {
  MappingReader reader(
      reporter, entry.value, "input '" + entry.key + "'",
      {"type", "dims", "vocabulary", "size", "lengths", "max_length", "marks"});
  Signal signal;
  std::optional<std::string> vocabulary = reader.getText("vocabulary");
  bool isTokens = vocabulary || reader.has("size");
  std::string type =
      reader.getWord("type", {"f32", "i32"}).value_or(isTokens ? "i32" : "f32");
  if (const Vocabulary *found = findVocabulary(reader))
    signal.count = found->tokens.size();
  if (std::optional<int64_t> size = reader.getInteger("size", 1))
    signal.count = *size;

  // Dimensions: symbols and numbers.
  std::vector<std::string> words;
  if (reader.has("dims"))
    words = reader.getWords("dims");
  else if (type == "i32")
    words = {"batch", "time"};
  else
    reader.require("dims", "a list such as [batch, time, 40]");
  json::Array shape;
  std::string pattern;
  for (const std::string &word : words) {
    int64_t extent;
    if (StringRef(word).getAsInteger(10, extent)) {
      bool isBatch = word == "batch";
      shape.push_back(isBatch ? batchShape() : word);
      pattern += isBatch ? 'b' : 't';
      if (!isBatch)
        signal.time = word;
      if (!isEquationName(word))
        reader.errorAt("dims", "dimension '{0}' is neither a name nor a number",
                       word);
    } else {
      if (extent < 1)
        reader.errorAt("dims", "dimension {0} is below 1", extent);
      shape.push_back(extent);
      pattern += 'n';
      signal.features = extent;
    }
  }
  const auto *form = llvm::find_if(kForms, [&](const InputForm &form) {
    return form.type == type && form.pattern == pattern;
  });
  if (form != std::end(kForms))
    signal.kind = form->kind;
  else if (!words.empty())
    reader.errorAt(
        reader.has("dims") ? "dims" : "type",
        "dims are [{0}] with type {1}; required are [batch, time] for i32, and "
        "for f32 [batch, time, FEATURES], [batch, FEATURES] or [STATES, batch, "
        "SIZE]",
        join(words, ", "), type);
  if (signal.kind == Signal::Kind::State)
    signal.count = *shape[0].getAsInteger();
  if (signal.kind == Signal::Kind::Tokens && signal.count == 0 && !vocabulary)
    reporter.error(entry.keyPosition,
                   "{0} has ids, but neither 'vocabulary' nor 'size' says how "
                   "many there are",
                   reader.getSubject());
  if (!signal.isValid()) {
    define(entry.key, signal, entry.keyPosition);
    return;
  }
  signal.timeMajor = pattern.front() == 't';
  timeFirst |= signal.timeMajor;
  json::Object bounds;
  if (signal.kind == Signal::Kind::Tokens && signal.count > 0)
    bounds = json::Object{{"min", 0}, {"max", signal.count - 1}};
  signal.value =
      addArgument(entry.key, type == "i32" ? DataType::Int32 : DataType::Float,
                  std::move(shape), entry.keyPosition, std::move(bounds));
  if (!batchSource) {
    batchSource = signal.value;
    batchDim = pattern.find('b');
  }

  std::optional<std::string> lengths = reader.getText("lengths");
  if (lengths)
    readLengths(reader, *lengths, signal, entry.keyPosition);
  std::optional<int64_t> maxLength = reader.getInteger("max_length", 1);
  std::string marks = readMarks(reader, vocabulary);
  if (vocabulary && textInput.empty()) {
    textMarks = marks;
    textOrigin = entry.keyPosition;
    textInput = entry.key;
    textVocabulary = *vocabulary;
    textMaxLength = maxLength;
    textLengths = lengths.value_or("");
  }
  define(entry.key, signal, entry.keyPosition);
}

//===----------------------------------------------------------------------===//
// References
//===----------------------------------------------------------------------===//

std::vector<StringRef> Importer::getKnownNames() const {
  std::vector<StringRef> known;
  for (bool inStep : {false, true})
    for (auto &[key, signal] : signals)
      if (signal.inStep == inStep && (step || !inStep))
        known.push_back(key);
  return known;
}

const Signal *Importer::lookup(StringRef name, const Node &at) {
  if (const Signal *found = find(name))
    return found;
  // What a faulty layer would give besides its output is no fault of its
  // reader.
  if (isOfFaultyLayer(name))
    return nullptr;
  StringRef layer = name.rsplit('.').first;
  auto it = layerPositions.find(name);
  if (it == layerPositions.end() && !find(layer))
    it = layerPositions.find(layer);
  if (it == layerPositions.end())
    return reporter.error(at.position, "there is no '{0}' here{1}", name,
                          suggestOf(name, getKnownNames(), "known are"));
  std::string previous = it->first + ".previous";
  // A beginning of it, or nearly it, is not what the layer gives later.
  StringRef part = name.substr(std::min(name.size(), it->first.size() + 1));
  StringRef meant = "previous";
  if (step && !part.empty() &&
      (meant.starts_with(part) || findNearestName(part, ArrayRef(meant))))
    return reporter.error(at.position,
                          "there is no '{0}' here; did you mean '{1}'?", name,
                          previous);
  std::string remedy;
  if (step)
    remedy = formatv("; write '{0}' for {1} at the previous step", previous,
                     part.empty() ? "its value"
                                  : "the value of '" + it->first + "'");
  return reporter.error(at.position, "'{0}' is computed later, on line {1}{2}",
                        name, it->second.line, remedy);
}

Signal Importer::resolve(const Node &node, StringRef subject) {
  if (node.isScalar()) {
    const Signal *found = lookup(node.text, node);
    if (!found || !step || found->inStep)
      return found ? *found : Signal();
    // What belongs to a row is taken by the row of each lane.
    Signal signal = *found;
    signal.isOuter = true;
    if (!signal.isVector())
      return signal;
    Tensor &lanes = gathered[signal.value.value];
    if (!lanes)
      lanes = step->lookUp(stepRows, signal.value);
    signal.value = lanes;
    return signal;
  }
  if (node.isSequence() && !node.items.empty()) {
    SmallVector<Signal> parts;
    for (const Node &item : node.items)
      parts.push_back(resolve(item, subject));
    return concatSignals(parts, node);
  }
  return reporter.error(node.position,
                        "{0} reads {1}; required is the name of an input or a "
                        "layer, or a list of names to concatenate",
                        subject, node.describe());
}

Signal Importer::concatSignals(ArrayRef<Signal> parts, const Node &at) {
  if (!llvm::all_of(parts, [](const Signal &part) { return part.isValid(); }))
    return {};
  if (parts.size() == 1)
    return parts.front();
  const Signal *sequence = nullptr;
  for (const Signal &part : parts) {
    if (!part.isFeatures())
      return reporter.error(at.position,
                            "a concatenation contains {0}; required are "
                            "sequences or vectors of features",
                            part.describe());
    if (part.isSequence() && !sequence)
      sequence = &part;
  }
  Emitter &e = builder();
  SmallVector<Tensor> values;
  for (const Signal &part : parts) {
    Tensor value = part.value;
    if (part.isSequence()) {
      if (part.time != sequence->time)
        return reporter.error(at.position,
                              "a concatenation joins the time dimensions '{0}' "
                              "and '{1}'; required is one",
                              sequence->time, part.time);
      value = sequence->timeMajor ? timeMajor(part) : batchMajor(part);
    } else if (sequence) {
      Extents sizes = e.extents(sequence->value);
      sizes[2] = e.extent(value, 1);
      value = frontend::repeatTo(
          e, e.unsqueeze(value, sequence->timeMajor ? 0 : 1), sizes);
    }
    values.push_back(value);
  }
  const Signal &model = sequence ? *sequence : parts.front();
  return withValue(model, frontend::concat(e, values, sequence ? 2 : 1));
}

Signal Importer::resolveInput(const MappingReader &reader, StringRef key) {
  if (const Node *node = reader.find(key))
    return resolve(*node, reader.getSubject());
  if (previousLayer.empty())
    return reporter.error(reader.getPosition(),
                          "{0} has no '{1}' and no layer stands before it",
                          reader.getSubject(), key);
  return resolve(Node::scalar(previousLayer, reader.getPosition()),
                 reader.getSubject());
}

Signal Importer::mismatch(const MappingReader &reader, StringRef key,
                          const Signal &found, const Twine &required) {
  if (!found.isValid())
    return {};
  return reader.errorAt(key, "'{0}' is {1}; required is {2}", key,
                        found.describe(), required);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Tensor Importer::swapAxes(const Signal &signal) {
  Tensor &value = transposed[signal.value.value];
  if (!value) {
    auto axes = to_vector(llvm::seq<int64_t>(0, signal.value.getRank()));
    std::swap(axes[0], axes[1]);
    value = outer.transpose(signal.value, axes);
  }
  return value;
}

Signal Importer::withValue(const Signal &signal, Tensor value) const {
  Signal result = signal;
  result.value = value;
  result.features = value.getShape().back();
  result.isOuter = false;
  return result;
}

Extents Importer::getRowExtents(int64_t size) {
  return {outer.extent(batchSource, batchDim), outer.fixed(size)};
}

Tensor Importer::addRows(Emitter &e, Block &block, int64_t size,
                         OpFoldResult &lanes) {
  auto type = RankedTensorType::get({mlir::ShapedType::kDynamic, size},
                                    e.storage(DataType::Float));
  Tensor rows{block.addArgument(type, e.getLoc()), DataType::Float};
  if (!lanes)
    lanes = e.extent(rows, 0);
  return e.withExtents(rows.value, rows.type, {lanes, e.fixed(size)});
}

} // namespace seqc::yaml
