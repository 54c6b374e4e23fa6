//===- runtime.h - C API of the seqc runtime ------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loads compiled models and runs them.
//
//   model    what was compiled: code, weights, signature. Immutable, shareable.
//   session  a model's memory: workspace, states, team. One thread at a time.
//   call     one prepared invocation of an entry: inputs, outputs, options.
//   tensor   a typed array, owned or borrowed, exchanged through DLPack.
//
// Conventions. Objects are reference counted: `create` and `load` give one
// reference, `retain` one more, `release` takes one away and accepts NULL.
// Functions that can fail return a status: NULL on success, else an object that
// the caller frees with seqc_status_free(). Out-parameters come last and are
// NULL (or zero) after a failure. A NULL handle where an object is needed is
// INVALID_ARGUMENT. "Any thread" means: safe from any thread at any time;
// "one thread" means: not while another thread uses the same object.
//
// A minimal use:
//
//   seqc_model_t *model; seqc_session_t *session; seqc_call_t *call;
//   seqc_model_load("model.so", &model);
//   seqc_session_create(model, NULL, &session);
//   seqc_call_create(session, NULL, &call);
//   seqc_call_set_input(call, "x", x);
//   seqc_call_run(call);
//   seqc_call_get_output(call, "y", &y);
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_H
#define SEQC_RUNTIME_H

#include <dlpack/dlpack.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SEQC_API __attribute__((visibility("default")))
#else
#define SEQC_API
#endif

/// Version of this API. Grows when functions are added.
#define SEQC_RUNTIME_API_VERSION 1

/// Highest rank of a tensor.
#define SEQC_MAX_RANK 8

typedef struct seqc_status_t seqc_status_t;
typedef struct seqc_tensor_t seqc_tensor_t;
typedef struct seqc_model_t seqc_model_t;
typedef struct seqc_session_t seqc_session_t;
typedef struct seqc_call_t seqc_call_t;

//===----------------------------------------------------------------------===//
// Status
//===----------------------------------------------------------------------===//

/// Why something failed.
typedef enum seqc_status_code_t {
  SEQC_OK = 0,
  /// An argument or an input breaks a rule; the message says found and needed.
  SEQC_INVALID_ARGUMENT = 1,
  /// The artefact does not fit this runtime or this CPU.
  SEQC_INCOMPATIBLE = 2,
  /// Memory or threads ran out.
  SEQC_RESOURCE_EXHAUSTED = 3,
  /// Right, but not provided here (for example: oneDNN is absent).
  SEQC_UNSUPPORTED = 4,
  /// A fault in seqc.
  SEQC_INTERNAL = 5,
  /// A file could not be read or written.
  SEQC_IO = 6,
  /// A name that the object does not have.
  SEQC_NOT_FOUND = 7,
  /// The call was cancelled.
  SEQC_CANCELLED = 8
} seqc_status_code_t;

/// The code of `status`; SEQC_OK for NULL.
/// Ownership: `status` stays the caller's. Thread safety: any thread.
/// Errors: none.
SEQC_API seqc_status_code_t seqc_status_code(const seqc_status_t *status);

/// The message of `status`: lower case, no final period, "" for NULL.
/// Ownership: lives as long as `status`. Thread safety: any thread.
/// Errors: none.
SEQC_API const char *seqc_status_message(const seqc_status_t *status);

/// Frees `status`; NULL is allowed.
/// Ownership: takes `status`. Thread safety: any thread. Errors: none.
SEQC_API void seqc_status_free(seqc_status_t *status);

/// The name of a code, for example "INVALID_ARGUMENT".
/// Ownership: static. Thread safety: any thread. Errors: none; an unknown code
/// gives "UNKNOWN".
SEQC_API const char *seqc_status_code_name(seqc_status_code_t code);

//===----------------------------------------------------------------------===//
// Runtime
//===----------------------------------------------------------------------===//

