//===- Target.cpp - The CPU that code is made for -------------------------===//

#include "compiler/CodeGen/Target.h"
#include "compiler/CodeGen/CompileError.h"
#include "dialect/Support/NearestName.h"
#include "runtime/abi/ModelAbi.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>

using namespace llvm;

namespace seqc {

/// The levels that `portable` holds, best first.
static constexpr StringLiteral kPortableLevels[] = {"x86-64-v4", "x86-64-v3",
                                                    "x86-64-v2"};

void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    InitializeNativeTarget();
    InitializeNativeTargetAsmPrinter();
    // The weights object is written in assembly.
    InitializeNativeTargetAsmParser();
  });
}

/// LLVM's description of the host's architecture.
static Expected<const llvm::Target *> lookUpTarget(const Triple &triple) {
  initializeTargets();
  std::string message;
  const llvm::Target *target = TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return makeFailure(FailureKind::Environment, "no code generator for " +
                                                     triple.str() + ": " +
                                                     message);
  return target;
}

/// The features of this machine, sorted so that equal machines give equal
/// strings.
static std::string getHostFeatures() {
  SmallVector<std::string> features;
  for (const auto &feature : sys::getHostCPUFeatures())
    features.push_back((feature.second ? "+" : "-") + feature.first().str());
  llvm::sort(features, [](StringRef a, StringRef b) {
    return a.drop_front() < b.drop_front();
  });
  return join(features, ",");
}

/// All names that --target-cpu takes.
static SmallVector<StringRef> getCpuNames(const MCSubtargetInfo &info) {
  SmallVector<StringRef> names = {"native", "portable"};
  for (const SubtargetSubTypeKV &cpu : info.getAllProcessorDescriptions())
    names.push_back(cpu.Key);
  return names;
}

/// Names of the features of CPUs that may decide whether code runs: LLVM's own
/// list, without what it holds besides.
static StringSet<> getInstructionSets() {
  StringSet<> names;
#define X86_FEATURE(symbol, name) names.insert(name);
#include "llvm/TargetParser/X86TargetParser.def"
  // When to clear registers, and a part of avx512f.
  for (StringRef name : {"vzeroupper", "evex512"})
    names.erase(name);
  return names;
}

/// The instruction sets of `cpu` beyond those of every x86-64.
static SmallVector<StringRef> getRequirements(const MCSubtargetInfo &cpu,
                                              const MCSubtargetInfo &baseline) {
  static const StringSet<> sets = getInstructionSets();
  SmallVector<StringRef> required;
  for (const SubtargetFeatureKV &feature : cpu.getAllProcessorFeatures())
    if (cpu.hasFeature(feature.Value) && !baseline.hasFeature(feature.Value) &&
        sets.contains(feature.Key))
      required.push_back(feature.Key);
  return required;
}

/// Whether the loader can look for a feature.
static bool isChecked(StringRef feature) {
  static constexpr StringLiteral checked[] = {
#define SEQC_NAME(name) name,
      SEQC_ABI_CPU_FEATURES(SEQC_NAME)
#undef SEQC_NAME
  };
  return is_contained(checked, feature);
}

/// The instruction sets of a CPU that kernels are written for.
static std::string getKernelFeatures(const MCSubtargetInfo &info) {
  static constexpr std::pair<StringLiteral, StringLiteral> sets[] = {
      {"avx2", "+avx2"},
      {"avx512", "+avx512f,+avx512bw,+avx512dq,+avx512vl"},
      {"vnni", "+avx512vnni"},
      {"avxvnni", "+avxvnni"},
      {"bf16", "+avx512bf16"},
      {"amx", "+amx-tile,+amx-int8,+amx-bf16"}};
  SmallVector<StringRef> names;
  for (auto [name, features] : sets)
    if (info.checkFeatures(features.str()))
      names.push_back(name);
  return names.empty() ? "none" : join(names, "|");
}

