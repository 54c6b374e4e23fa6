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
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#define DEBUG_TYPE "seq-lower-vectors"

namespace seqc {
#define GEN_PASS_DEF_LOWERVECTORSPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// The greatest or least elements of several rows, or their sums.
///
/// Two rows of n lanes become one of n, half of which belongs to each; so do
/// two of those, until there is one vector, whose groups of lanes are halved in
/// place. Upstream reduces row by row, and LLVM then lane by lane where it has
/// to heed NaN.
struct ReduceRowsTogether : OpRewritePattern<vector::MultiDimReductionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::MultiDimReductionOp op,
                                PatternRewriter &rewriter) const override {
    auto type = op.getSourceVectorType();
    ArrayRef<int64_t> dims = op.getReductionDims();
    if (type.getRank() != 2 || type.isScalable() || dims.size() != 1 ||
        dims[0] != 1 || !isa<FloatType>(type.getElementType()))
      return failure();
    int64_t rows = type.getDimSize(0), lanes = type.getDimSize(1);
    if (!llvm::isPowerOf2_64(rows) || !llvm::isPowerOf2_64(lanes) ||
        lanes < 2 || rows > lanes)
      return failure();
    Location loc = op.getLoc();
    SmallVector<Value> parts;
    for (int64_t row = 0; row < rows; ++row)
      parts.push_back(
          vector::ExtractOp::create(rewriter, loc, op.getSource(), row));
    auto combine = [&](Value a, Value b) {
      return vector::makeArithReduction(rewriter, loc, op.getKind(), a, b);
    };
    // Lanes of each group that belongs to a row.
    int64_t group = lanes;
    for (; parts.size() > 1; group /= 2) {
      SmallVector<Value> pairs;
      for (size_t i = 0; i < parts.size(); i += 2) {
        SmallVector<int64_t> low, high;
        for (int64_t lane = 0; lane < 2 * lanes; ++lane)
          (lane % group < group / 2 ? low : high).push_back(lane);
        auto shuffle = [&](ArrayRef<int64_t> mask) {
          return vector::ShuffleOp::create(rewriter, loc, parts[i],
                                           parts[i + 1], mask);
        };
        pairs.push_back(combine(shuffle(low), shuffle(high)));
      }
      parts = pairs;
    }
    Value all = parts.front();
    for (; group > 1; group /= 2) {
      SmallVector<int64_t> swapped;
      for (int64_t lane = 0; lane < lanes; ++lane)
        swapped.push_back(lane ^ (group / 2));
      all = combine(
          all, vector::ShuffleOp::create(rewriter, loc, all, all, swapped));
    }
    SmallVector<int64_t> firsts;
    for (int64_t row = 0; row < rows; ++row)
      firsts.push_back(row * (lanes / rows));
    Value result = vector::ShuffleOp::create(rewriter, loc, all, all, firsts);
    rewriter.replaceOp(op, combine(op.getAcc(), result));
    return success();
  }
};

/// Squares of 16 x 16 numbers are transposed by shuffles. Upstream's pattern
/// would make one shuffle of all elements of any other transpose.
void transposeSquares(Operation *function) {
  SmallVector<Operation *> squares;
  function->walk([&](vector::TransposeOp op) {
    if (cast<VectorType>(op.getType()).getShape() == ArrayRef<int64_t>{16, 16})
      squares.push_back(op);
  });
  if (squares.empty())
    return;
  RewritePatternSet patterns(function->getContext());
  vector::populateVectorTransposeLoweringPatterns(
      patterns, vector::VectorTransposeLowering::Shuffle16x16);
  (void)applyOpPatternsGreedily(squares, std::move(patterns),
                                GreedyRewriteConfig().setStrictness(
                                    GreedyRewriteStrictness::ExistingOps));
}

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
      patterns.add<ReduceRowsTogether>(patterns.getContext());
    });
    transposeSquares(function);
    applyBounded(function, [](RewritePatternSet &patterns) {
      vector::populateVectorBroadcastLoweringPatterns(patterns);
      vector::populateVectorTransposeLoweringPatterns(
          patterns, vector::VectorTransposeLowering::EltWise);
      vector::populateVectorShapeCastLoweringPatterns(patterns);
      vector::populateVectorMultiReductionLoweringPatterns(
          patterns, vector::VectorMultiReductionLowering::InnerReduction);
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
