//===- seqc-lsp-server.cpp - Language server for seqc's IR ------*- C++ -*-===//
//
// mlir-lsp-server with every dialect that seqc's IR may contain: errors as one
// types, hover, definitions and uses. Editors start it; it speaks the language
// server protocol on standard input and output.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipelines/Registration.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "llvm/Support/LogicalResult.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  seqc::registerAllDialects(registry);
  return llvm::failed(mlir::MlirLspServerMain(argc, argv, registry)) ? 1 : 0;
}
