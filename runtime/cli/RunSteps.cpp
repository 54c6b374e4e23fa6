//===- RunSteps.cpp - Step by step ---------------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/RunModel.h"

#include <algorithm>
#include <cstring>

using namespace seqc::cli;
using namespace seqc::rt;

namespace {

/// The shape of one slice of per-step values: without the first axis, or with
/// an extent of 1 in its place if the input has as many axes as the values.
Status sliceShape(const EntrySignature &entry, const ValueSignature &value,
                  const seqc_tensor_t &all, int32_t &rank, int64_t *shape) {
  rank = value.rank();
  if (all.rank == rank + 1) {
    std::copy_n(all.shape + 1, rank, shape);
  } else if (all.rank == rank && rank > 0) {
    shape[0] = 1;
    std::copy_n(all.shape + 1, rank - 1, shape + 1);
  } else {
    return invalid("--step '" + value.name + "': found shape " +
                   seqc::rt::shapeToString(all.rank, all.shape) +
                   "; required: steps in front of " +
                   seqc::rt::shapeToString(entry, value));
  }
  return {};
}

/// Makes the slice of step `step`.
Result<TensorRef> makeSlice(const EntrySignature &entry,
                            const ValueSignature &value,
                            const seqc_tensor_t &all, int64_t step) {
  int32_t rank;
  int64_t shape[SEQC_MAX_RANK];
  if (Status status = sliceShape(entry, value, all, rank, shape); !status.ok())
    return status;
  Result<TensorRef> slice = createUninitialized(all.dtype, rank, shape, 0);
  if (slice && (*slice)->numBytes > 0)
    std::memcpy((*slice)->data,
                static_cast<const char *>(all.data) +
                    size_t(step) * (*slice)->numBytes,
                (*slice)->numBytes);
  return slice;
}

/// Copies an output into its place among all steps.
Status stackOutput(const ValueSignature &value, const seqc_tensor_t &output,
                   int64_t step, int64_t steps, TensorRef &stacked) {
  if (output.rank >= SEQC_MAX_RANK)
    return invalid("output '" + value.name + "' has too many axes to stack");
  if (!stacked) {
    int64_t shape[SEQC_MAX_RANK];
    shape[0] = steps;
    std::copy_n(output.shape, output.rank, shape + 1);
    Result<TensorRef> fresh =
        createTensor(output.dtype, output.rank + 1, shape);
    if (!fresh)
      return fresh.status();
    stacked = std::move(*fresh);
  }
  if (!std::equal(output.shape, output.shape + output.rank, stacked->shape + 1))
    return invalid("output '" + value.name + "' has shape " +
                   seqc::rt::shapeToString(output.rank, output.shape) +
                   " at step " + std::to_string(step) +
                   ", another one than before");
  if (output.numBytes > 0)
    std::memcpy(static_cast<char *>(stacked->data) +
                    size_t(step) * output.numBytes,
                output.data, output.numBytes);
  return {};
}

/// Whether an output is a state that may be updated where it is: compiled code
/// reads the input before it writes the output, which always has its shape.
bool isUpdatable(const ValueSignature &output, const ValueSignature &input,
                 size_t index) {
  if (!output.mayBeInput(index) || output.dtype != input.dtype ||
      output.rank() != input.rank())
    return false;
  return std::equal(output.shape.begin(), output.shape.end(),
                    input.shape.begin(),
                    [](const Dimension &a, const Dimension &b) {
                      return a.extent == b.extent && a.symbol == b.symbol &&
                             (a.extent >= 0 || a.symbol >= 0);
                    });
}

} // namespace

Status seqc::cli::runSteps(Executor &executor, const EntrySignature &entry,
                           const StepPlan &plan, StepResult &result) {
  int64_t steps = plan.steps;
  for (size_t i = 0; i < plan.perStep.size(); ++i) {
    const TensorRef &all = plan.perStep[i];
    if (!all)
      continue;
    int64_t found = all->rank > 0 ? all->shape[0] : -1;
    if (found < 0 || (steps >= 0 && found != steps))
      return invalid(
          "--step '" + entry.inputs[i].name + "' has " +
          (found < 0 ? "no first axis" : std::to_string(found) + " steps") +
          (steps >= 0 ? "; another has " + std::to_string(steps) : ""));
    steps = found;
  }
  if (steps <= 0)
    return invalid("there are no steps to run");
  RunRequest request;
  request.entry = &entry;
  request.inputs = plan.inputs;
  request.generation = plan.generation;
  result.stacked.assign(entry.outputs.size(), TensorRef());
  for (int64_t step = 0; step < steps; ++step) {
    for (size_t i = 0; i < plan.perStep.size(); ++i) {
      if (!plan.perStep[i])
        continue;
      Result<TensorRef> slice =
          makeSlice(entry, entry.inputs[i], *plan.perStep[i].get(), step);
      if (!slice)
        return slice.status();
      request.inputs[i] = std::move(*slice);
    }
    if (Status status = executor.run(request, result.last); !status.ok())
      return Status(status.code(),
                    "step " + std::to_string(step) + ": " + status.message());
    for (size_t i = 0; i < entry.outputs.size(); ++i)
      if (Status status = stackOutput(entry.outputs[i], *result.last[i].get(),
                                      step, steps, result.stacked[i]);
          !status.ok())
        return status;
    // The first step has left the caller's tensors. From now on states that
    // can be are updated in place.
    request.targets.assign(entry.outputs.size(), TensorRef());
    for (const auto &[input, output] : plan.carries) {
      request.inputs[size_t(input)] = result.last[size_t(output)];
      // Another input that gets the output still has to be read.
      auto isSame = [from = output](const auto &carry) {
        return carry.second == from;
      };
      if (std::count_if(plan.carries.begin(), plan.carries.end(), isSame) ==
              1 &&
          isUpdatable(entry.outputs[size_t(output)],
                      entry.inputs[size_t(input)], size_t(input)))
        request.targets[size_t(output)] = result.last[size_t(output)];
    }
  }
  return {};
}
