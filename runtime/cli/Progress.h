//===- Progress.h - Progress on a terminal -------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CLI_PROGRESS_H
#define SEQC_RUNTIME_CLI_PROGRESS_H

#include <cstdint>
#include <ctime>

namespace seqc::cli {

/// Counts what has been done on the last line of standard error, once the work
/// has taken more than a second. Silent if standard error is no terminal, or
/// if standard output is one, which then shows the progress itself.
class Progress {
public:
  /// `total` 0 stands for an unknown number.
  Progress(const char *what, int64_t total, bool quiet);
  ~Progress() { clear(); }
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  /// Says how much is done.
  void show(int64_t done);

  /// Removes the line, before something else is printed.
  void clear();

private:
  const char *what;
  int64_t total;
  bool active;
  bool visible = false;
  timespec start, last;
};

} // namespace seqc::cli

#endif // SEQC_RUNTIME_CLI_PROGRESS_H