/// The version of the runtime, for example "0.1.0".
/// Ownership: static. Thread safety: any thread. Errors: none.
SEQC_API const char *seqc_runtime_version(void);

/// The version of the model ABI this runtime accepts.
/// Ownership: none. Thread safety: any thread. Errors: none.
SEQC_API uint32_t seqc_runtime_abi_version(void);

/// The version of the linked oneDNN, for example "2.6.3", or NULL without it.
/// Ownership: static. Thread safety: any thread. Errors: none.
SEQC_API const char *seqc_runtime_onednn_version(void);

/// 1 if this CPU (and its operating system) has `feature`, 0 if not, -1 if the
/// name is none of SEQC_ABI_CPU_FEATURES.
/// Ownership: none. Thread safety: any thread. Errors: none.
SEQC_API int seqc_runtime_cpu_has(const char *feature);

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

/// Element type of a tensor.
typedef enum seqc_dtype_t {
  SEQC_DTYPE_NONE = 0,
  SEQC_F64 = 1,
  SEQC_F32 = 2,
  SEQC_F16 = 3,
  SEQC_BF16 = 4,
  SEQC_I64 = 5,
  SEQC_I32 = 6,
  SEQC_I16 = 7,
  SEQC_I8 = 8,
  SEQC_U64 = 9,
  SEQC_U32 = 10,
  SEQC_U16 = 11,
  SEQC_U8 = 12,
  /// One byte, 0 or 1.
  SEQC_I1 = 13
} seqc_dtype_t;

/// Bytes of one element; 0 for an unknown type.
/// Ownership: none. Thread safety: any thread. Errors: none.
SEQC_API size_t seqc_dtype_size(seqc_dtype_t dtype);

/// The name of a type, for example "f32"; "none" for an unknown type.
/// Ownership: static. Thread safety: any thread. Errors: none.
SEQC_API const char *seqc_dtype_name(seqc_dtype_t dtype);

/// The type of a name; SEQC_DTYPE_NONE for an unknown name.
/// Ownership: none. Thread safety: any thread. Errors: none.
SEQC_API seqc_dtype_t seqc_dtype_from_name(const char *name);

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// Ends the life of memory that a tensor borrowed.
typedef void (*seqc_release_fn)(void *user, void *data);

/// Creates a tensor of zeros with memory of its own, 64-byte aligned.
///
/// Ownership: `*out_tensor` is one reference. `shape` is copied.
/// Thread safety: any thread.
/// Errors: INVALID_ARGUMENT (type, rank above SEQC_MAX_RANK, negative extent,
/// size beyond 2^62), RESOURCE_EXHAUSTED.
SEQC_API seqc_status_t *seqc_tensor_create(seqc_dtype_t dtype, int32_t rank,
                                           const int64_t *shape,
                                           seqc_tensor_t **out_tensor);

/// Creates a tensor over memory of the caller: contiguous and row-major.
///
/// Ownership: `data` is borrowed; `release(user, data)`, if not NULL, is called
/// once when the last reference goes. `*out_tensor` is one reference.
/// Thread safety: any thread; `release` runs on the thread that drops the last
/// reference.
/// Errors: INVALID_ARGUMENT (as seqc_tensor_create, or NULL data of non-zero
/// size), RESOURCE_EXHAUSTED. `release` is not called on failure.
SEQC_API seqc_status_t *seqc_tensor_wrap(seqc_dtype_t dtype, int32_t rank,
                                         const int64_t *shape, void *data,
                                         seqc_release_fn release, void *user,
                                         seqc_tensor_t **out_tensor);

/// Takes a DLPack tensor. Compact CPU tensors are shared, others with strides
/// are copied.
///
/// Ownership: on success the tensor owns `managed` and calls its deleter; on
/// failure `managed` stays the caller's. `*out_tensor` is one reference.
/// Thread safety: any thread.
/// Errors: INVALID_ARGUMENT (NULL, lanes, negative extent), UNSUPPORTED (device
/// that is not the CPU, element type), RESOURCE_EXHAUSTED.
SEQC_API seqc_status_t *seqc_tensor_from_dlpack(DLManagedTensor *managed,
                                                seqc_tensor_t **out_tensor);

