//===- Session.h - Memory and threads of a model -------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_EXEC_SESSION_H
#define SEQC_RUNTIME_EXEC_SESSION_H

#include "runtime/core/Arena.h"
#include "runtime/exec/DnnAdapter.h"
#include "runtime/loader/Model.h"

#include <array>
#include <atomic>
#include <csetjmp>
#include <memory>
#include <vector>

namespace seqc::rt {

/// The most bytes of a tensor that compiled code sees; it asks for more where a
/// size does not fit its numbers.
constexpr int64_t kMostBytes = int64_t(1) << 46;

/// A number of bytes for a message, without memory from the heap.
struct BytesText {
  char text[32];
};
BytesText describeBytes(int64_t bytes);

/// Memory that compiled functions keep between calls.
struct StateSlot {
  int32_t index;
  int64_t bytes;
  void *memory;
};

/// A library product, found again by its description.
struct DnnHandle {
  DnnMatmulSpec spec;
  std::unique_ptr<DnnMatmul> matmul;
};

/// The running call, as the services see it. Reached from the context's
/// `session` field.
struct CallFrame {
  seqc_call_t *call;
  seqc_session_t *session;
  seqc_abi_context context;
  std::jmp_buf unwind;
  /// 0 until something fails; then the code of the first failure.
  std::atomic<int32_t> failed;
  int32_t code;
  char message[1024];
};

/// Ends the call with the failure that has been recorded. Does not return.
[[noreturn]] void unwindCall(CallFrame &frame);

/// Records a failure unless there is one already.
void recordFailure(CallFrame &frame, int32_t code, const char *message);

/// The table that contexts point to.
const seqc_abi_services &sessionServices();

} // namespace seqc::rt

/// A session.
struct seqc_session_t {
  std::atomic<int32_t> references{1};
  seqc_model_t *model;
  int32_t numThreads = 1;
  uint64_t memoryLimit = 0;
  seqc_trace_fn trace = nullptr;
  void *traceUser = nullptr;

  seqc::rt::Arena arena;
  std::vector<seqc::rt::StateSlot> states;
  std::vector<seqc::rt::DnnHandle> handles;
  seqc_session_statistics_t statistics = {};
  /// Bytes of states and outputs.
  uint64_t otherBytes = 0;
  /// Set while a call runs.
  std::atomic<bool> busy{false};

  seqc_session_t(seqc_model_t *model, uint64_t memoryLimit)
      : model(seqc_model_retain(model)), memoryLimit(memoryLimit),
        arena(memoryLimit) {}
  ~seqc_session_t();

  /// Bytes of workspace, states and outputs.
  uint64_t heldBytes() const { return arena.heldBytes() + otherBytes; }

  /// True if `bytes` more would stay within the limit.
  bool mayTake(uint64_t bytes) const {
    return memoryLimit == 0 || heldBytes() + bytes <= memoryLimit;
  }
};

/// A prepared invocation.
struct seqc_call_t {
  seqc_session_t *session;
  const seqc::rt::EntrySignature &signature;
  const seqc_abi_function &function;

  /// What the caller set; empty where a default applies.
  std::vector<seqc::rt::TensorRef> inputs;
  /// Defaults of this run.
  std::vector<seqc::rt::TensorRef> defaults;
  /// Output buffers of the caller.
  std::vector<seqc::rt::TensorRef> bound;
  /// Output buffers of the session, some per output: a caller may hold the
  /// results of the last run, as an input of this one for example.
  static constexpr size_t poolSlots = 3;
  std::vector<std::array<seqc::rt::TensorRef, poolSlots>> pool;
  /// Where each output of the last run is; empty if it was not made.
  std::vector<seqc::rt::TensorRef> made;
  /// What compiled code gets.
  std::vector<seqc_abi_tensor> arguments;
  seqc::rt::SymbolExtents extents;
  uint64_t wanted = ~uint64_t(0);
  seqc_generation_options_t generation;
  seqc::rt::CallFrame frame;

  /// The functions of the entry's helpers.
  const std::vector<const seqc_abi_function *> *helperFunctions = nullptr;
  /// What runs when no initializer is given, and what gives those that are not;
  /// made when they are needed.
  std::unique_ptr<seqc_call_t> plain, givers;
  bool hasDefaults = false;

  seqc_call_t(seqc_session_t *session,
              const seqc::rt::EntrySignature &signature,
              const seqc_abi_function &function);
  ~seqc_call_t();

  /// Room for output `index`, or NULL after recording a failure.
  void *placeOutput(int32_t index, int32_t rank, const int64_t *shape,
                    int64_t bytes);

  /// Checks inputs and runs the function that they ask for.
  seqc::rt::Status run();

  /// Checks inputs, fills defaults, and lists the arguments.
  seqc::rt::Status prepareInputs();

  /// Copies results that could not be written in place to where they belong.
  void deliverOutputs();

private:
  seqc::rt::Status runPlain();
  seqc::rt::Status runFunction();
  /// Makes the values of all initializers, once.
  seqc::rt::Status makeDefaults();
  seqc::rt::Status fillDefault(size_t index);
  seqc::rt::TensorRef takeFromPool(size_t index, seqc_dtype_t dtype,
                                   int32_t rank, const int64_t *shape,
                                   int64_t bytes);
  /// Whether output `index` may be written to `tensor` at once: no input lies
  /// there, or compiled code can do with that.
  bool isWritable(size_t index, const seqc_tensor_t &tensor) const;
};

#endif // SEQC_RUNTIME_EXEC_SESSION_H
