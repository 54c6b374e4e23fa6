//===- BenchFiles.h - Model files and artefacts -----------------*- C++ -*-===//

#ifndef TESTS_BENCH_BENCHFILES_H
#define TESTS_BENCH_BENCHFILES_H

#include "tests/bench/LstmWeights.h"

#include <optional>
#include <string>

namespace seqc::bench {

/// A folder below the system's temporary one that goes away with this object.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  std::string file(const std::string &name) const { return path + "/" + name; }

private:
  std::string path;
};

/// The layer as a model: static numbers of steps and rows where they are given.
struct LstmModel {
  std::optional<int64_t> steps, batch;
  bool hasLengths = false;
};

/// Writes the weights as `lstm.safetensors` into `folder`.
void writeWeights(const TemporaryFolder &folder, const LstmWeights &weights);

/// Writes the model as `name`.mlir next to the weights; returns the file.
std::string writeModel(const TemporaryFolder &folder, const std::string &name,
                       const LstmWeights &weights, const LstmModel &model);

/// Runs `seqc compile` for generated code alone. Throws if it fails.
void compileModel(const std::string &seqc, const std::string &model,
                  const std::string &artefact);

/// Bytes of the sections of a shared object that hold code.
int64_t readCodeSize(const std::string &artefact);

} // namespace seqc::bench

#endif // TESTS_BENCH_BENCHFILES_H
