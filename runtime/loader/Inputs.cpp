//===- Inputs.cpp - Defaults and completeness of inputs ------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/loader/Signature.h"

using namespace seqc::rt;

Status seqc::rt::missingInput(const EntrySignature &entry,
                              const ValueSignature &value) {
  return invalid("input '" + value.name +
                 "' is missing; required: " + seqc_dtype_name(value.dtype) +
                 " " + shapeToString(entry, value));
}

Status seqc::rt::defaultShape(const EntrySignature &,
                              const ValueSignature &value,
                              const SymbolExtents &extents, int64_t *outShape) {
  for (size_t i = 0; i < value.shape.size(); ++i) {
    const Dimension &dimension = value.shape[i];
    outShape[i] = dimension.symbol >= 0 ? extents[size_t(dimension.symbol)]
                                        : dimension.extent;
    if (outShape[i] < 0)
      return invalid("input '" + value.name + "' must be given: its extent " +
                     std::to_string(i) + " does not follow from other inputs");
  }
  return {};
}

Status seqc::rt::fillDefault(const ValueSignature &value,
                             const SymbolExtents &extents,
                             seqc_tensor_t &tensor) {
  double number = value.fallback->symbol >= 0
                      ? double(evaluate(*value.fallback, extents))
                      : value.fallback->number;
  int64_t elements = seqc_tensor_num_elements(&tensor);
  for (int64_t i = 0; i < elements; ++i)
    if (!setNumber(tensor, i, number))
      return invalid("input '" + value.name + "': its default does not fit " +
                     seqc_dtype_name(value.dtype));
  return {};
}

Status seqc::rt::completeInputs(const EntrySignature &entry,
                                std::vector<TensorRef> &inputs) {
  SymbolExtents extents(entry.symbols.size(), -1);
  inputs.resize(entry.inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ValueSignature &value = entry.inputs[i];
    if (!inputs[i]) {
      if (!value.fallback)
        return missingInput(entry, value);
      continue;
    }
    if (Status status = checkStatic(entry, value, "input", *inputs[i].get());
        !status.ok())
      return status;
    if (Status status = bindShape(entry, value, "input", inputs[i]->rank,
                                  inputs[i]->shape, extents);
        !status.ok())
      return status;
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ValueSignature &value = entry.inputs[i];
    if (!inputs[i]) {
      int64_t shape[SEQC_MAX_RANK];
      if (Status status = defaultShape(entry, value, extents, shape);
          !status.ok())
        return status;
      Result<TensorRef> tensor = createTensor(value.dtype, value.rank(), shape);
      if (!tensor)
        return tensor.status();
      inputs[i] = std::move(*tensor);
      if (Status status = fillDefault(value, extents, *inputs[i].get());
          !status.ok())
        return status;
    }
    if (Status status = checkRange(entry, value, *inputs[i].get(), extents);
        !status.ok())
      return status;
  }
  return {};
}
