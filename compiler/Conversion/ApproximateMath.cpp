//===- ApproximateMath.cpp - Polynomials for math functions ---------------===//

#include "compiler/Conversion/Passes.h"
#include "compiler/Transforms/Simplify.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
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

struct ApproximateMath : seqc::impl::ApproximateMathPassBase<ApproximateMath> {
  void runOnOperation() override {
    applyBounded(getOperation(), [](RewritePatternSet &patterns) {
      // Sine and cosine stay with libm: their polynomials lose all digits for large angles.
      populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
        return llvm::is_contained({math::ExpOp::getOperationName(), math::TanhOp::getOperationName(),
                                   math::LogOp::getOperationName(), math::Log1pOp::getOperationName(),
                                   math::ExpM1Op::getOperationName(), math::ErfOp::getOperationName()},
                                  name);
      });
    });
  }
};

} // namespace
