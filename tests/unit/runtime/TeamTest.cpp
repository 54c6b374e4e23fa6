//===- TeamTest.cpp - Tests of the team ----------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/Team.h"

#include <gtest/gtest.h>

#include <immintrin.h>
#include <limits>
#include <numeric>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace seqc::rt;

namespace {

/// Adds the member's number to its own slot.
void addOne(void *closure, int32_t thread, int32_t) {
  ++static_cast<std::vector<int> *>(closure)->at(size_t(thread));
}

/// Runs `body` on the team of the process.
int32_t runOnProcessTeam(int32_t wanted, TeamBody body, void *closure) {
  Team &team = Team::process();
  while (!team.tryAcquire())
    std::this_thread::yield();
  int32_t count = team.ensure(wanted);
  team.run(count, body, closure);
  team.release();
  return count;
}

} // namespace

TEST(Team, RunsEveryMemberOnce) {
  std::vector<int> runs(8);
  for (int i = 0; i < 200; ++i)
    ASSERT_EQ(runOnProcessTeam(4, addOne, &runs), 4);
  EXPECT_EQ(runs, (std::vector<int>{200, 200, 200, 200, 0, 0, 0, 0}));
}

TEST(Team, GrowsAndShrinksBetweenRuns) {
  std::vector<int> runs(8);
  for (int32_t count : {1, 5, 2, 8, 3, 1})
    runOnProcessTeam(count, addOne, &runs);
  EXPECT_EQ(runs, (std::vector<int>{6, 4, 3, 2, 2, 1, 1, 1}));
}

TEST(Team, IsBorrowedByOneAtATime) {
  Team &team = Team::process();
  ASSERT_TRUE(team.tryAcquire());
  bool second = true;
  std::thread([&] { second = team.tryAcquire(); }).join();
  EXPECT_FALSE(second);
  team.release();
}

TEST(Team, SleepingMembersWakeUp) {
  std::vector<int> runs(3);
  for (int i = 0; i < 5; ++i) {
    runOnProcessTeam(3, addOne, &runs);
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
  EXPECT_EQ(runs, (std::vector<int>{5, 5, 5}));
}

TEST(Team, BarrierOrdersWrites) {
  struct Work {
    Team &team;
    std::vector<int> values;
    std::vector<int> sums;
  } work{Team::process(), std::vector<int>(4), std::vector<int>(4)};
  runOnProcessTeam(
      4,
      [](void *closure, int32_t thread, int32_t count) {
        auto &work = *static_cast<Work *>(closure);
        for (int round = 1; round <= 300; ++round) {
          work.values[size_t(thread)] = round;
          work.team.barrier().wait();
          int sum = 0;
          for (int i = 0; i < count; ++i)
            sum += work.values[size_t(i)];
          work.sums[size_t(thread)] += sum == round * count;
          work.team.barrier().wait();
        }
      },
      &work);
  EXPECT_EQ(work.sums, std::vector<int>(4, 300));
}

TEST(Team, OwnTeamEndsItsThreads) {
  std::vector<int> runs(3);
  {
    Team team;
    ASSERT_TRUE(team.tryAcquire());
    ASSERT_EQ(team.ensure(3), 3);
    team.run(3, addOne, &runs);
    team.release();
  }
  EXPECT_EQ(runs, (std::vector<int>{1, 1, 1}));
}

#ifndef __SANITIZE_THREAD__
/// A child has no threads but its own, so it makes a new team.
TEST(Team, WorksInAForkedChild) {
  std::vector<int> runs(3);
  runOnProcessTeam(3, addOne, &runs);
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    runOnProcessTeam(3, addOne, &runs);
    _exit(runs == std::vector<int>{2, 2, 2} ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}
#endif

TEST(Team, PartsCoverTheRangeInOrder) {
  for (int64_t n : {1, 2, 7, 64, 1000})
    for (int32_t parts : {1, 2, 3, 7}) {
      EXPECT_EQ(partBegin(n, parts, 0), 0);
      EXPECT_EQ(partBegin(n, parts, parts), n);
      for (int32_t i = 0; i < parts; ++i) {
        int64_t size = partBegin(n, parts, i + 1) - partBegin(n, parts, i);
        EXPECT_GE(size, n / parts);
        EXPECT_LE(size, n / parts + 1);
      }
    }
}

TEST(Team, CompiledCodeBeginsWithDenormals) {
  volatile float tiny = std::numeric_limits<float>::min();
  volatile float half = 0.5f;
  uint32_t before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);
  EXPECT_EQ(tiny * half, 0.0f);
  uint32_t control = enterCompiledCode();
  volatile float kept = tiny * half;
  leaveCompiledCode(control);
  EXPECT_EQ(tiny * half, 0.0f);
  _mm_setcsr(before);
  EXPECT_NE(kept, 0.0f);
}

/// All members work under the control word of the caller.
TEST(Team, MembersTakeTheCallersControlWord) {
  Team team;
  ASSERT_TRUE(team.tryAcquire());
  int32_t count = team.ensure(2);
  uint32_t before = _mm_getcsr();
  for (uint32_t bits : {0x8040u, 0u}) {
    uint32_t seen[2] = {1, 1};
    _mm_setcsr((before & ~0x8040u) | bits);
    team.run(
        count,
        [](void *closure, int32_t thread, int32_t) {
          static_cast<uint32_t *>(closure)[thread] = _mm_getcsr() & 0x8040;
        },
        seen);
    _mm_setcsr(before);
    for (int32_t i = 0; i < count; ++i)
      EXPECT_EQ(seen[i], bits);
  }
  team.release();
}
