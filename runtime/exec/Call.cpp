//===- Call.cpp - Invocation of an entry ---------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/Team.h"
#include "runtime/exec/Session.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstring>

using namespace seqc::rt;

seqc_call_t::seqc_call_t(seqc_session_t *owner, const EntrySignature &entry,
                         const seqc_abi_function &code)
    : session(seqc_session_retain(owner)), signature(entry), function(code),
      inputs(signature.inputs.size()), defaults(signature.inputs.size()),
      bound(signature.outputs.size()), pool(signature.outputs.size()),
      made(signature.outputs.size()), arguments(signature.inputs.size()),
      extents(signature.symbols.size(), -1) {
  seqc_generation_options_init(&generation);
}

seqc_call_t::~seqc_call_t() {
  for (const auto &slots : pool)
    for (const TensorRef &tensor : slots)
      if (tensor)
        session->otherBytes -= tensor->capacity;
  seqc_session_release(session);
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

Status seqc_call_t::makeDefaults() {
  if (hasDefaults)
    return {};
  if (!givers)
    givers = std::make_unique<seqc_call_t>(session, signature.helpers[1],
                                           *(*helperFunctions)[1]);
  if (Status status = givers->run(); !status.ok())
    return status;
  const EntrySignature &given = givers->signature;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (signature.inputs[i].isInitializer())
      defaults[i] =
          givers->made[size_t(given.findOutput(signature.inputs[i].name))];
  hasDefaults = true;
  return {};
}

Status seqc_call_t::fillDefault(size_t index) {
  const ValueSignature &value = signature.inputs[index];
  if (value.isInitializer()) {
    if (Status status = makeDefaults(); !status.ok())
      return status;
    return bindShape(signature, value, "input", defaults[index]->rank,
                     defaults[index]->shape, extents);
  }
  int64_t shape[SEQC_MAX_RANK];
  if (Status status = defaultShape(signature, value, extents, shape);
      !status.ok())
    return status;
  int64_t elements;
  size_t bytes;
  if (Status status =
          checkShape(value.dtype, value.rank(), shape, elements, bytes);
      !status.ok())
    return status;
  TensorRef &tensor = defaults[index];
  if (!tensor || tensor->references.load() != 1 || tensor->capacity < bytes) {
    Result<TensorRef> fresh =
        createUninitialized(value.dtype, value.rank(), shape, 0);
    if (!fresh)
      return fresh.status();
    tensor = std::move(*fresh);
    ++session->statistics.heap_allocations;
  }
  reshapeInPlace(*tensor.get(), value.dtype, value.rank(), shape, bytes);
  return seqc::rt::fillDefault(value, extents, *tensor.get());
}

Status seqc_call_t::prepareInputs() {
  extents.assign(extents.size(), -1);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ValueSignature &value = signature.inputs[i];
    if (!inputs[i]) {
      if (value.fallback)
        continue;
      return missingInput(signature, value);
    }
    if (Status status = bindShape(signature, value, "input", inputs[i]->rank,
                                  inputs[i]->shape, extents);
        !status.ok())
      return status;
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i])
      if (Status status = fillDefault(i); !status.ok())
        return status;
    const TensorRef &tensor = inputs[i] ? inputs[i] : defaults[i];
    if (Status status =
            checkRange(signature, signature.inputs[i], *tensor.get(), extents);
        !status.ok())
      return status;
    arguments[i] = {tensor->data, tensor->shape};
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

/// Whether two tensors are the same elements in the same place.
static bool areOne(const seqc_tensor_t &left, const seqc_tensor_t &right) {
  return left.data == right.data && left.dtype == right.dtype &&
         left.rank == right.rank &&
         std::equal(left.shape, left.shape + left.rank, right.shape);
}

bool seqc_call_t::isWritable(size_t index, const seqc_tensor_t &tensor) const {
  auto begin = reinterpret_cast<uintptr_t>(tensor.data);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorRef &input = inputs[i];
    if (!input)
      continue;
    auto other = reinterpret_cast<uintptr_t>(input->data);
    bool overlaps =
        begin < other + input->numBytes && other < begin + tensor.numBytes;
    if (overlaps && !(signature.outputs[index].mayBeInput(i) &&
                      areOne(*input.get(), tensor)))
      return false;
  }
  return true;
}

