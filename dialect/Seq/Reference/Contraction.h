//===- Contraction.h - Sums of products over strides ------------*- C++ -*-===//

#ifndef DIALECT_SEQ_REFERENCE_CONTRACTION_H
#define DIALECT_SEQ_REFERENCE_CONTRACTION_H

#include "dialect/Seq/Reference/Tensor.h"

namespace seqc::reference {

/// `c[...] += a[...] * b[...]` over a loop nest; every array has one stride per
/// loop.
struct Contraction {
  Shape extents;
  /// Whether the loop sums, i.e. `c` does not move along it.
  llvm::SmallVector<bool, 4> sums;
  Shape aStrides, bStrides, cStrides;
  const double *a = nullptr;
  const double *b = nullptr;
  double *c = nullptr;
};

/// Runs the nest. All positions must be inside the arrays, and `c` apart from
/// both others.
void contract(Contraction nest);

/// Sum of `count` products of neighbours.
double dot(const double *a, const double *b, int64_t count);

} // namespace seqc::reference

#endif // DIALECT_SEQ_REFERENCE_CONTRACTION_H
