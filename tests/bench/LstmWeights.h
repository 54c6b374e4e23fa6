//===- LstmWeights.h - The layer that is measured ---------------*- C++ -*-===//

#ifndef TESTS_BENCH_LSTMWEIGHTS_H
#define TESTS_BENCH_LSTMWEIGHTS_H

#include <cstdint>
#include <vector>

namespace seqc::bench {

/// Weights of one forward LSTM, in ONNX's layout: gates i, o, f, c; W [4H, I],
/// R [4H, H], B [8H].
struct LstmWeights {
  int64_t inputSize, hiddenSize;
  std::vector<float> w, r, b;
};

} // namespace seqc::bench

#endif // TESTS_BENCH_LSTMWEIGHTS_H
