//===- NumberLoops.cpp - Tell loops of equal bounds apart -----------------===//
//
// Elimination of common subexpressions hashes an op without its regions. The
// loops of a deep model have the same bounds and the same empty tensor to begin
// with, so each would be compared with every other one, region by region: n
// layers would take n * n comparisons, which always fail, since equal products
// were merged before they became loops.
//
//===----------------------------------------------------------------------===//

#include "compiler/Transforms/ParallelLoops.h"
#include "compiler/Transforms/Passes.h"
#include "dialect/Seq/IR/Marks.h"

#define DEBUG_TYPE "seq-number-loops"

namespace seqc {
#define GEN_PASS_DEF_NUMBERLOOPSPASS
#include "compiler/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

struct NumberLoops : seqc::impl::NumberLoopsPassBase<NumberLoops> {
  void runOnOperation() override {
    Builder builder(&getContext());
    int64_t number = 0;
    getOperation().walk([&](scf::ForOp loop) {
      if (loop->getNumResults() > 0)
        seq::mark<seq::LoopNumberMark>(loop,
                                       builder.getI64IntegerAttr(number++));
    });
    numLoops += number;
  }
};

} // namespace
