//===- runtime.hpp - C++ over the C API of the runtime --------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Owners of the C API's objects, with exceptions in place of statuses. Header
// only; ownership, thread safety and errors are those of runtime.h.
//
//   seqc::runtime::Model model = seqc::runtime::Model::load("model.so");
//   seqc::runtime::Session session(model);
//   seqc::runtime::Call call(session);
//   call.set("x", seqc::runtime::Tensor::wrap(SEQC_F32, {2, 3}, data));
//   call.run();
//   std::span<const float> y = call.output("y").values<float>();
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_HPP
#define SEQC_RUNTIME_HPP

#include <seqc/runtime.h>

#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace seqc::runtime {

/// A status that was not a success.
class Error : public std::runtime_error {
public:
  Error(seqc_status_code_t code, const std::string &message)
      : std::runtime_error(message), statusCode(code) {}

  seqc_status_code_t code() const { return statusCode; }

private:
  seqc_status_code_t statusCode;
};

/// Throws unless `status` is a success; takes it.
inline void check(seqc_status_t *status) {
  if (!status)
    return;
  Error error(seqc_status_code(status), seqc_status_message(status));
  seqc_status_free(status);
  throw error;
}

/// One reference to an object; `retain` and `release` are its functions.
template <typename T, T *(*retain)(T *), void (*release)(T *)> class Reference {
public:
  Reference() = default;
  /// Takes over one reference.
  explicit Reference(T *object) : object(object) {}
  Reference(const Reference &other)
      : object(other.object ? retain(other.object) : nullptr) {}
  Reference(Reference &&other) noexcept
      : object(std::exchange(other.object, nullptr)) {}
  Reference &operator=(Reference other) noexcept {
    std::swap(object, other.object);
    return *this;
  }
  ~Reference() { release(object); }

  T *get() const { return object; }

protected:
  T *object = nullptr;
};

/// The element type of T.
template <typename T> constexpr seqc_dtype_t dtypeOf() {
  if constexpr (std::is_same_v<T, double>)
    return SEQC_F64;
  else if constexpr (std::is_same_v<T, float>)
    return SEQC_F32;
  else if constexpr (std::is_same_v<T, int64_t>)
    return SEQC_I64;
  else if constexpr (std::is_same_v<T, int32_t>)
    return SEQC_I32;
  else if constexpr (std::is_same_v<T, int16_t>)
    return SEQC_I16;
  else if constexpr (std::is_same_v<T, int8_t>)
    return SEQC_I8;
  else if constexpr (std::is_same_v<T, uint64_t>)
    return SEQC_U64;
  else if constexpr (std::is_same_v<T, uint32_t>)
    return SEQC_U32;
  else if constexpr (std::is_same_v<T, uint16_t>)
    return SEQC_U16;
  else if constexpr (std::is_same_v<T, uint8_t>)
    return SEQC_U8;
  else
    return SEQC_DTYPE_NONE;
}

/// A typed array.
class Tensor
    : public Reference<seqc_tensor_t, seqc_tensor_retain, seqc_tensor_release> {
public:
  using Reference::Reference;

  /// Zeros.
  static Tensor create(seqc_dtype_t dtype, const std::vector<int64_t> &shape) {
    seqc_tensor_t *tensor;
    check(seqc_tensor_create(dtype, int32_t(shape.size()), shape.data(),
                             &tensor));
    return Tensor(tensor);
  }

  /// Memory of the caller, which must outlive the tensor.
  static Tensor wrap(seqc_dtype_t dtype, const std::vector<int64_t> &shape,
                     void *data) {
    seqc_tensor_t *tensor;
    check(seqc_tensor_wrap(dtype, int32_t(shape.size()), shape.data(), data,
                           nullptr, nullptr, &tensor));
    return Tensor(tensor);
  }

  /// Takes `managed`.
  static Tensor fromDLPack(DLManagedTensor *managed) {
    seqc_tensor_t *tensor;
    check(seqc_tensor_from_dlpack(managed, &tensor));
    return Tensor(tensor);
  }

  /// A view that its deleter ends.
  DLManagedTensor *toDLPack() const {
    DLManagedTensor *managed;
    check(seqc_tensor_to_dlpack(object, &managed));
    return managed;
  }

  seqc_dtype_t dtype() const { return seqc_tensor_dtype(object); }
  void *data() const { return seqc_tensor_data(object); }

  std::vector<int64_t> shape() const {
    const int64_t *extents = seqc_tensor_shape(object);
    return std::vector<int64_t>(extents, extents + seqc_tensor_rank(object));
  }

  /// The elements; throws if they are not of type T.
  template <typename T> std::span<T> values() const {
    if (dtypeOf<std::remove_cv_t<T>>() != dtype())
      throw Error(SEQC_INVALID_ARGUMENT,
                  std::string("tensor has elements of type ") +
                      seqc_dtype_name(dtype()));
    return std::span<T>(static_cast<T *>(data()),
                        size_t(seqc_tensor_num_elements(object)));
  }
};

