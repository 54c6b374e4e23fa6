//===- OnnxRival.cpp - A model in ONNX Runtime ----------------------------===//

#include "tests/bench/OnnxRival.h"

#include "onnxruntime_c_api.h"

#include <stdexcept>

using namespace seqc::bench;

static const OrtApi *getApi() {
  static const OrtApi *api = OrtGetApiBase()->GetApi(ORT_API_VERSION);
  if (!api)
    throw std::runtime_error("this ONNX Runtime is older than its header");
  return api;
}

static void check(OrtStatus *status) {
  if (!status)
    return;
  std::string message = getApi()->GetErrorMessage(status);
  getApi()->ReleaseStatus(status);
  throw std::runtime_error("ONNX Runtime: " + message);
}

struct OnnxRival::Impl {
  OrtEnv *env = nullptr;
  OrtSession *session = nullptr;
  OrtIoBinding *binding = nullptr;
  std::vector<OrtValue *> values;

  OrtMemoryInfo *memory = nullptr;

  OrtValue *wrap(const Argument &argument) {
    size_t count = 1;
    for (int64_t extent : argument.shape)
      count *= extent;
    void *data = argument.floats;
    size_t bytes = sizeof(float);
    ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
    if (argument.integers) {
      data = argument.integers;
      bytes = sizeof(int64_t);
      type = ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64;
    } else if (argument.ids) {
      data = argument.ids;
      bytes = sizeof(int32_t);
      type = ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32;
    }
    OrtValue *value;
    check(getApi()->CreateTensorWithDataAsOrtValue(
        memory, data, count * bytes, argument.shape.data(),
        argument.shape.size(), type, &value));
    return value;
  }

  OrtValue *keep(OrtValue *value) {
    values.push_back(value);
    return value;
  }
};

OnnxRival::OnnxRival(const std::string &model,
                     const std::vector<Argument> &inputs,
                     const std::vector<Argument> &outputs, int threads)
    : impl(std::make_unique<Impl>()) {
  const OrtApi *api = getApi();
  OrtSessionOptions *options;
  check(api->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "bench", &impl->env));
  check(api->CreateSessionOptions(&options));
  check(api->SetIntraOpNumThreads(options, threads));
  check(api->SetInterOpNumThreads(options, 1));
  check(api->SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL));
  // Compiled code flushes denormals too.
  check(
      api->AddSessionConfigEntry(options, "session.set_denormal_as_zero", "1"));
  // Its threads wait for work within a run, and leave the processors to the
  // next contender behind it.
  check(
      api->AddSessionConfigEntry(options, "session.force_spinning_stop", "1"));
  check(api->CreateSession(impl->env, model.c_str(), options, &impl->session));
  api->ReleaseSessionOptions(options);
  check(api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault,
                                 &impl->memory));
  check(api->CreateIoBinding(impl->session, &impl->binding));
  for (const Argument &input : inputs)
    check(api->BindInput(impl->binding, input.name.c_str(),
                         impl->keep(impl->wrap(input))));
  for (const Argument &output : outputs)
    check(api->BindOutput(impl->binding, output.name.c_str(),
                          impl->keep(impl->wrap(output))));
}

OnnxRival::~OnnxRival() {
  const OrtApi *api = getApi();
  for (OrtValue *value : impl->values)
    api->ReleaseValue(value);
  api->ReleaseMemoryInfo(impl->memory);
  api->ReleaseIoBinding(impl->binding);
  api->ReleaseSession(impl->session);
  api->ReleaseEnv(impl->env);
}

void OnnxRival::run() {
  check(getApi()->RunWithBinding(impl->session, nullptr, impl->binding));
}

int32_t OnnxRival::runForId(const std::vector<Argument> &inputs,
                            const char *output) {
  std::vector<const char *> names;
  std::vector<OrtValue *> values;
  for (const Argument &input : inputs) {
    names.push_back(input.name.c_str());
    values.push_back(impl->wrap(input));
  }
  OrtValue *result = nullptr;
  check(getApi()->Run(impl->session, nullptr, names.data(), values.data(),
                      values.size(), &output, 1, &result));
  void *data;
  check(getApi()->GetTensorMutableData(result, &data));
  int32_t id = *static_cast<int32_t *>(data);
  getApi()->ReleaseValue(result);
  for (OrtValue *value : values)
    getApi()->ReleaseValue(value);
  return id;
}

std::string OnnxRival::version() { return OrtGetApiBase()->GetVersionString(); }
