//===- UnrollVectors.cpp - Elementwise ops on rows ------------------------===//
//
// Conversion to LLVM makes arrays of vectors of rank 2, taken apart and put
// together around each op: half of the code that LLVM then has to fold away.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/Passes.h"

#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

#define DEBUG_TYPE "seq-unroll-vectors"

namespace seqc {
#define GEN_PASS_DEF_UNROLLVECTORSPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;

namespace {

/// An elementwise op on vectors of rank n => ops on their rows of rank 1.
struct UnrollElementwise : RewritePattern {
  explicit UnrollElementwise(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!OpTrait::hasElementwiseMappableTraits(op) || op->getNumResults() != 1)
      return failure();
    auto type = dyn_cast<VectorType>(op->getResult(0).getType());
    if (!type || type.getRank() < 2 || type.isScalable())
      return failure();
    rewriter.replaceOp(
        op, compute(rewriter, op, llvm::to_vector(op->getOperands()), type));
    return success();
  }

private:
  /// What `op` makes of `operands`, a vector of `type`: each row is a vector of
  /// one dimension less.
  static Value compute(PatternRewriter &rewriter, Operation *op,
                       ArrayRef<Value> operands, VectorType type) {
    Location loc = op->getLoc();
    if (type.getRank() == 1)
      return rewriter
          .create(loc, op->getName().getIdentifier(), operands, type,
                  op->getAttrs())
          ->getResult(0);
    VectorType rowType = VectorType::Builder(type).dropDim(0);
    Value result = ub::PoisonOp::create(rewriter, loc, type);
    for (int64_t row = 0; row < type.getDimSize(0); ++row) {
      SmallVector<Value> rows;
      for (Value operand : operands)
        rows.push_back(
            isa<VectorType>(operand.getType())
                ? rewriter.createOrFold<vector::ExtractOp>(loc, operand, row)
                : operand);
      result = vector::InsertOp::create(
          rewriter, loc, compute(rewriter, op, rows, rowType), result, row);
    }
    return result;
  }
};

struct UnrollVectors : seqc::impl::UnrollVectorsPassBase<UnrollVectors> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<UnrollElementwise>(&getContext());
    FrozenRewritePatternSet frozen(std::move(patterns));
    walkAndApplyPatterns(getOperation(), frozen);
  }
};

} // namespace
