//===- Status.h - Outcome of an operation --------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Status and Result carry failures inside the runtime. A seqc_status_t is the
// same object seen through the C API; NULL is success.
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CORE_STATUS_H
#define SEQC_RUNTIME_CORE_STATUS_H

#include "seqc/runtime.h"

#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

/// The object behind a failed status.
struct seqc_status_t {
  seqc_status_code_t code;
  std::string message;
};

namespace seqc::rt {

/// Success, or a code with a message. Movable, and must be looked at.
class [[nodiscard]] Status {
public:
  /// Success.
  Status() = default;

  /// A failure. Falls back to a fixed object when memory has run out.
  Status(seqc_status_code_t code, std::string message);

  /// Takes over a status of the C API.
  static Status adopt(seqc_status_t *status) {
    Status result;
    result.payload.reset(status);
    return result;
  }

  bool ok() const { return !payload; }
  seqc_status_code_t code() const { return payload ? payload->code : SEQC_OK; }
  const char *message() const {
    return payload ? payload->message.c_str() : "";
  }

  /// Gives the object to the C API.
  seqc_status_t *release() { return payload.release(); }

private:
  struct Deleter {
    void operator()(seqc_status_t *status) const { seqc_status_free(status); }
  };
  std::unique_ptr<seqc_status_t, Deleter> payload;
};

/// A value, or the status that explains why there is none.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : value(std::move(value)) {}
  Result(Status status) : failure(std::move(status)) {}

  explicit operator bool() const { return value.has_value(); }
  T &operator*() { return *value; }
  T *operator->() { return &*value; }

  /// Moves the failure out; success if there is a value, or when called again.
  Status status() { return std::move(failure); }

private:
  std::optional<T> value;
  Status failure;
};

/// INVALID_ARGUMENT with a message.
inline Status invalid(std::string message) {
  return Status(SEQC_INVALID_ARGUMENT, std::move(message));
}

/// Runs `body`, which returns a Status, and turns what it throws into one: the
/// border between C++ and C.
template <typename Body> seqc_status_t *guard(Body &&body) noexcept {
  try {
    return body().release();
  } catch (const std::bad_alloc &) {
    return Status(SEQC_RESOURCE_EXHAUSTED, "out of memory").release();
  } catch (const std::exception &error) {
    return Status(SEQC_INTERNAL, error.what()).release();
  }
}

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_STATUS_H