/// What to add to a message if it is the session's limit that `bytes` more do
/// not fit below.
static std::string describeLimit(const seqc_session_t &session, int64_t bytes) {
  if (session.mayTake(uint64_t(bytes)))
    return "";
  return ": the session's memory_limit is " +
         std::to_string(session.memoryLimit) + " bytes, " +
         std::to_string(session.heldBytes()) + " are held";
}

TensorRef seqc_call_t::takeFromPool(size_t index, seqc_dtype_t dtype,
                                    int32_t rank, const int64_t *shape,
                                    int64_t bytes) {
  // The first free slot that is large enough, else the first free one, else
  // the last.
  TensorRef *slot = nullptr;
  for (TensorRef &candidate : pool[index]) {
    bool free = !candidate ||
                candidate->references.load(std::memory_order_acquire) == 1;
    if (free && candidate && candidate->capacity >= size_t(bytes)) {
      reshapeInPlace(*candidate.get(), dtype, rank, shape, size_t(bytes));
      return candidate;
    }
    if (free && !slot)
      slot = &candidate;
  }
  TensorRef &tensor = slot ? *slot : pool[index].back();
  if (tensor) {
    session->otherBytes -= tensor->capacity;
    tensor = TensorRef();
  }
  if (!session->mayTake(uint64_t(bytes)))
    return {};
  Result<TensorRef> fresh = createUninitialized(dtype, rank, shape, 0);
  if (!fresh)
    return {};
  tensor = std::move(*fresh);
  session->otherBytes += tensor->capacity;
  ++session->statistics.heap_allocations;
  return tensor;
}

void *seqc_call_t::placeOutput(int32_t index, int32_t rank,
                               const int64_t *shape, int64_t bytes) {
  auto fail = [&](seqc_status_code_t code, const std::string &message) {
    recordFailure(frame, code, message.c_str());
    return nullptr;
  };
  try {
    if (index < 0 || size_t(index) >= made.size())
      return fail(SEQC_INTERNAL, "compiled code made an output " +
                                     std::to_string(index) +
                                     " that the signature does not have");
    const ValueSignature &value = signature.outputs[size_t(index)];
    Status status = bindShape(signature, value, "output", rank, shape, extents);
    if (!status.ok())
      return fail(SEQC_INTERNAL, status.message());
    int64_t elements;
    size_t size;
    status = checkShape(value.dtype, rank, shape, elements, size);
    // What inputs ask for may be more than memory has.
    if (!status.ok())
      return fail(std::any_of(shape, shape + rank,
                              [](int64_t extent) { return extent < 0; })
                      ? SEQC_INTERNAL
                      : SEQC_RESOURCE_EXHAUSTED,
                  "output '" + value.name + "': " + status.message());
    if (int64_t(size) != bytes)
      return fail(SEQC_INTERNAL,
                  "output '" + value.name + "': " + std::to_string(bytes) +
                      " bytes asked for, shape has " + std::to_string(size));
    const TensorRef &target = bound[size_t(index)];
    if (target) {
      bool same = target->rank == rank;
      for (int32_t i = 0; same && i < rank; ++i)
        same = target->shape[i] == shape[i];
      if (!same)
        return fail(SEQC_INVALID_ARGUMENT,
                    "output '" + value.name + "': the bound tensor has shape " +
                        seqc::rt::shapeToString(target->rank, target->shape) +
                        ", the result " + seqc::rt::shapeToString(rank, shape));
    }
    // A buffer that is an input as well gets its new contents at the end,
    // unless compiled code writes it when it has been read.
    if (target && isWritable(size_t(index), *target.get()))
      made[size_t(index)] = target;
    else
      made[size_t(index)] =
          takeFromPool(size_t(index), value.dtype, rank, shape, bytes);
    if (!made[size_t(index)])
      return fail(SEQC_RESOURCE_EXHAUSTED, "no memory for output '" +
                                               value.name + "' of " +
                                               describeBytes(bytes).text +
                                               describeLimit(*session, bytes));
    // Empty tensors of a caller may have no address at all.
    static char nowhere[SEQC_ABI_ALIGNMENT];
    void *data = made[size_t(index)]->data;
    return data ? data : nowhere;
  } catch (const std::bad_alloc &) {
    return fail(SEQC_RESOURCE_EXHAUSTED, "out of memory");
  }
}

