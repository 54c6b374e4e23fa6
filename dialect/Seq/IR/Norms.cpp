//===- Norms.cpp - Softmax and normalisation ------------------------------===//

#include "dialect/Seq/IR/RuntimeChecks.h"
#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

using namespace mlir;
using namespace seqc::seq;
using namespace seqc::seq::detail;

//===----------------------------------------------------------------------===//
// SoftmaxOp
//===----------------------------------------------------------------------===//

LogicalResult SoftmaxOp::verify() {
  int64_t rank = tensorType(getInput()).getRank(), least = 0;
  if (getDims().empty())
    return emitOpError("has no dimensions to normalise along, but at least one "
                       "is required [C1]");
  for (int64_t dim : getDims()) {
    if (dim < least || dim >= rank)
      return emitOpError("has dims ")
             << shapeText(getDims()) << ", but dimensions below " << rank
             << " in ascending order are required [C1]";
    least = dim + 1;
  }
  return success();
}

SmallVector<ExtentSource> SoftmaxOp::getExtentSources(int64_t) {
  return extentsOf(getInput());
}

//===----------------------------------------------------------------------===//
// NormOp
//===----------------------------------------------------------------------===//

/// How many dimensions of the input, from the axis on, scale and bias have.
static int64_t countAffineDims(NormOp op) {
  if (op.getKind() == NormKind::Group)
    return 1;
  return tensorType(op.getInput()).getRank() -
         static_cast<int64_t>(op.getAxis());
}

LogicalResult NormOp::verify() {
  ArrayRef<int64_t> shape = tensorType(getInput()).getShape();
  int64_t axis = static_cast<int64_t>(getAxis()),
          groups = static_cast<int64_t>(getGroups()),
          rank = static_cast<int64_t>(shape.size());
  if (axis < 0 || axis >= rank)
    return emitOpError("has axis ")
           << axis << ", but a dimension of the input, 0 to " << rank - 1
           << ", is required [C1]";
  if (groups < 1 || (groups > 1 && getKind() != NormKind::Group) ||
      (!ShapedType::isDynamic(shape[axis]) && shape[axis] % groups != 0))
    return emitOpError("has ")
           << groups << " groups of " << shapeText(shape[axis])
           << " channels, but a divisor is required, and 1 unless the kind is "
              "'group' [C2]";
  SmallVector<int64_t> affine(shape.slice(axis, countAffineDims(*this)));
  for (auto [name, value] :
       {std::pair("scale", getScale()), {"bias", getBias()}})
    if (value &&
        failed(checkAndNarrow(*this, name, tensorType(value), affine, "C3")))
      return failure();
  if (failed(checkShape(*this, "result", tensorType(getResult()), shape, "C4")))
    return failure();
  // A NaN is no tolerance either.
  if (double epsilon = getEpsilon().convertToDouble(); !(epsilon >= 0))
    return emitOpError("has epsilon ")
           << epsilon << ", but a number of at least 0 is required [C5]";
  return success();
}

SmallVector<ExtentSource> NormOp::getExtentSources(int64_t) {
  return extentsOf(getInput());
}

void NormOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  RuntimeChecks checks(builder, loc, *this, describe);
  int64_t axis = static_cast<int64_t>(getAxis());
  // C2
  OpFoldResult channels = checks.extent(getInput(), axis);
  if (getGroups() > 1 && !isa<Attribute>(channels)) {
    Value count = checks.toValue(channels),
          groups = checks.constant(getGroups());
    Value rest = arith::RemUIOp::create(builder, loc, count, groups);
    checks.require(
        checks.compare(arith::CmpIPredicate::eq, rest, checks.constant(0)),
        "has {0} channels, but a multiple of its {1} groups is required [C2]",
        {count, groups});
  }
  // C3
  for (auto [name, value] :
       {std::pair("scale", getScale()), {"bias", getBias()}})
    for (int64_t dim = 0; value && dim < countAffineDims(*this); ++dim)
      checks.requireExtent(name, value, dim,
                           checks.extent(getInput(), axis + dim), "C3");
  // C4
  for (int64_t dim = 0; dim < tensorType(getInput()).getRank(); ++dim)
    checks.requireExtent("input", getInput(), dim,
                         checks.resultExtent(getResult(), dim), "C4");
}
