//===- ParallelLoops.cpp - Loops whose iterations are independent ---------===//

#include "compiler/Transforms/ParallelLoops.h"

#include "dialect/RT/IR/RTOps.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/CallInterfaces.h"

using namespace mlir;
using namespace seqc;

bool seqc::hasContext(func::FuncOp function) {
  return !function.isExternal() && function.getNumArguments() > 0 &&
         isa<rt::ContextType>(function.getArgument(0).getType());
}

bool seqc::isParallelizable(scf::ForOp loop) {
  if (loop->getNumResults() != 0)
    return false;
  // The arena belongs to the calling thread, and a call that fails inside of a
  // parallel body returns.
  return !loop.walk([](Operation *op) {
                bool refused =
                    isa<memref::AllocOp, memref::DeallocOp, CallOpInterface>(
                        op) ||
                    op->getName().getDialectNamespace() == "dnn" ||
                    (isa<rt::RTDialect>(op->getDialect()) && !isPure(op));
                return refused ? WalkResult::interrupt()
                               : WalkResult::advance();
              })
              .wasInterrupted();
}
