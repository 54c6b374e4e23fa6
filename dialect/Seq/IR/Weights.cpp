//===- Weights.cpp - Weight references, packing and products ----*- C++ -*-===//

#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace seqc::seq;
using namespace seqc::seq::detail;

//===----------------------------------------------------------------------===//
// WeightOp
//===----------------------------------------------------------------------===//

int64_t WeightOp::getStoredElementBytes() {
  Type stored = getStored().value_or(getElementTypeOrSelf(getType()));
  return llvm::divideCeil(
      stored.isIndex() ? 64 : stored.getIntOrFloatBitWidth(), 8);
}

LogicalResult WeightOp::verify() {
  // C2
  if (static_cast<int64_t>(getOffset()) < 0)
    return emitOpError("offset is ") << static_cast<int64_t>(getOffset())
                                     << ", but must not be negative [C2]";
  // C3
  if (getStored() && !isa<FloatType>(getElementTypeOrSelf(getType())))
    return emitOpError("is stored as ")
           << *getStored() << " and has type " << getType()
           << ", but floating-point elements are required [C3]";
  return success();
}

//===----------------------------------------------------------------------===//
// PackOp
//===----------------------------------------------------------------------===//

int64_t PackOp::getNumColumns() {
  return extent(getSources().front(), getTransposed() ? 1 : 0);
}

int64_t PackOp::getDepth() {
  return extent(getSources().front(), getTransposed() ? 0 : 1);
}

int64_t PackOp::getPanelWidth() {
  return getType().getDimSize(3) / static_cast<int64_t>(getUnit());
}

LogicalResult PackOp::verify() {
  // C1
  if (getSources().empty())
    return emitOpError("has no source, but at least 1 is required [C1]");
  RankedTensorType first = tensorType(getSources().front());
  if (failed(
          checkStaticAndAlike(*this, "source", "sources", getSources(), "C1")))
    return failure();

  // C3
  int64_t unit = static_cast<int64_t>(getUnit());
  if (unit < 1)
    return emitOpError("unit is ")
           << unit << ", but at least 1 is required [C3]";
  // C4
  if (getExcess() && failed(checkExcess(*this, "sources", first, "C4")))
    return failure();

  // C2
  RankedTensorType result = getType();
  if (!result.hasStaticShape() || result.getDimSize(3) < 1)
    return emitOpError("result has shape ")
           << shapeText(result.getShape())
           << ", but a static one with panels of at least 1 column is required "
              "[C2]";
  if (result.getElementType() != first.getElementType() &&
      !isUpperHalf(result.getElementType(), first.getElementType()))
    return emitOpError("result has element type ")
           << result.getElementType() << ", but that of the sources, "
           << first.getElementType() << ", is required [C2]";
  if (result.getDimSize(3) % unit != 0)
    return emitOpError("result has shape ")
           << shapeText(result.getShape())
           << ", but rows of a multiple of the unit, " << unit
           << ", are required [C2]";
  int64_t panels = llvm::divideCeil(getNumColumns(), getPanelWidth());
  int64_t depth = llvm::divideCeil(getDepth(), unit);
  return checkShape(*this, "result", result,
                    {panels, depth, static_cast<int64_t>(getSources().size()),
                     result.getDimSize(3)},
                    "C2");
}

//===----------------------------------------------------------------------===//
// ColumnSumsOp
//===----------------------------------------------------------------------===//

LogicalResult ColumnSumsOp::verify() {
  // C1
  RankedTensorType source = tensorType(getSource());
  if (!source.hasStaticShape())
    return emitOpError("source has type ")
           << source << ", but a static shape is required [C1]";
  return checkShape(*this, "result", getType(),
                    {source.getDimSize(getTransposed() ? 1 : 0)}, "C1");
}

//===----------------------------------------------------------------------===//
// PackedMatmulOp
//===----------------------------------------------------------------------===//

int64_t PackedMatmulOp::getDepthUnit() {
  auto bits = static_cast<int64_t>(getBits());
  return getScales() && bits > 0 ? 32 / bits : static_cast<int64_t>(getUnit());
}
int64_t PackedMatmulOp::getDepth() {
  int64_t groups = extent(getPanels(), 1);
  return ShapedType::isDynamic(groups) ? groups : groups * getDepthUnit();
}
int64_t PackedMatmulOp::getNumMatrices() { return extent(getPanels(), 2); }
int64_t PackedMatmulOp::getPanelWidth() {
  return extent(getPanels(), 3) / static_cast<int64_t>(getUnit());
}

int64_t PackedMatmulOp::getNumColumns() {
  return extent(getInits().front(), 1);
}

