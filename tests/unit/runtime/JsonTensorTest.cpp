//===- JsonTensorTest.cpp - Tests of numbers as text ---------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/TensorFile.h"
#include "tests/unit/runtime/Testing.h"

#include <cmath>

using namespace seqc::cli;
using namespace seqc::test;

TEST(JsonTensor, ReadsNestedArrays) {
  auto tensor = parseJson("[[1, 2], [3, 4], [5, 6]]", SEQC_DTYPE_NONE);
  ASSERT_TRUE(bool(tensor));
  EXPECT_EQ((*tensor)->dtype, SEQC_I64);
  EXPECT_EQ(shapeOf(tensor->get()), (std::vector<int64_t>{3, 2}));
  auto reals = parseJson("[1, 2.5, \"nan\", \"-inf\"]", SEQC_DTYPE_NONE);
  ASSERT_TRUE(bool(reals));
  EXPECT_EQ((*reals)->dtype, SEQC_F32);
  EXPECT_TRUE(std::isnan(valuesOf<float>(reals->get())[2]));
  auto scalar = parseJson("7", SEQC_F64);
  ASSERT_TRUE(bool(scalar));
  EXPECT_EQ((*scalar)->rank, 0);
  auto empty = parseJson("[[], []]", SEQC_F32);
  ASSERT_TRUE(bool(empty));
  EXPECT_EQ(shapeOf(empty->get()), (std::vector<int64_t>{2, 0}));
  auto truth = parseJson("[true, false]", SEQC_I1);
  ASSERT_TRUE(bool(truth));
  EXPECT_EQ(valuesOf<uint8_t>(truth->get()), (std::vector<uint8_t>{1, 0}));
}

TEST(JsonTensor, RefusesWhatIsNoTensor) {
  for (const char *text :
       {"", "[", "[1,]", "{}", "[[1,2],[3]]", "[1,[2]]", "[[1],2]", "null",
        "[null]", "[\"x\"]", "[1e999]]", "[[[[[[[[[1]]]]]]]]]", "[1] [2]"})
    EXPECT_FALSE(bool(parseJson(text, SEQC_F32))) << text;
  std::string deep(1000000, '[');
  EXPECT_TRUE(fails(parseJson(deep, SEQC_F32).status(), SEQC_INVALID_ARGUMENT,
                    "nested"));
  EXPECT_TRUE(fails(parseJson("[1, 300]", SEQC_U8).status(),
                    SEQC_INVALID_ARGUMENT,
                    "element 1 is 300, which u8 cannot hold"));
  EXPECT_TRUE(fails(parseJson("[1.5]", SEQC_I32).status(),
                    SEQC_INVALID_ARGUMENT, "which i32 cannot hold"));
  EXPECT_TRUE(fails(parseJson("[99999999999999999999]", SEQC_I64).status(),
                    SEQC_INVALID_ARGUMENT, "cannot hold"));
}

TEST(TextTensor, ReadsRows) {
  auto tensor = parseText("1, 2 3\r\n\n4;5\t6\n", SEQC_F32);
  ASSERT_TRUE(bool(tensor));
  EXPECT_EQ(shapeOf(tensor->get()), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(valuesOf<float>(tensor->get())[5], 6);
  auto row = parseText("1,2,-3.5e1", SEQC_F64);
  ASSERT_TRUE(bool(row));
  EXPECT_EQ(valuesOf<double>(row->get()), (std::vector<double>{1, 2, -35}));
  auto column = parseText("1\n2\n", SEQC_I32);
  ASSERT_TRUE(bool(column));
  EXPECT_EQ(shapeOf(column->get()), (std::vector<int64_t>{2}));
}

TEST(TextTensor, LocatesProblems) {
  EXPECT_TRUE(fails(parseText("1 2\n3\n", SEQC_F32).status(),
                    SEQC_INVALID_ARGUMENT, "line 2 has 1 numbers"));
  EXPECT_TRUE(fails(parseText("1\ntwo\n", SEQC_F32).status(),
                    SEQC_INVALID_ARGUMENT, "line 2: 'two' is no number"));
  EXPECT_TRUE(fails(parseText(" \n", SEQC_F32).status(), SEQC_INVALID_ARGUMENT,
                    "no numbers"));
}

TEST(JsonTensor, WritesWhatItReads) {
  auto tensor =
      makeTensor<float>(SEQC_F32, {2, 2}, {0.1f, -1e-20f, INFINITY, 16777216});
  std::string text = formatJson(*tensor.get());
  EXPECT_EQ(text, "[[0.1,-1e-20],\n[\"inf\",16777216]]\n");
  auto again = parseJson(text, SEQC_F32);
  ASSERT_TRUE(bool(again));
  EXPECT_EQ(valuesOf<float>(again->get()), valuesOf<float>(tensor.get()));
  EXPECT_EQ(formatText(*tensor.get()), "0.1 -1e-20\ninf 16777216\n");
}

TEST(Convert, KeepsValuesOrRefuses) {
  auto wide = makeTensor<int64_t>(SEQC_I64, {2}, {5, -7});
  auto narrow = convertTensor(wide, SEQC_I32);
  ASSERT_TRUE(bool(narrow));
  EXPECT_EQ(valuesOf<int32_t>(narrow->get()), (std::vector<int32_t>{5, -7}));
  EXPECT_TRUE(fails(convertTensor(wide, SEQC_U8).status(),
                    SEQC_INVALID_ARGUMENT,
                    "element 1 is -7, which u8 cannot hold"));
  auto reals = makeTensor<double>(SEQC_F64, {1}, {0.5});
  EXPECT_TRUE(bool(convertTensor(reals, SEQC_F32)));
  EXPECT_TRUE(fails(convertTensor(reals, SEQC_I32).status(),
                    SEQC_INVALID_ARGUMENT, "found f64; required: i32"));
}
