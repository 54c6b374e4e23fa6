//===- OutputFile.h - Files that appear whole or not at all --------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CLI_OUTPUTFILE_H
#define SEQC_RUNTIME_CLI_OUTPUTFILE_H

#include "runtime/core/Status.h"

#include <string>
#include <string_view>

namespace seqc::cli {

/// Writes `contents` to a temporary file beside `path` and renames it, so that
/// a full disk or an interruption leaves `path` as it was and nothing else
/// behind. Devices and pipes are written directly. IO on failure.
rt::Status writeFileWhole(const std::string &path, std::string_view contents);

/// Removes an unfinished temporary file when the process is interrupted. Calls
/// of writeFileWhole() from one thread at a time are covered.
void removeTemporariesOnSignals();

/// Ends the process with "PROGRAM: error: out of memory" and its exit code when
/// `new` finds no memory from now on: throwing an exception would take some.
/// `program` stays valid.
void endWithoutMemory(const char *program);

} // namespace seqc::cli

#endif // SEQC_RUNTIME_CLI_OUTPUTFILE_H
