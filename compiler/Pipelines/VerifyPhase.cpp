//===- VerifyPhase.cpp - What may exist after a phase ---------------------===//

#include "compiler/Pipelines/Passes.h"
#include "compiler/Pipelines/Phases.h"

#include "mlir/IR/BuiltinOps.h"

#define DEBUG_TYPE "seq-verify-phase"

namespace seqc {
#define GEN_PASS_DEF_VERIFYPHASEPASS
#include "compiler/Pipelines/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// From `phase` on, no op whose name starts with `prefix` may exist; `pass`
/// should have seen to that.
struct Rule {
  Phase phase;
  llvm::StringLiteral prefix, pass;
};

constexpr Rule kRules[] = {
    {Phase::Decompose, "seq.rnn", "seq-decompose-cells"},
    {Phase::Decompose, "seq.gru", "seq-decompose-cells"},
    {Phase::Decompose, "seq.lstm", "seq-decompose-cells"},
    {Phase::Tile, "seq.attention", "seq-tile-attention"},
    {Phase::Decompose, "seq.generate", "seq-decompose-generate"},
    {Phase::Decompose, "seq.softmax", "seq-decompose-aggregates"},
    {Phase::Decompose, "seq.norm", "seq-decompose-aggregates"},
    {Phase::Decompose, "seq.quantized_matmul", "seq-decompose-quantized"},
    {Phase::Tile, "seq.matmul", "seq-pack-products"},
    {Phase::Tile, "seq.recurrence", "convert-seq-recurrence-to-scf"},
    {Phase::Tile, "seq.packed_matmul", "seq-tile-products"},
    {Phase::Bufferize, "seq.weight", "seq-convert-entries"},
    {Phase::Bufferize, "seq.pack", "seq-convert-entries"},
    {Phase::Bufferize, "seq.column_sums", "seq-convert-entries"},
    {Phase::Bufferize, "seq.require", "seq-convert-entries"},
    {Phase::Bufferize, "tensor.", "one-shot-bufferize"},
    {Phase::Bufferize, "bufferization.", "one-shot-bufferize"},
    {Phase::LLVM, "seq.", "seq-outline-parallel-loops"},
    {Phase::LLVM, "memref.", "finalize-memref-to-llvm"},
    {Phase::LLVM, "vector.", "convert-vector-to-llvm"},
    {Phase::LLVM, "linalg.", "seq-convert-linalg-to-loops"},
    {Phase::LLVM, "scf.", "convert-scf-to-cf"},
    {Phase::LLVM, "func.", "convert-func-to-llvm"},
    {Phase::LLVM, "arith.", "convert-arith-to-llvm"},
    {Phase::LLVM, "math.", "convert-math-to-libm"},
    {Phase::LLVM, "dnn.", "convert-dnn-to-llvm"},
    {Phase::LLVM, "builtin.unrealized_conversion_cast",
     "reconcile-unrealized-casts"},
};

struct VerifyPhase : seqc::impl::VerifyPhasePassBase<VerifyPhase> {
  using VerifyPhasePassBase::VerifyPhasePassBase;

  void runOnOperation() override {
    std::optional<Phase> known = parsePhase(phase);
    if (!known) {
      getOperation().emitError("unknown phase '") << phase << "'";
      return signalPassFailure();
    }
    bool failedAny = false;
    getOperation().walk([&](Operation *op) {
      ++numChecked;
      StringRef name = op->getName().getStringRef();
      for (const Rule &rule : kRules) {
        if (*known < rule.phase || !name.starts_with(rule.prefix))
          continue;
        op->emitError("phase '") << phase << "' left '" << name << "', which '"
                                 << rule.pass << "' should have removed";
        failedAny = true;
        break;
      }
    });
    if (failedAny)
      signalPassFailure();
  }
};

} // namespace
