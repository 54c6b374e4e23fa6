//===- CompileCommand.cpp - seqc compile ----------------------------------===//

#include "compiler/CodeGen/OutputFile.h"
#include "tools/driver/Commands.h"
#include "tools/driver/CompileArguments.h"
#include "tools/driver/CompileTrace.h"
#include "tools/driver/Explain.h"
#include "tools/session/Compilation.h"

using namespace llvm;

namespace seqc {

/// What a call of `seqc compile` makes.
struct CompilePlan {
  CompileOptions options;
  EmitKind kind = EmitKind::Executable;
  std::string output;
  /// File of the trace; empty for none.
  std::string profile;
  bool explain = false;
};

/// Reads and checks the options.
static Expected<CompilePlan> makePlan(const Arguments &arguments) {
  if (arguments.positional.size() != 1)
    return makeFailure(FailureKind::BadInput,
                       "'seqc compile' takes one model, found " +
                           Twine(arguments.positional.size()) +
                           "; usage: seqc compile MODEL -o OUT");
  CompilePlan plan;
  plan.output = arguments.get("-o");
  plan.explain = arguments.has("--explain");
  Expected<CompileOptions> options = readCompileOptions(
      arguments, arguments.positional.front(), Backend::LLVM);
  if (!options)
    return options.takeError();
  plan.options = std::move(*options);
  Expected<EmitKind> kind = chooseEmitKind(plan.options, plan.output, "--");
  if (!kind)
    return kind.takeError();
  // A shared object gets oneDNN from the runtime that loads it; an executable
  // would have to bring it along.
  if (*kind == EmitKind::SharedObject && !arguments.has("--backend"))
    plan.options.backend = Backend::Auto;
  plan.kind = adjustEmitKind(plan.options, *kind);
  bool text = isText(plan.kind);
  if (Error error = checkEmission(plan.options, plan.kind, plan.output, "--"))
    return error;
  if (plan.output.empty()) {
    if (!text && !plan.explain && !arguments.has("--print-pipeline"))
      return makeFailure(FailureKind::BadInput,
                         "'seqc compile' needs an output: -o OUT");
    plan.output = std::string(1, '-');
  }
  plan.profile = arguments.get("--profile");
  if (!plan.profile.empty() && plan.profile == plan.output)
    return makeFailure(FailureKind::BadInput,
                       "options '-o' and '--profile' both name '" +
                           plan.output + "'; required are two files");
  return plan;
}

static Error compile(const Arguments &arguments, Reporter &reporter) {
  Expected<CompilePlan> plan = makePlan(arguments);
  if (!plan)
    return plan.takeError();
  if (arguments.has("--print-pipeline")) {
    Expected<std::vector<Target>> targets =
        resolveTargets(plan->options.targetCpu);
    if (!targets)
      return targets.takeError();
    printPipeline(outs(), plan->options, *targets);
    return Error::success();
  }
  CompileTrace trace(plan->profile);
  Compilation compilation(plan->options, reporter);
  if (Error error = compilation.importModel())
    return error;
  for (const std::string &path : {plan->output, plan->profile})
    if (Error error = compilation.checkOutput(path))
      return error;
  bool explainOnly = plan->explain && arguments.get("-o").empty();
  if (Error error =
          compilation.runPhases(explainOnly ? Phase::Offload : Phase::LLVM))
    return error;
  if (plan->explain)
    printExplanation(outs(), compilation.getModule(),
                     getBackendName(plan->options.backend),
                     arguments.has("--json"));
  if (explainOnly)
    return trace.write();
  if (Error error = compilation.emit(plan->kind, plan->output))
    return error;
  bool native = plan->kind != EmitKind::MLIR;
  if (native && !arguments.has("--target-cpu"))
    reporter.note("code for this CPU (" + compilation.getTargets().front().cpu +
                  "); --target-cpu=portable makes it run everywhere");
  return trace.write();
}

ExitCode runCompile(const Arguments &arguments, Reporter &reporter) {
  if (Error error = compile(arguments, reporter))
    return reporter.fail(std::move(error));
  return ExitCode::Done;
}

} // namespace seqc
