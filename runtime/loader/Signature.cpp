//===- Signature.cpp - What the metadata says about entries --------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/loader/Signature.h"

#include "runtime/abi/ModelAbi.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

using namespace seqc::rt;
using nlohmann::json;

bool seqc::rt::ValueSignature::mayBeInput(size_t index) const {
  return mayBeAnyInput || std::find(mayBeInputs.begin(), mayBeInputs.end(),
                                    index) != mayBeInputs.end();
}

namespace {

/// Deeper metadata is refused; real metadata has about six levels.
constexpr int maxNesting = 32;

/// Reads the parts of one entry.
class EntryReader {
public:
  EntryReader(EntrySignature &entry, std::string path)
      : entry(entry), path(std::move(path)) {}

  Status read(const json &object);

private:
  Status fail(const std::string &where, const std::string &what) const {
    return invalid("metadata: " + path + where + ": " + what);
  }
  Status readValues(const json &object, const char *key,
                    std::vector<ValueSignature> &values);
  Status readValue(const json &object, const std::string &where,
                   ValueSignature &value);
  Status readInPlace(const json &object, const std::string &where,
                     ValueSignature &value);
  Status readShape(const json &array, const std::string &where,
                   ValueSignature &value);
  Status readBound(const json &object, const char *key,
                   const std::string &where, std::optional<Bound> &bound);
  Status readGeneration(const json &object);

  /// Checks that bounds and defaults name dimensions of inputs.
  Status checkBounds();

  /// Index of a symbolic dimension, added if it is new.
  int symbolIndex(const std::string &name);

