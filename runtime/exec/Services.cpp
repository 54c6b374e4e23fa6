//===- Services.cpp - What compiled code may ask for ---------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions behind seqc_abi_services. Those that can fail end in
// unwindCall(), a longjmp: none of them holds an object with a destructor at
// that point.
//
//===----------------------------------------------------------------------===//

#include "runtime/core/NestParts.h"
#include "runtime/core/Team.h"
#include "runtime/exec/Session.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace seqc::rt;

void seqc::rt::unwindCall(CallFrame &frame) { longjmp(frame.unwind, 1); }

void seqc::rt::recordFailure(CallFrame &frame, int32_t code,
                             const char *message) {
  int32_t none = 0;
  if (code <= SEQC_OK || code > SEQC_CANCELLED)
    code = SEQC_INTERNAL;
  if (!frame.failed.compare_exchange_strong(none, code))
    return;
  frame.code = code;
  std::snprintf(frame.message, sizeof frame.message, "%s",
                message ? message : "");
}

BytesText seqc::rt::describeBytes(int64_t bytes) {
  BytesText result;
  if (bytes > kMostBytes)
    std::snprintf(result.text, sizeof result.text, "more than 2^46 bytes");
  else
    std::snprintf(result.text, sizeof result.text, "%lld bytes",
                  static_cast<long long>(bytes));
  return result;
}

