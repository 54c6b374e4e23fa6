//===- Emission.cpp - Phases object and link ------------------------------===//
//
//   weight layout         -> a blob -> an object that includes it
//   levels (LLVM dialect) -> one object per level, the first with the table
//   objects               -> LLD -> the artefact
//
//===----------------------------------------------------------------------===//

#include "compiler/CodeGen/Linker.h"
#include "compiler/CodeGen/ModelHeader.h"
#include "compiler/CodeGen/ModelMetadata.h"
#include "compiler/CodeGen/ModelTable.h"
#include "compiler/CodeGen/OutputFile.h"
#include "compiler/CodeGen/WeightsSection.h"
#include "dialect/Seq/IR/Marks.h"
#include "runtime/abi/ModelAbi.h"
#include "tools/session/Compilation.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/TimeProfiler.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace seqc {

namespace {
/// The facts of a compilation that its artefact depends on.
struct EmissionInput {
  const CompileOptions &options;
  std::vector<LevelModule> &levels;
  ArrayRef<Target> targets;
  StringRef modelHash;
  std::string folder;
  bool usesLibrary;
};

/// Makes one output.
class Emitter {
public:
  Emitter(EmissionInput input, CompilationObserver &observer, EmitKind kind,
          StringRef output)
      : input(std::move(input)), observer(observer), kind(kind), output(output),
        prefix(this->input.options.symbolPrefix) {}

  /// Writes the packed weights to a temporary file, or just hashes them where
  /// the output is text.
  Error writeBlob();
  /// Fills the model's table.
  Error makeTable();
  /// Translates and optimises one level; writes its text or adds its object.
  Error addLevel(size_t index);
  /// Adds the object with the weights.
  Error addWeights();
  /// Links what was added, and writes the header of a prefixed model.
  Error linkObjects();

  /// Whether the output is an object of some kind rather than text.
  bool isBinary() const { return !isText(kind); }

private:
  mlir::ModuleOp getModule() const { return *input.levels.front().module; }
  /// The level's name where several levels are in one artefact.
  std::string getSuffix(size_t index) const {
    return input.levels.size() > 1 ? "." + input.levels[index].target.name
                                   : std::string();
  }
  /// `symbol` as the output has it.
  std::string getSymbol(StringRef symbol) const {
    return prefix.empty() ? symbol.str() : getPrefixedSymbol(symbol, prefix);
  }
  Error addObject(const FileBytes &bytes);
  Error writeText(llvm::Module &code, TargetMachine &machine, CodeForm form,
                  StringRef path);

  EmissionInput input;
  CompilationObserver &observer;
  EmitKind kind;
  StringRef output, prefix;
  std::optional<TemporaryFile> blobFile;
  WeightsBlob blob;
  ModelTable table;
  json::Object metadata;
  std::string soname;
  std::vector<TemporaryFile> files;
  std::vector<std::string> objects;
};
} // namespace

static StringRef toRef(const FileBytes &bytes) {
  return StringRef(bytes.data(), bytes.size());
}

Error Emitter::writeBlob() {
  Expected<std::vector<WeightItem>> items = readWeightLayout(getModule());
  if (!items)
    return items.takeError();
  // All levels use one copy.
  for (LevelModule &level : input.levels)
    if (seq::getMark<seq::WeightLayoutMark>(*level.module) !=
        seq::getMark<seq::WeightLayoutMark>(getModule()))
      return makeFailure(
          FailureKind::Internal,
          "the levels of the artefact lay weights out differently");
  if (!isBinary() || items->empty()) {
    Expected<WeightsBlob> written = writeWeights(*items, input.folder, nulls());
    if (!written)
      return written.takeError();
    blob = std::move(*written);
    return Error::success();
  }
  Expected<TemporaryFile> file = TemporaryFile::create(output, "weights");
  if (!file)
    return file.takeError();
  blobFile.emplace(std::move(*file));
  Expected<std::unique_ptr<raw_fd_ostream>> stream = blobFile->openStream();
  if (!stream)
    return stream.takeError();
  Expected<WeightsBlob> written = writeWeights(*items, input.folder, **stream);
  Error closed = blobFile->finish(std::move(*stream));
  if (!written)
    return joinErrors(written.takeError(), std::move(closed));
  blob = std::move(*written);
  return closed;
}

Error Emitter::makeTable() {
  ArtefactFacts facts;
  facts.targets = input.targets;
  facts.backend = getBackendName(input.options.backend);
  facts.modelHash = input.modelHash.str();
  facts.weightsHash = blob.hash;
  facts.symbolPrefix = prefix.str();
  for (LevelModule &level : input.levels)
    facts.levels.push_back(*level.module);
  table.metadata = makeMetadata(facts);
  table.weightsSize = blob.size;
  table.weightsDigest = blob.digest;
  table.requirements = input.usesLibrary ? SEQC_ABI_REQUIRES_DNN : 0;
  metadata = getMetadata(getModule());
  soname = metadata.getString("name").value_or("model").str() + ".so";
  for (const std::string &name : getEntryNames(metadata))
    for (auto [index, level] : enumerate(input.levels))
      table.functions.push_back(
          {name, SEQC_ABI_FUNCTION_PREFIX + name + getSuffix(index),
           level.target.requiredFeatures});
  if (table.functions.empty())
    return makeFailure(FailureKind::Internal,
                       "the module has lost the metadata of its entries");
  return Error::success();
}

