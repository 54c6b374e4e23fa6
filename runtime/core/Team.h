//===- Team.h - Threads of the process -----------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One persistent team of threads per process. Sessions borrow it for the time
// of one parallel piece of work; while it is busy, others work alone. Members
// wait for work by spinning for some microseconds and then sleep, so that a
// busy neighbour on the same core costs little.
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CORE_TEAM_H
#define SEQC_RUNTIME_CORE_TEAM_H

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <pthread.h>

namespace seqc::rt {

/// Work for one member: `thread` of `count`; member 0 is the caller.
using TeamBody = void (*)(void *closure, int32_t thread, int32_t count);

/// Lets `count` threads wait for each other, again and again.
class Barrier {
public:
  /// Sets the number of threads; nobody may be waiting.
  void reset(int32_t threads, bool maySpin);

  /// Waits until all have come.
  void wait();

private:
  std::atomic<int32_t> waiting{0};
  std::atomic<uint32_t> round{0};
  int32_t count = 1;
  bool spin = true;
};

/// The team.
class Team {
public:
  /// Most threads it ever has, the caller included.
  static constexpr int32_t maxThreads = 256;

  /// The team of the process, without threads until they are needed. It is
  /// never destroyed; a forked child starts with an empty one.
  static Team &process();

  Team();
  ~Team();
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;

  /// Borrows the team for run(). False if someone else has it.
  bool tryAcquire() { return owner.try_lock(); }
  void release() { owner.unlock(); }

  /// How many of `wanted` threads there are, the caller included; starts those
  /// that are missing. Only while borrowed.
  int32_t ensure(int32_t wanted);

  /// Runs `body` on `count` threads, the caller included, and waits for them.
  /// All work under the caller's floating-point control word.
  /// `count` must be a result of ensure(). Only while borrowed.
  void run(int32_t count, TeamBody body, void *closure);

  /// The barrier of the running work.
  Barrier &barrier() { return barrierOfRun; }

private:
  struct alignas(64) Member {
    /// Raised once per piece of work.
    std::atomic<uint32_t> ticket{0};
    pthread_t thread;
    Team *team;
    int32_t index;
  };

  static void *memberMain(void *member);

  std::mutex owner;
  std::unique_ptr<Member> members[maxThreads];
  int32_t numMembers = 1;
  TeamBody body = nullptr;
  void *closure = nullptr;
  int32_t count = 0;
  /// Floating-point control word of the caller.
  uint32_t control = 0;
  bool stopping = false;
  std::atomic<bool> spin{true};
  alignas(64) std::atomic<int32_t> pending{0};
  Barrier barrierOfRun;
};

/// Bounds of part `index` when [0, n) is cut into `parts` nearly equal ranges.
/// They depend on nothing else, so neither do results.
inline int64_t partBegin(int64_t n, int32_t parts, int32_t index) {
  return n / parts * index + (n % parts < index ? n % parts : index);
}

/// Sets the floating-point control word for compiled code: denormals are
/// numbers, until it says otherwise around a kernel. Returns the old one.
uint32_t enterCompiledCode();

/// Restores the control word.
void leaveCompiledCode(uint32_t control);

/// Index of the part of a parallel piece of work that the present thread is
/// inside of, or -1 outside.
int32_t parallelPart();

/// Marks the present thread as inside part `part` for the scope's life.
class ParallelPartScope {
public:
  explicit ParallelPartScope(int32_t part);
  ~ParallelPartScope();

private:
  int32_t outer;
};

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_TEAM_H