  EntrySignature &entry;
  std::string path;
};

int EntryReader::symbolIndex(const std::string &name) {
  for (size_t i = 0; i < entry.symbols.size(); ++i)
    if (entry.symbols[i] == name)
      return int(i);
  entry.symbols.push_back(name);
  return int(entry.symbols.size()) - 1;
}

Status EntryReader::readShape(const json &array, const std::string &where,
                              ValueSignature &value) {
  if (!array.is_array() || array.size() > SEQC_MAX_RANK)
    return fail(where + ".shape", "found " + std::string(array.type_name()) +
                                      "; required: an array of at most " +
                                      std::to_string(SEQC_MAX_RANK));
  for (const json &element : array) {
    Dimension dimension;
    if (element.is_string())
      dimension.symbol = symbolIndex(element.get_ref<const std::string &>());
    else if (element.is_number_integer() && element.get<int64_t>() >= -1)
      dimension.extent = element.get<int64_t>();
    else
      return fail(where + ".shape",
                  "found " + element.dump() +
                      "; required: an extent, -1 or a dimension's name");
    value.shape.push_back(dimension);
  }
  return {};
}

Status EntryReader::readBound(const json &object, const char *key,
                              const std::string &where,
                              std::optional<Bound> &bound) {
  auto it = object.find(key);
  if (it == object.end() || it->is_null())
    return {};
  Bound result;
  if (it->is_number()) {
    result.number = it->get<double>();
  } else if (it->is_object() && it->contains("dim") &&
             (*it)["dim"].is_string()) {
    result.symbol = symbolIndex((*it)["dim"].get_ref<const std::string &>());
  } else if (*it == "initializer" && key == std::string_view("default")) {
    result.isInitializer = true;
  } else {
    return fail(where + "." + key,
                "found " + std::string(it->type_name()) +
                    "; required: a number or {\"dim\": NAME}");
  }
  bound = result;
  return {};
}

Status EntryReader::readValue(const json &object, const std::string &where,
                              ValueSignature &value) {
  if (!object.is_object())
    return fail(where, "found " + std::string(object.type_name()) +
                           "; required: an object");
  auto name = object.find("name"), dtype = object.find("dtype"),
       shape = object.find("shape");
  if (name == object.end() || !name->is_string())
    return fail(where, "'name' is missing");
  value.name = name->get<std::string>();
  if (dtype == object.end() || !dtype->is_string())
    return fail(where, "'dtype' is missing");
  value.dtype = seqc_dtype_from_name(dtype->get<std::string>().c_str());
  if (value.dtype == SEQC_DTYPE_NONE)
    return fail(where + ".dtype",
                "found " + dtype->dump() + "; required: an element type");
  if (shape == object.end())
    return fail(where, "'shape' is missing");
  if (Status status = readShape(*shape, where, value); !status.ok())
    return status;
  if (Status status = readBound(object, "min", where, value.min); !status.ok())
    return status;
  if (Status status = readBound(object, "max", where, value.max); !status.ok())
    return status;
  if (Status status = readBound(object, "default", where, value.fallback);
      !status.ok())
    return status;
  if ((value.min || value.max) && !isInteger(value.dtype))
    return fail(where, "'min' and 'max' are for integers");
  auto of = object.find("of"), part = object.find("part");
  if (of != object.end() && of->is_string() && part != object.end() &&
      part->is_string()) {
    value.of = of->get<std::string>();
    value.part = part->get<std::string>();
  }
  return {};
}

Status EntryReader::readInPlace(const json &object, const std::string &where,
                                ValueSignature &value) {
  auto list = object.find("in_place");
  if (list == object.end())
    return {};
  if (list->is_boolean()) {
    value.mayBeAnyInput = list->get<bool>();
    return {};
  }
  if (!list->is_array())
    return fail(where + ".in_place", "found " + std::string(list->type_name()) +
                                         "; required: a list of inputs");
  for (const json &name : *list) {
    size_t index = 0;
    while (index < entry.inputs.size() && !(name == entry.inputs[index].name))
      ++index;
    if (index == entry.inputs.size())
      return fail(where + ".in_place",
                  "found " + name.dump() + "; required: names of inputs");
    value.mayBeInputs.push_back(index);
  }
  return {};
}

Status EntryReader::readValues(const json &object, const char *key,
                               std::vector<ValueSignature> &values) {
  auto it = object.find(key);
  if (it == object.end() || !it->is_array())
    return fail("", std::string("'") + key + "' is missing");
  for (size_t i = 0; i < it->size(); ++i) {
    std::string where = std::string(".") + key + "[" + std::to_string(i) + "]";
    ValueSignature value;
    if (Status status = readValue((*it)[i], where, value); !status.ok())
      return status;
    if (&values == &entry.outputs)
      if (Status status = readInPlace((*it)[i], where, value); !status.ok())
        return status;
    for (const ValueSignature &other : values)
      if (other.name == value.name)
        return fail(where + ".name", "'" + value.name + "' occurs twice");
    values.push_back(std::move(value));
  }
  return {};
}

Status EntryReader::checkBounds() {
  std::vector<bool> known(entry.symbols.size());
  for (const ValueSignature &value : entry.inputs)
    for (const Dimension &dimension : value.shape)
      if (dimension.symbol >= 0)
        known[size_t(dimension.symbol)] = true;
  for (const ValueSignature &value : entry.inputs)
    for (const std::optional<Bound> *bound :
         {&value.min, &value.max, &value.fallback})
      if (*bound && (*bound)->symbol >= 0 && !known[size_t((*bound)->symbol)])
        return fail(".inputs", "'" + value.name + "' names the dimension '" +
                                   entry.symbols[size_t((*bound)->symbol)] +
                                   "', which no input has");
  return {};
}

Status EntryReader::readGeneration(const json &object) {
  auto it = object.find("generation");
  if (it == object.end() || it->is_null())
    return {};
  if (!it->is_object())
    return fail(".generation", "found " + std::string(it->type_name()) +
                                   "; required: an object");
  GenerationInfo info;
  auto integer = [&](const char *key, int64_t &value) {
    auto field = it->find(key);
    if (field != it->end() && field->is_number_integer())
      value = field->get<int64_t>();
  };
  integer("width", info.width);
  integer("n_best", info.numBest);
  integer("max_new", info.maxNew);
  if (auto field = it->find("search"); field != it->end() && field->is_string())
    info.search = field->get<std::string>();
  if (auto field = it->find("length_penalty");
      field != it->end() && field->is_number())
    info.lengthPenalty = field->get<double>();
  entry.generation = info;
  return {};
}

Status EntryReader::read(const json &object) {
  if (!object.is_object())
    return fail("", "found " + std::string(object.type_name()) +
                        "; required: an object");
  auto name = object.find("name");
  if (name == object.end() || !name->is_string())
    return fail("", "'name' is missing");
  entry.name = name->get<std::string>();
  if (Status status = readValues(object, "inputs", entry.inputs); !status.ok())
    return status;
  if (Status status = checkBounds(); !status.ok())
    return status;
  if (Status status = readValues(object, "outputs", entry.outputs);
      !status.ok())
    return status;
  for (auto [key, helper] : {std::pair("plain", &entry.plainName),
                             std::pair("defaults", &entry.defaultsName)})
    if (auto other = object.find(key);
        other != object.end() && other->is_string())
      *helper = other->get<std::string>();
  return readGeneration(object);
}

/// Moves the entries that serve others to those, and checks that they fit.
Status placeHelpers(std::vector<EntrySignature> &entries) {
  std::vector<bool> placed(entries.size());
  for (EntrySignature &entry : entries) {
    bool wanted = std::any_of(
        entry.inputs.begin(), entry.inputs.end(),
        [](const ValueSignature &input) { return input.isInitializer(); });
    if (!wanted)
      continue;
    auto fail = [&](const std::string &what) {
      return invalid("metadata: entry '" + entry.name +
                     "' has initializers among its inputs, but " + what);
    };
    for (const std::string &name : {entry.plainName, entry.defaultsName}) {
      size_t at = 0;
      while (at < entries.size() && entries[at].name != name)
        ++at;
      if (at == entries.size() || placed[at] || &entries[at] == &entry ||
          !entries[at].plainName.empty())
        return fail("no entry '" + name + "' that serves it alone");
      placed[at] = true;
      entry.helpers.push_back(entries[at]);
    }
    const EntrySignature &plain = entry.helpers[0],
                         &defaults = entry.helpers[1];
    size_t next = 0;
    for (const ValueSignature &input : entry.inputs) {
      if (input.isInitializer()) {
        int at = defaults.findOutput(input.name);
        if (at < 0 || defaults.outputs[size_t(at)].dtype != input.dtype ||
            defaults.outputs[size_t(at)].rank() != input.rank())
          return fail("'" + defaults.name + "' does not give '" + input.name +
                      "'");
      } else if (next >= plain.inputs.size() ||
                 plain.inputs[next++].name != input.name) {
        return fail("'" + plain.name + "' has other inputs");
      }
    }
    if (next != plain.inputs.size() || !defaults.inputs.empty() ||
        plain.outputs.size() != entry.outputs.size())
      return fail("its helpers have other inputs or outputs");
  }
  size_t kept = 0;
  for (size_t i = 0; i < entries.size(); ++i)
    if (!placed[i]) {
      if (kept != i)
        entries[kept] = std::move(entries[i]);
      ++kept;
    }
  entries.resize(kept);
  return {};
}

/// Index of the value `name`, or of the position it spells.
int find(const std::vector<ValueSignature> &values, std::string_view name) {
  for (size_t i = 0; i < values.size(); ++i)
    if (values[i].name == name)
      return int(i);
  int position = -1;
  auto [end, error] =
      std::from_chars(name.data(), name.data() + name.size(), position);
  if (error != std::errc() || end != name.data() + name.size() ||
      position < 0 || position >= int(values.size()))
    return -1;
  return position;
}

} // namespace

