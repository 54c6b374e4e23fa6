//===- ConvertRecurrenceToSCF.cpp - Recurrences to loops in place ---------===//
//
// Bufferises recurrences, and nothing else: cells are tiled as tensors, but
// where their results go has to be known by then.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/Passes.h"
#include "compiler/Conversion/RecurrenceBufferization.h"
#include "compiler/Conversion/RecurrenceStates.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/Bufferize.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#define DEBUG_TYPE "convert-seq-recurrence-to-scf"

namespace seqc {
#define GEN_PASS_DEF_CONVERTRECURRENCETOSCFPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

struct ConvertRecurrenceToSCF
    : seqc::impl::ConvertRecurrenceToSCFPassBase<ConvertRecurrenceToSCF> {
  void runOnOperation() override {
    WalkResult walked = getOperation().walk([&](seq::RecurrenceOp op) {
      for (const StatePlan &plan : planStates(op)) {
        numHistory += plan.kind == StateKind::History;
        numInPlace += plan.kind == StateKind::InPlace;
        numDouble += plan.kind == StateKind::Double;
      }
      return WalkResult(verifyBufferizable(op));
    });
    if (walked.wasInterrupted())
      return signalPassFailure();
    bufferization::BufferizationOptions options;
    options.opFilter.allowOperation<seq::RecurrenceOp>();
    bufferization::BufferizationState state;
    if (failed(bufferization::bufferizeOp(getOperation(), options, state)))
      signalPassFailure();
  }
};

} // namespace
