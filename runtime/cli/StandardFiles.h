//===- StandardFiles.h - Closed descriptors, gone readers ------*- C++ -*-===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CLI_STANDARDFILES_H
#define SEQC_RUNTIME_CLI_STANDARDFILES_H

namespace seqc::cli {

/// Called first by every program. Takes the places of standard files that the
/// caller closed, so that no file opened later gets messages meant for standard
/// error; reading and writing go on failing there, but for messages, which are
/// dropped. A reader that goes away is an error of write(), not the end of the
/// process.
void prepareStandardFiles();

} // namespace seqc::cli

#endif // SEQC_RUNTIME_CLI_STANDARDFILES_H
