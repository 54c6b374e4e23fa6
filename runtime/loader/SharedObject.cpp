//===- SharedObject.cpp - Models in files --------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/loader/ElfFile.h"
#include "runtime/loader/Model.h"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>

using namespace seqc::rt;

/// Puts the file's name before a message.
static Status inFile(const std::string &path, Status status) {
  return Status(status.code(), path + ": " + status.message());
}

/// Loads a file whose structure has been checked.
static Status loadLibrary(const std::string &path, seqc_model_t &model) {
  // Without a slash the dynamic linker would search its own folders.
  std::string name = path.find('/') == path.npos ? "./" + path : path;
  model.library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!model.library) {
    std::string problem = dlerror();
    bool otherCpu = problem.find("ISA level") != problem.npos;
    return Status(otherCpu ? SEQC_INCOMPATIBLE : SEQC_INVALID_ARGUMENT,
                  "cannot be loaded: " + problem);
  }
  void *symbol = dlsym(model.library, SEQC_ABI_MODEL_SYMBOL);
  if (!symbol)
    return Status(SEQC_INCOMPATIBLE,
                  "no symbol '" SEQC_ABI_MODEL_SYMBOL
                  "': made for another version of the runtime");
  seqc_abi_model_getter getter;
  static_assert(sizeof getter == sizeof symbol);
  std::memcpy(&getter, &symbol, sizeof getter);
  return adoptTable(getter(), model);
}

seqc_status_t *seqc_model_load(const char *path, seqc_model_t **out_model) {
  return guard([&]() -> Status {
    if (!out_model)
      return invalid("out_model is NULL");
    *out_model = nullptr;
    if (!path)
      return invalid("path is NULL");
    auto model = std::make_unique<seqc_model_t>();
    {
      Result<MappedFile> file = MappedFile::open(path);
      if (!file)
        return file.status();
      Result<ElfFile> elf = examineElf(file->bytes());
      if (!elf)
        return inFile(path, elf.status());
      if (elf->kind == ElfKind::Executable)
        return inFile(path, invalid("is an executable, which is run by itself; "
                                    "required: a shared object"));
      if (elf->kind == ElfKind::Object)
        return inFile(path, invalid("is an object file, which must be linked; "
                                    "required: a shared object"));
      // Also tells an artefact of another ABI version before it is mapped.
      Result<nlohmann::json> metadata = parseMetadata(elf->metadata);
      if (!metadata)
        return inFile(path, metadata.status());
    }
    if (Status status = loadLibrary(path, *model); !status.ok())
      return inFile(path, std::move(status));
    *out_model = model.release();
    return {};
  });
}

seqc_status_t *seqc_artefact_metadata(const char *path, char **out_json,
                                      size_t *out_size) {
  return guard([&]() -> Status {
    if (!path || !out_json)
      return invalid("path or out_json is NULL");
    *out_json = nullptr;
    if (out_size)
      *out_size = 0;
    Result<MappedFile> file = MappedFile::open(path);
    if (!file)
      return file.status();
    Result<ElfFile> elf = examineElf(file->bytes());
    if (!elf)
      return inFile(path, elf.status());
    size_t size = elf->metadata.size();
    auto *copy = static_cast<char *>(std::malloc(size + 1));
    if (!copy)
      return Status(SEQC_RESOURCE_EXHAUSTED, "out of memory");
    std::memcpy(copy, elf->metadata.data(), size);
    copy[size] = '\0';
    *out_json = copy;
    if (out_size)
      *out_size = size;
    return {};
  });
}

void seqc_free(void *memory) { std::free(memory); }
