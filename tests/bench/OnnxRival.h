//===- OnnxRival.h - A model in ONNX Runtime --------------------*- C++ -*-===//

#ifndef TESTS_BENCH_ONNXRIVAL_H
#define TESTS_BENCH_ONNXRIVAL_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace seqc::bench {

/// A tensor in memory of the caller.
struct Argument {
  std::string name;
  std::vector<int64_t> shape;
  float *floats = nullptr;
  int64_t *integers = nullptr;
};

/// A session of ONNX Runtime on one thread with fixed arguments: it reads and
/// writes the caller's memory, without copies.
class OnnxRival {
public:
  OnnxRival(const std::string &model, const std::vector<Argument> &inputs,
            const std::vector<Argument> &outputs);
  ~OnnxRival();

  void run();
  static std::string version();

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace seqc::bench

#endif // TESTS_BENCH_ONNXRIVAL_H
