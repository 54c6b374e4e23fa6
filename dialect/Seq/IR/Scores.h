//===- Scores.h - What a score of attention takes ---------------*- C++ -*-===//

#ifndef DIALECT_SEQ_IR_SCORES_H
#define DIALECT_SEQ_IR_SCORES_H

#include "dialect/Seq/IR/SeqOps.h"

namespace seqc::seq {

/// Whether a score compares queries with keys feature by feature, so that both
/// have equally many.
inline bool hasEqualFeatures(Score score) {
  return score != Score::General && score != Score::Region;
}

/// Whether a score has one weight for each feature.
inline bool hasFeatureWeight(Score score) { return score == Score::Additive; }

} // namespace seqc::seq

#endif // DIALECT_SEQ_IR_SCORES_H
