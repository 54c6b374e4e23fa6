//===- Preview.h - Short views of tensors --------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CLI_PREVIEW_H
#define SEQC_RUNTIME_CLI_PREVIEW_H

#include "runtime/tensor/Tensor.h"

#include <string>

namespace seqc::cli {

/// "f32 [2, 100]: [[0.1, 0.2, 0.3, …, 0.9], …]": at most three elements from
/// both ends of each dimension.
std::string previewTensor(const seqc_tensor_t &tensor);

} // namespace seqc::cli

#endif // SEQC_RUNTIME_CLI_PREVIEW_H
