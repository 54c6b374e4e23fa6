//===- TextModel.cpp - The text object of the metadata -------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/text/TextModel.h"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace seqc::rt;
using nlohmann::json;

namespace {

/// Reads the members of one object; remembers the first problem.
class ObjectReader {
public:
  ObjectReader(const json &parent, const char *key, std::string path)
      : path(std::move(path)) {
    auto it = parent.find(key);
    if (it != parent.end() && it->is_object())
      object = &*it;
    else
      fail("",
           "found " +
               std::string(it == parent.end() ? "nothing" : it->type_name()) +
               "; required: an object");
  }

  const json *get(const char *key) const {
    if (!object)
      return nullptr;
    auto it = object->find(key);
    return it == object->end() || it->is_null() ? nullptr : &*it;
  }

  std::string string(const char *key, std::string fallback = "") {
    const json *value = get(key);
    if (!value)
      return fallback;
    if (!value->is_string()) {
      fail(key,
           "found " + std::string(value->type_name()) + "; required: a string");
      return fallback;
    }
    return value->get<std::string>();
  }

  bool boolean(const char *key) {
    const json *value = get(key);
    if (value && !value->is_boolean())
      fail(key, "found " + std::string(value->type_name()) +
                    "; required: true or false");
    return value && value->is_boolean() && value->get<bool>();
  }

  std::optional<int64_t> integer(const char *key) {
    const json *value = get(key);
    if (!value)
      return std::nullopt;
    if (!value->is_number_integer()) {
      fail(key, "found " + std::string(value->type_name()) +
                    "; required: an integer");
      return std::nullopt;
    }
    return value->get<int64_t>();
  }

  std::vector<std::string> strings(const char *key) {
    std::vector<std::string> result;
    const json *value = get(key);
    if (!value || !value->is_array()) {
      fail(key, value ? "required: an array of strings" : "is missing");
      return result;
    }
    for (const json &element : *value) {
      if (!element.is_string()) {
        fail(key, "element " + std::to_string(result.size()) + " is no string");
        return result;
      }
      result.push_back(element.get<std::string>());
    }
    return result;
  }

  /// One of a list of words; its index.
  size_t choice(const char *key, std::initializer_list<const char *> words,
                const char *fallback) {
    std::string word = string(key, fallback);
    std::string list;
    size_t index = 0;
    for (const char *known : words) {
      if (word == known)
        return index;
      list += (list.empty() ? "'" : ", '") + std::string(known) + "'";
      ++index;
    }
    fail(key, "found '" + word + "'; required: one of " + list);
    return 0;
  }

  void fail(const std::string &key, const std::string &what) {
    if (problem.empty())
      problem =
          "metadata: " + path + (key.empty() ? "" : "." + key) + ": " + what;
  }

