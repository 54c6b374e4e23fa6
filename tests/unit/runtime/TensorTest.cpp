//===- TensorTest.cpp - Tests of tensors ---------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tensor/DType.h"
#include "tests/unit/runtime/Testing.h"

#include <bit>
#include <cmath>

using namespace seqc::rt;
using namespace seqc::test;

TEST(DType, NamesAndSizesAgree) {
  for (int i = SEQC_F64; i <= SEQC_I1; ++i) {
    auto dtype = seqc_dtype_t(i);
    EXPECT_EQ(seqc_dtype_from_name(seqc_dtype_name(dtype)), dtype);
    EXPECT_GT(seqc_dtype_size(dtype), 0u);
  }
  EXPECT_EQ(seqc_dtype_from_name("f33"), SEQC_DTYPE_NONE);
  EXPECT_EQ(seqc_dtype_from_name(nullptr), SEQC_DTYPE_NONE);
  EXPECT_EQ(seqc_dtype_size(seqc_dtype_t(77)), 0u);
}

/// Every half survives the way to float and back.
TEST(DType, HalvesRoundTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = halfToFloat(uint16_t(bits));
    if (std::isnan(value))
      EXPECT_TRUE(std::isnan(halfToFloat(doubleToHalf(value))));
    else
      ASSERT_EQ(doubleToHalf(value), bits);
  }
}

TEST(DType, HalvesRoundToNearestEven) {
  EXPECT_EQ(halfToFloat(doubleToHalf(2049)), 2048);
  EXPECT_EQ(halfToFloat(doubleToHalf(2051)), 2052);
  EXPECT_EQ(halfToFloat(doubleToHalf(65519)), 65504);
  EXPECT_EQ(halfToFloat(doubleToHalf(65520)), INFINITY);
  EXPECT_EQ(halfToFloat(doubleToHalf(-0x1p-26)), -0.0f);
  EXPECT_EQ(halfToFloat(doubleToHalf(0x1.8p-25)), 0x1p-24f);
}

TEST(DType, BfloatsRoundTripAndRoundOnce) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = bfloatToFloat(uint16_t(bits));
    if (!std::isnan(value)) {
      ASSERT_EQ(doubleToBfloat(value), bits);
    }
  }
  // Just above a tie: rounding to float first would make it one.
  EXPECT_EQ(bfloatToFloat(doubleToBfloat(1.00390625 + 0x1p-40)), 1.0078125f);
  EXPECT_EQ(bfloatToFloat(doubleToBfloat(1.00390625)), 1.0f);
}

TEST(Tensor, RefusesBadShapes) {
  seqc_tensor_t *tensor = nullptr;
  int64_t negative[] = {2, -1}, huge[] = {int64_t(1) << 40, int64_t(1) << 40},
          hidden[] = {0, int64_t(1) << 40, int64_t(1) << 40};
  EXPECT_TRUE(fails(seqc_tensor_create(SEQC_F32, 2, negative, &tensor),
                    SEQC_INVALID_ARGUMENT, "extent 1 is -1"));
  EXPECT_TRUE(fails(seqc_tensor_create(SEQC_F32, 2, huge, &tensor),
                    SEQC_INVALID_ARGUMENT, "too large"));
  EXPECT_TRUE(fails(seqc_tensor_create(SEQC_F32, 3, hidden, &tensor),
                    SEQC_INVALID_ARGUMENT, "too large"));
  EXPECT_TRUE(fails(seqc_tensor_create(SEQC_F32, 9, negative, &tensor),
                    SEQC_INVALID_ARGUMENT, "rank is 9"));
  EXPECT_TRUE(fails(seqc_tensor_create(seqc_dtype_t(0), 0, nullptr, &tensor),
                    SEQC_INVALID_ARGUMENT, "element type"));
  EXPECT_TRUE(fails(seqc_tensor_create(SEQC_F32, 0, nullptr, nullptr),
                    SEQC_INVALID_ARGUMENT, "NULL"));
  EXPECT_EQ(tensor, nullptr);
}

TEST(Tensor, WrapReleasesOnce) {
  float data[6] = {};
  int64_t shape[] = {2, 3};
  int released = 0;
  seqc_tensor_t *tensor;
  ASSERT_TRUE(succeeds(seqc_tensor_wrap(
      SEQC_F32, 2, shape, data,
      [](void *user, void *) { ++*static_cast<int *>(user); }, &released,
      &tensor)));
  EXPECT_EQ(seqc_tensor_data(tensor), data);
  EXPECT_EQ(seqc_tensor_num_bytes(tensor), 24u);
  seqc_tensor_retain(tensor);
  seqc_tensor_release(tensor);
  EXPECT_EQ(released, 0);
  seqc_tensor_release(tensor);
  EXPECT_EQ(released, 1);
}

