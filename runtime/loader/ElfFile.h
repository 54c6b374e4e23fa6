//===- ElfFile.h - Examination of artefacts ------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads an ELF file of any origin without trusting it: nothing is mapped for
// execution, every offset is checked against the file's size.
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_LOADER_ELFFILE_H
#define SEQC_RUNTIME_LOADER_ELFFILE_H

#include "runtime/core/Status.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace seqc::rt {

/// A file mapped for reading.
class MappedFile {
public:
  MappedFile() = default;
  MappedFile(MappedFile &&other) noexcept
      : data(std::exchange(other.data, nullptr)),
        size(std::exchange(other.size, 0)) {}
  MappedFile &operator=(MappedFile &&) = delete;
  ~MappedFile();

  /// Maps `path`; IO if it cannot be read or is no regular file.
  static Result<MappedFile> open(const std::string &path);

  std::string_view bytes() const { return {data, size}; }

private:
  const char *data = nullptr;
  size_t size = 0;
};

/// What an ELF file turned out to be.
enum class ElfKind { Object, SharedObject, Executable };

/// The parts of an ELF file that matter here. Views into the file's bytes.
struct ElfFile {
  ElfKind kind = ElfKind::SharedObject;
  /// Contents of the metadata section.
  std::string_view metadata;
  /// A trailer was present and its digest was right.
  bool verified = false;
};

/// Examines an artefact. INVALID_ARGUMENT if it is no ELF file, is damaged, or
/// has no metadata section; INCOMPATIBLE if it is for another machine.
Result<ElfFile> examineElf(std::string_view bytes);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_LOADER_ELFFILE_H
