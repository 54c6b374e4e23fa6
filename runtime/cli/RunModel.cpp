//===- RunModel.cpp - Runs from the command line -------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/RunModel.h"

#include "runtime/cli/OutputFile.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <unistd.h>

using namespace seqc::cli;
using namespace seqc::rt;

ExitCode seqc::cli::exitCodeOf(seqc_status_code_t code) {
  switch (code) {
  case SEQC_OK:
    return ExitDone;
  case SEQC_INVALID_ARGUMENT:
  case SEQC_NOT_FOUND:
    return ExitBadInput;
  case SEQC_UNSUPPORTED:
    return ExitUnsupported;
  case SEQC_INTERNAL:
    return ExitFault;
  case SEQC_INCOMPATIBLE:
  case SEQC_RESOURCE_EXHAUSTED:
  case SEQC_IO:
  case SEQC_CANCELLED:
    return ExitEnvironment;
  }
  return ExitFault;
}

ExitCode seqc::cli::reportError(const std::string &program,
                                const Status &status) {
  // What was printed before belongs before the message.
  std::fflush(stdout);
  std::fprintf(stderr, "%s: error: %s\n", program.c_str(), status.message());
  return exitCodeOf(status.code());
}

void seqc::cli::reportNote(const RunOptions &options,
                           const std::string &message) {
  if (!options.quiet)
    std::fprintf(stderr, "%s: note: %s\n", options.program.c_str(),
                 message.c_str());
}

Result<std::optional<TextModel>>
seqc::cli::textModelOf(const Executor &executor) {
  Result<nlohmann::json> metadata = parseMetadata(executor.metadata());
  if (!metadata)
    return metadata.status();
  return parseTextModel(*metadata, executor.entries());
}

Result<const EntrySignature *> seqc::cli::chooseEntry(const Executor &executor,
                                                      const std::string &name,
                                                      const TextModel *text) {
  const std::vector<EntrySignature> &entries = executor.entries();
  const std::string &wanted = name.empty() && text ? text->entry : name;
  if (wanted.empty())
    return &entries.front();
  std::string names;
  for (const EntrySignature &entry : entries) {
    if (entry.name == wanted)
      return &entry;
    names += (names.empty() ? "'" : ", '") + entry.name + "'";
  }
  return invalid("no entry '" + wanted + "'; there are: " + names);
}

Status seqc::cli::checkNotFromText(const EntrySignature &entry,
                                   const TextModel &text,
                                   const RunOptions &options) {
  for (const auto &[option, list] :
       {std::pair("--input ", &options.inputs), {"--step ", &options.steps}})
    for (const auto &[name, value] : *list)
      for (const std::string &filled : {text.input.ids, text.input.lengths})
        if (!filled.empty() && entry.findInput(name) >= 0 &&
            entry.findInput(name) == entry.findInput(filled))
          return invalid(option + name + "=" + value +
                         " and TEXT exclude each other: input '" + filled +
                         "' is made of the text" +
                         (options.texts.empty()
                              ? ""
                              : ", found '" + options.texts.front() + "'"));
  return {};
}

Status seqc::cli::checkGeneration(const EntrySignature &entry,
                                  const RunOptions &options) {
  const seqc_generation_options_t &generation = options.generation;
  bool sampling = options.sample || !std::isnan(generation.temperature) ||
                  !std::isnan(generation.top_p) || generation.top_k >= 0 ||
                  generation.has_seed;
  bool searching = options.beam || generation.max_new >= 0 ||
                   !std::isnan(generation.length_penalty);
  if (!entry.generation) {
    if (searching || sampling)
      return invalid("entry '" + entry.name +
                     "' does not generate: options of generation do not apply");
    return {};
  }
  const GenerationInfo &info = *entry.generation;
  std::string compiled = "; compiled was: " + info.search + ", width " +
                         std::to_string(info.width) + ", n-best " +
                         std::to_string(info.numBest);
  if (options.beam && options.beam != info.width)
    return invalid("--beam " + std::to_string(options.beam) +
                   ": the width is fixed when a model is compiled" + compiled);
  if (options.numBest > info.numBest)
    return invalid("--n-best " + std::to_string(options.numBest) +
                   ": the number is fixed when a model is compiled" + compiled);
  if (sampling && info.search != "sample")
    return invalid("options of sampling do not apply" + compiled +
                   "; sampling needs a model compiled by 'seqc compile "
                   "--sample'");
  if (info.maxNew >= 0 && generation.max_new > info.maxNew)
    return invalid("--max-length " + std::to_string(generation.max_new) +
                   ": the model was compiled for at most " +
                   std::to_string(info.maxNew) +
                   " new tokens; more need one compiled by 'seqc compile "
                   "--max-length'");
  return rt::checkGenerationOptions(entry, generation);
}

