//===- Rotary.cpp - Rotary embedding --------------------------------------===//

#include "dialect/Seq/IR/RuntimeChecks.h"
#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

using namespace mlir;
using namespace seqc::seq;
using namespace seqc::seq::detail;

LogicalResult RotaryOp::verify() {
  RankedTensorType input = tensorType(getInput());
  if (input.getRank() != 4)
    return emitOpError("has an input of rank ")
           << input.getRank() << ", but 4 is required [C1]";
  ArrayRef<int64_t> shape = input.getShape();
  SmallVector<int64_t> table{shape[0], shape[2], ShapedType::kDynamic};
  for (auto [name, value] :
       {std::pair("cosine", getCosine()), {"sine", getSine()}}) {
    RankedTensorType type = tensorType(value);
    SmallVector<int64_t> required(table);
    if (type.getRank() == 3 && type.getDimSize(0) == 1)
      required[0] = 1;
    if (failed(checkShape(*this, name, type, required, "C1")))
      return failure();
    // Both have as many angles.
    table[2] = type.getDimSize(2);
    if (ShapedType::isDynamic(table[2]) || ShapedType::isDynamic(shape[3]) ||
        table[2] < 1 || table[2] > shape[3] / 2)
      return emitOpError("has ")
             << shapeText(table[2]) << " angles for " << shapeText(shape[3])
             << " features, but static extents and angles from 1 to half of "
                "the features are required [C2]";
  }
  return success();
}

SmallVector<ExtentSource> RotaryOp::getExtentSources(int64_t) {
  return extentsOf(getInput());
}

void RotaryOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  RuntimeChecks checks(builder, loc, *this, describe);
  for (auto [name, value] :
       {std::pair("cosine", getCosine()), {"sine", getSine()}}) {
    if (tensorType(value).getDimSize(0) != 1)
      checks.requireExtent(name, value, 0, checks.extent(getInput(), 0), "C1");
    checks.requireExtent(name, value, 1, checks.extent(getInput(), 2), "C1");
  }
}
