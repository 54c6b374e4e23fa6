//===- DType.cpp - Element types -----------------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tensor/DType.h"

#include "runtime/tensor/Tensor.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

using namespace seqc::rt;

static constexpr const char *names[] = {"none", "f64", "f32", "f16", "bf16",
                                        "i64",  "i32", "i16", "i8",  "u64",
                                        "u32",  "u16", "u8",  "i1"};

static constexpr uint8_t sizes[] = {0, 8, 4, 2, 2, 8, 4, 2, 1, 8, 4, 2, 1, 1};

size_t seqc_dtype_size(seqc_dtype_t dtype) {
  return unsigned(dtype) < sizeof sizes ? sizes[dtype] : 0;
}

const char *seqc_dtype_name(seqc_dtype_t dtype) {
  return unsigned(dtype) < sizeof sizes ? names[dtype] : names[0];
}

seqc_dtype_t seqc_dtype_from_name(const char *name) {
  for (unsigned i = 1; name && i < sizeof sizes; ++i)
    if (std::strcmp(name, names[i]) == 0)
      return seqc_dtype_t(i);
  return SEQC_DTYPE_NONE;
}

float seqc::rt::halfToFloat(uint16_t half) {
  uint32_t sign = uint32_t(half & 0x8000) << 16;
  uint32_t exponent = (half >> 10) & 0x1f, mantissa = half & 0x3ff;
  if (exponent == 0x1f)
    return std::bit_cast<float>(sign | 0x7f800000 | (mantissa << 13));
  if (exponent != 0)
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) |
                                (mantissa << 13));
  float magnitude = float(mantissa) * 0x1p-24f;
  return sign ? -magnitude : magnitude;
}

uint16_t seqc::rt::doubleToHalf(double value) {
  uint64_t bits = std::bit_cast<uint64_t>(value);
  auto sign = uint16_t((bits >> 48) & 0x8000);
  if (std::isnan(value))
    return uint16_t(sign | 0x7e00);
  double magnitude = std::fabs(value);
  if (magnitude >= 65520.0)
    return uint16_t(sign | 0x7c00);
  // The unit in the last place of the result, then rounding to even in double,
  // which is exact.
  int exponent = magnitude < 0x1p-14 ? -14 : std::ilogb(magnitude);
  double scaled = std::nearbyint(std::ldexp(magnitude, 10 - exponent));
  auto units = uint32_t(scaled);
  uint32_t biased = uint32_t(exponent + 14) << 10;
  return uint16_t(sign | (biased + units));
}

float seqc::rt::bfloatToFloat(uint16_t value) {
  return std::bit_cast<float>(uint32_t(value) << 16);
}

