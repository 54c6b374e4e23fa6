//===- RTOps.cpp - What the runtime gives to a call -----------------------===//

#include "dialect/RT/IR/RTOps.h"
#include "dialect/Seq/IR/Options.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace seqc;
using namespace seqc::rt;

#include "dialect/RT/IR/RTDialect.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialect/RT/IR/RTTypes.cpp.inc"
#define GET_OP_CLASSES
#include "dialect/RT/IR/RTOps.cpp.inc"

void RTDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialect/RT/IR/RTTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialect/RT/IR/RTOps.cpp.inc"
      >();
}

/// Reports a number of an input, an output or a dimension that is negative.
static LogicalResult verifyNumber(Operation *op, StringRef what,
                                  int64_t number) {
  if (number >= 0)
    return success();
  return op->emitOpError("has ")
         << what << " " << number << "; at least 0 is required [C1]";
}

LogicalResult InputOp::verify() {
  return verifyNumber(*this, "index", getIndex());
}

LogicalResult ExtentOp::verify() {
  return failure(failed(verifyNumber(*this, "index", getIndex())) ||
                 failed(verifyNumber(*this, "dim", getDim())));
}

LogicalResult OutputOp::verify() {
  if (failed(verifyNumber(*this, "index", getIndex())))
    return failure();
  auto type = cast<RankedTensorType>(getType());
  if (type.getNumDynamicDims() != static_cast<unsigned>(getSizes().size()))
    return emitOpError("has ")
           << getSizes().size() << " sizes, but " << type << " has "
           << type.getNumDynamicDims() << " dynamic extents [C2]";
  return success();
}

LogicalResult OptionOp::verify() {
  Builder builder((*this)->getContext());
  Type required = seq::getOptionType(builder, getName());
  if (getValue().getType() != required)
    return emitOpError("'") << seq::stringifyCallOption(getName())
                            << "' has type " << getValue().getType() << ", but "
                            << required << " is required [C1]";
  return success();
}

LogicalResult RequireOp::verify() {
  if (getValues().size() > seq::RequireOp::kMostValues)
    return emitOpError("has ")
           << getValues().size() << " values, but at most "
           << seq::RequireOp::kMostValues << " are possible [C1]";
  return success();
}
