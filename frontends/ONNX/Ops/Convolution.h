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
/// broadcasts with it; reports another one, and gives zeros then.
Tensor asChannels(Node &node, Tensor x, Tensor given, int64_t count,
                  llvm::StringRef what);

/// `y` plus a bias for each channel (null for none), as `result`.
Tensor addChannels(Node &node, Tensor y, Tensor bias, DataType result);

/// Attribute 'group'; reports what does not divide `channels`, those of the
/// `what`.
int64_t readGroup(Node &node, int64_t channels, llvm::StringRef what);

/// Reports an input that does not have `count` channels.
llvm::LogicalResult requireChannels(Node &node, Tensor x, int64_t count);

/// Reports a weight that does not fit `x` or attribute 'kernel_shape'.
llvm::LogicalResult checkWeight(Node &node, Tensor x, Tensor weight);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_CONVOLUTION_H
