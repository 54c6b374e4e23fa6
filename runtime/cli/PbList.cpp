//===- PbList.cpp - ONNX sequences and optionals --------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// SequenceProto: field 3 tensor_values. OptionalProto: fields 3 tensor_value,
// 5 sequence_value. Both: 1 name, 2 elem_type.
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/PbWire.h"
#include "runtime/cli/TensorFile.h"

#include <cstring>

using namespace seqc::cli;
using namespace seqc::rt;

namespace {

Status malformed(const char *what) {
  return invalid(std::string("malformed .pb: ") + what);
}

Status addTensor(std::string_view bytes, PbList &list) {
  Result<NamedTensor> tensor = parsePb(bytes);
  if (!tensor)
    return tensor.status();
  list.tensors.push_back(std::move(tensor->second));
  return {};
}

Status addSequence(std::string_view bytes, PbList &list) {
  WireReader reader(bytes);
  while (!reader.done()) {
    unsigned number, kind;
    uint64_t value = 0;
    std::string_view body;
    if (!reader.field(number, kind, value, body))
      return malformed("it is no SequenceProto, or cut off");
    if (number == 3 && kind == 2)
      if (Status status = addTensor(body, list); !status.ok())
        return status;
  }
  return {};
}

} // namespace

Status seqc::cli::parsePbList(std::string_view bytes, PbList &list) {
  if (!list.isOptional)
    return list.isSequence ? addSequence(bytes, list) : addTensor(bytes, list);
  list.present = false;
  WireReader reader(bytes);
  while (!reader.done()) {
    unsigned number, kind;
    uint64_t value = 0;
    std::string_view body;
    if (!reader.field(number, kind, value, body))
      return malformed("it is no OptionalProto, or cut off");
    bool isValue = kind == 2 && number == (list.isSequence ? 5u : 3u);
    if (!isValue)
      continue;
    if (list.present)
      return malformed("an optional has two values");
    list.present = true;
    Status status =
        list.isSequence ? addSequence(body, list) : addTensor(body, list);
    if (!status.ok())
      return status;
  }
  return {};
}

Result<TensorRef> seqc::cli::makePart(const PbList &list, std::string_view part,
                                      seqc_dtype_t dtype,
                                      const std::vector<int64_t> &shape) {
  if (part == "present") {
    Result<TensorRef> made = createTensor(dtype, 0, nullptr);
    if (made)
      setInteger(*made->get(), 0, list.present);
    return made;
  }
  if (part == "value") {
    if (list.present)
      return list.tensors.front();
    std::vector<int64_t> extents(shape);
    for (int64_t &extent : extents)
      extent = extent < 0 ? 0 : extent;
    Result<TensorRef> made =
        createTensor(dtype, int32_t(extents.size()), extents.data());
    if (made && (*made)->numBytes > 0)
      std::memset((*made)->data, 0, (*made)->numBytes);
    return made;
  }
  int64_t count = int64_t(list.tensors.size());
  if (part == "shapes") {
    int64_t width = shape.size() == 2 ? shape[1] : 0,
            extents[] = {count, width};
    Result<TensorRef> made = createTensor(dtype, 2, extents);
    if (!made)
      return made;
    for (int64_t i = 0; i < count; ++i) {
      const TensorRef &tensor = list.tensors[size_t(i)];
      if (tensor->rank > width)
        return invalid("a tensor of the sequence has rank " +
                       std::to_string(tensor->rank) + "; required: at most " +
                       std::to_string(width));
      for (int64_t d = 0; d < width; ++d)
        setInteger(*made->get(), i * width + d,
                   d < tensor->rank ? tensor->shape[d] : -1);
    }
    return made;
  }
  if (part == "shape") {
    int64_t width = shape.size() == 1 ? shape[0] : 0;
    Result<TensorRef> made = createTensor(dtype, 1, &width);
    const TensorRef &tensor = list.tensors.front();
    if (made && tensor->rank > width)
      return invalid("a tensor has rank " + std::to_string(tensor->rank) +
                     "; required: at most " + std::to_string(width));
    for (int64_t d = 0; made && d < width; ++d)
      setInteger(*made->get(), d, d < tensor->rank ? tensor->shape[d] : -1);
    return made;
  }
  int64_t elements = 0;
  for (const TensorRef &tensor : list.tensors) {
    if (tensor->dtype != dtype)
      return invalid(std::string("a tensor holds ") +
                     seqc_dtype_name(tensor->dtype) +
                     "; required: " + seqc_dtype_name(dtype));
    elements += int64_t(tensor->numBytes / seqc_dtype_size(dtype));
  }
  Result<TensorRef> made = createTensor(dtype, 1, &elements);
  if (!made)
    return made;
  char *to = static_cast<char *>((*made)->data);
  for (const TensorRef &tensor : list.tensors) {
    if (tensor->numBytes > 0)
      std::memcpy(to, tensor->data, tensor->numBytes);
    to += tensor->numBytes;
  }
  return made;
}
