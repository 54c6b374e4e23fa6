//===- Model.cpp - Models and their signature ----------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/loader/Model.h"

#include "runtime/core/CpuFeatures.h"
#include "runtime/exec/DnnAdapter.h"

#include <nlohmann/json.hpp>

#include <dlfcn.h>

using namespace seqc::rt;

namespace {

/// Larger tables and texts are taken for damage.
constexpr uint32_t maxFunctions = 4096;
constexpr uint64_t maxMetadata = uint64_t(1) << 30;

/// Weights of at most this many bytes are compared with their digest whenever a
/// model is loaded: well below two milliseconds, with the pages that are read
/// for it.
constexpr uint64_t maxAlwaysVerified = uint64_t(8) << 20;

Status incompatible(std::string message) {
  return Status(SEQC_INCOMPATIBLE, std::move(message));
}

/// Chooses the first version of an entry's function that this CPU can run.
Status chooseFunction(const seqc_abi_model &table, const EntrySignature &entry,
                      const seqc_abi_function *&chosen) {
  std::string missing;
  bool found = false;
  for (uint32_t i = 0; i < table.num_functions; ++i) {
    const seqc_abi_function &function = table.functions[i];
    if (!function.name || !function.run || entry.name != function.name)
      continue;
    found = true;
    missing =
        firstMissingFeature(function.cpu_features ? function.cpu_features : "");
    if (missing.empty()) {
      chosen = &function;
      return {};
    }
  }
  if (!found)
    return invalid("artefact is damaged: its table has no function '" +
                   entry.name + "'");
  return incompatible("artefact is for another CPU: '" + entry.name +
                      "' needs the CPU feature '" + missing +
                      "', which this one lacks; compile with "
                      "--target-cpu=portable or for this CPU");
}

} // namespace

seqc_model_t::~seqc_model_t() {
  if (library)
    dlclose(library);
}

int seqc_model_t::findEntry(const char *name) const {
  if (!name)
    return 0;
  for (size_t i = 0; i < entries.size(); ++i)
    if (entries[i].name == name)
      return int(i);
  return -1;
}

Status seqc::rt::noSuchEntry(const seqc_model_t &model, const char *name) {
  std::string names;
  for (const EntrySignature &entry : model.entries)
    names += (names.empty() ? "'" : ", '") + entry.name + "'";
  return Status(SEQC_NOT_FOUND,
                std::string("no entry '") + name + "'; there are " + names);
}

Status seqc::rt::verifyWeights(const seqc_abi_model &table) {
  if (table.weights_size == 0 ||
      seqc_abi_digest(table.weights, table.weights_size) ==
          table.weights_digest)
    return {};
  return invalid("artefact is damaged: its weights differ from those it was "
                 "made with");
}

Status seqc::rt::adoptTable(const seqc_abi_model *table, seqc_model_t &model,
                            bool verified) {
  if (!table)
    return invalid("artefact is damaged: it has no table");
  if (table->magic != SEQC_ABI_MAGIC)
    return invalid("artefact is damaged: its table does not begin with the "
                   "mark of seqc");
  if (table->version != SEQC_ABI_VERSION)
    return incompatible(
        "artefact has ABI version " + std::to_string(table->version) +
        "; this runtime has version " + std::to_string(SEQC_ABI_VERSION));
  if (table->size < sizeof(seqc_abi_model) || !table->functions ||
      table->num_functions == 0 || table->num_functions > maxFunctions ||
      !table->metadata || table->metadata_size > maxMetadata ||
      (!table->weights && table->weights_size > 0))
    return invalid("artefact is damaged: its table is inconsistent");
  if (table->requirements & ~uint64_t(SEQC_ABI_REQUIRES_DNN))
    return incompatible("artefact needs something that this runtime does not "
                        "know (requirement bits " +
                        std::to_string(table->requirements) + ")");
  if ((table->requirements & SEQC_ABI_REQUIRES_DNN) && !dnnAdapter().version())
    return Status(SEQC_UNSUPPORTED,
                  "artefact calls oneDNN, which is not linked into this "
                  "program; compile with --backend=llvm");
  std::string_view text(table->metadata, table->metadata_size);
  while (!text.empty() && text.back() == '\0')
    text.remove_suffix(1);
  Result<nlohmann::json> metadata = parseMetadata(text);
  if (!metadata)
    return metadata.status();
  Result<std::vector<EntrySignature>> entries = parseSignatures(*metadata);
  if (!entries)
    return entries.status();
  model.table = table;
  model.metadata = text;
  model.entries = std::move(*entries);
  for (const EntrySignature &entry : model.entries) {
    const seqc_abi_function *function = nullptr;
    if (Status status = chooseFunction(*table, entry, function); !status.ok())
      return status;
    model.functions.push_back(function);
    std::vector<const seqc_abi_function *> &helpers =
        model.helperFunctions.emplace_back();
    for (const EntrySignature &helper : entry.helpers)
      if (Status status =
              chooseFunction(*table, helper, helpers.emplace_back());
          !status.ok())
        return status;
  }
  if (!verified && table->weights_size <= maxAlwaysVerified)
    return verifyWeights(*table);
  return {};
}

