//===- RunTexts.cpp - Texts to texts -------------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/AttentionSvg.h"
#include "runtime/cli/InputValue.h"
#include "runtime/cli/OutputFile.h"
#include "runtime/cli/Progress.h"
#include "runtime/cli/RunModel.h"
#include "runtime/cli/TensorFile.h"
#include "runtime/text/Utf8.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <unistd.h>

using namespace seqc::cli;
using namespace seqc::rt;
using nlohmann::json;

namespace {

/// Lines of standard input, as many at a time as are there.
class LineReader {
public:
  /// The next line; false at the end. IO through `status`.
  bool next(std::string &line, Status &status) {
    for (size_t searched = 0;;) {
      size_t end = buffer.find('\n', position + searched);
      if (end != buffer.npos) {
        line = buffer.substr(position, end - position);
        position = end + 1;
        break;
      }
      if (ended) {
        if (position == buffer.size())
          return false;
        line = buffer.substr(position);
        position = buffer.size();
        break;
      }
      searched = buffer.size() - position;
      if (searched > mostBytes) {
        status = invalid("a line of standard input is longer than " +
                         std::to_string(mostBytes) + " bytes");
        return false;
      }
      if (!fill(status))
        return false;
    }
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    return true;
  }

  /// True if a line can be had without waiting.
  bool ready() {
    if (ended || buffer.find('\n', position) != buffer.npos)
      return true;
    pollfd input = {STDIN_FILENO, POLLIN, 0};
    return poll(&input, 1, 0) > 0;
  }

private:
  bool fill(Status &status) {
    buffer.erase(0, position);
    position = 0;
    char piece[1 << 16];
    ssize_t count;
    do
      count = read(STDIN_FILENO, piece, sizeof piece);
    while (count < 0 && errno == EINTR);
    if (count < 0) {
      status = invalid(std::string("cannot read standard input: ") +
                       std::strerror(errno));
      return false;
    }
    ended = count == 0;
    buffer.append(piece, size_t(count));
    return true;
  }

  /// A device may have no line that ends.
  static constexpr size_t mostBytes = size_t(1) << 26;

  std::string buffer;
  size_t position = 0;
  bool ended = false;
};

/// A text on its way through the model.
struct Item {
  std::string text;
  EncodedText encoded;
  /// Why the text cannot be read; it then gives an empty line.
  std::string problem;
  /// Number of the text, from 0.
  int64_t row = 0;
};

/// True if an option names what only text has.
bool isTextName(const Assignment &assignment) {
  return assignment.first == "text";
}

/// Runs texts and prints results.
class TextRun {
public:
  TextRun(Executor &executor, const EntrySignature &entry,
          const TextModel &model, const RunOptions &options, Profile *profile)
      : executor(executor), entry(entry), model(model), options(options),
        profile(profile),
        progress("texts", int64_t(options.texts.size()), options.quiet) {
    keepLines =
        std::any_of(options.outputs.begin(), options.outputs.end(),
                    isTextName) ||
        std::any_of(options.expects.begin(), options.expects.end(), isTextName);
    // One call for all when its outputs are looked at as tensors.
    auto isTensorName = [](const Assignment &a) { return !isTextName(a); };
    together = std::any_of(options.outputs.begin(), options.outputs.end(),
                           isTensorName) ||
               std::any_of(options.expects.begin(), options.expects.end(),
                           isTensorName);
    // A model with a fixed batch takes no more texts at a time.
    const ValueSignature &ids =
        entry.inputs[size_t(entry.findInput(model.input.ids))];
    batchLimit = options.batch;
    if (ids.shape.size() == 2) {
      int64_t fixed = ids.shape[model.input.timeMajor ? 1 : 0].extent;
      batchLimit = fixed > 0 ? fixed : options.batch;
    }
  }

  int run();

private:
  Status prepare();
  Status checkOptions() const;
  int runArguments();
  int runStandardInput();

  /// Runs items, batch by batch.
  Status runItems(const std::vector<Item> &items);
  Status runBatch(const std::vector<const Item *> &batch);
  /// Prints results, or none and the `problem`.
  void print(const Item &item, const std::vector<TextResult> &results,
             const std::string &problem = "");
  json toJson(const Item &item, const std::vector<TextResult> &results,
              const std::string &problem) const;
  /// Reports a text for which the search found nothing.
  void reportLost(const Item &item, const std::string &problem);
  void addMap(const Item &item, const std::vector<TextResult> &results);

