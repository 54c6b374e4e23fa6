//===- AllocateInArena.cpp - Memory from the session's arena --------------===//
//
// Loops are bracketed by mark and release around a body that allocates: the
// arena keeps its memory, so that after the first call of a session nothing
// comes from the heap, and no step makes it grow. Memory that an iteration
// hands on to the next one is left to the loop around it.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/BufferBytes.h"
#include "compiler/Conversion/Passes.h"
#include "compiler/Transforms/ParallelLoops.h"
#include "dialect/RT/IR/RTOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#define DEBUG_TYPE "seq-allocate-in-arena"

namespace seqc {
#define GEN_PASS_DEF_ALLOCATEINARENAPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

struct AllocateInArena : seqc::impl::AllocateInArenaPassBase<AllocateInArena> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    // Only entries have a context.
    if (!hasContext(function))
      return;
    context = function.getArgument(0);
    SmallVector<memref::DeallocOp> deallocs;
    function.walk([&](memref::DeallocOp op) { deallocs.push_back(op); });
    for (memref::DeallocOp op : deallocs)
      op.erase();
    SmallVector<memref::AllocOp> allocs;
    function.walk([&](memref::AllocOp op) { allocs.push_back(op); });
    llvm::SetVector<Block *> bodies;
    for (memref::AllocOp op : allocs) {
      ++numAllocations;
      if (Block *body = enclosingLoopBody(op)) {
        ++numInLoops;
        bodies.insert(body);
      }
      if (!op.getType().getLayout().isIdentity()) {
        op.emitOpError("has a layout other than row-major; only row-major "
                       "buffers can be allocated");
        return signalPassFailure();
      }
      replace(op);
    }
    for (Block *body : bodies)
      bracket(*body);
  }

  /// Whether a loop's block passes memory on that it, or a loop inside of it,
  /// may have allocated.
  static bool handsOnMemory(Block &body) {
    return llvm::any_of(body.getTerminator()->getOperands(), [&](Value value) {
      if (!isa<BaseMemRefType>(value.getType()))
        return false;
      while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
        value = view.getViewSource();
      Operation *op = value.getDefiningOp();
      return op && body.getParent()->isAncestor(op->getParentRegion());
    });
  }

  /// The body of the innermost loop around an op at whose end the op's memory
  /// is not needed any more.
  static Block *enclosingLoopBody(Operation *op) {
    for (Operation *parent = op->getParentOp(); parent;
         parent = parent->getParentOp()) {
      if (isa<LoopLikeOpInterface>(parent))
        for (Region *region :
             cast<LoopLikeOpInterface>(parent).getLoopRegions())
          if (region->isAncestor(op->getParentRegion()) &&
              !handsOnMemory(region->front()))
            return &region->front();
      if (isa<func::FuncOp>(parent))
        return nullptr;
    }
    return nullptr;
  }

  void replace(memref::AllocOp op) {
    OpBuilder builder(op);
    Location loc = op.getLoc();
    MemRefType type = op.getType();
    Value bytes = saturatedBytes(builder, loc, type, op.getDynamicSizes());
    Value memory = rt::AllocateOp::create(builder, loc, context, bytes);
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    Value view = memref::ViewOp::create(
        builder, loc, MemRefType::get(type.getShape(), type.getElementType()),
        memory, zero, op.getDynamicSizes());
    op.replaceAllUsesWith(view);
    op.erase();
  }

  void bracket(Block &body) {
    OpBuilder builder = OpBuilder::atBlockBegin(&body);
    Location loc = body.getParentOp()->getLoc();
    Value mark = rt::MarkOp::create(builder, loc, context);
    builder.setInsertionPoint(body.getTerminator());
    rt::ReleaseOp::create(builder, loc, context, mark);
  }

  Value context;
};

} // namespace
