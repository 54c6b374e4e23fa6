//===- StandardFiles.cpp - Closed descriptors, gone readers --------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/StandardFiles.h"

#include <csignal>
#include <fcntl.h>
#include <unistd.h>

void seqc::cli::prepareStandardFiles() {
  // open() takes the lowest number that is free.
  static constexpr int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
  for (int file = 0; file < 3; ++file)
    if (fcntl(file, F_GETFD) < 0 && open("/dev/null", modes[file]) != file)
      break;
  std::signal(SIGPIPE, SIG_IGN);
}
