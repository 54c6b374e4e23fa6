//===- Activations.h - Functions of single numbers --------------*- C++ -*-===//
//
// Names are those of ONNX's operators; `applyFunction` of Layers.h knows the
// names of descriptions.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_COMMON_ACTIVATIONS_H
#define FRONTENDS_COMMON_ACTIVATIONS_H

#include "frontends/Common/Numbers.h"

namespace seqc::frontend {

/// A function of floats.
struct Activation {
  llvm::StringRef name;
  /// The first opset of ONNX whose definition this is.
  int64_t since;
  Number (*apply)(Number x, llvm::ArrayRef<double> factors);
  /// The attributes that are its factors, with what they are if absent.
  llvm::SmallVector<std::pair<llvm::StringRef, float>, 2> factors = {};
};

/// All of them; of one name, from the latest definition on.
llvm::ArrayRef<Activation> getActivations();

/// The function of this name in an opset; null if there is none.
const Activation *findActivation(llvm::StringRef name,
                                 int64_t opset = INT64_MAX);

/// The function of every element; `factors` are defaults where they end early.
Tensor activate(Emitter &e, const Activation &function, Tensor x,
                llvm::ArrayRef<float> factors = {});

/// x times the share of a normal distribution below it, and the same by a
/// polynomial.
Number gelu(Number x, llvm::ArrayRef<double> factors);
Number tanhGelu(Number x, llvm::ArrayRef<double> factors);
/// x times the sigmoid of the factor times x.
Number swish(Number x, llvm::ArrayRef<double> factors);

} // namespace seqc::frontend

#endif // FRONTENDS_COMMON_ACTIVATIONS_H