/// Prints one list of values.
static void printValues(const char *what, const EntrySignature &entry,
                        const std::vector<ValueSignature> &values) {
  for (const ValueSignature &value : values)
    std::printf("  %-7s %-20s %s %s%s\n", what, value.name.c_str(),
                seqc_dtype_name(value.dtype),
                shapeToString(entry, value).c_str(),
                value.fallback ? " (optional)" : "");
}

void seqc::cli::printHelp(const Executor &executor, const RunOptions &options) {
  Result<std::optional<TextModel>> text = textModelOf(executor);
  bool hasText = text && text->has_value();
  std::printf("usage: %s [options]%s\n", options.program.c_str(),
              hasText ? " [TEXT...]" : "");
  if (hasText)
    std::printf("Without TEXT, one text per line is read from standard "
                "input.\n");
  std::printf("\n");
  for (const EntrySignature &entry : executor.entries()) {
    std::printf("%s\n", entry.name.c_str());
    printValues("input", entry, entry.inputs);
    printValues("output", entry, entry.outputs);
  }
  std::printf("\n%s", runOptionsHelp());
}

/// Whether the command line gives `entry` nothing to run on.
static bool lacksInputs(const EntrySignature &entry,
                        const RunOptions &options) {
  if (!options.inputs.empty() || !options.steps.empty() ||
      !options.lengths.empty() || !options.texts.empty())
    return false;
  return std::any_of(
      entry.inputs.begin(), entry.inputs.end(),
      [](const ValueSignature &value) { return !value.fallback; });
}

/// Chooses between tensors and texts.
static int runChosen(Executor &executor, const RunOptions &options,
                     Profile *profile) {
  auto fail = [&](const Status &status) {
    return reportError(options.program, status);
  };
  if (executor.entries().empty())
    return fail(invalid("the model has no entries"));
  Result<std::optional<TextModel>> text = textModelOf(executor);
  if (!text)
    return fail(text.status());
  const TextModel *model = text->has_value() ? &text->value() : nullptr;
  Result<const EntrySignature *> entry =
      chooseEntry(executor, options.entry, model);
  if (!entry)
    return fail(entry.status());
  if (Status status = checkGeneration(**entry, options); !status.ok())
    return fail(status);
  if (options.verify) {
    if (Status status = executor.verify(); !status.ok())
      return fail(status);
    reportNote(options, "the weights are as they were written");
  }
  // Ids given as a tensor go around the text pipeline.
  bool takesText = model && model->entry == (*entry)->name, asText = takesText;
  for (const auto *list : {&options.inputs, &options.steps})
    for (const Assignment &assignment : *list)
      if (asText && (*entry)->findInput(assignment.first) ==
                        (*entry)->findInput(model->input.ids))
        asText = false;
  if (asText || (takesText && !options.texts.empty()))
    if (Status status = checkNotFromText(**entry, *model, options);
        !status.ok())
      return fail(status);
  if (asText)
    return runTexts(executor, **entry, *model, options, profile);
  if (options.verify && lacksInputs(**entry, options))
    return ExitDone;
  return runTensors(executor, **entry, options, profile);
}

OutputState seqc::cli::flushOutput() {
  errno = 0;
  if (std::fflush(stdout) == 0 && !std::ferror(stdout))
    return OutputState::Good;
  // The error may have been met by an earlier print.
  pollfd output = {STDOUT_FILENO, POLLOUT, 0};
  bool gone =
      errno == EPIPE || (poll(&output, 1, 0) > 0 && (output.revents & POLLERR));
  return gone ? OutputState::ReaderGone : OutputState::Failed;
}

int seqc::cli::finishOutput(const std::string &program, int code) {
  if (flushOutput() != OutputState::Failed)
    return code;
  return reportError(
      program, Status(SEQC_IO, std::string("cannot write standard output: ") +
                                   std::strerror(errno ? errno : EIO)));
}

int seqc::cli::runModel(Executor &executor, const RunOptions &options,
                        Profile *profile) {
  try {
    removeTemporariesOnSignals();
    int code = runChosen(executor, options, profile);
    if (profile && !options.profile.empty())
      if (Status status = writeFileWhole(options.profile, profile->format());
          !status.ok())
        return reportError(options.program, status);
    return finishOutput(options.program, code);
  } catch (const std::bad_alloc &) {
    return reportError(options.program,
                       Status(SEQC_RESOURCE_EXHAUSTED, "out of memory"));
  } catch (const std::exception &error) {
    return reportError(options.program, Status(SEQC_INTERNAL, error.what()));
  }
}