/// C4 and C5, but for the width of a code.
static LogicalResult verifyCodes(PackedMatmulOp op) {
  auto unit = static_cast<int64_t>(op.getUnit());
  for (auto [name, value] :
       {std::pair<StringRef, Value>("panels", op.getPanels()),
        std::pair<StringRef, Value>("scales", op.getScales()),
        std::pair<StringRef, Value>("zeros", op.getZeros())})
    if (value && !tensorType(value).hasStaticShape())
      return op.emitOpError(name) << " has type " << value.getType()
                                  << ", but a static shape is required [C4]";
  if (op.getNumMatrices() != 1 || unit != 4)
    return op.emitOpError("has scales, ")
           << op.getNumMatrices() << " matrices and unit " << unit
           << ", but 1 matrix and unit 4 are required [C4]";
  int64_t panelCount = extent(op.getPanels(), 0), width = op.getPanelWidth();
  int64_t depth = op.getDepth(), blocks = extent(op.getScales(), 1);
  if (failed(checkShape(op, "scales", tensorType(op.getScales()),
                        {panelCount, blocks, 1, width}, "C4")))
    return failure();
  if (blocks < 1 || depth % blocks != 0 ||
      depth / blocks % op.getDepthUnit() != 0)
    return op.emitOpError("has ")
           << depth << " codes in " << blocks
           << " blocks, but blocks of one multiple of " << op.getDepthUnit()
           << " codes are required [C4]";
  Value zeros = op.getZeros();
  if (!zeros)
    return success();
  bool areCodes = tensorType(zeros).getElementType().isInteger(8);
  int64_t groups =
      areCodes ? llvm::divideCeil(blocks, op.getDepthUnit()) : blocks;
  return checkShape(op, "zeros", tensorType(zeros),
                    {panelCount, groups, 1, areCodes ? width * unit : width},
                    "C5");
}

LogicalResult PackedMatmulOp::verify() {
  RankedTensorType panels = getPanels().getType();
  int64_t matrices = getNumMatrices(), row = extent(getPanels(), 3);
  int64_t unit = static_cast<int64_t>(getUnit());
  // C1: how many matrices and how wide a panel is are part of the layout.
  if (unit < 1)
    return emitOpError("unit is ")
           << unit << ", but at least 1 is required [C1]";
  if (ShapedType::isDynamic(matrices) || ShapedType::isDynamic(row) ||
      matrices < 1 || row < unit || row % unit != 0)
    return emitOpError("panels have shape ")
           << shapeText(panels.getShape())
           << ", but static extents of at least 1 are required for matrices "
              "and columns of a panel [C1]";

  // C4: how much a row of a panel holds.
  auto bits = static_cast<int64_t>(getBits());
  if (getScales()) {
    if (failed(checkCodeBits(*this, bits, "C4")))
      return failure();
  } else if (bits != 0 || getIsSigned() || getZeros()) {
    return emitOpError("has codes without scales, but both or none are "
                       "required [C4]");
  }

  // C2: the rest is the destination-style interface's.
  if (static_cast<int64_t>(getInits().size()) != matrices)
    return emitOpError("has ")
           << getInits().size() << " inits, but the panels hold " << matrices
           << " matrices [C2]";
  int64_t rows = extent(getInits().front(), 0), columns = getNumColumns();
  for (Value init : getInits().drop_front()) {
    if (!mayBeEqual(tensorType(init).getShape(), {rows, columns}))
      return emitOpError("inits have shapes ")
             << shapeText({rows, columns}) << " and "
             << shapeText(tensorType(init).getShape())
             << ", but one shape is required [C2]";
    narrow(rows, extent(init, 0));
    narrow(columns, extent(init, 1));
  }

  // C1
  if (failed(checkShape(*this, "lhs", getLhs().getType(), {rows, getDepth()},
                        "C1")))
    return failure();
  int64_t count = ShapedType::isDynamic(columns)
                      ? columns
                      : llvm::divideCeil(columns, getPanelWidth());
  if (failed(checkShape(*this, "panels", panels,
                        {count, extent(getPanels(), 1), matrices, row}, "C1")))
    return failure();

  if (!getScales())
    return checkProductTypes(*this, getLhs(), getPanels(), getInits(), "C3",
                             /*takesHalves=*/true);
  const Type f32 = Float32Type::get(getContext()),
             i8 = IntegerType::get(getContext(), 8);
  for (auto [value, element] : {std::pair<Value, Type>(getLhs(), f32),
                                std::pair<Value, Type>(getPanels(), i8),
                                std::pair<Value, Type>(getInits()[0], f32)})
    if (tensorType(value).getElementType() != element)
      return emitOpError("multiplies by codes and has an operand of type ")
             << value.getType()
             << ", but elements of 'f32', 'i8' and 'f32' are required [C3]";
  return verifyCodes(*this);
}

/// A result has the extents of its init.
SmallVector<ExtentSource> PackedMatmulOp::getExtentSources(int64_t result) {
  Value init = getInits()[result];
  return {ExtentSource::dimension(init, 0), ExtentSource::dimension(init, 1)};
}
