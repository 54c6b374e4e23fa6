//===- DLPack.cpp - Exchange of tensors ----------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tensor/Tensor.h"

#include <cstring>

using namespace seqc::rt;

namespace {

/// DLPack's name of an element type; bits 0 if it has none. DLPack of this
/// age has no bool: it is a u8 whose values are 0 and 1.
DLDataType toDLPack(seqc_dtype_t dtype) {
  DLDataType type{0, uint8_t(8 * seqc_dtype_size(dtype)), 1};
  switch (dtype) {
  case SEQC_F64:
  case SEQC_F32:
  case SEQC_F16:
    type.code = kDLFloat;
    break;
  case SEQC_BF16:
    type.code = kDLBfloat;
    break;
  case SEQC_I64:
  case SEQC_I32:
  case SEQC_I16:
  case SEQC_I8:
    type.code = kDLInt;
    break;
  default:
    type.code = kDLUInt;
  }
  return type;
}

/// Code that newer versions of DLPack give to bool.
constexpr uint8_t dlpackBool = 6;

seqc_dtype_t fromDLPack(DLDataType type) {
  if (type.lanes != 1)
    return SEQC_DTYPE_NONE;
  if (type.code == dlpackBool && type.bits == 8)
    return SEQC_I1;
  for (int i = SEQC_F64; i <= SEQC_U8; ++i) {
    DLDataType known = toDLPack(seqc_dtype_t(i));
    if (known.code == type.code && known.bits == type.bits)
      return seqc_dtype_t(i);
  }
  return SEQC_DTYPE_NONE;
}

void releaseManaged(void *user, void *) {
  auto *managed = static_cast<DLManagedTensor *>(user);
  if (managed->deleter)
    managed->deleter(managed);
}

/// What an exported tensor owns.
struct Export {
  DLManagedTensor managed;
  int64_t shape[SEQC_MAX_RANK];
  TensorRef tensor;
};

void deleteExport(DLManagedTensor *managed) {
  delete static_cast<Export *>(managed->manager_ctx);
}

/// True if the strides are those of a compact row-major array.
bool isCompact(const DLTensor &tensor) {
  if (!tensor.strides)
    return true;
  int64_t expected = 1;
  for (int i = tensor.ndim - 1; i >= 0; --i) {
    if (tensor.shape[i] == 0)
      return true;
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected)
      return false;
    expected *= tensor.shape[i];
  }
  return true;
}

/// Copies a strided array into a compact one.
void copyStrided(const DLTensor &from, const char *source, seqc_tensor_t &to) {
  size_t size = seqc_dtype_size(to.dtype);
  int64_t index[SEQC_MAX_RANK] = {};
  int64_t count = seqc_tensor_num_elements(&to);
  char *target = static_cast<char *>(to.data);
  for (int64_t n = 0; n < count; ++n) {
    int64_t offset = 0;
    for (int i = 0; i < from.ndim; ++i)
      offset += index[i] * from.strides[i];
    std::memcpy(target + size_t(n) * size, source + offset * int64_t(size),
                size);
    for (int i = from.ndim - 1; i >= 0 && ++index[i] == from.shape[i]; --i)
      index[i] = 0;
  }
}

} // namespace

seqc_status_t *seqc_tensor_from_dlpack(DLManagedTensor *managed,
                                       seqc_tensor_t **out_tensor) {
  return guard([&]() -> Status {
    if (!out_tensor)
      return invalid("out_tensor is NULL");
    *out_tensor = nullptr;
    if (!managed)
      return invalid("managed is NULL");
    const DLTensor &from = managed->dl_tensor;
    if (from.device.device_type != kDLCPU)
      return Status(SEQC_UNSUPPORTED,
                    "device type is " +
                        std::to_string(int(from.device.device_type)) +
                        "; only the CPU (1) is supported");
    seqc_dtype_t dtype = fromDLPack(from.dtype);
    if (dtype == SEQC_DTYPE_NONE)
      return Status(
          SEQC_UNSUPPORTED,
          "element type with code " + std::to_string(from.dtype.code) + ", " +
              std::to_string(from.dtype.bits) + " bits and " +
              std::to_string(from.dtype.lanes) + " lanes is not supported");
    int64_t elements;
    size_t bytes;
    if (Status status =
            checkShape(dtype, from.ndim, from.shape, elements, bytes);
        !status.ok())
      return status;
    if (!from.data && bytes > 0)
      return invalid("data is NULL");
    char *data = static_cast<char *>(from.data) + from.byte_offset;
    if (isCompact(from)) {
      auto *tensor = new seqc_tensor_t;
      tensor->data = data;
      tensor->release = releaseManaged;
      tensor->user = managed;
      reshapeInPlace(*tensor, dtype, from.ndim, from.shape, bytes);
      *out_tensor = tensor;
      return {};
    }
    Result<TensorRef> tensor =
        createUninitialized(dtype, from.ndim, from.shape, 0);
    if (!tensor)
      return tensor.status();
    copyStrided(from, data, *tensor->get());
    releaseManaged(managed, nullptr);
    *out_tensor = tensor->release();
    return {};
  });
}

seqc_status_t *seqc_tensor_to_dlpack(seqc_tensor_t *tensor,
                                     DLManagedTensor **out_managed) {
  return guard([&]() -> Status {
    if (!out_managed)
      return invalid("out_managed is NULL");
    *out_managed = nullptr;
    if (!tensor)
      return invalid("tensor is NULL");
    auto *object = new Export();
    object->tensor = TensorRef::share(tensor);
    DLTensor &view = object->managed.dl_tensor;
    view.data = tensor->data;
    view.device = {kDLCPU, 0};
    view.ndim = tensor->rank;
    view.dtype = toDLPack(tensor->dtype);
    for (int32_t i = 0; i < tensor->rank; ++i)
      object->shape[i] = tensor->shape[i];
    view.shape = object->shape;
    object->managed.manager_ctx = object;
    object->managed.deleter = deleteExport;
    *out_managed = &object->managed;
    return {};
  });
}
