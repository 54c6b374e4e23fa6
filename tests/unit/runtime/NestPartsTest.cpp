//===- NestPartsTest.cpp - How nests are cut for threads ------------------===//

#include "runtime/core/NestParts.h"

#include "gtest/gtest.h"

using namespace seqc::rt;

namespace {

constexpr int64_t kMuch = int64_t(1) << 40;

void expectParts(NestParts got, int64_t outer, int64_t inner) {
  EXPECT_EQ(got.outer, outer);
  EXPECT_EQ(got.inner, inner);
}

TEST(NestPartsTest, LittleWorkStaysOnOneThread) {
  expectParts(cutNest(0, 100, 100, 8), 1, 1);
  expectParts(cutNest(2 * kParallelGrain - 1, 100, 100, 8), 1, 1);
  expectParts(cutNest(2 * kParallelGrain, 100, 100, 8), 2, 1);
  expectParts(cutNest(3 * kParallelGrain, 99, 1, 8), 3, 1);
  expectParts(cutNest(kMuch, 100, 100, 1), 1, 1);
}

TEST(NestPartsTest, CutsTheInnerLoopWhenTheOuterOneIsUneven) {
  expectParts(cutNest(kMuch, 2, 64, 2), 2, 1);
  expectParts(cutNest(kMuch, 3, 64, 2), 1, 2);
  expectParts(cutNest(kMuch, 3, 64, 4), 1, 4);
  expectParts(cutNest(kMuch, 33, 64, 4), 4, 1);
  expectParts(cutNest(kMuch, 1, 64, 4), 1, 4);
}

TEST(NestPartsTest, CutsBothWhenOneIsTooShort) {
  expectParts(cutNest(kMuch, 3, 2, 8), 3, 2);
  expectParts(cutNest(kMuch, 5, 1, 8), 5, 1);
}

TEST(NestPartsTest, NoPartIsEmptyAndNoThreadIsInvented) {
  for (int64_t outer : {1, 2, 3, 7, 8, 33})
    for (int64_t inner : {1, 2, 5, 16, 31})
      for (int64_t threads : {1, 2, 3, 4, 16, 64}) {
        NestParts parts = cutNest(kMuch, outer, inner, threads);
        EXPECT_GE(parts.outer, 1);
        EXPECT_GE(parts.inner, 1);
        EXPECT_LE(parts.outer, outer);
        EXPECT_LE(parts.inner, inner);
        EXPECT_LE(parts.count(), threads);
      }
}

} // namespace