int EntrySignature::findInput(std::string_view name) const {
  return find(inputs, name);
}

int EntrySignature::findOutput(std::string_view name) const {
  return find(outputs, name);
}

bool EntrySignature::isPlain(const std::vector<TensorRef> &given) const {
  if (helpers.empty())
    return false;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].isInitializer() && given[i])
      return false;
  return true;
}

std::vector<TensorRef>
EntrySignature::pickPlain(const std::vector<TensorRef> &given) const {
  std::vector<TensorRef> picked;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!inputs[i].isInitializer())
      picked.push_back(given[i]);
  return picked;
}

std::string seqc::rt::listNames(const std::vector<ValueSignature> &values) {
  std::string text;
  for (const ValueSignature &value : values)
    text += (text.empty() ? "'" : ", '") + value.name + "'";
  return text.empty() ? "none" : text;
}

std::string seqc::rt::shapeToString(const EntrySignature &entry,
                                    const ValueSignature &value) {
  std::string text = "[";
  for (const Dimension &dimension : value.shape) {
    if (text.size() > 1)
      text += ", ";
    if (dimension.symbol >= 0)
      text += entry.symbols[size_t(dimension.symbol)];
    else
      text += dimension.extent < 0 ? "?" : std::to_string(dimension.extent);
  }
  return text + "]";
}

