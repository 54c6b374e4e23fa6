//===- RunModel.h - Runs from the command line ---------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The whole of a run: inputs from options, texts or standard input, the run,
// outputs to files or to standard output. Shared by executables and `seqc run`.
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CLI_RUNMODEL_H
#define SEQC_RUNTIME_CLI_RUNMODEL_H

#include "runtime/cli/Executor.h"
#include "runtime/cli/Profile.h"
#include "runtime/cli/RunOptions.h"
#include "seqc/exit_code.h"

#include <map>

namespace seqc::cli {

/// Exit codes of the command line.
enum ExitCode {
  ExitDone = SEQC_EXIT_DONE,
  ExitDifferent = SEQC_EXIT_DIFFERS,
  ExitBadInput = SEQC_EXIT_BAD_INPUT,
  ExitUnsupported = SEQC_EXIT_UNSUPPORTED,
  ExitFault = SEQC_EXIT_FAULT,
  ExitEnvironment = SEQC_EXIT_ENVIRONMENT
};

/// The exit code that a failure leads to.
ExitCode exitCodeOf(seqc_status_code_t code);

/// Prints "PROGRAM: error: MESSAGE" on standard error and returns the exit
/// code.
ExitCode reportError(const std::string &program, const Status &status);

/// Prints "PROGRAM: note: MESSAGE" on standard error, unless quiet.
void reportNote(const RunOptions &options, const std::string &message);

/// What became of standard output.
enum class OutputState { Good, ReaderGone, Failed };

/// Hands everything printed to the system. A reader that has gone away is no
/// failure of ours.
OutputState flushOutput();

/// Hands everything printed to the system; returns `code`, or that of the
/// failure, which it reports.
int finishOutput(const std::string &program, int code);

/// Runs a model as `options` ask and returns the exit code. Writes the profile
/// if one is asked for.
int runModel(Executor &executor, const RunOptions &options,
             Profile *profile = nullptr);

/// Prints what the model takes and gives, and the options.
void printHelp(const Executor &executor, const RunOptions &options);

/// The main program of an executable: `table` is its model.
int runTable(const void *table, int argc, char **argv);

//===----------------------------------------------------------------------===//
// Parts that `seqc test` and `seqc bench` use as well
//===----------------------------------------------------------------------===//

/// Steps of a sequence.
struct StepPlan {
  /// Inputs that stay, or begin; empty where a default or a step gives them.
  std::vector<TensorRef> inputs;
  /// Per input, values of all steps along the first axis; may be empty.
  std::vector<TensorRef> perStep;
  /// Number of steps where nothing is given per step; -1: unknown.
  int64_t steps = -1;
  /// Input index to the index of the output that it gets.
  std::map<int, int> carries;
  seqc_generation_options_t generation;
};

/// What a sequence gave, per output.
struct StepResult {
  /// All steps along a new first axis.
  std::vector<TensorRef> stacked;
  std::vector<TensorRef> last;
};

/// Runs an entry once per step.
Status runSteps(Executor &executor, const EntrySignature &entry,
                const StepPlan &plan, StepResult &result);

/// Finds an entry; an empty name stands for the text pipeline's or the first.
Result<const EntrySignature *> chooseEntry(const Executor &executor,
                                           const std::string &name,
                                           const TextModel *text);

/// Fails if options name an input that texts fill.
Status checkNotFromText(const EntrySignature &entry, const TextModel &text,
                        const RunOptions &options);

/// Checks beam width, n-best and sampling against what was compiled.
Status checkGeneration(const EntrySignature &entry, const RunOptions &options);

/// Reads the text pipeline of an executor; no value if it has none.
Result<std::optional<TextModel>> textModelOf(const Executor &executor);

/// Runs tensors to tensors, and texts to texts. Return exit codes.
int runTensors(Executor &executor, const EntrySignature &entry,
               const RunOptions &options, Profile *profile);
int runTexts(Executor &executor, const EntrySignature &entry,
             const TextModel &text, const RunOptions &options,
             Profile *profile);

} // namespace seqc::cli

#endif // SEQC_RUNTIME_CLI_RUNMODEL_H
