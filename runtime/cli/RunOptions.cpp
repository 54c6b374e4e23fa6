//===- RunOptions.cpp - Options of a run ---------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/RunOptions.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <functional>

using namespace seqc::cli;
using namespace seqc::rt;

namespace {

/// Parses a whole word as a number.
template <typename T> bool parseWhole(std::string_view text, T &value) {
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// An option: its name, and what it does. `set` gets the value and returns
/// what the value should have been, or NULL if it was right.
struct Option {
  const char *name;
  bool hasValue;
  const char *(*set)(RunOptions &options, const std::string &value);
};

/// Adds NAME=VALUE to a list.
const char *addAssignment(std::vector<Assignment> &list,
                          const std::string &text, const char *form) {
  size_t equals = text.find('=');
  if (equals == text.npos || equals == 0 || equals + 1 == text.size())
    return form;
  list.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  return nullptr;
}

const char *setTolerance(std::optional<double> &target,
                         const std::string &text) {
  double value;
  if (!parseWhole(text, value) || !(value >= 0))
    return "a number that is not negative";
  target = value;
  return nullptr;
}

/// Products of such numbers with extents do not wrap.
const char *setCount(int64_t &target, const std::string &text) {
  bool good = parseWhole(text, target) && target >= 1 && target <= INT32_MAX;
  return good ? nullptr : "a number from 1 to 2147483647";
}

const Option optionList[] = {
    {"--input", true,
     [](RunOptions &o, const std::string &v) {
       return addAssignment(o.inputs, v, "NAME=VALUE");
     }},
    {"--output", true,
     [](RunOptions &o, const std::string &v) {
       return addAssignment(o.outputs, v, "NAME=FILE");
     }},
    {"--expect", true,
     [](RunOptions &o, const std::string &v) {
       return addAssignment(o.expects, v, "NAME=FILE");
     }},
    {"--step", true,
     [](RunOptions &o, const std::string &v) {
       return addAssignment(o.steps, v, "NAME=FILE");
     }},
    {"--carry", true,
     [](RunOptions &o, const std::string &v) {
       return addAssignment(o.carries, v, "OUTPUT=INPUT");
     }},
    {"--final", true,
     [](RunOptions &o, const std::string &v) {
       return addAssignment(o.finals, v, "NAME=FILE");
     }},
    {"--rtol", true,
     [](RunOptions &o, const std::string &v) {
       return setTolerance(o.tolerance.rtol, v);
     }},
    {"--atol", true,
     [](RunOptions &o, const std::string &v) {
       return setTolerance(o.tolerance.atol, v);
     }},
    {"--entry", true,
     [](RunOptions &o, const std::string &v) -> const char * {
       o.entry = v;
       return nullptr;
     }},
    {"--threads", true,
     [](RunOptions &o, const std::string &v) -> const char * {
       bool good =
           parseWhole(v, o.threads) && o.threads >= 1 && o.threads <= 256;
       return good ? nullptr : "a number from 1 to 256";
     }},
    {"--lengths", true,
     [](RunOptions &o, const std::string &v) -> const char * {
       return parseIntegers(v, o.lengths) ? nullptr
                                          : "numbers separated by commas";
     }},
    {"--beam", true,
     [](RunOptions &o, const std::string &v) { return setCount(o.beam, v); }},
    {"--n-best", true,
     [](RunOptions &o, const std::string &v) {
       return setCount(o.numBest, v);
     }},
    {"--batch", true,
     [](RunOptions &o, const std::string &v) { return setCount(o.batch, v); }},
    {"--max-length", true,
     [](RunOptions &o, const std::string &v) {
       return setCount(o.generation.max_new, v);
     }},
    {"--length-penalty", true,
     [](RunOptions &o, const std::string &v) -> const char * {
       bool good = parseWhole(v, o.generation.length_penalty) &&
                   std::isfinite(o.generation.length_penalty);
       return good ? nullptr : "a finite number";
     }},
    {"--temperature", true,
     [](RunOptions &o, const std::string &v) -> const char * {
       bool good = parseWhole(v, o.generation.temperature) &&
                   o.generation.temperature >= 0 &&
                   std::isfinite(o.generation.temperature);
       return good ? nullptr : "a finite number that is not negative";
     }},
    {"--top-k", true,
     [](RunOptions &o, const std::string &v) -> const char * {
       bool good = parseWhole(v, o.generation.top_k) && o.generation.top_k >= 0;
       return good ? nullptr : "a number from 0 to 2147483647";
     }},
    {"--top-p", true,
     [](RunOptions &o, const std::string &v) -> const char * {
       bool good = parseWhole(v, o.generation.top_p) &&
                   o.generation.top_p > 0 && o.generation.top_p <= 1;
       return good ? nullptr : "a number above 0 and at most 1";
     }},
    {"--seed", true,
     [](RunOptions &o, const std::string &v) -> const char * {
       o.generation.has_seed = 1;
       return parseWhole(v, o.generation.seed)
                  ? nullptr
                  : "a whole number of at most 64 bits";
     }},
    {"--prefix", true,
     [](RunOptions &o, const std::string &v) -> const char * {
       o.prefix = v;
       return nullptr;
     }},
    {"--attention", true,
     [](RunOptions &o, const std::string &v) -> const char * {
       o.attention = v;
       return v.empty() ? "FILE.svg" : nullptr;
     }},
    {"--profile", true,
     [](RunOptions &o, const std::string &v) -> const char * {
       o.profile = v;
       return v.empty() ? "FILE.json" : nullptr;
     }},
    {"--sample", false,
     [](RunOptions &o, const std::string &) -> const char * {
       o.sample = true;
       return nullptr;
     }},
    {"--scores", false,
     [](RunOptions &o, const std::string &) -> const char * {
       o.scores = true;
       return nullptr;
     }},
    {"--json", false,
     [](RunOptions &o, const std::string &) -> const char * {
       o.json = true;
       return nullptr;
     }},
    {"--quiet", false,
     [](RunOptions &o, const std::string &) -> const char * {
       o.quiet = true;
       return nullptr;
     }},
    {"--verify", false,
     [](RunOptions &o, const std::string &) -> const char * {
       o.verify = true;
       return nullptr;
     }},
    {"--help", false,
     [](RunOptions &o, const std::string &) -> const char * {
       o.help = true;
       return nullptr;
     }},
};

/// Number of edits between two words, for suggestions.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

/// "; did you mean '--input'?", or nothing.
std::string suggestion(std::string_view name) {
  const char *best = nullptr;
  size_t least = 3;
  for (const Option &option : optionList)
    if (size_t d = distance(name, option.name); d < least) {
      least = d;
      best = option.name;
    }
  return best ? std::string("; did you mean '") + best + "'?" : "";
}

} // namespace

bool seqc::cli::parseIntegers(std::string_view text,
                              std::vector<int64_t> &values) {
  values.clear();
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']')
    text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    size_t end = std::min(text.find_first_of(",;x "), text.size());
    int64_t value;
    if (!parseWhole(text.substr(0, end), value))
      return false;
    values.push_back(value);
    // A separator is followed by a number.
    if (end + 1 == text.size())
      return false;
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!text.empty() && text.front() == ' ')
      text.remove_prefix(1);
  }
  return !values.empty();
}

