//===- Signature.h - What the metadata says about entries ----------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_LOADER_SIGNATURE_H
#define SEQC_RUNTIME_LOADER_SIGNATURE_H

#include "runtime/tensor/Tensor.h"

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seqc::rt {

/// One dimension of a value.
struct Dimension {
  /// Extent, or -1 if dynamic.
  int64_t extent = -1;
  /// Index into EntrySignature::symbols, or -1 if static or unnamed.
  int symbol = -1;
};

/// A number, or the extent of a symbolic dimension.
struct Bound {
  double number = 0;
  int symbol = -1;
  /// A default only: what the entry of defaults gives under the input's name.
  bool isInitializer = false;
};

/// One input or output.
struct ValueSignature {
  std::string name;
  seqc_dtype_t dtype = SEQC_DTYPE_NONE;
  std::vector<Dimension> shape;
  std::optional<Bound> min, max, fallback;
  /// The sequence or optional of which this is a part, and which one: "data",
  /// "shapes", "value" or "present". Empty for a tensor.
  std::string of, part;

  /// Whether the default is an initializer of the model.
  bool isInitializer() const { return fallback && fallback->isInitializer; }

  /// Outputs: whether every input of the same type and shape may be the same
  /// memory, and otherwise the numbers of those that may.
  bool mayBeAnyInput = false;
  std::vector<size_t> mayBeInputs;

  int32_t rank() const { return int32_t(shape.size()); }

  /// Whether an output may be the memory of input `index` if that has the same
  /// type and shape.
  bool mayBeInput(size_t index) const;
};

/// How the search of an entry was compiled.
struct GenerationInfo {
  std::string search;
  int64_t width = 1, numBest = 1, maxNew = -1;
  double lengthPenalty = 1;
};

/// One entry.
struct EntrySignature {
  std::string name;
  std::vector<ValueSignature> inputs, outputs;
  /// Names of the symbolic dimensions.
  std::vector<std::string> symbols;
  std::optional<GenerationInfo> generation;
  /// Names of the entry that runs when no initializer is given, and of the one
  /// that gives the defaults; empty without initializers among the inputs.
  std::string plainName, defaultsName;
  /// These two, in this order.
  std::vector<EntrySignature> helpers;

  /// Whether a call gives no initializer, so that helpers[0] runs.
  bool isPlain(const std::vector<TensorRef> &given) const;
  /// The inputs of helpers[0] among those of this entry.
  std::vector<TensorRef> pickPlain(const std::vector<TensorRef> &given) const;

  /// Index of an input or output by name, or by position if `name` is a
  /// number that no value has as its name; -1 if there is none.
  int findInput(std::string_view name) const;
  int findOutput(std::string_view name) const;
};

/// "[batch, 3]".
std::string shapeToString(const EntrySignature &entry,
                          const ValueSignature &value);

/// Names of values for messages: "'x', 'y'".
std::string listNames(const std::vector<ValueSignature> &values);

/// Parses the entries of a metadata object; messages name the JSON path.
Result<std::vector<EntrySignature>>
parseSignatures(const nlohmann::json &metadata);

/// Parses metadata text into JSON, with bounds on its nesting.
Result<nlohmann::json> parseMetadata(std::string_view text);

/// Extents of symbolic dimensions seen so far; -1 where unknown.
using SymbolExtents = std::vector<int64_t>;

/// Checks type, rank and static extents of a tensor for `value`. `what` begins
/// the message: "input" or "output".
Status checkStatic(const EntrySignature &entry, const ValueSignature &value,
                   const char *what, const seqc_tensor_t &tensor);

/// Checks a shape against `value` and enters its symbolic extents.
Status bindShape(const EntrySignature &entry, const ValueSignature &value,
                 const char *what, int32_t rank, const int64_t *shape,
                 SymbolExtents &extents);

/// Checks the values of an integer input against its bounds.
Status checkRange(const EntrySignature &entry, const ValueSignature &value,
                  const seqc_tensor_t &tensor, const SymbolExtents &extents);

/// The shape of the default of `value`, or a failure if it does not follow from
/// the extents known.
Status defaultShape(const EntrySignature &entry, const ValueSignature &value,
                    const SymbolExtents &extents, int64_t *outShape);

/// Fills `tensor` with the default of `value`.
Status fillDefault(const ValueSignature &value, const SymbolExtents &extents,
                   seqc_tensor_t &tensor);

/// Checks the inputs of a run as seqc_call_run() does, and puts defaults where
/// a reference is empty. For executors other than compiled code.
Status completeInputs(const EntrySignature &entry,
                      std::vector<TensorRef> &inputs);

/// INVALID_ARGUMENT: an input without default was not given.
Status missingInput(const EntrySignature &entry, const ValueSignature &value);

/// Checks options of generation against their ranges and against what the entry
/// was compiled for.
Status checkGenerationOptions(const EntrySignature &entry,
                              const seqc_generation_options_t &options);

/// Extent of a symbol, or the number.
int64_t evaluate(const Bound &bound, const SymbolExtents &extents);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_LOADER_SIGNATURE_H
