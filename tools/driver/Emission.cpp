//===- Emission.cpp - Phases object and link ------------------------------===//
//
//   levels (LLVM dialect) -> one object per level, the first with the model's
//   table weight layout         -> a blob -> an object that includes it objects
//   -> LLD -> the artefact
//
//===----------------------------------------------------------------------===//

#include "compiler/CodeGen/Linker.h"
#include "compiler/CodeGen/ModelMetadata.h"
#include "compiler/CodeGen/ModelTable.h"
#include "compiler/CodeGen/OutputFile.h"
#include "compiler/CodeGen/WeightsSection.h"
#include "runtime/abi/ModelAbi.h"
#include "tools/driver/Compilation.h"
#include "tools/driver/Reproducer.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace seqc {

/// `$` and the level's name where several levels are in one artefact.
static std::string getLevelSuffix(ArrayRef<LevelModule> levels, size_t index) {
  return levels.size() > 1 ? "." + levels[index].target.name : std::string();
}

/// One row per entry and level, best level first.
static std::vector<FunctionRow> makeRows(const json::Object &metadata,
                                         ArrayRef<LevelModule> levels) {
  std::vector<FunctionRow> rows;
  for (const std::string &name : getEntryNames(metadata))
    for (auto [index, level] : enumerate(levels))
      rows.push_back(
          {name,
           SEQC_ABI_FUNCTION_PREFIX + name + getLevelSuffix(levels, index),
           level.target.requiredFeatures});
  return rows;
}

/// A kept copy of something that usually is temporary.
static Error saveTemporary(bool wanted, StringRef output, StringRef suffix,
                           StringRef bytes) {
  return wanted ? writeFile((output + suffix).str(), bytes) : Error::success();
}

