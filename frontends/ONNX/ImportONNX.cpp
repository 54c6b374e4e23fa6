//===- ImportONNX.cpp - ONNX models as input ------------------------------===//

#include "frontends/ONNX/ImportONNX.h"

#include "frontends/Common/ImportForm.h"
#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/Initializers.h"
#include "frontends/ONNX/Registry.h"

namespace seqc {

mlir::OwningOpRef<mlir::ModuleOp> importONNX(llvm::StringRef path,
                                             mlir::MLIRContext &context,
                                             const ImportOptions &options) {
  loadImportDialects(context);
  // A second time if symbols turn out not to be what they say.
  llvm::StringSet<> looseSymbols;
  while (true) {
    llvm::Expected<std::unique_ptr<onnx::OnnxFile>> file =
        onnx::OnnxFile::open(path);
    if (!file) {
      mlir::emitError(mlir::FileLineColLoc::get(&context, path, 0, 0))
          << "the file " << llvm::toString(file.takeError());
      return nullptr;
    }
    llvm::SmallVector<std::string> replaceable;
    if (!options.freezesInitializers)
      replaceable = onnx::findReplaceable(**file);
    onnx::GraphImporter importer(**file, context, path, looseSymbols);
    mlir::OwningOpRef<mlir::ModuleOp> module = importer.run();
    if (module && !importer.getLooseSymbols().empty()) {
      looseSymbols = importer.getLooseSymbols();
      continue;
    }
    if (module && !replaceable.empty())
      onnx::addReplaceable(*module, path, replaceable, looseSymbols);
    return module;
  }
}

void printOnnxOperators(llvm::raw_ostream &os) {
  onnx::Registry::get().print(os);
}

} // namespace seqc
