//===- NpzFile.cpp - NumPy archives --------------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/TensorFile.h"

#include <cstring>
#include <zlib.h>

using namespace seqc::cli;
using namespace seqc::rt;

namespace {

/// No member expands to more than this factor: deflate cannot do better.
constexpr uint64_t maxExpansion = 1040;

Status malformed(const std::string &what) {
  return invalid("malformed .npz: " + what);
}

/// A little-endian number of `size` bytes; 0 beyond the end, which callers
/// have excluded.
uint64_t numberOf(std::string_view bytes, size_t offset, int size) {
  uint64_t value = 0;
  for (int i = 0; i < size && offset + size_t(i) < bytes.size(); ++i)
    value |= uint64_t((unsigned char)bytes[offset + size_t(i)]) << (8 * i);
  return value;
}

/// One entry of the central directory.
struct Member {
  std::string name;
  unsigned method = 0;
  uint32_t crc = 0;
  uint64_t packedSize = 0, size = 0, offset = 0;
};

/// Replaces sizes and offset by the 64-bit values of an extra field, where the
/// 32-bit ones are all ones.
void readZip64(std::string_view extra, Member &member) {
  while (extra.size() >= 4) {
    size_t id = numberOf(extra, 0, 2), length = numberOf(extra, 2, 2);
    std::string_view body = extra.substr(4, length);
    if (id == 1) {
      for (uint64_t *field :
           {&member.size, &member.packedSize, &member.offset}) {
        if (*field != 0xffffffff || body.size() < 8)
          continue;
        *field = numberOf(body, 0, 8);
        body.remove_prefix(8);
      }
      return;
    }
    extra.remove_prefix(std::min(extra.size(), 4 + length));
  }
}

/// Finds the central directory: its entries, and where it begins.
Status findDirectory(std::string_view bytes, uint64_t &count,
                     uint64_t &offset) {
  constexpr size_t endSize = 22, maxComment = 65535;
  if (bytes.size() < endSize)
    return malformed("it is too short");
  size_t lowest = bytes.size() > endSize + maxComment
                      ? bytes.size() - endSize - maxComment
                      : 0;
  for (size_t at = bytes.size() - endSize + 1; at-- > lowest;) {
    if (numberOf(bytes, at, 4) != 0x06054b50)
      continue;
    count = numberOf(bytes, at + 10, 2);
    offset = numberOf(bytes, at + 16, 4);
    if (at >= 20 && numberOf(bytes, at - 20, 4) == 0x07064b50) {
      uint64_t end64 = numberOf(bytes, at - 12, 8);
      if (end64 <= bytes.size() && bytes.size() - end64 >= 56 &&
          numberOf(bytes, end64, 4) == 0x06064b50) {
        count = numberOf(bytes, end64 + 32, 8);
        offset = numberOf(bytes, end64 + 48, 8);
      }
    }
    return {};
  }
  return malformed("it has no directory");
}

/// Expands deflated bytes.
Status expand(std::string_view packed, const Member &member,
              std::string &contents) {
  if (member.size / maxExpansion > packed.size())
    return malformed("'" + member.name + "' claims " +
                     std::to_string(member.size) + " bytes out of " +
                     std::to_string(packed.size()));
  contents.resize(member.size);
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return Status(SEQC_RESOURCE_EXHAUSTED, "out of memory");
  int result = Z_OK;
  size_t read = 0, written = 0;
  constexpr size_t piece = size_t(1) << 30;
  while (result == Z_OK) {
    stream.next_in =
        reinterpret_cast<Bytef *>(const_cast<char *>(packed.data() + read));
    stream.avail_in = uInt(std::min(piece, packed.size() - read));
    stream.next_out = reinterpret_cast<Bytef *>(contents.data() + written);
    stream.avail_out = uInt(std::min(piece, contents.size() - written));
    uInt in = stream.avail_in, out = stream.avail_out;
    result = inflate(&stream, Z_NO_FLUSH);
    read += in - stream.avail_in;
    written += out - stream.avail_out;
    if (in == stream.avail_in && out == stream.avail_out)
      break;
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END || written != contents.size())
    return malformed("'" + member.name + "' cannot be expanded");
  return {};
}

/// Reads one member's contents.
Status readMember(std::string_view bytes, const Member &member,
                  std::string &contents) {
  constexpr size_t headerSize = 30;
  if (member.offset > bytes.size() ||
      bytes.size() - member.offset < headerSize ||
      numberOf(bytes, member.offset, 4) != 0x04034b50)
    return malformed("'" + member.name + "' has no header");
  uint64_t begin = member.offset + headerSize +
                   numberOf(bytes, member.offset + 26, 2) +
                   numberOf(bytes, member.offset + 28, 2);
  if (begin > bytes.size() || member.packedSize > bytes.size() - begin)
    return malformed("'" + member.name + "' lies beyond the end of the file");
  std::string_view packed = bytes.substr(begin, member.packedSize);
  if (member.method == 0) {
    if (member.size != member.packedSize)
      return malformed("'" + member.name + "' has two sizes");
    contents = packed;
  } else if (member.method == 8) {
    if (Status status = expand(packed, member, contents); !status.ok())
      return status;
  } else {
    return Status(SEQC_UNSUPPORTED, ".npz member '" + member.name +
                                        "' uses compression method " +
                                        std::to_string(member.method));
  }
  uLong crc = crc32_z(0, reinterpret_cast<const Bytef *>(contents.data()),
                      contents.size());
  if (uint32_t(crc) != member.crc)
    return malformed("'" + member.name + "' has a wrong checksum");
  return {};
}

} // namespace

Result<std::vector<NamedTensor>> seqc::cli::parseNpz(std::string_view bytes) {
  uint64_t count = 0, at = 0;
  if (Status status = findDirectory(bytes, count, at); !status.ok())
    return status;
  constexpr size_t entrySize = 46;
  std::vector<NamedTensor> tensors;
  for (uint64_t i = 0; i < count; ++i) {
    if (at > bytes.size() || bytes.size() - at < entrySize ||
        numberOf(bytes, at, 4) != 0x02014b50)
      return malformed("its directory is cut off");
    Member member;
    member.method = unsigned(numberOf(bytes, at + 10, 2));
    member.crc = uint32_t(numberOf(bytes, at + 16, 4));
    member.packedSize = numberOf(bytes, at + 20, 4);
    member.size = numberOf(bytes, at + 24, 4);
    member.offset = numberOf(bytes, at + 42, 4);
    size_t nameSize = numberOf(bytes, at + 28, 2);
    size_t extraSize = numberOf(bytes, at + 30, 2);
    size_t commentSize = numberOf(bytes, at + 32, 2);
    at += entrySize;
    if (nameSize + extraSize + commentSize > bytes.size() - at)
      return malformed("its directory is cut off");
    member.name = bytes.substr(at, nameSize);
    readZip64(bytes.substr(at + nameSize, extraSize), member);
    at += nameSize + extraSize + commentSize;
    constexpr std::string_view suffix = ".npy";
    if (!std::string_view(member.name).ends_with(suffix))
      continue;
    std::string contents;
    if (Status status = readMember(bytes, member, contents); !status.ok())
      return status;
    Result<TensorRef> tensor = parseNpy(contents);
    if (!tensor) {
      Status status = tensor.status();
      return Status(status.code(),
                    "'" + member.name + "' in .npz: " + status.message());
    }
    member.name.resize(member.name.size() - suffix.size());
    tensors.emplace_back(std::move(member.name), std::move(*tensor));
  }
  return tensors;
}
