//===- Quantization.cpp - Numbers that integers stand for -----------------===//

#include "dialect/Seq/IR/RuntimeChecks.h"
#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace seqc::seq;
using namespace seqc::seq::detail;

/// Verifies an op in either direction; `integer` is its type of integers.
template <typename OpTy>
static LogicalResult verifyQuantization(OpTy op, Type integer) {
  RankedTensorType input = tensorType(op.getInput());
  if (failed(checkShape(op, "result", tensorType(op.getResult()),
                        input.getShape(), "C1")))
    return failure();

  std::optional<int64_t> axis = op.getAxis(), block = op.getBlock();
  if (axis && (*axis < 0 || *axis >= input.getRank()))
    return op.emitOpError("has axis ")
           << *axis << ", but a dimension of an input of rank "
           << input.getRank() << " is required [C3]";
  if (block && (!axis || *block < 1))
    return op.emitOpError("has blocks of ")
           << *block << (axis ? "" : " without axis")
           << ", but an axis and at least 1 are required [C2]";
  SmallVector<int64_t> shape;
  if (block) {
    shape.assign(input.getShape().begin(), input.getShape().end());
    if (!ShapedType::isDynamic(shape[*axis]))
      shape[*axis] = llvm::divideCeil(shape[*axis], *block);
  } else if (axis) {
    shape = {input.getDimSize(*axis)};
  }
  if (failed(checkShape(op, "scale", tensorType(op.getScale()), shape, "C2")))
    return failure();

  Value zero = op.getZero();
  if (!zero)
    return success();
  if (getElementTypeOrSelf(zero) != integer)
    return op.emitOpError("has a zero point of ")
           << getElementTypeOrSelf(zero) << ", but " << integer
           << " is required [C4]";
  return checkShape(op, "zero", tensorType(zero),
                    tensorType(op.getScale()).getShape(), "C4");
}

template <typename OpTy>
static void checkAtRunTime(OpTy op, OpBuilder &builder, Location loc,
                           DescribeFault describe) {
  RuntimeChecks checks(builder, loc, op, describe);
  Value input = op.getInput(), scale = op.getScale();
  for (int64_t dim = 0; dim < tensorType(input).getRank(); ++dim)
    checks.requireExtent("input", input, dim,
                         checks.resultExtent(op.getResult(), dim), "C1");
  std::optional<int64_t> axis = op.getAxis(), block = op.getBlock();
  for (int64_t dim = 0; dim < tensorType(scale).getRank(); ++dim) {
    OpFoldResult size = checks.extent(input, block ? dim : *axis);
    if (block && dim == *axis && !isa<Attribute>(size)) {
      Value count = arith::CeilDivUIOp::create(
          builder, loc, checks.toValue(size), checks.constant(*block));
      size = count;
    } else if (block && dim == *axis) {
      size = builder.getIndexAttr(
          llvm::divideCeil(*getConstantIntValue(size), *block));
    }
    checks.requireExtent("scale", scale, dim, size, "C2");
    if (op.getZero())
      checks.requireExtent("zero", op.getZero(), dim, checks.extent(scale, dim),
                           "C4");
  }
}

//===----------------------------------------------------------------------===//
// QuantizeOp
//===----------------------------------------------------------------------===//

LogicalResult QuantizeOp::verify() {
  return verifyQuantization(*this, getElementTypeOrSelf(getResult()));
}

SmallVector<ExtentSource> QuantizeOp::getExtentSources(int64_t) {
  return extentsOf(getInput());
}

void QuantizeOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  checkAtRunTime(*this, builder, loc, describe);
}

//===----------------------------------------------------------------------===//
// DequantizeOp
//===----------------------------------------------------------------------===//

LogicalResult DequantizeOp::verify() {
  return verifyQuantization(*this, getElementTypeOrSelf(getInput()));
}

SmallVector<ExtentSource> DequantizeOp::getExtentSources(int64_t) {
  return extentsOf(getInput());
}

void DequantizeOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  checkAtRunTime(*this, builder, loc, describe);
}
