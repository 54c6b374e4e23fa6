//===- Positions.cpp - Indices and slices, checked ------------------------===//

#include "dialect/Seq/Reference/Handlers.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace seqc::reference {

llvm::Expected<int64_t> getElementPosition(Operation &op, const Tensor &tensor,
                                           llvm::ArrayRef<Tensor> indices) {
  Shape strides = tensor.getElementStrides();
  int64_t position = tensor.getOffset();
  for (auto [dim, value] : llvm::enumerate(indices)) {
    int64_t index = value.scalar().i,
            extent = tensor.getDim(static_cast<int64_t>(dim));
    if (index < 0 || index >= extent)
      return makeError(
          op, "index " + llvm::Twine(index) + " is out of range for extent " +
                  llvm::Twine(extent) + " of dimension " + llvm::Twine(dim));
    position += index * strides[dim];
  }
  return position;
}

llvm::Expected<Shape> getMixedNumbers(Operation &op,
                                      llvm::ArrayRef<OpFoldResult> mixed,
                                      llvm::ArrayRef<Tensor> operands) {
  OperandValues values(op, operands);
  Shape result;
  for (OpFoldResult entry : mixed) {
    if (auto attribute = dyn_cast<Attribute>(entry)) {
      result.push_back(cast<IntegerAttr>(attribute).getInt());
      continue;
    }
    const Tensor *value = values.get(cast<Value>(entry));
    if (!value)
      return makeError(op, "an operand has no value here");
    result.push_back(value->scalar().i);
  }
  return result;
}

llvm::Error checkSlice(Operation &op, llvm::ArrayRef<int64_t> shape,
                       llvm::ArrayRef<int64_t> offsets,
                       llvm::ArrayRef<int64_t> sizes,
                       llvm::ArrayRef<int64_t> strides) {
  for (auto [dim, extent] : llvm::enumerate(shape)) {
    int64_t offset = offsets[dim], size = sizes[dim], stride = strides[dim];
    int64_t span = 0, last = 0;
    bool fits = size >= 0 && offset >= 0 && offset <= extent;
    if (fits && size > 0)
      fits = !llvm::MulOverflow(size - 1, stride, span) &&
             !llvm::AddOverflow(offset, span, last) && offset < extent &&
             last >= 0 && last < extent;
    if (!fits)
      return makeError(op, "slice at " + llvm::Twine(offset) + " of size " +
                               llvm::Twine(size) + " and stride " +
                               llvm::Twine(stride) + " leaves extent " +
                               llvm::Twine(extent) + " of dimension " +
                               llvm::Twine(dim));
  }
  return llvm::Error::success();
}

} // namespace seqc::reference
