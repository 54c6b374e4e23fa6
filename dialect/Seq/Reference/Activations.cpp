//===- Activations.cpp - Activation functions of cells --------------------===//

#include "dialect/Seq/Reference/Activations.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

namespace seqc::reference {

namespace {

/// A function by name, with what it takes and ONNX's defaults.
struct Entry {
  llvm::StringLiteral name;
  bool takesAlpha, takesBeta;
  double alpha, beta;
  Activation::Function function;
};

/// log(1 + exp(x)) without overflow.
double softplus(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

/// Every function that a cell may name.
const Entry entries[] = {
    {"relu", false, false, 0, 0,
     [](double x, double, double) { return x < 0 ? 0 : x; }},
    {"tanh", false, false, 0, 0,
     [](double x, double, double) { return std::tanh(x); }},
    {"sigmoid", false, false, 0, 0,
     [](double x, double, double) { return 1.0 / (1.0 + std::exp(-x)); }},
    {"affine", true, true, 1.0, 0.0,
     [](double x, double a, double b) { return a * x + b; }},
    {"leaky_relu", true, false, 0.01, 0,
     [](double x, double a, double) { return x < 0 ? a * x : x; }},
    {"thresholded_relu", true, false, 1.0, 0,
     [](double x, double a, double) { return x >= a ? x : 0; }},
    {"scaled_tanh", true, true, 1.0, 1.0,
     [](double x, double a, double b) { return a * std::tanh(b * x); }},
    {"hard_sigmoid", true, true, 0.2, 0.5,
     [](double x, double a, double b) {
       double y = a * x + b;
       return y < 0 ? 0.0 : y > 1 ? 1.0 : y;
     }},
    {"elu", true, false, 1.0, 0,
     [](double x, double a, double) { return x < 0 ? a * std::expm1(x) : x; }},
    {"softsign", false, false, 0, 0,
     [](double x, double, double) { return x / (1.0 + std::fabs(x)); }},
    {"softplus", false, false, 0, 0,
     [](double x, double, double) { return softplus(x); }},
};

} // namespace

llvm::Expected<llvm::SmallVector<Activation>>
getActivations(llvm::ArrayRef<llvm::StringRef> names,
               llvm::ArrayRef<double> alphas, llvm::ArrayRef<double> betas) {
  auto take = [](llvm::ArrayRef<double> &values, bool takes, double fallback) {
    if (!takes || values.empty())
      return fallback;
    double value = values.front();
    values = values.drop_front();
    return value;
  };
  llvm::SmallVector<Activation> result;
  for (llvm::StringRef name : names) {
    const auto *entry = llvm::find_if(entries, [&](const Entry &e) {
      return name.equals_insensitive(e.name);
    });
    if (entry == std::end(entries))
      return llvm::createStringError("unknown activation '" + name.str() + "'");
    result.push_back({entry->function,
                      take(alphas, entry->takesAlpha, entry->alpha),
                      take(betas, entry->takesBeta, entry->beta)});
  }
  return result;
}

} // namespace seqc::reference
