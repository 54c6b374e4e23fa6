//===- seqc-reduce.cpp - Makes a failing module small -----------*- C++ -*-===//
//
// mlir-reduce with everything that seqc's IR may contain, with reductions for
// seq ops and for whole modules:
//
//   seqc-reduce bad.mlir -reduction-tree='test=still-fails.sh'
//   seqc-reduce bad.mlir
//     -opt-reduction-pass='opt-pass=canonicalize test=still-fails.sh'
//   seqc-reduce bad.mlir -reduce-signatures='test=still-fails.sh'
//     -simplify-attributes='test=still-fails.sh'
//     -shrink-extents='test=still-fails.sh'
//
// The script gets the path of a candidate and ends with 1 while the candidate
// is interesting.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipelines/Phases.h"
#include "compiler/Pipelines/Registration.h"
#include "tools/seqc-reduce/Passes.h"
#include "tools/seqc-reduce/SeqReductions.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  seqc::registerAllDialects(registry);
  seqc::registerSeqReductions(registry);
  mlir::registerAllPasses();
  seqc::registerAllPasses();
  seqc::registerReduceSignatures();
  seqc::registerSimplifyAttributes();
  seqc::registerShrinkExtents();
  mlir::MLIRContext context(registry);
  return mlir::failed(mlir::mlirReduceMain(argc, argv, context)) ? 1 : 0;
}
