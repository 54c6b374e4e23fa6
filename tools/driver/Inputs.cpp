//===- Inputs.cpp - Inputs of a measured or compared run ------------------===//

#include "tools/driver/Inputs.h"
#include "runtime/cli/InputValue.h"
#include "tools/driver/Execution.h"

#include <random>

using namespace llvm;

namespace seqc {

/// Extents of all symbolic dimensions that `inputs` show; -1 where none does.
static rt::SymbolExtents findExtents(const rt::EntrySignature &entry,
                                     ArrayRef<rt::TensorRef> inputs) {
  rt::SymbolExtents extents(entry.symbols.size(), -1);
  for (auto [signature, input] : zip(entry.inputs, inputs))
    if (input)
      for (auto [d, dimension] : enumerate(signature.shape))
        if (dimension.symbol >= 0 && static_cast<int32_t>(d) < input->rank)
          extents[dimension.symbol] = input->shape[d];
  return extents;
}

int64_t findExtent(const rt::EntrySignature &entry,
                   ArrayRef<rt::TensorRef> inputs, StringRef symbol) {
  rt::SymbolExtents extents = findExtents(entry, inputs);
  for (auto [name, extent] : zip(entry.symbols, extents))
    if (name == symbol)
      return extent;
  return -1;
}

/// A random tensor for `value`: numbers of [-1, 1), integers within their
/// bounds.
static Expected<rt::TensorRef> makeRandom(const rt::ValueSignature &value,
                                          const rt::SymbolExtents &extents,
                                          int64_t unnamed,
                                          std::mt19937_64 &random) {
  SmallVector<int64_t> shape;
  for (const rt::Dimension &dimension : value.shape)
    shape.push_back(dimension.extent >= 0   ? dimension.extent
                    : dimension.symbol >= 0 ? extents[dimension.symbol]
                                            : unnamed);
  rt::Result<rt::TensorRef> tensor =
      rt::createTensor(value.dtype, shape.size(), shape.data());
  if (!tensor)
    return toError(tensor.status());
  bool integer = rt::isInteger(value.dtype);
  int64_t low = value.min ? rt::evaluate(*value.min, extents) : 0;
  int64_t high = value.max ? rt::evaluate(*value.max, extents)
                           : low + (value.dtype == SEQC_I1 ? 1 : 9);
  std::uniform_int_distribution<int64_t> integers(low, std::max(low, high));
  std::uniform_real_distribution<double> reals(-1, 1);
  for (int64_t i = 0, e = seqc_tensor_num_elements(tensor->get()); i < e; ++i) {
    if (integer)
      (void)rt::setInteger(*tensor->get(), i, integers(random));
    else
      (void)rt::setNumber(*tensor->get(), i, reals(random));
  }
  return std::move(*tensor);
}

/// Encodes the texts of `options` into `inputs`.
static Error addTexts(cli::Executor &executor, const rt::EntrySignature &entry,
                      const cli::RunOptions &options,
                      std::vector<rt::TensorRef> &inputs) {
  if (options.texts.empty())
    return Error::success();
  rt::Result<std::optional<rt::TextModel>> text = cli::textModelOf(executor);
  if (!text)
    return toError(text.status());
  if (!*text || (*text)->entry != entry.name)
    return makeFailure(FailureKind::BadInput,
                       "entry '" + entry.name +
                           "' takes tensors, found the text '" +
                           options.texts.front() + "'");
  if (Error error = toError(cli::checkNotFromText(entry, **text, options)))
    return error;
  if (!options.lengths.empty())
    return makeFailure(FailureKind::BadInput,
                       "--lengths is for tensors; texts have their own");
  std::vector<rt::EncodedText> encoded;
  for (const std::string &one : options.texts) {
    rt::Result<rt::EncodedText> result = rt::encodeText(**text, one);
    if (!result)
      return toError(result.status());
    encoded.push_back(std::move(*result));
  }
  std::map<std::string, rt::TensorRef> named;
  if (Error error = toError(rt::makeBatch(**text, entry, encoded, named)))
    return error;
  for (auto &[name, tensor] : named)
    if (int index = entry.findInput(name); index >= 0)
      inputs[index] = tensor;
  return Error::success();
}

Expected<std::vector<rt::TensorRef>>
makeInputs(cli::Executor &executor, const rt::EntrySignature &entry,
           const cli::RunOptions &options, DefaultExtents defaults,
           uint64_t seed, bool fillDefaults) {
  std::vector<rt::TensorRef> inputs(entry.inputs.size());
  if (Error error = toError(cli::readInputs(entry, options, {}, inputs)))
    return error;
  if (Error error = addTexts(executor, entry, options, inputs))
    return error;
  rt::SymbolExtents extents = findExtents(entry, inputs);
  int first = entry.inputs.empty() || entry.inputs.front().shape.empty()
                  ? -1
                  : entry.inputs.front().shape.front().symbol;
  for (auto [symbol, extent] : enumerate(extents))
    if (extent < 0)
      extent =
          entry.symbols[symbol] == "batch" || static_cast<int>(symbol) == first
              ? defaults.batch
              : defaults.other;
  std::mt19937_64 random(seed);
  for (auto [signature, input] : zip(entry.inputs, inputs)) {
    // Other weights, trips or shapes would be another model.
    if (input || signature.isInitializer() ||
        (signature.fallback && !fillDefaults))
      continue;
    Expected<rt::TensorRef> made =
        makeRandom(signature, extents, defaults.batch, random);
    if (!made)
      return made.takeError();
    input = std::move(*made);
  }
  return inputs;
}

} // namespace seqc
