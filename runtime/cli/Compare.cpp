//===- Compare.cpp - Comparison of tensors -------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/Compare.h"

#include "runtime/cli/TensorFile.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

using namespace seqc::cli;
using namespace seqc::rt;

namespace {

/// Larger magnitudes are compared by sign alone.
constexpr double huge = 1e30;

bool isHuge(double value) { return std::fabs(value) > huge; }

std::vector<int64_t> indexOf(const seqc_tensor_t &tensor, int64_t flat) {
  std::vector<int64_t> index(size_t(tensor.rank));
  for (int32_t i = tensor.rank - 1; i >= 0; --i) {
    index[size_t(i)] = flat % tensor.shape[i];
    flat /= tensor.shape[i];
  }
  return index;
}

/// Whether a number other than zero is less than the least normal one. Narrower
/// types are rounded from such, whatever becomes of their denormals.
bool isDenormal(double value, seqc_dtype_t dtype) {
  double least = dtype == SEQC_F64   ? std::numeric_limits<double>::min()
                 : dtype == SEQC_F32 ? std::numeric_limits<float>::min()
                                     : 0;
  return value != 0 && std::fabs(value) < least;
}

double largestMagnitude(const seqc_tensor_t &tensor) {
  double largest = 0;
  int64_t count = seqc_tensor_num_elements(&tensor);
  for (int64_t i = 0; i < count; ++i) {
    double value = std::fabs(numberAt(tensor, i));
    if (value <= huge && value > largest)
      largest = value;
  }
  return largest;
}

/// The allowance that does not depend on the element, and the factor of the
/// element's magnitude.
void allowances(const seqc_tensor_t &want, const Tolerance &tolerance,
                double &fixed, double &factor) {
  double largest = largestMagnitude(want);
  factor = tolerance.rtol.value_or(0);
  fixed = tolerance.atol.value_or(0) * std::max(1.0, largest);
  if (tolerance.rtol || tolerance.atol)
    return;
  bool half = want.dtype == SEQC_F16 || want.dtype == SEQC_BF16;
  fixed = half ? 2e-2 * std::max(1e-2, largest) : 1e-4 * std::max(1.0, largest);
}

} // namespace

Comparison seqc::cli::compareTensors(const seqc_tensor_t &got,
                                     const seqc_tensor_t &want,
                                     const Tolerance &tolerance) {
  Comparison result;
  if (got.dtype != want.dtype || got.rank != want.rank ||
      !std::equal(got.shape, got.shape + got.rank, want.shape)) {
    result.mismatch =
        "found " + typeToString(got) + "; expected " + typeToString(want);
    return result;
  }
  result.elements = seqc_tensor_num_elements(&got);
  double fixed = 0, factor = 0;
  std::pair<bool, double> worst;
  int64_t worstAt = -1;
  bool floats = isFloat(want.dtype);
  if (floats)
    allowances(want, tolerance, fixed, factor);
  for (int64_t i = 0; i < result.elements; ++i) {
    double g = numberAt(got, i), w = numberAt(want, i), excess = 0;
    double difference = 0;
    if (!floats) {
      if (integerAt(got, i) == integerAt(want, i))
        continue;
      difference = std::fabs(g - w);
      result.maxAbsolute = std::max(result.maxAbsolute, difference);
      // Large ones may be equal as doubles.
      excess = std::max(difference, 1.0);
    } else if (std::isnan(g) || std::isnan(w)) {
      if (std::isnan(g) && std::isnan(w))
        continue;
      excess = INFINITY;
    } else if (isHuge(g) || isHuge(w)) {
      if (isHuge(g) && isHuge(w) && std::signbit(g) == std::signbit(w))
        continue;
      excess = INFINITY;
    } else {
      difference = std::fabs(g - w);
      result.maxAbsolute = std::max(result.maxAbsolute, difference);
      result.flushed += g == 0 && isDenormal(w, want.dtype);
      if (w != 0)
        result.maxRelative =
            std::max(result.maxRelative, difference / std::fabs(w));
      excess = difference - (factor * std::fabs(w) + fixed);
      if (difference == 0)
        continue;
    }
    result.failures += excess > 0;
    // What fails is worse than any difference that is allowed.
    std::pair<bool, double> badness(excess > 0,
                                    excess > 0 ? excess : difference);
    if (badness > worst || worstAt < 0) {
      worst = badness;
      worstAt = i;
    }
  }
  result.passed = result.failures == 0;
  if (worstAt >= 0) {
    result.worstIndex = indexOf(got, worstAt);
    result.worstGot = formatElement(got, worstAt);
    result.worstWant = formatElement(want, worstAt);
  }
  return result;
}

std::string seqc::cli::describeComparison(const Comparison &comparison) {
  if (!comparison.mismatch.empty())
    return comparison.mismatch;
  char text[160];
  std::snprintf(text, sizeof text, "max abs %.3g, max rel %.3g",
                comparison.maxAbsolute, comparison.maxRelative);
  std::string line = text;
  if (!comparison.worstWant.empty()) {
    line += ", worst at [";
    for (size_t i = 0; i < comparison.worstIndex.size(); ++i)
      line += (i ? ", " : "") + std::to_string(comparison.worstIndex[i]);
    line += "]: found " + comparison.worstGot + ", expected " +
            comparison.worstWant;
  }
  if (comparison.failures > 0)
    line += "; " + std::to_string(comparison.failures) + " of " +
            std::to_string(comparison.elements) + " beyond the tolerance";
  if (comparison.flushed > 0)
    line += "; " + std::to_string(comparison.flushed) + " of " +
            std::to_string(comparison.elements) +
            " are denormals that were flushed to zero";
  return line;
}
