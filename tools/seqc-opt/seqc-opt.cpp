//===- seqc-opt.cpp - Runs passes on textual IR ----------------*- C++ -*-===//
//
// mlir-opt with everything that seqc's IR may contain.
//
//===----------------------------------------------------------------------===//

#include "compiler/Decompose/Passes.h"
#include "dialect/Seq/IR/SeqDialect.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<seqc::seq::SeqDialect>();
  mlir::registerAllPasses();
  seqc::registerDecomposePasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "seqc's pass driver\n", registry));
}
