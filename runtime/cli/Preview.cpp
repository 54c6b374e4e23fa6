//===- Preview.cpp - Short views of tensors ------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/Preview.h"

#include "runtime/cli/TensorFile.h"

#include <cstdio>

using namespace seqc::cli;
using namespace seqc::rt;

namespace {

/// Elements shown from each end of a dimension.
constexpr int64_t edge = 3;

std::string shortElement(const seqc_tensor_t &tensor, int64_t index) {
  if (!isFloat(tensor.dtype))
    return formatElement(tensor, index);
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", numberAt(tensor, index));
  return text;
}

/// Appends one dimension; `index` is the flat index of its first element and
/// `stride` the number of elements one step of it skips.
void append(const seqc_tensor_t &tensor, int32_t axis, int64_t index,
            int64_t stride, std::string &out) {
  if (axis == tensor.rank) {
    out += shortElement(tensor, index);
    return;
  }
  int64_t extent = tensor.shape[axis];
  int64_t inner = axis + 1 < tensor.rank && tensor.shape[axis + 1] > 0
                      ? stride / tensor.shape[axis + 1]
                      : 1;
  // In deep tensors the outer dimensions show less.
  int64_t shown = tensor.rank - axis > 2 ? 1 : edge;
  out += '[';
  for (int64_t i = 0; i < extent; ++i) {
    if (i)
      out += ", ";
    if (extent > 2 * shown + 1 && i == shown) {
      out += "…, ";
      i = extent - shown;
    }
    append(tensor, axis + 1, index + i * stride, inner, out);
  }
  out += ']';
}

} // namespace

std::string seqc::cli::previewTensor(const seqc_tensor_t &tensor) {
  std::string out = typeToString(tensor) + ": ";
  int64_t count = seqc_tensor_num_elements(&tensor);
  if (count == 0)
    return out + "empty";
  int64_t stride = tensor.rank > 0 ? count / tensor.shape[0] : 1;
  append(tensor, 0, 0, stride, out);
  return out;
}