/// What was compiled.
class Model
    : public Reference<seqc_model_t, seqc_model_retain, seqc_model_release> {
public:
  using Reference::Reference;

  static Model load(const std::string &path) {
    seqc_model_t *model;
    check(seqc_model_load(path.c_str(), &model));
    return Model(model);
  }

  /// The table of an object that is linked into the program.
  static Model fromTable(const void *table) {
    seqc_model_t *model;
    check(seqc_model_from_table(table, &model));
    return Model(model);
  }

  /// Fails if the weights are not what they were written as.
  void verify() const { check(seqc_model_verify(object)); }

  std::string metadata() const { return seqc_model_metadata(object, nullptr); }

  std::vector<std::string> entries() const {
    std::vector<std::string> names;
    for (int32_t i = 0; i < seqc_model_num_entries(object); ++i)
      names.push_back(seqc_model_entry_name(object, i));
    return names;
  }
};

/// A model's memory; for one thread at a time.
class Session : public Reference<seqc_session_t, seqc_session_retain,
                                 seqc_session_release> {
public:
  /// `numThreads` 0: the environment's choice.
  explicit Session(const Model &model, int32_t numThreads = 0) {
    seqc_session_options_t options = {};
    options.size = sizeof options;
    options.num_threads = numThreads;
    check(seqc_session_create(model.get(), &options, &object));
  }

  void reset() { check(seqc_session_reset(object)); }

  seqc_session_statistics_t statistics() const {
    seqc_session_statistics_t result;
    check(seqc_session_statistics(object, &result));
    return result;
  }
};

/// A prepared invocation; to be kept and run many times.
class Call {
public:
  explicit Call(const Session &session) {
    check(seqc_call_create(session.get(), nullptr, &object));
  }
  Call(const Session &session, const std::string &entry) {
    check(seqc_call_create(session.get(), entry.c_str(), &object));
  }
  Call(Call &&other) noexcept : object(std::exchange(other.object, nullptr)) {}
  Call &operator=(Call &&other) noexcept {
    std::swap(object, other.object);
    return *this;
  }
  ~Call() { seqc_call_release(object); }

  void set(const std::string &input, const Tensor &tensor) {
    check(seqc_call_set_input(object, input.c_str(), tensor.get()));
  }
  void bind(const std::string &output, const Tensor &tensor) {
    check(seqc_call_bind_output(object, output.c_str(), tensor.get()));
  }
  void setGeneration(const seqc_generation_options_t &options) {
    check(seqc_call_set_generation(object, &options));
  }
  void run() { check(seqc_call_run(object)); }

  Tensor output(const std::string &name) const {
    seqc_tensor_t *tensor;
    check(seqc_call_get_output(object, name.c_str(), &tensor));
    return Tensor(tensor);
  }

  seqc_call_t *get() const { return object; }

private:
  seqc_call_t *object = nullptr;
};

} // namespace seqc::runtime

#endif // SEQC_RUNTIME_HPP
