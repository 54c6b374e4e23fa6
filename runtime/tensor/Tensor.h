//===- Tensor.h - Typed arrays -------------------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_TENSOR_TENSOR_H
#define SEQC_RUNTIME_TENSOR_TENSOR_H

#include "runtime/core/Status.h"

#include <atomic>
#include <cstdint>

/// A contiguous, row-major array with a reference count.
struct seqc_tensor_t {
  std::atomic<int32_t> references{1};
  seqc_dtype_t dtype = SEQC_DTYPE_NONE;
  int32_t rank = 0;
  int64_t shape[SEQC_MAX_RANK] = {};
  void *data = nullptr;
  /// Bytes in use, and bytes `data` has room for.
  size_t numBytes = 0;
  size_t capacity = 0;
  /// Ends the life of `data`.
  seqc_release_fn release = nullptr;
  void *user = nullptr;
};

namespace seqc::rt {

/// A counted reference to a tensor.
class TensorRef {
public:
  TensorRef() = default;
  /// Takes over one reference.
  explicit TensorRef(seqc_tensor_t *tensor) : tensor(tensor) {}
  TensorRef(const TensorRef &other)
      : tensor(other.tensor ? seqc_tensor_retain(other.tensor) : nullptr) {}
  TensorRef(TensorRef &&other) noexcept
      : tensor(std::exchange(other.tensor, nullptr)) {}
  TensorRef &operator=(TensorRef other) noexcept {
    std::swap(tensor, other.tensor);
    return *this;
  }
  ~TensorRef() { seqc_tensor_release(tensor); }

  /// Adds a reference to a tensor that someone else holds.
  static TensorRef share(seqc_tensor_t *tensor) {
    return TensorRef(tensor ? seqc_tensor_retain(tensor) : nullptr);
  }

  seqc_tensor_t *get() const { return tensor; }
  seqc_tensor_t *operator->() const { return tensor; }
  explicit operator bool() const { return tensor != nullptr; }
  seqc_tensor_t *release() { return std::exchange(tensor, nullptr); }

private:
  seqc_tensor_t *tensor = nullptr;
};

/// Number of elements and bytes of a shape, or a failure if it is not one.
Status checkShape(seqc_dtype_t dtype, int32_t rank, const int64_t *shape,
                  int64_t &outElements, size_t &outBytes);

/// A tensor of zeros.
Result<TensorRef> createTensor(seqc_dtype_t dtype, int32_t rank,
                               const int64_t *shape);

/// A tensor whose contents are undefined and that has room for `capacity`
/// bytes at least.
Result<TensorRef> createUninitialized(seqc_dtype_t dtype, int32_t rank,
                                      const int64_t *shape, size_t capacity);

/// Changes the type and shape of a tensor that nobody else holds and whose
/// memory is large enough.
void reshapeInPlace(seqc_tensor_t &tensor, seqc_dtype_t dtype, int32_t rank,
                    const int64_t *shape, size_t numBytes);

/// "[2, 3]".
std::string shapeToString(int32_t rank, const int64_t *shape);

/// "f32 [2, 3]".
std::string typeToString(const seqc_tensor_t &tensor);

/// True if the type is one of the integers, `i1` included.
bool isInteger(seqc_dtype_t dtype);

/// True if the type is one of the floating-point types.
inline bool isFloat(seqc_dtype_t dtype) {
  return dtype >= SEQC_F64 && dtype <= SEQC_BF16;
}

/// Element `index` of an integer tensor. Values of u64 above the range of
/// int64_t saturate.
int64_t integerAt(const seqc_tensor_t &tensor, int64_t index);

/// Element `index` of any tensor.
double numberAt(const seqc_tensor_t &tensor, int64_t index);

/// Stores an integer; false if the type cannot hold the value.
bool setInteger(seqc_tensor_t &tensor, int64_t index, int64_t value);

/// Stores a number, rounded to nearest even in floating-point types; false if
/// an integer type cannot hold it exactly.
bool setNumber(seqc_tensor_t &tensor, int64_t index, double value);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_TENSOR_TENSOR_H
