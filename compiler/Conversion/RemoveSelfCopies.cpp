//===- RemoveSelfCopies.cpp - Copies of a buffer to itself ----------------===//

#include "compiler/Conversion/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"

#define DEBUG_TYPE "seq-remove-self-copies"

namespace seqc {
#define GEN_PASS_DEF_REMOVESELFCOPIESPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;

namespace {

struct RemoveSelfCopies
    : seqc::impl::RemoveSelfCopiesPassBase<RemoveSelfCopies> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](Operation *op) {
      Value source, target;
      if (auto copy = dyn_cast<memref::CopyOp>(op)) {
        source = copy.getSource();
        target = copy.getTarget();
      } else if (auto copy = dyn_cast<linalg::CopyOp>(op);
                 copy && copy.hasPureBufferSemantics()) {
        source = copy.getInputs()[0];
        target = copy.getOutputs()[0];
      } else {
        return;
      }
      if (source == target) {
        rewriter.eraseOp(op);
        ++numRemoved;
      } else if (isa<linalg::CopyOp>(op) &&
                 getElementTypeOrSelf(source) == getElementTypeOrSelf(target)) {
        rewriter.setInsertionPoint(op);
        rewriter.replaceOpWithNewOp<memref::CopyOp>(op, source, target);
      }
    });
  }
};

} // namespace