Error Emitter::writeText(llvm::Module &code, TargetMachine &machine,
                         CodeForm form, StringRef path) {
  Expected<FileBytes> text = emitModule(code, machine, form);
  if (!text)
    return text.takeError();
  return writeFile(path, toRef(*text));
}

Error Emitter::addObject(const FileBytes &bytes) {
  Expected<TemporaryFile> file = TemporaryFile::create(output, "o");
  if (!file)
    return file.takeError();
  objects.push_back(file->getPath().str());
  files.push_back(std::move(*file));
  return files.back().write(toRef(bytes));
}

Error Emitter::addLevel(size_t index) {
  TimeTraceScope scope(("phase " + phaseName(Phase::Object)).str());
  LevelModule &level = input.levels[index];
  observer.beginWork("phase object", "mlir-translate --mlir-to-llvmir %s", [&] {
    std::string text;
    raw_string_ostream stream(text);
    level.module->print(stream);
    return text;
  });
  std::string suffix = getSuffix(index);
  LLVMContext context;
  Expected<std::unique_ptr<llvm::Module>> code =
      translateToLLVM(*level.module, context, level.target, suffix);
  if (!code)
    return code.takeError();
  for (const FunctionRow &row : table.functions)
    if (StringRef(row.symbol).ends_with(suffix) &&
        !(*code)->getFunction(row.symbol))
      return makeFailure(FailureKind::Internal,
                         "entry '" + row.name + "' has no code in the module");
  if (index == 0)
    addModelTable(**code, table);
  if (!prefix.empty())
    renameSymbols(**code, prefix);
  unsigned optLevel = input.options.optLevel;
  Expected<std::unique_ptr<TargetMachine>> machine =
      createTargetMachine(level.target, optLevel);
  if (!machine)
    return machine.takeError();
  if (Error error = optimizeModule(**code, **machine, optLevel))
    return error;
  if (kind == EmitKind::LLVMIR)
    return writeText(**code, **machine, CodeForm::LLVMIR, output);
  if (kind == EmitKind::Assembly)
    return writeText(**code, **machine, CodeForm::Assembly, output);
  std::string kept = (output + suffix).str();
  if (input.options.saveTemps)
    if (Error error =
            writeText(**code, **machine, CodeForm::LLVMIR, kept + ".ll"))
      return error;
  Expected<FileBytes> object = emitModule(**code, **machine, CodeForm::Object);
  if (!object)
    return object.takeError();
  if (input.options.saveTemps)
    if (Error error = writeFile(kept + ".code.o", toRef(*object)))
      return error;
  observer.endWork();
  return addObject(*object);
}

Error Emitter::addWeights() {
  if (!blob.size)
    return Error::success();
  Expected<FileBytes> object =
      makeWeightsObject(blobFile->getPath(), blob.size,
                        input.levels.front().target, getSymbol(kWeightsSymbol));
  if (!object)
    return object.takeError();
  return addObject(*object);
}

Error Emitter::linkObjects() {
  TimeTraceScope scope(("phase " + phaseName(Phase::Link)).str());
  LinkRequest request;
  request.kind = kind == EmitKind::Executable     ? LinkKind::Executable
                 : kind == EmitKind::SharedObject ? LinkKind::SharedObject
                                                  : LinkKind::Object;
  request.objects = objects;
  request.output = output.str();
  request.onednn = input.usesLibrary;
  request.symbol = getSymbol(SEQC_ABI_MODEL_SYMBOL);
  Toolchain tools =
      findToolchain(input.options.programPath, input.options.libraryFolder);
  if (prefix.empty()) {
    request.soname = soname;
    return link(request, tools);
  }
  // Models of one name in one program must stay two: without a name of its own
  // a shared object is known by that of its file.
  SmallString<256> path(output);
  sys::path::remove_filename(path);
  sys::path::append(path, prefix + ".h");
  Expected<TemporaryFile> header = TemporaryFile::create(path, "h");
  if (!header)
    return header.takeError();
  if (Error error = header->write(makeModelHeader(metadata, prefix)))
    return error;
  if (Error error = link(request, tools))
    return error;
  return header->keep(path, /*executable=*/false);
}

Error Compilation::emit(EmitKind kind, StringRef output) {
  if (kind == EmitKind::MLIR) {
    std::string text;
    raw_string_ostream os(text);
    getModule()->print(os);
    os << "\n";
    return writeFile(output, text);
  }
  observer.beginStep("object", allPhases().size() - 1, allPhases().size());
  Emitter emitter(
      {options, levels, targets, modelHash, getFolder(), usesLibrary}, observer,
      kind, output);
  if (Error error = emitter.writeBlob())
    return error;
  if (Error error = emitter.makeTable())
    return error;
  // Text shows the best level; the others differ in their instructions alone.
  size_t count = emitter.isBinary() ? levels.size() : 1;
  for (size_t index = 0; index < count; ++index)
    if (Error error = emitter.addLevel(index))
      return error;
  if (!emitter.isBinary())
    return Error::success();
  if (Error error = emitter.addWeights())
    return error;
  observer.beginStep("link", allPhases().size(), allPhases().size());
  return emitter.linkObjects();
}

} // namespace seqc
