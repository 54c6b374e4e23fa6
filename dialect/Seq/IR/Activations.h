//===- Activations.h - Functions of one number ------------------*- C++ -*-===//

#ifndef DIALECT_SEQ_IR_ACTIVATIONS_H
#define DIALECT_SEQ_IR_ACTIVATIONS_H

#include "dialect/Seq/IR/SeqOps.h"

#include <optional>

namespace seqc::seq {

/// The factors that an activation takes, with ONNX's defaults; nothing for one
/// that it does not take.
struct ActivationFactors {
  std::optional<double> alpha, beta;
};

/// What an activation takes.
ActivationFactors getFactors(Activation activation);

/// The names of all activations, as IR and descriptions write them.
llvm::ArrayRef<llvm::StringRef> getActivationNames();

/// How many factors some activations take. `activation_alpha` and
/// `activation_beta` list them in the activations' order.
struct FactorCount {
  size_t alpha = 0, beta = 0;
};
FactorCount countFactors(llvm::ArrayRef<Activation> activations);

/// An attribute of an op that lists activations.
mlir::ArrayAttr getActivationArrayAttr(mlir::MLIRContext *context,
                                       llvm::ArrayRef<Activation> activations);
/// The activations of such an attribute.
llvm::SmallVector<Activation> getActivationList(mlir::ArrayAttr attribute);

} // namespace seqc::seq

#endif // DIALECT_SEQ_IR_ACTIVATIONS_H
