//===- Activations.cpp - Activation functions of cells --------------------===//

#include "dialect/Seq/Reference/Activations.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

namespace seqc::reference {

namespace {

/// A function, with what it takes and ONNX's defaults.
struct Entry {
  seq::Activation activation;
  bool takesAlpha, takesBeta;
  double alpha, beta;
  Activation::Function function;
};

/// log(1 + exp(x)) without overflow.
double softplus(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

/// Every function that a cell may apply.
const Entry entries[] = {
    {seq::Activation::Relu, false, false, 0, 0,
     [](double x, double, double) { return x < 0 ? 0 : x; }},
    {seq::Activation::Tanh, false, false, 0, 0,
     [](double x, double, double) { return std::tanh(x); }},
    {seq::Activation::Sigmoid, false, false, 0, 0,
     [](double x, double, double) { return 1.0 / (1.0 + std::exp(-x)); }},
    {seq::Activation::Affine, true, true, 1.0, 0.0,
     [](double x, double a, double b) { return a * x + b; }},
    {seq::Activation::LeakyRelu, true, false, 0.01, 0,
     [](double x, double a, double) { return x < 0 ? a * x : x; }},
    {seq::Activation::ThresholdedRelu, true, false, 1.0, 0,
     [](double x, double a, double) { return x >= a ? x : 0; }},
    {seq::Activation::ScaledTanh, true, true, 1.0, 1.0,
     [](double x, double a, double b) { return a * std::tanh(b * x); }},
    {seq::Activation::HardSigmoid, true, true, 0.2, 0.5,
     [](double x, double a, double b) {
       double y = a * x + b;
       return y < 0 ? 0.0 : y > 1 ? 1.0 : y;
     }},
    {seq::Activation::Elu, true, false, 1.0, 0,
     [](double x, double a, double) { return x < 0 ? a * std::expm1(x) : x; }},
    {seq::Activation::Softsign, false, false, 0, 0,
     [](double x, double, double) { return x / (1.0 + std::fabs(x)); }},
    {seq::Activation::Softplus, false, false, 0, 0,
     [](double x, double, double) { return softplus(x); }},
};

} // namespace

llvm::SmallVector<Activation>
getActivations(llvm::ArrayRef<seq::Activation> functions,
               llvm::ArrayRef<double> alphas, llvm::ArrayRef<double> betas) {
  auto take = [](llvm::ArrayRef<double> &values, bool takes, double fallback) {
    if (!takes || values.empty())
      return fallback;
    double value = values.front();
    values = values.drop_front();
    return value;
  };
  llvm::SmallVector<Activation> result;
  for (seq::Activation function : functions) {
    const auto *entry = llvm::find_if(
        entries, [&](const Entry &e) { return e.activation == function; });
    result.push_back({entry->function,
                      take(alphas, entry->takesAlpha, entry->alpha),
                      take(betas, entry->takesBeta, entry->beta)});
  }
  return result;
}

} // namespace seqc::reference
