//===- RunTensors.cpp - Tensors to tensors -------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/InputValue.h"
#include "runtime/cli/OutputFile.h"
#include "runtime/cli/Preview.h"
#include "runtime/cli/RunModel.h"
#include "runtime/cli/TensorFile.h"

#include <nlohmann/json.hpp>

#include <cstdio>

using namespace seqc::cli;
using namespace seqc::rt;
using nlohmann::json;

namespace {

/// "f32 [batch, 4]".
std::string describe(const EntrySignature &entry, const ValueSignature &value) {
  return std::string(seqc_dtype_name(value.dtype)) + " " +
         seqc::rt::shapeToString(entry, value);
}

/// Fills the plan of `--step` and `--carry`.
Status readStepPlan(const EntrySignature &entry, const RunOptions &options,
                    StepPlan &plan) {
  plan.perStep.assign(entry.inputs.size(), TensorRef());
  for (const auto &[name, path] : options.steps) {
    int index = entry.findInput(name);
    if (index < 0)
      return unknownName("input", name, entry.inputs);
    const ValueSignature &value = entry.inputs[size_t(index)];
    if (plan.inputs[size_t(index)] || plan.perStep[size_t(index)])
      return givenTwice(value);
    Result<TensorRef> tensor = readPerStep(value, path);
    if (!tensor)
      return tensor.status();
    plan.perStep[size_t(index)] = std::move(*tensor);
  }
  for (const auto &[output, input] : options.carries) {
    int from = entry.findOutput(output), to = entry.findInput(input);
    if (from < 0)
      return unknownName("output", output, entry.outputs);
    if (to < 0)
      return unknownName("input", input, entry.inputs);
    const ValueSignature &source = entry.outputs[size_t(from)];
    const ValueSignature &target = entry.inputs[size_t(to)];
    if (plan.perStep[size_t(to)] || !plan.carries.emplace(to, from).second)
      return givenTwice(target);
    if (source.dtype != target.dtype || source.rank() != target.rank())
      return invalid("--carry " + output + "=" + input + ": output '" +
                     source.name + "' is " + describe(entry, source) +
                     "; input '" + target.name + "' requires " +
                     describe(entry, target));
  }
  return {};
}

/// Names all inputs that nothing gives, not only the first.
Status checkComplete(const EntrySignature &entry, const StepPlan &plan) {
  std::string missing;
  for (size_t i = 0; i < entry.inputs.size(); ++i) {
    const ValueSignature &value = entry.inputs[i];
    bool stepped = i < plan.perStep.size() && plan.perStep[i];
    if (plan.inputs[i] || stepped || value.fallback)
      continue;
    missing += (missing.empty() ? "'" : ", '") + value.name + "' (" +
               describe(entry, value) + ")";
  }
  if (missing.empty())
    return {};
  return invalid("missing inputs: " + missing +
                 "; give each by --input NAME=VALUE");
}

/// Checks that names of outputs exist, before anything runs.
Status checkOutputNames(const EntrySignature &entry,
                        const std::vector<Assignment> &list) {
  for (const auto &[name, path] : list)
    if (entry.findOutput(name) < 0)
      return unknownName("output", name, entry.outputs);
  return {};
}

/// Writes `--output` or `--final` files.
Status writeOutputs(const EntrySignature &entry,
                    const std::vector<Assignment> &list,
                    const std::vector<TensorRef> &tensors) {
  for (const auto &[name, path] : list) {
    auto index = size_t(entry.findOutput(name));
    Result<std::string> contents = formatTensorFile(path, *tensors[index].get(),
                                                    entry.outputs[index].name);
    if (!contents)
      return contents.status();
    if (Status status = writeFileWhole(path, *contents); !status.ok())
      return status;
  }
  return {};
}

/// The result of `--expect` for one output, as JSON.
json toJson(const Comparison &comparison) {
  json object = {{"passed", comparison.passed}};
  if (!comparison.mismatch.empty())
    object["mismatch"] = comparison.mismatch;
  else
    object.update({{"max_abs", comparison.maxAbsolute},
                   {"max_rel", comparison.maxRelative},
                   {"failures", comparison.failures},
                   {"elements", comparison.elements},
                   {"worst", comparison.worstIndex}});
  return object;
}

/// Compares outputs; false if one differs.
Status compareOutputs(const EntrySignature &entry, const RunOptions &options,
                      const std::vector<TensorRef> &tensors, bool &same,
                      json &report) {
  for (const auto &[name, path] : options.expects) {
    auto index = size_t(entry.findOutput(name));
    const ValueSignature &value = entry.outputs[index];
    Result<TensorRef> want = readExpected(value, path, *tensors[index].get());
    if (!want)
      return want.status();
    Comparison comparison =
        compareTensors(*tensors[index].get(), *want->get(), options.tolerance);
    same &= comparison.passed;
    if (options.json)
      report["comparisons"][value.name] = toJson(comparison);
    else if (!options.quiet || !comparison.passed)
      std::printf("%s %s: %s\n", comparison.passed ? "same" : "DIFFERENT",
                  value.name.c_str(), describeComparison(comparison).c_str());
  }
  return {};
}

/// Prints outputs that go to no file.
void showOutputs(const EntrySignature &entry, const RunOptions &options,
                 const std::vector<TensorRef> &tensors, json &report) {
  for (size_t i = 0; i < entry.outputs.size(); ++i) {
    const seqc_tensor_t &tensor = *tensors[i].get();
    const std::string &name = entry.outputs[i].name;
    if (options.json) {
      report["outputs"][name] = {
          {"dtype", seqc_dtype_name(tensor.dtype)},
          {"shape",
           std::vector<int64_t>(tensor.shape, tensor.shape + tensor.rank)},
          {"values", json::parse(formatJson(tensor), nullptr, false)}};
      continue;
    }
    bool written = false;
    for (const auto &[output, path] : options.outputs)
      written |= size_t(entry.findOutput(output)) == i;
    for (const auto &[output, path] : options.finals)
      written |= size_t(entry.findOutput(output)) == i;
    if (!written && !options.quiet)
      std::printf("%s: %s\n", name.c_str(), previewTensor(tensor).c_str());
  }
}

/// Reports rows for which a search found nothing; false if there are any.
bool checkRows(const EntrySignature &entry, const RunOptions &options,
               const std::vector<TensorRef> &tensors) {
  int lengthsAt = entry.findOutput("token_lengths"),
      scoresAt = entry.findOutput("scores");
  if (!entry.generation || lengthsAt < 0 || scoresAt < 0)
    return true;
  const seqc_tensor_t &lengths = *tensors[size_t(lengthsAt)].get(),
                      &scores = *tensors[size_t(scoresAt)].get();
  int64_t count = seqc_tensor_num_elements(&lengths);
  if (!isInteger(lengths.dtype) || !isFloat(scores.dtype) ||
      lengths.rank != 2 || seqc_tensor_num_elements(&scores) != count)
    return true;
  bool good = true;
  int64_t numBest = lengths.shape[1];
  for (int64_t row = 0; row < lengths.shape[0] && numBest > 0; ++row) {
    if (integerAt(lengths, row * numBest) > 0)
      continue;
    good = false;
    reportError(options.program,
                invalid("row " + std::to_string(row) + ": " +
                        describeLostRow(numberAt(scores, row * numBest))));
  }
  return good;
}

} // namespace

