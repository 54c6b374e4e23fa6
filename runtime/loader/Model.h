//===- Model.h - A loaded model ------------------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_LOADER_MODEL_H
#define SEQC_RUNTIME_LOADER_MODEL_H

#include "runtime/abi/ModelAbi.h"
#include "runtime/loader/Signature.h"

#include <atomic>

/// A model: its table, and what was read from it.
struct seqc_model_t {
  std::atomic<int32_t> references{1};
  /// Handle of the shared object, or NULL for a table in the program.
  void *library = nullptr;
  const seqc_abi_model *table = nullptr;
  /// The metadata, terminated.
  std::string metadata;
  std::vector<seqc::rt::EntrySignature> entries;
  /// The chosen version of each entry's function.
  std::vector<const seqc_abi_function *> functions;
  /// And those of each entry's helpers.
  std::vector<std::vector<const seqc_abi_function *>> helperFunctions;

  ~seqc_model_t();

  /// Index of an entry; NULL stands for the first. -1 if there is none.
  int findEntry(const char *name) const;
};

namespace seqc::rt {

/// Checks a table and reads its metadata into `model`. Weights are compared
/// with their digest where that takes little time, unless `verified` says that
/// the file they are in has been.
Status adoptTable(const seqc_abi_model *table, seqc_model_t &model,
                  bool verified = false);

/// Compares the weights with the digest they were written with.
Status verifyWeights(const seqc_abi_model &table);

/// NOT_FOUND, with the names there are.
Status noSuchEntry(const seqc_model_t &model, const char *name);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_LOADER_MODEL_H
