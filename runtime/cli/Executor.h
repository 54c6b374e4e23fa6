//===- Executor.h - What the command line runs ---------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The command line reads inputs, runs an entry and shows outputs. What runs
// the entry is behind this interface: compiled code here, the reference
// interpreter in `seqc run --interpret`.
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CLI_EXECUTOR_H
#define SEQC_RUNTIME_CLI_EXECUTOR_H

#include "runtime/text/TextModel.h"

#include <nlohmann/json_fwd.hpp>

namespace seqc::cli {

using rt::EntrySignature;
using rt::Result;
using rt::Status;
using rt::TensorRef;
using rt::TextModel;
using rt::ValueSignature;

/// One run of an entry.
struct RunRequest {
  const EntrySignature *entry = nullptr;
  /// In the order of the signature; empty where a default is to be used.
  std::vector<TensorRef> inputs;
  /// Tensors that outputs are to be written to, in the order of the signature;
  /// empty where the executor finds a place. An executor may ignore them.
  std::vector<TensorRef> targets;
  /// Outputs whose computation may be skipped are false; empty: all wanted.
  std::vector<bool> wanted;
  seqc_generation_options_t generation;

  RunRequest() { seqc_generation_options_init(&generation); }
};

/// Runs entries of one model.
class Executor {
public:
  virtual ~Executor() = default;

  /// The signatures.
  virtual const std::vector<EntrySignature> &entries() const = 0;

  /// The metadata JSON; it may hold a text pipeline.
  virtual std::string_view metadata() const = 0;

  /// Runs a request. Outputs are in the order of the signature; those that
  /// were not wanted may be empty.
  virtual Status run(const RunRequest &request,
                     std::vector<TensorRef> &outputs) = 0;

  /// Fails if what is run is not as it was written.
  virtual Status verify() { return {}; }

  /// Forgets what entries keep between runs.
  virtual Status reset() { return {}; }
};

/// Runs compiled code. Retains `model`. `numThreads` 0: the environment's
/// choice. Trace events go to `trace` if it is not NULL.
Result<std::unique_ptr<Executor>>
createModelExecutor(seqc_model_t *model, int32_t numThreads,
                    seqc_trace_fn trace = nullptr, void *traceUser = nullptr);

} // namespace seqc::cli

#endif // SEQC_RUNTIME_CLI_EXECUTOR_H
