//===- ElfFile.cpp - Examination of artefacts ----------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/loader/ElfFile.h"

#include "runtime/abi/ModelAbi.h"

#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace seqc::rt;

MappedFile::~MappedFile() {
  if (data)
    munmap(const_cast<char *>(data), size);
}

Result<MappedFile> MappedFile::open(const std::string &path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return Status(SEQC_IO, "cannot open '" + path + "': " + strerror(errno));
  struct stat info;
  MappedFile file;
  std::string problem;
  seqc_status_code_t code = SEQC_IO;
  if (fstat(fd, &info) != 0) {
    problem = strerror(errno);
  } else if (!S_ISREG(info.st_mode)) {
    problem = S_ISDIR(info.st_mode) ? "is a folder" : "is no regular file";
  } else if (info.st_size > 0) {
    void *memory =
        mmap(nullptr, size_t(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    if (memory == MAP_FAILED) {
      if (errno == ENOMEM)
        code = SEQC_RESOURCE_EXHAUSTED;
      problem = strerror(errno);
    } else {
      file.data = static_cast<const char *>(memory);
      file.size = size_t(info.st_size);
    }
  }
  ::close(fd);
  if (!problem.empty())
    return Status(code, "cannot read '" + path + "': " + problem);
  return file;
}

namespace {

Status damaged(const std::string &what) {
  return invalid("artefact is damaged: " + what);
}

/// True if [offset, offset + size) lies inside the file.
bool inside(std::string_view bytes, uint64_t offset, uint64_t size) {
  return offset <= bytes.size() && size <= bytes.size() - offset;
}

/// Copies a structure out of the file, which may hold it unaligned.
template <typename T>
bool readAt(std::string_view bytes, uint64_t offset, T &value) {
  if (!inside(bytes, offset, sizeof(T)))
    return false;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return true;
}

/// Checks the digest of a trailer, if there is one, and removes it.
Status checkTrailer(std::string_view &bytes, bool &verified) {
  seqc_abi_trailer trailer;
  if (bytes.size() < sizeof trailer)
    return {};
  std::string_view body = bytes.substr(0, bytes.size() - sizeof trailer);
  readAt(bytes, body.size(), trailer);
  if (std::memcmp(trailer.magic, SEQC_ABI_TRAILER_MAGIC,
                  sizeof trailer.magic) != 0)
    return {};
  if (seqc_abi_digest(body.data(), body.size()) != trailer.digest)
    return damaged("its digest differs from the one it was written with");
  bytes = body;
  verified = true;
  return {};
}

/// Checks that all that is loaded lies inside the file, and tells an
/// executable from a shared object by its interpreter.
Status checkSegments(std::string_view bytes, const Elf64_Ehdr &header,
                     bool &hasInterpreter) {
  if (header.e_phnum == 0)
    return header.e_type == ET_REL ? Status() : damaged("it has no segments");
  if (header.e_phentsize != sizeof(Elf64_Phdr))
    return damaged("its program headers have the wrong size");
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!readAt(bytes, header.e_phoff + i * sizeof segment, segment))
      return damaged("its program headers lie beyond its end");
    if (!inside(bytes, segment.p_offset, segment.p_filesz))
      return damaged("segment " + std::to_string(i) + " ends at byte " +
                     std::to_string(segment.p_offset + segment.p_filesz) +
                     ", but the file has " + std::to_string(bytes.size()));
    if (segment.p_type == PT_LOAD && segment.p_memsz < segment.p_filesz)
      return damaged("segment " + std::to_string(i) +
                     " is larger in the file than in memory");
    hasInterpreter |= segment.p_type == PT_INTERP;
  }
  return {};
}

/// Finds the metadata section.
Status findMetadata(std::string_view bytes, const Elf64_Ehdr &header,
                    ElfFile &file) {
  if (header.e_shnum == 0 || header.e_shentsize != sizeof(Elf64_Shdr))
    return damaged("it has no section headers");
  Elf64_Shdr names;
  if (header.e_shstrndx >= header.e_shnum ||
      !readAt(bytes, header.e_shoff + header.e_shstrndx * sizeof names, names))
    return damaged("its section headers lie beyond its end");
  if (!inside(bytes, names.sh_offset, names.sh_size))
    return damaged("its section names lie beyond its end");
  std::string_view strings = bytes.substr(names.sh_offset, names.sh_size);
  bool found = false;
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    if (!readAt(bytes, header.e_shoff + i * sizeof section, section))
      return damaged("its section headers lie beyond its end");
    if (section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL)
      continue;
    if (!inside(bytes, section.sh_offset, section.sh_size))
      return damaged("section " + std::to_string(i) + " lies beyond its end");
    if (section.sh_name >= strings.size())
      return damaged("section " + std::to_string(i) + " has no name");
    std::string_view name = strings.substr(section.sh_name);
    name = name.substr(0, name.find('\0'));
    if (name != SEQC_ABI_METADATA_SECTION)
      continue;
    file.metadata = bytes.substr(section.sh_offset, section.sh_size);
    found = true;
  }
  if (!found)
    return invalid("not an artefact of seqc: it has no section "
                   "'" SEQC_ABI_METADATA_SECTION "'");
  // A terminating zero is no part of the text.
  while (!file.metadata.empty() && file.metadata.back() == '\0')
    file.metadata.remove_suffix(1);
  return {};
}

} // namespace

Result<ElfFile> seqc::rt::examineElf(std::string_view bytes) {
  ElfFile file;
  if (bytes.empty())
    return invalid("not an artefact of seqc: the file is empty");
  if (bytes.substr(0, SELFMAG) !=
      std::string_view(ELFMAG, std::min<size_t>(SELFMAG, bytes.size())))
    return invalid("not an artefact of seqc: no ELF file");
  if (Status status = checkTrailer(bytes, file.verified); !status.ok())
    return status;
  Elf64_Ehdr header;
  if (!readAt(bytes, 0, header))
    return damaged("it ends inside its header");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_X86_64)
    return Status(SEQC_INCOMPATIBLE,
                  "artefact is for ELF machine " +
                      std::to_string(header.e_machine) +
                      "; this runtime is for 64-bit x86 (62)");
  bool hasInterpreter = false;
  if (header.e_type != ET_REL && header.e_type != ET_DYN &&
      header.e_type != ET_EXEC)
    return damaged("its ELF type is " + std::to_string(header.e_type));
  if (Status status = checkSegments(bytes, header, hasInterpreter);
      !status.ok())
    return status;
  if (Status status = findMetadata(bytes, header, file); !status.ok())
    return status;
  if (header.e_type == ET_REL)
    file.kind = ElfKind::Object;
  else if (header.e_type == ET_EXEC || hasInterpreter)
    file.kind = ElfKind::Executable;
  return file;
}
