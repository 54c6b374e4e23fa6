//===- DecomposeAggregates.cpp - Ops to what they stand for ---------------===//

#include "compiler/Decompose/Decompositions.h"
#include "compiler/Decompose/Passes.h"

#include "dialect/Seq/IR/SeqDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace seqc {
#define GEN_PASS_DEF_DECOMPOSEAGGREGATESPASS
#include "compiler/Decompose/Passes.h.inc"
} // namespace seqc

using namespace mlir;

namespace {

struct DecomposeAggregatesPass
    : seqc::impl::DecomposeAggregatesPassBase<DecomposeAggregatesPass> {
  void runOnOperation() override {
    SmallVector<linalg::AggregatedOpInterface> ops;
    getOperation().walk([&](linalg::AggregatedOpInterface op) {
      if (isa<seqc::seq::SeqDialect>(op->getDialect()))
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::AggregatedOpInterface op : ops) {
      rewriter.setInsertionPoint(op);
      FailureOr<SmallVector<Value>> results = op.decomposeOperation(rewriter);
      // Models decompose every op that verifies; the phase's verifier names
      // what one would leave.
      if (failed(results))
        continue;
      rewriter.replaceOp(op, *results);
      ++numDecomposed;
    }
  }
};

} // namespace

void seqc::registerDecompositions(DialectRegistry &registry) {
  registerNormDecompositions(registry);
  registerEmbeddingDecompositions(registry);
  registerQuantizationDecompositions(registry);
  registerCacheDecompositions(registry);
  registerRotaryDecompositions(registry);
  registerLinearRecurrenceDecompositions(registry);
  registerAttentionTiling(registry);
  registerLinearRecurrenceTiling(registry);
  registerRecurrenceTiling(registry);
}
