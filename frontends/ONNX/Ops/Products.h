//===- Products.h - Matrix products -----------------------------*- C++ -*-===//

#ifndef FRONTENDS_ONNX_OPS_PRODUCTS_H
#define FRONTENDS_ONNX_OPS_PRODUCTS_H

#include "frontends/ONNX/Node.h"

namespace seqc::onnx {

/// numpy.matmul of tensors of one type, in the type that it is computed in.
/// Reports factors that do not fit.
llvm::FailureOr<Tensor> matmul(Node &node, Tensor a, Tensor b);

/// [2, ?], say, of a tensor.
std::string describeShape(llvm::ArrayRef<int64_t> shape);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_PRODUCTS_H
