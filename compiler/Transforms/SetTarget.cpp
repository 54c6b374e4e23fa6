//===- SetTarget.cpp - Say which CPU a module is for ----------------------===//

#include "compiler/Transforms/Passes.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"

#define DEBUG_TYPE "seq-set-target"

namespace seqc {
#define GEN_PASS_DEF_SETTARGETPASS
#include "compiler/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

struct SetTarget : seqc::impl::SetTargetPassBase<SetTarget> {
  using SetTargetPassBase::SetTargetPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    std::optional<seq::CpuFeature> known = seq::symbolizeCpuFeature(features);
    if (!known) {
      module.emitError("unknown CPU features '")
          << features << "'; required are some of avx2, avx512, vnni, avxvnni, "
          << "bf16 and amx with '|' between, or none";
      return signalPassFailure();
    }
    seq::mark<seq::TargetMark>(
        module, seq::TargetAttr::get(module.getContext(), vectorBits, *known));
  }
};

} // namespace
