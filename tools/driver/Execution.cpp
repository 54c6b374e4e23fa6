//===- Execution.cpp - Something that runs a target -----------------------===//

#include "tools/driver/Execution.h"
#include "tools/driver/ArtefactFile.h"
#include "tools/driver/CompileArguments.h"
#include "tools/driver/InterpreterExecutor.h"

using namespace llvm;

namespace seqc {

Error toError(rt::Status status) {
  FailureKind kind = FailureKind::Internal;
  switch (status.code()) {
  case SEQC_OK:
    return Error::success();
  case SEQC_INVALID_ARGUMENT:
  case SEQC_IO:
  case SEQC_NOT_FOUND:
    kind = FailureKind::BadInput;
    break;
  case SEQC_INCOMPATIBLE:
  case SEQC_RESOURCE_EXHAUSTED:
    kind = FailureKind::Environment;
    break;
  case SEQC_UNSUPPORTED:
    kind = FailureKind::Unsupported;
    break;
  case SEQC_INTERNAL:
  case SEQC_CANCELLED:
    break;
  }
  return makeFailure(kind, status.message());
}

Expected<ModelRef> loadModel(StringRef path) {
  seqc_model_t *model = nullptr;
  if (Error error = toError(
          rt::Status::adopt(seqc_model_load(path.str().c_str(), &model))))
    return error;
  return ModelRef(model);
}

/// The shared object behind `target`: itself, or what a model compiles to.
static Error loadTarget(StringRef target, const Arguments &arguments,
                        const ExecutionOptions &options, Reporter &reporter,
                        Execution &execution) {
  Expected<TargetKind> kind = classifyTarget(target);
  if (!kind)
    return kind.takeError();
  if (*kind == TargetKind::Object || *kind == TargetKind::Executable)
    return makeFailure(FailureKind::BadInput,
                       "'" + target +
                           "' is an object or executable; required is a "
                           "shared object (.so) or a model");
  std::string path = target.str();
  if (*kind == TargetKind::Model) {
    Expected<CompileOptions> compile =
        readCompileOptions(arguments, target, options.backend);
    if (!compile)
      return compile.takeError();
    execution.compilation =
        std::make_unique<Compilation>(std::move(*compile), reporter);
    if (Error error = execution.compilation->importModel())
      return error;
    if (options.interpret)
      return execution.compilation->addRuntimeChecks();
    Expected<CachedArtefact> artefact =
        compileToCache(*execution.compilation, reporter);
    if (!artefact)
      return artefact.takeError();
    execution.artefact = std::move(*artefact);
    path = execution.artefact.path;
  } else if (options.interpret) {
    return makeFailure(FailureKind::BadInput,
                       "option '--interpret' needs a model; '" + target +
                           "' is compiled code");
  }
  Expected<ModelRef> model = loadModel(path);
  if (!model)
    return model.takeError();
  execution.model = std::move(*model);
  return Error::success();
}

Expected<Execution> prepareExecution(StringRef target,
                                     const Arguments &arguments,
                                     const ExecutionOptions &options,
                                     Reporter &reporter) {
  Execution execution;
  if (Error error = loadTarget(target, arguments, options, reporter, execution))
    return error;
  if (options.interpret) {
    Expected<std::unique_ptr<cli::Executor>> executor =
        createInterpreterExecutor(execution.compilation->getModule(),
                                  execution.compilation->getFolder());
    if (!executor)
      return executor.takeError();
    execution.executor = std::move(*executor);
    return execution;
  }
  rt::Result<std::unique_ptr<cli::Executor>> executor =
      cli::createModelExecutor(execution.model.get(), options.threads,
                               options.trace, options.traceUser);
  if (!executor)
    return toError(executor.status());
  execution.executor = std::move(*executor);
  return execution;
}

Expected<cli::RunOptions> readRunOptions(const Arguments &arguments,
                                         bool texts) {
  cli::RunOptions options;
  if (Error error = toError(cli::parseRunOptions(
          texts ? arguments.forwarded : arguments.getForwardedOptions(),
          options)))
    return error;
  options.quiet |= arguments.has("--quiet");
  return options;
}

} // namespace seqc
