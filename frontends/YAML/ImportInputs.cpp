//===- ImportInputs.cpp - Inputs, references to signals -------------------===//

#include "frontends/YAML/Importer.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace seqc::yaml {

std::string Signal::describe() const {
  std::string size = std::to_string(features);
  switch (kind) {
  case Kind::Invalid:
    return "an invalid value";
  case Kind::Tokens:
    return "ids";
  case Kind::Sequence:
    return "a sequence of " + size + " features";
  case Kind::Vector:
    return "a vector of " + size + " features";
  case Kind::State:
    return "a stack of " + std::to_string(count) + " states of " + size +
           " features";
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

Tensor Importer::addArgument(StringRef name, DataType type,
                             const json::Array &shape, Position position,
                             json::Object more) {
  SmallVector<int64_t> extents;
  for (const json::Value &extent : shape)
    extents.push_back(
        extent.getAsInteger().value_or(mlir::ShapedType::kDynamic));
  Tensor value{body->addArgument(
                   mlir::RankedTensorType::get(extents, outer.storage(type)),
                   reporter.getLocation(position)),
               type};
  Extents sizes = outer.extents(value);
  for (auto [extent, size] : zip(shape, sizes))
    if (std::optional<StringRef> symbol = extent.getAsString())
      size = symbols.try_emplace(symbol->str(), size).first->second;
  outer.setExtents(value.value, sizes);
  more["name"] = name.str();
  more["dtype"] = type == DataType::Int32 ? "i32" : "f32";
  more["shape"] = json::Array(shape);
  arguments.push_back({name.str(), std::move(more)});
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
  Signals &scope = step ? stepSignals : signals;
  if (auto it = signals.find(name); it != signals.end())
    reporter.error(position, "'" + name + "' is taken by the name on line " +
                                 Twine(it->second.position.line) +
                                 "; names must be unique");
  else if (auto it = scope.find(name); it != scope.end())
    reporter.error(position, "'" + name + "' is taken by the name on line " +
                                 Twine(it->second.position.line) +
                                 "; names must be unique");
  scope[name.str()] = std::move(signal);
}

void Importer::readInputs() {
  const Node *node = root.find("inputs");
  if (!node || !node->isMapping() || node->entries.empty()) {
    if (root.isMapping())
      reporter.error(
          node ? node->position : root.position,
          node ? "'inputs' is " + node->describe() +
                     "; required is a mapping from names to inputs"
               : std::string("the description has no 'inputs'; required is a "
                             "mapping from names to inputs"));
    return;
  }
  for (const Entry &entry : node->entries)
    readInput(entry);
}

std::string Importer::readMarks(MappingReader &reader,
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
      reader.errorAt("marks", "'marks' is '" + *marks +
                                  "', but the vocabulary '" + *vocabulary +
                                  "' has no '" + key + "'");
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
                "input '" + textInput + "' shares the vocabulary '" + name +
                    "' with what is generated, and its texts get '" +
                    (both ? "start' and 'end" : one) +
                    "' of it too; write 'marks: none' if they should not, "
                    "'marks: " +
                    (both ? "both" : one) + "' if they should");
}

void Importer::readInput(const Entry &entry) {
  MappingReader reader(
      reporter, entry.value, "input '" + entry.key + "'",
      {"type", "dims", "vocabulary", "size", "lengths", "max_length", "marks"});
  Signal signal;
  std::optional<std::string> vocabulary = reader.getText("vocabulary");
  bool isTokens = vocabulary || reader.has("size");
  std::string type =
      reader.getWord("type", {"f32", "i32"}).value_or(isTokens ? "i32" : "f32");
  if (vocabulary) {
    if (const Vocabulary *found = findVocabulary(reader))
      signal.count = found->tokens.size();
  }
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
      shape.push_back(word);
      pattern += word == "batch" ? 'b' : 't';
      if (word != "batch")
        signal.time = word;
      if (!isEquationName(word))
        reader.errorAt("dims", "dimension '" + word +
                                   "' is neither a name nor a number");
    } else {
      if (extent < 1)
        reader.errorAt("dims", "dimension " + Twine(extent) + " is below 1");
      shape.push_back(extent);
      pattern += 'n';
      signal.features = extent;
    }
  }
  if (type == "i32" && (pattern == "bt" || pattern == "tb")) {
    signal.kind = Signal::Kind::Tokens;
    if (signal.count == 0 && !vocabulary)
      reporter.error(entry.keyPosition,
                     Twine(reader.getSubject()) +
                         " has ids, but neither 'vocabulary' nor "
                         "'size' says how many there are");
  } else if (type == "f32" && (pattern == "btn" || pattern == "tbn")) {
    signal.kind = Signal::Kind::Sequence;
  } else if (type == "f32" && pattern == "bn") {
    signal.kind = Signal::Kind::Vector;
  } else if (type == "f32" && pattern == "nbn") {
    signal.kind = Signal::Kind::State;
    signal.count = *shape[0].getAsInteger();
  } else if (!words.empty()) {
    reader.errorAt(
        reader.has("dims") ? "dims" : "type",
        "dims are [" + join(words, ", ") + "] with type " + type +
            "; required are [batch, time] for i32, and for f32 [batch, time, "
            "FEATURES], [batch, FEATURES] or [STATES, batch, SIZE]");
  }
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
                  shape, entry.keyPosition, std::move(bounds));
  if (!batchSource) {
    batchSource = signal.value;
    batchDim = pattern.find('b');
  }

  if (std::optional<std::string> lengths = reader.getText("lengths")) {
    bool isSteps = signal.kind == Signal::Kind::Tokens ||
                   signal.kind == Signal::Kind::Sequence;
    if (!isSteps) {
      reader.errorAt("lengths",
                     "only an input with a time dimension has lengths");
    } else if (auto it = signals.find(*lengths); it != signals.end()) {
      if (it->second.kind == Signal::Kind::Label &&
          it->second.time == signal.time)
        signal.lengths = it->second.value.value;
      else
        reader.errorAt("lengths", "'" + *lengths +
                                      "' is no lengths of the dimension '" +
                                      signal.time + "'");
    } else {
      Signal lengthSignal;
      lengthSignal.kind = Signal::Kind::Label;
      lengthSignal.value = addLengths(*lengths, signal.time, entry.keyPosition);
      lengthSignal.time = signal.time;
      signal.lengths = lengthSignal.value.value;
      define(*lengths, lengthSignal, reader.find("lengths")->position);
    }
    if (vocabulary && textInput.empty())
      textLengths = *lengths;
  }
  std::optional<int64_t> maxLength = reader.getInteger("max_length", 1);
  std::string marks = readMarks(reader, vocabulary);
  if (vocabulary && textInput.empty()) {
    textMarks = marks;
    textOrigin = entry.keyPosition;
    textInput = entry.key;
    textVocabulary = *vocabulary;
    textMaxLength = maxLength;
  }
  define(entry.key, signal, entry.keyPosition);
}

