//===- SharedObject.cpp - Models in files --------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/loader/ElfFile.h"
#include "runtime/loader/Model.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>

using namespace seqc::rt;

/// Puts the file's name before a message.
static Status inFile(const std::string &path, Status status) {
  return Status(status.code(), path + ": " + status.message());
}

/// The symbol that gives the table of a model with this metadata.
static Result<std::string> findSymbol(const nlohmann::json &metadata) {
  auto symbols = metadata.find("symbols");
  if (symbols == metadata.end())
    return std::string(SEQC_ABI_MODEL_SYMBOL);
  std::string name = symbols->is_string() ? symbols->get<std::string>() : "";
  auto inName = [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
  };
  if (name.empty() || !std::all_of(name.begin(), name.end(), inName))
    return invalid("metadata: 'symbols' must be the beginning of a C name");
  std::string_view symbol = SEQC_ABI_MODEL_SYMBOL;
  symbol.remove_prefix(std::string_view(SEQC_ABI_SYMBOL_PREFIX).size());
  return name.append(symbol);
}

/// Loads a file whose structure has been checked.
static Status loadLibrary(const std::string &path, const std::string &getter,
                          bool verified, seqc_model_t &model) {
  // Without a slash the dynamic linker would search its own folders.
  std::string name = path.find('/') == path.npos ? "./" + path : path;
  model.library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!model.library) {
    std::string problem = dlerror();
    auto names = [&](const char *part) {
      return problem.find(part) != problem.npos;
    };
    seqc_status_code_t code = SEQC_INVALID_ARGUMENT;
    if (names("ISA level"))
      code = SEQC_INCOMPATIBLE;
    // The structure of the file has been checked: what cannot be mapped finds
    // no memory.
    else if (names("failed to map segment") || names("cannot map zero-fill") ||
             names("annot allocate"))
      code = SEQC_RESOURCE_EXHAUSTED;
    return Status(code, "cannot be loaded: " + problem);
  }
  void *symbol = dlsym(model.library, getter.c_str());
  if (!symbol)
    return Status(SEQC_INCOMPATIBLE,
                  "no symbol '" + getter +
                      "': made for another version of the runtime");
  seqc_abi_model_getter getTable;
  static_assert(sizeof getTable == sizeof symbol);
  std::memcpy(&getTable, &symbol, sizeof getTable);
  return adoptTable(getTable(), model, verified);
}

seqc_status_t *seqc_model_load(const char *path, seqc_model_t **out_model) {
  return guard([&]() -> Status {
    if (!out_model)
      return invalid("out_model is NULL");
    *out_model = nullptr;
    if (!path)
      return invalid("path is NULL");
    auto model = std::make_unique<seqc_model_t>();
    std::string symbol;
    bool verified = false;
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
      Result<std::string> name = findSymbol(*metadata);
      if (!name)
        return inFile(path, name.status());
      symbol = std::move(*name);
      verified = elf->verified;
    }
    if (Status status = loadLibrary(path, symbol, verified, *model);
        !status.ok())
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
