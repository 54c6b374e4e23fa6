//===- Convolution.h - What kinds of convolution share -----------*- C++-*-===//

#ifndef FRONTENDS_ONNX_OPS_CONVOLUTION_H
#define FRONTENDS_ONNX_OPS_CONVOLUTION_H

#include "frontends/ONNX/Windows.h"

namespace seqc::onnx {

/// Sums over windows of `padded` [N, C, D...] with `weight` [M, C / group,
/// K...] of static shape, in the type that is computed in.
Tensor convolve(Emitter &emitter, Tensor padded, Tensor weight,
                const Windows &windows, int64_t group);

/// A parameter of `count` channels, which are dimension 1 of `x`, so that it
/// broadcasts with it.
llvm::FailureOr<Tensor> asChannels(Node &node, Tensor x, Tensor given,
                                   int64_t count, llvm::StringRef what);

/// `y` plus a bias for each channel (null for none), as `result`.
llvm::FailureOr<Tensor> addChannels(Node &node, Tensor y, Tensor bias,
                                    DataType result);

/// Reports a weight that does not fit `x` or attribute 'kernel_shape'.
llvm::LogicalResult checkWeight(Node &node, Tensor x, Tensor weight);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_CONVOLUTION_H
