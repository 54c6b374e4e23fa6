//===- PbFileTest.cpp - Tests of ONNX tensors ----------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/TensorFile.h"
#include "tests/unit/runtime/Testing.h"

#include <random>

using namespace seqc::cli;
using namespace seqc::rt;
using namespace seqc::test;

TEST(Pb, RoundTripsEveryType) {
  for (int i = SEQC_F64; i <= SEQC_I1; ++i) {
    int64_t shape[] = {3};
    auto tensor = createTensor(seqc_dtype_t(i), 1, shape);
    for (int64_t k = 0; k < 3; ++k)
      setInteger(*tensor->get(), k, k % 2);
    auto again = parsePb(formatPb(*tensor->get(), "name"));
    ASSERT_TRUE(bool(again)) << seqc_dtype_name(seqc_dtype_t(i));
    EXPECT_EQ(again->first, "name");
    EXPECT_EQ(again->second->dtype, seqc_dtype_t(i));
    EXPECT_EQ(
        std::memcmp(again->second->data, (*tensor)->data, (*tensor)->numBytes),
        0);
  }
}

TEST(Pb, ReadsTypedFields) {
  // dims: 2 (packed), data_type: float, float_data: 1, 2 (packed).
  std::string floats("\x0a\x01\x02\x10\x01\x22\x08\x00\x00\x80\x3f\x00\x00\x00"
                     "\x40",
                     15);
  auto tensor = parsePb(floats);
  ASSERT_TRUE(bool(tensor));
  EXPECT_EQ(valuesOf<float>(tensor->second.get()), (std::vector<float>{1, 2}));
  // dims: 2, data_type: int32, int32_data: -1 (ten bytes), 5.
  std::string integers("\x08\x02\x10\x06\x28\xff\xff\xff\xff\xff\xff\xff\xff"
                       "\xff\x01\x28\x05",
                       17);
  auto ints = parsePb(integers);
  ASSERT_TRUE(bool(ints)) << ints.status().message();
  EXPECT_EQ(valuesOf<int32_t>(ints->second.get()),
            (std::vector<int32_t>{-1, 5}));
  // data_type: int64, no dims, int64_data: 7: a scalar.
  auto scalar = parsePb(std::string("\x10\x07\x38\x07", 4));
  ASSERT_TRUE(bool(scalar));
  EXPECT_EQ(scalar->second->rank, 0);
}

TEST(Pb, UnpacksNarrowIntegers) {
  // dims: 3, data_type: int4, raw_data: 1, -2, 7.
  auto raw = parsePb(std::string("\x08\x03\x10\x16\x4a\x02\xe1\x07", 8));
  ASSERT_TRUE(bool(raw)) << raw.status().message();
  EXPECT_EQ(valuesOf<int8_t>(raw->second.get()),
            (std::vector<int8_t>{1, -2, 7}));
  // dims: 5, data_type: uint2, int32_data: 0, 1, 2, 3 in one and 2 in another.
  auto typed = parsePb(std::string("\x08\x05\x10\x19\x28\xe4\x01\x28\x02", 9));
  ASSERT_TRUE(bool(typed)) << typed.status().message();
  EXPECT_EQ(valuesOf<uint8_t>(typed->second.get()),
            (std::vector<uint8_t>{0, 1, 2, 3, 2}));
  auto shorter = parsePb(std::string("\x08\x03\x10\x16\x4a\x01\xe1", 7));
  ASSERT_FALSE(bool(shorter));
  EXPECT_NE(std::string(shorter.status().message())
                .find("1 bytes found, shape has 3 elements of 4 bits"),
            std::string::npos);
}

TEST(Pb, RefusesHostileMessages) {
  EXPECT_FALSE(bool(parsePb("")));
  EXPECT_FALSE(bool(parsePb("hello")));
  // A length beyond the end.
  EXPECT_FALSE(bool(parsePb(std::string("\x10\x01\x4a\x7f", 4))));
  // An extent of 2^62.
  EXPECT_TRUE(
      fails(parsePb(std::string(
                        "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x40\x10\x01", 12))
                .status(),
            SEQC_INVALID_ARGUMENT, "too large"));
  // 1000 elements, none given.
  EXPECT_TRUE(fails(parsePb(std::string("\x08\xe8\x07\x10\x01", 5)).status(),
                    SEQC_INVALID_ARGUMENT, "needs 4000 bytes"));
  // Strings.
  EXPECT_TRUE(fails(parsePb(std::string("\x10\x08", 2)).status(),
                    SEQC_UNSUPPORTED, "element type 8"));
  // External data.
  EXPECT_TRUE(fails(parsePb(std::string("\x10\x01\x70\x01", 4)).status(),
                    SEQC_UNSUPPORTED, "external data"));
  // Nine dimensions.
  std::string dims;
  for (int i = 0; i < 9; ++i)
    dims += "\x08\x01";
  EXPECT_FALSE(bool(parsePb(dims)));
  // An int8 of 300.
  EXPECT_TRUE(
      fails(parsePb(std::string("\x08\x01\x10\x03\x28\xac\x02", 7)).status(),
            SEQC_INVALID_ARGUMENT, "does not fit i8"));
}

TEST(Pb, SurvivesChangedBytes) {
  auto tensor = makeTensor<float>(SEQC_F32, {2, 2}, {1, 2, 3, 4});
  std::string file = formatPb(*tensor.get(), "x");
  std::mt19937 random(4);
  for (int i = 0; i < 50000; ++i) {
    std::string bytes = file;
    for (int k = 0; k < 2; ++k)
      bytes[random() % bytes.size()] = char(random());
    if (random() % 3 == 0)
      bytes.resize(random() % bytes.size());
    (void)parsePb(bytes);
  }
}
