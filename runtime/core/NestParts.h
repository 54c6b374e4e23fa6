//===- NestParts.h - How two nested loops are cut for threads -------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CORE_NESTPARTS_H
#define SEQC_RUNTIME_CORE_NESTPARTS_H

#include <algorithm>
#include <cstdint>

namespace seqc::rt {

/// Operations, of a number or a vector of eight, that are worth a thread: some
/// ten microseconds, several times what a start of the team takes.
constexpr int64_t kParallelGrain = int64_t(1) << 17;

/// Parts along each of two loops.
struct NestParts {
  int64_t outer = 1;
  int64_t inner = 1;

  int64_t count() const { return outer * inner; }
};

/// Cuts `outer` x `inner` trips (each >= 1), `work` operations in all, for at
/// most `threads` threads (>= 1), each of which wants `grain` of the work. No
/// part is empty.
inline NestParts cutNest(int64_t work, int64_t outer, int64_t inner,
                         int64_t threads, int64_t grain = kParallelGrain) {
  threads = std::clamp<int64_t>(work / grain, 1, threads);
  // The outer loop, unless its parts would be uneven and the inner one has
  // more to offer.
  bool cutsOuter =
      outer % threads == 0 || outer / 8 >= threads || outer >= inner;
  NestParts parts;
  if (cutsOuter)
    parts.outer = std::min(outer, threads);
  parts.inner = std::min(inner, threads / parts.outer);
  return parts;
}

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_NESTPARTS_H