Expected<Target> resolveTarget(StringRef name) {
  Triple triple(sys::getDefaultTargetTriple());
  if (!triple.isX86() || !triple.isArch64Bit())
    return makeFailure(FailureKind::Environment,
                       "this machine is " + triple.str() +
                           "; required is x86-64 Linux");
  Expected<const llvm::Target *> description = lookUpTarget(triple);
  if (!description)
    return description.takeError();

  Target target;
  target.name = name.str();
  target.triple = "x86_64-unknown-linux-gnu";
  target.cpu = name.str();
  if (name == "native") {
    target.cpu = sys::getHostCPUName().str();
    target.features = getHostFeatures();
  }
  std::unique_ptr<MCSubtargetInfo> known(
      (*description)->createMCSubtargetInfo(triple, "", ""));
  if (!known->isCPUStringValid(target.cpu)) {
    std::optional<StringRef> nearest =
        findNearestName(name, getCpuNames(*known));
    return makeFailure(
        FailureKind::BadInput,
        "unknown CPU '" + name + "' in --target-cpu" +
            (nearest ? ("; did you mean '" + *nearest + "'?").str()
                     : "; required is native, portable, x86-64-v2, x86-64-v3, "
                       "x86-64-v4 or a CPU that LLVM knows, such as "
                       "skylake-avx512 or znver4"));
  }
  auto describe = [&](StringRef cpu, StringRef features) {
    return std::unique_ptr<MCSubtargetInfo>(
        (*description)->createMCSubtargetInfo(triple, cpu, features));
  };
  std::unique_ptr<MCSubtargetInfo> info = describe(target.cpu, target.features);
  if (!info->checkFeatures("+64bit"))
    return makeFailure(FailureKind::BadInput,
                       "CPU '" + name +
                           "' of --target-cpu has no 64-bit mode; required "
                           "is x86-64");

  // Code may use only what is looked for when it is loaded. What is not, such
  // as the instructions of operating systems, is taken away: compiled models
  // gain nothing by it.
  std::unique_ptr<MCSubtargetInfo> baseline = describe("x86-64", "");
  for (StringRef feature : getRequirements(*info, *baseline))
    if (!isChecked(feature))
      target.features += (target.features.empty() ? "-" : ",-") + feature.str();
  info = describe(target.cpu, target.features);
  SmallVector<StringRef> required = getRequirements(*info, *baseline);
  for (StringRef feature : required)
    if (!isChecked(feature))
      return makeFailure(FailureKind::BadInput,
                         "CPU '" + name +
                             "' of --target-cpu has the feature '" + feature +
                             "', which the loader of compiled models cannot "
                             "look for; required is another CPU");
  target.requiredFeatures = join(required, ",");

  if (info->checkFeatures("+avx512f"))
    target.vectorBits = 512;
  else if (info->checkFeatures("+avx"))
    target.vectorBits = 256;
  target.kernelFeatures = getKernelFeatures(*info);
  return target;
}

Expected<std::vector<Target>> resolveTargets(StringRef name) {
  SmallVector<StringRef> names;
  if (name == "portable")
    names.append(std::begin(kPortableLevels), std::end(kPortableLevels));
  else
    names.push_back(name);
  std::vector<Target> targets;
  for (StringRef level : names) {
    Expected<Target> target = resolveTarget(level);
    if (!target)
      return target.takeError();
    targets.push_back(std::move(*target));
  }
  return targets;
}

Expected<std::unique_ptr<TargetMachine>>
createTargetMachine(const Target &target, unsigned optLevel) {
  Triple triple(target.triple);
  Expected<const llvm::Target *> description = lookUpTarget(triple);
  if (!description)
    return description.takeError();
  TargetOptions options;
  // Operations say themselves where they may be contracted.
  options.AllowFPOpFusion = FPOpFusion::Standard;
  options.FunctionSections = true;
  static constexpr CodeGenOptLevel levels[] = {
      CodeGenOptLevel::None, CodeGenOptLevel::Less, CodeGenOptLevel::Default,
      CodeGenOptLevel::Aggressive};
  std::unique_ptr<TargetMachine> machine(
      (*description)
          ->createTargetMachine(triple, target.cpu, target.features, options,
                                Reloc::PIC_, std::nullopt,
                                levels[std::min(optLevel, 3u)]));
  if (!machine)
    return makeFailure(FailureKind::Internal,
                       "LLVM offers no code generator for CPU '" + target.cpu +
                           "'");
  return machine;
}

} // namespace seqc
