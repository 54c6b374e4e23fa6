//===- Team.cpp - Threads of the process ---------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/Team.h"

#include <immintrin.h>
#include <new>
#include <sched.h>

using namespace seqc::rt;

namespace {

/// Cycles a thread spins before it sleeps: about 20 microseconds.
constexpr uint64_t spinCycles = 60000;

/// Flush to zero, and denormals are zero.
constexpr uint32_t flushDenormals = 0x8040;

thread_local int32_t currentPart = -1;

/// Waits until `word` differs from `old` and returns its new value.
template <typename T> T waitForChange(std::atomic<T> &word, T old, bool spin) {
  T value = word.load(std::memory_order_acquire);
  if (value != old)
    return value;
  if (spin) {
    uint64_t begin = __rdtsc();
    do {
      for (int i = 0; i < 8; ++i) {
        _mm_pause();
        value = word.load(std::memory_order_acquire);
        if (value != old)
          return value;
      }
    } while (__rdtsc() - begin < spinCycles);
  }
  while ((value = word.load(std::memory_order_acquire)) == old)
    word.wait(old, std::memory_order_acquire);
  return value;
}

/// CPUs this process may use.
int32_t availableCpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    return 1;
  return CPU_COUNT(&set);
}

Team *processTeam = nullptr;
std::mutex processTeamMutex;

/// After fork() the child has no team threads: it makes a team of its own.
void forgetTeamInChild() {
  processTeam = nullptr;
  new (&processTeamMutex) std::mutex();
}

} // namespace

uint32_t seqc::rt::enterCompiledCode() {
  uint32_t control = _mm_getcsr();
  _mm_setcsr(control & ~flushDenormals);
  return control;
}

void seqc::rt::leaveCompiledCode(uint32_t control) { _mm_setcsr(control); }

int32_t seqc::rt::parallelPart() { return currentPart; }

ParallelPartScope::ParallelPartScope(int32_t part) : outer(currentPart) {
  currentPart = part;
}

ParallelPartScope::~ParallelPartScope() { currentPart = outer; }

void Barrier::reset(int32_t threads, bool maySpin) {
  count = threads;
  spin = maySpin;
  waiting.store(0, std::memory_order_relaxed);
}

void Barrier::wait() {
  if (count <= 1)
    return;
  uint32_t now = round.load(std::memory_order_acquire);
  if (waiting.fetch_add(1, std::memory_order_acq_rel) + 1 == count) {
    waiting.store(0, std::memory_order_relaxed);
    round.store(now + 1, std::memory_order_release);
    round.notify_all();
    return;
  }
  waitForChange(round, now, spin);
}

Team &Team::process() {
  std::lock_guard<std::mutex> lock(processTeamMutex);
  if (!processTeam) {
    static bool registered = false;
    if (!registered) {
      pthread_atfork(nullptr, nullptr, forgetTeamInChild);
      registered = true;
    }
    // Members may still be asleep when the process ends: never destroyed.
    processTeam = new Team();
  }
  return *processTeam;
}

Team::Team() = default;

Team::~Team() {
  stopping = true;
  for (int32_t i = 1; i < numMembers; ++i) {
    members[i]->ticket.fetch_add(1, std::memory_order_release);
    members[i]->ticket.notify_one();
    pthread_join(members[i]->thread, nullptr);
  }
}

void *Team::memberMain(void *argument) {
  auto *member = static_cast<Member *>(argument);
  Team *team = member->team;
  uint32_t ticket = 0;
  for (;;) {
    ticket = waitForChange(member->ticket, ticket, team->spin);
    if (team->stopping)
      return nullptr;
    _mm_setcsr(team->control);
    team->body(team->closure, member->index, team->count);
    if (team->pending.fetch_sub(1, std::memory_order_acq_rel) == 1)
      team->pending.notify_one();
  }
}

int32_t Team::ensure(int32_t wanted) {
  if (wanted > maxThreads)
    wanted = maxThreads;
  if (numMembers < wanted)
    // On a shared CPU a spinning thread only keeps its partner from working.
    spin = availableCpus() >= wanted;
  while (numMembers < wanted) {
    auto *member = new (std::nothrow) Member;
    if (!member)
      break;
    member->team = this;
    member->index = numMembers;
    if (pthread_create(&member->thread, nullptr, memberMain, member) != 0) {
      delete member;
      break;
    }
    members[numMembers++].reset(member);
  }
  return wanted < numMembers ? wanted : numMembers;
}

void Team::run(int32_t threads, TeamBody work, void *argument) {
  body = work;
  closure = argument;
  count = threads;
  control = _mm_getcsr();
  barrierOfRun.reset(threads, spin);
  pending.store(threads - 1, std::memory_order_relaxed);
  for (int32_t i = 1; i < threads; ++i) {
    members[i]->ticket.fetch_add(1, std::memory_order_release);
    members[i]->ticket.notify_one();
  }
  work(argument, 0, threads);
  int32_t left;
  while ((left = pending.load(std::memory_order_acquire)) != 0)
    waitForChange(pending, left, spin);
}
