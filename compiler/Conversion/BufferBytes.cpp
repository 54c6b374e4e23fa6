//===- BufferBytes.cpp - How many bytes buffers take ----------------------===//

#include "compiler/Conversion/BufferBytes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace seqc;

int64_t seqc::getElementBytes(Type element) {
  if (isa<IndexType>(element))
    return 8;
  return llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
}

/// a * b, or the greatest index where that does not fit or is negative.
static Value multiplySaturated(OpBuilder &builder, Location loc, Value a,
                               Value b) {
  auto product = arith::MulUIExtendedOp::create(builder, loc, a, b);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value most = arith::ConstantIndexOp::create(
      builder, loc, std::numeric_limits<int64_t>::max());
  Value high = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                     product.getHigh(), zero);
  Value negative = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::slt, product.getLow(), zero);
  return arith::SelectOp::create(
      builder, loc, arith::OrIOp::create(builder, loc, high, negative), most,
      product.getLow());
}

Value seqc::saturatedBytes(OpBuilder &builder, Location loc, MemRefType type,
                           ValueRange sizes) {
  int64_t known = getElementBytes(type.getElementType());
  for (int64_t extent : type.getShape())
    if (!ShapedType::isDynamic(extent) &&
        llvm::MulOverflow(known, extent, known))
      known = std::numeric_limits<int64_t>::max();
  Value bytes = arith::ConstantIndexOp::create(builder, loc, known);
  for (Value extent : sizes)
    bytes = multiplySaturated(builder, loc, bytes, extent);
  return bytes;
}