  Status status() const {
    return problem.empty() ? Status() : invalid(problem);
  }

private:
  const json *object = nullptr;
  std::string path;
  std::string problem;
};

/// Checks that `name`, if not empty, is a value of the entry.
void checkName(ObjectReader &reader, const char *key, const std::string &name,
               const std::vector<ValueSignature> &values) {
  if (name.empty())
    return;
  for (const ValueSignature &value : values)
    if (value.name == name)
      return;
  reader.fail(key, "names '" + name + "'; the entry has " + listNames(values));
}

std::vector<int64_t>
present(std::initializer_list<std::optional<int64_t>> ids) {
  std::vector<int64_t> result;
  for (const std::optional<int64_t> &id : ids)
    if (id)
      result.push_back(*id);
  return result;
}

Status readInput(const json &text, const EntrySignature &entry,
                 TextModel &model) {
  ObjectReader reader(text, "input", "text.input");
  auto &input = model.input;
  input.unit = reader.choice("unit", {"char", "word"}, "") == 0
                   ? TextUnit::Char
                   : TextUnit::Word;
  input.lower = reader.boolean("lower");
  input.timeMajor =
      reader.choice("layout", {"batch_major", "time_major"}, "batch_major");
  input.unk = reader.integer("unk");
  input.bos = reader.integer("bos");
  input.eos = reader.integer("eos");
  std::optional<int64_t> pad = reader.integer("pad");
  input.pad = pad.value_or(0);
  input.maxLength = reader.integer("max_length");
  input.ids = reader.string("ids");
  input.lengths = reader.string("lengths");
  if (input.ids.empty())
    reader.fail("ids", "is missing");
  checkName(reader, "ids", input.ids, entry.inputs);
  checkName(reader, "lengths", input.lengths, entry.inputs);
  std::vector<std::string> list = reader.strings("vocab");
  if (Status status = reader.status(); !status.ok())
    return status;
  Result<Vocabulary> vocabulary = Vocabulary::create(
      std::move(list), present({input.unk, input.bos, input.eos, pad}));
  if (!vocabulary)
    return invalid(std::string("metadata: text.input.vocab: ") +
                   vocabulary.status().message());
  input.vocabulary = std::move(*vocabulary);
  return {};
}

/// Reads `eos`: an id or a list of ids.
void readEnds(ObjectReader &reader, std::vector<int64_t> &ends) {
  const json *value = reader.get("eos");
  if (!value)
    return;
  const json list = value->is_array() ? *value : json::array({*value});
  for (const json &id : list) {
    if (!id.is_number_integer()) {
      reader.fail("eos", "required: an id or a list of ids");
      return;
    }
    ends.push_back(id.get<int64_t>());
  }
}

Status readGenerateOutput(ObjectReader &reader, const EntrySignature &entry,
                          TextModel &model) {
  auto &output = model.output;
  output.tokens = reader.string("tokens");
  if (output.tokens.empty())
    reader.fail("tokens", "is missing");
  output.lengths = reader.string("lengths");
  output.prefix = reader.string("prefix");
  output.prefixLengths = reader.string("prefix_lengths");
  output.join = reader.string("join");
  output.unit = reader.choice("unit", {"char", "word"},
                              output.join.empty() ? "char" : "word") == 0
                    ? TextUnit::Char
                    : TextUnit::Word;
  output.bos = reader.integer("bos");
  output.pad = reader.integer("pad");
  readEnds(reader, output.ends);
  checkName(reader, "tokens", output.tokens, entry.outputs);
  checkName(reader, "lengths", output.lengths, entry.outputs);
  checkName(reader, "prefix", output.prefix, entry.inputs);
  checkName(reader, "prefix_lengths", output.prefixLengths, entry.inputs);
  std::vector<std::string> list = reader.strings("vocab");
  if (Status status = reader.status(); !status.ok())
    return status;
  std::vector<int64_t> special = present({output.bos, output.pad});
  special.insert(special.end(), output.ends.begin(), output.ends.end());
  Result<Vocabulary> vocabulary = Vocabulary::create(std::move(list), special);
  if (!vocabulary)
    return invalid(std::string("metadata: text.output.vocab: ") +
                   vocabulary.status().message());
  output.vocabulary = std::move(*vocabulary);
  return {};
}

Status readOutput(const json &text, const EntrySignature &entry,
                  TextModel &model) {
  ObjectReader reader(text, "output", "text.output");
  auto &output = model.output;
  output.scores = reader.string("scores");
  output.attention = reader.string("attention");
  checkName(reader, "scores", output.scores, entry.outputs);
  checkName(reader, "attention", output.attention, entry.outputs);
  if (model.kind == TextKind::Generate)
    return readGenerateOutput(reader, entry, model);
  output.classes = reader.string("classes");
  output.labels = reader.strings("labels");
  output.form = ScoreForm(
      reader.choice("normalize", {"softmax", "sigmoid", "none"}, "softmax"));
  checkName(reader, "classes", output.classes, entry.outputs);
  if (output.scores.empty() && output.classes.empty())
    reader.fail("scores", "is missing, and so is 'classes'");
  return reader.status();
}

} // namespace

Result<std::optional<TextModel>>
seqc::rt::parseTextModel(const json &metadata,
                         const std::vector<EntrySignature> &entries) {
  auto it = metadata.find("text");
  if (it == metadata.end() || it->is_null())
    return std::optional<TextModel>();
  TextModel model;
  ObjectReader reader(metadata, "text", "text");
  model.kind =
      TextKind(reader.choice("kind", {"generate", "classify", "tag"}, ""));
  model.entry = reader.string("entry");
  if (Status status = reader.status(); !status.ok())
    return status;
  auto entry = std::find_if(
      entries.begin(), entries.end(),
      [&](const EntrySignature &known) { return known.name == model.entry; });
  if (entry == entries.end())
    return invalid("metadata: text.entry: there is no entry '" + model.entry +
                   "'");
  if (Status status = readInput(*it, *entry, model); !status.ok())
    return status;
  if (Status status = readOutput(*it, *entry, model); !status.ok())
    return status;
  return std::optional<TextModel>(std::move(model));
}
