//===- Elementwise.cpp - Scalar ops on scalars and tensors ----------------===//

#include "dialect/Seq/Reference/Handlers.h"
#include "dialect/Seq/Reference/ScalarOps.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

#include <algorithm>

using namespace mlir;

namespace seqc::reference {

llvm::Expected<Results>
evaluateElementwise(Interpreter &interpreter, Operation &op,
                    llvm::MutableArrayRef<Tensor> operands) {
  std::optional<ScalarOp> scalar = getScalarOp(op);
  if (!scalar)
    return makeError(op, "unsupported element types");
  Shape shape(operands.front().getShape());
  llvm::SmallVector<const Scalar *, maxScalarOperands> sources;
  Tensor *reused = nullptr;
  for (auto [number, operand] : llvm::enumerate(operands)) {
    if (llvm::Error error = checkShape(op, operand.getShape(), shape,
                                       "operand " + llvm::Twine(number)))
      return error;
    sources.push_back(operand.data());
    // An operand that nothing else reads becomes the result.
    if (operand.isUnique())
      reused = &operand;
  }
  Tensor result;
  if (reused) {
    result = std::move(*reused);
    result.setKind(scalar->traits.outKind);
  } else {
    llvm::Expected<Tensor> fresh =
        interpreter.allocate(op, scalar->traits.outKind, shape);
    if (!fresh)
      return fresh.takeError();
    result = std::move(*fresh);
  }
  Scalar *target = result.mutableData();
  const char *fault = nullptr;
  Scalar arguments[maxScalarOperands] = {};
  for (int64_t i = 0, end = result.getNumElements(); i < end; ++i) {
    for (size_t number = 0; number < sources.size(); ++number)
      arguments[number] = sources[number][i];
    target[i] = scalar->function(arguments, scalar->traits, fault);
    if (fault)
      return makeError(op, fault);
  }
  return Results{std::move(result)};
}

/// `arith.select`, whose condition may be one scalar for whole tensors.
static llvm::Expected<Results>
evaluateSelect(Interpreter &interpreter, Operation &op,
               llvm::MutableArrayRef<Tensor> operands) {
  if (operands[0].getRank() == 0)
    return Results{operands[0].scalar().i != 0 ? operands[1] : operands[2]};
  return evaluateElementwise(interpreter, op, operands);
}

/// The elements of a constant.
static llvm::Expected<Tensor> readConstant(Interpreter &interpreter,
                                           Operation &op, TypedAttr attribute) {
  std::optional<ElementKind> kind = getElementKind(attribute.getType());
  if (!kind)
    return makeError(op, "unsupported element type");
  auto readInteger = [&](const llvm::APInt &value) {
    return wrapInteger(value.getSExtValue(), getBitWidth(*kind));
  };
  auto readFloat = [](llvm::APFloat value) {
    bool inexact;
    value.convert(llvm::APFloat::IEEEdouble(),
                  llvm::APFloat::rmNearestTiesToEven, &inexact);
    return value.convertToDouble();
  };
  if (auto number = dyn_cast<FloatAttr>(attribute))
    return Tensor::ofFloat(*kind, readFloat(number.getValue()));
  if (auto integer = dyn_cast<IntegerAttr>(attribute))
    return Tensor::ofInt(*kind, readInteger(integer.getValue()));
  auto dense = dyn_cast<DenseElementsAttr>(attribute);
  if (!dense)
    return makeError(op, "unsupported kind of constant");
  llvm::Expected<Tensor> result =
      interpreter.allocate(op, *kind, dense.getType().getShape());
  if (!result)
    return result;
  if (isFloat(*kind))
    llvm::transform(dense.getValues<llvm::APFloat>(),
                    result->mutableFloats().begin(), readFloat);
  else
    llvm::transform(dense.getValues<llvm::APInt>(),
                    result->mutableInts().begin(), readInteger);
  return result;
}

static llvm::Expected<Results> evaluateConstant(Interpreter &interpreter,
                                                Operation &op,
                                                llvm::MutableArrayRef<Tensor>) {
  llvm::Expected<Tensor> value = interpreter.getCached(op, [&] {
    return readConstant(interpreter, op,
                        cast<arith::ConstantOp>(op).getValue());
  });
  if (!value)
    return value.takeError();
  return Results{std::move(*value)};
}

void addElementwiseHandlers(HandlerTable &table) {
  for (const auto &entry : getScalarTable())
    table[entry.getKey()] = evaluateElementwise;
  table["arith.select"] = evaluateSelect;
  table["arith.constant"] = evaluateConstant;
}

//===----------------------------------------------------------------------===//
// Affine
//===----------------------------------------------------------------------===//

/// The values of a map's results for index operands.
static llvm::Expected<llvm::SmallVector<int64_t>>
evaluateMap(Operation &op, AffineMap map, llvm::ArrayRef<Tensor> operands) {
  MLIRContext *context = op.getContext();
  llvm::SmallVector<Attribute> constants;
  for (const Tensor &operand : operands)
    constants.push_back(
        IntegerAttr::get(IndexType::get(context), operand.scalar().i));
  llvm::SmallVector<Attribute> folded;
  bool poisoned = false;
  if (failed(map.constantFold(constants, folded, &poisoned)) || poisoned)
    return makeError(op, "the map has no value for these operands");
  llvm::SmallVector<int64_t> values;
  for (Attribute value : folded)
    values.push_back(cast<IntegerAttr>(value).getInt());
  return values;
}

/// One of the three affine ops on indices.
template <typename AffineOpTy>
static llvm::Expected<Results>
evaluateAffine(Interpreter &, Operation &op,
               llvm::MutableArrayRef<Tensor> operands) {
  llvm::Expected<llvm::SmallVector<int64_t>> values =
      evaluateMap(op, cast<AffineOpTy>(op).getAffineMap(), operands);
  if (!values)
    return values.takeError();
  int64_t result = std::is_same_v<AffineOpTy, affine::AffineMaxOp>
                       ? *std::max_element(values->begin(), values->end())
                       : *std::min_element(values->begin(), values->end());
  return Results{Tensor::ofIndex(result)};
}

void addAffineHandlers(HandlerTable &table) {
  table["affine.apply"] = evaluateAffine<affine::AffineApplyOp>;
  table["affine.min"] = evaluateAffine<affine::AffineMinOp>;
  table["affine.max"] = evaluateAffine<affine::AffineMaxOp>;
}

} // namespace seqc::reference
