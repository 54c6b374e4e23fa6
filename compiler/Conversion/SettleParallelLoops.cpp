//===- SettleParallelLoops.cpp - Parallel loops that stay so --------------===//
//
// Before memory is planned, an allocation in an iteration is its own. Behind
// that all iterations share it, and the mark would no longer be true. Small
// buffers of known size go to the stack of whoever runs the iteration.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/BufferBytes.h"
#include "compiler/Conversion/Passes.h"
#include "compiler/Transforms/ParallelLoops.h"
#include "dialect/Seq/IR/Marks.h"
#include "runtime/abi/ModelAbi.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

#define DEBUG_TYPE "seq-settle-parallel-loops"

namespace seqc {
#define GEN_PASS_DEF_SETTLEPARALLELLOOPSPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// Most bytes of the buffers of one iteration that go to the stack.
constexpr int64_t kMostOnStack = 64 * 1024;

/// Puts the buffers of an iteration on the stack if all are small and of known
/// size.
void moveToStack(scf::ForOp loop) {
  SmallVector<memref::AllocOp> allocs;
  int64_t bytes = 0;
  WalkResult result = loop.walk([&](memref::AllocOp op) {
    MemRefType type = op.getType();
    if (!type.hasStaticShape() || !type.getLayout().isIdentity())
      return WalkResult::interrupt();
    int64_t size = getElementBytes(type.getElementType());
    for (int64_t extent : type.getShape())
      if (size = extent > kMostOnStack ? kMostOnStack + 1 : size * extent;
          size > kMostOnStack)
        return WalkResult::interrupt();
    bytes += size;
    allocs.push_back(op);
    return bytes > kMostOnStack ? WalkResult::interrupt()
                                : WalkResult::advance();
  });
  if (result.wasInterrupted())
    return;
  for (memref::AllocOp op : allocs) {
    OpBuilder builder(op);
    auto buffer =
        memref::AllocaOp::create(builder, op.getLoc(), op.getType(),
                                 builder.getI64IntegerAttr(SEQC_ABI_ALIGNMENT));
    op.replaceAllUsesWith(buffer.getResult());
    op.erase();
  }
}

struct SettleParallelLoops
    : seqc::impl::SettleParallelLoopsPassBase<SettleParallelLoops> {
  void runOnOperation() override {
    getOperation().walk<WalkOrder::PreOrder>([&](scf::ForOp loop) {
      if (!seq::isMarked<seq::ParallelMark>(loop))
        return;
      moveToStack(loop);
      if (isParallelizable(loop)) {
        ++numKept;
        return;
      }
      seq::unmark<seq::ParallelMark>(loop);
      ++numDropped;
    });
  }
};

} // namespace
