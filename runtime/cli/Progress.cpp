//===- Progress.cpp - Progress on a terminal -----------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/Progress.h"

#include <cstdio>
#include <unistd.h>

using namespace seqc::cli;

/// Milliseconds from `from` to `to`.
static int64_t milliseconds(const timespec &from, const timespec &to) {
  return (int64_t(to.tv_sec) - from.tv_sec) * 1000 +
         (to.tv_nsec - from.tv_nsec) / 1000000;
}

Progress::Progress(const char *what, int64_t total, bool quiet)
    : what(what), total(total),
      active(!quiet && isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO)) {
  clock_gettime(CLOCK_MONOTONIC, &start);
  last = start;
}

void Progress::show(int64_t done) {
  if (!active)
    return;
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (milliseconds(start, now) < 1000 || milliseconds(last, now) < 200)
    return;
  last = now;
  visible = true;
  auto count = static_cast<long long>(done);
  if (total > 0)
    std::fprintf(stderr, "\r%lld of %lld %s\x1b[K", count,
                 static_cast<long long>(total), what);
  else
    std::fprintf(stderr, "\r%lld %s\x1b[K", count, what);
}

void Progress::clear() {
  if (visible)
    std::fprintf(stderr, "\r\x1b[K");
  visible = false;
}
