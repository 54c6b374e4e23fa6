//===- FuseElementwise.cpp - Fuse elementwise ops -------------------------===//
//
// Upstream's conversion and fusion, with a control that suits cells: an
// elementwise producer is fused into an elementwise consumer, and keeps its
// result if something else uses it, so that the tail of a cell becomes one op
// with one result per state.
//
// Upstream's patterns leave a producer with further uses in place beside the
// fused op, which then computes it again. FuseSharedProducer lets those uses
// read the fused op's result instead; where one of them stands before the
// consumer, nothing is fused.
//
// What follows a product of bytes becomes one with its tile even where the rows
// are reshaped in between.
//
//===----------------------------------------------------------------------===//

#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Simplify.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#define DEBUG_TYPE "seq-fuse-elementwise"

namespace seqc {
#define GEN_PASS_DEF_FUSEELEMENTWISEPASS
#include "compiler/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// Whether an op works element by element, without reduction.
bool worksElementwise(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return generic && generic.hasPureTensorSemantics() &&
         generic.getNumReductionLoops() == 0;
}

/// Whether an op computes nothing: a plain copy or broadcast.
bool isCheap(Operation *op) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  return generic && generic.getBody()->without_terminator().empty();
}

/// Roughly the vector instructions that a body takes per element.
int64_t weigh(linalg::GenericOp op) {
  int64_t weight = 0;
  op.getBody()->walk([&](Operation *inner) {
    weight += inner->getName().getDialectNamespace() == "math" ? 16 : 1;
  });
  return weight;
}

/// Whether one body may hold both. Beside so much arithmetic it costs nothing
/// that an element goes through memory, while what compiles a body takes more
/// than proportional time for it; and of a long chain the parts are equal and
/// compiled once.
bool fitTogether(linalg::GenericOp producer, linalg::GenericOp consumer) {
  constexpr int64_t kMostWeight = 512;
  return weigh(producer) + weigh(consumer) <= kMostWeight;
}

/// Fusing must not repeat work: the producer's loops must be the consumer's, or
/// its result must be cheap to compute again (a plain copy or broadcast of one
/// value).
bool shouldFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer || !worksElementwise(producer) ||
      !worksElementwise(consumer))
    return false;
  if (producer->getBlock() != consumer->getBlock())
    return false;
  if (isCheap(producer))
    return true;
  // A bigger consumer would compute the producer once per repetition.
  if (producer.getNumLoops() != consumer.getNumLoops())
    return false;
  return consumer.getMatchingIndexingMap(operand).isPermutation() &&
         fitTogether(producer, consumer);
}

/// Whether nothing but `consumer` reads a result of `producer`.
bool isSoleUser(Operation *producer, Operation *consumer) {
  return llvm::all_of(producer->getUsers(),
                      [&](Operation *user) { return user == consumer; });
}

/// Whether all that reads a result of `producer` is an operand of `consumer` or
/// comes after it in their block. What the body of `consumer` reads at indices
/// of its own has to be complete before it starts.
bool areOtherUsersLater(Operation *producer, Operation *consumer) {
  return llvm::all_of(producer->getUsers(), [&](Operation *user) {
    Operation *ancestor = consumer->getBlock()->findAncestorOpInBlock(*user);
    return user == consumer ||
           (ancestor && consumer->isBeforeInBlock(ancestor));
  });
}

/// Fuses a producer whose results are used elsewhere too: the fused op computes
/// them once, for the consumer and for the others.
struct FuseSharedProducer : OpRewritePattern<linalg::GenericOp> {
  FuseSharedProducer(MLIRContext *context, Pass::Statistic &numFused)
      : OpRewritePattern(context), numFused(numFused) {}

  LogicalResult matchAndRewrite(linalg::GenericOp consumer,
                                PatternRewriter &rewriter) const override {
    for (OpOperand *operand : consumer.getDpsInputOperands()) {
      Operation *producer = operand->get().getDefiningOp();
      if (!shouldFuse(operand) || isCheap(producer) ||
          isSoleUser(producer, consumer) ||
          !areOtherUsersLater(producer, consumer) ||
          !linalg::areElementwiseOpsFusable(operand))
        continue;
      FailureOr<linalg::ElementwiseOpFusionResult> fused =
          linalg::fuseElementwiseOps(rewriter, operand);
      if (failed(fused))
        continue;
      for (auto [from, to] : fused->replacements)
        rewriter.replaceAllUsesWith(from, to);
      rewriter.eraseOp(consumer);
      if (producer->use_empty())
        rewriter.eraseOp(producer);
      ++numFused;
      return success();
    }
    return failure();
  }

  Pass::Statistic &numFused;
};

/// Whether an op is a product of bytes or codes or works on one: what follows
/// belongs into its tile.
bool readsBytes(Operation *op) {
  auto isProduct = [](Operation *from) {
    if (isa_and_present<seq::BlockwiseMatmulOp>(from))
      return true;
    auto product = dyn_cast_or_null<seq::MatmulOp>(from);
    return product && getElementTypeOrSelf(product.getResult(0)).isInteger(32);
  };
  return isProduct(op) || (isa_and_present<linalg::GenericOp>(op) &&
                           llvm::any_of(op->getOperands(), [&](Value operand) {
                             return isProduct(operand.getDefiningOp());
                           }));
}

/// Whether an elementwise op that reads the rows of such a product under another
/// shape should work on the rows as they are.
bool shouldCollapse(OpOperand *operand) {
  auto reshape = operand->get().getDefiningOp<tensor::ExpandShapeOp>();
  return reshape && reshape->hasOneUse() &&
         worksElementwise(operand->getOwner()) &&
         readsBytes(reshape.getSrc().getDefiningOp());
}

struct FuseElementwise : seqc::impl::FuseElementwisePassBase<FuseElementwise> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    applyBounded(function, [](RewritePatternSet &patterns) {
      linalg::populateElementwiseToLinalgConversionPatterns(patterns);
    });
    applyBounded(function, [this](RewritePatternSet &patterns) {
      linalg::populateElementwiseOpsFusionPatterns(
          patterns, [this](OpOperand *operand) {
            Operation *producer = operand->get().getDefiningOp();
            bool fuse = shouldFuse(operand) &&
                        (isCheap(producer) ||
                         isSoleUser(producer, operand->getOwner()));
            numFused += fuse;
            return fuse;
          });
      patterns.add<FuseSharedProducer>(&getContext(), numFused);
      linalg::populateFoldReshapeOpsByCollapsingPatterns(patterns,
                                                         shouldCollapse);
      linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
      linalg::populateEraseUnnecessaryInputsPatterns(patterns);
      populateCanonicalizations(patterns, {"linalg", "tensor", "arith"});
    });
    simplify(function);
  }
};

} // namespace
