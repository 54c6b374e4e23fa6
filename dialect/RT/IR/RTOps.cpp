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

LogicalResult OutputOp::verify() {
  auto type = cast<RankedTensorType>(getTensor());
  auto required = static_cast<size_t>(type.getNumDynamicDims());
  if (getSizes().size() != required)
    return emitOpError("has ")
           << getSizes().size() << " sizes, but " << type << " has " << required
           << " dynamic extents [C2]";
  return success();
}

LogicalResult OptionOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location>,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  Builder builder(context);
  types.assign(
      {seq::getOptionType(builder, adaptor.getName()), builder.getI1Type()});
  return success();
}

LogicalResult RequireOp::verify() {
  constexpr unsigned kMost = seq::RequireOp::kMostValues;
  if (getValues().size() > kMost)
    return emitOpError("has ") << getValues().size() << " values, but at most "
                               << kMost << " are possible [C1]";
  return success();
}
