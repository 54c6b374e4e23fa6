//===- Buffers.cpp - Memory that loops write ------------------------------===//
//
// Decomposed searches keep their state in memrefs. A view shares the storage of
// its buffer; a tensor taken from a buffer is a copy, as nothing writes the
// buffer while the tensor is used.
//
//===----------------------------------------------------------------------===//

#include "dialect/Seq/Reference/Handlers.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include <limits>

using namespace mlir;

namespace seqc::reference {

/// Calls `visit` with the position of every element, row-major.
template <typename Visit>
static void visitElements(const Tensor &tensor, Visit visit) {
  Shape strides = tensor.getElementStrides(), indices(tensor.getRank(), 0);
  if (tensor.getNumElements() == 0)
    return;
  int64_t position = tensor.getOffset();
  while (true) {
    visit(position);
    int64_t dim = tensor.getRank() - 1;
    for (; dim >= 0; --dim) {
      position += strides[dim];
      if (++indices[dim] < tensor.getDim(dim))
        break;
      position -= strides[dim] * tensor.getDim(dim);
      indices[dim] = 0;
    }
    if (dim < 0)
      return;
  }
}

/// Copies the elements of a tensor or buffer to another of the same shape. The
/// storage may be the same.
static llvm::Error copyElements(Operation &op, const Tensor &source,
                                Tensor &target) {
  if (llvm::Error error = checkShape(op, source.getShape(), target.getShape(),
                                     "what is copied"))
    return error;
  std::vector<Scalar> cells;
  cells.reserve(static_cast<size_t>(source.getNumElements()));
  visitElements(source, [&](int64_t position) {
    cells.push_back(source.data()[position]);
  });
  const Scalar *from = cells.data();
  Scalar *to = target.mutableData();
  visitElements(target, [&](int64_t position) { to[position] = *from++; });
  return llvm::Error::success();
}

/// A fresh buffer. Its elements have no value, so floats are NaN until they are
/// written.
static llvm::Expected<Tensor> makeBuffer(Interpreter &interpreter,
                                         Operation &op, ElementKind kind,
                                         llvm::ArrayRef<int64_t> shape) {
  llvm::Expected<Tensor> bounded = interpreter.allocate(op, kind, shape);
  if (!bounded)
    return bounded.takeError();
  Tensor buffer = Tensor::ofBuffer(kind, shape);
  if (buffer.isFloat())
    llvm::fill(buffer.mutableFloats(),
               std::numeric_limits<double>::quiet_NaN());
  return buffer;
}

static llvm::Expected<Results>
evaluateAlloc(Interpreter &interpreter, Operation &op,
              llvm::MutableArrayRef<Tensor> operands) {
  auto type = cast<MemRefType>(op.getResult(0).getType());
  std::optional<ElementKind> kind = getElementKind(type);
  if (!kind)
    return makeError(op, "unsupported element type");
  Shape shape(type.getShape());
  size_t next = 0;
  for (int64_t &extent : shape)
    if (ShapedType::isDynamic(extent) && next < operands.size())
      extent = operands[next++].scalar().i;
  llvm::Expected<Tensor> buffer = makeBuffer(interpreter, op, *kind, shape);
  if (!buffer)
    return buffer.takeError();
  return Results{std::move(*buffer)};
}

/// `memref.dealloc`: the storage lives as long as its names.
static llvm::Expected<Results> evaluateDealloc(Interpreter &, Operation &,
                                               llvm::MutableArrayRef<Tensor>) {
  return Results();
}

static llvm::Expected<Results>
evaluateStore(Interpreter &, Operation &op,
              llvm::MutableArrayRef<Tensor> operands) {
  if (llvm::Error error = writeElement(op, operands))
    return error;
  return Results();
}

/// `memref.cast`: the type of the result is checked like any other.
static llvm::Expected<Results>
evaluateCast(Interpreter &, Operation &,
             llvm::MutableArrayRef<Tensor> operands) {
  return Results{operands[0]};
}

static llvm::Expected<Results>
evaluateSubView(Interpreter &, Operation &op,
                llvm::MutableArrayRef<Tensor> operands) {
  auto subview = cast<memref::SubViewOp>(op);
  llvm::SmallVector<OpFoldResult> mixed[3] = {subview.getMixedOffsets(),
                                              subview.getMixedSizes(),
                                              subview.getMixedStrides()};
  Shape box[3];
  for (int part = 0; part < 3; ++part) {
    llvm::Expected<Shape> numbers = getMixedNumbers(op, mixed[part], operands);
    if (!numbers)
      return numbers.takeError();
    box[part] = std::move(*numbers);
  }
  const auto &[offsets, sizes, steps] = box;
  const Tensor &source = operands[0];
  if (llvm::Error error =
          checkSlice(op, source.getShape(), offsets, sizes, steps))
    return error;
  Shape strides = source.getElementStrides(), newShape, newStrides;
  int64_t offset = source.getOffset();
  llvm::SmallBitVector dropped = subview.getDroppedDims();
  for (size_t dim = 0; dim < sizes.size(); ++dim) {
    offset += offsets[dim] * strides[dim];
    if (dropped.test(dim))
      continue;
    newShape.push_back(sizes[dim]);
    newStrides.push_back(sizes[dim] > 1 ? steps[dim] * strides[dim]
                                        : strides[dim]);
  }
  return Results{source.getView(newShape, offset, newStrides)};
}

static llvm::Expected<Results>
evaluateCopy(Interpreter &, Operation &op,
             llvm::MutableArrayRef<Tensor> operands) {
  if (llvm::Error error = copyElements(op, operands[0], operands[1]))
    return error;
  return Results();
}

static llvm::Expected<Results>
evaluateToTensor(Interpreter &interpreter, Operation &op,
                 llvm::MutableArrayRef<Tensor> operands) {
  llvm::Expected<Tensor> result =
      interpreter.allocate(op, operands[0].getKind(), operands[0].getShape());
  if (!result)
    return result.takeError();
  if (llvm::Error error = copyElements(op, operands[0], *result))
    return error;
  return Results{std::move(*result)};
}

static llvm::Expected<Results>
evaluateToBuffer(Interpreter &interpreter, Operation &op,
                 llvm::MutableArrayRef<Tensor> operands) {
  llvm::Expected<Tensor> buffer = makeBuffer(
      interpreter, op, operands[0].getKind(), operands[0].getShape());
  if (!buffer)
    return buffer.takeError();
  if (llvm::Error error = copyElements(op, operands[0], *buffer))
    return error;
  return Results{std::move(*buffer)};
}

/// `bufferization.materialize_in_destination`: into a buffer, or the source
/// itself on tensors.
static llvm::Expected<Results>
evaluateMaterialize(Interpreter &, Operation &op,
                    llvm::MutableArrayRef<Tensor> operands) {
  if (op.getNumResults() != 0)
    return Results{std::move(operands[0])};
  if (llvm::Error error = copyElements(op, operands[0], operands[1]))
    return error;
  return Results();
}

void addBufferHandlers(HandlerTable &table) {
  table["memref.alloc"] = evaluateAlloc;
  table["memref.alloca"] = evaluateAlloc;
  table["memref.dealloc"] = evaluateDealloc;
  table["memref.load"] = evaluateElement;
  table["memref.store"] = evaluateStore;
  table["memref.dim"] = evaluateExtent;
  table["memref.cast"] = evaluateCast;
  table["memref.subview"] = evaluateSubView;
  table["memref.copy"] = evaluateCopy;
  table["bufferization.to_tensor"] = evaluateToTensor;
  table["bufferization.to_buffer"] = evaluateToBuffer;
  table["bufferization.materialize_in_destination"] = evaluateMaterialize;
}

} // namespace seqc::reference
