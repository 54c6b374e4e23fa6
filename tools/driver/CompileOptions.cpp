//===- CompileOptions.cpp - Where flags become options --------------------===//

#include "compiler/CodeGen/ModelHeader.h"
#include "dialect/Support/NearestName.h"
#include "tools/driver/Compilation.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cmath>
#include <limits>

using namespace llvm;

namespace seqc {

/// What a description may say of the same settings: hypotheses, and tokens.
static constexpr int64_t kMostBeam = 1024,
                         kMostCount = std::numeric_limits<int32_t>::max();

StringRef getBackendName(Backend backend) {
  switch (backend) {
  case Backend::Auto:
    return "auto";
  case Backend::LLVM:
    return "llvm";
  case Backend::OneDNN:
    return "onednn";
  }
  return "llvm";
}

/// An option's value is none of a list.
static Error makeUnknownValue(StringRef option, StringRef value,
                              ArrayRef<StringRef> known) {
  std::optional<StringRef> nearest = findNearestName(value, known);
  return makeFailure(
      FailureKind::BadInput,
      "option '" + option + "' is '" + value + "'; required is one of " +
          llvm::join(known, ", ") +
          (nearest ? (" (did you mean '" + *nearest + "'?)").str() : ""));
}

static Expected<std::optional<int64_t>> readCount(const Arguments &arguments,
                                                  StringRef name,
                                                  int64_t minimum,
                                                  int64_t maximum) {
  if (!arguments.has(name))
    return std::nullopt;
  Expected<int64_t> number = getNumber(arguments, name, 0, minimum, maximum);
  if (!number)
    return number.takeError();
  return std::optional<int64_t>(*number);
}

/// Whether an option is for the compilation: a run's own is left to the run, so
// that a model is not compiled anew for each of its values.
static bool isForCompilation(const Arguments &arguments, StringRef name) {
  return any_of(arguments.options, [&](const auto &option) {
    return option.first->name == name && !option.first->forwarded;
  });
}

static Error readSampling(const Arguments &arguments,
                          YamlImportOptions &options) {
  options.sample = arguments.has("--sample");
  if (options.sample &&
      (options.beam.value_or(1) > 1 || options.nBest.value_or(1) > 1))
    return makeFailure(FailureKind::BadInput,
                       "option '--sample' draws one hypothesis per row; found "
                       "'--beam' or '--n-best' above 1 beside it");
  struct {
    StringRef name;
    int64_t most;
    std::optional<int64_t> *value;
  } counts[] = {{"--top-k", kMostCount, &options.topK},
                {"--seed", std::numeric_limits<int64_t>::max(), &options.seed}};
  for (auto &[name, most, value] : counts) {
    if (!isForCompilation(arguments, name))
      continue;
    Expected<std::optional<int64_t>> count =
        readCount(arguments, name, 0, most);
    if (!count)
      return count.takeError();
    *value = *count;
  }
  auto readNumber = [&](StringRef name, std::optional<double> &value,
                        function_ref<bool(double)> isGood,
                        StringRef required) -> Error {
    if (!isForCompilation(arguments, name))
      return Error::success();
    Expected<double> number = getDecimal(arguments, name, 0);
    if (!number)
      return number.takeError();
    if (!isGood(*number))
      return makeFailure(FailureKind::BadInput,
                         "option '" + name + "' is '" + arguments.get(name) +
                             "'; required is " + required);
    value = *number;
    return Error::success();
  };
  if (Error error = readNumber(
          "--temperature", options.temperature,
          [](double number) { return std::isfinite(number) && number >= 0; },
          "a finite number of at least 0"))
    return error;
  return readNumber(
      "--top-p", options.topP,
      [](double number) { return number > 0 && number <= 1; },
      "a number above 0 and at most 1");
}

static Error readGeneration(const Arguments &arguments,
                            YamlImportOptions &options) {
  struct {
    StringRef name;
    int64_t most;
    std::optional<int64_t> *value;
  } counts[] = {{"--beam", kMostBeam, &options.beam},
                {"--n-best", kMostBeam, &options.nBest},
                {"--max-length", kMostCount, &options.maxLength}};
  for (auto &[name, most, value] : counts) {
    Expected<std::optional<int64_t>> count =
        readCount(arguments, name, 1, most);
    if (!count)
      return count.takeError();
    *value = *count;
  }
  if (arguments.has("--length-penalty")) {
    Expected<double> penalty = getDecimal(arguments, "--length-penalty", 0);
    if (!penalty)
      return penalty.takeError();
    if (!std::isfinite(*penalty))
      return makeFailure(FailureKind::BadInput,
                         "option '--length-penalty' is '" +
                             arguments.get("--length-penalty") +
                             "'; required is a finite number");
    options.lengthPenalty = *penalty;
  }
  if (arguments.has("--prefix"))
    options.prefix = true;
  return readSampling(arguments, options);
}

/// `--no-recognize=NAME[,NAME]`.
static Error readPatterns(const Arguments &arguments,
                          OnnxImportOptions &options) {
  SmallVector<StringRef> known{"all"};
  append_range(known, getOnnxPatterns());
  for (const std::string &list : arguments.getAll("--no-recognize")) {
    SmallVector<StringRef> names;
    StringRef(list).split(names, ',');
    for (StringRef name : names) {
      if (!is_contained(known, name))
        return makeUnknownValue("--no-recognize", name, known);
      options.noRecognize.insert(name);
    }
  }
  return Error::success();
}

Expected<CompileOptions> readCompileOptions(const Arguments &arguments,
                                            StringRef model, Backend backend) {
  CompileOptions options;
  options.model = model.str();
  options.targetCpu = arguments.get("--target-cpu", "native");
  std::string level = arguments.get("-O", "2");
  if (StringRef(level).getAsInteger(10, options.optLevel) ||
      options.optLevel > 3)
    return makeUnknownValue("-O", level, {"0", "1", "2", "3"});
  options.backend = backend;
  if (arguments.has("--backend")) {
    std::string name = arguments.get("--backend");
    if (name == "llvm")
      options.backend = Backend::LLVM;
    else if (name == "onednn")
      options.backend = Backend::OneDNN;
    else if (name == "auto")
      options.backend = Backend::Auto;
    else
      return makeUnknownValue("--backend", name, {"llvm", "onednn", "auto"});
  }
  std::string precision = arguments.get("--precision", "f32");
  if (precision == "bf16" || precision == "int8")
    return makeFailure(
        FailureKind::Unsupported,
        "option '--precision=" + precision +
            "' is not supported by this version; supported is f32");
  if (precision != "f32")
    return makeUnknownValue("--precision", precision, {"f32", "bf16", "int8"});
  if (arguments.has("--stop-after")) {
    std::string name = arguments.get("--stop-after");
    options.stopAfter = parsePhase(name);
    if (!options.stopAfter) {
      SmallVector<StringRef> names;
      for (Phase phase : allPhases())
        names.push_back(phaseName(phase));
      return makeUnknownValue("--stop-after", name, names);
    }
  }
  std::string entries = arguments.get("--entries", "described");
  if (entries != "described" && entries != "all")
    return makeUnknownValue("--entries", entries, {"described", "all"});
  std::string entry = arguments.get("--entry");
  options.splitsSearch =
      entries == "all" || entry == "encode" || entry == "step";
  options.dumpFolder = arguments.get("--dump-phases");
  options.saveTemps = arguments.has("--save-temps");
  if (arguments.has("--prefix-symbols")) {
    options.symbolPrefix = arguments.get("--prefix-symbols");
    if (!isSymbolPrefix(options.symbolPrefix))
      return makeFailure(FailureKind::BadInput,
                         "option '--prefix-symbols' is '" +
                             options.symbolPrefix +
                             "'; required is a name of C: letters, digits and "
                             "underscores, no digit first");
  }
  if (Error error = readGeneration(arguments, options.import))
    return error;
  options.import.onnx.freezesInitializers =
      arguments.has("--freeze-initializers");
  if (Error error = readPatterns(arguments, options.import.onnx))
    return error;
  return options;
}

Expected<EmitKind> chooseEmitKind(StringRef emit, StringRef output) {
  static constexpr std::pair<StringLiteral, EmitKind> kinds[] = {
      {"exe", EmitKind::Executable},
      {"so", EmitKind::SharedObject},
      {"obj", EmitKind::Object},
      {"ll", EmitKind::LLVMIR},
      {"asm", EmitKind::Assembly},
      {"mlir", EmitKind::MLIR},
      {"executable", EmitKind::Executable},
      {"shared", EmitKind::SharedObject},
      {"object", EmitKind::Object},
      {"llvm", EmitKind::LLVMIR},
      {"o", EmitKind::Object},
      {"s", EmitKind::Assembly},
  };
  if (!emit.empty()) {
    SmallVector<StringRef> names;
    for (const auto &[name, kind] : kinds) {
      if (emit == name)
        return kind;
      if (names.size() < 6)
        names.push_back(name);
    }
    return makeUnknownValue("--emit", emit, names);
  }
  StringRef suffix = sys::path::extension(output);
  if (suffix == ".so")
    return EmitKind::SharedObject;
  if (suffix == ".o")
    return EmitKind::Object;
  if (suffix == ".ll")
    return EmitKind::LLVMIR;
  if (suffix == ".s")
    return EmitKind::Assembly;
  if (suffix == ".mlir")
    return EmitKind::MLIR;
  // Any other name may be that of an executable, but these promise something
  // else.
  static constexpr StringLiteral foreign[] = {
      ".dll",    ".exe", ".lib", ".obj",  ".dylib",
      ".bundle", ".app", ".a",   ".wasm", ".bc"};
  if (is_contained(foreign, suffix.lower()))
    return makeFailure(
        FailureKind::BadInput,
        "output '" + output + "' has suffix '" + suffix +
            "', which is no kind of output; required is .so, .o, .ll, .s or "
            ".mlir, or none for an executable (--emit chooses otherwise)");
  return EmitKind::Executable;
}

std::string getProgramPath() {
  return sys::fs::getMainExecutable(
      nullptr,
      reinterpret_cast<void *>(reinterpret_cast<intptr_t>(&getProgramPath)));
}

} // namespace seqc
