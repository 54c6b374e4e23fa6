//===- Schema.cpp - Checked reading of a description ----------------------===//

#include "frontends/YAML/Schema.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace seqc::yaml {

/// Nobody reads more errors than this.
static constexpr unsigned kMaxErrors = 100;

//===----------------------------------------------------------------------===//
// Reporter
//===----------------------------------------------------------------------===//

mlir::Location Reporter::getLocation(Position position) const {
  return mlir::FileLineColLoc::get(&context, path, position.line,
                                   position.column);
}

void Reporter::error(Position position, const Twine &message) {
  if (++numErrors <= kMaxErrors)
    mlir::emitError(getLocation(position), message);
}

void Reporter::warn(Position position, const Twine &message) {
  mlir::emitWarning(getLocation(position), message);
}

void Reporter::note(Position position, const Twine &message) {
  // By itself, not attached to another diagnostic.
  mlir::Diagnostic diagnostic(getLocation(position),
                              mlir::DiagnosticSeverity::Note);
  diagnostic << message;
  context.getDiagEngine().emit(std::move(diagnostic));
}

void Reporter::finish() {
  if (numErrors > kMaxErrors)
    mlir::emitError(getLocation({}), Twine(numErrors - kMaxErrors) +
                                         " more errors are not shown");
}

//===----------------------------------------------------------------------===//
// MappingReader
//===----------------------------------------------------------------------===//

MappingReader::MappingReader(Reporter &reporter, const Node &node,
                             std::string subject, ArrayRef<StringRef> keys)
    : reporter(reporter), node(node), subject(std::move(subject)) {
  if (!node.isMapping()) {
    reporter.error(node.position, Twine(this->subject) + " is " +
                                      node.describe() +
                                      "; required is a mapping with the keys " +
                                      join(keys, ", "));
    return;
  }
  for (const Entry &entry : node.entries) {
    if (is_contained(keys, entry.key))
      continue;
    reporter.error(
        entry.keyPosition,
        "unknown key '" + entry.key + "' in " + this->subject +
            suggest(entry.key, keys, "; known keys are " + join(keys, ", ")));
  }
}

void MappingReader::errorAt(StringRef key, const Twine &message) const {
  const Node *value = node.find(key);
  reporter.error(value ? value->position : node.position,
                 Twine(subject) + ": " + message);
}

void MappingReader::mismatch(StringRef key, const Node &found,
                             const Twine &required) const {
  reporter.error(found.position, Twine(subject) + ": '" + key + "' is " +
                                     found.describe() + "; required is " +
                                     required);
}

const Node *MappingReader::require(StringRef key, StringRef required) const {
  if (const Node *value = node.find(key))
    return value;
  if (node.isMapping())
    reporter.error(node.position, Twine(subject) + " has no '" + key +
                                      "'; required is " + required);
  return nullptr;
}

std::optional<int64_t> MappingReader::getInteger(StringRef key, int64_t min,
                                                 int64_t max) const {
  const Node *value = node.find(key);
  if (!value)
    return std::nullopt;
  std::optional<int64_t> number = value->asInteger();
  if (number && *number >= min && *number <= max)
    return number;
  bool large = value->asNumber().value_or(min) > max;
  mismatch(key, *value,
           max == std::numeric_limits<int32_t>::max() && !large
               ? "a whole number of at least " + Twine(min)
               : "a whole number from " + Twine(min) + " to " + Twine(max));
  return std::nullopt;
}

std::optional<double> MappingReader::getNumber(StringRef key) const {
  const Node *value = node.find(key);
  if (!value)
    return std::nullopt;
  std::optional<double> number = value->asNumber();
  if (!number)
    mismatch(key, *value, "a number");
  return number;
}

bool MappingReader::getBool(StringRef key, bool otherwise) const {
  const Node *value = node.find(key);
  if (!value)
    return otherwise;
  std::optional<bool> truth = value->asBool();
  if (!truth)
    mismatch(key, *value, "true or false");
  return truth.value_or(otherwise);
}

std::optional<std::string> MappingReader::getText(StringRef key) const {
  const Node *value = node.find(key);
  if (!value)
    return std::nullopt;
  if (value->isScalar())
    return value->text;
  mismatch(key, *value, "a text");
  return std::nullopt;
}

bool MappingReader::checkWord(StringRef key, const Node &word,
                              ArrayRef<StringRef> words) const {
  if (word.isScalar() && (words.empty() || is_contained(words, word.text)))
    return true;
  std::string required =
      words.empty() ? "a word" : "one of " + join(words, ", ");
  if (word.isScalar())
    if (std::optional<StringRef> nearest = findNearestName(word.text, words))
      required += " (did you mean '" + nearest->str() + "'?)";
  mismatch(key, word, required);
  return false;
}

std::optional<std::string>
MappingReader::getWord(StringRef key, ArrayRef<StringRef> words) const {
  const Node *value = node.find(key);
  if (!value || !checkWord(key, *value, words))
    return std::nullopt;
  return value->text;
}

std::vector<std::string>
MappingReader::getWords(StringRef key, ArrayRef<StringRef> words) const {
  std::vector<std::string> result;
  const Node *value = node.find(key);
  if (!value)
    return result;
  if (!value->isSequence()) {
    if (checkWord(key, *value, words))
      result.push_back(value->text);
    return result;
  }
  for (const Node &item : value->items)
    if (checkWord(key, item, words))
      result.push_back(item.text);
  return result;
}

std::vector<double> MappingReader::getNumbers(StringRef key) const {
  std::vector<double> result;
  const Node *value = node.find(key);
  if (!value)
    return result;
  auto add = [&](const Node &item) {
    if (std::optional<double> number = item.asNumber())
      result.push_back(*number);
    else
      mismatch(key, item, "a number");
  };
  if (!value->isSequence())
    add(*value);
  else
    for (const Node &item : value->items)
      add(item);
  return result;
}

} // namespace seqc::yaml
