//===- seqc-opt.cpp - Runs passes on textual IR ----------------*- C++ -*-===//
//
// mlir-opt with everything that seqc's IR may contain.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipelines/Phases.h"
#include "compiler/Pipelines/Registration.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  seqc::registerAllDialects(registry);
  mlir::registerAllPasses();
  seqc::registerAllPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "seqc's pass driver\n", registry));
}
