//===- ModelAbi.h - Contract between compiled models and the runtime ------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The only header that the code generator and the runtime share. Plain C.
//
// A compiled model is one table, `seqc_abi_model`. A shared object exports one
// symbol, SEQC_ABI_MODEL_SYMBOL, a function that returns the table; an
// executable links the same object and calls the same function. The table
// lists functions; each takes one `seqc_abi_context` and uses the runtime only
// through the services the context points to.
//
// Generated code reads the fields at the offsets written in the comments. They
// are asserted below; a change here is a change of the code generator and of
// SEQC_ABI_VERSION. New services are appended and announced by `size`.
//
// Failing. Services that can fail do not return on failure: the runtime
// unwinds the running function to the caller of the model (longjmp), so that
// generated code needs no checks after them and must hold nothing that only it
// could free. This holds on the calling thread outside of parallel bodies;
// each service says whether a parallel body may use it.
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_ABI_MODELABI_H
#define SEQC_RUNTIME_ABI_MODELABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define SEQC_ABI_ASSERT(condition, text) static_assert(condition, text)
#else
#define SEQC_ABI_ASSERT(condition, text) _Static_assert(condition, text)
#endif

/// First field of the table: the bytes "SEQM" in memory.
#define SEQC_ABI_MAGIC 0x4d514553u

/// Version of everything in this header. A runtime refuses any other.
#define SEQC_ABI_VERSION 3u

/// Symbol a shared object exports and an executable's object defines:
/// `const seqc_abi_model *seqc_model_v1(void)`. The metadata of an object or
/// shared object whose symbols begin otherwise says so: its `symbols` NAME
/// stands for the symbol NAME_model_v1.
#define SEQC_ABI_MODEL_SYMBOL "seqc_model_v1"

/// What all symbols of a model begin with, unless its metadata says otherwise.
#define SEQC_ABI_SYMBOL_PREFIX "seqc"

/// Prefix of the symbols of entry functions inside an object (not exported).
#define SEQC_ABI_FUNCTION_PREFIX "seqc_fn_"

/// ELF section that holds the metadata JSON, no terminating zero needed.
#define SEQC_ABI_METADATA_SECTION ".seqc.meta"

/// ELF section that holds the packed weights, page aligned.
#define SEQC_ABI_WEIGHTS_SECTION ".seqc.weights"

/// Alignment in bytes of everything `alloc`, `output` and `state` hand out and
/// of every weight inside the weights section. Output memory of the caller is
/// aligned as the caller has it.
#define SEQC_ABI_ALIGNMENT 64

/// Codes of `fail` and of a function's result. The same as seqc_status_code_t.
enum {
  SEQC_ABI_OK = 0,
  SEQC_ABI_INVALID_ARGUMENT = 1,
  SEQC_ABI_INCOMPATIBLE = 2,
  SEQC_ABI_RESOURCE_EXHAUSTED = 3,
  SEQC_ABI_UNSUPPORTED = 4,
  SEQC_ABI_INTERNAL = 5,
  SEQC_ABI_IO = 6,
  SEQC_ABI_NOT_FOUND = 7,
  SEQC_ABI_CANCELLED = 8
};

/// Bits of seqc_abi_context::flags.
enum {
  /// The caller wants trace events: use the `trace` service.
  SEQC_ABI_FLAG_TRACE = 1,
  /// `seed` is the caller's; without it the model's own holds.
  SEQC_ABI_FLAG_SEED = 2
};

/// Bits of seqc_abi_model::requirements.
enum {
  /// The functions call the dnn services. A runtime without oneDNN refuses the
  /// model when it is loaded.
  SEQC_ABI_REQUIRES_DNN = 1
};

/// Bits of the `flags` of dnn_matmul_create.
enum {
  /// C = A·W + bias, bias has N elements.
  SEQC_ABI_DNN_BIAS = 1,
  /// W is stored [N, K] with leading dimension ldw (else [K, N]).
  SEQC_ABI_DNN_TRANSPOSED = 2,
  /// C += A·W instead of C = A·W. Not together with BIAS.
  SEQC_ABI_DNN_ACCUMULATE = 4,
  /// Every execution passes the same W and bias, whose contents never change
  /// (they lie in the weights section): the adapter may keep a packed copy.
  SEQC_ABI_DNN_CONSTANT = 8
};

/// A contiguous, row-major tensor. Rank and element type are those of the
/// signature. `data` may be unaligned to more than the element size and is
/// never written through an input.
typedef struct seqc_abi_tensor {
  void *data;           /* offset 0 */
  const int64_t *shape; /* offset 8: `rank` extents */
} seqc_abi_tensor;

