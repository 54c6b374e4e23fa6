//===- ExecutableBench.cpp - Measuring executables ------------------------===//

#include "tools/driver/ExecutableBench.h"
#include "compiler/CodeGen/CompileError.h"
#include "compiler/CodeGen/OutputFile.h"
#include "compiler/CodeGen/Toolchain.h"
#include "dialect/Support/BoundedJson.h"
#include "runtime/cli/TensorFile.h"
#include "tools/driver/Execution.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <nlohmann/json.hpp>

using namespace llvm;

namespace seqc {

namespace {
/// Holds what an artefact says about itself.
class SignatureExecutor : public cli::Executor {
public:
  SignatureExecutor(std::string metadata,
                    std::vector<rt::EntrySignature> entries)
      : text(std::move(metadata)), signatures(std::move(entries)) {}

  const std::vector<rt::EntrySignature> &entries() const override {
    return signatures;
  }
  std::string_view metadata() const override { return text; }
  rt::Status run(const cli::RunRequest &,
                 std::vector<rt::TensorRef> &) override {
    return rt::Status(SEQC_UNSUPPORTED, "an executable runs by itself");
  }

private:
  std::string text;
  std::vector<rt::EntrySignature> signatures;
};
} // namespace

Expected<std::unique_ptr<cli::Executor>>
createSignatureExecutor(const json::Object &object) {
  std::string text = formatv("{0}", json::Value(json::Object(object)));
  rt::Result<nlohmann::json> metadata = rt::parseMetadata(text);
  if (!metadata)
    return toError(metadata.status());
  rt::Result<std::vector<rt::EntrySignature>> entries =
      rt::parseSignatures(*metadata);
  if (!entries)
    return toError(entries.status());
  return std::make_unique<SignatureExecutor>(std::move(text),
                                             std::move(*entries));
}

/// `count` copies of `tensor` along a new first axis.
static Expected<rt::TensorRef> repeat(const seqc_tensor_t &tensor,
                                      int64_t count) {
  SmallVector<int64_t> shape{count};
  shape.append(tensor.shape, tensor.shape + tensor.rank);
  rt::Result<rt::TensorRef> stacked =
      rt::createTensor(tensor.dtype, shape.size(), shape.data());
  if (!stacked)
    return toError(stacked.status());
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(static_cast<char *>((*stacked)->data) + i * tensor.numBytes,
                tensor.data, tensor.numBytes);
  return std::move(*stacked);
}

/// Lengths of the events called `name` in the trace at `path`, in seconds.
static Expected<std::vector<double>> readTrace(StringRef path, StringRef name) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> file = MemoryBuffer::getFile(path);
  if (!file)
    return makeFileFailure("cannot read", path, file.getError());
  Expected<json::Value> trace = parseBoundedJson((*file)->getBuffer());
  if (!trace)
    return trace.takeError();
  std::vector<double> seconds;
  std::optional<double> begin;
  const json::Object *object = trace->getAsObject();
  if (const json::Array *events =
          object ? object->getArray("traceEvents") : nullptr)
    for (const json::Value &value : *events) {
      const json::Object *event = value.getAsObject();
      if (!event || event->getString("name") != name)
        continue;
      double time = event->getNumber("ts").value_or(0) * 1e-6;
      if (event->getString("ph") == "B")
        begin = time;
      else if (begin)
        seconds.push_back(time - *std::exchange(begin, std::nullopt));
    }
  return seconds;
}

Expected<std::vector<double>> timeExecutable(StringRef path,
                                             const rt::EntrySignature &entry,
                                             ArrayRef<rt::TensorRef> inputs,
                                             int64_t count, int32_t threads) {
  SmallString<128> base;
  sys::path::system_temp_directory(/*ErasedOnReboot=*/true, base);
  sys::path::append(base, "seqc-bench");
  Expected<TemporaryFile> trace = TemporaryFile::create(base, "json");
  if (!trace)
    return trace.takeError();
  std::vector<std::string> words = {"--quiet", "--entry", entry.name,
                                    "--profile", trace->getPath().str()};
  if (threads > 0) {
    words.push_back("--threads");
    words.push_back(std::to_string(threads));
  }
  std::vector<TemporaryFile> files;
  bool stepped = false;
  for (auto [signature, input] : zip(entry.inputs, inputs)) {
    if (!input)
      continue;
    rt::TensorRef tensor = input;
    bool step = !stepped && input->rank < SEQC_MAX_RANK;
    if (step) {
      Expected<rt::TensorRef> stacked = repeat(*input.get(), count);
      if (!stacked)
        return stacked.takeError();
      tensor = std::move(*stacked);
      stepped = true;
    }
    Expected<TemporaryFile> file = TemporaryFile::create(base, "npy");
    if (!file)
      return file.takeError();
    if (Error error = file->write(cli::formatNpy(*tensor.get())))
      return error;
    words.push_back(step ? "--step" : "--input");
    words.push_back(signature.name + "=" + file->getPath().str());
    files.push_back(std::move(*file));
  }
  if (!stepped)
    return makeFailure(FailureKind::BadInput,
                       "entry '" + entry.name +
                           "' of an executable cannot be measured without "
                           "inputs; measure a shared object or the model");
  std::string output;
  SmallString<128> absolute(path);
  sys::fs::make_absolute(absolute);
  if (runProgram(absolute, words, output) != 0)
    return makeFailure(FailureKind::BadInput,
                       "'" + path + "' failed: " + StringRef(output).rtrim());
  return readTrace(trace->getPath(), entry.name);
}

} // namespace seqc
