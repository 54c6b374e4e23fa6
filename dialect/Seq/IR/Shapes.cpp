//===- Shapes.cpp - Comparing and reifying shapes ---------------*- C++ -*-===//

#include "dialect/Seq/IR/Shapes.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace seqc::seq::detail {

bool mayBeEqual(int64_t left, int64_t right) {
  return left == right || ShapedType::isDynamic(left) ||
         ShapedType::isDynamic(right);
}

bool mayBeEqual(ArrayRef<int64_t> left, ArrayRef<int64_t> right) {
  return left.size() == right.size() &&
         llvm::all_of(llvm::zip(left, right), [](auto pair) {
           return mayBeEqual(std::get<0>(pair), std::get<1>(pair));
         });
}

void narrow(int64_t &known, int64_t found) {
  if (ShapedType::isDynamic(known))
    known = found;
}

std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << '[';
  llvm::interleaveComma(shape, stream, [&](int64_t extent) {
    if (ShapedType::isDynamic(extent))
      stream << '?';
    else
      stream << extent;
  });
  stream << ']';
  return text;
}

RankedTensorType dropLeading(RankedTensorType type) {
  return RankedTensorType::get(type.getShape().drop_front(),
                               type.getElementType());
}

RankedTensorType withDynamicLeading(RankedTensorType type) {
  SmallVector<int64_t> shape(type.getShape());
  shape.front() = ShapedType::kDynamic;
  return RankedTensorType::get(shape, type.getElementType());
}

LogicalResult checkShape(Operation *op, StringRef name, RankedTensorType type,
                         ArrayRef<int64_t> required, StringRef label) {
  if (mayBeEqual(type.getShape(), required))
    return success();
  return op->emitOpError(name)
         << " has shape " << shapeText(type.getShape()) << ", but "
         << shapeText(required) << " is required [" << label << "]";
}

LogicalResult checkAndNarrow(Operation *op, StringRef name,
                             RankedTensorType type,
                             MutableArrayRef<int64_t> required,
                             StringRef label) {
  if (failed(checkShape(op, name, type, required, label)))
    return failure();
  for (auto [wanted, found] : llvm::zip_equal(required, type.getShape()))
    narrow(wanted, found);
  return success();
}

LogicalResult checkFloatElements(Operation *op, StringRef label) {
  Type first;
  auto check = [&](TypeRange types) -> LogicalResult {
    for (Type type : types) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor || !isa<FloatType>(tensor.getElementType()))
        continue;
      if (!first)
        first = tensor.getElementType();
      if (tensor.getElementType() != first)
        return op->emitOpError("mixes element types ")
               << first << " and " << tensor.getElementType()
               << ", but one is required [" << label << "]";
    }
    return success();
  };
  if (failed(check(op->getOperandTypes())))
    return failure();
  return check(op->getResultTypes());
}

LogicalResult checkStaticAndAlike(Operation *op, StringRef one, StringRef many,
                                  ValueRange values, StringRef label) {
  RankedTensorType first = tensorType(values.front());
  if (!first.hasStaticShape())
    return op->emitOpError(one)
           << " has type " << first << ", but a static shape is required ["
           << label << "]";
  for (Value value : values.drop_front())
    if (value.getType() != first)
      return op->emitOpError(many)
             << " have types " << first << " and " << value.getType()
             << ", but one type is required [" << label << "]";
  return success();
}

LogicalResult checkExcess(Operation *op, StringRef many, RankedTensorType type,
                          StringRef label) {
  if (type.getElementType().isInteger(8))
    return success();
  return op->emitOpError(many)
         << " have element type " << type.getElementType()
         << ", but 'i8' is required where they are in excess [" << label << "]";
}

bool isUpperHalf(Type half, Type whole) {
  auto narrow = dyn_cast<FloatType>(half), wide = dyn_cast<FloatType>(whole);
  return narrow && wide && 2 * narrow.getWidth() == wide.getWidth() &&
         APFloat::semanticsMaxExponent(narrow.getFloatSemantics()) ==
             APFloat::semanticsMaxExponent(wide.getFloatSemantics());
}

LogicalResult checkProductTypes(Operation *op, Value lhs, Value matrix,
                                ValueRange inits, StringRef label,
                                bool takesHalves) {
  Type left = tensorType(lhs).getElementType();
  Type right = tensorType(matrix).getElementType();
  for (Value init : inits) {
    Type sum = tensorType(init).getElementType();
    bool isFloat = isa<FloatType>(left) && right == left && sum == left;
    bool isInteger =
        left.isInteger(8) && right.isInteger(8) && sum.isInteger(32);
    if (takesHalves && left == sum && isUpperHalf(right, left))
      continue;
    if (!isFloat && !isInteger)
      return op->emitOpError("multiplies ")
             << left << " by " << right << " onto " << sum
             << ", but one floating-point type, or 'i8' by 'i8' onto 'i32', is "
                "required ["
             << label << "]";
  }
  return success();
}

LogicalResult checkCodeBits(Operation *op, int64_t bits, StringRef label) {
  if (bits == 2 || bits == 4 || bits == 8)
    return success();
  return op->emitOpError("has codes of ")
         << bits << " bits, but 2, 4 or 8 are required [" << label << "]";
}

bool hasStaticOperands(Operation *op) {
  return llvm::all_of(op->getOperandTypes(), [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return !tensor || tensor.hasStaticShape();
  });
}

/// The extent that `source` stands for, where the result's type says `extent`.
static OpFoldResult reify(OpBuilder &builder, Location location, int64_t extent,
                          const ExtentSource &source) {
  if (!ShapedType::isDynamic(extent))
    return builder.getIndexAttr(extent);
  OpFoldResult found;
  if (source.dim)
    found = tensor::getMixedSize(builder, location, source.value, *source.dim);
  else if (source.number)
    found = builder.getIndexAttr(*source.number);
  else if (source.value)
    found = source.value;
  else
    return OpFoldResult();
  // A dynamic extent is a value, even where its source is static.
  return getValueOrCreateConstantIndexOp(builder, location, found);
}

SmallVector<ExtentSource> extentsOf(Value value) {
  SmallVector<ExtentSource> sources;
  for (int64_t dim = 0; dim < tensorType(value).getRank(); ++dim)
    sources.push_back(ExtentSource::dimension(value, dim));
  return sources;
}

LogicalResult reifyShapes(Operation *op, OpBuilder &builder,
                          ReifiedRankedShapedTypeDims &shapes,
                          ExtentSources sources) {
  for (OpResult result : op->getResults()) {
    SmallVector<OpFoldResult> extents;
    for (auto [extent, source] : llvm::zip_equal(
             tensorType(result).getShape(), sources(result.getResultNumber())))
      extents.push_back(reify(builder, op->getLoc(), extent, source));
    shapes.push_back(extents);
  }
  return success();
}

FailureOr<OpFoldResult> reifyExtent(Operation *op, OpBuilder &builder,
                                    int result, int dim,
                                    ExtentSources sources) {
  OpFoldResult extent = reify(builder, op->getLoc(),
                              tensorType(op->getResult(result)).getDimSize(dim),
                              sources(result)[dim]);
  if (!extent)
    return failure();
  return extent;
}

} // namespace seqc::seq::detail
