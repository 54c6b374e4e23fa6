//===- ImportMLIR.cpp - Models written as IR
//-------------------------------===//

#include "frontends/MLIR/ImportMLIR.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"

#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace llvm;

namespace seqc {

mlir::OwningOpRef<mlir::ModuleOp> importMLIR(StringRef path,
                                             mlir::MLIRContext &context) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> file = MemoryBuffer::getFile(
      path, /*IsText=*/true, /*RequiresNullTerminator=*/false);
  if (!file) {
    mlir::emitError(mlir::UnknownLoc::get(&context))
        << "'" << path << "' cannot be read: " << file.getError().message();
    return nullptr;
  }
  // MLIR's lexer reads one byte past the text: the copy ends in NUL for
  // certain.
  auto sources = std::make_shared<SourceMgr>();
  sources->AddNewSourceBuffer(
      MemoryBuffer::getMemBufferCopy((*file)->getBuffer(), path), SMLoc());
  return mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
}

} // namespace seqc
