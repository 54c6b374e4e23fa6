//===- CompareTest.cpp - Tests of comparisons and previews ---------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/Compare.h"
#include "runtime/cli/Preview.h"
#include "tests/unit/runtime/Testing.h"

#include <cmath>

using namespace seqc::cli;
using namespace seqc::test;

namespace {

Comparison compare(const std::vector<float> &got,
                   const std::vector<float> &want, Tolerance tolerance = {}) {
  std::vector<int64_t> shape = {int64_t(want.size())};
  auto a = makeTensor<float>(SEQC_F32, shape, got);
  auto b = makeTensor<float>(SEQC_F32, shape, want);
  return compareTensors(*a.get(), *b.get(), tolerance);
}

} // namespace

TEST(Compare, DefaultRuleScalesWithTheLargest) {
  EXPECT_TRUE(compare({1.00009f}, {1}).passed);
  EXPECT_FALSE(compare({1.0002f}, {1}).passed);
  EXPECT_TRUE(compare({0.0001f, 2}, {0, 2}).passed);
  EXPECT_TRUE(compare({0.005f, 100}, {0, 100}).passed);
  EXPECT_FALSE(compare({0.02f, 100}, {0, 100}).passed);
}

TEST(Compare, GivenTolerancesReplaceTheRule) {
  EXPECT_TRUE(compare({1.05f}, {1}, {0.1, std::nullopt}).passed);
  EXPECT_FALSE(compare({0.05f}, {0}, {0.1, std::nullopt}).passed);
  EXPECT_TRUE(compare({0.05f}, {0}, {std::nullopt, 0.1}).passed);
  EXPECT_TRUE(compare({0.5f, 10}, {0, 10}, {std::nullopt, 0.1}).passed);
}

TEST(Compare, TreatsSpecialValues) {
  EXPECT_TRUE(
      compare({NAN, INFINITY, -INFINITY}, {NAN, 2e30f, -INFINITY}).passed);
  EXPECT_FALSE(compare({NAN}, {1}).passed);
  EXPECT_FALSE(compare({1}, {NAN}).passed);
  EXPECT_FALSE(compare({INFINITY}, {-INFINITY}).passed);
  EXPECT_FALSE(compare({INFINITY}, {5}).passed);
}

TEST(Compare, FindsTheWorstElement) {
  auto got = makeTensor<float>(SEQC_F32, {2, 2}, {1, 2, 3, 5});
  auto want = makeTensor<float>(SEQC_F32, {2, 2}, {1, 2.5f, 3, 4});
  Comparison result = compareTensors(*got.get(), *want.get(), {});
  EXPECT_EQ(result.failures, 2);
  EXPECT_EQ(result.worstIndex, (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(result.maxAbsolute, 1);
  EXPECT_EQ(result.maxRelative, 0.25);
  EXPECT_EQ(describeComparison(result),
            "max abs 1, max rel 0.25, worst at [1, 1]: found 5, expected 4; "
            "2 of 4 beyond the tolerance");
}

TEST(Compare, TheWorstIsNoEqualOfItsKind) {
  Comparison result =
      compare({NAN, INFINITY, 1, 1.00001f}, {NAN, INFINITY, 1, 1});
  EXPECT_TRUE(result.passed);
  EXPECT_EQ(result.worstIndex, (std::vector<int64_t>{3}));
  EXPECT_TRUE(compare({NAN, 1}, {NAN, 1}).worstIndex.empty());
  // Allowed: the greatest difference, not what is nearest to its allowance.
  result = compare({101, 1.05f}, {100, 1}, {0.1, std::nullopt});
  EXPECT_EQ(result.worstIndex, (std::vector<int64_t>{0}));
  EXPECT_EQ(compare({101, 1.2f}, {100, 1}, {0.1, std::nullopt}).worstIndex,
            (std::vector<int64_t>{1}));
}

TEST(Compare, CountsFlushedDenormals) {
  Comparison result = compare({0, 1e-40f, 0, 0}, {1e-40f, 1e-40f, 0, 1e-30f});
  EXPECT_TRUE(result.passed);
  EXPECT_EQ(result.flushed, 1);
  EXPECT_NE(describeComparison(result).find(
                "; 1 of 4 are denormals that were flushed to zero"),
            std::string::npos);
}

TEST(Compare, IntegersMustBeEqual) {
  auto got = makeTensor<int32_t>(SEQC_I32, {2}, {1, 2});
  auto want = makeTensor<int32_t>(SEQC_I32, {2}, {1, 3});
  EXPECT_FALSE(compareTensors(*got.get(), *want.get(), {1.0, 1.0}).passed);
  EXPECT_TRUE(compareTensors(*got.get(), *got.get(), {}).passed);
  auto far = makeTensor<int32_t>(SEQC_I32, {2}, {2, 9});
  EXPECT_EQ(compareTensors(*got.get(), *far.get(), {}).worstIndex,
            (std::vector<int64_t>{1}));
}

TEST(Compare, TypesAndShapesMustAgree) {
  auto a = makeTensor<int32_t>(SEQC_I32, {2}, {1, 2});
  auto b = makeTensor<int32_t>(SEQC_I32, {1, 2}, {1, 2});
  auto c = makeTensor<uint32_t>(SEQC_U32, {2}, {1, 2});
  EXPECT_EQ(compareTensors(*a.get(), *b.get(), {}).mismatch,
            "found i32 [2]; expected i32 [1, 2]");
  EXPECT_EQ(compareTensors(*a.get(), *c.get(), {}).mismatch,
            "found i32 [2]; expected u32 [2]");
}

TEST(Preview, ShortensLongTensors) {
  std::vector<float> values(24);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = float(i) / 2;
  EXPECT_EQ(previewTensor(*makeTensor<float>(SEQC_F32, {24}, values).get()),
            "f32 [24]: [0, 0.5, 1, …, 10.5, 11, 11.5]");
  EXPECT_EQ(previewTensor(*makeTensor<float>(SEQC_F32, {8, 3}, values).get()),
            "f32 [8, 3]: [[0, 0.5, 1], [1.5, 2, 2.5], [3, 3.5, 4], …, [7.5, 8, "
            "8.5], [9, 9.5, 10], [10.5, 11, 11.5]]");
  EXPECT_EQ(
      previewTensor(*makeTensor<float>(SEQC_F32, {4, 3, 2}, values).get()),
      "f32 [4, 3, 2]: [[[0, 0.5], [1, 1.5], [2, 2.5]], …, [[9, 9.5], [10, "
      "10.5], [11, 11.5]]]");
  EXPECT_EQ(previewTensor(*makeTensor<float>(SEQC_F32, {}, {7}).get()),
            "f32 []: 7");
  EXPECT_EQ(previewTensor(*makeTensor<float>(SEQC_F32, {3, 0}, {}).get()),
            "f32 [3, 0]: empty");
}