/// Gives a DLPack view of `tensor`.
///
/// Ownership: `*out_managed` holds a reference to `tensor` until its deleter is
/// called. Thread safety: any thread.
/// Errors: INVALID_ARGUMENT (NULL), RESOURCE_EXHAUSTED.
SEQC_API seqc_status_t *seqc_tensor_to_dlpack(seqc_tensor_t *tensor,
                                              DLManagedTensor **out_managed);

/// Adds a reference and returns `tensor`.
/// Ownership: one more reference. Thread safety: any thread. Errors: none.
SEQC_API seqc_tensor_t *seqc_tensor_retain(seqc_tensor_t *tensor);

/// Drops a reference; NULL is allowed.
/// Ownership: takes one reference. Thread safety: any thread. Errors: none.
SEQC_API void seqc_tensor_release(seqc_tensor_t *tensor);

/// Element type. Ownership: none. Thread safety: any thread. Errors: none.
SEQC_API seqc_dtype_t seqc_tensor_dtype(const seqc_tensor_t *tensor);

/// Rank. Ownership: none. Thread safety: any thread. Errors: none.
SEQC_API int32_t seqc_tensor_rank(const seqc_tensor_t *tensor);

/// Extents, `rank` of them. Ownership: lives as long as `tensor`.
/// Thread safety: any thread. Errors: none.
SEQC_API const int64_t *seqc_tensor_shape(const seqc_tensor_t *tensor);

/// First element, row-major and contiguous. Ownership: lives as long as
/// `tensor`. Thread safety: any thread; the contents are the caller's to
/// guard. Errors: none.
SEQC_API void *seqc_tensor_data(const seqc_tensor_t *tensor);

/// Number of elements. Ownership: none. Thread safety: any thread.
/// Errors: none.
SEQC_API int64_t seqc_tensor_num_elements(const seqc_tensor_t *tensor);

/// Number of bytes. Ownership: none. Thread safety: any thread. Errors: none.
SEQC_API size_t seqc_tensor_num_bytes(const seqc_tensor_t *tensor);

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

/// Loads a shared object made by `seqc compile -o x.so`. The file is examined
/// before any of its code is mapped for execution.
///
/// Ownership: `path` is not kept. `*out_model` is one reference; the file stays
/// mapped until the last reference to the model goes.
/// Thread safety: any thread.
/// Errors: IO (cannot be read), INVALID_ARGUMENT (no shared object of seqc, or
/// damaged), INCOMPATIBLE (other machine, other ABI version, CPU feature
/// missing; the message names it), UNSUPPORTED (needs oneDNN, which is not
/// linked), RESOURCE_EXHAUSTED.
SEQC_API seqc_status_t *seqc_model_load(const char *path,
                                        seqc_model_t **out_model);

/// Makes a model from a table in the program: `seqc_model_v1()` of an object
/// made by `seqc compile -o x.o`, or `NAME_model_v1()` of one made with
/// `--prefix-symbols=NAME`, so that several fit into one program.
///
/// Ownership: `table` (a seqc_abi_model) must outlive the model; it usually is
/// constant data. `*out_model` is one reference.
/// Thread safety: any thread.
/// Errors: as seqc_model_load without IO.
SEQC_API seqc_status_t *seqc_model_from_table(const void *table,
                                              seqc_model_t **out_model);

/// Compares the model's weights with the digest they were written with. Loading
/// does so by itself for small weights, and for a shared object that has not
/// been stripped.
///
/// Ownership: none. Thread safety: any thread.
/// Errors: INVALID_ARGUMENT (damaged).
SEQC_API seqc_status_t *seqc_model_verify(const seqc_model_t *model);