Error Compilation::emit(EmitKind kind, StringRef output) {
  if (kind == EmitKind::MLIR) {
    std::string text;
    raw_string_ostream os(text);
    getModule()->print(os);
    os << "\n";
    return writeFile(output, text);
  }
  reporter.beginStep("object", allPhases().size() - 1, allPhases().size());

  // Weights first: the table holds their size and hash. All levels use one
  // copy.
  Expected<std::vector<WeightItem>> items = readWeightLayout(getModule());
  if (!items)
    return items.takeError();
  for (LevelModule &level : levels)
    if ((*level.module)->getAttr(kWeightLayoutAttr) !=
        getModule()->getAttr(kWeightLayoutAttr))
      return makeFailure(
          FailureKind::Internal,
          "the levels of the artefact lay weights out differently");
  bool binary = kind == EmitKind::Executable ||
                kind == EmitKind::SharedObject || kind == EmitKind::Object;
  std::optional<TemporaryFile> blobFile;
  std::unique_ptr<raw_fd_ostream> blobStream;
  raw_ostream *blobOut = &nulls();
  if (binary && !items->empty()) {
    Expected<TemporaryFile> file = TemporaryFile::create(output, "weights");
    if (!file)
      return file.takeError();
    blobFile.emplace(std::move(*file));
    Expected<std::unique_ptr<raw_fd_ostream>> stream = blobFile->openStream();
    if (!stream)
      return stream.takeError();
    blobStream = std::move(*stream);
    blobOut = blobStream.get();
  }
  Expected<WeightsBlob> blob = writeWeights(*items, getFolder(), *blobOut);
  if (blobStream)
    if (Error error = blobFile->finish(std::move(blobStream)))
      return blob ? std::move(error)
                  : joinErrors(blob.takeError(), std::move(error));
  if (!blob)
    return blob.takeError();

  // The table.
  ModelTable table;
  ArtefactFacts facts;
  facts.targets = targets;
  facts.backend = getBackendName(options.backend);
  facts.modelHash = modelHash;
  facts.weightsHash = blob->hash;
  table.metadata = makeMetadata(getModule(), facts);
  table.weightsSize = blob->size;
  table.requirements = usesLibrary ? SEQC_ABI_REQUIRES_DNN : 0;
  json::Object metadata = getMetadata(getModule());
  table.functions = makeRows(metadata, levels);
  if (table.functions.empty())
    return makeFailure(
        FailureKind::BadInput,
        "the model has no metadata of its entries; compile from an "
        "imported model");

  // Code, one object per level.
  std::vector<TemporaryFile> objects;
  std::vector<std::string> objectPaths;
  auto addObject = [&](const FileBytes &bytes) -> Error {
    Expected<TemporaryFile> file = TemporaryFile::create(output, "o");
    if (!file)
      return file.takeError();
    objectPaths.push_back(file->getPath().str());
    objects.push_back(std::move(*file));
    return objects.back().write(StringRef(bytes.data(), bytes.size()));
  };
  objects.reserve(levels.size() + 1);
  for (auto [index, level] : enumerate(levels)) {
    std::string text;
    raw_string_ostream textStream(text);
    level.module->print(textStream);
    recordWork("phase object", "mlir-translate --mlir-to-llvmir %s",
               std::move(text));
    std::string suffix = getLevelSuffix(levels, index);
    LLVMContext llvmContext;
    Expected<std::unique_ptr<llvm::Module>> code =
        translateToLLVM(*level.module, llvmContext, level.target, suffix);
    if (!code)
      return code.takeError();
    for (const FunctionRow &row : table.functions)
      if (index == 0 && StringRef(row.symbol).ends_with(suffix) &&
          !(*code)->getFunction(row.symbol))
        return makeFailure(FailureKind::BadInput,
                           "entry '" + row.name +
                               "' has no code in the module");
    if (index == 0)
      addModelTable(**code, table);
    Expected<std::unique_ptr<TargetMachine>> machine =
        createTargetMachine(level.target, options.optLevel);
    if (!machine)
      return machine.takeError();
    if (Error error = optimizeModule(**code, **machine, options.optLevel))
      return error;
    if (kind == EmitKind::LLVMIR || kind == EmitKind::Assembly ||
        options.saveTemps) {
      Expected<FileBytes> ir = emitModule(**code, **machine, CodeForm::LLVMIR);
      if (!ir)
        return ir.takeError();
      if (kind == EmitKind::LLVMIR)
        return writeFile(output, StringRef(ir->data(), ir->size()));
      if (Error error = saveTemporary(options.saveTemps, output, suffix + ".ll",
                                      StringRef(ir->data(), ir->size())))
        return error;
    }

    if (kind == EmitKind::Assembly) {
      Expected<FileBytes> assembly =
          emitModule(**code, **machine, CodeForm::Assembly);
      if (!assembly)
        return assembly.takeError();
      return writeFile(output, StringRef(assembly->data(), assembly->size()));
    }
    Expected<FileBytes> object =
        emitModule(**code, **machine, CodeForm::Object);
    if (!object)
      return object.takeError();
    if (Error error =
            saveTemporary(options.saveTemps, output, suffix + ".code.o",
                          StringRef(object->data(), object->size())))
      return error;
    if (Error error = addObject(*object))
      return error;
    clearWork();
  }
  if (blob->size) {
    Expected<FileBytes> object = makeWeightsObject(
        blobFile->getPath(), blob->size, levels.front().target);
    if (!object)
      return object.takeError();
    if (Error error = addObject(*object))
      return error;
  }

  reporter.beginStep("link", allPhases().size(), allPhases().size());
  LinkRequest request;
  request.kind = kind == EmitKind::Executable     ? LinkKind::Executable
                 : kind == EmitKind::SharedObject ? LinkKind::SharedObject
                                                  : LinkKind::Object;
  request.objects = objectPaths;
  request.output = output.str();
  request.soname = metadata.getString("name").value_or("model").str() + ".so";
  request.onednn = usesLibrary;
  return link(request, findToolchain(getProgramPath()));
}

} // namespace seqc