//===----------------------------------------------------------------------===//
// References
//===----------------------------------------------------------------------===//

Signal *Importer::lookup(StringRef name, const Node &at) {
  if (step)
    if (auto it = stepSignals.find(name); it != stepSignals.end())
      return &it->second;
  if (auto it = signals.find(name); it != signals.end())
    return &it->second;
  // What a faulty layer would give besides its output is no fault of its
  // reader.
  StringRef layer = name.rsplit('.').first;
  for (Signals *scope : {&stepSignals, &signals})
    if (auto it = scope->find(layer);
        it != scope->end() && !it->second.isValid())
      return nullptr;
  auto it = layerPositions.find(name);
  if (it == layerPositions.end() && !signals.count(layer) &&
      !stepSignals.count(layer))
    it = layerPositions.find(layer);
  if (it != layerPositions.end()) {
    std::string previous = it->first + ".previous";
    // A beginning of it, or nearly it, is not what the layer gives later.
    StringRef part = name.substr(std::min(name.size(), it->first.size() + 1));
    if (step && !part.empty() &&
        (StringRef("previous").starts_with(part) ||
         findNearestName(part, ArrayRef<StringRef>(StringRef("previous"))))) {
      reporter.error(at.position, "there is no '" + name +
                                      "' here; did you mean '" + previous +
                                      "'?");
      return nullptr;
    }
    std::string remedy;
    if (step)
      remedy =
          "; write '" + previous + "' for " +
          (part.empty() ? "its value" : "the value of '" + it->first + "'") +
          " at the previous step";
    reporter.error(at.position, "'" + name + "' is computed later, on line " +
                                    Twine(it->second.line) + remedy);
    return nullptr;
  }
  std::vector<StringRef> known;
  for (auto &[key, signal] : signals)
    known.push_back(key);
  if (step)
    for (auto &[key, signal] : stepSignals)
      known.push_back(key);
  reporter.error(at.position,
                 "there is no '" + name + "' here" +
                     suggest(name, known, "; known are " + join(known, ", ")));
  return nullptr;
}

