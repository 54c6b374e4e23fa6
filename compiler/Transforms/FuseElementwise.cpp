//===- FuseElementwise.cpp - Fuse elementwise ops -------------------------===//
//
// Upstream's conversion and fusion, with a control that suits cells: an elementwise producer is
// fused into an elementwise consumer, and keeps its result if something else uses it, so that the
// tail of a cell becomes one op with one result per state.
//
//===----------------------------------------------------------------------===//

#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Simplify.h"

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
  return generic && generic.hasPureTensorSemantics() && generic.getNumReductionLoops() == 0;
}

/// Fusing must not repeat work: the producer's loops must be the consumer's, or its result must be
/// cheap to compute again (a plain copy or broadcast of one value).
bool shouldFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer || !worksElementwise(producer) || !worksElementwise(consumer))
    return false;
  if (producer->getBlock() != consumer->getBlock())
    return false;
  bool cheap = producer.getBlock()->without_terminator().empty();
  if (cheap)
    return true;
  // A bigger consumer would compute the producer once per repetition.
  if (producer.getNumLoops() != consumer.getNumLoops())
    return false;
  return consumer.getMatchingIndexingMap(operand).isPermutation();
}

struct FuseElementwise : seqc::impl::FuseElementwisePassBase<FuseElementwise> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    applyBounded(function, [](RewritePatternSet &patterns) {
      linalg::populateElementwiseToLinalgConversionPatterns(patterns);
    });
    applyBounded(function, [this](RewritePatternSet &patterns) {
      linalg::populateElementwiseOpsFusionPatterns(patterns, [this](OpOperand *operand) {
        bool fuse = shouldFuse(operand);
        numFused += fuse;
        return fuse;
      });
      linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
      linalg::populateEraseUnnecessaryInputsPatterns(patterns);
      populateCanonicalizations(patterns, {"linalg", "tensor", "arith"});
    });
    simplify(function);
  }
};

} // namespace
