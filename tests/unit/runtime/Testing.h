//===- Testing.h - Helpers of the runtime's tests ------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_TESTS_UNIT_RUNTIME_TESTING_H
#define SEQC_TESTS_UNIT_RUNTIME_TESTING_H

#include "runtime/core/Status.h"
#include "runtime/tensor/Tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <unistd.h>
#include <vector>

namespace seqc::test {

/// Success, or a failure of the test with the status's message.
inline ::testing::AssertionResult succeeds(seqc_status_t *status) {
  rt::Status owned = rt::Status::adopt(status);
  if (owned.ok())
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << seqc_status_code_name(owned.code()) << ": " << owned.message();
}

/// Success if `status` has `code` and a message that contains `part`.
inline ::testing::AssertionResult
fails(seqc_status_t *status, seqc_status_code_t code, const std::string &part) {
  rt::Status owned = rt::Status::adopt(status);
  if (owned.code() == code &&
      std::string(owned.message()).find(part) != std::string::npos)
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << seqc_status_code_name(owned.code()) << ": " << owned.message();
}

inline ::testing::AssertionResult
fails(rt::Status status, seqc_status_code_t code, const std::string &part) {
  return fails(status.release(), code, part);
}

/// A tensor of the given values.
template <typename T>
rt::TensorRef makeTensor(seqc_dtype_t dtype, std::vector<int64_t> shape,
                         const std::vector<T> &values) {
  rt::Result<rt::TensorRef> tensor =
      rt::createTensor(dtype, int32_t(shape.size()), shape.data());
  EXPECT_TRUE(bool(tensor));
  EXPECT_EQ((*tensor)->numBytes, values.size() * sizeof(T));
  if (!values.empty())
    std::memcpy((*tensor)->data, values.data(), values.size() * sizeof(T));
  return *tensor;
}

/// The values of a tensor.
template <typename T> std::vector<T> valuesOf(const seqc_tensor_t *tensor) {
  auto *data = static_cast<const T *>(seqc_tensor_data(tensor));
  return std::vector<T>(data, data + seqc_tensor_num_elements(tensor));
}

/// The shape of a tensor.
inline std::vector<int64_t> shapeOf(const seqc_tensor_t *tensor) {
  return std::vector<int64_t>(tensor->shape, tensor->shape + tensor->rank);
}

/// Calls of operator new so far, in programs with AllocationCounter.cpp.
long countNewCalls();

/// A file beside the running test program.
inline std::string builtFile(const std::string &name) {
  char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  std::string program(path, length > 0 ? size_t(length) : 0);
  return program.substr(0, program.rfind('/') + 1) + name;
}

} // namespace seqc::test

#endif // SEQC_TESTS_UNIT_RUNTIME_TESTING_H
