//===- SeqDialect.cpp - Registration and attributes of seq ------*- C++ -*-===//

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace seqc::seq;

#include "dialect/Seq/IR/SeqDialect.cpp.inc"
#include "dialect/Seq/IR/SeqEnums.cpp.inc"

namespace seqc::seq::detail {
/// Parses the value of a Seq_DoubleParameter.
static FailureOr<APFloat> parseDoubleParameter(AsmParser &parser) {
  double value = 0;
  if (parser.parseFloat(value))
    return failure();
  return APFloat(value);
}
} // namespace seqc::seq::detail

#define GET_ATTRDEF_CLASSES
#include "dialect/Seq/IR/SeqAttributes.cpp.inc"

void SeqDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/Seq/IR/SeqAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialect/Seq/IR/SeqOps.cpp.inc"
      >();
}

LogicalResult BeamAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t width, int64_t nBest,
                               APFloat lengthPenalty, Stop stop) {
  return success();
}
