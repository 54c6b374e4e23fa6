//===- ImportVocabularies.cpp - Vocabularies ------------------------------===//

#include "frontends/YAML/Importer.h"

#include "dialect/Support/RegularFile.h"

#include "llvm/Support/ConvertUTF.h"

using namespace llvm;

namespace seqc::yaml {

std::optional<int64_t> Vocabulary::find(StringRef token) const {
  auto it = llvm::find(tokens, token);
  return it == tokens.end() ? std::nullopt : std::optional(it - tokens.begin());
}

/// The code points of `text`, each as a string.
static std::vector<std::string> splitCharacters(StringRef text) {
  std::vector<std::string> characters;
  while (!text.empty()) {
    StringRef character = text.take_front(getNumBytesForUTF8(text[0]));
    characters.push_back(character.str());
    text = text.drop_front(character.size());
  }
  return characters;
}

void Importer::readVocabularies() {
  for (const Entry &entry :
       reporter.readEntries(root.find("vocabularies"), "'vocabularies'",
                            "a mapping from names to vocabularies"))
    vocabularies[entry.key] = readVocabulary(entry);
}

bool Importer::readVocabularyFile(const MappingReader &reader,
                                  Vocabulary &vocabulary) {
  std::optional<std::string> name = reader.getText("file");
  if (!name)
    return !reader.has("file");
  Position position = reader.find("file")->position;
  std::optional<std::string> path =
      confineToFolder(reporter, position, folder, *name);
  if (!path)
    return false;
  auto fail = [&](const Twine &fault) {
    return reporter.error(position, "'{0}'{1}", *path, fault);
  };
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = readRegularFile(*path);
  if (!buffer)
    return fail(" cannot be read: " + buffer.getError().message());
  StringRef text = (*buffer)->getBuffer();
  if (!json::isUTF8(text))
    return fail(" is not valid UTF-8");
  // A byte-order mark is no part of the first token.
  text.consume_front("\xEF\xBB\xBF");
  // Behind the last token may be an empty line, but nowhere else.
  text = text.rtrim("\r\n");
  if (text.empty())
    return fail(" is empty; required is one token a line");
  SmallVector<StringRef> lines;
  text.split(lines, '\n');
  for (auto [i, line] : enumerate(lines)) {
    vocabulary.tokens.push_back(line.rtrim('\r').str());
    if (vocabulary.tokens.back().empty())
      return fail(", line " + Twine(i + 1) +
                  ", is empty; required is one token a line");
  }
  return true;
}

const Vocabulary *Importer::findVocabulary(const MappingReader &reader) const {
  std::optional<std::string> name = reader.getText("vocabulary");
  if (!name)
    return nullptr;
  if (auto it = vocabularies.find(*name); it != vocabularies.end())
    return &it->second;
  return reader.errorAt(
      "vocabulary", "there is no vocabulary '{0}'{1}", *name,
      suggest(*name, make_first_range(vocabularies),
              "; required is one of those under 'vocabularies'"));
}

Vocabulary Importer::readVocabulary(const Entry &entry) {
  MappingReader reader(reporter, entry.value, "vocabulary '" + entry.key + "'",
                       {"unit", "lowercase", "tokens", "characters", "file",
                        "pad", "unknown", "start", "end"});
  Vocabulary vocabulary;
  vocabulary.unit = reader.getWord("unit", {"char", "word"}).value_or("char");
  vocabulary.lowercase = reader.getBool("lowercase", false);
  bool sound = readVocabularyFile(reader, vocabulary);
  if (const Node *tokens = reader.find("tokens")) {
    if (!tokens->isSequence()) {
      reader.reject("tokens", "a list");
      sound = false;
    }
    for (const Node &token : tokens->items) {
      bool isText = token.isScalar() || token.isNull();
      if (!isText)
        reporter.reject(token, Twine(reader.getSubject()) + ": a token",
                        "a text");
      sound &= isText;
      vocabulary.tokens.push_back(token.isNull() ? "null" : token.text);
    }
  }
  if (std::optional<std::string> characters = reader.getText("characters"))
    llvm::append_range(vocabulary.tokens, splitCharacters(*characters));
  else
    sound &= !reader.has("characters");
  // Nothing follows from a part of the tokens.
  if (!sound)
    return {};
  if (vocabulary.tokens.empty()) {
    reporter.error(
        entry.keyPosition,
        "{0} has no tokens; required is 'tokens', 'characters' or 'file'",
        reader.getSubject());
    return vocabulary;
  }

  StringRef source = reader.has("characters") ? "characters"
                     : reader.has("tokens")   ? "tokens"
                                              : "file";
  StringSet<> seen;
  for (const std::string &token : vocabulary.tokens)
    if (!seen.insert(token).second)
      reader.errorAt(source, "'{0}' occurs twice; tokens must be unique",
                     token);

  for (auto [key, role] : {std::pair("pad", &vocabulary.pad),
                           std::pair("unknown", &vocabulary.unknown),
                           std::pair("start", &vocabulary.start),
                           std::pair("end", &vocabulary.end)}) {
    std::optional<std::string> token = reader.getText(key);
    if (token && !(*role = vocabulary.find(*token)))
      reader.errorAt(key, "'{0}' is '{1}', which is not among its {2} tokens",
                     key, *token, vocabulary.tokens.size());
  }
  return vocabulary;
}

} // namespace seqc::yaml
