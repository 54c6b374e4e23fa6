//===- Layers.h - What layers of descriptions are made of -------*- C++ -*-===//
//
// Larger steps than those of Emitter: products with stored weights, look-ups,
// functions by name. Reshapes say which dimensions they join, so that extents
// of a call need no comparison.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_COMMON_LAYERS_H
#define FRONTENDS_COMMON_LAYERS_H

#include "frontends/Common/Emitter.h"

namespace seqc::frontend {

/// Repeats a tensor along dimensions that it lacks or that are 1 by
/// construction; aligned at the last one (numpy's rule).
Tensor repeatTo(Emitter &e, Tensor tensor,
                llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// Tensors one after another along `dim`; their other extents are the same by
/// construction.
Tensor concat(Emitter &e, llvm::ArrayRef<Tensor> tensors, int64_t dim);

/// `[..., N, M, F]` as `[..., M, N * F]`: N vectors of features side by side.
Tensor joinFeatures(Emitter &e, Tensor x);

/// `[..., K] · [N, K]^T (+ [N])`, weights stored as PyTorch does.
Tensor linear(Emitter &e, Tensor x, Tensor weight, Tensor bias = {});
/// Every element times a number.
Tensor scale(Emitter &e, Tensor x, double factor);
/// The position of the greatest element along the last dimension, an int32;
/// the first on ties.
Tensor argmaxLast(Emitter &e, Tensor x);

/// A function by name: sigmoid, tanh, relu, exp, log, sqrt, softplus, abs,
/// softsign, elu, leaky_relu, gelu, or softmax over the last dimension.
Tensor applyFunction(Emitter &e, llvm::StringRef function, Tensor x);

} // namespace seqc::frontend

#endif // FRONTENDS_COMMON_LAYERS_H
