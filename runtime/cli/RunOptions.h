//===- RunOptions.h - Options of a run -----------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CLI_RUNOPTIONS_H
#define SEQC_RUNTIME_CLI_RUNOPTIONS_H

#include "runtime/cli/Compare.h"
#include "runtime/core/Status.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace seqc::cli {

/// NAME=VALUE.
using Assignment = std::pair<std::string, std::string>;

/// What the command line asks of a run.
struct RunOptions {
  /// Name of the program, put before messages.
  std::string program = "seqc";
  /// Entry to run; empty: the text pipeline's, else the first.
  std::string entry;
  std::vector<Assignment> inputs, outputs, expects, steps, carries, finals;
  Tolerance tolerance;
  /// 0: the environment's choice.
  int32_t threads = 0;
  std::vector<int64_t> lengths;
  seqc_generation_options_t generation;
  /// 0: what the model was compiled with.
  int64_t beam = 0, numBest = 0;
  bool sample = false;
  std::optional<std::string> prefix;
  std::string attention, profile;
  bool scores = false, json = false, quiet = false, help = false;
  /// Compare the weights with their digest first, whatever their size.
  bool verify = false;
  /// Texts that share a call.
  int64_t batch = 32;
  /// Arguments that are no options.
  std::vector<std::string> texts;

  RunOptions() { seqc_generation_options_init(&generation); }
};

/// What became of an argument.
enum class Taken {
  /// It was an option of a run, or a text; the index is at the next argument.
  Yes,
  /// It is an option that a run does not have.
  No,
  /// It is one, but its value is missing or wrong.
  Bad
};

/// Takes the argument at `index`, with its value, into `options`. Options are
/// `--name value` or `--name=value`; everything after `--` is text. On Bad
/// `error` says why.
Taken takeRunOption(const std::vector<std::string> &arguments, size_t &index,
                    RunOptions &options, std::string &error);

/// Parses all arguments, which must be options of a run or texts.
rt::Status parseRunOptions(const std::vector<std::string> &arguments,
                           RunOptions &options);

/// The lines of `--help` that describe the options.
const char *runOptionsHelp();

/// Splits "a,b;c" or "axb" into integers.
bool parseIntegers(std::string_view text, std::vector<int64_t> &values);

} // namespace seqc::cli

#endif // SEQC_RUNTIME_CLI_RUNOPTIONS_H