  /// The tensor of an output of the last call.
  Result<const seqc_tensor_t *> lastOutput(const std::string &name) const {
    auto index = size_t(entry.findOutput(name));
    if (index >= lastOutputs.size() || !lastOutputs[index])
      return invalid("there is no output '" + name + "' without texts");
    return lastOutputs[index].get();
  }

  /// Writes files and compares, at the end.
  int finish();
  Status writeFiles();

  Executor &executor;
  const EntrySignature &entry;
  const TextModel &model;
  const RunOptions &options;
  Profile *profile;

  std::vector<TensorRef> fixedInputs;
  std::optional<EncodedText> prefix;
  std::vector<AttentionMap> maps;
  std::vector<std::string> lines;
  std::vector<TensorRef> lastOutputs;
  Progress progress;
  int64_t shown = 0, printed = 0, batchLimit = 1;
  bool keepLines = false, together = false, anyBad = false;
  /// Whether texts are numbered as arguments, not as lines.
  bool fromArguments = false;
};

Status TextRun::checkOptions() const {
  if (!options.steps.empty() || !options.carries.empty() ||
      !options.finals.empty() || !options.lengths.empty())
    return invalid("--step, --carry, --final and --lengths are for tensors; "
                   "give '" +
                   model.input.ids + "' by --input");
  for (const auto *list : {&options.outputs, &options.expects})
    for (const Assignment &assignment : *list)
      if (!isTextName(assignment) && entry.findOutput(assignment.first) < 0)
        return unknownName("output", assignment.first, entry.outputs);
  if (!options.attention.empty() && model.output.attention.empty())
    return invalid("--attention: this model has no attention among its "
                   "outputs");
  if (options.scores && model.output.scores.empty())
    return invalid("--scores: this model has no scores among its outputs");
  return {};
}

Status TextRun::prepare() {
  if (Status status = checkOptions(); !status.ok())
    return status;
  if (Status status = readInputs(entry, options, {"text"}, fixedInputs);
      !status.ok())
    return status;
  if (options.prefix) {
    Result<EncodedText> encoded = encodePrefix(model, *options.prefix);
    if (!encoded) {
      Status status = encoded.status();
      return Status(status.code(),
                    std::string("--prefix: ") + status.message());
    }
    prefix = std::move(*encoded);
  }
  return {};
}

Status TextRun::runBatch(const std::vector<const Item *> &batch) {
  std::vector<EncodedText> texts;
  for (const Item *item : batch)
    texts.push_back(item->encoded);
  std::map<std::string, TensorRef> named;
  if (Status status = makeBatch(model, entry, texts, named); !status.ok())
    return status;
  if (prefix)
    if (Status status =
            addPrefix(model, entry, *prefix, int64_t(texts.size()), named);
        !status.ok())
      return status;
  RunRequest request;
  request.entry = &entry;
  request.generation = options.generation;
  // Random numbers follow the text, however texts are put into batches.
  request.generation.first_row = batch.front()->row & INT32_MAX;
  request.inputs = fixedInputs;
  for (auto &[name, tensor] : named)
    request.inputs[size_t(entry.findInput(name))] = tensor;
  for (const ValueSignature &value : entry.outputs)
    request.wanted.push_back(value.name != model.output.attention ||
                             !options.attention.empty() || together);
  if (Status status = executor.run(request, lastOutputs); !status.ok())
    return status;
  int64_t limit = options.numBest ? options.numBest : 1;
  for (size_t row = 0; row < batch.size(); ++row) {
    Result<std::vector<TextResult>> results =
        readResults(model, entry, lastOutputs, int64_t(row), texts[row], limit);
    if (!results)
      return results.status();
    if (prefix && model.kind == TextKind::Generate)
      for (TextResult &result : *results) {
        std::string begin;
        for (const std::string &unit : prefix->units)
          begin += (begin.empty() ? "" : model.output.join) + unit;
        result.text = begin + (result.text.empty() ? "" : model.output.join) +
                      result.text;
      }
    if (!results->empty() && !results->front().problem.empty()) {
      reportLost(*batch[row], results->front().problem);
      continue;
    }
    print(*batch[row], *results);
    addMap(*batch[row], *results);
  }
  return {};
}

void TextRun::reportLost(const Item &item, const std::string &problem) {
  anyBad = true;
  // The line stays empty, so that lines of texts and results belong together.
  print(item, {}, problem);
  progress.clear();
  reportError(options.program,
              invalid((fromArguments ? "text " : "line ") +
                      std::to_string(item.row + 1) + ": " + problem));
}

Status TextRun::runItems(const std::vector<Item> &items) {
  std::vector<const Item *> batch;
  auto flush = [&]() {
    Status status = batch.empty() ? Status() : runBatch(batch);
    batch.clear();
    return status;
  };
  for (const Item &item : items) {
    bool fits = batch.empty() || together ||
                (int64_t(batch.size()) < batchLimit &&
                 (!model.input.lengths.empty() ||
                  batch[0]->encoded.ids.size() == item.encoded.ids.size()));
    if (!fits || !item.problem.empty())
      if (Status status = flush(); !status.ok())
        return status;
    if (item.problem.empty())
      batch.push_back(&item);
    else
      print(item, {}, item.problem);
  }
  return flush();
}

json TextRun::toJson(const Item &item, const std::vector<TextResult> &results,
                     const std::string &problem) const {
  json list = json::array();
  for (const TextResult &result : results) {
    json object = {{"text", result.text}};
    if (model.kind != TextKind::Classify)
      object["tokens"] = result.tokens;
    if (result.score)
      object["score"] = *result.score;
    if (!result.unitScores.empty())
      object["scores"] = result.unitScores;
    if (!options.attention.empty())
      object["attention"] = result.attention;
    list.push_back(std::move(object));
  }
  json object = {{"input", item.text}, {"results", std::move(list)}};
  if (!problem.empty())
    object["error"] = problem;
  return object;
}

void TextRun::print(const Item &item, const std::vector<TextResult> &results,
                    const std::string &problem) {
  if (keepLines)
    lines.push_back(results.empty() ? "" : results.front().text);
  progress.show(++shown);
  if (options.json) {
    std::printf("%s%s", printed++ ? ",\n" : "[\n",
                toJson(item, results, problem)
                    .dump(-1, ' ', false, json::error_handler_t::replace)
                    .c_str());
    return;
  }
  if (options.numBest > 1 && printed++ > 0)
    std::printf("\n");
  if (results.empty())
    std::printf("\n");
  for (const TextResult &result : results) {
    std::fwrite(result.text.data(), 1, result.text.size(), stdout);
    if (options.scores && result.score)
      std::printf("\t%.6g", *result.score);
    if (options.scores)
      for (double score : result.unitScores)
        std::printf("\t%.6g", score);
    std::printf("\n");
  }
}

void TextRun::addMap(const Item &item, const std::vector<TextResult> &results) {
  if (options.attention.empty() || results.empty())
    return;
  const TextResult &result = results.front();
  AttentionMap map;
  map.title = item.text + "  \xe2\x86\x92  " + result.text;
  map.columns = item.encoded.units;
  map.rows = model.kind == TextKind::Tag &&
                     result.attention.size() == item.encoded.units.size()
                 ? item.encoded.units
                 : result.tokens;
  map.rows.resize(std::min(map.rows.size(), result.attention.size()));
  map.weights = result.attention;
  maps.push_back(std::move(map));
}

Status TextRun::writeFiles() {
  for (const auto &[name, path] : options.outputs) {
    std::string contents;
    if (name == "text") {
      for (const std::string &line : lines)
        contents += line + "\n";
    } else {
      Result<const seqc_tensor_t *> tensor = lastOutput(name);
      if (!tensor)
        return tensor.status();
      Result<std::string> formatted = formatTensorFile(path, **tensor, name);
      if (!formatted)
        return formatted.status();
      contents = std::move(*formatted);
    }
    if (Status status = writeFileWhole(path, contents); !status.ok())
      return status;
  }
  if (options.attention.empty())
    return {};
  return writeFileWhole(options.attention, drawAttention(maps));
}

/// Splits the contents of a file into lines.
std::vector<std::string> splitLines(const std::string &text) {
  std::vector<std::string> result;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    result.push_back(text.substr(begin, end - begin));
    if (!result.back().empty() && result.back().back() == '\r')
      result.back().pop_back();
    begin = end + 1;
  }
  return result;
}

