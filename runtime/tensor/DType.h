//===- DType.h - Element types -------------------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_TENSOR_DTYPE_H
#define SEQC_RUNTIME_TENSOR_DTYPE_H

#include <cstdint>

namespace seqc::rt {

/// The value of an IEEE half.
float halfToFloat(uint16_t half);

/// The nearest IEEE half, ties to even.
uint16_t doubleToHalf(double value);

/// The value of a bfloat16.
float bfloatToFloat(uint16_t value);

/// The nearest bfloat16, ties to even.
uint16_t doubleToBfloat(double value);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_TENSOR_DTYPE_H