TEST(Tensor, IntegersAreCheckedWhenStored) {
  TensorRef bytes = makeTensor<uint8_t>(SEQC_U8, {2}, {0, 0});
  EXPECT_TRUE(setInteger(*bytes.get(), 0, 255));
  EXPECT_FALSE(setInteger(*bytes.get(), 1, 256));
  EXPECT_FALSE(setInteger(*bytes.get(), 1, -1));
  EXPECT_FALSE(setNumber(*bytes.get(), 1, 1.5));
  EXPECT_FALSE(setNumber(*bytes.get(), 1, NAN));
  EXPECT_TRUE(setNumber(*bytes.get(), 1, 7));
  EXPECT_EQ(valuesOf<uint8_t>(bytes.get()), (std::vector<uint8_t>{255, 7}));
  TensorRef wide = makeTensor<uint64_t>(SEQC_U64, {1}, {0});
  EXPECT_FALSE(setInteger(*wide.get(), 0, -1));
  EXPECT_FALSE(setNumber(*wide.get(), 0, 0x1p64));
  EXPECT_TRUE(setNumber(*wide.get(), 0, 0x1p63));
}

namespace {

/// A DLPack tensor that counts its deletions.
struct Managed : DLManagedTensor {
  std::vector<int64_t> shape, strides;
  int deleted = 0;

  Managed(void *data, DLDataType type, std::vector<int64_t> extents,
          std::vector<int64_t> steps = {})
      : shape(std::move(extents)), strides(std::move(steps)) {
    dl_tensor = {};
    dl_tensor.data = data;
    dl_tensor.device = {kDLCPU, 0};
    dl_tensor.dtype = type;
    dl_tensor.ndim = int(shape.size());
    dl_tensor.shape = shape.data();
    dl_tensor.strides = strides.empty() ? nullptr : strides.data();
    manager_ctx = this;
    deleter = [](DLManagedTensor *self) {
      ++static_cast<Managed *>(self->manager_ctx)->deleted;
    };
  }
};

constexpr DLDataType dlFloat = {kDLFloat, 32, 1};

} // namespace

TEST(DLPack, SharesCompactTensors) {
  float data[] = {0, 1, 2, 3, 4, 5, 6};
  Managed managed(data, dlFloat, {2, 3}, {3, 1});
  managed.dl_tensor.byte_offset = 4;
  seqc_tensor_t *tensor;
  ASSERT_TRUE(succeeds(seqc_tensor_from_dlpack(&managed, &tensor)));
  EXPECT_EQ(seqc_tensor_data(tensor), data + 1);
  EXPECT_EQ(seqc_tensor_dtype(tensor), SEQC_F32);
  EXPECT_EQ(shapeOf(tensor), (std::vector<int64_t>{2, 3}));
  seqc_tensor_release(tensor);
  EXPECT_EQ(managed.deleted, 1);
}

TEST(DLPack, CopiesStridedTensors) {
  float data[] = {0, 1, 2, 3, 4, 5};
  Managed managed(data, dlFloat, {3, 2}, {1, 3});
  seqc_tensor_t *tensor;
  ASSERT_TRUE(succeeds(seqc_tensor_from_dlpack(&managed, &tensor)));
  EXPECT_EQ(managed.deleted, 1);
  EXPECT_EQ(valuesOf<float>(tensor), (std::vector<float>{0, 3, 1, 4, 2, 5}));
  seqc_tensor_release(tensor);
}

TEST(DLPack, RefusesWhatItCannotTake) {
  float data[1] = {};
  seqc_tensor_t *tensor;
  Managed lanes(data, {kDLFloat, 32, 4}, {1});
  EXPECT_TRUE(fails(seqc_tensor_from_dlpack(&lanes, &tensor), SEQC_UNSUPPORTED,
                    "4 lanes"));
  Managed complex(data, {kDLComplex, 64, 1}, {1});
  EXPECT_TRUE(fails(seqc_tensor_from_dlpack(&complex, &tensor),
                    SEQC_UNSUPPORTED, "code 5"));
  Managed device(data, dlFloat, {1});
  device.dl_tensor.device.device_type = kDLCUDA;
  EXPECT_TRUE(fails(seqc_tensor_from_dlpack(&device, &tensor), SEQC_UNSUPPORTED,
                    "device type is 2"));
  Managed negative(data, dlFloat, {-1});
  EXPECT_TRUE(fails(seqc_tensor_from_dlpack(&negative, &tensor),
                    SEQC_INVALID_ARGUMENT, "extent"));
  Managed none(nullptr, dlFloat, {1});
  EXPECT_TRUE(fails(seqc_tensor_from_dlpack(&none, &tensor),
                    SEQC_INVALID_ARGUMENT, "NULL"));
  EXPECT_EQ(lanes.deleted + complex.deleted + device.deleted +
                negative.deleted + none.deleted,
            0);
}

TEST(DLPack, ExportsKeepTheTensorAlive) {
  TensorRef tensor = makeTensor<int16_t>(SEQC_I16, {2, 2}, {1, 2, 3, 4});
  DLManagedTensor *managed;
  ASSERT_TRUE(succeeds(seqc_tensor_to_dlpack(tensor.get(), &managed)));
  const void *data = tensor->data;
  tensor = TensorRef();
  EXPECT_EQ(managed->dl_tensor.data, data);
  EXPECT_EQ(managed->dl_tensor.ndim, 2);
  EXPECT_EQ(managed->dl_tensor.dtype.code, kDLInt);
  EXPECT_EQ(managed->dl_tensor.dtype.bits, 16);
  EXPECT_EQ(static_cast<int16_t *>(managed->dl_tensor.data)[3], 4);
  managed->deleter(managed);
}