/// Adds a reference and returns `model`.
/// Ownership: one more reference. Thread safety: any thread. Errors: none.
SEQC_API seqc_model_t *seqc_model_retain(seqc_model_t *model);

/// Drops a reference; NULL is allowed.
/// Ownership: takes one reference. Thread safety: any thread. Errors: none.
SEQC_API void seqc_model_release(seqc_model_t *model);

/// The metadata JSON (docs/reference/metadata.md); `*out_size`, if not NULL,
/// receives its bytes. Terminated by a zero.
/// Ownership: lives as long as `model`. Thread safety: any thread.
/// Errors: none.
SEQC_API const char *seqc_model_metadata(const seqc_model_t *model,
                                         size_t *out_size);

/// Number of entries. Ownership: none. Thread safety: any thread.
/// Errors: none.
SEQC_API int32_t seqc_model_num_entries(const seqc_model_t *model);

/// Name of entry `index`, or NULL when out of range.
/// Ownership: lives as long as `model`. Thread safety: any thread.
/// Errors: none.
SEQC_API const char *seqc_model_entry_name(const seqc_model_t *model,
                                           int32_t index);

/// What the signature says about one input or output.
typedef struct seqc_value_info_t {
  const char *name;
  seqc_dtype_t dtype;
  int32_t rank;
  /// Extents; -1 where dynamic.
  int64_t shape[SEQC_MAX_RANK];
  /// Names of symbolic dimensions; NULL where static or unnamed.
  const char *dims[SEQC_MAX_RANK];
  /// 1 for an input that may be left out.
  int32_t has_default;
} seqc_value_info_t;

/// Number of inputs and outputs of `entry` (NULL: the first); either pointer
/// may be NULL.
/// Ownership: none. Thread safety: any thread. Errors: NOT_FOUND.
SEQC_API seqc_status_t *seqc_model_entry_counts(const seqc_model_t *model,
                                                const char *entry,
                                                int32_t *out_inputs,
                                                int32_t *out_outputs);

/// Describes input `index` of `entry` (NULL: the first).
/// Ownership: strings live as long as `model`. Thread safety: any thread.
/// Errors: NOT_FOUND.
SEQC_API seqc_status_t *seqc_model_input_info(const seqc_model_t *model,
                                              const char *entry, int32_t index,
                                              seqc_value_info_t *out_info);

/// Describes output `index` of `entry` (NULL: the first).
/// Ownership: strings live as long as `model`. Thread safety: any thread.
/// Errors: NOT_FOUND.
SEQC_API seqc_status_t *seqc_model_output_info(const seqc_model_t *model,
                                               const char *entry, int32_t index,
                                               seqc_value_info_t *out_info);

/// Reads the metadata of any artefact (executable, shared object, object)
/// without loading it.
///
/// Ownership: `*out_json` is freed with seqc_free(). Thread safety: any thread.
/// Errors: IO, INVALID_ARGUMENT (no artefact, or damaged), RESOURCE_EXHAUSTED.
SEQC_API seqc_status_t *
seqc_artefact_metadata(const char *path, char **out_json, size_t *out_size);

/// Frees what a function gave with that instruction; NULL is allowed.
/// Ownership: takes `memory`. Thread safety: any thread. Errors: none.
SEQC_API void seqc_free(void *memory);

//===----------------------------------------------------------------------===//
// Sessions
//===----------------------------------------------------------------------===//

/// Receives trace events: `phase` 0 begins, 1 ends a piece of work. `thread` is
/// 0 for the calling thread. `name` lives as long as the session.
typedef void (*seqc_trace_fn)(void *user, const char *name, int32_t phase,
                              int32_t thread);

