//===- InterpreterExecutor.cpp - Models run by the interpreter ------------===//

#include "tools/driver/InterpreterExecutor.h"
#include "compiler/CodeGen/CompileError.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/Reference/Interpreter.h"
#include "runtime/loader/Signature.h"

#include <nlohmann/json.hpp>

#include <cmath>

using namespace llvm;

namespace seqc {

namespace {
/// Evaluates the entries of one module.
class InterpreterExecutor : public cli::Executor {
public:
  InterpreterExecutor(mlir::ModuleOp module, StringRef folder,
                      std::string metadata,
                      std::vector<rt::EntrySignature> entries)
      : weights(folder), interpreter(module, weights),
        text(std::move(metadata)), signatures(std::move(entries)) {}

  const std::vector<rt::EntrySignature> &entries() const override {
    return signatures;
  }
  std::string_view metadata() const override { return text; }
  rt::Status run(const cli::RunRequest &request,
                 std::vector<rt::TensorRef> &outputs) override;

private:
  rt::Status runEntry(const rt::EntrySignature &entry,
                      std::vector<rt::TensorRef> inputs,
                      std::vector<rt::TensorRef> &outputs);
  reference::FolderWeightSource weights;
  reference::Interpreter interpreter;
  std::string text;
  std::vector<rt::EntrySignature> signatures;
};
} // namespace

/// The interpreter's name of an element type. Like the IR's integers, its own
/// have no sign.
static std::optional<reference::ElementKind> toKind(seqc_dtype_t dtype) {
  using reference::ElementKind;
  switch (dtype) {
  case SEQC_F64:
    return ElementKind::F64;
  case SEQC_F32:
    return ElementKind::F32;
  case SEQC_F16:
    return ElementKind::F16;
  case SEQC_BF16:
    return ElementKind::BF16;
  case SEQC_I64:
  case SEQC_U64:
    return ElementKind::I64;
  case SEQC_I32:
  case SEQC_U32:
    return ElementKind::I32;
  case SEQC_I16:
  case SEQC_U16:
    return ElementKind::I16;
  case SEQC_I8:
  case SEQC_U8:
    return ElementKind::I8;
  case SEQC_I1:
    return ElementKind::I1;
  default:
    return std::nullopt;
  }
}

/// A failure of the interpreter as a status.
static rt::Status toStatus(Error error) {
  seqc_status_code_t code = SEQC_INVALID_ARGUMENT;
  std::string message;
  handleAllErrors(std::move(error), [&](const ErrorInfoBase &info) {
    if (info.convertToErrorCode() == std::errc::not_enough_memory)
      code = SEQC_RESOURCE_EXHAUSTED;
    message += (message.empty() ? "" : "\n") + info.message();
  });
  // Files of weights are mapped when they are first read.
  if (StringRef(message).contains(
          std::make_error_code(std::errc::not_enough_memory).message()))
    code = SEQC_RESOURCE_EXHAUSTED;
  return rt::Status(code, message);
}

static Expected<reference::Tensor> toReference(const seqc_tensor_t &tensor) {
  std::optional<reference::ElementKind> kind = toKind(tensor.dtype);
  if (!kind)
    return makeFailure(FailureKind::Unsupported,
                       Twine("the interpreter has no elements of type ") +
                           seqc_dtype_name(tensor.dtype));
  return reference::Tensor::ofBytes(
      *kind, ArrayRef<int64_t>(tensor.shape, tensor.rank),
      ArrayRef<uint8_t>(static_cast<const uint8_t *>(tensor.data),
                        tensor.numBytes));
}

/// Options of generation; what is not set is the model's own.
static reference::CallOptions
toCallOptions(const seqc_generation_options_t &options) {
  reference::CallOptions chosen;
  if (options.max_new >= 0)
    chosen.maxNew = options.max_new;
  if (!std::isnan(options.length_penalty))
    chosen.lengthPenalty = options.length_penalty;
  if (!std::isnan(options.temperature))
    chosen.temperature = options.temperature;
  if (!std::isnan(options.top_p))
    chosen.topP = options.top_p;
  if (options.top_k >= 0)
    chosen.topK = options.top_k;
  if (options.seed != 0 || options.has_seed)
    chosen.seed = static_cast<int64_t>(options.seed);
  chosen.firstRow = options.first_row;
  return chosen;
}

rt::Status InterpreterExecutor::run(const cli::RunRequest &request,
                                    std::vector<rt::TensorRef> &outputs) {
  if (rt::Status status =
          rt::checkGenerationOptions(*request.entry, request.generation);
      !status.ok())
    return status;
  interpreter.setCallOptions(toCallOptions(request.generation));
  const rt::EntrySignature &entry = *request.entry;
  std::vector<rt::TensorRef> inputs = request.inputs;
  inputs.resize(entry.inputs.size());
  if (entry.isPlain(inputs))
    return runEntry(entry.helpers[0], entry.pickPlain(inputs), outputs);
  if (!entry.helpers.empty()) {
    std::vector<rt::TensorRef> defaults;
    if (rt::Status status = runEntry(entry.helpers[1], {}, defaults);
        !status.ok())
      return status;
    for (auto [input, signature] : zip(inputs, entry.inputs))
      if (!input && signature.isInitializer())
        input = defaults[entry.helpers[1].findOutput(signature.name)];
  }
  return runEntry(entry, std::move(inputs), outputs);
}

rt::Status InterpreterExecutor::runEntry(const rt::EntrySignature &entry,
                                         std::vector<rt::TensorRef> inputs,
                                         std::vector<rt::TensorRef> &outputs) {
  if (rt::Status status = rt::completeInputs(entry, inputs); !status.ok())
    return status;
  SmallVector<reference::Tensor> arguments;
  for (const rt::TensorRef &input : inputs) {
    Expected<reference::Tensor> argument = toReference(*input.get());
    if (!argument)
      return toStatus(argument.takeError());
    arguments.push_back(std::move(*argument));
  }
  Expected<SmallVector<reference::Tensor>> results =
      interpreter.run(entry.name, arguments);
  if (!results)
    return toStatus(results.takeError());
  if (results->size() != entry.outputs.size())
    return rt::Status(SEQC_INTERNAL, "entry '" + entry.name + "' gave " +
                                         std::to_string(results->size()) +
                                         " results, its signature has " +
                                         std::to_string(entry.outputs.size()));
  outputs.clear();
  for (auto [result, signature] : zip(*results, entry.outputs)) {
    ArrayRef<int64_t> shape = result.getShape();
    rt::Result<rt::TensorRef> output =
        rt::createTensor(signature.dtype, shape.size(), shape.data());
    if (!output)
      return output.status();
    std::vector<uint8_t> bytes = result.toBytes();
    if (bytes.size() != (*output)->numBytes)
      return rt::Status(SEQC_INTERNAL, "output '" + signature.name + "' has " +
                                           std::to_string(bytes.size()) +
                                           " bytes");
    if (!bytes.empty())
      std::memcpy((*output)->data, bytes.data(), bytes.size());
    outputs.push_back(std::move(*output));
  }
  return {};
}

Expected<std::unique_ptr<cli::Executor>>
createInterpreterExecutor(mlir::ModuleOp module, StringRef folder) {
  mlir::StringAttr attr = seq::getMark<seq::MetadataMark>(module);
  if (!attr)
    return makeFailure(FailureKind::BadInput,
                       "the module has no 'seq.metadata'");
  // The ABI's version belongs to artefacts; readers of metadata ask for it.
  nlohmann::json object = nlohmann::json::parse(
      attr.getValue().begin(), attr.getValue().end(), nullptr, false);
  if (!object.is_object())
    return makeFailure(FailureKind::BadInput,
                       "'seq.metadata' is no JSON object");
  object["abi"] = seqc_runtime_abi_version();
  std::string text = object.dump();
  rt::Result<nlohmann::json> metadata = rt::parseMetadata(text);
  if (!metadata)
    return makeFailure(FailureKind::BadInput, metadata.status().message());
  rt::Result<std::vector<rt::EntrySignature>> entries =
      rt::parseSignatures(*metadata);
  if (!entries)
    return makeFailure(FailureKind::BadInput, entries.status().message());
  return std::make_unique<InterpreterExecutor>(
      module, folder.empty() ? "." : folder, std::move(text),
      std::move(*entries));
}

} // namespace seqc
