//===- Bufferize.cpp - Tensors become buffers -----------------------------===//
//
// Upstream's one-shot bufferisation. It finds the type of a buffer that a loop
// carries from those of what goes in and of what is yielded, each time anew and
// through all loops inside, which takes twice as long for each loop around
// another. Nests are therefore bufferised a few levels at a time, from outside:
// what lies deeper counts as a tensor of the usual layout meanwhile, and what
// lies around has its type already.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/Passes.h"
#include "compiler/Transforms/ParallelLoops.h"
#include "dialect/Seq/IR/Marks.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/Bufferize.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

#define DEBUG_TYPE "seq-bufferize"

namespace seqc {
#define GEN_PASS_DEF_BUFFERIZEPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;

namespace {

/// The number of ops with regions around an op; the end of a region belongs to
/// the op around it.
unsigned getDepth(Operation *op) {
  unsigned depth = 0;
  for (Operation *around = op->getParentOp(); around;
       around = around->getParentOp())
    ++depth;
  return depth - (depth > 0 && op->hasTrait<OpTrait::IsTerminator>());
}

/// Lets every iteration that may run beside others write memory of its own: what
/// has no content yet and is used in a parallel loop begins there. One-shot
/// analysis takes iterations to follow one another, and would give all of them
/// one buffer.
void privatizeEmptyTensors(ModuleOp module) {
  SmallVector<tensor::EmptyOp> empties;
  module.walk([&](tensor::EmptyOp op) { empties.push_back(op); });
  for (tensor::EmptyOp empty : empties) {
    DenseMap<Operation *, Value> copies;
    for (OpOperand &use : llvm::make_early_inc_range(empty->getUses())) {
      auto loop = use.getOwner()->getParentOfType<scf::ForOp>();
      while (loop && !seqc::seq::isMarked<seqc::seq::ParallelMark>(loop))
        loop = loop->getParentOfType<scf::ForOp>();
      if (!loop || loop->isAncestor(empty))
        continue;
      Value &copy = copies[loop];
      if (!copy)
        copy =
            OpBuilder::atBlockBegin(loop.getBody()).clone(*empty)->getResult(0);
      use.set(copy);
    }
    if (empty->use_empty())
      empty->erase();
  }
}

struct Bufferize : seqc::impl::BufferizePassBase<Bufferize> {
  using BufferizePassBase::BufferizePassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    privatizeEmptyTensors(module);
    unsigned deepest = 0, levels = std::max(1u, unsigned(mostLevels));
    module.walk(
        [&](Operation *op) { deepest = std::max(deepest, getDepth(op)); });
    // The analysis sees everything. Copies, whose types are asked for too, are
    // made for a few levels at a time.
    bufferization::OneShotBufferizationOptions options = getOptions();
    bufferization::OneShotAnalysisState analysis(module, options);
    bufferization::BufferizationState state;
    if (failed(bufferization::analyzeOp(module, analysis)))
      return signalPassFailure();
    for (unsigned first = 0; first <= deepest; first += levels) {
      if (deepest >= levels) {
        options.opFilter = bufferization::OpFilter();
        options.opFilter.denyOperation([first, levels](Operation *op) {
          unsigned depth = getDepth(op);
          return depth < first || depth >= first + levels;
        });
      }
      if (failed(bufferization::insertTensorCopies(module, analysis, state)))
        return signalPassFailure();
    }
    for (unsigned first = 0; first <= deepest; first += levels) {
      bufferization::OneShotBufferizationOptions band = getOptions();
      if (first + levels <= deepest)
        band.opFilter.denyOperation([first, levels](Operation *op) {
          return getDepth(op) >= first + levels;
        });
      if (failed(bufferization::bufferizeOp(module, band, state)))
        return signalPassFailure();
      ++numBands;
    }
    // Loops that write memory are not merged.
    module.walk([](scf::ForOp loop) {
      seqc::seq::unmark<seqc::seq::LoopNumberMark>(loop);
    });
  }

  static bufferization::OneShotBufferizationOptions getOptions() {
    bufferization::OneShotBufferizationOptions options;
    options.bufferizeFunctionBoundaries = false;
    // Loops that carry tensors of changing shape.
    options.allowReturnAllocsFromLoops = true;
    options.unknownTypeConverterFn =
        [](TensorType type, Attribute space,
           const bufferization::BufferizationOptions &) {
          return bufferization::getMemRefTypeWithStaticIdentityLayout(type,
                                                                      space);
        };
    return options;
  }
};

} // namespace
