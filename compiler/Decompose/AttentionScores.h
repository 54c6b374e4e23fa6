//===- AttentionScores.h - Scores that are sums over features ---*- C++ -*-===//
//
// A score by name adds up a term for each feature that query and key share.
// Every form of attention builds its terms here, so that another score is
// another case.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_DECOMPOSE_ATTENTIONSCORES_H
#define COMPILER_DECOMPOSE_ATTENTIONSCORES_H

#include "dialect/Seq/IR/Scores.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace seqc {

/// What one feature adds to a score: of the query, of the key, and, for scores
/// that have one, its weight. `flags` are those of the sum.
mlir::Value scoreTerm(mlir::ImplicitLocOpBuilder &b, seq::Score score,
                      mlir::Value query, mlir::Value key, mlir::Value weight,
                      mlir::arith::FastMathFlags flags);

} // namespace seqc

#endif // COMPILER_DECOMPOSE_ATTENTIONSCORES_H