Signal Importer::resolve(const Node &node, StringRef subject) {
  if (node.isScalar()) {
    Signal *found = lookup(node.text, node);
    if (!found)
      return {};
    Signal signal = *found;
    if (!step || stepSignals.find(node.text) != stepSignals.end())
      return signal;
    // What belongs to a row is taken by the row of each lane.
    signal.isOuter = true;
    if (signal.kind != Signal::Kind::Vector)
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
  reporter.error(node.position,
                 subject + " reads " + node.describe() +
                     "; required is the name of an input or a layer, or a "
                     "list of names to concatenate");
  return {};
}

Signal Importer::concatSignals(ArrayRef<Signal> parts, const Node &at) {
  if (llvm::any_of(parts, [](const Signal &part) { return !part.isValid(); }))
    return {};
  if (parts.size() == 1)
    return parts.front();
  const Signal *sequence = nullptr;
  for (const Signal &part : parts) {
    bool fits = part.kind == Signal::Kind::Vector ||
                (part.kind == Signal::Kind::Sequence && !part.isOuter);
    if (!fits) {
      reporter.error(at.position,
                     "a concatenation contains " + part.describe() +
                         "; required are sequences or vectors of features");
      return {};
    }
    if (part.kind == Signal::Kind::Sequence && !sequence)
      sequence = &part;
  }
  Emitter &e = builder();
  SmallVector<Tensor> values;
  for (const Signal &part : parts) {
    Tensor value = part.value;
    if (sequence && part.kind == Signal::Kind::Sequence) {
      if (part.time != sequence->time) {
        reporter.error(at.position,
                       "a concatenation joins the time dimensions '" +
                           sequence->time + "' and '" + part.time +
                           "'; required is one");
        return {};
      }
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

Signal Importer::resolveInput(MappingReader &reader, StringRef key) {
  if (const Node *node = reader.find(key))
    return resolve(*node, reader.getSubject());
  if (previousLayer.empty()) {
    reporter.error(reader.getPosition(), Twine(reader.getSubject()) +
                                             " has no '" + key +
                                             "' and no layer stands before it");
    return {};
  }
  return resolve(Node::scalar(previousLayer, reader.getPosition()),
                 reader.getSubject());
}

Signal Importer::mismatch(const MappingReader &reader, StringRef key,
                          const Signal &found, StringRef required) {
  if (found.isValid())
    reader.errorAt(key, "'" + key + "' is " + found.describe() +
                            "; required is " + required);
  return {};
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

Signal Importer::makeSignal(Signal::Kind kind, Tensor value, int64_t count) {
  Signal result;
  result.kind = kind;
  result.value = value;
  result.features = value.getShape().back();
  result.count = count;
  return result;
}

Extents Importer::getRowExtents(int64_t size) {
  return {outer.extent(batchSource, batchDim),
          outer.getBuilder().getIndexAttr(size)};
}

Tensor Importer::addRows(Emitter &e, mlir::Block &block, int64_t size,
                         mlir::OpFoldResult &lanes) {
  auto type = mlir::RankedTensorType::get({mlir::ShapedType::kDynamic, size},
                                          e.storage(DataType::Float));
  Tensor rows{block.addArgument(type, e.getLoc()), DataType::Float};
  if (!lanes)
    lanes = e.extent(rows, 0);
  e.setExtents(rows.value, {lanes, e.getBuilder().getIndexAttr(size)});
  return rows;
}

} // namespace seqc::yaml
