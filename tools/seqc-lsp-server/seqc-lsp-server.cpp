//===- seqc-lsp-server.cpp - Language server for seqc's IR ------*- C++ -*-===//
//
// mlir-lsp-server with every dialect that seqc's IR may contain: errors as one
// types, hover, definitions and uses. Editors start it; it speaks the language
// server protocol on standard input and output. A document that the parser does
// not survive ends it with exit code 2 and a message; editors start it again.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipelines/Registration.h"
#include "tools/guard/Guard.h"
#include "tools/guard/StandIn.h"
#include "tools/guard/ToolFiles.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "llvm/Support/LogicalResult.h"

int main(int argc, char **argv) {
  seqc::installGuard("seqc-lsp-server");
  seqc::Reading reading("a document");
  mlir::DialectRegistry registry;
  seqc::registerAllDialects(registry);
  seqc::registerStandIn(registry);
  bool failed = llvm::failed(mlir::MlirLspServerMain(argc, argv, registry));
  return seqc::finishTool("seqc-lsp-server", failed ? 1 : 0);
}
