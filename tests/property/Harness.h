//===- Harness.h - Compile a module and call its entries --------*- C++ -*-===//

#ifndef TESTS_PROPERTY_HARNESS_H
#define TESTS_PROPERTY_HARNESS_H

#include "tests/property/GuardedBuffer.h"

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace seqc::test {

/// A tensor handed to or received from compiled code, elements as bytes.
struct HostTensor {
  std::vector<int64_t> shape;
  std::vector<char> bytes;

  static HostTensor floats(std::vector<int64_t> shape,
                           const std::vector<float> &values);
  static HostTensor ints(std::vector<int64_t> shape,
                         const std::vector<int32_t> &values);
  static HostTensor bools(std::vector<int64_t> shape,
                          const std::vector<uint8_t> &values);
  std::vector<float> asFloats() const;
};

/// What an entry takes as an input.
struct InputType {
  /// Extents; -1 for dynamic ones.
  std::vector<int64_t> shape;
  /// Bytes of an element.
  int64_t width = 0;
  bool isInteger = false;
};

/// A call that compiled code has refused, with its message.
struct CallRefused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How to compile.
struct HarnessOptions {
  /// Optimisation level of the phases.
  unsigned optLevel = 2;
  /// Optimisation level of LLVM. The phases, not LLVM, are what the tests are
  /// about, and level 1 is enough for them.
  unsigned codeLevel = 1;
  /// Widest vector of the phases in bits; 0: the widest of this CPU.
  unsigned vectorBits = 0;
  /// Whether buffers share workspaces, as they do in artefacts. Without, each
  /// lies between forbidden pages of its own.
  bool planMemory = false;
  /// Least work worth a thread; 0: as in artefacts, where cases as small as
  /// those of the tests stay on one.
  int64_t parallelGrain = 0;
};

/// A module compiled into this process.
class CompiledModule {
public:
  /// Compiles `text`, a module in import form, through every phase. Throws
  /// std::runtime_error with the diagnostics if a phase fails.
  explicit CompiledModule(const std::string &text,
                          const HarnessOptions &options = {});
  ~CompiledModule();

  /// What entry `name` takes.
  const std::vector<InputType> &getInputTypes(const std::string &name) const;

  /// The inputs whose memory output `output` of an entry may be written to, as
  /// the compiler says.
  std::vector<int> getInPlace(const std::string &name, int output) const;

  /// Calls entry `name`. Every input and output, and all memory of the arena,
  /// lies against a forbidden page at the end that `guard` says. Parallel loops
  /// run on `threads` threads. Output i is written to the memory of input
  /// `places[i]`, if there is one. Throws CallRefused if a check fails.
  std::vector<HostTensor> run(const std::string &name,
                              const std::vector<HostTensor> &inputs,
                              Guard guard, int threads = 1,
                              const std::vector<int> &places = {});

  /// Parallel loops of the last call.
  int64_t getParallelRuns() const;

  /// Allocations the last call made through the arena.
  int64_t getAllocations() const;

  /// Bytes of these allocations, rounded up as the arena does.
  int64_t getAllocatedBytes() const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace seqc::test

#endif // TESTS_PROPERTY_HARNESS_H
