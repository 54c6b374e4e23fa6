//===- Tensor.cpp - Values of the reference interpreter -------------------===//

#include "dialect/Seq/Reference/Tensor.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeUtilities.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace mlir;

namespace seqc::reference {

bool isFloat(ElementKind kind) { return kind <= ElementKind::F64; }

unsigned getBitWidth(ElementKind kind) {
  switch (kind) {
  case ElementKind::I1:
    return 1;
  case ElementKind::I8:
    return 8;
  case ElementKind::F16:
  case ElementKind::BF16:
  case ElementKind::I16:
    return 16;
  case ElementKind::F32:
  case ElementKind::I32:
    return 32;
  case ElementKind::F64:
  case ElementKind::I64:
  case ElementKind::Index:
    return 64;
  }
  return 64;
}

unsigned getByteWidth(ElementKind kind) { return (getBitWidth(kind) + 7) / 8; }

llvm::StringRef getName(ElementKind kind) {
  static constexpr llvm::StringLiteral names[] = {
      "f16", "bf16", "f32", "f64", "i1", "i8", "i16", "i32", "i64", "index"};
  return names[static_cast<unsigned>(kind)];
}

std::optional<ElementKind> getElementKind(Type type) {
  type = getElementTypeOrSelf(type);
  if (type.isF16())
    return ElementKind::F16;
  if (type.isBF16())
    return ElementKind::BF16;
  if (type.isF32())
    return ElementKind::F32;
  if (type.isF64())
    return ElementKind::F64;
  if (type.isIndex())
    return ElementKind::Index;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return std::nullopt;
  switch (integer.getWidth()) {
  case 1:
    return ElementKind::I1;
  case 8:
    return ElementKind::I8;
  case 16:
    return ElementKind::I16;
  case 32:
    return ElementKind::I32;
  case 64:
    return ElementKind::I64;
  default:
    return std::nullopt;
  }
}

std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape) {
  int64_t count = 1;
  bool empty = llvm::is_contained(shape, 0);
  for (int64_t extent : shape) {
    if (extent < 0)
      return std::nullopt;
    if (!empty && llvm::MulOverflow(count, extent, count))
      return std::nullopt;
  }
  return empty ? 0 : count;
}

Shape getStrides(llvm::ArrayRef<int64_t> shape) {
  Shape strides(shape.size(), 1);
  for (int64_t dim = static_cast<int64_t>(shape.size()) - 2; dim >= 0; --dim)
    // A shape without elements may have extents whose product overflows; nobody
    // follows its strides.
    if (llvm::MulOverflow(strides[dim + 1],
                          std::max<int64_t>(shape[dim + 1], 1), strides[dim]))
      strides[dim] = 0;
  return strides;
}

std::string toString(llvm::ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  return llvm::join(
      llvm::map_range(shape, [](int64_t e) { return std::to_string(e); }), "x");
}

int64_t wrapInteger(int64_t value, unsigned width) {
  if (width >= 64)
    return value;
  if (width == 1)
    return value & 1;
  return llvm::SignExtend64(static_cast<uint64_t>(value), width);
}

//===----------------------------------------------------------------------===//
// Tensor
//===----------------------------------------------------------------------===//

Tensor::Tensor(ElementKind kind, llvm::ArrayRef<int64_t> shape)
    : kind(kind), shape(shape.begin(), shape.end()),
      cells(std::make_shared<std::vector<Scalar>>(
          countElements(shape).value_or(0))) {}

Tensor Tensor::ofFloats(ElementKind kind, llvm::ArrayRef<int64_t> shape,
                        llvm::ArrayRef<double> values) {
  Tensor result(kind, shape);
  llvm::copy(values.take_front(result.getNumElements()),
             result.mutableFloats().begin());
  return result;
}

Tensor Tensor::ofInts(ElementKind kind, llvm::ArrayRef<int64_t> shape,
                      llvm::ArrayRef<int64_t> values) {
  Tensor result(kind, shape);
  llvm::copy(values.take_front(result.getNumElements()),
             result.mutableInts().begin());
  return result;
}

Tensor Tensor::ofFloat(ElementKind kind, double value) {
  return ofFloats(kind, {}, value);
}

Tensor Tensor::ofInt(ElementKind kind, int64_t value) {
  return ofInts(kind, {}, value);
}

Tensor Tensor::ofBuffer(ElementKind kind, llvm::ArrayRef<int64_t> shape) {
  Tensor result(kind, shape);
  result.buffer = true;
  result.strides = getStrides(shape);
  return result;
}

Tensor Tensor::getView(llvm::ArrayRef<int64_t> newShape, int64_t newOffset,
                       llvm::ArrayRef<int64_t> newStrides) const {
  Tensor result = *this;
  result.shape.assign(newShape.begin(), newShape.end());
  result.strides.assign(newStrides.begin(), newStrides.end());
  result.offset = newOffset;
  return result;
}

int64_t Tensor::getNumElements() const {
  if (buffer)
    return countElements(shape).value_or(0);
  return cells ? static_cast<int64_t>(cells->size()) : 0;
}

Scalar *Tensor::mutableData() {
  if (cells.use_count() > 1 && !buffer)
    cells = std::make_shared<std::vector<Scalar>>(*cells);
  return cells->data();
}

llvm::ArrayRef<double> Tensor::floats() const {
  return {reinterpret_cast<const double *>(data()),
          static_cast<size_t>(getNumElements())};
}

llvm::ArrayRef<int64_t> Tensor::ints() const {
  return {reinterpret_cast<const int64_t *>(data()),
          static_cast<size_t>(getNumElements())};
}

llvm::MutableArrayRef<double> Tensor::mutableFloats() {
  return {reinterpret_cast<double *>(mutableData()),
          static_cast<size_t>(getNumElements())};
}

llvm::MutableArrayRef<int64_t> Tensor::mutableInts() {
  return {reinterpret_cast<int64_t *>(mutableData()),
          static_cast<size_t>(getNumElements())};
}

Tensor Tensor::withShape(llvm::ArrayRef<int64_t> newShape) const {
  Tensor result = *this;
  result.shape.assign(newShape.begin(), newShape.end());
  return result;
}

} // namespace seqc::reference
