//===- TestTile.cpp - A pass that tiles by upstream's interface -----------===//

#include "dialect/Seq/IR/SeqDialect.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace seqc;

namespace {

/// Tiles the ops of the seq dialect that stand in no other op.
struct TestTile : PassWrapper<TestTile, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TestTile)

  TestTile() = default;
  TestTile(const TestTile &other) : PassWrapper(other) {}

  StringRef getArgument() const override { return "test-tile"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<affine::AffineDialect, scf::SCFDialect>();
  }

  void runOnOperation() override {
    SmallVector<TilingInterface> ops;
    getOperation().walk<WalkOrder::PreOrder>([&](TilingInterface op) {
      if (!isa<seq::SeqDialect>(op->getDialect()))
        return WalkResult::advance();
      ops.push_back(op);
      return WalkResult::skip();
    });
    for (TilingInterface op : ops) {
      IRRewriter rewriter(op);
      scf::SCFTilingOptions options;
      options.setTileSizes(getAsIndexOpFoldResult(&getContext(), sizes));
      FailureOr<scf::SCFTilingResult> tiled =
          scf::tileUsingSCF(rewriter, op, options);
      if (failed(tiled)) {
        op->emitError("cannot be tiled");
        return signalPassFailure();
      }
      rewriter.replaceOp(op, tiled->replacements);
    }
  }

  ListOption<int64_t> sizes{*this, "sizes",
                            llvm::cl::desc("Tile sizes, 0 for whole loops")};
};

PassRegistration<TestTile> registration;

} // namespace
