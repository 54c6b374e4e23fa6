//===- Executor.cpp - Running compiled code ------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/Executor.h"

#include "runtime/loader/Model.h"

using namespace seqc::cli;

namespace {

/// Holds a session, and one call per entry.
class ModelExecutor final : public Executor {
public:
  explicit ModelExecutor(seqc_model_t *model)
      : model(seqc_model_retain(model)), calls(model->entries.size()) {}

  ~ModelExecutor() override {
    for (seqc_call_t *call : calls)
      seqc_call_release(call);
    seqc_session_release(session);
    seqc_model_release(model);
  }

  Status open(int32_t numThreads, seqc_trace_fn trace, void *user) {
    seqc_session_options_t options = {};
    options.size = sizeof options;
    options.num_threads = numThreads;
    options.trace = trace;
    options.trace_user = user;
    return Status::adopt(seqc_session_create(model, &options, &session));
  }

  const std::vector<EntrySignature> &entries() const override {
    return model->entries;
  }

  std::string_view metadata() const override { return model->metadata; }

  Status verify() override { return seqc::rt::verifyWeights(*model->table); }

  Status reset() override { return Status::adopt(seqc_session_reset(session)); }

  Status run(const RunRequest &request,
             std::vector<TensorRef> &outputs) override;

private:
  seqc_model_t *model;
  seqc_session_t *session = nullptr;
  std::vector<seqc_call_t *> calls;
};

Status ModelExecutor::run(const RunRequest &request,
                          std::vector<TensorRef> &outputs) {
  const EntrySignature &entry = *request.entry;
  seqc_call_t *&call = calls[size_t(model->findEntry(entry.name.c_str()))];
  if (!call)
    if (Status status =
            Status::adopt(seqc_call_create(session, entry.name.c_str(), &call));
        !status.ok())
      return status;
  for (size_t i = 0; i < entry.inputs.size(); ++i)
    if (Status status = Status::adopt(seqc_call_set_input(
            call, entry.inputs[i].name.c_str(), request.inputs[i].get()));
        !status.ok())
      return status;
  for (size_t i = 0; i < entry.outputs.size(); ++i) {
    if (Status status = Status::adopt(seqc_call_bind_output(
            call, entry.outputs[i].name.c_str(),
            request.targets.empty() ? nullptr : request.targets[i].get()));
        !status.ok())
      return status;
    bool wanted = request.wanted.empty() || request.wanted[i];
    if (Status status = Status::adopt(
            seqc_call_want_output(call, entry.outputs[i].name.c_str(), wanted));
        !status.ok())
      return status;
  }
  if (Status status =
          Status::adopt(seqc_call_set_generation(call, &request.generation));
      !status.ok())
    return status;
  if (Status status = Status::adopt(seqc_call_run(call)); !status.ok())
    return status;
  outputs.clear();
  for (const ValueSignature &value : entry.outputs) {
    seqc_tensor_t *tensor = nullptr;
    // An output that was not wanted need not be there.
    (void)Status::adopt(
        seqc_call_get_output(call, value.name.c_str(), &tensor));
    outputs.emplace_back(tensor);
  }
  return {};
}

} // namespace

Result<std::unique_ptr<Executor>>
seqc::cli::createModelExecutor(seqc_model_t *model, int32_t numThreads,
                               seqc_trace_fn trace, void *traceUser) {
  auto executor = std::make_unique<ModelExecutor>(model);
  if (Status status = executor->open(numThreads, trace, traceUser);
      !status.ok())
    return status;
  return std::unique_ptr<Executor>(std::move(executor));
}
