//===- PlainAdapter.cpp - Programs without oneDNN ------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/DnnAdapter.h"

using namespace seqc::rt;

namespace {

/// Refuses everything.
class PlainAdapter final : public DnnAdapter {
public:
  const char *version() const override { return nullptr; }

  Result<std::unique_ptr<DnnMatmul>>
  createMatmul(const DnnMatmulSpec &) override {
    return Status(SEQC_UNSUPPORTED, "oneDNN is not linked into this program");
  }
};

} // namespace

DnnAdapter &seqc::rt::absentDnnAdapter() {
  static PlainAdapter adapter;
  return adapter;
}

DnnAdapter &seqc::rt::dnnAdapter() {
  if (seqc_dnn_adapter_v1)
    return *seqc_dnn_adapter_v1();
  return absentDnnAdapter();
}

const char *seqc_runtime_onednn_version(void) { return dnnAdapter().version(); }
