//===- ImportYAML.cpp - From a description to a module --------------------===//

#include "frontends/YAML/ImportYAML.h"
#include "frontends/Common/ImportForm.h"

#include "dialect/Support/RegularFile.h"
#include "frontends/Common/Folder.h"
#include "frontends/YAML/Importer.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace seqc {

namespace yaml {

std::optional<std::string> confineToFolder(Reporter &reporter,
                                           Position position, StringRef folder,
                                           StringRef file) {
  SmallString<256> path(folder);
  sys::path::append(path, file);
  if (!leavesFolder(folder, file))
    return path.str().str();
  return reporter.error(position,
                        "file '{0}' leaves the folder of the description; "
                        "required is a file inside it",
                        file);
}

//===----------------------------------------------------------------------===//
// Importer
//===----------------------------------------------------------------------===//

Importer::Importer(Reporter &reporter, const Node &root, WeightReader &weights,
                   const ImportOptions &options, StringRef folder,
                   StringRef name)
    : reporter(reporter), root(root), weights(weights), options(options),
      folder(folder.str()), modelName(name.str()),
      outer(&reporter.getContext()) {}

void Importer::collectMentioned(const Node &node) {
  if (node.isScalar()) {
    mentioned.insert(node.text);
    // Names inside of equations.
    StringRef rest = node.text;
    while (!rest.empty()) {
      auto isInside = [](char c) { return isAlnum(c) || c == '_' || c == '.'; };
      mentioned.insert(rest.take_while(isInside));
      rest = rest.drop_while(isInside).substr(1);
    }
  }
  for (const Node &item : node.items)
    collectMentioned(item);
  for (const Entry &entry : node.entries)
    collectMentioned(entry.value);
}

mlir::OwningOpRef<mlir::ModuleOp> Importer::run() {
  mlir::MLIRContext *context = &reporter.getContext();
  mlir::Location loc = reporter.getLocation(root.position);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(loc);
  mlir::OpBuilder builder(context);
  builder.setInsertionPointToStart(module->getBody());
  auto function = mlir::func::FuncOp::create(builder, loc, "forward",
                                             builder.getFunctionType({}, {}));
  body = function.addEntryBlock();
  outer.getBuilder().setInsertionPointToEnd(body);
  outer.setLoc(loc);
  weights.setInsertionBlock(body);

  MappingReader reader(reporter, root, "the description",
                       {"name", "description", "weights", "vocabularies",
                        "cells", "inputs", "layers", "graphs", "generate",
                        "outputs"});
  modelName = reader.getText("name").value_or(modelName);
  collectMentioned(root);
  readVocabularies();
  readCells();
  fixedBatch = usesGraphs(root);
  readInputs(reader);
  // Nothing else can be checked without a batch.
  if (!batchSource)
    return nullptr;

  if (fixedBatch) {
    importGraphSearch();
    return finish(std::move(module));
  }
  previousLayer = root.find("inputs")->entries.front().key;
  if (const Node *layers = root.find("layers")) {
    for (const Entry &entry : layers->entries)
      if (const Node *kind = entry.value.find("kind"))
        preferTimeMajor |= isRecurrent(kind->text);
    importLayers(*layers);
  }
  if (const Node *generate = root.find("generate"))
    importGenerate(*generate);
  const Node *outputs = root.find("outputs");
  if (outputs)
    importOutputs(*outputs);
  else if (!root.find("generate"))
    reporter.error(root.position,
                   "the description has neither 'outputs' nor 'generate'; "
                   "required is what the model gives");
  return finish(std::move(module));
}

mlir::OwningOpRef<mlir::ModuleOp>
Importer::finish(mlir::OwningOpRef<mlir::ModuleOp> module) {
  if (reporter.hasErrors())
    return nullptr;
  if (results.empty()) {
    // Cells have no shapes without their weights.
    if (weights.isListing())
      return nullptr;
    const Node *outputs = root.find("outputs");
    return reporter.error(outputs ? outputs->position : root.position,
                          "the model has no outputs; required is at least one");
  }
  if (!fixedBatch)
    weights.reportUnused(root.find("weights") ? root.find("weights")->position
                                              : root.position);

  auto function = *module->getOps<mlir::func::FuncOp>().begin();
  mlir::OpBuilder &builder = outer.getBuilder();
  builder.setInsertionPointToEnd(body);
  mlir::func::ReturnOp::create(builder, function.getLoc(), returned);
  function.setName(entryName);
  if (failed(finishImport(*module, buildMetadata())))
    return nullptr;
  return module;
}

} // namespace yaml

//===----------------------------------------------------------------------===//
// importYAML
//===----------------------------------------------------------------------===//

mlir::OwningOpRef<mlir::ModuleOp> importYAML(StringRef path,
                                             mlir::MLIRContext &context,
                                             const ImportOptions &options) {
  loadImportDialects(context);
  yaml::Reporter reporter(context, path);
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = readRegularFile(path);
  if (!buffer) {
    mlir::emitError(mlir::UnknownLoc::get(&context))
        << "'" << path << "' cannot be read: " << buffer.getError().message();
    return nullptr;
  }
  std::optional<yaml::Node> root = yaml::parseTree(
      (*buffer)->getBuffer(), [&](yaml::Position position, StringRef message) {
        reporter.error(position, message);
      });
  if (!root)
    return nullptr;

  // The weights lie beside the description, under its name unless it says
  // otherwise.
  StringRef folder = sys::path::parent_path(path);
  std::string weightsName = (sys::path::stem(path) + ".safetensors").str();
  yaml::Position weightsPosition = root->position;
  if (const yaml::Node *given = root->find("weights")) {
    weightsPosition = given->position;
    if (given->isScalar())
      weightsName = given->text;
    else
      reporter.reject(*given, "'weights'", "the name of a safetensors file");
  }
  std::optional<SafeTensorsFile> file;
  // ONNX files hold their weights.
  std::optional<std::string> weightsPath;
  if (!yaml::Importer::usesGraphs(*root))
    weightsPath =
        yaml::confineToFolder(reporter, weightsPosition, folder, weightsName);
  bool exists = weightsPath && sys::fs::exists(*weightsPath);
  bool isListing = weightsPath && !exists && options.needed;
  if (weightsPath && !isListing) {
    Expected<SafeTensorsFile> opened = SafeTensorsFile::open(*weightsPath);
    if (opened)
      file = std::move(*opened);
    else
      reporter.error(
          weightsPosition,
          toString(opened.takeError()) +
              (exists
                   ? ""
                   : "; 'seqc inspect' lists the weights that it has to hold"));
  }
  yaml::WeightReader weights(reporter, std::move(file), weightsName,
                             isListing ? options.needed : nullptr);
  yaml::Importer importer(reporter, *root, weights, options, folder,
                          sys::path::stem(path));
  mlir::OwningOpRef<mlir::ModuleOp> module = importer.run();
  reporter.finish();
  return reporter.hasErrors() ? nullptr : std::move(module);
}

} // namespace seqc
