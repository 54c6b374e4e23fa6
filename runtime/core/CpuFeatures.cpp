//===- CpuFeatures.cpp - What this CPU can do ----------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/CpuFeatures.h"

#include "runtime/abi/ModelAbi.h"
#include "seqc/runtime.h"

#include <cpuid.h>
#include <cstdint>

using namespace seqc::rt;

namespace {

/// What the operating system must save for a feature's registers.
enum class Registers { Baseline, Avx, Avx512, Tiles };

/// Where CPUID announces a feature.
struct Feature {
  const char *name;
  uint32_t leaf, subleaf;
  /// 0 eax, 1 ebx, 2 ecx, 3 edx.
  int word;
  int bit;
  Registers registers;
};

constexpr Registers base = Registers::Baseline, avx = Registers::Avx,
                    avx512 = Registers::Avx512, tiles = Registers::Tiles;
constexpr uint32_t extended = 0x80000001;

constexpr Feature features[] = {
    {"sse3", 1, 0, 2, 0, base},
    {"ssse3", 1, 0, 2, 9, base},
    {"sse4.1", 1, 0, 2, 19, base},
    {"sse4.2", 1, 0, 2, 20, base},
    {"popcnt", 1, 0, 2, 23, base},
    {"cx16", 1, 0, 2, 13, base},
    {"movbe", 1, 0, 2, 22, base},
    {"f16c", 1, 0, 2, 29, avx},
    {"avx", 1, 0, 2, 28, avx},
    {"fma", 1, 0, 2, 12, avx},
    {"bmi", 7, 0, 1, 3, base},
    {"bmi2", 7, 0, 1, 8, base},
    {"lzcnt", extended, 0, 2, 5, base},
    {"avx2", 7, 0, 1, 5, avx},
    {"avx512f", 7, 0, 1, 16, avx512},
    {"avx512bw", 7, 0, 1, 30, avx512},
    {"avx512cd", 7, 0, 1, 28, avx512},
    {"avx512dq", 7, 0, 1, 17, avx512},
    {"avx512vl", 7, 0, 1, 31, avx512},
    {"avx512ifma", 7, 0, 1, 21, avx512},
    {"avx512vbmi", 7, 0, 2, 1, avx512},
    {"avx512vbmi2", 7, 0, 2, 6, avx512},
    {"avx512vnni", 7, 0, 2, 11, avx512},
    {"avx512bitalg", 7, 0, 2, 12, avx512},
    {"avx512vpopcntdq", 7, 0, 2, 14, avx512},
    {"avx512bf16", 7, 1, 0, 5, avx512},
    {"avx512fp16", 7, 0, 3, 23, avx512},
    {"avxvnni", 7, 1, 0, 4, avx},
    {"avxifma", 7, 1, 0, 23, avx},
    {"avxneconvert", 7, 1, 3, 5, avx},
    {"avxvnniint8", 7, 1, 3, 4, avx},
    {"amx-tile", 7, 0, 3, 24, tiles},
    {"amx-int8", 7, 0, 3, 25, tiles},
    {"amx-bf16", 7, 0, 3, 22, tiles},
    {"gfni", 7, 0, 2, 8, base},
    {"vaes", 7, 0, 2, 9, avx},
    {"vpclmulqdq", 7, 0, 2, 10, avx},
    {"adx", 7, 0, 1, 19, base},
    {"sha", 7, 0, 1, 29, base},
    {"sse4a", extended, 0, 2, 6, base},
    {"fma4", extended, 0, 2, 16, avx},
    {"xop", extended, 0, 2, 11, avx},
    {"tbm", extended, 0, 2, 21, base},
    // Announced together with SSE 4.2.
    {"crc32", 1, 0, 2, 20, base},
    {"sahf", extended, 0, 2, 0, base},
    // Whether the operating system lets programs use it.
    {"xsave", 1, 0, 2, 27, base},
    {"prfchw", extended, 0, 2, 8, base},
    {"aes", 1, 0, 2, 25, base},
    {"pclmul", 1, 0, 2, 1, base},
    {"avx512vp2intersect", 7, 0, 3, 8, avx512},
    {"avxvnniint16", 7, 1, 3, 10, avx},
    {"amx-fp16", 7, 1, 0, 21, tiles},
    {"amx-complex", 7, 1, 3, 8, tiles},
};

#define SEQC_ONE(name) +1
static_assert(sizeof(features) / sizeof(features[0]) ==
                  0 SEQC_ABI_CPU_FEATURES(SEQC_ONE),
              "every name of the ABI has a row");
#undef SEQC_ONE

/// The register sets that the operating system has enabled.
uint64_t enabledRegisters() {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 27)))
    return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t(high) << 32) | low;
}

bool operatingSystemSaves(Registers registers) {
  uint64_t mask = 0;
  switch (registers) {
  case Registers::Baseline:
    return true;
  case Registers::Avx:
    mask = 0x6;
    break;
  case Registers::Avx512:
    mask = 0xe6;
    break;
  case Registers::Tiles:
    mask = 0x60000;
    break;
  }
  return (enabledRegisters() & mask) == mask;
}

} // namespace

int seqc::rt::cpuHas(std::string_view name) {
  for (const Feature &feature : features) {
    if (name != feature.name)
      continue;
    uint32_t words[4];
    if (!__get_cpuid_count(feature.leaf, feature.subleaf, &words[0], &words[1],
                           &words[2], &words[3]))
      return 0;
    if (feature.subleaf > 0) {
      uint32_t a, b, c, d;
      if (!__get_cpuid_count(feature.leaf, 0, &a, &b, &c, &d) ||
          a < feature.subleaf)
        return 0;
    }
    if (!((words[feature.word] >> feature.bit) & 1))
      return 0;
    return operatingSystemSaves(feature.registers) ? 1 : 0;
  }
  return -1;
}

std::string seqc::rt::firstMissingFeature(std::string_view list) {
  while (!list.empty()) {
    size_t comma = list.find(',');
    std::string_view name = list.substr(0, comma);
    list = comma == list.npos ? std::string_view() : list.substr(comma + 1);
    if (!name.empty() && name.front() == '+')
      name.remove_prefix(1);
    if (!name.empty() && cpuHas(name) != 1)
      return std::string(name);
  }
  return {};
}

int seqc_runtime_cpu_has(const char *feature) {
  return feature ? cpuHas(feature) : -1;
}
