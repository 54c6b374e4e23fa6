//===- Session.cpp - Memory and threads of a model -----------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/Session.h"

#include "runtime/core/Team.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>

using namespace seqc::rt;

seqc_session_t::~seqc_session_t() {
  for (StateSlot &state : states)
    std::free(state.memory);
  handles.clear();
  seqc_model_release(model);
}

/// Checks a number of threads.
static Status checkThreads(int32_t threads) {
  if (threads < 1 || threads > Team::maxThreads)
    return invalid("number of threads is " + std::to_string(threads) +
                   "; it must be 1 to " + std::to_string(Team::maxThreads));
  return {};
}

/// The number of threads that the environment asks for.
static Status threadsFromEnvironment(int32_t &threads) {
  threads = 1;
  const char *text = std::getenv("SEQC_NUM_THREADS");
  if (!text || !*text)
    return {};
  char *end;
  long value = std::strtol(text, &end, 10);
  if (*end || value < 1 || value > Team::maxThreads)
    return invalid(std::string("SEQC_NUM_THREADS is '") + text +
                   "'; it must be 1 to " + std::to_string(Team::maxThreads));
  threads = int32_t(value);
  return {};
}

seqc_status_t *seqc_session_create(seqc_model_t *model,
                                   const seqc_session_options_t *options,
                                   seqc_session_t **out_session) {
  return guard([&]() -> Status {
    if (!out_session)
      return invalid("out_session is NULL");
    *out_session = nullptr;
    if (!model)
      return invalid("model is NULL");
    seqc_session_options_t chosen = {};
    if (options) {
      if (options->size < offsetof(seqc_session_options_t, reserved))
        return invalid("options->size is " + std::to_string(options->size) +
                       "; it must be sizeof(seqc_session_options_t)");
      std::memcpy(&chosen, options,
                  options->size < sizeof chosen ? options->size
                                                : sizeof chosen);
    }
    int32_t threads = chosen.num_threads;
    Status status =
        threads == 0 ? threadsFromEnvironment(threads) : checkThreads(threads);
    if (!status.ok())
      return status;
    auto *session = new seqc_session_t(model, chosen.memory_limit);
    session->numThreads = threads;
    session->trace = chosen.trace;
    session->traceUser = chosen.trace_user;
    *out_session = session;
    return {};
  });
}

seqc_session_t *seqc_session_retain(seqc_session_t *session) {
  if (session)
    session->references.fetch_add(1, std::memory_order_relaxed);
  return session;
}

void seqc_session_release(seqc_session_t *session) {
  if (session &&
      session->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
    delete session;
}

seqc_status_t *seqc_session_reset(seqc_session_t *session) {
  return guard([&]() -> Status {
    if (!session)
      return invalid("session is NULL");
    for (StateSlot &state : session->states)
      std::memset(state.memory, 0, size_t(state.bytes));
    return {};
  });
}

seqc_status_t *seqc_session_set_threads(seqc_session_t *session,
                                        int32_t num_threads) {
  return guard([&]() -> Status {
    if (!session)
      return invalid("session is NULL");
    if (Status status = checkThreads(num_threads); !status.ok())
      return status;
    session->numThreads = num_threads;
    return {};
  });
}

seqc_status_t *
seqc_session_statistics(const seqc_session_t *session,
                        seqc_session_statistics_t *out_statistics) {
  return guard([&]() -> Status {
    if (!session || !out_statistics)
      return invalid("session or out_statistics is NULL");
    *out_statistics = session->statistics;
    out_statistics->heap_allocations += session->arena.chunkAllocations();
    out_statistics->held_bytes =
        session->arena.heldBytes() + session->otherBytes;
    out_statistics->peak_workspace_bytes = session->arena.peakBytes();
    return {};
  });
}

const char *seqc_runtime_version(void) { return SEQC_VERSION; }

uint32_t seqc_runtime_abi_version(void) { return SEQC_ABI_VERSION; }
