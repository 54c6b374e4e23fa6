//===- ImportOutputs.cpp - Results and metadata ---------------------------===//

#include "frontends/YAML/Importer.h"

using namespace llvm;

namespace seqc::yaml {

void Importer::addResult(StringRef name, Tensor value, json::Array shape) {
  returned.push_back(value.value);
  results.push_back(
      json::Object{{"name", name.str()},
                   {"dtype", value.type == DataType::Int32 ? "i32" : "f32"},
                   {"shape", std::move(shape)}});
}

void Importer::importOutputs(const Node &outputs) {
  for (const Entry &entry : reporter.readEntries(
           &outputs, "'outputs'", "a mapping from names to layers"))
    importOutput(entry);
}

void Importer::importOutput(const Entry &entry) {
  outer.setLoc(reporter.getLocation(entry.keyPosition));
  for (const json::Value &result : results)
    if (result.getAsObject()->getString("name") == StringRef(entry.key))
      reporter.error(entry.keyPosition,
                     "output '{0}' is already a result of 'generate'",
                     entry.key);
  Signal signal = resolve(entry.value, "output '" + entry.key + "'");
  if (!signal.isValid())
    return;
  Tensor value = signal.value;
  json::Array shape{"batch"};
  switch (signal.kind) {
  case Signal::Kind::Tokens:
  case Signal::Kind::Sequence:
  case Signal::Kind::StepScalar:
  case Signal::Kind::StepLabel:
    shape.insert(timeFirst ? shape.begin() : shape.end(), signal.time);
    value = timeFirst ? timeMajor(signal) : batchMajor(signal);
    break;
  case Signal::Kind::State:
    shape.insert(shape.begin(), signal.count);
    break;
  case Signal::Kind::Weights:
    if (signal.features)
      shape.push_back(signal.features);
    if (!signal.time.empty())
      shape.push_back(signal.time);
    shape.push_back(signal.keyTime);
    break;
  default:
    break;
  }
  if (signal.isSequence() || signal.isVector() ||
      signal.kind == Signal::Kind::State)
    shape.push_back(signal.features);
  addResult(entry.key, value, std::move(shape));

  // A label with names makes text in, labels out.
  if (!entry.value.isScalar() || !textKind.empty())
    return;
  auto labels = labelNames.find(entry.value.text);
  if (labels == labelNames.end())
    return;
  textKind = signal.kind == Signal::Kind::StepLabel ? "tag" : "classify";
  textOutput = json::Object{{"labels", json::Array(labels->second)},
                            {"classes", entry.key}};
  const Node *outputs = root.find("outputs");
  for (const Entry &other : outputs->entries)
    if (other.value.isScalar() &&
        other.value.text == labelSources[entry.value.text])
      textOutput["scores"] = other.key;
}

json::Object Importer::describeTextInput() {
  const Vocabulary &vocabulary = vocabularies[textVocabulary];
  auto role = [](std::optional<int64_t> id) {
    return id ? json::Value(*id) : json::Value(nullptr);
  };
  // Without 'marks' a text gets what the vocabulary has.
  auto mark = [&](StringRef key, std::optional<int64_t> id) {
    bool wanted = textMarks.empty() || textMarks == "both" || textMarks == key;
    return role(wanted ? id : std::nullopt);
  };
  json::Object input{{"unit", vocabulary.unit},
                     {"lower", vocabulary.lowercase},
                     {"vocab", json::Array(vocabulary.tokens)},
                     {"pad", vocabulary.pad.value_or(0)},
                     {"unk", role(vocabulary.unknown)},
                     {"bos", mark("start", vocabulary.start)},
                     {"eos", mark("end", vocabulary.end)},
                     {"max_length", role(textMaxLength)},
                     {"ids", textInput}};
  input["lengths"] =
      textLengths.empty() ? json::Value(nullptr) : json::Value(textLengths);
  if (signals[textInput].timeMajor)
    input["layout"] = "time_major";
  return input;
}

json::Object Importer::buildMetadata() {
  json::Object entry{{"name", entryName},
                     {"inputs", std::move(arguments)},
                     {"outputs", std::move(results)}};
  if (generation)
    entry["generation"] = std::move(*generation);
  json::Object metadata{{"name", modelName},
                        {"entries", json::Array{std::move(entry)}}};
  if (!textInput.empty() && !textKind.empty())
    metadata["text"] = json::Object{{"kind", textKind},
                                    {"entry", entryName},
                                    {"input", describeTextInput()},
                                    {"output", std::move(textOutput)}};
  return metadata;
}

} // namespace seqc::yaml
