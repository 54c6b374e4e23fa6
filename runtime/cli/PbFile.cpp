//===- PbFile.cpp - ONNX tensors -----------------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the wire format of TensorProto directly: fields 1 dims, 2 data_type,
// 4 float_data, 5 int32_data, 7 int64_data, 8 name, 9 raw_data,
// 10 double_data, 11 uint64_data, 14 data_location.
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/PbWire.h"
#include "runtime/cli/TensorFile.h"

#include <bit>
#include <cstring>

using namespace seqc::cli;
using namespace seqc::rt;

namespace {

Status malformed(const std::string &what) {
  return invalid("malformed .pb: " + what);
}

/// ONNX's numbers of element types. Integers of 2 and 4 bits lie packed in the
/// file, low bits first, and take a byte each in a tensor.
struct PbType {
  int number;
  seqc_dtype_t dtype;
  unsigned packedBits = 0;
};

constexpr PbType types[] = {
    {1, SEQC_F32},    {2, SEQC_U8},     {3, SEQC_I8},     {4, SEQC_U16},
    {5, SEQC_I16},    {6, SEQC_I32},    {7, SEQC_I64},    {9, SEQC_I1},
    {10, SEQC_F16},   {11, SEQC_F64},   {12, SEQC_U32},   {13, SEQC_U64},
    {16, SEQC_BF16},  {21, SEQC_U8, 4}, {22, SEQC_I8, 4}, {25, SEQC_U8, 2},
    {26, SEQC_I8, 2},
};

/// The fields of a TensorProto that matter.
struct PbTensor {
  std::vector<int64_t> dims;
  uint64_t type = 0;
  std::string name;
  std::string_view raw;
  bool hasRaw = false, external = false;
  std::vector<uint64_t> integers;
  std::vector<double> floats;
};

/// Reads one element or a packed run of integers.
bool readIntegers(unsigned kind, uint64_t value, std::string_view body,
                  std::vector<uint64_t> &out) {
  if (kind == 0) {
    out.push_back(value);
    return true;
  }
  WireReader reader(body);
  while (kind == 2 && !reader.done()) {
    if (!reader.varint(value))
      return false;
    out.push_back(value);
  }
  return kind == 2;
}

/// Reads one element or a packed run of floating-point numbers of type T.
template <typename T>
bool readFloats(std::string_view body, std::vector<double> &out) {
  if (body.size() % sizeof(T) != 0)
    return false;
  for (size_t i = 0; i < body.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, body.data() + i, sizeof(T));
    out.push_back(double(value));
  }
  return true;
}

bool readField(unsigned number, unsigned kind, uint64_t value,
               std::string_view body, PbTensor &tensor) {
  switch (number) {
  case 1: {
    std::vector<uint64_t> dims;
    if (!readIntegers(kind, value, body, dims) ||
        tensor.dims.size() + dims.size() > SEQC_MAX_RANK)
      return false;
    tensor.dims.insert(tensor.dims.end(), dims.begin(), dims.end());
    return true;
  }
  case 2:
    tensor.type = value;
    return kind == 0;
  case 4:
    return kind != 0 && readFloats<float>(body, tensor.floats);
  case 5:
  case 7:
  case 11:
    return readIntegers(kind, value, body, tensor.integers);
  case 8:
    tensor.name = body;
    return kind == 2;
  case 9:
    tensor.raw = body;
    tensor.hasRaw = true;
    return kind == 2;
  case 10:
    return kind != 0 && readFloats<double>(body, tensor.floats);
  case 14:
    tensor.external = value == 1;
    return kind == 0;
  default:
    return true;
  }
}

/// Fills a tensor from the typed fields.
Status fillTyped(const PbTensor &from, seqc_tensor_t &tensor,
                 int64_t elements) {
  bool floats = tensor.dtype == SEQC_F32 || tensor.dtype == SEQC_F64;
  size_t found = floats ? from.floats.size() : from.integers.size();
  if (found != size_t(elements))
    return malformed(std::to_string(found) + " elements found, shape has " +
                     std::to_string(elements));
  for (int64_t i = 0; i < elements; ++i) {
    if (floats) {
      setNumber(tensor, i, from.floats[size_t(i)]);
      continue;
    }
    uint64_t value = from.integers[size_t(i)];
    bool stored;
    if (tensor.dtype == SEQC_F16 || tensor.dtype == SEQC_BF16 ||
        tensor.dtype == SEQC_U64) {
      // These carry bits, not a signed number.
      size_t size = seqc_dtype_size(tensor.dtype);
      std::memcpy(static_cast<char *>(tensor.data) + size_t(i) * size, &value,
                  size);
      stored = size == 8 || value >> (8 * size) == 0;
    } else {
      stored = setInteger(tensor, i, int64_t(value));
    }
    if (!stored)
      return malformed("element " + std::to_string(i) + " does not fit " +
                       seqc_dtype_name(tensor.dtype));
  }
  return {};
}