int TextRun::finish() {
  progress.clear();
  if (options.json)
    std::printf("%s\n", printed ? "\n]" : "[]");
  if (Status status = writeFiles(); !status.ok())
    return reportError(options.program, status);
  bool same = true;
  for (const auto &[name, path] : options.expects) {
    if (name != "text") {
      Result<const seqc_tensor_t *> got = lastOutput(name);
      if (!got)
        return reportError(options.program, got.status());
      Result<TensorRef> want = readExpected(
          entry.outputs[size_t(entry.findOutput(name))], path, **got);
      if (!want)
        return reportError(options.program, want.status());
      Comparison comparison =
          compareTensors(**got, *want->get(), options.tolerance);
      same &= comparison.passed;
      std::fprintf(stderr, "%s %s: %s\n",
                   comparison.passed ? "same" : "DIFFERENT", name.c_str(),
                   describeComparison(comparison).c_str());
      continue;
    }
    Result<std::string> contents = readFile(path);
    if (!contents)
      return reportError(options.program, invalid(contents.status().message()));
    std::vector<std::string> want = splitLines(*contents);
    size_t equal = 0;
    for (size_t i = 0; i < std::min(want.size(), lines.size()); ++i)
      equal += want[i] == lines[i];
    bool passed = want.size() == lines.size() && equal == lines.size();
    same &= passed;
    std::fprintf(stderr, "%s text: %zu of %zu lines equal, %zu expected\n",
                 passed ? "same" : "DIFFERENT", equal, lines.size(),
                 want.size());
  }
  if (!same)
    return ExitDifferent;
  return anyBad ? ExitBadInput : ExitDone;
}

