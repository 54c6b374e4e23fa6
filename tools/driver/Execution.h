//===- Execution.h - Something that runs a target ---------------*- C++ -*-===//

#ifndef TOOLS_DRIVER_EXECUTION_H
#define TOOLS_DRIVER_EXECUTION_H

#include "runtime/cli/Executor.h"
#include "runtime/cli/RunOptions.h"
#include "tools/driver/Cache.h"
#include "tools/driver/Options.h"
#include "tools/session/Compilation.h"

namespace seqc {

/// A failure of the runtime as an error of the driver.
llvm::Error toError(rt::Status status);

/// Releases a model of the runtime.
struct ModelReleaser {
  void operator()(seqc_model_t *model) const { seqc_model_release(model); }
};
/// A reference to a loaded model.
using ModelRef = std::unique_ptr<seqc_model_t, ModelReleaser>;

/// Loads a shared object.
llvm::Expected<ModelRef> loadModel(llvm::StringRef path);

/// A target that is ready to run, with everything that has to outlive the
/// executor.
struct Execution {
  /// The compilation of a model; null for an artefact.
  std::unique_ptr<Compilation> compilation;
  CachedArtefact artefact;
  ModelRef model;
  std::unique_ptr<cli::Executor> executor;
};

/// What a preparation is to do.
struct ExecutionOptions {
  /// Use the interpreter.
  bool interpret = false;
  /// 0: the environment's choice.
  int32_t threads = 0;
  /// The backend when the command line names none.
  Backend backend = Backend::Auto;
  seqc_trace_fn trace = nullptr;
  void *traceUser = nullptr;
};

/// Makes `target`, a shared object or a model, ready to run.
llvm::Expected<Execution> prepareExecution(llvm::StringRef target,
                                           const Arguments &arguments,
                                           const ExecutionOptions &options,
                                           Reporter &reporter);

/// The options of a run among `arguments`, with the words after the target as
/// texts if `texts` says so.
llvm::Expected<cli::RunOptions> readRunOptions(const Arguments &arguments,
                                               bool texts = true);

} // namespace seqc

#endif // TOOLS_DRIVER_EXECUTION_H
