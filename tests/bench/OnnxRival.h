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
  int32_t *ids = nullptr;
};

/// A session of ONNX Runtime, on one thread unless told. Bound to fixed
/// arguments, it reads and writes the caller's memory, without copies.
class OnnxRival {
public:
  explicit OnnxRival(const std::string &model,
                     const std::vector<Argument> &inputs = {},
                     const std::vector<Argument> &outputs = {},
                     int threads = 1);
  ~OnnxRival();

  void run();
  /// Runs on `inputs`, not on what is bound; the first element of an output of
  /// 32-bit integers.
  int32_t runForId(const std::vector<Argument> &inputs, const char *output);
  static std::string version();

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace seqc::bench

#endif // TESTS_BENCH_ONNXRIVAL_H