typedef struct seqc_abi_services seqc_abi_services;

/// What one call of a function gets. Valid until the function returns.
typedef struct seqc_abi_context {
  /// Services of the runtime.
  const seqc_abi_services *services; /* offset 0 */
  /// Start of the weights section (seqc_abi_model::weights).
  const void *weights; /* offset 8 */
  /// One tensor per input of the signature, in its order.
  const seqc_abi_tensor *inputs; /* offset 16 */
  /// For the runtime's own use.
  void *session; /* offset 24 */
  /// Bit i is set when output i is wanted; outputs from 63 on always are. A
  /// function may compute and hand over the others, or skip them.
  uint64_t wanted_outputs; /* offset 32 */
  /// Generation: the most new tokens, at least 1 and at most the model's own
  /// limit, or -1 for that.
  int64_t max_new; /* offset 40 */
  /// Sampling: seed of the counter-based generator, if flags has SEED.
  uint64_t seed; /* offset 48 */
  /// Beam search: length penalty, or NaN for the model's own.
  double length_penalty; /* offset 56 */
  /// Sampling: temperature (NaN: the model's own; 0: greedy).
  float temperature; /* offset 64 */
  /// Sampling: top-p (NaN: the model's own).
  float top_p; /* offset 68 */
  /// Sampling: top-k (-1: the model's own; 0: off).
  int32_t top_k; /* offset 72 */
  /// SEQC_ABI_FLAG_ bits.
  uint32_t flags; /* offset 76 */
  /// Threads that parallel_for and parallel_region use at most (>= 1).
  int32_t num_threads; /* offset 80 */
  /// Sampling: number of the call's first row, for rows that are split over
  /// calls (>= 0).
  int32_t first_row; /* offset 84 */
} seqc_abi_context;

/// A range body: iterations [begin, end), run by thread `thread`
/// (0 <= thread < num_threads; 0 is the calling thread).
typedef void (*seqc_abi_range_body)(void *closure, int64_t begin, int64_t end,
                                    int32_t thread);

/// A nest body: the trips [outer_begin, outer_end) of a loop and, of each, the
/// trips [inner_begin, inner_end) of a loop inside.
typedef void (*seqc_abi_nest_body)(void *closure, int64_t outer_begin,
                                   int64_t outer_end, int64_t inner_begin,
                                   int64_t inner_end);

/// A region body: member `thread` of a team of `count`.
typedef void (*seqc_abi_region_body)(void *closure, int32_t thread,
                                     int32_t count);

/// The functions the runtime lends to compiled code.
struct seqc_abi_services {
  /// SEQC_ABI_VERSION.
  uint32_t version; /* offset 0 */
  /// sizeof(seqc_abi_services) of the runtime.
  uint32_t size; /* offset 4 */

  /// Memory of the session's arena, 64-byte aligned, contents undefined; stays
  /// valid until `release` of an earlier mark or the end of the call. A zero
  /// size gives a valid pointer. Does not return on exhaustion or on a
  /// negative size. Calling thread only.
  void *(*alloc)(seqc_abi_context *context, int64_t bytes); /* offset 8 */

  /// The arena's position. Calling thread only.
  int64_t (*mark)(seqc_abi_context *context); /* offset 16 */

  /// Gives back everything allocated since `mark`. Calling thread only.
  void (*release)(seqc_abi_context *context, int64_t mark); /* offset 24 */

  /// Storage of output `index`, `bytes` = extents times element size. Called
  /// at most once per output and call, when its shape is known; write the
  /// result in place. Contents undefined. The storage may be that of an input
  /// of the same call if the caller bound it so and the metadata names the pair
  /// as `in_place`: the function then reads no element of that input after it
  /// has written the one of the output. For all other pairs it is memory of
  /// its own. Calling thread only; does not return on a shape that contradicts
  /// the signature or the caller's buffer.
  void *(*output)(seqc_abi_context *context, int32_t index, int32_t rank,
                  const int64_t *shape, int64_t bytes); /* offset 32 */

  /// Memory that stays with the session between calls, zero at first and after
  /// a reset of the session. Identified by `index`, whose size never changes
  /// in a session. Calling thread only.
  void *(*state)(seqc_abi_context *context, int32_t index,
                 int64_t bytes); /* offset 40 */

