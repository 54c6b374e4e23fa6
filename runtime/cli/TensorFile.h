//===- TensorFile.h - Tensors in files -----------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Readers of tensors. Files are hostile: sizes are checked against the file
// before anything is allocated, and nesting is bounded.
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CLI_TENSORFILE_H
#define SEQC_RUNTIME_CLI_TENSORFILE_H

#include "runtime/tensor/Tensor.h"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seqc::cli {

using rt::Result;
using rt::Status;
using rt::TensorRef;

/// A tensor and the name that its file gives it ("" if none).
using NamedTensor = std::pair<std::string, TensorRef>;

/// Reads a whole file; IO if it cannot be read.
Result<std::string> readFile(const std::string &path);

/// Bytes of a NumPy `.npy` file.
Result<TensorRef> parseNpy(std::string_view bytes);
std::string formatNpy(const seqc_tensor_t &tensor);

/// All arrays of a NumPy `.npz` file, stored or deflated.
Result<std::vector<NamedTensor>> parseNpz(std::string_view bytes);

/// An ONNX TensorProto.
Result<NamedTensor> parsePb(std::string_view bytes);
std::string formatPb(const seqc_tensor_t &tensor, const std::string &name);

/// A sequence of tensors, or an optional, in a file of ONNX test data.
struct PbList {
  /// What the bytes are is not told by themselves.
  bool isOptional = false, isSequence = false;
  bool present = true;
  std::vector<TensorRef> tensors;
};
/// Fills `list` from the message that its flags tell.
Status parsePbList(std::string_view bytes, PbList &list);

/// The part `part` of a list (see docs/reference/metadata.md) as the model
/// takes it: of type `dtype` and the extents `shape`, -1 where they vary.
Result<TensorRef> makePart(const PbList &list, std::string_view part,
                           seqc_dtype_t dtype,
                           const std::vector<int64_t> &shape);

/// Numbers as text: JSON (nested arrays, a number, true, false), or numbers
/// separated by commas or white space, one line per row. `dtype` is the type
/// wanted; SEQC_DTYPE_NONE chooses i64 or f32 by the numbers.
Result<TensorRef> parseJson(std::string_view text, seqc_dtype_t dtype);
Result<TensorRef> parseText(std::string_view text, seqc_dtype_t dtype);
std::string formatJson(const seqc_tensor_t &tensor);
std::string formatText(const seqc_tensor_t &tensor);

/// The shortest decimal text that reads back as the element.
std::string formatElement(const seqc_tensor_t &tensor, int64_t index);

/// Reads a tensor file by its suffix: .npy .npz .pb .json .txt. From an .npz
/// the array `member` is taken, or the only one.
Result<TensorRef> readTensorFile(const std::string &path,
                                 const std::string &member, seqc_dtype_t dtype);

/// The contents of a tensor file with that suffix.
Result<std::string> formatTensorFile(const std::string &path,
                                     const seqc_tensor_t &tensor,
                                     const std::string &name);

/// True if the suffix of `path` is one that readTensorFile() knows.
bool isTensorFile(std::string_view path);

/// A tensor of type `dtype` with the same values. Integers convert if they
/// fit, floating-point types among each other by rounding, integers to
/// floating point; everything else is refused.
Result<TensorRef> convertTensor(const TensorRef &tensor, seqc_dtype_t dtype);

} // namespace seqc::cli

#endif // SEQC_RUNTIME_CLI_TENSORFILE_H
