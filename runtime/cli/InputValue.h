//===- InputValue.h - Values on the command line -------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CLI_INPUTVALUE_H
#define SEQC_RUNTIME_CLI_INPUTVALUE_H

#include "runtime/cli/Executor.h"
#include "runtime/cli/RunOptions.h"

namespace seqc::cli {

/// Makes a tensor for an input from the VALUE of `--input NAME=VALUE`. Literals
/// get leading extents of 1 up to the rank of the input; types convert where
/// that loses nothing but precision.
Result<TensorRef> readInputValue(const EntrySignature &entry,
                                 const ValueSignature &value,
                                 const std::string &text);

/// Reads the values that `value` gets step by step.
Result<TensorRef> readPerStep(const ValueSignature &value,
                              const std::string &text);

/// Reads what `got` should be, without conversion. Lines of numbers take the
/// shape of `got`.
Result<TensorRef> readExpected(const ValueSignature &value,
                               const std::string &text,
                               const seqc_tensor_t &got);

/// Sets the inputs that `options` names; others stay empty. Names that are in
/// `skip` are left alone.
Status readInputs(const EntrySignature &entry, const RunOptions &options,
                  const std::vector<std::string> &skip,
                  std::vector<TensorRef> &inputs);

/// INVALID_ARGUMENT for an input with several values.
Status givenTwice(const ValueSignature &value);

/// NOT_FOUND for an input or output, with the names there are.
Status unknownName(const char *what, const std::string &name,
                   const std::vector<ValueSignature> &values);

} // namespace seqc::cli

#endif // SEQC_RUNTIME_CLI_INPUTVALUE_H
