//===- Products.cpp - Products before their layout is chosen ----*- C++ -*-===//

#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace seqc::seq;
using namespace seqc::seq::detail;

//===----------------------------------------------------------------------===//
// MatmulOp
//===----------------------------------------------------------------------===//

int64_t MatmulOp::getNumMatrices() {
  return static_cast<int64_t>(getMatrices().size());
}
int64_t MatmulOp::getNumColumns() {
  return extent(getMatrices().front(), getTransposed() ? 1 : 0);
}
int64_t MatmulOp::getDepth() {
  return extent(getMatrices().front(), getTransposed() ? 0 : 1);
}

LogicalResult MatmulOp::verify() {
  // C2
  if (getMatrices().empty())
    return emitOpError("has no matrix, but at least 1 is required [C2]");
  // C1
  RankedTensorType first = tensorType(getMatrices().front());
  if (failed(checkStaticAndAlike(*this, "matrix", "matrices", getMatrices(),
                                 "C1")))
    return failure();
  int64_t rows = ShapedType::kDynamic;
  for (Value init : getInits()) {
    if (failed(checkShape(*this, "init", tensorType(init),
                          {rows, getNumColumns()}, "C2")))
      return failure();
    narrow(rows, extent(init, 0));
  }
  if (failed(checkShape(*this, "lhs", getLhs().getType(), {rows, getDepth()},
                        "C1")) ||
      failed(checkProductTypes(*this, getLhs(), getMatrices().front(),
                               getInits(), "C3")))
    return failure();
  // C4
  if (getExcess() && failed(checkExcess(*this, "matrices", first, "C4")))
    return failure();
  return success();
}

/// A result has the extents of its init.
SmallVector<ExtentSource> MatmulOp::getExtentSources(int64_t result) {
  Value init = getInits()[result];
  return {ExtentSource::dimension(init, 0), ExtentSource::dimension(init, 1)};
}

//===----------------------------------------------------------------------===//
// QuantizedMatmulOp
//===----------------------------------------------------------------------===//

/// Checks a zero point that belongs to `count` rows or columns.
static LogicalResult checkZeroPoint(QuantizedMatmulOp op, StringRef name,
                                    Value zero, int64_t count,
                                    StringRef label) {
  if (!zero)
    return success();
  RankedTensorType type = tensorType(zero);
  if (type.getRank() == 0 || (type.getRank() == 1 && type.getDimSize(0) == 1) ||
      mayBeEqual(type.getShape(), {count}))
    return success();
  return op.emitOpError(name)
         << " has shape " << shapeText(type.getShape())
         << ", but one element or shape " << shapeText({count})
         << " is required [" << label << "]";
}

LogicalResult QuantizedMatmulOp::verify() {
  int64_t rows = extent(getLhs(), 0), depth = extent(getLhs(), 1);
  int64_t columns = extent(getRhs(), getTransposed() ? 1 : 0);
  SmallVector<int64_t> required{columns, depth};
  if (getTransposed())
    std::swap(required[0], required[1]);
  // C1-C4
  if (failed(checkShape(*this, "rhs", getRhs().getType(), required, "C1")) ||
      failed(checkZeroPoint(*this, "lhs_zero", getLhsZero(), rows, "C2")) ||
      failed(checkZeroPoint(*this, "rhs_zero", getRhsZero(), columns, "C3")))
    return failure();
  return checkShape(*this, "result", getType(), {rows, columns}, "C4");
}

/// Rows are those of lhs, columns those of rhs.
SmallVector<ExtentSource> QuantizedMatmulOp::getExtentSources(int64_t) {
  return {ExtentSource::dimension(getLhs(), 0),
          ExtentSource::dimension(getRhs(), getTransposed() ? 1 : 0)};
}

//===----------------------------------------------------------------------===//
// BlockwiseMatmulOp
//===----------------------------------------------------------------------===//

int64_t BlockwiseMatmulOp::getNumColumns() { return extent(getCodes(), 0); }
int64_t BlockwiseMatmulOp::getNumBlocks() { return extent(getScales(), 1); }

LogicalResult BlockwiseMatmulOp::verify() {
  // C1
  int64_t depth = extent(getLhs(), 1);
  if (ShapedType::isDynamic(depth) || depth < 1)
    return emitOpError("lhs has type ")
           << getLhs().getType()
           << ", but a static depth of at least 1 is required [C1]";
  for (auto [name, value] : {std::pair<StringRef, Value>("codes", getCodes()),
                             std::pair<StringRef, Value>("scales", getScales()),
                             std::pair<StringRef, Value>("zeros", getZeros())})
    if (value && !tensorType(value).hasStaticShape())
      return emitOpError(name) << " has type " << value.getType()
                               << ", but a static shape is required [C1]";
  // C2
  auto bits = static_cast<int64_t>(getBits()),
       block = static_cast<int64_t>(getBlock());
  if (failed(checkCodeBits(*this, bits, "C2")))
    return failure();
  if (block < 1 || block % (32 / bits) != 0)
    return emitOpError("has blocks of ")
           << block << " codes, but a multiple of " << 32 / bits
           << " is required [C2]";
  // C3
  int64_t columns = getNumColumns(), perByte = 8 / bits;
  int64_t blocks = llvm::divideCeil(depth, block);
  if (failed(checkShape(*this, "scales", getScales().getType(),
                        {columns, blocks}, "C3")))
    return failure();
  int64_t bytes = extent(getCodes(), 1), blockBytes = block / perByte;
  if (bytes % blockBytes != 0 || bytes / blockBytes != blocks)
    return emitOpError("codes has ")
           << bytes << " bytes for a column, but " << blocks << " blocks of "
           << blockBytes << " bytes are required [C3]";
  // C4
  if (Value zeros = getZeros()) {
    bool areCodes = tensorType(zeros).getElementType().isInteger(8);
    int64_t count = areCodes ? llvm::divideCeil(blocks, perByte) : blocks;
    if (failed(checkShape(*this, "zeros", tensorType(zeros), {columns, count},
                          "C4")))
      return failure();
  }
  // C5
  return checkShape(*this, "result", getType(), {extent(getLhs(), 0), columns},
                    "C5");
}

/// Rows are those of lhs, columns those of codes.
SmallVector<ExtentSource> BlockwiseMatmulOp::getExtentSources(int64_t) {
  return {ExtentSource::dimension(getLhs(), 0),
          ExtentSource::dimension(getCodes(), 0)};
}