/// Options of a session. Set `size` to sizeof(seqc_session_options_t); later
/// fields are then taken as zero by newer runtimes.
typedef struct seqc_session_options_t {
  size_t size;
  /// Threads a call may use, the calling one included. 0: the environment
  /// variable SEQC_NUM_THREADS, else 1.
  int32_t num_threads;
  int32_t reserved;
  /// Most bytes of workspace, states and outputs; 0: no limit.
  uint64_t memory_limit;
  /// Trace events go here; NULL: none are made.
  seqc_trace_fn trace;
  void *trace_user;
} seqc_session_options_t;

/// Creates a session that runs `model`.
///
/// Ownership: the session retains `model`. `options` may be NULL and is not
/// kept; its trace_user must outlive the session. `*out_session` is one
/// reference.
/// Thread safety: any thread; the session itself is used by one thread at a
/// time.
/// Errors: INVALID_ARGUMENT (options), RESOURCE_EXHAUSTED.
SEQC_API seqc_status_t *
seqc_session_create(seqc_model_t *model, const seqc_session_options_t *options,
                    seqc_session_t **out_session);

/// Adds a reference and returns `session`.
/// Ownership: one more reference. Thread safety: any thread. Errors: none.
SEQC_API seqc_session_t *seqc_session_retain(seqc_session_t *session);

/// Drops a reference; NULL is allowed. Calls hold references of their own.
/// Ownership: takes one reference. Thread safety: any thread, but the last
/// one while no other thread uses the session. Errors: none.
SEQC_API void seqc_session_release(seqc_session_t *session);

/// Sets the states that compiled functions keep between calls back to zero.
/// Ownership: none. Thread safety: one thread. Errors: INVALID_ARGUMENT (NULL).
SEQC_API seqc_status_t *seqc_session_reset(seqc_session_t *session);

/// Changes the number of threads of later calls (>= 1).
/// Ownership: none. Thread safety: one thread. Errors: INVALID_ARGUMENT.
SEQC_API seqc_status_t *seqc_session_set_threads(seqc_session_t *session,
                                                 int32_t num_threads);

/// Counters of a session since its creation.
typedef struct seqc_session_statistics_t {
  /// Calls that ran to their end, and calls that failed.
  uint64_t calls, failed_calls;
  /// Times the session took memory from the heap: workspace chunks, outputs,
  /// states, library handles. Stays the same in the steady state.
  uint64_t heap_allocations;
  /// Bytes it holds now, and the most workspace any call used.
  uint64_t held_bytes, peak_workspace_bytes;
  /// Library products created and executed.
  uint64_t dnn_created, dnn_executed;
  /// Parallel work that used more than one thread.
  uint64_t parallel_runs;
  /// Outputs that were copied to the tensor they are bound to, because it is
  /// also an input that the model still reads when it writes the output.
  uint64_t output_copies;
} seqc_session_statistics_t;

/// Reads the counters.
/// Ownership: none. Thread safety: one thread. Errors: INVALID_ARGUMENT (NULL).
SEQC_API seqc_status_t *
seqc_session_statistics(const seqc_session_t *session,
                        seqc_session_statistics_t *out_statistics);

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// Options of generation, for models that search. Initialise with
/// seqc_generation_options_init().
typedef struct seqc_generation_options_t {
  size_t size;
  /// Most new tokens, 1 to the model's own limit; -1: that limit.
  int64_t max_new;
  /// Seed of sampling; 0 without has_seed: the model's own.
  uint64_t seed;
  /// Length penalty of scores; NaN: the model's own.
  double length_penalty;
  /// Temperature (0: the most probable token) and top-p of sampling; NaN: the
  /// model's own.
  float temperature, top_p;
  /// Top-k of sampling (0: all tokens); -1: the model's own.
  int32_t top_k;
  /// Not 0: `seed` holds even if it is 0.
  int32_t has_seed;
  /// Sampling draws for row i of a call what it draws for row first_row + i of
  /// one call with all rows. Below 2^31.
  int64_t first_row;
} seqc_generation_options_t;

