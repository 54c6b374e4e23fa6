//===- exit_code.h - How commands and compilations end --------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one list of codes: what programs of seqc, compiled models among them, end
// with, and what functions of seqc/compiler.h return. Numbers never change.
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_EXIT_CODE_H
#define SEQC_EXIT_CODE_H

/// Who has to act.
typedef enum seqc_exit_code_t {
  SEQC_EXIT_DONE = 0,
  /// A comparison failed, or a tool that answers says no.
  SEQC_EXIT_DIFFERS = 1,
  /// Bad usage or bad input: the caller, the model, a file or an option.
  SEQC_EXIT_BAD_INPUT = 2,
  /// The model is sound, but asks for something that does not exist here.
  SEQC_EXIT_UNSUPPORTED = 3,
  /// A fault in seqc itself.
  SEQC_EXIT_FAULT = 4,
  /// Disk, memory, linker or CPU failed.
  SEQC_EXIT_ENVIRONMENT = 5
} seqc_exit_code_t;

#endif // SEQC_EXIT_CODE_H