int seqc::cli::runTensors(Executor &executor, const EntrySignature &entry,
                          const RunOptions &options, Profile *profile) {
  auto fail = [&](const Status &status) {
    return reportError(options.program, status);
  };
  if (!options.texts.empty())
    return fail(invalid("'" + options.texts.front() +
                        "': this model takes no text; use --input NAME=VALUE, "
                        "inputs are: " +
                        listNames(entry.inputs)));
  if (!options.attention.empty() || options.prefix)
    return fail(invalid("--attention and --prefix are for models that take "
                        "text, given as text"));
  for (const auto *list : {&options.outputs, &options.expects, &options.finals})
    if (Status status = checkOutputNames(entry, *list); !status.ok())
      return fail(status);
  bool stepping = !options.steps.empty();
  if (!stepping && !(options.carries.empty() && options.finals.empty()))
    return fail(invalid("--carry and --final need --step"));

  StepPlan plan;
  plan.generation = options.generation;
  StepResult result;
  {
    ProfileScope scope(profile, "read inputs");
    if (Status status = readInputs(entry, options, {}, plan.inputs);
        !status.ok())
      return fail(status);
    if (stepping)
      if (Status status = readStepPlan(entry, options, plan); !status.ok())
        return fail(status);
    if (Status status = checkComplete(entry, plan); !status.ok())
      return fail(status);
  }
  {
    ProfileScope scope(profile, "run");
    Status status;
    if (stepping) {
      status = runSteps(executor, entry, plan, result);
    } else {
      RunRequest request;
      request.entry = &entry;
      request.inputs = plan.inputs;
      request.generation = plan.generation;
      status = executor.run(request, result.last);
    }
    if (!status.ok())
      return fail(status);
  }
  ProfileScope scope(profile, "write outputs");
  const std::vector<TensorRef> &tensors =
      stepping ? result.stacked : result.last;
  json report;
  if (Status status = writeOutputs(entry, options.outputs, tensors);
      !status.ok())
    return fail(status);
  if (Status status = writeOutputs(entry, options.finals, result.last);
      !status.ok())
    return fail(status);
  showOutputs(entry, options, tensors, report);
  bool same = true;
  if (Status status = compareOutputs(entry, options, tensors, same, report);
      !status.ok())
    return fail(status);
  if (options.json)
    std::printf("%s\n", report.dump(1).c_str());
  bool good = stepping || checkRows(entry, options, tensors);
  return !same ? ExitDifferent : good ? ExitDone : ExitBadInput;
}