Result<json> seqc::rt::parseMetadata(std::string_view text) {
  bool tooDeep = false;
  auto limitDepth = [&](int depth, json::parse_event_t, json &) {
    tooDeep |= depth > maxNesting;
    return !tooDeep;
  };
  json metadata = json::parse(text.begin(), text.end(), limitDepth, false);
  if (tooDeep)
    return invalid("metadata: nested deeper than " +
                   std::to_string(maxNesting) + " levels");
  if (metadata.is_discarded() || !metadata.is_object())
    return invalid("metadata: not a JSON object");
  auto abi = metadata.find("abi");
  if (abi == metadata.end() || !abi->is_number_integer())
    return invalid("metadata: 'abi' is missing");
  if (abi->get<int64_t>() != SEQC_ABI_VERSION)
    return Status(SEQC_INCOMPATIBLE, "artefact has ABI version " + abi->dump() +
                                         "; this runtime has version " +
                                         std::to_string(SEQC_ABI_VERSION));
  return metadata;
}

Result<std::vector<EntrySignature>>
seqc::rt::parseSignatures(const json &metadata) {
  std::vector<EntrySignature> entries;
  auto it = metadata.find("entries");
  if (it == metadata.end() || !it->is_array() || it->empty())
    return invalid("metadata: 'entries' is missing or empty");
  for (size_t i = 0; i < it->size(); ++i) {
    EntrySignature entry;
    EntryReader reader(entry, "entries[" + std::to_string(i) + "]");
    if (Status status = reader.read((*it)[i]); !status.ok())
      return status;
    for (const EntrySignature &other : entries)
      if (other.name == entry.name)
        return invalid("metadata: entry '" + entry.name + "' occurs twice");
    entries.push_back(std::move(entry));
  }
  if (Status status = placeHelpers(entries); !status.ok())
    return status;
  return entries;
}

Status seqc::rt::checkStatic(const EntrySignature &entry,
                             const ValueSignature &value, const char *what,
                             const seqc_tensor_t &tensor) {
  // Messages are made on failure only: this runs once per call and input.
  auto subject = [&] { return std::string(what) + " '" + value.name + "': "; };
  // A byte array may carry truth values; its contents are checked by a run.
  bool asBool = value.dtype == SEQC_I1 && tensor.dtype == SEQC_U8;
  if (tensor.dtype != value.dtype && !asBool)
    return invalid(subject() + "found " + seqc_dtype_name(tensor.dtype) +
                   "; required: " + seqc_dtype_name(value.dtype));
  bool fits = tensor.rank == value.rank();
  for (int32_t i = 0; fits && i < tensor.rank; ++i)
    fits = value.shape[size_t(i)].extent < 0 ||
           value.shape[size_t(i)].extent == tensor.shape[i];
  if (!fits)
    return invalid(subject() + "found shape " +
                   shapeToString(tensor.rank, tensor.shape) +
                   "; required: " + shapeToString(entry, value));
  return {};
}

Status seqc::rt::bindShape(const EntrySignature &entry,
                           const ValueSignature &value, const char *what,
                           int32_t rank, const int64_t *shape,
                           SymbolExtents &extents) {
  bool fits = rank == value.rank();
  for (int32_t i = 0; fits && i < rank; ++i)
    fits = shape[i] >= 0 && (value.shape[size_t(i)].extent < 0 ||
                             value.shape[size_t(i)].extent == shape[i]);
  if (!fits)
    return invalid(std::string(what) + " '" + value.name + "': found shape " +
                   shapeToString(rank, shape) +
                   "; required: " + shapeToString(entry, value));
  for (int32_t i = 0; i < rank; ++i) {
    int symbol = value.shape[size_t(i)].symbol;
    if (symbol < 0)
      continue;
    int64_t &extent = extents[size_t(symbol)];
    if (extent < 0)
      extent = shape[i];
    else if (extent != shape[i])
      return invalid(std::string(what) + " '" + value.name + "': dimension " +
                     std::to_string(i) + " (" + entry.symbols[size_t(symbol)] +
                     ") is " + std::to_string(shape[i]) +
                     "; an input before has " + std::to_string(extent));
  }
  return {};
}

