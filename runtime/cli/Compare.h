//===- Compare.h - Comparison of tensors ---------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CLI_COMPARE_H
#define SEQC_RUNTIME_CLI_COMPARE_H

#include "runtime/tensor/Tensor.h"

#include <optional>
#include <string>
#include <vector>

namespace seqc::cli {

/// What two floating-point tensors may differ by.
struct Tolerance {
  /// |got - want| <= rtol * |want| + atol * max(1, max|want|). Without values
  /// the rule of cases.json holds: 1e-4 * max(1, max|want|), for f16
  /// 2e-2 * max(1e-2, max|want|), for bf16 the same.
  std::optional<double> rtol, atol;
};

/// What a comparison found.
struct Comparison {
  bool passed = false;
  /// Types or shapes differ; nothing else was compared.
  std::string mismatch;
  double maxAbsolute = 0, maxRelative = 0;
  /// Elements beyond the tolerance, and elements in all.
  int64_t failures = 0, elements = 0;
  /// Elements that are zero and were to be denormals.
  int64_t flushed = 0;
  /// Where the excess over the tolerance is largest, and the values there.
  std::vector<int64_t> worstIndex;
  std::string worstGot, worstWant;
};

/// Compares `got` with `want`. Integers must be equal; NaN equals NaN, and
/// infinities and magnitudes above 1e30 must agree in sign.
Comparison compareTensors(const seqc_tensor_t &got, const seqc_tensor_t &want,
                          const Tolerance &tolerance);

/// One line: "max abs 1.2e-6, max rel 3e-5 at [0, 3]".
std::string describeComparison(const Comparison &comparison);

} // namespace seqc::cli

#endif // SEQC_RUNTIME_CLI_COMPARE_H
