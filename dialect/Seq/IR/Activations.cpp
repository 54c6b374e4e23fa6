//===- Activations.cpp - Functions of one number --------------------------===//

#include "dialect/Seq/IR/Activations.h"

using namespace mlir;

namespace seqc::seq {

ActivationFactors getFactors(Activation activation) {
  switch (activation) {
  case Activation::Relu:
  case Activation::Tanh:
  case Activation::Sigmoid:
  case Activation::Softsign:
  case Activation::Softplus:
    return {};
  case Activation::Affine:
    return {1.0, 0.0};
  case Activation::ScaledTanh:
    return {1.0, 1.0};
  case Activation::HardSigmoid:
    return {0.2f, 0.5};
  case Activation::LeakyRelu:
    return {0.01f, std::nullopt};
  case Activation::ThresholdedRelu:
  case Activation::Elu:
    return {1.0, std::nullopt};
  }
  llvm_unreachable("unknown activation");
}

ArrayRef<StringRef> getActivationNames() {
  static const auto names = [] {
    SmallVector<StringRef> list;
    for (uint32_t i = 0; i <= getMaxEnumValForActivation(); ++i)
      list.push_back(stringifyActivation(*symbolizeActivation(i)));
    return list;
  }();
  return names;
}

FactorCount countFactors(ArrayRef<Activation> activations) {
  FactorCount count;
  for (Activation activation : activations) {
    ActivationFactors factors = getFactors(activation);
    count.alpha += factors.alpha.has_value();
    count.beta += factors.beta.has_value();
  }
  return count;
}

ArrayAttr getActivationArrayAttr(MLIRContext *context,
                                 ArrayRef<Activation> activations) {
  return ArrayAttr::get(
      context, llvm::map_to_vector(activations, [&](Activation activation) {
        return Attribute(ActivationAttr::get(context, activation));
      }));
}

SmallVector<Activation> getActivationList(ArrayAttr attribute) {
  return llvm::map_to_vector(
      attribute.getAsRange<ActivationAttr>(),
      [](ActivationAttr activation) { return activation.getValue(); });
}

} // namespace seqc::seq
