//===- NpyFile.cpp - NumPy arrays ----------------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/TensorFile.h"

#include <algorithm>
#include <charconv>
#include <cstring>

using namespace seqc::cli;
using namespace seqc::rt;

namespace {

constexpr std::string_view magic = "\x93NUMPY";

/// NumPy's names of element types. It has none for bf16, which is written as
/// raw 16-bit values.
struct NpyType {
  const char *name;
  seqc_dtype_t dtype;
};

constexpr NpyType types[] = {
    {"<f8", SEQC_F64}, {"<f4", SEQC_F32}, {"<f2", SEQC_F16}, {"<V2", SEQC_BF16},
    {"<i8", SEQC_I64}, {"<i4", SEQC_I32}, {"<i2", SEQC_I16}, {"|i1", SEQC_I8},
    {"<u8", SEQC_U64}, {"<u4", SEQC_U32}, {"<u2", SEQC_U16}, {"|u1", SEQC_U8},
    {"|b1", SEQC_I1},
};

Status malformed(const std::string &what) {
  return invalid("malformed .npy: " + what);
}

/// What the header says.
struct NpyHeader {
  std::string descr;
  bool fortran = false;
  std::vector<int64_t> shape;
};

/// Reads the Python dictionary of the header; only the forms that NumPy
/// writes.
class HeaderReader {
public:
  explicit HeaderReader(std::string_view text) : text(text) {}

  Status read(NpyHeader &header) {
    if (!take('{'))
      return malformed("header does not begin with '{'");
    bool seen[3] = {};
    while (!take('}')) {
      std::string key;
      if (!readString(key) || !take(':'))
        return malformed("header has no key where one is expected");
      bool good = false;
      if (key == "descr")
        seen[0] = good = readString(header.descr);
      else if (key == "fortran_order")
        seen[1] = good = readBool(header.fortran);
      else if (key == "shape")
        seen[2] = good = readShape(header.shape);
      if (!good)
        return malformed("header has a bad '" + key + "'");
      take(',');
    }
    if (!seen[0] || !seen[1] || !seen[2])
      return malformed("header lacks 'descr', 'fortran_order' or 'shape'");
    return {};
  }

private:
  void skipSpace() {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\n'))
      text.remove_prefix(1);
  }
  bool take(char c) {
    skipSpace();
    if (text.empty() || text.front() != c)
      return false;
    text.remove_prefix(1);
    return true;
  }
  bool readString(std::string &value) {
    skipSpace();
    if (text.empty() || (text.front() != '\'' && text.front() != '"'))
      return false;
    size_t end = text.find(text.front(), 1);
    if (end == text.npos)
      return false;
    value = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    return true;
  }
  bool readBool(bool &value) {
    skipSpace();
    for (bool candidate : {false, true}) {
      std::string_view word = candidate ? "True" : "False";
      if (text.substr(0, word.size()) != word)
        continue;
      text.remove_prefix(word.size());
      value = candidate;
      return true;
    }
    return false;
  }
  bool readShape(std::vector<int64_t> &shape) {
    if (!take('('))
      return false;
    while (!take(')')) {
      skipSpace();
      int64_t extent;
      auto [end, error] =
          std::from_chars(text.data(), text.data() + text.size(), extent);
      if (error != std::errc() || extent < 0 || shape.size() >= SEQC_MAX_RANK)
        return false;
      text.remove_prefix(size_t(end - text.data()));
      shape.push_back(extent);
      take(',');
    }
    return true;
  }