//===----------------------------------------------------------------------===//
// C API
//===----------------------------------------------------------------------===//

seqc_status_t *seqc_model_from_table(const void *table,
                                     seqc_model_t **out_model) {
  return guard([&]() -> Status {
    if (!out_model)
      return invalid("out_model is NULL");
    *out_model = nullptr;
    auto model = std::make_unique<seqc_model_t>();
    if (Status status =
            adoptTable(static_cast<const seqc_abi_model *>(table), *model);
        !status.ok())
      return status;
    *out_model = model.release();
    return {};
  });
}

seqc_status_t *seqc_model_verify(const seqc_model_t *model) {
  return guard([&]() -> Status {
    return model ? verifyWeights(*model->table) : invalid("model is NULL");
  });
}

seqc_model_t *seqc_model_retain(seqc_model_t *model) {
  if (model)
    model->references.fetch_add(1, std::memory_order_relaxed);
  return model;
}

void seqc_model_release(seqc_model_t *model) {
  if (model && model->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
    delete model;
}

const char *seqc_model_metadata(const seqc_model_t *model, size_t *out_size) {
  if (out_size)
    *out_size = model ? model->metadata.size() : 0;
  return model ? model->metadata.c_str() : "";
}

int32_t seqc_model_num_entries(const seqc_model_t *model) {
  return model ? int32_t(model->entries.size()) : 0;
}

const char *seqc_model_entry_name(const seqc_model_t *model, int32_t index) {
  if (!model || index < 0 || size_t(index) >= model->entries.size())
    return nullptr;
  return model->entries[size_t(index)].name.c_str();
}

/// Finds an entry for a function of the C API.
static Status findEntry(const seqc_model_t *model, const char *name,
                        const EntrySignature *&entry) {
  if (!model)
    return invalid("model is NULL");
  int index = model->findEntry(name);
  if (index < 0)
    return noSuchEntry(*model, name);
  entry = &model->entries[size_t(index)];
  return {};
}

seqc_status_t *seqc_model_entry_counts(const seqc_model_t *model,
                                       const char *entry, int32_t *out_inputs,
                                       int32_t *out_outputs) {
  return guard([&]() -> Status {
    const EntrySignature *signature = nullptr;
    Status status = findEntry(model, entry, signature);
    if (out_inputs)
      *out_inputs = signature ? int32_t(signature->inputs.size()) : 0;
    if (out_outputs)
      *out_outputs = signature ? int32_t(signature->outputs.size()) : 0;
    return status;
  });
}

/// Describes value `index` of `values`.
static Status describe(const EntrySignature &entry,
                       const std::vector<ValueSignature> &values,
                       const char *what, int32_t index,
                       seqc_value_info_t *info) {
  if (index < 0 || size_t(index) >= values.size())
    return Status(SEQC_NOT_FOUND, "entry '" + entry.name + "' has no " + what +
                                      " " + std::to_string(index) +
                                      "; it has " +
                                      std::to_string(values.size()));
  const ValueSignature &value = values[size_t(index)];
  info->name = value.name.c_str();
  info->dtype = value.dtype;
  info->rank = value.rank();
  info->has_default = value.fallback.has_value();
  for (size_t i = 0; i < value.shape.size(); ++i) {
    info->shape[i] = value.shape[i].extent;
    if (value.shape[i].symbol >= 0)
      info->dims[i] = entry.symbols[size_t(value.shape[i].symbol)].c_str();
  }
  return {};
}

/// Describes value `index` of an entry's inputs or outputs.
static seqc_status_t *
describe(const seqc_model_t *model, const char *entry,
         std::vector<ValueSignature> EntrySignature::*values, const char *what,
         int32_t index, seqc_value_info_t *out_info) {
  return guard([&]() -> Status {
    if (!out_info)
      return invalid("out_info is NULL");
    *out_info = {};
    const EntrySignature *signature = nullptr;
    if (Status status = findEntry(model, entry, signature); !status.ok())
      return status;
    return describe(*signature, signature->*values, what, index, out_info);
  });
}

seqc_status_t *seqc_model_input_info(const seqc_model_t *model,
                                     const char *entry, int32_t index,
                                     seqc_value_info_t *out_info) {
  return describe(model, entry, &EntrySignature::inputs, "input", index,
                  out_info);
}

seqc_status_t *seqc_model_output_info(const seqc_model_t *model,
                                      const char *entry, int32_t index,
                                      seqc_value_info_t *out_info) {
  return describe(model, entry, &EntrySignature::outputs, "output", index,
                  out_info);
}