int64_t seqc::rt::evaluate(const Bound &bound, const SymbolExtents &extents) {
  if (bound.symbol >= 0)
    return extents[size_t(bound.symbol)];
  // Bounds beyond the integers bound nothing.
  if (!(bound.number > -0x1p63))
    return INT64_MIN;
  return bound.number < 0x1p63 ? int64_t(bound.number) : INT64_MAX;
}

Status seqc::rt::checkRange(const EntrySignature &entry,
                            const ValueSignature &value,
                            const seqc_tensor_t &tensor,
                            const SymbolExtents &extents) {
  int64_t low = value.min ? evaluate(*value.min, extents) : INT64_MIN;
  int64_t high = value.max ? evaluate(*value.max, extents) : INT64_MAX;
  if (value.dtype == SEQC_I1) {
    low = 0;
    high = 1;
  }
  if (low == INT64_MIN && high == INT64_MAX)
    return {};
  int64_t count = seqc_tensor_num_elements(&tensor);
  for (int64_t i = 0; i < count; ++i) {
    int64_t element = integerAt(tensor, i);
    if (element >= low && element <= high)
      continue;
    std::string position;
    int64_t rest = i;
    for (int32_t d = tensor.rank - 1; d >= 0; --d) {
      std::string index = std::to_string(rest % tensor.shape[d]);
      position = position.empty() ? index : index + ", " + position;
      rest /= tensor.shape[d];
    }
    std::string text = "input '" + value.name + "': element [" + position +
                       "] is " + std::to_string(element);
    if (element < low)
      return invalid(text + "; it must be at least " + std::to_string(low));
    text += "; it must be at most " + std::to_string(high);
    if (value.max && value.max->symbol >= 0)
      text +=
          ", the extent of '" + entry.symbols[size_t(value.max->symbol)] + "'";
    return invalid(text);
  }
  return {};
}

Status
seqc::rt::checkGenerationOptions(const EntrySignature &entry,
                                 const seqc_generation_options_t &options) {
  if (options.max_new < -1 || options.max_new == 0)
    return invalid("max_new is " + std::to_string(options.max_new) +
                   "; it must be at least 1, or -1");
  if (!(options.temperature >= 0 || std::isnan(options.temperature)) ||
      std::isinf(options.temperature))
    return invalid("temperature is " + std::to_string(options.temperature) +
                   "; it must be a finite number of at least 0");
  if (options.top_p <= 0 || options.top_p > 1)
    return invalid("top_p is " + std::to_string(options.top_p) +
                   "; it must be above 0 and at most 1");
  if (options.top_k < -1)
    return invalid("top_k is " + std::to_string(options.top_k) +
                   "; it must be at least 0, or -1");
  if (std::isinf(options.length_penalty))
    return invalid("length_penalty is infinite");
  if (options.first_row < 0 || options.first_row > INT32_MAX)
    return invalid("first_row is " + std::to_string(options.first_row) +
                   "; it must be 0 to 2147483647");
  if (!entry.generation)
    return {};
  const GenerationInfo &info = *entry.generation;
  if (info.maxNew >= 0 && options.max_new > info.maxNew)
    return invalid("max_new is " + std::to_string(options.max_new) +
                   "; entry '" + entry.name + "' was compiled for at most " +
                   std::to_string(info.maxNew) +
                   " new tokens; more need a model compiled with "
                   "'--max-length'");
  // A seed without use is no mistake.
  bool samples = !std::isnan(options.temperature) ||
                 !std::isnan(options.top_p) || options.top_k >= 0;
  if (samples && info.search != "sample")
    return invalid("temperature, top_p and top_k are for sampling; entry '" +
                   entry.name + "' was compiled for " + info.search +
                   " search; sampling needs a model compiled with '--sample'");
  return {};
}