  /// Ends the call with a status; `message` is copied. On the calling thread
  /// outside of parallel bodies it does not return. Inside a parallel body it
  /// returns, the first failure is kept, and the parallel_for that runs the
  /// body does not return.
  void (*fail)(seqc_abi_context *context, int32_t code,
               const char *message); /* offset 48 */

  /// Runs `body` over [0, n) in at most num_threads contiguous ranges, whose
  /// bounds depend on n and num_threads alone. Returns when all have ended.
  /// Inside a parallel body it runs on that body's thread alone.
  void (*parallel_for)(seqc_abi_context *context, int64_t n,
                       seqc_abi_range_body body, void *closure); /* offset 56 */

  /// Runs `body` once on each of `count` threads at the same time, all of
  /// which may meet in `barrier`. `count` is reduced to the threads there are;
  /// the body sees the reduced number. Not inside a parallel body.
  void (*parallel_region)(seqc_abi_context *context, int32_t count,
                          seqc_abi_region_body body,
                          void *closure); /* offset 64 */

  /// Waits for all members of the running parallel_region. Writes before it
  /// are seen after it by all.
  void (*barrier)(seqc_abi_context *context); /* offset 72 */

  /// Marks the begin (phase 0) or the end (phase 1) of a named piece of work.
  /// `name` outlives the session. Any thread.
  void (*trace)(seqc_abi_context *context, const char *name,
                int32_t phase); /* offset 80 */

  /// A matrix product of the library: C[M, N] = A[M, K] · W, f32, M known at
  /// execution. Equal arguments give the same handle for the life of the
  /// session, so calling it again costs a look-up. `ldw` is the leading
  /// dimension of W in elements. `weights` is the address later executions
  /// pass if flags has CONSTANT, else NULL. Calling thread only; does not
  /// return if the library is absent or refuses.
  void *(*dnn_matmul_create)(seqc_abi_context *context, int64_t k, int64_t n,
                             int64_t ldw, const float *weights,
                             int32_t flags); /* offset 88 */

  /// Executes a product. lda and ldc are leading dimensions in elements; bias
  /// is NULL without SEQC_ABI_DNN_BIAS. M = 0 does nothing. Calling thread
  /// only; does not return on failure. No heap allocation once an M was seen.
  void (*dnn_matmul_execute)(seqc_abi_context *context, void *handle, int64_t m,
                             const float *a, int64_t lda, const float *weights,
                             const float *bias, float *c,
                             int64_t ldc); /* offset 96 */

  /// fail() with SEQC_ABI_INVALID_ARGUMENT and a message in which {0}, {1}, ...
  /// stand for the first of `count` values.
  void (*fail_check)(seqc_abi_context *context, const char *message,
                     int32_t count, const int64_t *values); /* offset 104 */

  /// Runs `body` over all `outer` x `inner` trips of two nested loops, cut into
  /// at most num_threads rectangles; `inner` is 1 for a single loop. `work`
  /// says, roughly, how many operations of a number or a vector of eight the
  /// whole nest does: little work stays on one thread. Returns when all have
  /// ended. Inside a parallel body it runs on that body's thread alone.
  void (*parallel_nest)(seqc_abi_context *context, int64_t work, int64_t outer,
                        int64_t inner, seqc_abi_nest_body body,
                        void *closure); /* offset 112 */
};

/// One named function of a model. Several rows of one name are versions for
/// different CPUs, best first: the loader takes the first whose features the
/// CPU has.
typedef struct seqc_abi_function {
  /// Name of the entry in the metadata.
  const char *name; /* offset 0 */
  /// The code. Returns SEQC_ABI_OK, or a code after which the runtime reports
  /// the message of an earlier `fail`, or a general one.
  int32_t (*run)(seqc_abi_context *context); /* offset 8 */
  /// CPU features it needs: names of SEQC_ABI_CPU_FEATURES separated by
  /// commas, "" for the baseline x86-64.
  const char *cpu_features; /* offset 16 */
} seqc_abi_function;

/// The table of a model. Constant data.
typedef struct seqc_abi_model {
  uint32_t magic;                     /* offset 0: SEQC_ABI_MAGIC */
  uint32_t version;                   /* offset 4: SEQC_ABI_VERSION */
  uint32_t size;                      /* offset 8: sizeof(seqc_abi_model) */
  uint32_t num_functions;             /* offset 12 */
  const seqc_abi_function *functions; /* offset 16 */
  const char *metadata;               /* offset 24: JSON, UTF-8 */
  uint64_t metadata_size;             /* offset 32: bytes */
  const void *weights;                /* offset 40: may be NULL if size is 0 */
  uint64_t weights_size;              /* offset 48: bytes */
  uint64_t requirements;              /* offset 56: SEQC_ABI_REQUIRES_ bits */
  const char *producer;               /* offset 64: for messages, or NULL */
  uint64_t weights_digest;            /* offset 72: seqc_abi_digest of them */
} seqc_abi_model;

