//===- CheckCommand.cpp - seqc check --------------------------------------===//

#include "runtime/cli/Compare.h"
#include "tools/driver/ArtefactFile.h"
#include "tools/driver/Bisect.h"
#include "tools/driver/Commands.h"
#include "tools/driver/Execution.h"
#include "tools/driver/Inputs.h"
#include "tools/driver/InterpreterExecutor.h"

#include "llvm/Support/JSON.h"

using namespace llvm;

namespace seqc {

/// Sizes that are tried when the command line names no inputs: one row and
/// several, and lengths on both sides of the tiles.
static constexpr DefaultExtents kSizes[] = {{1, 1}, {3, 7}, {5, 18}};

static void printBisect(const BisectResult &result) {
  outs() << "first phase that differs: "
         << (result.phase.empty() ? "code generation (after offload)"
                                  : result.phase)
         << "\nfirst op that differs: "
         << (result.op.empty() ? "none alone" : result.op);
  if (!result.location.empty())
    outs() << " at " << result.location;
  outs() << "\n";
}

/// Compares one entry for one set of inputs; false when an output differs.
static Expected<bool>
checkOnce(const rt::EntrySignature &compiledEntry, cli::Executor &compiled,
          cli::Executor &interpreter, ArrayRef<rt::TensorRef> inputs,
          const cli::Tolerance &tolerance, bool quiet, json::Array &report) {
  const rt::EntrySignature *entry = &compiledEntry;
  for (const rt::EntrySignature &candidate : interpreter.entries())
    if (candidate.name == compiledEntry.name)
      entry = &candidate;
  Expected<std::vector<rt::TensorRef>> want =
      runEntry(interpreter, *entry, inputs);
  if (!want)
    return want.takeError();
  Expected<std::vector<cli::Comparison>> comparisons =
      runAndCompare(compiled, compiledEntry, inputs, *want, tolerance);
  if (!comparisons)
    return comparisons.takeError();
  bool passed = true;
  for (auto [signature, comparison, tensor] :
       zip(compiledEntry.outputs, *comparisons, *want)) {
    passed &= comparison.passed;
    std::string text = comparison.mismatch.empty()
                           ? cli::describeComparison(comparison)
                           : comparison.mismatch;
    if (!quiet)
      outs() << (comparison.passed ? "ok     " : "DIFFER ")
             << compiledEntry.name << " " << signature.name << " "
             << rt::typeToString(*tensor.get()) << ": " << text << "\n";
    report.push_back(json::Object{{"entry", compiledEntry.name},
                                  {"output", signature.name},
                                  {"shape", rt::typeToString(*tensor.get())},
                                  {"passed", comparison.passed},
                                  {"max_abs", comparison.maxAbsolute},
                                  {"max_rel", comparison.maxRelative},
                                  {"detail", text}});
  }
  return passed;
}

static Expected<bool> check(const Arguments &arguments, Reporter &reporter) {
  if (arguments.positional.empty())
    return makeFailure(FailureKind::BadInput,
                       "'seqc check' needs a model; usage: seqc check MODEL");
  Expected<cli::RunOptions> options = readRunOptions(arguments);
  if (!options)
    return options.takeError();
  ExecutionOptions execution;
  execution.threads = options->threads;
  StringRef target = arguments.positional.front();
  Expected<TargetKind> kind = classifyTarget(target);
  if (!kind)
    return kind.takeError();
  if (*kind != TargetKind::Model)
    return makeFailure(FailureKind::BadInput,
                       "'" + target +
                           "' is compiled code; required is a model");
  Expected<Execution> compiled =
      prepareExecution(target, arguments, execution, reporter);
  if (!compiled)
    return compiled.takeError();
  execution.interpret = true;
  Expected<Execution> interpreted =
      prepareExecution(target, arguments, execution, reporter);
  if (!interpreted)
    return interpreted.takeError();

  bool asJSON = arguments.has("--json");
  bool given = !options->inputs.empty() || !options->texts.empty() ||
               !options->lengths.empty();
  bool passed = true;
  json::Array report;
  std::optional<BisectResult> found;
  for (const rt::EntrySignature &entry : compiled->executor->entries()) {
    if (!options->entry.empty() && entry.name != options->entry)
      continue;
    uint64_t seed = options->generation.seed;
    for (DefaultExtents extents : ArrayRef(kSizes).take_front(given ? 1 : 3)) {
      if (!options->lengths.empty())
        extents = {static_cast<int64_t>(options->lengths.size()),
                   *llvm::max_element(options->lengths)};
      Expected<std::vector<rt::TensorRef>> inputs =
          makeInputs(*compiled->executor, entry, *options, extents, seed++,
                     /*fillDefaults=*/true);
      if (!inputs)
        return inputs.takeError();
      Expected<bool> same =
          checkOnce(entry, *compiled->executor, *interpreted->executor, *inputs,
                    options->tolerance, asJSON, report);
      if (!same)
        return same.takeError();
      passed &= *same;
      if (!*same && arguments.has("--bisect") && !found) {
        // Of a model whose initializers can be replaced, what ran had them as
        // constants, unless the command line gave one.
        CompileOptions compileOptions = compiled->compilation->getOptions();
        rt::EntrySignature ran = entry;
        if (entry.isPlain(*inputs)) {
          compileOptions.import.freezesInitializers = true;
          ran = entry.helpers[0];
          ran.name = entry.name;
          *inputs = entry.pickPlain(*inputs);
        }
        Expected<BisectResult> result =
            bisect(compileOptions, ran, *inputs, options->tolerance, reporter);
        if (!result)
          return result.takeError();
        found = std::move(*result);
      }
    }
  }
  if (report.empty())
    return makeFailure(FailureKind::BadInput,
                       "no entry '" + options->entry +
                           "' with outputs in the model");
  if (asJSON) {
    json::Object object{{"passed", passed}, {"outputs", std::move(report)}};
    if (found)
      object["first"] = json::Object{{"phase", found->phase},
                                     {"op", found->op},
                                     {"location", found->location}};
    outs() << formatv("{0:2}\n", json::Value(std::move(object)));
  } else if (found) {
    printBisect(*found);
  }
  return passed;
}

ExitCode runCheck(const Arguments &arguments, Reporter &reporter) {
  Expected<bool> passed = check(arguments, reporter);
  if (!passed)
    return reporter.fail(passed.takeError());
  return *passed ? ExitCode::Done : ExitCode::Differs;
}

} // namespace seqc
