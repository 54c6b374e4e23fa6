//===- RemoveSelfCopies.cpp - Copies of a buffer to itself ----------------===//

#include "compiler/Conversion/Passes.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

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
    SmallVector<memref::CopyOp> found;
    getOperation().walk([&](memref::CopyOp op) {
      if (op.getSource() == op.getTarget())
        found.push_back(op);
    });
    numRemoved = found.size();
    for (memref::CopyOp op : found)
      op.erase();
  }
};

} // namespace