/// Type of SEQC_ABI_MODEL_SYMBOL.
typedef const seqc_abi_model *(*seqc_abi_model_getter)(void);

/// CPU feature names the runtime can check, spelled as LLVM does. The code
/// generator lists all of a function's target features beyond the baseline
/// x86-64, and compiles without those that do not occur here.
// clang-format off
#define SEQC_ABI_CPU_FEATURES(X)                                               \
  X("sse3") X("ssse3") X("sse4.1") X("sse4.2") X("popcnt") X("cx16")           \
  X("movbe") X("f16c") X("avx") X("fma") X("bmi") X("bmi2") X("lzcnt")         \
  X("avx2") X("avx512f") X("avx512bw") X("avx512cd") X("avx512dq")             \
  X("avx512vl") X("avx512ifma") X("avx512vbmi") X("avx512vbmi2")               \
  X("avx512vnni") X("avx512bitalg") X("avx512vpopcntdq") X("avx512bf16")       \
  X("avx512fp16") X("avxvnni") X("avxifma") X("avxneconvert")                  \
  X("avxvnniint8") X("amx-tile") X("amx-int8") X("amx-bf16") X("gfni")         \
  X("vaes") X("vpclmulqdq") X("adx") X("sha") X("sse4a") X("fma4") X("xop")    \
  X("tbm") X("crc32") X("sahf") X("xsave") X("prfchw") X("aes") X("pclmul")    \
  X("avx512vp2intersect") X("avxvnniint16") X("amx-fp16") X("amx-complex")
// clang-format on

//===----------------------------------------------------------------------===//
// Trailer
//===----------------------------------------------------------------------===//

/// Last bytes of a shared object, after the end of the ELF image: lets the
/// loader refuse a damaged file before any of its code or tables is used.
typedef struct seqc_abi_trailer {
  char magic[8];   /* offset 0: SEQC_ABI_TRAILER_MAGIC, no zero */
  uint64_t digest; /* offset 8: seqc_abi_digest of all bytes before */
} seqc_abi_trailer;

#define SEQC_ABI_TRAILER_MAGIC "seqc-sum"

/// A 64-bit digest against accidental damage (not against forgery): four
/// interleaved multiply-xor lanes over little-endian words. Data may come in
/// parts.
typedef struct seqc_abi_digester {
  uint64_t lane[4]; /* {1, 2, 3, 4} at first */
  uint64_t size;    /* bytes so far, 0 at first */
} seqc_abi_digester;

/// A digester before any data.
static inline seqc_abi_digester seqc_abi_digest_begin(void) {
  seqc_abi_digester digester = {{1, 2, 3, 4}, 0};
  return digester;
}

/// Takes a part whose size is a multiple of 32.
static inline void seqc_abi_digest_add(seqc_abi_digester *digester,
                                       const void *data, uint64_t size) {
  const unsigned char *p = (const unsigned char *)data;
  const uint64_t prime = 0x9e3779b97f4a7c15ull;
  uint64_t lane[4] = {digester->lane[0], digester->lane[1], digester->lane[2],
                      digester->lane[3]};
  uint64_t i;
  int j;
  for (i = 0; i + 32 <= size; i += 32)
    for (j = 0; j < 4; ++j) {
      uint64_t word;
      __builtin_memcpy(&word, p + i + 8 * (uint64_t)j, 8);
      lane[j] = (lane[j] ^ word) * prime;
      lane[j] ^= lane[j] >> 29;
    }
  for (j = 0; j < 4; ++j)
    digester->lane[j] = lane[j];
  digester->size += size;
}

/// The digest of everything added and of a last part of any size.
static inline uint64_t seqc_abi_digest_end(seqc_abi_digester *digester,
                                           const void *data, uint64_t size) {
  const unsigned char *p = (const unsigned char *)data;
  const uint64_t prime = 0x9e3779b97f4a7c15ull;
  uint64_t whole = size & ~(uint64_t)31;
  uint64_t h = (digester->size + size) ^ prime;
  uint64_t i;
  int j;
  seqc_abi_digest_add(digester, data, whole);
  for (i = whole; i < size; ++i)
    h = (h ^ p[i]) * 0x100000001b3ull;
  for (j = 0; j < 4; ++j) {
    h = (h ^ digester->lane[j]) * prime;
    h ^= h >> 32;
  }
  return h;
}

