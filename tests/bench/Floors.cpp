//===- Floors.cpp - What no implementation can beat -----------------------===//

#include "tests/bench/Floors.h"

using namespace seqc::bench;

namespace {
/// Sixteen floats; one register where the CPU has such.
using Lanes = float __attribute__((vector_size(64)));
constexpr int64_t kLanes = sizeof(Lanes) / sizeof(float), kChains = 12;

float sumOf(const Lanes *chains) {
  float sum = 0;
  for (int64_t chain = 0; chain < kChains; ++chain)
    for (int64_t lane = 0; lane < kLanes; ++lane)
      sum += chains[chain][lane];
  return sum;
}
} // namespace

float seqc::bench::readRepeatedly(const std::vector<float> &values,
                                  int64_t times) {
  Lanes sums[kChains] = {};
  for (int64_t round = 0; round < times; ++round) {
    const float *p = values.data(), *end = p + values.size();
    for (; end - p >= kChains * kLanes; p += kChains * kLanes)
#pragma GCC unroll 12
      for (int64_t chain = 0; chain < kChains; ++chain) {
        Lanes loaded;
        __builtin_memcpy(&loaded, p + chain * kLanes, sizeof loaded);
        sums[chain] += loaded;
      }
    // Rounds are not to be merged.
    asm volatile("" ::: "memory");
  }
  return sumOf(sums);
}

float seqc::bench::multiplyAdd(int64_t count) {
  Lanes sums[kChains];
  for (int64_t chain = 0; chain < kChains; ++chain)
    sums[chain] = Lanes{} + float(chain);
  // The compiler must not know them.
  volatile float scale = 0.999f, offset = 0.001f;
  Lanes factor = Lanes{} + scale, addend = Lanes{} + offset;
  for (int64_t i = 0; i < count; i += kChains * kLanes)
#pragma GCC unroll 12
    for (int64_t chain = 0; chain < kChains; ++chain)
      sums[chain] = sums[chain] * factor + addend;
  return sumOf(sums);
}