int TextRun::runArguments() {
  fromArguments = true;
  std::vector<std::string> texts = options.texts;
  for (const Assignment &assignment : options.inputs) {
    if (!isTextName(assignment))
      continue;
    Result<std::string> contents = readFile(assignment.second);
    if (!contents)
      return reportError(options.program, invalid(contents.status().message()));
    for (std::string &line : splitLines(*contents))
      texts.push_back(std::move(line));
  }
  std::vector<Item> items(texts.size());
  // All texts are read before any runs, so that all problems are told.
  for (size_t i = 0; i < texts.size(); ++i) {
    items[i].text = texts[i];
    items[i].row = int64_t(i);
    Result<EncodedText> encoded = encodeText(model, texts[i]);
    if (encoded) {
      items[i].encoded = std::move(*encoded);
      continue;
    }
    anyBad = true;
    reportError(options.program, invalid("text " + std::to_string(i + 1) +
                                         ": " + encoded.status().message()));
  }
  if (anyBad)
    return ExitBadInput;
  {
    ProfileScope scope(profile, "texts");
    if (Status status = runItems(items); !status.ok())
      return reportError(options.program, status);
  }
  return finish();
}

int TextRun::runStandardInput() {
  if (isatty(STDIN_FILENO))
    reportNote(options, "reading texts from standard input, one per line");
  LineReader reader;
  Status status;
  int64_t number = 0;
  bool more = true;
  while (more) {
    std::vector<Item> items;
    while (together || int64_t(items.size()) < batchLimit) {
      if (!together && !items.empty() && !reader.ready())
        break;
      Item item;
      more = reader.next(item.text, status);
      if (!more)
        break;
      item.row = number++;
      Result<EncodedText> encoded = encodeText(model, item.text);
      if (encoded) {
        item.encoded = std::move(*encoded);
      } else {
        item.problem = encoded.status().message();
        anyBad = true;
        progress.clear();
        reportError(options.program, invalid("line " + std::to_string(number) +
                                             ": " + item.problem));
      }
      items.push_back(std::move(item));
    }
    // Tensors of all texts are no use when one is missing.
    if (together && anyBad)
      return ExitBadInput;
    if (status.ok())
      status = runItems(items);
    if (!status.ok())
      return reportError(options.program, status);
    if (flushOutput() != OutputState::Good)
      return anyBad ? ExitBadInput : ExitDone;
  }
  return finish();
}

int TextRun::run() {
  if (Status status = prepare(); !status.ok())
    return reportError(options.program, status);
  bool named =
      std::any_of(options.inputs.begin(), options.inputs.end(), isTextName);
  if (!options.texts.empty() || named)
    return runArguments();
  return runStandardInput();
}

} // namespace

int seqc::cli::runTexts(Executor &executor, const EntrySignature &entry,
                        const TextModel &text, const RunOptions &options,
                        Profile *profile) {
  return TextRun(executor, entry, text, options, profile).run();
}
