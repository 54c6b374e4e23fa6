//===- EmitterKnown.cpp - Tensors whose elements are known ----------------===//

#include "frontends/Common/Emitter.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace seqc::frontend {

/// Elements up to which a tensor is held as a list of scalars.
static constexpr int64_t kMostKnown = 64;

bool Emitter::isKnown(Tensor tensor) {
  RankedTensorType type = tensor.getType();
  if (!type.hasStaticShape() || type.getNumElements() > kMostKnown)
    return false;
  Operation *op = tensor.value.getDefiningOp();
  return isa_and_nonnull<tensor::FromElementsOp, arith::ConstantOp>(op) ||
         type.getNumElements() == 0;
}

SmallVector<Value> Emitter::elements(Tensor tensor) {
  if (auto list = tensor.value.getDefiningOp<tensor::FromElementsOp>())
    return SmallVector<Value>(list.getElements());
  SmallVector<Value> result;
  DenseElementsAttr constant;
  if (matchPattern(tensor.value, m_Constant(&constant))) {
    for (Attribute element : constant.getValues<Attribute>())
      result.push_back(
          arith::ConstantOp::create(builder, loc, cast<TypedAttr>(element)));
    return result;
  }
  Scalars s = scalars();
  SmallVector<int64_t> strides = computeStrides(tensor.getShape());
  for (int64_t i = 0, e = tensor.getType().getNumElements(); i < e; ++i)
    result.push_back(load(
        tensor, llvm::map_to_vector(delinearize(i, strides),
                                    [&](int64_t at) { return s.index(at); })));
  return result;
}

std::optional<SmallVector<int64_t>> Emitter::constantIntegers(Tensor tensor) {
  if (!isInteger(tensor.type) && tensor.type != DataType::Bool)
    return std::nullopt;
  bool natural = isUnsigned(tensor.type) || tensor.type == DataType::Bool;
  SmallVector<int64_t> numbers;
  auto add = [&](const APInt &bits) {
    numbers.push_back(natural ? bits.getZExtValue() : bits.getSExtValue());
  };
  DenseIntElementsAttr constant;
  if (matchPattern(tensor.value, m_Constant(&constant))) {
    for (const APInt &bits : constant.getValues<APInt>())
      add(bits);
    return numbers;
  }
  if (!isKnown(tensor))
    return std::nullopt;
  for (Value element : elements(tensor)) {
    APInt bits;
    if (!matchPattern(element, m_ConstantInt(&bits)))
      return std::nullopt;
    add(bits);
  }
  return numbers;
}

std::optional<SmallVector<double>> Emitter::constantNumbers(Tensor tensor) {
  SmallVector<double> numbers;
  if (!isFloat(tensor.type)) {
    std::optional<SmallVector<int64_t>> integers = constantIntegers(tensor);
    if (!integers)
      return std::nullopt;
    return SmallVector<double>(integers->begin(), integers->end());
  }
  DenseFPElementsAttr constant;
  if (matchPattern(tensor.value, m_Constant(&constant))) {
    for (const APFloat &element : constant.getValues<APFloat>())
      numbers.push_back(element.convertToDouble());
    return numbers;
  }
  if (!isKnown(tensor))
    return std::nullopt;
  for (Value element : elements(tensor)) {
    FloatAttr number;
    if (!matchPattern(element, m_Constant(&number)))
      return std::nullopt;
    numbers.push_back(number.getValueAsDouble());
  }
  return numbers;
}

Extents Emitter::indices(Tensor tensor) {
  Scalars s = scalars();
  Extents result;
  for (Value element : elements(tensor))
    result.push_back(s.toIndex(tensor.type, element));
  return simplify(result);
}

Tensor Emitter::fromElements(DataType type, ArrayRef<int64_t> shape,
                             ArrayRef<Value> elements) {
  auto tensorType = RankedTensorType::get(shape, storage(type));
  SmallVector<Attribute> constants;
  for (Value element : elements) {
    Attribute constant;
    if (!matchPattern(element, m_Constant(&constant)))
      break;
    constants.push_back(constant);
  }
  if (constants.size() == elements.size())
    return constant(DenseElementsAttr::get(tensorType, constants), type);
  return {tensor::FromElementsOp::create(builder, loc, tensorType, elements),
          type};
}

Tensor Emitter::pickKnown(Tensor tensor, ArrayRef<int64_t> offsets,
                          ArrayRef<int64_t> strides, ArrayRef<int64_t> shape,
                          ArrayRef<int64_t> dims) {
  SmallVector<int64_t> steps(dims.size(), 1);
  int64_t base = 0, count = 1;
  for (int64_t d = tensor.getRank() - 1, step = 1; d >= 0; --d) {
    base += offsets[d] * step;
    for (auto [dim, result] : llvm::zip(dims, steps))
      if (dim == d)
        result = step * strides[d];
    step *= tensor.getShape()[d];
  }
  for (int64_t size : shape)
    count *= size;
  SmallVector<Value> all = elements(tensor), list;
  SmallVector<int64_t> own = computeStrides(shape);
  for (int64_t i = 0; i < count; ++i)
    list.push_back(all[base + linearize(delinearize(i, own), steps)]);
  return fromElements(tensor.type, shape, list);
}

Tensor Emitter::fromExtents(ArrayRef<OpFoldResult> sizes) {
  Scalars s = scalars();
  SmallVector<Value> list;
  for (OpFoldResult size : sizes)
    list.push_back(s.fromIndex(DataType::Int64, toValue(size)));
  return fromElements(DataType::Int64, {static_cast<int64_t>(list.size())},
                      list);
}

Tensor Emitter::constant(DenseElementsAttr value, DataType type) {
  return {arith::ConstantOp::create(builder, loc, value), type};
}

Tensor Emitter::scalar(DataType type, double value) {
  return fromElements(type, {}, {scalars().constant(type, value)});
}

} // namespace seqc::frontend
