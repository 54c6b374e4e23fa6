//===- SeqDialect.cpp - Registration and attributes of seq ------*- C++ -*-===//

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"
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

namespace {

/// Every seq op may move into a caller: none refers to the function around it.
struct SeqInlinerInterface : public DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;

  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const final {
    return true;
  }
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final {
    return true;
  }
};

} // namespace

void SeqDialect::initialize() {
  addInterfaces<SeqInlinerInterface>();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/Seq/IR/SeqAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialect/Seq/IR/SeqOps.cpp.inc"
      >();
}

LogicalResult
BeamAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t width,
                 int64_t nBest,
                 // NOLINTNEXTLINE(performance-unnecessary-value-param)
                 APFloat lengthPenalty, Stop stop) {
  // C3 of seq.generate
  if (width < 1)
    return emitError() << "beam width is " << width
                       << ", but at least 1 is required [C3]";
  if (nBest < 1 || nBest > width)
    return emitError() << "n_best is " << nBest << ", but 1 to the beam width "
                       << width << " is required [C3]";
  return success();
}

LogicalResult
SampleAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                   // NOLINTNEXTLINE(performance-unnecessary-value-param)
                   APFloat temperature, int64_t topK,
                   // NOLINTNEXTLINE(performance-unnecessary-value-param)
                   APFloat topP, uint64_t,
                   // NOLINTNEXTLINE(performance-unnecessary-value-param)
                   APFloat lengthPenalty) {
  // C8 of seq.generate
  double degrees = temperature.convertToDouble(), mass = topP.convertToDouble();
  if (!temperature.isFinite() || degrees < 0)
    return emitError() << "temperature is " << degrees
                       << ", but a finite number of at least 0 is required "
                          "[C8]";
  if (topK < 0)
    return emitError() << "top_k is " << topK
                       << ", but at least 0 is required [C8]";
  if (!(mass > 0 && mass <= 1))
    return emitError() << "top_p is " << mass
                       << ", but above 0 and at most 1 is required [C8]";
  if (!lengthPenalty.isFinite())
    return emitError() << "length_penalty is "
                       << lengthPenalty.convertToDouble()
                       << ", but a finite number is required [C8]";
  return success();
}
