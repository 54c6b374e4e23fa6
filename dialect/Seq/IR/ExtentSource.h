//===- ExtentSource.h - Where extents of results are found ------*- C++ -*-===//

#ifndef DIALECT_SEQ_IR_EXTENTSOURCE_H
#define DIALECT_SEQ_IR_EXTENTSOURCE_H

#include "mlir/IR/Value.h"

#include <optional>

namespace seqc::seq::detail {

/// Where an extent of a result is found: a dimension of a value, the value
/// itself (an index), a number, or, by default, nowhere before the op has run.
struct ExtentSource {
  mlir::Value value;
  std::optional<int64_t> dim;
  std::optional<int64_t> number;

  /// Dimension `dim` of the tensor `value`.
  static ExtentSource dimension(mlir::Value value, int64_t dim) {
    return {value, dim, std::nullopt};
  }
  /// The number that `value`, an index, has at run time.
  static ExtentSource index(mlir::Value value) {
    return {value, std::nullopt, std::nullopt};
  }
  /// A number that the op's attributes tell.
  static ExtentSource constant(int64_t number) {
    return {mlir::Value(), std::nullopt, number};
  }
};

} // namespace seqc::seq::detail

#endif // DIALECT_SEQ_IR_EXTENTSOURCE_H
