//===- SettleParallelLoops.cpp - Parallel loops that stay so --------------===//
//
// Before memory is planned, an allocation in an iteration is its own. Behind
// that all iterations share it, and the mark would no longer be true.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/Passes.h"
#include "compiler/Transforms/ParallelLoops.h"

#define DEBUG_TYPE "seq-settle-parallel-loops"

namespace seqc {
#define GEN_PASS_DEF_SETTLEPARALLELLOOPSPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

struct SettleParallelLoops
    : seqc::impl::SettleParallelLoopsPassBase<SettleParallelLoops> {
  void runOnOperation() override {
    getOperation().walk([&](scf::ForOp loop) {
      if (!loop->hasAttr(kParallelAttr))
        return;
      if (isParallelizable(loop)) {
        ++numKept;
        return;
      }
      loop->removeAttr(kParallelAttr);
      ++numDropped;
    });
  }
};

} // namespace
