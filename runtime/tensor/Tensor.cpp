//===- Tensor.cpp - Typed arrays -----------------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tensor/Tensor.h"

#include <cstdlib>
#include <cstring>

using namespace seqc::rt;

namespace {

/// Memory made here is as aligned as what compiled code makes.
constexpr size_t alignment = 64;

/// No array is larger, so that sums of sizes cannot wrap.
constexpr uint64_t maxBytes = uint64_t(1) << 62;

void freeMemory(void *, void *data) { std::free(data); }

} // namespace

Status seqc::rt::checkShape(seqc_dtype_t dtype, int32_t rank,
                            const int64_t *shape, int64_t &outElements,
                            size_t &outBytes) {
  size_t elementSize = seqc_dtype_size(dtype);
  if (elementSize == 0)
    return invalid("unknown element type " + std::to_string(int(dtype)));
  if (rank < 0 || rank > SEQC_MAX_RANK)
    return invalid("rank is " + std::to_string(rank) + "; it must be 0 to " +
                   std::to_string(SEQC_MAX_RANK));
  if (rank > 0 && !shape)
    return invalid("shape is NULL");
  // Extents of zero must not hide an overflow of the others.
  uint64_t product = 1, elements = 1;
  for (int32_t i = 0; i < rank; ++i) {
    if (shape[i] < 0)
      return invalid("extent " + std::to_string(i) + " is " +
                     std::to_string(shape[i]) + "; it must not be negative");
    uint64_t extent = shape[i] == 0 ? 1 : uint64_t(shape[i]);
    if (__builtin_mul_overflow(product, extent, &product) ||
        product > maxBytes / elementSize)
      return invalid("shape " + shapeToString(rank, shape) + " of " +
                     seqc_dtype_name(dtype) + " is too large");
    elements *= uint64_t(shape[i]);
  }
  outElements = int64_t(elements);
  outBytes = size_t(elements) * elementSize;
  return {};
}

void seqc::rt::reshapeInPlace(seqc_tensor_t &tensor, seqc_dtype_t dtype,
                              int32_t rank, const int64_t *shape,
                              size_t numBytes) {
  tensor.dtype = dtype;
  tensor.rank = rank;
  for (int32_t i = 0; i < rank; ++i)
    tensor.shape[i] = shape[i];
  tensor.numBytes = numBytes;
}

Result<TensorRef> seqc::rt::createUninitialized(seqc_dtype_t dtype,
                                                int32_t rank,
                                                const int64_t *shape,
                                                size_t capacity) {
  int64_t elements;
  size_t bytes;
  if (Status status = checkShape(dtype, rank, shape, elements, bytes);
      !status.ok())
    return status;
  TensorRef tensor(new seqc_tensor_t);
  size_t room = bytes > capacity ? bytes : capacity;
  room = (room + alignment) & ~(alignment - 1);
  tensor->data = std::aligned_alloc(alignment, room);
  if (!tensor->data)
    return Status(SEQC_RESOURCE_EXHAUSTED, "no memory for a tensor of " +
                                               std::to_string(bytes) +
                                               " bytes");
  tensor->capacity = room;
  tensor->release = freeMemory;
  reshapeInPlace(*tensor.get(), dtype, rank, shape, bytes);
  return tensor;
}

Result<TensorRef> seqc::rt::createTensor(seqc_dtype_t dtype, int32_t rank,
                                         const int64_t *shape) {
  Result<TensorRef> tensor = createUninitialized(dtype, rank, shape, 0);
  if (tensor)
    std::memset((*tensor)->data, 0, (*tensor)->numBytes);
  return tensor;
}

std::string seqc::rt::shapeToString(int32_t rank, const int64_t *shape) {
  std::string text = "[";
  for (int32_t i = 0; i < rank; ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

std::string seqc::rt::typeToString(const seqc_tensor_t &tensor) {
  return std::string(seqc_dtype_name(tensor.dtype)) + " " +
         shapeToString(tensor.rank, tensor.shape);
}

//===----------------------------------------------------------------------===//
// C API
//===----------------------------------------------------------------------===//

seqc_status_t *seqc_tensor_create(seqc_dtype_t dtype, int32_t rank,
                                  const int64_t *shape,
                                  seqc_tensor_t **out_tensor) {
  return guard([&]() -> Status {
    if (!out_tensor)
      return invalid("out_tensor is NULL");
    *out_tensor = nullptr;
    Result<TensorRef> tensor = createTensor(dtype, rank, shape);
    if (!tensor)
      return tensor.status();
    *out_tensor = tensor->release();
    return {};
  });
}

seqc_status_t *seqc_tensor_wrap(seqc_dtype_t dtype, int32_t rank,
                                const int64_t *shape, void *data,
                                seqc_release_fn release, void *user,
                                seqc_tensor_t **out_tensor) {
  return guard([&]() -> Status {
    if (!out_tensor)
      return invalid("out_tensor is NULL");
    *out_tensor = nullptr;
    int64_t elements;
    size_t bytes;
    if (Status status = checkShape(dtype, rank, shape, elements, bytes);
        !status.ok())
      return status;
    if (!data && bytes > 0)
      return invalid("data is NULL");
    auto *tensor = new seqc_tensor_t;
    tensor->data = data;
    tensor->release = release;
    tensor->user = user;
    reshapeInPlace(*tensor, dtype, rank, shape, bytes);
    *out_tensor = tensor;
    return {};
  });
}

seqc_tensor_t *seqc_tensor_retain(seqc_tensor_t *tensor) {
  if (tensor)
    tensor->references.fetch_add(1, std::memory_order_relaxed);
  return tensor;
}

void seqc_tensor_release(seqc_tensor_t *tensor) {
  if (!tensor ||
      tensor->references.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  if (tensor->release)
    tensor->release(tensor->user, tensor->data);
  delete tensor;
}

seqc_dtype_t seqc_tensor_dtype(const seqc_tensor_t *tensor) {
  return tensor ? tensor->dtype : SEQC_DTYPE_NONE;
}

int32_t seqc_tensor_rank(const seqc_tensor_t *tensor) {
  return tensor ? tensor->rank : 0;
}

const int64_t *seqc_tensor_shape(const seqc_tensor_t *tensor) {
  return tensor ? tensor->shape : nullptr;
}

void *seqc_tensor_data(const seqc_tensor_t *tensor) {
  return tensor ? tensor->data : nullptr;
}

int64_t seqc_tensor_num_elements(const seqc_tensor_t *tensor) {
  if (!tensor)
    return 0;
  return int64_t(tensor->numBytes / seqc_dtype_size(tensor->dtype));
}

size_t seqc_tensor_num_bytes(const seqc_tensor_t *tensor) {
  return tensor ? tensor->numBytes : 0;
}
