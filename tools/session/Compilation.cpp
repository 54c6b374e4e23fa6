//===- Compilation.cpp - One model on its way through the phases ----------===//

#include "tools/session/Compilation.h"
#include "compiler/CodeGen/ModelMetadata.h"
#include "compiler/CodeGen/OutputFile.h"
#include "compiler/CodeGen/WeightsSection.h"
#include "compiler/Decompose/Passes.h"
#include "compiler/Pipelines/Registration.h"
#include "compiler/Transforms/Passes.h"
#include "dialect/Seq/IR/Limits.h"
#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Support/RegularFile.h"
#include "tools/session/ImportCheck.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/TimeProfiler.h"
#include "llvm/Support/xxhash.h"

using namespace llvm;
using namespace mlir;

namespace seqc {

Compilation::Compilation(CompileOptions given, CompilationObserver &observer)
    : options(std::move(given)), observer(observer),
      context(MLIRContext::Threading::DISABLED) {
  DialectRegistry registry;
  registerAllDialects(registry);
  observer.addDialects(registry);
  context.appendDialectRegistry(registry);
  // The whole op is printed by MLIR otherwise, which for a model fills screens.
  context.printOpOnDiagnostic(false);
  diagnostics = std::make_unique<DiagnosticLog>(context, observer);
}

Compilation::~Compilation() = default;

std::string Compilation::getFolder() const {
  return sys::path::parent_path(options.model).str();
}

ModuleOp Compilation::getModule() {
  return levels.empty() ? module.get() : levels.front().module.get();
}

PhaseOptions makePhaseOptions(const CompileOptions &options,
                              const Target &target) {
  PhaseOptions phase;
  phase.optLevel = options.optLevel;
  auto names = to_vector(options.import.noRecognize.keys());
  llvm::sort(names);
  phase.noRecognize = join(names, "|");
  phase.backend = options.backend;
  phase.vectorBits = target.vectorBits;
  phase.features = target.kernelFeatures;
  return phase;
}

PhaseOptions Compilation::getPhaseOptions(const Target &target) const {
  return makePhaseOptions(options, target);
}

Error Compilation::parsePiece(StringRef text, ArrayRef<Target> given) {
  // MLIR's lexer reads the byte after the text.
  std::string terminated = text.str();
  module = parseSourceString<ModuleOp>(terminated, ParserConfig(&context));
  if (!module)
    return makeFailure(FailureKind::Internal,
                       "a piece of the model cannot be read back");
  targets = given.vec();
  return Error::success();
}

/// The IR as text, the way seqc-opt prints it.
static std::string printModule(ModuleOp module) {
  std::string text;
  raw_string_ostream os(text);
  module->print(os);
  os << "\n";
  return text;
}

//===----------------------------------------------------------------------===//
// Import
//===----------------------------------------------------------------------===//

/// Looks at what `path` is; a folder is fine here.
static Error checkModelFile(StringRef path, sys::fs::file_status &status) {
  std::error_code code = sys::fs::status(path, status);
  if (!code && status.type() != sys::fs::file_type::directory_file)
    code = checkRegularFile(path);
  return code ? makeFailure(FailureKind::BadInput,
                            "model '" + path + "': " + code.message())
              : Error::success();
}

/// No importer takes what is at `path`.
static Error makeUnknownKind(StringRef path, bool isFolder) {
  if (isFolder && !sys::fs::exists(path + "/config.json"))
    return makeFailure(FailureKind::BadInput,
                       "model '" + path +
                           "' is a folder without config.json; required is "
                           "an " +
                           listSuffixes(getImporters(), "or") + " file");
  if (isFolder)
    return makeFailure(
        FailureKind::Unsupported,
        "model '" + path +
            "': folders with config.json are not supported by this "
            "version; supported are " +
            listSuffixes(getImporters(), "and"));
  return makeFailure(FailureKind::BadInput,
                     "model '" + path + "' has suffix '" +
                         sys::path::extension(path) + "'; required is " +
                         listSuffixes(getImporters(), "or"));
}

Error Compilation::readModel() {
  StringRef path = options.model;
  sys::fs::file_status status;
  if (!options.text)
    if (Error error = checkModelFile(path, status))
      return error;
  const ModelImporter *importer =
      findImporter(getImporters(), sys::path::extension(path));
  if (!importer)
    return makeUnknownKind(path,
                           status.type() == sys::fs::file_type::directory_file);
  if (options.text && !importer->takesText)
    return makeFailure(FailureKind::Unsupported,
                       "model '" + path +
                           "' is in memory; models with suffix '" +
                           sys::path::extension(path) +
                           "' are not supported there, required is a file");
  if (importer->trustsText)
    observer.beginReading(("'" + path + "'").str());
  module =
      importer->import({options.model, options.text}, context, options.import);
  if (importer->trustsText)
    observer.endReading();
  return Error::success();
}

Error Compilation::importModel() {
  TimeTraceScope scope(("phase " + phaseName(Phase::Import)).str());
  observer.beginWork("phase import of '" + options.model + "'", "",
                     [] { return std::string(); });
  Expected<std::vector<Target>> resolved = resolveTargets(options.targetCpu);
  if (!resolved)
    return resolved.takeError();
  targets = std::move(*resolved);
  if (Error error = readModel())
    return error;
  if (!module || diagnostics->getErrorCount())
    return makeFailure(diagnostics->isUnsupported() ? FailureKind::Unsupported
                                                    : FailureKind::BadInput,
                       "");
  if (Error error = checkImported(*module))
    return error;
  if (options.splitsSearch) {
    PassManager passes(&context, ModuleOp::getOperationName());
    passes.addPass(createSplitGeneratePass());
    if (failed(passes.run(*module)))
      return makeFailure(FailureKind::Internal, "the search cannot be split");
  }
  if (failed(completeMetadata(*module, sys::path::stem(options.model))))
    return makeFailure(FailureKind::BadInput, "");
  modelHash =
      utohexstr(xxh3_64bits(printModule(*module)), /*LowerCase=*/true, 16);
  if (Error error = checkWeights())
    return error;
  return dump(Phase::Import, *module, getPhaseOptions(targets.front()), "");
}

Error Compilation::addRuntimeChecks() {
  PassManager passes(&context, ModuleOp::getOperationName());
  passes.addPass(createGenerateRuntimeChecksPass());
  return succeeded(passes.run(*module))
             ? Error::success()
             : makeFailure(FailureKind::Internal, "checks cannot be added");
}

OwningOpRef<ModuleOp> Compilation::normalizeCopy() {
  OwningOpRef<ModuleOp> copy = getModule().clone();
  if (!options.stopAfter || *options.stopAfter == Phase::Import) {
    ScopedDiagnosticHandler silent(&context,
                                   [](Diagnostic &) { return success(); });
    PassManager passes(&context, ModuleOp::getOperationName());
    buildPhase(Phase::Normalize, passes, getPhaseOptions(targets.front()));
    (void)passes.run(*copy);
  }
  return copy;
}

Error Compilation::checkWeights() {
  WeightFiles files(getFolder());
  Error failure = Error::success();
  module->walk([&](seq::WeightOp op) {
    auto type = cast<RankedTensorType>(op.getType());
    int64_t bytes = op.getStoredElementBytes();
    for (int64_t extent : type.getShape())
      if (MulOverflow(bytes, extent, bytes))
        bytes = INT64_MAX;
    Expected<StringRef> data =
        files.getBytes(op.getFile(), op.getOffset(), bytes);
    std::string message;
    if (!data)
      takeFailure(data.takeError(), message);
    else if (!op.getHash().empty()) {
      std::string hash = utohexstr(xxHash64(*data), /*LowerCase=*/true, 16);
      if (hash != op.getHash())
        message = "weights file '" + op.getFile().str() +
                  "' has other content: hash " + hash + ", required is " +
                  op.getHash().str();
    }
    if (message.empty())
      return WalkResult::advance();
    op.emitError() << "weight '" << op.getName() << "': " << message;
    failure =
        joinErrors(std::move(failure), makeFailure(FailureKind::BadInput, ""));
    return WalkResult::interrupt();
  });
  return failure;
}

Error Compilation::checkOutput(StringRef output) {
  auto isOutput = [&](StringRef path) {
    bool same = false;
    return !sys::fs::equivalent(path, output, same) && same;
  };
  std::string found = isOutput(options.model) ? options.model : "";
  module->walk([&](seq::WeightOp op) {
    SmallString<128> path(getFolder());
    sys::path::append(path, op.getFile());
    if (found.empty() && isOutput(path))
      found = path.str().str();
  });
  if (found.empty())
    return Error::success();
  return makeFailure(FailureKind::BadInput,
                     "output '" + output + "' is read as '" + found +
                         "'; required is another file than the model's");
}

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

/// Phases from which on each CPU level has a module of its own.
static bool isPerLevel(Phase phase) { return phase > Phase::Fuse; }

/// `07-tile.mlir`, with the level's name where several are compiled.
static std::string getDumpName(Phase phase, StringRef level) {
  unsigned number = static_cast<unsigned>(phase) + 1;
  return (number < 10 ? "0" : "") + std::to_string(number) + "-" +
         phaseName(phase).str() + (level.empty() ? "" : "." + level.str()) +
         ".mlir";
}

/// `word` as a shell takes it.
static std::string quote(const std::string &word) {
  return StringRef(word).find_first_of(" '\"$|") == StringRef::npos
             ? word
             : "'" + word + "'";
}

Error Compilation::dump(Phase phase, ModuleOp current,
                        const PhaseOptions &phaseOptions, StringRef level) {
  if (options.dumpFolder.empty())
    return Error::success();
  if (std::error_code code = sys::fs::create_directories(options.dumpFolder))
    return makeFileFailure("cannot write", options.dumpFolder, code);
  std::string text;
  auto next = static_cast<Phase>(static_cast<unsigned>(phase) + 1);
  if (isPipelinePhase(next)) {
    std::string nextLevel = level.str();
    if (isPerLevel(next) && targets.size() > 1 && level.empty())
      nextLevel = targets.front().name;
    text = "// seqc-opt " + getDumpName(phase, level) + " " +
           quote(phaseOption(next, phaseOptions)) + " -o " +
           getDumpName(next, nextLevel) + "\n";
  } else {
    text = "// the last phase that is IR\n";
  }
  text += printModule(current);
  SmallString<128> path(options.dumpFolder);
  sys::path::append(path, getDumpName(phase, level));
  return writeFile(path, text);
}

Error Compilation::runPhase(Phase phase, ModuleOp current,
                            const PhaseOptions &phaseOptions, StringRef level) {
  std::string name = ("phase " + phaseName(phase)).str();
  TimeTraceScope scope(("phase " + phaseName(phase)).str());
  observer.beginStep(phaseName(phase), static_cast<unsigned>(phase) + 1,
                     allPhases().size());
  observer.beginWork(name,
                     "seqc-opt %s " + quote(phaseOption(phase, phaseOptions)),
                     [&] { return printModule(current); });
  PassManager passes(&context, ModuleOp::getOperationName());
  // The phase is verified as a whole; seqc-opt, which replays it, verifies
  // behind each pass.
  passes.enableVerifier(false);
  observer.preparePasses(passes);
  buildPhase(phase, passes, phaseOptions);
  unsigned errorsBefore = diagnostics->getErrorCount();
  if (failed(passes.run(current)) || failed(verify(current))) {
    // What nobody can compile is the model's to change; anything else is ours.
    if (diagnostics->getErrorCount() > errorsBefore &&
        diagnostics->isUnsupported())
      return makeFailure(FailureKind::Unsupported, "");
    std::string replay = observer.keepFailedWork();
    return makeFailure(FailureKind::Internal,
                       name + " failed" +
                           (replay.empty()
                                ? ""
                                : "; a reproducer was written, replay it "
                                  "with\n  " +
                                      replay));
  }
  observer.endWork();
  // Folding makes extents static, and layers become products with others.
  if (failed(seq::checkSizes(current)))
    return makeFailure(FailureKind::BadInput, "");
  if (phase == Phase::Offload || phase == Phase::Select)
    current->walk([&](Operation *op) {
      if (op->getName().getDialectNamespace() == "dnn")
        usesLibrary = true;
    });
  return dump(phase, current, phaseOptions, level);
}

Error Compilation::runPhases(Phase last) {
  if (options.stopAfter)
    last = std::min(last, *options.stopAfter);
  for (Phase phase : allPhases()) {
    if (phase > last || isPerLevel(phase))
      break;
    if (!isPipelinePhase(phase))
      continue;
    if (Error error =
            runPhase(phase, *module, getPhaseOptions(targets.front()), ""))
      return error;
  }
  if (!isPerLevel(last))
    return Error::success();
  for (const Target &target : targets)
    levels.push_back({target, OwningOpRef<ModuleOp>(module->clone())});
  for (LevelModule &level : levels)
    for (Phase phase : allPhases())
      if (isPerLevel(phase) && phase <= last && isPipelinePhase(phase))
        if (Error error =
                runPhase(phase, *level.module, getPhaseOptions(level.target),
                         levels.size() > 1 ? level.target.name : ""))
          return error;
  return Error::success();
}

void printPipeline(raw_ostream &os, const CompileOptions &options,
                   ArrayRef<Target> targets) {
  for (const Target &target : targets)
    for (Phase phase : allPhases())
      if (isPipelinePhase(phase) &&
          (isPerLevel(phase) || target.name == targets.front().name))
        os << formatv(
            "{0,-10} seqc-opt {1}\n", phaseName(phase),
            quote(phaseOption(phase, makePhaseOptions(options, target))));
}

} // namespace seqc