namespace {

CallFrame &frameOf(seqc_abi_context *context) {
  return *static_cast<CallFrame *>(context->session);
}

/// Fails with a formatted message about a size.
[[noreturn]] void failSize(CallFrame &frame, int32_t code, const char *what,
                           int64_t bytes) {
  char message[160];
  std::snprintf(message, sizeof message, "%s of %s", what,
                describeBytes(bytes).text);
  recordFailure(frame, code, message);
  unwindCall(frame);
}

/// Fails since there is no memory, or since the session may take no more.
[[noreturn]] void failMemory(CallFrame &frame, const char *what, int64_t bytes,
                             bool isLimited) {
  if (!isLimited)
    failSize(frame, SEQC_RESOURCE_EXHAUSTED, what, bytes);
  char message[240];
  std::snprintf(message, sizeof message,
                "%s of %s: the session's memory_limit is %llu bytes, "
                "%llu are held",
                what, describeBytes(bytes).text,
                static_cast<unsigned long long>(frame.session->memoryLimit),
                static_cast<unsigned long long>(frame.session->heldBytes()));
  recordFailure(frame, SEQC_RESOURCE_EXHAUSTED, message);
  unwindCall(frame);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

void *serviceAlloc(seqc_abi_context *context, int64_t bytes) {
  CallFrame &frame = frameOf(context);
  if (void *memory = frame.session->arena.allocate(bytes))
    return memory;
  if (bytes < 0)
    failSize(frame, SEQC_INTERNAL, "compiled code asked for workspace", bytes);
  failMemory(frame, "no memory for workspace", bytes,
             frame.session->arena.wasLimited());
}

int64_t serviceMark(seqc_abi_context *context) {
  return frameOf(context).session->arena.mark();
}

void serviceRelease(seqc_abi_context *context, int64_t mark) {
  CallFrame &frame = frameOf(context);
  if (frame.session->arena.release(mark))
    return;
  recordFailure(frame, SEQC_INTERNAL,
                "compiled code released workspace that it does not hold");
  unwindCall(frame);
}

void *serviceOutput(seqc_abi_context *context, int32_t index, int32_t rank,
                    const int64_t *shape, int64_t bytes) {
  CallFrame &frame = frameOf(context);
  if (void *memory = frame.call->placeOutput(index, rank, shape, bytes))
    return memory;
  unwindCall(frame);
}

/// Finds or makes a state; NULL when there is no memory.
void *findState(seqc_session_t &session, int32_t index, int64_t bytes) {
  for (StateSlot &state : session.states)
    if (state.index == index)
      return state.bytes == bytes ? state.memory : nullptr;
  if (bytes < 0 || bytes > kMostBytes || !session.mayTake(uint64_t(bytes)))
    return nullptr;
  size_t room =
      (size_t(bytes) + SEQC_ABI_ALIGNMENT) & ~size_t(SEQC_ABI_ALIGNMENT - 1);
  void *memory = std::aligned_alloc(SEQC_ABI_ALIGNMENT, room);
  if (!memory)
    return nullptr;
  std::memset(memory, 0, room);
  try {
    session.states.push_back({index, bytes, memory});
  } catch (const std::bad_alloc &) {
    std::free(memory);
    return nullptr;
  }
  session.otherBytes += room;
  ++session.statistics.heap_allocations;
  return memory;
}

void *serviceState(seqc_abi_context *context, int32_t index, int64_t bytes) {
  CallFrame &frame = frameOf(context);
  if (void *memory = findState(*frame.session, index, bytes))
    return memory;
  failMemory(frame, "no memory for a state", bytes,
             bytes >= 0 && !frame.session->mayTake(uint64_t(bytes)));
}

void serviceFail(seqc_abi_context *context, int32_t code, const char *message) {
  CallFrame &frame = frameOf(context);
  recordFailure(frame, code, message);
  if (parallelPart() < 0)
    unwindCall(frame);
}

void serviceFailCheck(seqc_abi_context *context, const char *message,
                      int32_t count, const int64_t *values) {
  char text[sizeof(CallFrame::message)];
  size_t size = 0;
  for (const char *at = message ? message : ""; *at && size + 1 < sizeof text;)
    if (at[0] == '{' && at[1] >= '0' && at[1] < '0' + count && at[2] == '}') {
      int room = std::snprintf(text + size, sizeof text - size, "%lld",
                               static_cast<long long>(values[at[1] - '0']));
      size = std::min(size + room, sizeof text - 1);
      at += 3;
    } else {
      text[size++] = *at++;
    }
  text[size] = 0;
  serviceFail(context, SEQC_ABI_INVALID_ARGUMENT, text);
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

/// A parallel_for on its way to the team.
struct RangeWork {
  int64_t n;
  int32_t parts;
  seqc_abi_range_body body;
  void *closure;
};

/// Runs every count-th part, beginning with that of the thread.
void runParts(void *closure, int32_t thread, int32_t count) {
  const auto &work = *static_cast<const RangeWork *>(closure);
  for (int32_t part = thread; part < work.parts; part += count) {
    ParallelPartScope scope(part);
    work.body(work.closure, partBegin(work.n, work.parts, part),
              partBegin(work.n, work.parts, part + 1), part);
  }
}

/// Runs `body` on up to `wanted` threads of the team, or on this one alone
/// while the team is busy.
void runOnTeam(seqc_session_t &session, int32_t wanted, TeamBody body,
               void *closure) {
  Team &team = Team::process();
  if (wanted > 1 && team.tryAcquire()) {
    int32_t count = team.ensure(wanted);
    if (count > 1) {
      ++session.statistics.parallel_runs;
      team.run(count, body, closure);
      team.release();
      return;
    }
    team.release();
  }
  body(closure, 0, 1);
}

void serviceParallelFor(seqc_abi_context *context, int64_t n,
                        seqc_abi_range_body body, void *closure) {
  if (n <= 0)
    return;
  if (int32_t part = parallelPart(); part >= 0) {
    body(closure, 0, n, part);
    return;
  }
  CallFrame &frame = frameOf(context);
  int32_t threads = context->num_threads;
  RangeWork work{n, n < threads ? int32_t(n) : threads, body, closure};
  runOnTeam(*frame.session, work.parts, runParts, &work);
  if (frame.failed.load(std::memory_order_acquire))
    unwindCall(frame);
}

/// A parallel_nest on its way to the team.
struct NestWork {
  int64_t outer, inner;
  NestParts parts;
  seqc_abi_nest_body body;
  void *closure;
};

/// Runs every count-th rectangle, beginning with that of the thread.
void runRectangles(void *closure, int32_t thread, int32_t count) {
  const auto &work = *static_cast<const NestWork *>(closure);
  const NestParts &parts = work.parts;
  for (int64_t part = thread; part < parts.count(); part += count) {
    ParallelPartScope scope(static_cast<int32_t>(part));
    int64_t row = part / parts.inner, column = part % parts.inner;
    work.body(work.closure, partBegin(work.outer, parts.outer, row),
              partBegin(work.outer, parts.outer, row + 1),
              partBegin(work.inner, parts.inner, column),
              partBegin(work.inner, parts.inner, column + 1));
  }
}

void serviceParallelNest(seqc_abi_context *context, int64_t work, int64_t outer,
                         int64_t inner, seqc_abi_nest_body body,
                         void *closure) {
  if (outer <= 0 || inner <= 0)
    return;
  NestParts parts;
  if (parallelPart() < 0)
    parts = cutNest(work, outer, inner, context->num_threads);
  if (parts.count() == 1)
    return body(closure, 0, outer, 0, inner);
  CallFrame &frame = frameOf(context);
  NestWork nest{outer, inner, parts, body, closure};
  runOnTeam(*frame.session, static_cast<int32_t>(parts.count()), runRectangles,
            &nest);
  if (frame.failed.load(std::memory_order_acquire))
    unwindCall(frame);
}

/// A parallel_region on its way to the team.
struct RegionWork {
  seqc_abi_region_body body;
  void *closure;
};

/// Members of the region that this thread is inside of.
thread_local int32_t regionMembers = 1;

void runMember(void *closure, int32_t thread, int32_t count) {
  const auto &work = *static_cast<const RegionWork *>(closure);
  ParallelPartScope scope(thread);
  regionMembers = count;
  work.body(work.closure, thread, count);
  regionMembers = 1;
}

void serviceParallelRegion(seqc_abi_context *context, int32_t count,
                           seqc_abi_region_body body, void *closure) {
  CallFrame &frame = frameOf(context);
  RegionWork work{body, closure};
  if (count > context->num_threads)
    count = context->num_threads;
  if (parallelPart() >= 0)
    count = 1;
  if (count > 1)
    runOnTeam(*frame.session, count, runMember, &work);
  else
    runMember(&work, 0, 1);
  if (parallelPart() < 0 && frame.failed.load(std::memory_order_acquire))
    unwindCall(frame);
}

void serviceBarrier(seqc_abi_context *) {
  if (regionMembers > 1)
    Team::process().barrier().wait();
}

//===----------------------------------------------------------------------===//
// Tracing and the library
//===----------------------------------------------------------------------===//

void serviceTrace(seqc_abi_context *context, const char *name, int32_t phase) {
  seqc_session_t &session = *frameOf(context).session;
  int32_t part = parallelPart();
  if (session.trace)
    session.trace(session.traceUser, name, phase, part < 0 ? 0 : part);
}

/// Finds or makes a product; NULL after recording a failure.
void *findMatmul(CallFrame &frame, const DnnMatmulSpec &spec) {
  seqc_session_t &session = *frame.session;
  for (DnnHandle &handle : session.handles)
    if (handle.spec == spec)
      return handle.matmul.get();
  if (spec.k < 0 || spec.n < 0 || spec.ldw < 0) {
    recordFailure(frame, SEQC_INTERNAL, "a library product has a size below 0");
    return nullptr;
  }
  try {
    Result<std::unique_ptr<DnnMatmul>> matmul = dnnAdapter().createMatmul(spec);
    if (!matmul) {
      Status status = matmul.status();
      recordFailure(frame, status.code(), status.message());
      return nullptr;
    }
    session.handles.push_back({spec, std::move(*matmul)});
  } catch (const std::bad_alloc &) {
    recordFailure(frame, SEQC_RESOURCE_EXHAUSTED, "out of memory");
    return nullptr;
  }
  ++session.statistics.dnn_created;
  ++session.statistics.heap_allocations;
  return session.handles.back().matmul.get();
}

void *serviceMatmulCreate(seqc_abi_context *context, int64_t k, int64_t n,
                          int64_t ldw, const float *weights, int32_t flags) {
  CallFrame &frame = frameOf(context);
  if (void *matmul = findMatmul(frame, {k, n, ldw, weights, flags}))
    return matmul;
  unwindCall(frame);
}

/// Runs a product; false after recording a failure.
bool runMatmul(CallFrame &frame, DnnMatmul &matmul, int64_t m, const float *a,
               int64_t lda, const float *weights, const float *bias, float *c,
               int64_t ldc) {
  Status status =
      matmul.execute(frame.context, m, a, lda, weights, bias, c, ldc);
  if (status.ok())
    return true;
  recordFailure(frame, status.code(), status.message());
  return false;
}

void serviceMatmulExecute(seqc_abi_context *context, void *handle, int64_t m,
                          const float *a, int64_t lda, const float *weights,
                          const float *bias, float *c, int64_t ldc) {
  if (m <= 0)
    return;
  CallFrame &frame = frameOf(context);
  ++frame.session->statistics.dnn_executed;
  serviceTrace(context, "dnn.matmul", 0);
  bool done = runMatmul(frame, *static_cast<DnnMatmul *>(handle), m, a, lda,
                        weights, bias, c, ldc);
  serviceTrace(context, "dnn.matmul", 1);
  if (!done)
    unwindCall(frame);
}

const seqc_abi_services services = {
    SEQC_ABI_VERSION,    sizeof(seqc_abi_services),
    serviceAlloc,        serviceMark,
    serviceRelease,      serviceOutput,
    serviceState,        serviceFail,
    serviceParallelFor,  serviceParallelRegion,
    serviceBarrier,      serviceTrace,
    serviceMatmulCreate, serviceMatmulExecute,
    serviceFailCheck,    serviceParallelNest,
};

} // namespace

const seqc_abi_services &seqc::rt::sessionServices() { return services; }
