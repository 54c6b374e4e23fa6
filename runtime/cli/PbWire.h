//===- PbWire.h - The wire format of protobuf ----------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CLI_PBWIRE_H
#define SEQC_RUNTIME_CLI_PBWIRE_H

#include <cstdint>
#include <string_view>

namespace seqc::cli {

/// A position in a message.
class WireReader {
public:
  explicit WireReader(std::string_view bytes) : bytes(bytes) {}

  bool done() const { return bytes.empty(); }

  bool varint(uint64_t &value) {
    value = 0;
    for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
      auto byte = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      value |= uint64_t(byte & 0x7f) << shift;
      if (!(byte & 0x80))
        return true;
    }
    return false;
  }

  bool take(uint64_t size, std::string_view &value) {
    if (size > bytes.size())
      return false;
    value = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return true;
  }

  /// Reads a field's key and body: a varint's value, or the bytes of any other
  /// kind.
  bool field(unsigned &number, unsigned &kind, uint64_t &value,
             std::string_view &body) {
    uint64_t key;
    if (!varint(key) || key >> 3 == 0 || key >> 3 > 0x1fffffff)
      return false;
    number = unsigned(key >> 3);
    kind = unsigned(key & 7);
    switch (kind) {
    case 0:
      return varint(value);
    case 1:
      return take(8, body);
    case 2:
      return varint(value) && take(value, body);
    case 5:
      return take(4, body);
    default:
      return false;
    }
  }

private:
  std::string_view bytes;
};

} // namespace seqc::cli

#endif // SEQC_RUNTIME_CLI_PBWIRE_H
