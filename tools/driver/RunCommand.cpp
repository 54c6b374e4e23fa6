//===- RunCommand.cpp - seqc run ------------------------------------------===//

#include "runtime/cli/RunModel.h"
#include "tools/driver/ArtefactFile.h"
#include "tools/driver/Commands.h"
#include "tools/driver/Execution.h"

#include "llvm/Support/Path.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

using namespace llvm;

namespace seqc {

/// Replaces this process by the executable `path`, which reads the options
/// itself.
static Error runExecutable(StringRef path, const Arguments &arguments) {
  if (arguments.has("--interpret"))
    return makeFailure(FailureKind::BadInput,
                       "option '--interpret' needs a model; '" + path +
                           "' is compiled code");
  std::string program = path.str();
  // execv looks nowhere but at the path.
  SmallVector<char *> words{program.data()};
  for (const std::string &word : arguments.forwarded)
    words.push_back(const_cast<char *>(word.c_str()));
  words.push_back(nullptr);
  outs().flush();
  execv(program.c_str(), words.data());
  return makeFailure(FailureKind::Environment,
                     "cannot run '" + path + "': " + std::strerror(errno));
}

static Expected<int> run(const Arguments &arguments, Reporter &reporter) {
  if (arguments.positional.empty())
    return makeFailure(
        FailureKind::BadInput,
        "'seqc run' needs a model or an artefact; usage: seqc run TARGET");
  StringRef target = arguments.positional.front();
  Expected<cli::RunOptions> options = readRunOptions(arguments);
  if (!options)
    return options.takeError();
  Expected<TargetKind> kind = classifyTarget(target);
  if (!kind)
    return kind.takeError();
  if (*kind == TargetKind::Executable)
    return runExecutable(target, arguments);

  cli::Profile profile;
  cli::Profile *wanted = options->profile.empty() ? nullptr : &profile;
  ExecutionOptions execution;
  execution.interpret = arguments.has("--interpret");
  execution.threads = options->threads;
  if (wanted) {
    execution.trace = cli::Profile::trace;
    execution.traceUser = wanted;
  }
  Expected<Execution> prepared =
      prepareExecution(target, arguments, execution, reporter);
  if (!prepared)
    return prepared.takeError();
  reporter.clearProgress();
  return cli::runModel(*prepared->executor, *options, wanted);
}

ExitCode runRun(const Arguments &arguments, Reporter &reporter) {
  Expected<int> code = run(arguments, reporter);
  if (!code)
    return reporter.fail(code.takeError());
  return static_cast<ExitCode>(*code);
}

} // namespace seqc