uint16_t seqc::rt::doubleToBfloat(double value) {
  auto bits = std::bit_cast<uint32_t>(float(value));
  if (std::isnan(value))
    return uint16_t((bits >> 16) | 0x40);
  // Rounding twice differs from once only when the first step made a tie.
  if ((bits & 0xffff) == 0x8000) {
    double rounded = double(std::bit_cast<float>(bits));
    if (std::fabs(rounded) > std::fabs(value))
      return uint16_t(bits >> 16);
    if (std::fabs(rounded) < std::fabs(value))
      return uint16_t((bits >> 16) + 1);
  }
  return uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

bool seqc::rt::isInteger(seqc_dtype_t dtype) {
  return dtype >= SEQC_I64 && dtype <= SEQC_I1;
}

/// Reads element `index` of an array of T that may be unaligned.
template <typename T>
static T load(const seqc_tensor_t &tensor, int64_t index) {
  T value;
  std::memcpy(&value,
              static_cast<const char *>(tensor.data) +
                  size_t(index) * sizeof(T),
              sizeof(T));
  return value;
}

template <typename T>
static void store(seqc_tensor_t &tensor, int64_t index, T value) {
  std::memcpy(static_cast<char *>(tensor.data) + size_t(index) * sizeof(T),
              &value, sizeof(T));
}

int64_t seqc::rt::integerAt(const seqc_tensor_t &tensor, int64_t index) {
  switch (tensor.dtype) {
  case SEQC_I64:
    return load<int64_t>(tensor, index);
  case SEQC_I32:
    return load<int32_t>(tensor, index);
  case SEQC_I16:
    return load<int16_t>(tensor, index);
  case SEQC_I8:
    return load<int8_t>(tensor, index);
  case SEQC_U64: {
    auto value = load<uint64_t>(tensor, index);
    return value > uint64_t(INT64_MAX) ? INT64_MAX : int64_t(value);
  }
  case SEQC_U32:
    return load<uint32_t>(tensor, index);
  case SEQC_U16:
    return load<uint16_t>(tensor, index);
  case SEQC_U8:
  case SEQC_I1:
    return load<uint8_t>(tensor, index);
  default:
    return 0;
  }
}

double seqc::rt::numberAt(const seqc_tensor_t &tensor, int64_t index) {
  switch (tensor.dtype) {
  case SEQC_F64:
    return load<double>(tensor, index);
  case SEQC_F32:
    return load<float>(tensor, index);
  case SEQC_F16:
    return halfToFloat(load<uint16_t>(tensor, index));
  case SEQC_BF16:
    return bfloatToFloat(load<uint16_t>(tensor, index));
  case SEQC_U64:
    return double(load<uint64_t>(tensor, index));
  default:
    return double(integerAt(tensor, index));
  }
}

/// Stores `value` if T can hold it.
template <typename T>
static bool storeChecked(seqc_tensor_t &tensor, int64_t index, int64_t value) {
  if constexpr (std::is_unsigned_v<T>) {
    if (value < 0 || uint64_t(value) > std::numeric_limits<T>::max())
      return false;
  } else if (value < std::numeric_limits<T>::min() ||
             value > std::numeric_limits<T>::max()) {
    return false;
  }
  store(tensor, index, T(value));
  return true;
}

bool seqc::rt::setInteger(seqc_tensor_t &tensor, int64_t index, int64_t value) {
  switch (tensor.dtype) {
  case SEQC_I64:
    return storeChecked<int64_t>(tensor, index, value);
  case SEQC_I32:
    return storeChecked<int32_t>(tensor, index, value);
  case SEQC_I16:
    return storeChecked<int16_t>(tensor, index, value);
  case SEQC_I8:
    return storeChecked<int8_t>(tensor, index, value);
  case SEQC_U64:
    return storeChecked<uint64_t>(tensor, index, value);
  case SEQC_U32:
    return storeChecked<uint32_t>(tensor, index, value);
  case SEQC_U16:
    return storeChecked<uint16_t>(tensor, index, value);
  case SEQC_U8:
    return storeChecked<uint8_t>(tensor, index, value);
  case SEQC_I1:
    if (value != 0 && value != 1)
      return false;
    return storeChecked<uint8_t>(tensor, index, value);
  default:
    return setNumber(tensor, index, double(value));
  }
}

bool seqc::rt::setNumber(seqc_tensor_t &tensor, int64_t index, double value) {
  switch (tensor.dtype) {
  case SEQC_F64:
    store(tensor, index, value);
    return true;
  case SEQC_F32:
    store(tensor, index, float(value));
    return true;
  case SEQC_F16:
    store(tensor, index, doubleToHalf(value));
    return true;
  case SEQC_BF16:
    store(tensor, index, doubleToBfloat(value));
    return true;
  case SEQC_U64:
    if (!(value >= 0 && value < 0x1p64) || std::trunc(value) != value)
      return false;
    store(tensor, index, uint64_t(value));
    return true;
  default:
    if (!(value >= -0x1p63 && value < 0x1p63) || std::trunc(value) != value)
      return false;
    return setInteger(tensor, index, int64_t(value));
  }
}
