//===- InputValue.cpp - Values on the command line -----------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/InputValue.h"

#include "runtime/cli/TensorFile.h"

#include <algorithm>
#include <charconv>

using namespace seqc::cli;
using namespace seqc::rt;

namespace {

/// A counter-based generator: the same numbers on every machine.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}

  uint64_t next() {
    state += 0x9e3779b97f4a7c15ull;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }

private:
  uint64_t state;
};

/// Makes `random:SHAPE[:seed]`: floats in [-1, 1), integers inside of the
/// input's constant bounds, else 0 to 9.
Result<TensorRef> makeRandom(const ValueSignature &value,
                             std::string_view text) {
  size_t colon = text.find(':');
  std::string_view shapeText = text.substr(0, colon);
  uint64_t seed = 0;
  if (colon != text.npos) {
    std::string_view word = text.substr(colon + 1);
    auto [end, error] =
        std::from_chars(word.data(), word.data() + word.size(), seed);
    if (error != std::errc() || end != word.data() + word.size())
      return invalid("seed '" + std::string(word) + "' is no number");
  }
  std::vector<int64_t> shape;
  if (shapeText.empty() || shapeText == "[]") {
    for (const Dimension &dimension : value.shape) {
      if (dimension.extent < 0)
        return invalid("random: needs a shape, for example random:2x3");
      shape.push_back(dimension.extent);
    }
  } else if (!parseIntegers(shapeText, shape)) {
    return invalid("random: shape '" + std::string(shapeText) +
                   "' is not of the form 2x3 or 2,3");
  }
  Result<TensorRef> tensor =
      createTensor(value.dtype, int32_t(shape.size()), shape.data());
  if (!tensor)
    return tensor;
  Random random(seed);
  int64_t low = 0, high = value.dtype == SEQC_I1 ? 1 : 9;
  if (value.min && value.min->symbol < 0)
    low = int64_t(value.min->number);
  if (value.max && value.max->symbol < 0)
    high = int64_t(value.max->number);
  high = std::max(low, high);
  int64_t count = seqc_tensor_num_elements(tensor->get());
  for (int64_t i = 0; i < count; ++i) {
    uint64_t bits = random.next();
    if (isFloat(value.dtype))
      setNumber(*tensor->get(), i, double(bits >> 40) * 0x1p-23 - 1);
    else
      setInteger(*tensor->get(), i,
                 low + int64_t(bits % (uint64_t(high - low) + 1)));
  }
  return tensor;
}

/// Gives a literal the rank of the input: extents of 1 in front, or none for a
/// single number.
void fitRank(const ValueSignature &value, TensorRef &tensor) {
  int32_t rank = value.rank();
  if (rank == 0 && seqc_tensor_num_elements(tensor.get()) == 1)
    tensor->rank = 0;
  while (tensor->rank < rank) {
    for (int32_t i = tensor->rank; i > 0; --i)
      tensor->shape[i] = tensor->shape[i - 1];
    tensor->shape[0] = 1;
    ++tensor->rank;
  }
}

/// Splits "a.npz:member".
bool splitArchive(const std::string &text, std::string &path,
                  std::string &member) {
  size_t at = text.rfind(".npz:");
  if (at == text.npos)
    return false;
  path = text.substr(0, at + 4);
  member = text.substr(at + 5);
  return true;
}

/// Reads a value without looking at the signature's shape.
Result<TensorRef> readRaw(const ValueSignature &value, const std::string &text,
                          bool &literal) {
  std::string path = text, member = value.name;
  literal = false;
  if (splitArchive(text, path, member) || isTensorFile(text)) {
    literal = path.ends_with(".json") || path.ends_with(".txt");
    Result<TensorRef> tensor =
        readTensorFile(path, member, literal ? value.dtype : SEQC_DTYPE_NONE);
    if (tensor)
      return tensor;
    // A file that cannot be read is a wrong argument, not a broken machine.
    Status status = tensor.status();
    return Status(status.code() == SEQC_IO ? SEQC_INVALID_ARGUMENT
                                           : status.code(),
                  status.message());
  }
  constexpr std::string_view random = "random:";
  if (std::string_view(text).starts_with(random))
    return makeRandom(value, std::string_view(text).substr(random.size()));
  literal = true;
  if (text.front() == '[')
    return parseJson(text, value.dtype);
  return parseText(text, value.dtype);
}

} // namespace

