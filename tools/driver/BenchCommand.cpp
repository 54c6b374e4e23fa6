//===- BenchCommand.cpp - seqc bench --------------------------------------===//

#include "compiler/CodeGen/OutputFile.h"
#include "dialect/Support/BoundedJson.h"
#include "tools/driver/ArtefactFile.h"
#include "tools/driver/Ceilings.h"
#include "tools/driver/Commands.h"
#include "tools/driver/ExecutableBench.h"
#include "tools/driver/Execution.h"
#include "tools/driver/Inputs.h"

#include "llvm/Support/JSON.h"

#include <chrono>

using namespace llvm;

namespace seqc {

using Clock = std::chrono::steady_clock;

/// Times of the measured runs, in seconds, sorted.
struct Times {
  std::vector<double> sorted;

  double at(double share) const {
    size_t index = static_cast<size_t>(share * (sorted.size() - 1) + 0.5);
    return sorted[std::min(index, sorted.size() - 1)];
  }
};

/// How long to measure.
struct BenchPlan {
  int64_t warmup = 3;
  /// Number of runs; 0: as many as take about a second, ten at least.
  int64_t runs = 0;
};

static Expected<Times> measure(cli::Executor &executor,
                               const cli::RunRequest &request,
                               const BenchPlan &plan,
                               std::vector<rt::TensorRef> &outputs) {
  for (int64_t i = 0; i < plan.warmup; ++i)
    if (rt::Status status = executor.run(request, outputs); !status.ok())
      return toError(std::move(status));
  Times times;
  double total = 0;
  auto more = [&] {
    int64_t done = times.sorted.size();
    return plan.runs > 0 ? done < plan.runs
                         : done < 10 || (total < 1 && done < 100'000);
  };
  while (more()) {
    // Released first, so that the run finds its memory again.
    outputs.clear();
    Clock::time_point begin = Clock::now();
    rt::Status status = executor.run(request, outputs);
    double seconds =
        std::chrono::duration<double>(Clock::now() - begin).count();
    if (!status.ok())
      return toError(std::move(status));
    times.sorted.push_back(seconds);
    total += seconds;
    // A run of minutes is measured once.
    if (plan.runs == 0 && total > 30)
      break;
  }
  llvm::sort(times.sorted);
  return times;
}

/// The signatures of an executable, in the form of something that runs.
static Expected<Execution> prepareSignatures(StringRef path) {
  Expected<ArtefactFile> artefact = readArtefact(path);
  if (!artefact)
    return artefact.takeError();
  Expected<std::unique_ptr<cli::Executor>> executor =
      createSignatureExecutor(artefact->metadata);
  if (!executor)
    return executor.takeError();
  Execution execution;
  execution.executor = std::move(*executor);
  return execution;
}

/// Runs an executable in its own process, all runs in one.
static Expected<Times> measureExecutable(StringRef path,
                                         const cli::RunRequest &request,
                                         const BenchPlan &plan,
                                         int32_t threads) {
  int64_t runs = plan.runs > 0 ? plan.runs : 20;
  Expected<std::vector<double>> seconds = timeExecutable(
      path, *request.entry, request.inputs, plan.warmup + runs, threads);
  if (!seconds)
    return seconds.takeError();
  if (static_cast<int64_t>(seconds->size()) != plan.warmup + runs)
    return makeFailure(FailureKind::Internal,
                       "the trace of '" + path + "' has " +
                           Twine(seconds->size()) + " runs of " +
                           Twine(plan.warmup + runs));
  Times times;
  times.sorted.assign(seconds->begin() + plan.warmup, seconds->end());
  llvm::sort(times.sorted);
  return times;
}

/// What one run works on: rows, and tokens or time steps of all rows together.
struct Work {
  int64_t items = 1;
  int64_t tokens = 0;
};

/// Counts what `inputs` hold; lengths count if there are any.
static Work countWork(const rt::EntrySignature &entry,
                      ArrayRef<rt::TensorRef> inputs) {
  Work work;
  work.items = std::max<int64_t>(1, findExtent(entry, inputs, "batch"));
  int64_t time = findExtent(entry, inputs, "time");
  if (time < 0)
    return work;
  work.tokens = work.items * time;
  int index = entry.findInput("lengths");
  if (index >= 0 && inputs[index]) {
    work.tokens = 0;
    for (int64_t i = 0; i < seqc_tensor_num_elements(inputs[index].get()); ++i)
      work.tokens += rt::integerAt(*inputs[index].get(), i);
  }
  return work;
}

/// A time in the unit that suits it.
static std::string printTime(double seconds) {
  return seconds < 1e-3 ? formatv("{0:f3} us", seconds * 1e6).str()
                        : formatv("{0:f3} ms", seconds * 1e3).str();
}

static Error bench(const Arguments &arguments, Reporter &reporter) {
  if (arguments.positional.empty())
    return makeFailure(FailureKind::BadInput,
                       "'seqc bench' needs a model or an artefact; "
                       "usage: seqc bench TARGET");
  Expected<cli::RunOptions> options = readRunOptions(arguments);
  if (!options)
    return options.takeError();
  BenchPlan plan;
  for (auto [name, value, minimum] :
       {std::make_tuple("--warmup", &plan.warmup, 0),
        {"--runs", &plan.runs, 1}}) {
    Expected<int64_t> number = getNumber(arguments, name, *value, minimum,
                                         std::numeric_limits<int32_t>::max());
    if (!number)
      return number.takeError();
    *value = *number;
  }
  StringRef target = arguments.positional.front();
  Expected<TargetKind> kind = classifyTarget(target);
  if (!kind)
    return kind.takeError();
  bool separate = *kind == TargetKind::Executable;
  ExecutionOptions execution;
  execution.interpret = arguments.has("--interpret");
  execution.threads = options->threads;
  Expected<Execution> prepared =
      separate ? prepareSignatures(target)
               : prepareExecution(target, arguments, execution, reporter);
  if (!prepared)
    return prepared.takeError();
  cli::Executor &executor = *prepared->executor;
  rt::Result<std::optional<rt::TextModel>> text = cli::textModelOf(executor);
  if (!text)
    return toError(text.status());
  rt::Result<const rt::EntrySignature *> entry =
      cli::chooseEntry(executor, options->entry, *text ? &**text : nullptr);
  if (!entry)
    return toError(entry.status());
  DefaultExtents extents;
  if (!options->lengths.empty())
    extents = {static_cast<int64_t>(options->lengths.size()),
               *llvm::max_element(options->lengths)};
  Expected<std::vector<rt::TensorRef>> inputs =
      makeInputs(executor, **entry, *options, extents, options->generation.seed,
                 /*fillDefaults=*/false);
  if (!inputs)
    return inputs.takeError();
  cli::RunRequest request;
  request.entry = *entry;
  request.inputs = *inputs;
  request.generation = options->generation;
  std::vector<rt::TensorRef> outputs;
  Expected<Times> times =
      separate ? measureExecutable(target, request, plan, options->threads)
               : measure(executor, request, plan, outputs);
  if (!times)
    return times.takeError();

  Work work = countWork(**entry, *inputs);
  double median = times->at(0.5);
  json::Object report{{"target", target},
                      {"entry", (*entry)->name},
                      {"threads", std::max(1, options->threads)},
                      {"runs", times->sorted.size()},
                      {"p50_ms", median * 1e3},
                      {"p90_ms", times->at(0.9) * 1e3},
                      {"p99_ms", times->at(0.99) * 1e3},
                      {"min_ms", times->at(0) * 1e3},
                      {"items_per_s", work.items / median}};
  if (work.tokens)
    report["tokens_per_s"] = work.tokens / median;
  Expected<json::Value> metadata = parseBoundedJson(executor.metadata());
  std::optional<int64_t> multiplied;
  if (metadata && metadata->getAsObject())
    multiplied = metadata->getAsObject()->getInteger("multiplied_parameters");
  else if (!metadata)
    consumeError(metadata.takeError());
  // Two operations per weight and token. A search visits its weights a number
  // of times that is not known here.
  if (multiplied && *multiplied && work.tokens && !(*entry)->generation) {
    Ceilings ceilings = measureCeilings();
    double gigaflops = 2.0 * *multiplied * work.tokens / median / 1e9;
    int64_t steps = work.tokens / work.items;
    report["gflops"] = gigaflops;
    report["gflops_ceiling"] =
        ceilings.gigaflops * std::max(1, options->threads);
    report["weights_gb_per_s"] = 4.0 * *multiplied * steps / median / 1e9;
    report["cache_gb_per_s_ceiling"] = ceilings.cacheBandwidth;
    report["memory_gb_per_s_ceiling"] = ceilings.memoryBandwidth;
  }
  json::Value value(std::move(report));
  if (arguments.has("--json")) {
    std::string text = formatv("{0:2}\n", value).str();
    std::string file = arguments.get("--json");
    if (file.empty()) {
      outs() << text;
      return Error::success();
    }
    if (Error error = writeFile(file, text))
      return error;
  }
  const json::Object &numbers = *value.getAsObject();
  outs() << formatv("{0}, entry '{1}', {2} runs\n", target, (*entry)->name,
                    times->sorted.size());
  for (auto [signature, input] : zip((*entry)->inputs, *inputs))
    if (input)
      outs() << formatv("  input {0}: {1}\n", signature.name,
                        rt::typeToString(*input.get()));
  outs() << formatv("  p50 {0}, p90 {1}, p99 {2}, min {3}\n", printTime(median),
                    printTime(times->at(0.9)), printTime(times->at(0.99)),
                    printTime(times->at(0)));
  outs() << formatv("  {0:f1} items/s", work.items / median);
  if (work.tokens)
    outs() << formatv(", {0:f1} tokens/s", work.tokens / median);
  outs() << "\n";
  if (std::optional<double> gigaflops = numbers.getNumber("gflops"))
    outs() << formatv(
        "  {0:f2} GFLOP/s of {1:f0}; weights, taken once a step, {2:f2} GB/s "
        "(cache gives {3:f0}, memory {4:f0})\n",
        *gigaflops, *numbers.getNumber("gflops_ceiling"),
        *numbers.getNumber("weights_gb_per_s"),
        *numbers.getNumber("cache_gb_per_s_ceiling"),
        *numbers.getNumber("memory_gb_per_s_ceiling"));
  return Error::success();
}

ExitCode runBench(const Arguments &arguments, Reporter &reporter) {
  if (Error error = bench(arguments, reporter))
    return reporter.fail(std::move(error));
  return ExitCode::Done;
}

} // namespace seqc
