//===- RecurrenceStates.h - Where states of recurrences live ----*- C++ -*-===//
//
// Decided from the cell, while its ops are whole tensors, so that no step copies
// a state.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CONVERSION_RECURRENCESTATES_H
#define COMPILER_CONVERSION_RECURRENCESTATES_H

#include "dialect/Seq/IR/SeqOps.h"

namespace seqc {

enum class StateKind {
  /// No step changes the state: its initial value is read.
  Fixed,
  /// The yielded state is also yielded as an output: its old value is the slice
  /// written by the step before.
  History,
  /// The yielded state is a result of one elementwise op that is also the only
  /// reader of the old value, at the same positions.
  InPlace,
  /// Otherwise: two buffers that change roles.
  Double
};

/// Where one state lives.
struct StatePlan {
  StateKind kind = StateKind::Double;
  /// Output that holds the history.
  unsigned output = 0;
};

/// One plan for each state of `op`, in order; changes nothing.
llvm::SmallVector<StatePlan> planStates(seq::RecurrenceOp op);

/// Gives the ops of the cell the destinations of the plans: who updates a state
/// in place gets the old value as its destination, no one else does.
void setDestinations(mlir::RewriterBase &rewriter, seq::RecurrenceOp op,
                     llvm::ArrayRef<StatePlan> plans);

} // namespace seqc

#endif // COMPILER_CONVERSION_RECURRENCESTATES_H
