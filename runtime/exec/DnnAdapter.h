//===- DnnAdapter.h - Where oneDNN is plugged in -------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The runtime calls oneDNN through this interface alone. The archive of the
// adapter (runtime/onednn) defines seqc_dnn_adapter_v1; a program that does not
// link it gets the absent adapter of runtime/plain. The reference is weak, so
// that a static program takes the adapter only when its link line asks for the
// symbol.
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_EXEC_DNNADAPTER_H
#define SEQC_RUNTIME_EXEC_DNNADAPTER_H

#include "runtime/abi/ModelAbi.h"
#include "runtime/core/Status.h"

#include <memory>

namespace seqc::rt {

/// What dnn_matmul_create was asked for.
struct DnnMatmulSpec {
  int64_t k, n, ldw;
  const float *weights;
  int32_t flags;

  bool operator==(const DnnMatmulSpec &) const = default;
};

/// One product of the library.
class DnnMatmul {
public:
  virtual ~DnnMatmul() = default;

  /// Computes C[m, n]. Uses the team through `context`. Called by one thread
  /// at a time.
  virtual Status execute(seqc_abi_context &context, int64_t m, const float *a,
                         int64_t lda, const float *weights, const float *bias,
                         float *c, int64_t ldc) = 0;
};

/// A library of products.
class DnnAdapter {
public:
  virtual ~DnnAdapter() = default;

  /// Its version, or NULL if there is no library.
  virtual const char *version() const = 0;

  /// Makes a product.
  virtual Result<std::unique_ptr<DnnMatmul>>
  createMatmul(const DnnMatmulSpec &spec) = 0;
};

/// The adapter of this program.
DnnAdapter &dnnAdapter();

/// The adapter of a program without a library.
DnnAdapter &absentDnnAdapter();

} // namespace seqc::rt

extern "C" {
/// Defined by the oneDNN adapter's archive.
seqc::rt::DnnAdapter *seqc_dnn_adapter_v1(void) __attribute__((weak));
}

#endif // SEQC_RUNTIME_EXEC_DNNADAPTER_H
