//===- RunTable.cpp - The main program of executables --------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/OutputFile.h"
#include "runtime/cli/RunModel.h"
#include "runtime/cli/StandardFiles.h"
#include "runtime/loader/ElfFile.h"
#include "runtime/loader/Model.h"

#include <cstdio>
#include <cstring>

using namespace seqc::cli;
using namespace seqc::rt;

/// The last component of a path.
static std::string baseName(const char *path) {
  std::string name = path ? path : "model";
  size_t slash = name.rfind('/');
  return slash == name.npos ? name : name.substr(slash + 1);
}

/// Compares the running program with the digest at its end, which a stripped
/// one has no more.
static Status verifyProgram() {
  Result<MappedFile> file = MappedFile::open("/proc/self/exe");
  return file ? examineElf(file->bytes()).status() : Status();
}

/// Runs with arguments that have been split off.
static int runArguments(const void *table, RunOptions &options,
                        const std::vector<std::string> &arguments) {
  if (Status status = parseRunOptions(arguments, options); !status.ok())
    return reportError(
        options.program,
        Status(status.code(), std::string(status.message()) + "; see --help"));
  if (options.verify)
    if (Status status = verifyProgram(); !status.ok())
      return reportError(options.program, status);
  Profile profile;
  bool profiling = !options.profile.empty();
  if (profiling)
    profile.begin("load");
  seqc_model_t *model = nullptr;
  if (Status status = Status::adopt(seqc_model_from_table(table, &model));
      !status.ok())
    return reportError(options.program, status);
  Result<std::unique_ptr<Executor>> executor = createModelExecutor(
      model, options.threads, profiling ? Profile::trace : nullptr, &profile);
  seqc_model_release(model);
  if (!executor)
    return reportError(options.program, executor.status());
  if (profiling)
    profile.end("load");
  if (options.help) {
    printHelp(**executor, options);
    return finishOutput(options.program, ExitDone);
  }
  return runModel(**executor, options, profiling ? &profile : nullptr);
}

int seqc::cli::runTable(const void *table, int argc, char **argv) {
  prepareStandardFiles();
  const char *slash =
      argc > 0 && argv[0] ? std::strrchr(argv[0], '/') : nullptr;
  endWithoutMemory(slash ? slash + 1 : argc > 0 && argv[0] ? argv[0] : "model");
  RunOptions options;
  try {
    options.program = baseName(argc > 0 ? argv[0] : nullptr);
    return runArguments(
        table, options,
        std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
  } catch (const std::bad_alloc &) {
    return reportError(options.program,
                       Status(SEQC_RESOURCE_EXHAUSTED, "out of memory"));
  }
}
