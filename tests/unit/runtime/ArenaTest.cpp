//===- ArenaTest.cpp - Tests of the workspace ----------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/Arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

using seqc::rt::Arena;

TEST(Arena, AlignsAndSeparatesAllocations) {
  Arena arena;
  std::vector<std::pair<char *, int64_t>> blocks;
  for (int64_t bytes : {0, 1, 63, 64, 65, 1000, 300000, 5}) {
    auto *block = static_cast<char *>(arena.allocate(bytes));
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0u);
    std::memset(block, int(blocks.size()), size_t(bytes));
    blocks.emplace_back(block, bytes);
  }
  for (size_t i = 0; i < blocks.size(); ++i)
    for (int64_t k = 0; k < blocks[i].second; ++k)
      ASSERT_EQ(blocks[i].first[k], char(i));
}

TEST(Arena, ReleaseGivesTheSameMemoryAgain) {
  Arena arena;
  arena.allocate(100);
  int64_t mark = arena.mark();
  void *first = arena.allocate(200);
  arena.allocate(1 << 20);
  EXPECT_TRUE(arena.release(mark));
  EXPECT_EQ(arena.allocate(200), first);
}

TEST(Arena, RefusesMarksItDidNotGive) {
  Arena arena;
  arena.allocate(100);
  EXPECT_FALSE(arena.release(1));
  EXPECT_FALSE(arena.release(-1));
  EXPECT_FALSE(arena.release(int64_t(1) << 20));
  EXPECT_FALSE(arena.release(int64_t(7) << 48));
  EXPECT_TRUE(arena.release(0));
}

TEST(Arena, RefusesImpossibleSizes) {
  Arena arena;
  EXPECT_EQ(arena.allocate(-1), nullptr);
  EXPECT_EQ(arena.allocate(INT64_MAX), nullptr);
  EXPECT_EQ(arena.allocate(int64_t(1) << 46), nullptr);
}

TEST(Arena, KeepsToItsLimit) {
  Arena arena(1 << 20);
  EXPECT_NE(arena.allocate(500000), nullptr);
  EXPECT_EQ(arena.allocate(800000), nullptr);
  EXPECT_NE(arena.allocate(400000), nullptr);
  EXPECT_LE(arena.heldBytes(), uint64_t(1) << 20);
}

/// A pattern of calls that has run before takes nothing from the heap.
TEST(Arena, SteadyStateTakesNothingFromTheHeap) {
  Arena arena;
  auto call = [&](unsigned seed) {
    std::mt19937 random(seed);
    std::vector<int64_t> marks;
    for (int i = 0; i < 2000; ++i) {
      unsigned kind = random() % 4;
      if (kind == 0 && !marks.empty()) {
        ASSERT_TRUE(arena.release(marks.back()));
        marks.pop_back();
      } else if (kind == 1) {
        marks.push_back(arena.mark());
      } else {
        auto *block =
            static_cast<char *>(arena.allocate(int64_t(random() % 70000)));
        ASSERT_NE(block, nullptr);
        *block = 1;
      }
    }
    arena.clear();
  };
  for (unsigned round = 0; round < 3; ++round)
    for (unsigned seed = 0; seed < 10; ++seed)
      call(seed);
  uint64_t before = arena.chunkAllocations();
  for (unsigned seed = 0; seed < 10; ++seed)
    call(seed);
  EXPECT_EQ(arena.chunkAllocations(), before);
  EXPECT_GE(arena.heldBytes(), arena.peakBytes());
}
