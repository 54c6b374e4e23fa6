//===- Activations.h - Functions of single numbers --------------*- C++ -*-===//

#ifndef FRONTENDS_ONNX_OPS_ACTIVATIONS_H
#define FRONTENDS_ONNX_OPS_ACTIVATIONS_H

#include "frontends/Common/Numbers.h"
#include "frontends/ONNX/Node.h"

namespace seqc::onnx {

/// A function of floats that is an operator, and that others apply to their
/// results by its name.
struct Activation {
  llvm::StringRef name;
  /// The first opset whose definition this is.
  int64_t since;
  Number (*apply)(Number x, llvm::ArrayRef<double> factors);
  /// The attributes that are its factors, with what they are if absent.
  llvm::SmallVector<std::pair<llvm::StringRef, float>, 2> factors = {};
};

/// The function of this name in an opset; null if there is none.
const Activation *findActivation(llvm::StringRef name,
                                 int64_t opset = INT64_MAX);

/// The function of every element; `factors` are defaults where they end early.
Tensor activate(Emitter &e, const Activation &function, Tensor x,
                llvm::ArrayRef<float> factors);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_ACTIVATIONS_H