/// Turns packed integers of `bits` bits into typed elements.
Status unpack(PbTensor &tensor, unsigned bits, bool isSigned,
              int64_t elements) {
  std::vector<uint64_t> bytes;
  if (tensor.hasRaw)
    for (char byte : tensor.raw)
      bytes.push_back(static_cast<unsigned char>(byte));
  else
    bytes = std::move(tensor.integers);
  uint64_t perByte = 8 / bits, count = uint64_t(elements);
  if (bytes.size() != count / perByte + (count % perByte != 0))
    return malformed(std::to_string(bytes.size()) + " bytes found, shape has " +
                     std::to_string(elements) + " elements of " +
                     std::to_string(bits) + " bits");
  tensor.hasRaw = false;
  tensor.integers.clear();
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t value = bytes[i / perByte] >> (i % perByte * bits);
    value &= (1u << bits) - 1;
    if (isSigned && value >> (bits - 1))
      value -= uint64_t(1) << bits;
    tensor.integers.push_back(value);
  }
  return {};
}

void appendVarint(std::string &out, uint64_t value) {
  while (value >= 0x80) {
    out += char(value | 0x80);
    value >>= 7;
  }
  out += char(value);
}

} // namespace

Result<NamedTensor> seqc::cli::parsePb(std::string_view bytes) {
  PbTensor from;
  WireReader reader(bytes);
  while (!reader.done()) {
    unsigned number, kind;
    uint64_t value = 0;
    std::string_view body;
    if (!reader.field(number, kind, value, body) ||
        !readField(number, kind, value, body, from))
      return malformed("it is no TensorProto, or cut off");
  }
  if (from.external)
    return Status(SEQC_UNSUPPORTED,
                  ".pb with external data is not supported as an input");
  seqc_dtype_t dtype = SEQC_DTYPE_NONE;
  unsigned packedBits = 0;
  for (const PbType &type : types)
    if (uint64_t(type.number) == from.type) {
      dtype = type.dtype;
      packedBits = type.packedBits;
    }
  if (dtype == SEQC_DTYPE_NONE)
    return Status(SEQC_UNSUPPORTED, ".pb of element type " +
                                        std::to_string(from.type) +
                                        " is not supported");
  int64_t elements;
  size_t size;
  int32_t rank = int32_t(from.dims.size());
  if (Status status = checkShape(dtype, rank, from.dims.data(), elements, size);
      !status.ok())
    return malformed(status.message());
  if (packedBits != 0)
    if (Status status = unpack(from, packedBits, dtype == SEQC_I8, elements);
        !status.ok())
      return status;
  // Sizes are compared before memory is taken.
  size_t found = from.floats.size() + from.integers.size();
  if (from.hasRaw ? from.raw.size() != size : found != size_t(elements))
    return malformed("shape " + shapeToString(rank, from.dims.data()) + " of " +
                     seqc_dtype_name(dtype) + " needs " + std::to_string(size) +
                     " bytes; the file has " +
                     (from.hasRaw ? std::to_string(from.raw.size())
                                  : std::to_string(found) + " elements"));
  Result<TensorRef> tensor = createTensor(dtype, rank, from.dims.data());
  if (!tensor)
    return tensor.status();
  if (from.hasRaw) {
    if (size > 0)
      std::memcpy((*tensor)->data, from.raw.data(), size);
  } else if (Status status = fillTyped(from, *tensor->get(), elements);
             !status.ok()) {
    return status;
  }
  return NamedTensor(from.name, std::move(*tensor));
}

std::string seqc::cli::formatPb(const seqc_tensor_t &tensor,
                                const std::string &name) {
  std::string out;
  for (int32_t i = 0; i < tensor.rank; ++i) {
    out += '\x08';
    appendVarint(out, uint64_t(tensor.shape[i]));
  }
  for (const PbType &type : types)
    if (type.dtype == tensor.dtype && type.packedBits == 0) {
      out += '\x10';
      appendVarint(out, uint64_t(type.number));
    }
  out += '\x42';
  appendVarint(out, name.size());
  out += name;
  out += '\x4a';
  appendVarint(out, tensor.numBytes);
  out.append(static_cast<const char *>(tensor.data), tensor.numBytes);
  return out;
}
