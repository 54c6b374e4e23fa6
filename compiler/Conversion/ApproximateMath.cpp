//===- ApproximateMath.cpp - Polynomials for math functions ---------------===//
//
// Polynomials are chains of multiply-adds. `math.fma` insists on one rounding,
// which a CPU without such an instruction buys with a call per element; so they
// become `llvm.intr.fmuladd`, which is fused exactly where that is cheap.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/Passes.h"
#include "compiler/Transforms/Simplify.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#define DEBUG_TYPE "seq-approximate-math"

namespace seqc {
#define GEN_PASS_DEF_APPROXIMATEMATHPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// math.fma of scalars and of vectors of rank 1 => llvm.intr.fmuladd.
struct FuseWhereCheap : OpRewritePattern<math::FmaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::FmaOp op,
                                PatternRewriter &rewriter) const override {
    auto vector = dyn_cast<VectorType>(op.getType());
    if (vector && vector.getRank() != 1)
      return failure();
    rewriter.replaceOpWithNewOp<LLVM::FMulAddOp>(op, op.getType(), op.getA(),
                                                 op.getB(), op.getC());
    return success();
  }
};

struct ApproximateMath : seqc::impl::ApproximateMathPassBase<ApproximateMath> {
  void runOnOperation() override {
    applyBounded(getOperation(), [](RewritePatternSet &patterns) {
      // Sine and cosine stay with libm: their polynomials lose all digits for
      // large angles.
      populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
        return llvm::is_contained(
            {math::ExpOp::getOperationName(), math::TanhOp::getOperationName(),
             math::LogOp::getOperationName(), math::Log1pOp::getOperationName(),
             math::ExpM1Op::getOperationName(),
             math::ErfOp::getOperationName()},
            name);
      });
    });
    applyBounded(getOperation(), [](RewritePatternSet &patterns) {
      patterns.add<FuseWhereCheap>(patterns.getContext());
    });
  }
};

} // namespace
