//===- StatusTest.cpp - Tests of status objects --------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/CpuFeatures.h"
#include "tests/unit/runtime/Testing.h"

#include "runtime/abi/ModelAbi.h"

#include <stdexcept>

using namespace seqc::rt;

TEST(Status, NullIsSuccess) {
  EXPECT_EQ(seqc_status_code(nullptr), SEQC_OK);
  EXPECT_STREQ(seqc_status_message(nullptr), "");
  seqc_status_free(nullptr);
}

TEST(Status, CarriesCodeAndMessage) {
  seqc_status_t *status = Status(SEQC_IO, "no such file").release();
  EXPECT_EQ(seqc_status_code(status), SEQC_IO);
  EXPECT_STREQ(seqc_status_message(status), "no such file");
  seqc_status_free(status);
}

TEST(Status, CodesHaveNames) {
  EXPECT_STREQ(seqc_status_code_name(SEQC_OK), "OK");
  EXPECT_STREQ(seqc_status_code_name(SEQC_CANCELLED), "CANCELLED");
  EXPECT_STREQ(seqc_status_code_name(seqc_status_code_t(99)), "UNKNOWN");
}

TEST(Status, CodesAreThoseOfTheAbi) {
  EXPECT_EQ(int(SEQC_INVALID_ARGUMENT), int(SEQC_ABI_INVALID_ARGUMENT));
  EXPECT_EQ(int(SEQC_RESOURCE_EXHAUSTED), int(SEQC_ABI_RESOURCE_EXHAUSTED));
  EXPECT_EQ(int(SEQC_CANCELLED), int(SEQC_ABI_CANCELLED));
}

TEST(Status, ExceptionsBecomeStatuses) {
  EXPECT_TRUE(
      seqc::test::fails(guard([]() -> Status { throw std::bad_alloc(); }),
                        SEQC_RESOURCE_EXHAUSTED, "out of memory"));
  EXPECT_TRUE(seqc::test::fails(
      guard([]() -> Status { throw std::runtime_error("broken"); }),
      SEQC_INTERNAL, "broken"));
}

TEST(CpuFeatures, AgreesWithTheCompiler) {
  EXPECT_EQ(cpuHas("sse3"), __builtin_cpu_supports("sse3") ? 1 : 0);
  EXPECT_EQ(cpuHas("avx2"), __builtin_cpu_supports("avx2") ? 1 : 0);
  EXPECT_EQ(cpuHas("fma"), __builtin_cpu_supports("fma") ? 1 : 0);
  EXPECT_EQ(cpuHas("avx512f"), __builtin_cpu_supports("avx512f") ? 1 : 0);
  EXPECT_EQ(cpuHas("avx512vnni"), __builtin_cpu_supports("avx512vnni") ? 1 : 0);
  EXPECT_EQ(cpuHas("avx512bf16"), __builtin_cpu_supports("avx512bf16") ? 1 : 0);
}

TEST(CpuFeatures, NamesTheFirstMissingOne) {
  EXPECT_EQ(firstMissingFeature(""), "");
  EXPECT_EQ(firstMissingFeature("sse3,+sse3"), "");
  EXPECT_EQ(firstMissingFeature("sse3,teleport,avx2"), "teleport");
  EXPECT_EQ(seqc_runtime_cpu_has("teleport"), -1);
  // Whatever the code generator may ask for is known.
#define SEQC_KNOWN(name) EXPECT_NE(seqc_runtime_cpu_has(name), -1) << name;
  SEQC_ABI_CPU_FEATURES(SEQC_KNOWN)
#undef SEQC_KNOWN
  EXPECT_EQ(seqc_runtime_cpu_has(nullptr), -1);
}
