//===- Schema.cpp - Checked reading of a description ----------------------===//

#include "frontends/YAML/Schema.h"

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

Nothing Reporter::error(Position position, const Twine &message) {
  if (!isMuted && ++numErrors <= kMaxErrors)
    mlir::emitError(getLocation(position), message);
  return {};
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

void MappingReader::checkKeys(ArrayRef<StringRef> keys) const {
  std::string list = join(keys, ", ");
  for (const Entry &entry :
       reporter.readEntries(&node, subject, "a mapping with the keys " + list))
    if (!is_contained(keys, entry.key))
      reporter.error(entry.keyPosition, "unknown key '{0}' in {1}{2}",
                     entry.key, subject,
                     suggest(entry.key, keys, "; known keys are " + list));
}

const Node *MappingReader::require(StringRef key, const Twine &required) const {
  const Node *value = find(key);
  if (!value && node.isMapping())
    reporter.error(node.position, "{0} has no '{1}'; required is {2}", subject,
                   key, required);
  return value;
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
  return reject(key, max == std::numeric_limits<int32_t>::max() && !large
                         ? "a whole number of at least " + Twine(min)
                         : "a whole number from " + Twine(min) + " to " +
                               Twine(max));
}

std::optional<double> MappingReader::getNumber(StringRef key) const {
  return get(key, &Node::asNumber, "a number");
}

std::optional<double>
MappingReader::getNumber(StringRef key, function_ref<bool(double)> isGood,
                         StringRef required) const {
  std::optional<double> number = getNumber(key);
  if (!number || isGood(*number))
    return number;
  return reject(key, required);
}

bool MappingReader::getBool(StringRef key, bool otherwise) const {
  return get(key, &Node::asBool, "true or false").value_or(otherwise);
}

std::optional<std::string> MappingReader::getText(StringRef key) const {
  return get(key, &Node::asText, "a text");
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
  return reject(key, word, required);
}

std::optional<std::string>
MappingReader::getWord(StringRef key, ArrayRef<StringRef> words) const {
  const Node *value = node.find(key);
  if (!value || !checkWord(key, *value, words))
    return std::nullopt;
  return value->text;
}

std::optional<std::string>
MappingReader::requireWord(StringRef key, ArrayRef<StringRef> words) const {
  require(key, "one of " + join(words, ", "));
  return getWord(key, words);
}

/// The items of a list, or one node alone; none without `node`.
static ArrayRef<Node> itemsOf(const Node *node) {
  if (!node)
    return {};
  return node->isSequence() ? ArrayRef(node->items) : ArrayRef(*node);
}

std::vector<std::string>
MappingReader::getWords(StringRef key, ArrayRef<StringRef> words) const {
  std::vector<std::string> result;
  for (const Node &item : itemsOf(node.find(key)))
    if (checkWord(key, item, words))
      result.push_back(item.text);
  return result;
}

std::vector<double> MappingReader::getNumbers(StringRef key) const {
  std::vector<double> result;
  for (const Node &item : itemsOf(node.find(key)))
    if (std::optional<double> number = item.asNumber())
      result.push_back(*number);
    else
      reject(key, item, "a number");
  return result;
}

} // namespace seqc::yaml
