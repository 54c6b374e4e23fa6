//===- OneDnnRivals.h - The same layer on oneDNN ----------------*- C++ -*-===//

#ifndef TESTS_BENCH_ONEDNNRIVALS_H
#define TESTS_BENCH_ONEDNNRIVALS_H

#include "tests/bench/LstmWeights.h"

#include <memory>
#include <string>

namespace seqc::bench {

/// One row of `steps` steps on another implementation. Weights are in the
/// layout it likes best before the first run.
class LstmRival {
public:
  virtual ~LstmRival() = default;
  /// Reads x [T, I], writes y [T, H]; begins with zero states.
  virtual void run(const float *x, float *y) = 0;
};

/// One sgemm for the projection of all steps, then an sgemm per step followed
/// by vectorised gates. `transposed`: the weights stay [4H, K] as ONNX has
/// them, else they are [K, 4H].
std::unique_ptr<LstmRival> makeSgemmLoop(const LstmWeights &weights,
                                         int64_t steps, bool transposed);

/// The primitive lstm_forward with weights reordered into the layout it asks
/// for.
std::unique_ptr<LstmRival> makeLstmForward(const LstmWeights &weights,
                                           int64_t steps);

/// Version of the library.
std::string oneDnnVersion();

} // namespace seqc::bench

#endif // TESTS_BENCH_ONEDNNRIVALS_H
