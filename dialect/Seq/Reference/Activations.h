//===- Activations.h - Activation functions of cells ------------*- C++ -*-===//

#ifndef DIALECT_SEQ_REFERENCE_ACTIVATIONS_H
#define DIALECT_SEQ_REFERENCE_ACTIVATIONS_H

#include "dialect/Seq/IR/SeqOps.h"
#include "llvm/ADT/ArrayRef.h"

#include "llvm/ADT/SmallVector.h"

namespace seqc::reference {

/// An activation function with its parameters.
struct Activation {
  using Function = double (*)(double x, double alpha, double beta);
  Function function = nullptr;
  double alpha = 0.0;
  double beta = 0.0;

  double operator()(double x) const { return function(x, alpha, beta); }
};

/// Looks up functions; `alphas` and `betas` go in order to those that
/// take them, the rest get ONNX's defaults.
llvm::SmallVector<Activation>
getActivations(llvm::ArrayRef<seq::Activation> functions,
               llvm::ArrayRef<double> alphas, llvm::ArrayRef<double> betas);

} // namespace seqc::reference

#endif // DIALECT_SEQ_REFERENCE_ACTIVATIONS_H
