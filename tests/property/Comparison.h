//===- Comparison.h - Got and wanted values ---------------------*- C++ -*-===//

#ifndef TESTS_PROPERTY_COMPARISON_H
#define TESTS_PROPERTY_COMPARISON_H

#include "tests/property/Harness.h"

#include <cmath>
#include <string>
#include <vector>

namespace seqc::test {

/// Empty if |got - want| <= 1e-5 * max(1, max|want|) for every element, else
/// what differs.
inline std::string describeDifference(const char *name, const HostTensor &got,
                                      const std::vector<int64_t> &shape,
                                      const std::vector<double> &want) {
  if (got.shape != shape)
    return std::string(name) + " has the wrong shape";
  std::vector<float> values = got.asFloats();
  if (values.size() != want.size())
    return std::string(name) + " has " + std::to_string(values.size()) +
           " elements, not " + std::to_string(want.size());
  double largest = 1;
  for (double value : want)
    largest = std::max(largest, std::fabs(value));
  // Written so that NaN fails.
  for (size_t i = 0; i < want.size(); ++i)
    if (!(std::fabs(values[i] - want[i]) <= 1e-5 * largest))
      return std::string(name) + "[" + std::to_string(i) + "] is " +
             std::to_string(values[i]) + ", not " + std::to_string(want[i]);
  return "";
}

} // namespace seqc::test

#endif // TESTS_PROPERTY_COMPARISON_H
