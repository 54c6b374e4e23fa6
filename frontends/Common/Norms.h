//===- Norms.h - Softmax and normalisation ----------------------*- C++-*-===//
//
// seq.softmax and seq.norm for tensors of every float type, and the moments
// that operators give beside a normalised tensor.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_COMMON_NORMS_H
#define FRONTENDS_COMMON_NORMS_H

#include "frontends/Common/Emitter.h"

#include "dialect/Seq/IR/SeqOps.h"

namespace seqc::frontend {

/// `x` as the ops of the seq dialect take it: floats of 8 bits are widened.
Tensor toOperand(Emitter &e, Tensor x);

/// exp(x) over the sum of exp(x) along `dims`, or its logarithm, rounded to
/// `result`.
Tensor softmax(Emitter &e, Tensor x, llvm::ArrayRef<int64_t> dims,
               DataType result, bool log = false);

/// The attributes of a seq.norm.
struct Norm {
  seq::NormKind kind;
  int64_t axis;
  double epsilon;
  int64_t groups = 1;
};

/// A normalised `x`, scaled and moved where `scale` and `bias` are given:
/// tensors that broadcast to the normalised dimensions. Rounded to `result`.
/// The scale and bias of a group norm have rank 1.
Tensor normalize(Emitter &e, const Norm &norm, Tensor x, Tensor scale,
                 Tensor bias, DataType result);

/// What a tensor is normalised by; the dimensions stay with extent 1.
struct Moments {
  Tensor mean, variance;
};

/// Mean and (biased) variance along `dims`, in the type that x is computed in.
Moments getMoments(Emitter &e, Tensor x, llvm::ArrayRef<int64_t> dims);

/// The mean along `dims`, in the type that x is computed in.
Tensor getMean(Emitter &e, Tensor x, llvm::ArrayRef<int64_t> dims,
               bool keep = true);

/// The mean of the squares along `dims`, likewise.
Tensor getMeanSquare(Emitter &e, Tensor x, llvm::ArrayRef<int64_t> dims);

/// 1 / sqrt(x + epsilon) in the type that x is computed in.
Tensor invertRoot(Emitter &e, Tensor x, float epsilon);

} // namespace seqc::frontend

#endif // FRONTENDS_COMMON_NORMS_H
