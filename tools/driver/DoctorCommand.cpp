//===- DoctorCommand.cpp - seqc doctor ------------------------------------===//

#include "compiler/CodeGen/ModelMetadata.h"
#include "compiler/CodeGen/Toolchain.h"
#include "frontends/ONNX/ImportONNX.h"
#include "tools/driver/Ceilings.h"
#include "tools/driver/Commands.h"
#include "tools/driver/CompileArguments.h"
#include "tools/session/Compilation.h"

#include "seqc/runtime.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/JSON.h"

using namespace llvm;

namespace seqc {

/// Whether this CPU runs code made for `target`.
static bool canRun(const Target &target) {
  SmallVector<StringRef> features;
  StringRef(target.requiredFeatures)
      .split(features, ',', -1, /*KeepEmpty=*/false);
  return all_of(features, [](StringRef feature) {
    return seqc_runtime_cpu_has(feature.str().c_str()) == 1;
  });
}

static Error examine(const Arguments &arguments, bool &healthy) {
  if (!arguments.positional.empty())
    return makeFailure(FailureKind::BadInput,
                       "'seqc doctor' takes no names, found '" +
                           arguments.positional.front() + "'");
  Toolchain tools = findToolchain(getProgramPath());
  Expected<Target> native = resolveTarget("native");
  if (!native)
    return native.takeError();
  Expected<std::vector<Target>> levels = resolveTargets("portable");
  if (!levels)
    return levels.takeError();
  const char *onednn = seqc_runtime_onednn_version();

  healthy = true;
  json::Array pieces;
  for (const ToolchainPiece *piece : tools.getPieces()) {
    // oneDNN is a choice; everything else is needed to link.
    bool optional = piece == &tools.adapter || piece == &tools.dnn;
    healthy &= optional || !piece->path.empty();
    pieces.push_back(json::Object{{"name", piece->name},
                                  {"path", piece->path},
                                  {"optional", optional},
                                  {"remedy", piece->remedy}});
  }
  json::Array runnable;
  for (const Target &level : *levels)
    if (canRun(level))
      runnable.push_back(level.name);
  Ceilings ceilings = measureCeilings();
  json::Object report{
      {"seqc", getCompilerVersion()},
      {"llvm", LLVM_VERSION_STRING},
      {"onednn", onednn ? json::Value(onednn) : json::Value(nullptr)},
      {"cpu", native->cpu},
      {"features", native->requiredFeatures},
      {"levels", std::move(runnable)},
      {"ceilings", json::Object{{"gflops", ceilings.gigaflops},
                                {"cache_gb_per_s", ceilings.cacheBandwidth},
                                {"memory_gb_per_s", ceilings.memoryBandwidth}}},
      {"toolchain", std::move(pieces)},
      {"healthy", healthy}};
  if (arguments.has("--json")) {
    outs() << formatv("{0:2}\n", json::Value(std::move(report)));
    return Error::success();
  }
  outs() << "versions\n  seqc     " << getCompilerVersion() << "\n  LLVM     "
         << LLVM_VERSION_STRING << "\n  oneDNN   "
         << (onednn ? onednn
                    : "not linked: apt-get install libdnnl-dev, build again")
         << "\nCPU\n  name     " << native->cpu << ", vectors of "
         << native->vectorBits << " bits\n  levels  ";
  for (const json::Value &level : *report.getArray("levels"))
    outs() << " " << *level.getAsString();
  outs()
      << "\n  features " << native->requiredFeatures
      << "\nceilings of one core\n"
      << formatv(
             "  {0:f0} GFLOP/s (f32), {1:f0} GB/s from cache, {2:f0} GB/s from "
             "memory\ntoolchain\n",
             ceilings.gigaflops, ceilings.cacheBandwidth,
             ceilings.memoryBandwidth);
  for (const ToolchainPiece *piece : tools.getPieces()) {
    if (!piece->path.empty())
      outs() << formatv("  ok       {0,-26} {1}\n", piece->name, piece->path);
    else
      outs() << formatv("  missing  {0,-26} get it with: {1}\n", piece->name,
                        piece->remedy);
  }
  return Error::success();
}

ExitCode runDoctor(const Arguments &arguments, Reporter &reporter) {
  if (arguments.has("--onnx-operators")) {
    printOnnxOperators(outs());
    return ExitCode::Done;
  }
  bool healthy = false;
  if (Error error = examine(arguments, healthy))
    return reporter.fail(std::move(error));
  return healthy ? ExitCode::Done : ExitCode::Environment;
}

} // namespace seqc