void seqc_call_t::deliverOutputs() {
  for (size_t i = 0; i < made.size(); ++i) {
    if (!made[i] || !bound[i] || made[i].get() == bound[i].get())
      continue;
    std::memmove(bound[i]->data, made[i]->data, made[i]->numBytes);
    ++session->statistics.output_copies;
    made[i] = bound[i];
  }
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// Enters compiled code. Services return here when they fail, so that nothing
/// in this function may need to be destroyed.
static int32_t enterFunction(CallFrame &frame,
                             const seqc_abi_function &function) {
  if (setjmp(frame.unwind) != 0)
    return frame.code;
  return function.run(&frame.context);
}

/// Fills the context of a run.
static void fillContext(seqc_call_t &call) {
  CallFrame &frame = call.frame;
  frame.call = &call;
  frame.session = call.session;
  frame.failed.store(0, std::memory_order_relaxed);
  frame.code = 0;
  frame.message[0] = '\0';
  seqc_abi_context &context = frame.context;
  context.services = &sessionServices();
  context.weights = call.session->model->table->weights;
  context.inputs = call.arguments.data();
  context.session = &frame;
  context.wanted_outputs = call.wanted;
  context.max_new = call.generation.max_new;
  context.seed = call.generation.seed;
  context.length_penalty = call.generation.length_penalty;
  context.temperature = call.generation.temperature;
  context.top_p = call.generation.top_p;
  context.top_k = call.generation.top_k;
  context.flags = call.session->trace ? SEQC_ABI_FLAG_TRACE : 0;
  if (call.generation.seed != 0 || call.generation.has_seed)
    context.flags |= SEQC_ABI_FLAG_SEED;
  context.num_threads = call.session->numThreads;
  context.first_row = int32_t(call.generation.first_row);
}

Status seqc_call_t::runPlain() {
  if (!plain)
    plain = std::make_unique<seqc_call_t>(session, signature.helpers[0],
                                          *(*helperFunctions)[0]);
  for (TensorRef &output : made)
    output = TensorRef();
  plain->inputs = signature.pickPlain(inputs);
  plain->bound = bound;
  plain->wanted = wanted;
  plain->generation = generation;
  if (Status status = plain->run(); !status.ok())
    return status;
  made = plain->made;
  return {};
}

Status seqc_call_t::run() {
  if (signature.isPlain(inputs))
    return runPlain();
  if (Status status = prepareInputs(); !status.ok())
    return status;
  return runFunction();
}

Status seqc_call_t::runFunction() {
  for (TensorRef &output : made)
    output = TensorRef();
  fillContext(*this);
  session->arena.clear();
  if (session->trace)
    session->trace(session->traceUser, signature.name.c_str(), 0, 0);
  uint32_t control = enterCompiledCode();
  int32_t code = enterFunction(frame, function);
  leaveCompiledCode(control);
  if (session->trace)
    session->trace(session->traceUser, signature.name.c_str(), 1, 0);
  if (int32_t failed = frame.failed.load(std::memory_order_acquire))
    return Status(seqc_status_code_t(failed), frame.message);
  if (code != SEQC_ABI_OK)
    return Status(SEQC_INTERNAL, "entry '" + signature.name +
                                     "' ended with code " +
                                     std::to_string(code));
  for (size_t i = 0; i < made.size(); ++i)
    if (!made[i] && (i >= 63 || (wanted >> i & 1)))
      return Status(SEQC_INTERNAL, "entry '" + signature.name +
                                       "' did not make output '" +
                                       signature.outputs[i].name + "'");
  deliverOutputs();
  return {};
}

seqc_status_t *seqc_call_run(seqc_call_t *call) {
  return guard([&]() -> Status {
    if (!call)
      return invalid("call is NULL");
    seqc_session_t &session = *call->session;
    if (session.busy.exchange(true, std::memory_order_acquire))
      return invalid("the session is running another call");
    struct Idle {
      seqc_session_t &session;
      ~Idle() { session.busy.store(false, std::memory_order_release); }
    } idle{session};
    Status status = call->run();
    if (status.ok()) {
      ++session.statistics.calls;
      return status;
    }
    ++session.statistics.failed_calls;
    for (TensorRef &output : call->made)
      output = TensorRef();
    return status;
  });
}

//===----------------------------------------------------------------------===//
// Preparation
//===----------------------------------------------------------------------===//

seqc_status_t *seqc_call_create(seqc_session_t *session, const char *entry,
                                seqc_call_t **out_call) {
  return guard([&]() -> Status {
    if (!out_call)
      return invalid("out_call is NULL");
    *out_call = nullptr;
    if (!session)
      return invalid("session is NULL");
    int index = session->model->findEntry(entry);
    if (index < 0)
      return noSuchEntry(*session->model, entry);
    const seqc_model_t &model = *session->model;
    *out_call = new seqc_call_t(session, model.entries[size_t(index)],
                                *model.functions[size_t(index)]);
    (*out_call)->helperFunctions = &model.helperFunctions[size_t(index)];
    return {};
  });
}

void seqc_call_release(seqc_call_t *call) { delete call; }

/// An entry's inputs or outputs.
static const std::vector<ValueSignature> &getValues(const seqc_call_t &call,
                                                    bool isInput) {
  return isInput ? call.signature.inputs : call.signature.outputs;
}

/// Finds an input or output for a function of the C API.
static Status findValue(const seqc_call_t *call, bool isInput, const char *name,
                        size_t &index) {
  if (!call || !name)
    return invalid("call or name is NULL");
  int found = isInput ? call->signature.findInput(name)
                      : call->signature.findOutput(name);
  if (found < 0)
    return Status(SEQC_NOT_FOUND,
                  "entry '" + call->signature.name + "' has no " +
                      (isInput ? "input" : "output") + " '" + name +
                      "'; it has " + listNames(getValues(*call, isInput)));
  index = size_t(found);
  return {};
}

/// Gives a call a tensor to read or to fill; null takes it away.
static seqc_status_t *setTensor(seqc_call_t *call, bool isInput,
                                const char *name, seqc_tensor_t *tensor) {
  return guard([&]() -> Status {
    size_t index = 0;
    if (Status status = findValue(call, isInput, name, index); !status.ok())
      return status;
    if (tensor)
      if (Status status =
              checkStatic(call->signature, getValues(*call, isInput)[index],
                          isInput ? "input" : "output", *tensor);
          !status.ok())
        return status;
    (isInput ? call->inputs : call->bound)[index] = TensorRef::share(tensor);
    return {};
  });
}

seqc_status_t *seqc_call_set_input(seqc_call_t *call, const char *name,
                                   seqc_tensor_t *tensor) {
  return setTensor(call, /*isInput=*/true, name, tensor);
}

seqc_status_t *seqc_call_bind_output(seqc_call_t *call, const char *name,
                                     seqc_tensor_t *tensor) {
  return setTensor(call, /*isInput=*/false, name, tensor);
}

seqc_status_t *seqc_call_want_output(seqc_call_t *call, const char *name,
                                     int32_t wanted) {
  return guard([&]() -> Status {
    size_t index = 0;
    if (Status status = findValue(call, /*isInput=*/false, name, index);
        !status.ok())
      return status;
    if (index < 63) {
      uint64_t bit = uint64_t(1) << index;
      call->wanted = wanted ? call->wanted | bit : call->wanted & ~bit;
    }
    return {};
  });
}

void seqc_generation_options_init(seqc_generation_options_t *options) {
  if (!options)
    return;
  *options = {};
  options->size = sizeof *options;
  options->max_new = -1;
  options->length_penalty = NAN;
  options->temperature = NAN;
  options->top_p = NAN;
  options->top_k = -1;
}

seqc_status_t *
seqc_call_set_generation(seqc_call_t *call,
                         const seqc_generation_options_t *options) {
  return guard([&]() -> Status {
    if (!call)
      return invalid("call is NULL");
    seqc_generation_options_t chosen;
    seqc_generation_options_init(&chosen);
    if (options) {
      if (options->size < offsetof(seqc_generation_options_t, has_seed) ||
          options->size > 4096)
        return invalid("options->size is " + std::to_string(options->size) +
                       "; it must be sizeof(seqc_generation_options_t)");
      std::memcpy(&chosen, options,
                  options->size < sizeof chosen ? options->size
                                                : sizeof chosen);
    }
    if (Status status = checkGenerationOptions(call->signature, chosen);
        !status.ok())
      return status;
    call->generation = chosen;
    return {};
  });
}

seqc_status_t *seqc_call_get_output(seqc_call_t *call, const char *name,
                                    seqc_tensor_t **out_tensor) {
  return guard([&]() -> Status {
    if (!out_tensor)
      return invalid("out_tensor is NULL");
    *out_tensor = nullptr;
    size_t index = 0;
    if (Status status = findValue(call, /*isInput=*/false, name, index);
        !status.ok())
      return status;
    const TensorRef &tensor = call->made[index];
    if (!tensor)
      return Status(SEQC_NOT_FOUND, "the last run made no output '" +
                                        call->signature.outputs[index].name +
                                        "'");
    *out_tensor = seqc_tensor_retain(tensor.get());
    return {};
  });
}
