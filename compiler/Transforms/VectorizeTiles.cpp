//===- VectorizeTiles.cpp - Turn static tiles into vectors ----------------===//
//
//   1. Tile the depth of every product tile by one.
//   2. Vectorise the tiles; multiplications with reduction become contractions.
//   3. Fold tensor subsets into transfers and hoist loop-invariant subsets:
//      accumulators become carried vectors, and a product tile is forwarded to
//      its tail without going through memory.
//
// Leaves behind: linalg ops that are no tiles, for loops.
//
//===----------------------------------------------------------------------===//

#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Simplify.h"
#include "dialect/Seq/IR/Marks.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Hoisting.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SubsetOpInterface.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"

#define DEBUG_TYPE "seq-vectorize-tiles"

namespace seqc {
#define GEN_PASS_DEF_VECTORIZETILESPASS
#include "compiler/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

struct VectorizeTiles : seqc::impl::VectorizeTilesPassBase<VectorizeTiles> {
  using VectorizeTilesPassBase::VectorizeTilesPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (failed(tileDepth(function)))
      return signalPassFailure();
    canonicalize(function);
    if (failed(vectorizeTiles(function)))
      return signalPassFailure();
    foldSubsets(function);
    function.walk(
        [](LoopLikeOpInterface loop) { moveLoopInvariantCode(loop); });
    SmallVector<scf::ForOp> loops;
    function.walk([&](scf::ForOp loop) { loops.push_back(loop); });
    IRRewriter rewriter(function.getContext());
    for (scf::ForOp loop : loops)
      if (readsInvariantSubset(loop))
        (void)hoistLoopInvariantSubsets(
            rewriter, cast<LoopLikeOpInterface>(loop.getOperation()));
    simplify(function);
    foldSubsets(function);
    simplify(function);
  }

  /// Whether a carried tensor is read at one place in every iteration. Hoisting
  /// compares all places with each other first, which takes most of the time of
  /// this pass in loops that have nothing to hoist.
  static bool readsInvariantSubset(scf::ForOp loop) {
    SmallVector<Value> carried;
    for (BlockArgument argument : loop.getRegionIterArgs())
      if (isa<TensorType>(argument.getType()))
        carried.push_back(argument);
    for (size_t i = 0; i < carried.size(); ++i) {
      Value tensor = carried[i];
      for (Operation *user : tensor.getUsers()) {
        // What is written to memory has no result.
        auto insertion = dyn_cast<SubsetInsertionOpInterface>(user);
        if (insertion && insertion->getNumResults() == 1 &&
            insertion.getDestinationOperand().get() == tensor)
          carried.push_back(insertion.getUpdatedDestination());
        if (!isa<SubsetExtractionOpInterface>(user))
          continue;
        if (llvm::all_of(user->getOperands(), [&](Value operand) {
              return operand == tensor || loop.isDefinedOutsideOfLoop(operand);
            }))
          return true;
      }
    }
    return false;
  }

  LogicalResult tileDepth(func::FuncOp function) {
    IRRewriter rewriter(function.getContext());
    SmallVector<linalg::GenericOp> products;
    function.walk([&](linalg::GenericOp op) {
      // A reduction of one operand is one of the lanes of vectors.
      if (seq::isMarked<seq::TileMark>(op) && op.getNumReductionLoops() == 1 &&
          op.getNumDpsInputs() > 1)
        products.push_back(op);
    });
    for (linalg::GenericOp op : products) {
      rewriter.setInsertionPoint(op);
      SmallVector<OpFoldResult> sizes;
      for (utils::IteratorType iterator : op.getIteratorTypesArray())
        sizes.push_back(rewriter.getIndexAttr(
            iterator == utils::IteratorType::reduction ? 1 : 0));
      FailureOr<scf::SCFTilingResult> tiled =
          scf::tileUsingSCF(rewriter, cast<TilingInterface>(op.getOperation()),
                            scf::SCFTilingOptions().setTileSizes(sizes));
      if (failed(tiled))
        return op.emitError("product tile cannot be tiled along its depth");
      rewriter.replaceOp(op, tiled->replacements);
    }
    return success();
  }

  LogicalResult vectorizeTiles(func::FuncOp function) {
    IRRewriter rewriter(function.getContext());
    SmallVector<linalg::LinalgOp> tiles;
    function.walk([&](linalg::LinalgOp op) {
      int64_t elements = 1;
      bool dynamic = false;
      for (int64_t extent : op.getStaticLoopRanges()) {
        dynamic |= ShapedType::isDynamic(extent);
        elements *= dynamic ? 1 : extent;
      }
      if (seq::isMarked<seq::TileMark>(op) && !dynamic &&
          elements <= maxElements)
        tiles.push_back(op);
      else
        ++numKept;
    });
    for (linalg::LinalgOp op : tiles) {
      rewriter.setInsertionPoint(op);
      FailureOr<linalg::VectorizationResult> result =
          linalg::vectorize(rewriter, op);
      if (failed(result)) {
        // A body with an op that has no vector form stays a loop; nothing is
        // lost but speed.
        seq::unmark<seq::TileMark>(op);
        ++numKept;
        continue;
      }
      rewriter.replaceOp(op, result->replacements);
      ++numVectorized;
    }
    return success();
  }

  void foldSubsets(func::FuncOp function) {
    applyBounded(function, [](RewritePatternSet &patterns) {
      vector::populateVectorReductionToContractPatterns(patterns);
      vector::populateVectorTransferPermutationMapLoweringPatterns(patterns);
      tensor::populateFoldTensorSubsetIntoVectorTransferPatterns(patterns);
      populateCanonicalizations(patterns, {"vector", "tensor", "arith"});
    });
  }
};

} // namespace
