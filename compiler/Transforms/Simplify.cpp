//===- Simplify.cpp - Bounded simplification between passes ---------------===//

#include "compiler/Transforms/Simplify.h"

#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

void seqc::applyBounded(Operation *op,
                        llvm::function_ref<void(RewritePatternSet &)> fill) {
  RewritePatternSet patterns(op->getContext());
  fill(patterns);
  GreedyRewriteConfig config;
  config.setMaxIterations(10);
  // The number of iterations alone does not bound a worklist that refills
  // itself.
  config.setMaxNumRewrites(1000000);
  // Control flow is structured: no block is unreachable, and none has a twin.
  config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  // Not converging is no failure: the IR is valid after every rewrite.
  (void)applyPatternsGreedily(op, std::move(patterns), config);
}

void seqc::populateCanonicalizations(RewritePatternSet &patterns,
                                     ArrayRef<StringRef> dialects) {
  MLIRContext *context = patterns.getContext();
  for (StringRef name : dialects)
    if (Dialect *dialect = context->getLoadedDialect(name))
      dialect->getCanonicalizationPatterns(patterns);
  for (RegisteredOperationName op : context->getRegisteredOperations())
    if (llvm::is_contained(dialects, op.getDialectNamespace()))
      op.getCanonicalizationPatterns(patterns, context);
}

void seqc::canonicalize(Operation *op) {
  applyBounded(op, [](RewritePatternSet &patterns) {
    MLIRContext *context = patterns.getContext();
    for (Dialect *dialect : context->getLoadedDialects())
      dialect->getCanonicalizationPatterns(patterns);
    for (RegisteredOperationName name : context->getRegisteredOperations())
      name.getCanonicalizationPatterns(patterns, context);
    tensor::populateMergeConsecutiveInsertExtractSlicePatterns(patterns);
  });
}

void seqc::simplify(Operation *op) {
  canonicalize(op);
  IRRewriter rewriter(op->getContext());
  DominanceInfo dominance(op);
  eliminateCommonSubExpressions(rewriter, dominance, op);
}
