//===- LowerVectors.cpp - Vectors to rows and multiply-adds ---------------===//

#include "compiler/Conversion/Passes.h"
#include "compiler/Transforms/Simplify.h"

#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"

#define DEBUG_TYPE "seq-lower-vectors"

namespace seqc {
#define GEN_PASS_DEF_LOWERVECTORSPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

struct LowerVectors : seqc::impl::LowerVectorsPassBase<LowerVectors> {
  void runOnOperation() override {
    Operation *function = getOperation();
    applyBounded(function, [](RewritePatternSet &patterns) {
      vector::populateVectorContractLoweringPatterns(
          patterns, vector::VectorContractLowering::OuterProduct);
      vector::populateVectorOuterProductLoweringPatterns(patterns);
    });
    applyBounded(function, [](RewritePatternSet &patterns) {
      vector::populateVectorTransferPermutationMapLoweringPatterns(patterns);
      VectorTransferToSCFOptions options;
      options.setTargetRank(1);
      options.enableFullUnroll();
      populateVectorToSCFConversionPatterns(patterns, options);
    });
    applyBounded(function, [](RewritePatternSet &patterns) {
      vector::populateVectorBroadcastLoweringPatterns(patterns);
      vector::populateVectorTransposeLoweringPatterns(
          patterns, vector::VectorTransposeLowering::EltWise);
      vector::populateVectorShapeCastLoweringPatterns(patterns);
      vector::populateVectorMultiReductionLoweringPatterns(
          patterns, vector::VectorMultiReductionLowering::InnerParallel);
    });
    applyBounded(function, [](RewritePatternSet &patterns) {
      vector::populateVectorTransferLoweringPatterns(patterns,
                                                     /*maxTransferRank=*/1);
    });
    applyBounded(function, [](RewritePatternSet &patterns) {
      populateCanonicalizations(patterns, {"vector", "arith", "affine"});
    });
  }
};

} // namespace
