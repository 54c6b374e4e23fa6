//===- CompileOptions.cpp - The settings of a compilation -----------------===//

#include "tools/session/CompileOptions.h"
#include "compiler/CodeGen/CompileError.h"
#include "compiler/CodeGen/ModelHeader.h"
#include "compiler/Normalize/Recognition.h"
#include "dialect/Support/NearestName.h"
#include "frontends/MLIR/ImportMLIR.h"
#include "frontends/ONNX/ImportONNX.h"
#include "frontends/YAML/ImportYAML.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cmath>

using namespace llvm;

namespace seqc {

/// What a description may say of the same settings: hypotheses, and tokens.
static constexpr int64_t kMostBeam = 1024,
                         kMostCount = std::numeric_limits<int32_t>::max();

/// Reads a model that is a file.
template <auto Import>
static mlir::OwningOpRef<mlir::ModuleOp>
importFile(const ModelSource &source, mlir::MLIRContext &context,
           const ImportOptions &options) {
  return Import(source.path, context, options);
}

ArrayRef<ModelImporter> getImporters() {
  static const ModelImporter importers[] = {
      {{".onnx"}, importFile<importONNX>},
      {{".yaml", ".yml"}, importFile<importYAML>},
      {{".mlir"}, importMLIR, /*takesText=*/true, /*trustsText=*/true}};
  return importers;
}

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

Error makeUnknownValue(StringRef spelling, StringRef value,
                       ArrayRef<StringRef> known) {
  std::optional<StringRef> nearest = findNearestName(value, known);
  return makeFailure(
      FailureKind::BadInput,
      "option '" + spelling + "' is '" + value + "'; required is one of " +
          join(known, ", ") +
          (nearest ? (" (did you mean '" + *nearest + "'?)").str() : ""));
}

/// A setting's value is not what is `required`.
static Error makeBadValue(StringRef spelling, StringRef value,
                          const Twine &required) {
  return makeFailure(FailureKind::BadInput, "option '" + spelling + "' is '" +
                                                value + "'; required is " +
                                                required);
}

Expected<int64_t> parseNumber(StringRef text, StringRef spelling,
                              int64_t minimum, int64_t maximum) {
  int64_t number;
  // What no integer holds is above every bound.
  APInt wide;
  bool large = !text.getAsInteger(10, wide) &&
               (text.getAsInteger(10, number) || number > maximum);
  if (large)
    return makeBadValue(spelling, text,
                        "a number from " + Twine(minimum) + " to " +
                            Twine(maximum));
  if (text.getAsInteger(10, number) || number < minimum)
    return makeBadValue(spelling, text,
                        "a number of " + Twine(minimum) + " or more");
  return number;
}

Expected<double> parseDecimal(StringRef text, StringRef spelling) {
  double number;
  if (text.getAsDouble(number))
    return makeBadValue(spelling, text, "a number");
  return number;
}

//===----------------------------------------------------------------------===//
// Kinds of output
//===----------------------------------------------------------------------===//

/// The names of kinds; the first six are those of the documentation.
static constexpr std::pair<StringLiteral, EmitKind> kEmitKinds[] = {
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

bool isText(EmitKind kind) {
  return kind == EmitKind::MLIR || kind == EmitKind::LLVMIR ||
         kind == EmitKind::Assembly;
}

Expected<EmitKind> chooseEmitKind(const CompileOptions &options,
                                  StringRef output, StringRef dashes) {
  if (options.emit)
    return *options.emit;
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
            ".mlir, or none for an executable (" +
            dashes + "emit chooses otherwise)");
  return EmitKind::Executable;
}

EmitKind adjustEmitKind(const CompileOptions &options, EmitKind kind) {
  if (options.stopAfter && *options.stopAfter <= Phase::LLVM)
    return EmitKind::MLIR;
  return options.stopAfter == Phase::Object ? EmitKind::Object : kind;
}

Error checkEmission(const CompileOptions &options, EmitKind kind,
                    StringRef output, StringRef dashes) {
  if (!options.symbolPrefix.empty() && kind != EmitKind::Object &&
      kind != EmitKind::SharedObject)
    return makeFailure(FailureKind::BadInput,
                       "option '" + dashes +
                           "prefix-symbols' is for objects (.o) and "
                           "shared objects (.so)");
  if (!options.symbolPrefix.empty() &&
      sys::path::filename(output) == options.symbolPrefix + ".h")
    return makeFailure(FailureKind::BadInput,
                       "option '" + dashes +
                           "prefix-symbols' writes the header '" + output +
                           "'; required is another output");
  if (!isText(kind) && sys::fs::is_directory(output))
    return makeFailure(FailureKind::BadInput,
                       "output '" + output +
                           "' is a folder; required is a file");
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Settings
//===----------------------------------------------------------------------===//

namespace {
/// A value on its way into the options.
struct Setting {
  CompileOptions &options;
  StringRef value, spelling;

  Error readFlag(bool &flag) const {
    if (value != "true" && value != "false")
      return makeUnknownValue(spelling, value, {"true", "false"});
    flag = value == "true";
    return Error::success();
  }
  Error readCount(std::optional<int64_t> &count, int64_t minimum,
                  int64_t maximum) const {
    Expected<int64_t> number = parseNumber(value, spelling, minimum, maximum);
    if (!number)
      return number.takeError();
    count = *number;
    return Error::success();
  }
  Error readDecimal(std::optional<double> &decimal,
                    function_ref<bool(double)> isGood,
                    StringRef required) const {
    Expected<double> number = parseDecimal(value, spelling);
    if (!number)
      return number.takeError();
    if (!isGood(*number))
      return makeBadValue(spelling, value, required);
    decimal = *number;
    return Error::success();
  }
};

/// One setting: its name, and how its value is read.
struct SettingInfo {
  StringRef name;
  Error (*read)(const Setting &);
  bool isFlag = false;
};
} // namespace

static Error readTargetCpu(const Setting &setting) {
  setting.options.targetCpu = setting.value.str();
  return Error::success();
}

static Error readOptLevel(const Setting &setting) {
  unsigned level;
  if (setting.value.getAsInteger(10, level) || level > 3)
    return makeUnknownValue(setting.spelling, setting.value,
                            {"0", "1", "2", "3"});
  setting.options.optLevel = level;
  return Error::success();
}

static Error readBackend(const Setting &setting) {
  for (Backend backend : {Backend::LLVM, Backend::OneDNN, Backend::Auto})
    if (setting.value == getBackendName(backend)) {
      setting.options.backend = backend;
      return Error::success();
    }
  return makeUnknownValue(setting.spelling, setting.value,
                          {"llvm", "onednn", "auto"});
}

static Error readPrecision(const Setting &setting) {
  if (setting.value == "bf16" || setting.value == "int8")
    return makeFailure(
        FailureKind::Unsupported,
        "option '" + setting.spelling + "=" + setting.value +
            "' is not supported by this version; supported is f32");
  return setting.value == "f32"
             ? Error::success()
             : makeUnknownValue(setting.spelling, setting.value,
                                {"f32", "bf16", "int8"});
}

static Error readEmit(const Setting &setting) {
  SmallVector<StringRef> names;
  for (const auto &[name, kind] : kEmitKinds) {
    if (setting.value == name) {
      setting.options.emit = kind;
      return Error::success();
    }
    if (names.size() < 6)
      names.push_back(name);
  }
  return makeUnknownValue(setting.spelling, setting.value, names);
}

static Error readEntries(const Setting &setting) {
  if (setting.value != "described" && setting.value != "all")
    return makeUnknownValue(setting.spelling, setting.value,
                            {"described", "all"});
  setting.options.splitsSearch = setting.value == "all";
  return Error::success();
}

static Error readStopAfter(const Setting &setting) {
  setting.options.stopAfter = parsePhase(setting.value);
  if (setting.options.stopAfter)
    return Error::success();
  SmallVector<StringRef> names;
  for (Phase phase : allPhases())
    names.push_back(phaseName(phase));
  return makeUnknownValue(setting.spelling, setting.value, names);
}

static Error readDumpFolder(const Setting &setting) {
  setting.options.dumpFolder = setting.value.str();
  return Error::success();
}

static Error readLibraryFolder(const Setting &setting) {
  setting.options.libraryFolder = setting.value.str();
  return Error::success();
}

static Error readSaveTemps(const Setting &setting) {
  return setting.readFlag(setting.options.saveTemps);
}

static Error readPrefixSymbols(const Setting &setting) {
  if (!isSymbolPrefix(setting.value))
    return makeBadValue(setting.spelling, setting.value,
                        "a name of C: letters, digits and underscores, no "
                        "digit first");
  setting.options.symbolPrefix = setting.value.str();
  return Error::success();
}

/// Names with commas between them; several values add up.
static Error readNoRecognize(const Setting &setting) {
  SmallVector<StringRef> known{"all"}, names;
  append_range(known, getRecognizedNames());
  setting.value.split(names, ',');
  for (StringRef name : names) {
    if (!is_contained(known, name))
      return makeUnknownValue(setting.spelling, name, known);
    setting.options.import.noRecognize.insert(name);
  }
  return Error::success();
}

static Error readFreezeInitializers(const Setting &setting) {
  return setting.readFlag(setting.options.import.freezesInitializers);
}

static Error readBeam(const Setting &setting) {
  return setting.readCount(setting.options.import.beam, 1, kMostBeam);
}

static Error readNBest(const Setting &setting) {
  return setting.readCount(setting.options.import.nBest, 1, kMostBeam);
}

static Error readMaxLength(const Setting &setting) {
  return setting.readCount(setting.options.import.maxLength, 1, kMostCount);
}

static Error readLengthPenalty(const Setting &setting) {
  return setting.readDecimal(
      setting.options.import.lengthPenalty,
      [](double number) { return std::isfinite(number); }, "a finite number");
}

static Error readPrefix(const Setting &setting) {
  bool prefix = false;
  if (Error error = setting.readFlag(prefix))
    return error;
  setting.options.import.prefix = prefix;
  return Error::success();
}

static Error readSample(const Setting &setting) {
  return setting.readFlag(setting.options.import.sample);
}

static Error readTemperature(const Setting &setting) {
  return setting.readDecimal(
      setting.options.import.temperature,
      [](double number) { return std::isfinite(number) && number >= 0; },
      "a finite number of at least 0");
}

static Error readTopK(const Setting &setting) {
  return setting.readCount(setting.options.import.topK, 0, kMostCount);
}

static Error readTopP(const Setting &setting) {
  return setting.readDecimal(
      setting.options.import.topP,
      [](double number) { return number > 0 && number <= 1; },
      "a number above 0 and at most 1");
}

static Error readSeed(const Setting &setting) {
  return setting.readCount(setting.options.import.seed, 0,
                           std::numeric_limits<int64_t>::max());
}

static constexpr SettingInfo kSettings[] = {
    {"target-cpu", readTargetCpu},
    {"opt-level", readOptLevel},
    {"backend", readBackend},
    {"precision", readPrecision},
    {"emit", readEmit},
    {"entries", readEntries},
    {"prefix-symbols", readPrefixSymbols},
    {"stop-after", readStopAfter},
    {"dump-phases", readDumpFolder},
    {"save-temps", readSaveTemps, true},
    {"library-folder", readLibraryFolder},
    {"no-recognize", readNoRecognize},
    {"freeze-initializers", readFreezeInitializers, true},
    {"beam", readBeam},
    {"n-best", readNBest},
    {"length-penalty", readLengthPenalty},
    {"max-length", readMaxLength},
    {"prefix", readPrefix, true},
    {"sample", readSample, true},
    {"temperature", readTemperature},
    {"top-k", readTopK},
    {"top-p", readTopP},
    {"seed", readSeed},
};

ArrayRef<StringRef> getSettingNames() {
  static const SmallVector<StringRef> names = to_vector(map_range(
      kSettings, [](const SettingInfo &setting) { return setting.name; }));
  return names;
}

bool isFlag(StringRef setting) {
  return any_of(kSettings, [&](const SettingInfo &info) {
    return info.name == setting && info.isFlag;
  });
}

Error setSetting(CompileOptions &options, StringRef setting, StringRef value,
                 StringRef spelling) {
  for (const SettingInfo &info : kSettings)
    if (info.name == setting)
      return info.read({options, value, spelling});
  std::optional<StringRef> nearest =
      findNearestName(setting, getSettingNames());
  return makeFailure(FailureKind::BadInput,
                     "unknown option '" + spelling + "'; " +
                         (nearest
                              ? ("did you mean '" + *nearest + "'?").str()
                              : "known are " + join(getSettingNames(), ", ")));
}

Error checkSettings(const CompileOptions &options, StringRef dashes) {
  const ImportOptions &import = options.import;
  if (import.sample &&
      (import.beam.value_or(1) > 1 || import.nBest.value_or(1) > 1))
    return makeFailure(
        FailureKind::BadInput,
        "option '" + dashes + "sample' draws one hypothesis per row; found '" +
            dashes + "beam' or '" + dashes + "n-best' above 1 beside it");
  return Error::success();
}

} // namespace seqc
