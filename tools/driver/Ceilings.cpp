//===- Ceilings.cpp - What this machine can do at most --------------------===//

#include "tools/driver/Ceilings.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace seqc {

using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Keeps the compiler from dropping `value`.
template <typename T> static void keep(const T &value) {
  asm volatile("" : : "g"(&value) : "memory");
}

typedef float Float16 __attribute__((vector_size(64)));
typedef float Float8 __attribute__((vector_size(32)));
typedef float Float4 __attribute__((vector_size(16)));

/// Twelve independent chains of multiply-adds hide the latency of the unit.
#define SEQC_MULTIPLY_ADD(Vector, rounds)                                      \
  Vector a[12], factor, addend;                                                \
  for (unsigned i = 0; i < sizeof(Vector) / 4; ++i) {                          \
    factor[i] = 0.999f;                                                        \
    addend[i] = 0.001f;                                                        \
  }                                                                            \
  for (Vector &v : a)                                                          \
    v = addend;                                                                \
  for (int64_t r = 0; r < (rounds); ++r)                                       \
    _Pragma("GCC unroll 12") for (int i = 0; i < 12; ++i) a[i] =               \
        a[i] * factor + addend;                                                \
  keep(a)

__attribute__((target("avx512f,fma"))) static void run512(int64_t rounds) {
  SEQC_MULTIPLY_ADD(Float16, rounds);
}
__attribute__((target("avx2,fma"))) static void run256(int64_t rounds) {
  SEQC_MULTIPLY_ADD(Float8, rounds);
}
static void run128(int64_t rounds) { SEQC_MULTIPLY_ADD(Float4, rounds); }

/// The best of a few runs, in operations per second.
static double measureFlops() {
  void (*run)(int64_t) = run128;
  int lanes = 4;
  if (__builtin_cpu_supports("avx512f")) {
    run = run512;
    lanes = 16;
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    run = run256;
    lanes = 8;
  }
  constexpr int64_t rounds = 200000;
  double best = 0;
  for (int attempt = 0; attempt < 8; ++attempt) {
    Clock::time_point begin = Clock::now();
    run(rounds);
    best = std::max(best, 2.0 * 12 * lanes * rounds / secondsSince(begin));
  }
  return best;
}

/// Adds up `count` vectors at `memory` by eight independent chains of loads.
#define SEQC_ADD_UP(Vector, memory, bytes)                                     \
  const Vector *vectors = reinterpret_cast<const Vector *>(memory);            \
  Vector sums[8] = {};                                                         \
  for (size_t i = 0; i + 8 <= (bytes) / sizeof(Vector); i += 8)                \
    _Pragma("GCC unroll 8") for (size_t j = 0; j < 8; ++j) sums[j] +=          \
        vectors[i + j];                                                        \
  keep(sums)

__attribute__((target("avx512f"))) static void read512(const char *memory,
                                                       size_t bytes) {
  SEQC_ADD_UP(Float16, memory, bytes);
}
__attribute__((target("avx2"))) static void read256(const char *memory,
                                                    size_t bytes) {
  SEQC_ADD_UP(Float8, memory, bytes);
}
static void read128(const char *memory, size_t bytes) {
  SEQC_ADD_UP(Float4, memory, bytes);
}

/// Bytes per second when `bytes` are read again and again.
static double measureReads(size_t bytes) {
  void (*read)(const char *, size_t) = read128;
  if (__builtin_cpu_supports("avx512f"))
    read = read512;
  else if (__builtin_cpu_supports("avx2"))
    read = read256;
  std::unique_ptr<char, void (*)(void *)> memory(
      static_cast<char *>(std::aligned_alloc(64, bytes)), std::free);
  if (!memory)
    return 0;
  std::memset(memory.get(), 0, bytes);
  size_t repeats = std::max<size_t>(1, (64u << 20) / bytes);
  double best = 0;
  for (int attempt = 0; attempt < 3; ++attempt) {
    Clock::time_point begin = Clock::now();
    for (size_t r = 0; r < repeats; ++r)
      read(memory.get(), bytes);
    best = std::max(best, double(bytes) * repeats / secondsSince(begin));
  }
  return best;
}

Ceilings measureCeilings() {
  Ceilings ceilings;
  ceilings.gigaflops = measureFlops() / 1e9;
  ceilings.cacheBandwidth = measureReads(256u << 10) / 1e9;
  ceilings.memoryBandwidth = measureReads(128u << 20) / 1e9;
  return ceilings;
}

} // namespace seqc