  std::string_view text;
};

/// Copies column-major contents into a row-major tensor.
void copyTransposed(const char *source, seqc_tensor_t &tensor) {
  size_t size = seqc_dtype_size(tensor.dtype);
  int64_t count = seqc_tensor_num_elements(&tensor);
  int64_t index[SEQC_MAX_RANK] = {};
  auto *target = static_cast<char *>(tensor.data);
  for (int64_t n = 0; n < count; ++n) {
    int64_t offset = 0;
    for (int32_t i = tensor.rank - 1; i >= 0; --i)
      offset = offset * tensor.shape[i] + index[i];
    std::memcpy(target + size_t(n) * size, source + size_t(offset) * size,
                size);
    for (int32_t i = tensor.rank - 1; i >= 0 && ++index[i] == tensor.shape[i];
         --i)
      index[i] = 0;
  }
}

/// Reverses the bytes of every element.
void swapBytes(seqc_tensor_t &tensor) {
  size_t size = seqc_dtype_size(tensor.dtype);
  auto *bytes = static_cast<char *>(tensor.data);
  for (size_t i = 0; i + size <= tensor.numBytes; i += size)
    std::reverse(bytes + i, bytes + i + size);
}

/// Splits a file into its header and its contents.
Status splitNpy(std::string_view bytes, std::string_view &header,
                std::string_view &contents) {
  if (bytes.substr(0, magic.size()) != magic || bytes.size() < 10)
    return malformed("it does not begin with NumPy's mark");
  auto byteAt = [&](size_t i) { return size_t((unsigned char)bytes[i]); };
  unsigned major = unsigned(byteAt(6));
  size_t length = byteAt(8) | byteAt(9) << 8, begin = 10;
  if (major >= 2) {
    if (bytes.size() < 12)
      return malformed("it ends inside its header");
    length |= byteAt(10) << 16 | byteAt(11) << 24;
    begin = 12;
  }
  if (major < 1 || major > 3)
    return malformed("version " + std::to_string(major) + " is unknown");
  if (length > bytes.size() - begin)
    return malformed("header of " + std::to_string(length) +
                     " bytes lies beyond the end of the file");
  header = bytes.substr(begin, length);
  contents = bytes.substr(begin + length);
  return {};
}

} // namespace

Result<TensorRef> seqc::cli::parseNpy(std::string_view bytes) {
  std::string_view text, contents;
  if (Status status = splitNpy(bytes, text, contents); !status.ok())
    return status;
  NpyHeader header;
  if (Status status = HeaderReader(text).read(header); !status.ok())
    return status;
  bool swapped = !header.descr.empty() && header.descr[0] == '>';
  std::string name = header.descr;
  if (swapped || (!name.empty() && name[0] == '='))
    name[0] = '<';
  if (name == "<i1" || name == "<u1" || name == "<b1")
    name[0] = '|';
  if (name == "|V2")
    name[0] = '<';
  seqc_dtype_t dtype = SEQC_DTYPE_NONE;
  for (const NpyType &type : types)
    if (name == type.name)
      dtype = type.dtype;
  if (dtype == SEQC_DTYPE_NONE)
    return Status(SEQC_UNSUPPORTED, ".npy of element type '" + header.descr +
                                        "' is not supported");
  int64_t elements;
  size_t numBytes;
  if (Status status = checkShape(dtype, int32_t(header.shape.size()),
                                 header.shape.data(), elements, numBytes);
      !status.ok())
    return malformed(status.message());
  if (contents.size() < numBytes)
    return malformed(
        "shape " +
        shapeToString(int32_t(header.shape.size()), header.shape.data()) +
        " needs " + std::to_string(numBytes) + " bytes; the file has " +
        std::to_string(contents.size()));
  Result<TensorRef> tensor =
      createTensor(dtype, int32_t(header.shape.size()), header.shape.data());
  if (!tensor)
    return tensor;
  if (header.fortran && header.shape.size() > 1)
    copyTransposed(contents.data(), *tensor->get());
  else if (numBytes > 0)
    std::memcpy((*tensor)->data, contents.data(), numBytes);
  if (swapped)
    swapBytes(*tensor->get());
  return tensor;
}

std::string seqc::cli::formatNpy(const seqc_tensor_t &tensor) {
  const char *descr = "<f4";
  for (const NpyType &type : types)
    if (type.dtype == tensor.dtype)
      descr = type.name;
  std::string header = std::string("{'descr': '") + descr +
                       "', 'fortran_order': False, 'shape': (";
  for (int32_t i = 0; i < tensor.rank; ++i)
    header += std::to_string(tensor.shape[i]) +
              (tensor.rank == 1 || i + 1 < tensor.rank ? "," : "") +
              (i + 1 < tensor.rank ? " " : "");
  header += "), }";
  // Contents begin at a multiple of 64 bytes.
  while ((magic.size() + 4 + header.size() + 1) % 64 != 0)
    header += ' ';
  header += '\n';
  std::string file(magic);
  file += '\x01';
  file += '\0';
  file += char(header.size() & 0xff);
  file += char(header.size() >> 8);
  file += header;
  file.append(static_cast<const char *>(tensor.data), tensor.numBytes);
  return file;
}