Result<TensorRef> seqc::cli::readInputValue(const EntrySignature &entry,
                                            const ValueSignature &value,
                                            const std::string &text) {
  auto inInput = [&](const Status &status) {
    return Status(status.code(),
                  "input '" + value.name + "': " + status.message());
  };
  bool literal;
  Result<TensorRef> tensor = readRaw(value, text, literal);
  if (!tensor)
    return inInput(tensor.status());
  if (literal)
    fitRank(value, *tensor);
  tensor = convertTensor(*tensor, value.dtype);
  if (!tensor)
    return inInput(tensor.status());
  if (Status status = checkStatic(entry, value, "input", *tensor->get());
      !status.ok())
    return status;
  return tensor;
}

/// Reads `text` for `value`; messages begin with `what` and the name.
static Result<TensorRef> readValue(const char *what,
                                   const ValueSignature &value,
                                   const std::string &text) {
  bool literal;
  Result<TensorRef> tensor = readRaw(value, text, literal);
  if (!tensor) {
    Status status = tensor.status();
    return Status(status.code(), std::string(what) + " '" + value.name +
                                     "': " + status.message());
  }
  if (literal)
    fitRank(value, *tensor);
  return tensor;
}

Result<TensorRef> seqc::cli::readPerStep(const ValueSignature &value,
                                         const std::string &text) {
  Result<TensorRef> tensor = readValue("--step", value, text);
  if (!tensor)
    return tensor;
  tensor = convertTensor(*tensor, value.dtype);
  if (tensor)
    return tensor;
  Status status = tensor.status();
  return Status(status.code(),
                "--step '" + value.name + "': " + status.message());
}

Result<TensorRef> seqc::cli::readExpected(const ValueSignature &value,
                                          const std::string &text,
                                          const seqc_tensor_t &got) {
  Result<TensorRef> tensor = readValue("expected", value, text);
  // Lines of numbers have no shape of their own.
  bool shapeless =
      text.ends_with(".txt") || (!isTensorFile(text) && text.front() != '[');
  if (tensor && shapeless &&
      seqc_tensor_num_elements(tensor->get()) ==
          seqc_tensor_num_elements(&got)) {
    (*tensor)->rank = got.rank;
    std::copy_n(got.shape, got.rank, (*tensor)->shape);
  }
  return tensor;
}

Status seqc::cli::unknownName(const char *what, const std::string &name,
                              const std::vector<ValueSignature> &values) {
  return invalid(std::string("no ") + what + " '" + name +
                 "'; there are: " + listNames(values));
}

Status seqc::cli::givenTwice(const ValueSignature &value) {
  return invalid("input '" + value.name + "' is given twice");
}

/// The input that takes lengths: a vector of integers that is bounded by, or
/// defaults to, the extent of a dimension.
static int findLengths(const EntrySignature &entry) {
  for (size_t i = 0; i < entry.inputs.size(); ++i) {
    const ValueSignature &value = entry.inputs[i];
    if (value.rank() == 1 && isInteger(value.dtype) &&
        ((value.max && value.max->symbol >= 0) ||
         (value.fallback && value.fallback->symbol >= 0) ||
         value.name == "lengths" || value.name == "sequence_lens"))
      return int(i);
  }
  return -1;
}

Status seqc::cli::readInputs(const EntrySignature &entry,
                             const RunOptions &options,
                             const std::vector<std::string> &skip,
                             std::vector<TensorRef> &inputs) {
  inputs.assign(entry.inputs.size(), TensorRef());
  for (const auto &[name, text] : options.inputs) {
    if (std::find(skip.begin(), skip.end(), name) != skip.end())
      continue;
    int index = entry.findInput(name);
    if (index < 0)
      return unknownName("input", name, entry.inputs);
    if (inputs[size_t(index)])
      return givenTwice(entry.inputs[size_t(index)]);
    Result<TensorRef> tensor =
        readInputValue(entry, entry.inputs[size_t(index)], text);
    if (!tensor)
      return tensor.status();
    inputs[size_t(index)] = std::move(*tensor);
  }
  if (options.lengths.empty())
    return {};
  int index = findLengths(entry);
  if (index < 0)
    return invalid("--lengths: entry '" + entry.name + "' takes no lengths");
  const ValueSignature &value = entry.inputs[size_t(index)];
  if (inputs[size_t(index)])
    return givenTwice(value);
  auto count = int64_t(options.lengths.size());
  Result<TensorRef> tensor = createTensor(value.dtype, 1, &count);
  if (!tensor)
    return tensor.status();
  for (size_t i = 0; i < options.lengths.size(); ++i)
    if (!setInteger(*tensor->get(), int64_t(i), options.lengths[i]))
      return invalid("--lengths: " + std::to_string(options.lengths[i]) +
                     " does not fit " + seqc_dtype_name(value.dtype));
  inputs[size_t(index)] = std::move(*tensor);
  return {};
}
