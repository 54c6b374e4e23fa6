//===- Options.cpp - What the caller of an entry chooses --------*- C++ -*-===//

#include "dialect/Seq/IR/Options.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace seqc::seq;

Type seqc::seq::getOptionType(Builder &builder, CallOption option) {
  switch (option) {
  case CallOption::MaxNew:
  case CallOption::TopK:
    return builder.getIndexType();
  case CallOption::LengthPenalty:
    return builder.getF64Type();
  case CallOption::Temperature:
  case CallOption::TopP:
    return builder.getF32Type();
  case CallOption::Seed:
  case CallOption::FirstRow:
    return builder.getI64Type();
  }
  llvm_unreachable("unknown option");
}

LogicalResult OptionOp::verify() {
  Builder builder(getContext());
  Type required = getOptionType(builder, getName());
  if (getValue().getType() != required)
    return emitOpError("'") << stringifyCallOption(getName()) << "' has type "
                            << getValue().getType() << ", but " << required
                            << " is required [C1]";
  return success();
}