Taken seqc::cli::takeRunOption(const std::vector<std::string> &arguments,
                               size_t &index, RunOptions &options,
                               std::string &error) {
  const std::string &argument = arguments[index];
  if (argument == "--") {
    for (++index; index < arguments.size(); ++index)
      options.texts.push_back(arguments[index]);
    return Taken::Yes;
  }
  if (argument.size() < 2 || argument[0] != '-') {
    options.texts.push_back(argument);
    ++index;
    return Taken::Yes;
  }
  size_t equals = argument.find('=');
  std::string name = argument.substr(0, equals);
  if (name == "-h")
    name = "--help";
  for (const Option &option : optionList) {
    if (name != option.name)
      continue;
    std::string value;
    size_t next = index + 1;
    if (!option.hasValue && equals != argument.npos) {
      error = "option '" + name + "' takes no value";
      return Taken::Bad;
    }
    if (option.hasValue) {
      if (equals != argument.npos) {
        value = argument.substr(equals + 1);
      } else if (next < arguments.size()) {
        value = arguments[next++];
      } else {
        error = "option '" + name + "' needs a value";
        return Taken::Bad;
      }
    }
    if (const char *required = option.set(options, value)) {
      error =
          "option '" + name + "': found '" + value + "'; required: " + required;
      return Taken::Bad;
    }
    index = next;
    return Taken::Yes;
  }
  return Taken::No;
}

Status seqc::cli::parseRunOptions(const std::vector<std::string> &arguments,
                                  RunOptions &options) {
  for (size_t index = 0; index < arguments.size();) {
    std::string error;
    size_t at = index;
    switch (takeRunOption(arguments, index, options, error)) {
    case Taken::Yes:
      break;
    case Taken::No: {
      std::string name = arguments[at].substr(0, arguments[at].find('='));
      return invalid("unknown option '" + name + "'" + suggestion(name));
    }
    case Taken::Bad:
      return invalid(error);
    }
  }
  return {};
}

const char *seqc::cli::runOptionsHelp() {
  return R"(Inputs and outputs:
  --input NAME=VALUE    .npy .npz .pb .txt .json file, 1,2,3, [[1,2],[3,4]],
                        or random:SHAPE[:SEED]; NAME may be a position (0=...)
  --output NAME=FILE    write an output to .npy .pb .json .txt
  --expect NAME=FILE    compare an output; exit code 1 if it differs
  --rtol R --atol A     tolerance of --expect
  --lengths 3,7,5       lengths of the rows of a batch
  --entry NAME          function to run

Step by step:
  --step NAME=FILE      feed one slice of the file's first axis per step
  --carry OUTPUT=INPUT  feed an output back as an input of the next step
  --final NAME=FILE     write an output of the last step

Generation:
  --n-best N            print the N best results of each text
  --scores              print scores
  --max-length N        at most N new tokens
  --length-penalty A    exponent of the length in scores
  --beam N              width the model was compiled with
  --prefix TEXT         beginning of the result
  --sample              draw tokens; for a model compiled with --sample, which
                        draws without it too
  --temperature T       divides the logits; 0: the most probable token
  --top-k K             draw among the K most probable tokens; 0: among all
  --top-p P             draw among those that make up the probability P
  --seed S              seed of the random numbers
  --attention FILE.svg  draw the attention

Running:
  --threads N           threads to use (default: SEQC_NUM_THREADS, else 1)
  --batch N             texts that share a call (default 32)
  --profile FILE.json   write a Chrome trace
  --verify              compare the weights with the digest they were written
                        with, however large (small ones always are); stops
                        there if no inputs are given
  --json                print results as JSON
  --quiet               print no notes and no previews
  --help                show this
)";
}