/// The digest of one stretch of memory.
static inline uint64_t seqc_abi_digest(const void *data, uint64_t size) {
  seqc_abi_digester digester = seqc_abi_digest_begin();
  return seqc_abi_digest_end(&digester, data, size);
}

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

#define SEQC_ABI_AT(type, field, offset)                                       \
  SEQC_ABI_ASSERT(offsetof(type, field) == (offset), #type "." #field)

SEQC_ABI_ASSERT(sizeof(void *) == 8, "64-bit targets only");
SEQC_ABI_ASSERT(sizeof(seqc_abi_tensor) == 16, "seqc_abi_tensor");
SEQC_ABI_AT(seqc_abi_tensor, shape, 8);

SEQC_ABI_ASSERT(sizeof(seqc_abi_context) == 88, "seqc_abi_context");
SEQC_ABI_AT(seqc_abi_context, weights, 8);
SEQC_ABI_AT(seqc_abi_context, inputs, 16);
SEQC_ABI_AT(seqc_abi_context, session, 24);
SEQC_ABI_AT(seqc_abi_context, wanted_outputs, 32);
SEQC_ABI_AT(seqc_abi_context, max_new, 40);
SEQC_ABI_AT(seqc_abi_context, seed, 48);
SEQC_ABI_AT(seqc_abi_context, length_penalty, 56);
SEQC_ABI_AT(seqc_abi_context, temperature, 64);
SEQC_ABI_AT(seqc_abi_context, top_p, 68);
SEQC_ABI_AT(seqc_abi_context, top_k, 72);
SEQC_ABI_AT(seqc_abi_context, flags, 76);
SEQC_ABI_AT(seqc_abi_context, num_threads, 80);
SEQC_ABI_AT(seqc_abi_context, first_row, 84);

SEQC_ABI_ASSERT(sizeof(seqc_abi_services) == 120, "seqc_abi_services");
SEQC_ABI_AT(seqc_abi_services, alloc, 8);
SEQC_ABI_AT(seqc_abi_services, mark, 16);
SEQC_ABI_AT(seqc_abi_services, release, 24);
SEQC_ABI_AT(seqc_abi_services, output, 32);
SEQC_ABI_AT(seqc_abi_services, state, 40);
SEQC_ABI_AT(seqc_abi_services, fail, 48);
SEQC_ABI_AT(seqc_abi_services, parallel_for, 56);
SEQC_ABI_AT(seqc_abi_services, parallel_region, 64);
SEQC_ABI_AT(seqc_abi_services, barrier, 72);
SEQC_ABI_AT(seqc_abi_services, trace, 80);
SEQC_ABI_AT(seqc_abi_services, dnn_matmul_create, 88);
SEQC_ABI_AT(seqc_abi_services, dnn_matmul_execute, 96);
SEQC_ABI_AT(seqc_abi_services, fail_check, 104);
SEQC_ABI_AT(seqc_abi_services, parallel_nest, 112);

SEQC_ABI_ASSERT(sizeof(seqc_abi_function) == 24, "seqc_abi_function");
SEQC_ABI_AT(seqc_abi_function, run, 8);
SEQC_ABI_AT(seqc_abi_function, cpu_features, 16);

SEQC_ABI_ASSERT(sizeof(seqc_abi_model) == 80, "seqc_abi_model");
SEQC_ABI_AT(seqc_abi_model, num_functions, 12);
SEQC_ABI_AT(seqc_abi_model, functions, 16);
SEQC_ABI_AT(seqc_abi_model, metadata, 24);
SEQC_ABI_AT(seqc_abi_model, metadata_size, 32);
SEQC_ABI_AT(seqc_abi_model, weights, 40);
SEQC_ABI_AT(seqc_abi_model, weights_size, 48);
SEQC_ABI_AT(seqc_abi_model, requirements, 56);
SEQC_ABI_AT(seqc_abi_model, producer, 64);
SEQC_ABI_AT(seqc_abi_model, weights_digest, 72);

SEQC_ABI_ASSERT(sizeof(seqc_abi_trailer) == 16, "seqc_abi_trailer");

#undef SEQC_ABI_AT

#ifdef __cplusplus
} // extern "C"
#endif

#endif // SEQC_RUNTIME_ABI_MODELABI_H
