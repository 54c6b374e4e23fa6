//===- Status.cpp - Outcome of an operation ------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/Status.h"

using namespace seqc::rt;

/// What is reported when not even a status can be allocated. Never freed.
static seqc_status_t *outOfMemoryStatus() {
  // Fits the string's own buffer, so that making it takes no memory.
  static seqc_status_t status{SEQC_RESOURCE_EXHAUSTED, "out of memory"};
  return &status;
}

Status::Status(seqc_status_code_t code, std::string message) {
  seqc_status_t *object =
      new (std::nothrow) seqc_status_t{code, std::move(message)};
  payload.reset(object ? object : outOfMemoryStatus());
}

seqc_status_code_t seqc_status_code(const seqc_status_t *status) {
  return status ? status->code : SEQC_OK;
}

const char *seqc_status_message(const seqc_status_t *status) {
  return status ? status->message.c_str() : "";
}

void seqc_status_free(seqc_status_t *status) {
  if (status != outOfMemoryStatus())
    delete status;
}

const char *seqc_status_code_name(seqc_status_code_t code) {
  switch (code) {
  case SEQC_OK:
    return "OK";
  case SEQC_INVALID_ARGUMENT:
    return "INVALID_ARGUMENT";
  case SEQC_INCOMPATIBLE:
    return "INCOMPATIBLE";
  case SEQC_RESOURCE_EXHAUSTED:
    return "RESOURCE_EXHAUSTED";
  case SEQC_UNSUPPORTED:
    return "UNSUPPORTED";
  case SEQC_INTERNAL:
    return "INTERNAL";
  case SEQC_IO:
    return "IO";
  case SEQC_NOT_FOUND:
    return "NOT_FOUND";
  case SEQC_CANCELLED:
    return "CANCELLED";
  }
  return "UNKNOWN";
}
