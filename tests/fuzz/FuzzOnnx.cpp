//===- FuzzOnnx.cpp - Any bytes as an ONNX model --------------------------===//
//
// Whatever the bytes are, the import gives valid IR or errors.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/ImportONNX.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace seqc;

/// A context that keeps types and attributes of some inputs only.
static mlir::MLIRContext &getContext() {
  static std::unique_ptr<mlir::MLIRContext> context;
  static unsigned uses = 0;
  if (uses++ % 500 == 0) {
    context = std::make_unique<mlir::MLIRContext>(
        mlir::MLIRContext::Threading::DISABLED);
    context->getDiagEngine().registerHandler(
        [](mlir::Diagnostic &) { return mlir::success(); });
  }
  return *context;
}

/// A file of this process alone, in memory where there is such a folder.
static const std::string &getPath() {
  static const std::string path = [] {
    llvm::SmallString<64> folder;
    llvm::StringRef parent =
        llvm::sys::fs::is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
    if (llvm::sys::fs::createUniqueDirectory(parent + "/seqc-fuzz", folder))
      std::abort();
    std::atexit([] { (void)llvm::sys::fs::remove(path); });
    return (folder + "/model.onnx").str();
  }();
  return path;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string &path = getPath();
  {
    std::error_code error;
    llvm::raw_fd_ostream file(path, error);
    if (error)
      std::abort();
    file.write(reinterpret_cast<const char *>(data), size);
  }
  mlir::OwningOpRef<mlir::ModuleOp> module =
      importONNX(path, getContext(), ImportOptions());
  if (module && mlir::failed(mlir::verify(*module)))
    std::abort();
  return 0;
}
