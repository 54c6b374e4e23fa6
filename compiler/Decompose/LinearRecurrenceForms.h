//===- LinearRecurrenceForms.h - How one is computed ------------*- C++ -*-===//
//
// A linear recurrence over the reals without a full matrix touches each element
// of its state once per step: `seq-tile-linear-recurrence` writes loops that
// keep a head's state in the first cache, which needs the target's vectors and
// so works in phase `tile`. Every other one becomes a recurrence in phase
// `decompose`.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_DECOMPOSE_LINEARRECURRENCEFORMS_H
#define COMPILER_DECOMPOSE_LINEARRECURRENCEFORMS_H

#include "dialect/Seq/IR/SeqOps.h"

namespace seqc {

/// Whether a linear recurrence stays an op until phase `tile`.
inline bool isTiledLater(seq::LinearRecurrenceOp op) {
  return op.getSemiring() == seq::Semiring::Real && !op.getMatrix();
}

} // namespace seqc

#endif // COMPILER_DECOMPOSE_LINEARRECURRENCEFORMS_H