/// Fills `options` with "the model's own" everywhere; NULL is ignored.
/// Ownership: none. Thread safety: any thread. Errors: none.
SEQC_API void seqc_generation_options_init(seqc_generation_options_t *options);

/// Prepares an invocation of `entry` (NULL: the first entry). A call is meant
/// to be kept and run many times.
///
/// Ownership: the call retains `session`. `*out_call` is one reference.
/// Thread safety: one thread per session.
/// Errors: NOT_FOUND (entry), RESOURCE_EXHAUSTED.
SEQC_API seqc_status_t *seqc_call_create(seqc_session_t *session,
                                         const char *entry,
                                         seqc_call_t **out_call);

/// Ends a call; NULL is allowed. Outputs taken from it stay valid.
/// Ownership: takes `call`. Thread safety: one thread per session.
/// Errors: none.
SEQC_API void seqc_call_release(seqc_call_t *call);

/// Sets input `name`, or input "0", "1", … by position. NULL takes it away.
///
/// Ownership: the call retains `tensor` until another is set or it ends. The
/// contents are read by each run.
/// Thread safety: one thread per session.
/// Errors: NOT_FOUND; INVALID_ARGUMENT (type, rank, static extents).
SEQC_API seqc_status_t *seqc_call_set_input(seqc_call_t *call, const char *name,
                                            seqc_tensor_t *tensor);

/// Makes runs write output `name` into `tensor`, which must have the type and,
/// at each run, exactly the shape of the result. It may be the tensor of an
/// input of the same call: inputs are read as they were. Where the signature
/// says so (`in_place` in docs/reference/metadata.md) that costs no copy, as
/// for the states of a model that is run step by step; other outputs are
/// computed elsewhere and copied at the end (`output_copies` of the session's
/// statistics). NULL takes it away. After a run that failed the contents are
/// undefined.
///
/// Ownership: the call retains `tensor` until another is bound or it ends.
/// Thread safety: one thread per session.
/// Errors: NOT_FOUND; INVALID_ARGUMENT (type, rank, static extents).
SEQC_API seqc_status_t *seqc_call_bind_output(seqc_call_t *call,
                                              const char *name,
                                              seqc_tensor_t *tensor);

/// Says whether output `name` is wanted (at first all are). One that is not
/// wanted may be left out by the model, which saves its work.
/// Ownership: none. Thread safety: one thread per session. Errors: NOT_FOUND.
SEQC_API seqc_status_t *seqc_call_want_output(seqc_call_t *call,
                                              const char *name, int32_t wanted);

/// Sets the options of generation of later runs; NULL: the model's own.
/// Ownership: `options` is copied. Thread safety: one thread per session.
/// Errors: INVALID_ARGUMENT (out of range).
SEQC_API seqc_status_t *
seqc_call_set_generation(seqc_call_t *call,
                         const seqc_generation_options_t *options);

/// Checks the inputs and runs the entry. After the first runs with the largest
/// shapes it takes no memory from the heap, provided that outputs of earlier
/// runs have been released.
///
/// Ownership: none. Thread safety: one thread per session; sessions of one
/// model run at the same time in different threads.
/// Errors: INVALID_ARGUMENT (missing input, extents that differ, values out of
/// range), RESOURCE_EXHAUSTED, and what the model reports.
SEQC_API seqc_status_t *seqc_call_run(seqc_call_t *call);

/// Gives output `name`, or output "0", "1", … by position, of the last run.
///
/// Ownership: `*out_tensor` is one reference. While it is held, later runs
/// write elsewhere; released, its memory is used again.
/// Thread safety: one thread per session.
/// Errors: NOT_FOUND (name, or the output was not made by the last run).
SEQC_API seqc_status_t *seqc_call_get_output(seqc_call_t *call,
                                             const char *name,
                                             seqc_tensor_t **out_tensor);

#ifdef __cplusplus
} // extern "C"
#endif

#endif // SEQC_RUNTIME_H
