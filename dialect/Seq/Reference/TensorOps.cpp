//===- TensorOps.cpp - Ops that make and read tensors ---------------------===//

#include "dialect/Seq/Reference/Handlers.h"
#include "dialect/Seq/Reference/ScalarProgram.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;

namespace seqc::reference {

/// The shape of a result: its type's, dynamic extents from index values in
/// order.
static Shape getDynamicShape(Type type, llvm::ArrayRef<Tensor> extents) {
  Shape shape(cast<RankedTensorType>(type).getShape());
  for (int64_t &extent : shape)
    if (ShapedType::isDynamic(extent) && !extents.empty()) {
      extent = extents.front().scalar().i;
      extents = extents.drop_front();
    }
  return shape;
}

/// A tensor of the result's type, dynamic extents from `extents`.
static llvm::Expected<Tensor> allocateResult(Interpreter &interpreter,
                                             Operation &op,
                                             llvm::ArrayRef<Tensor> extents) {
  Type type = op.getResult(0).getType();
  std::optional<ElementKind> kind = getElementKind(type);
  if (!kind)
    return makeError(op, "unsupported element type");
  return interpreter.allocate(op, *kind, getDynamicShape(type, extents));
}

/// `tensor.empty`: its elements have no value, so floats are NaN until they are
/// written.
static llvm::Expected<Results>
evaluateEmpty(Interpreter &interpreter, Operation &op,
              llvm::MutableArrayRef<Tensor> operands) {
  llvm::Expected<Tensor> result = allocateResult(interpreter, op, operands);
  if (!result)
    return result.takeError();
  if (result->isFloat())
    llvm::fill(result->mutableFloats(),
               std::numeric_limits<double>::quiet_NaN());
  return Results{std::move(*result)};
}

static llvm::Expected<Results>
evaluateSplat(Interpreter &interpreter, Operation &op,
              llvm::MutableArrayRef<Tensor> operands) {
  llvm::Expected<Tensor> result = interpreter.allocate(
      op, operands[0].getKind(),
      getDynamicShape(op.getResult(0).getType(), operands.drop_front()));
  if (!result)
    return result.takeError();
  std::fill_n(result->mutableData(), result->getNumElements(),
              operands[0].scalar());
  return Results{std::move(*result)};
}

static llvm::Expected<Results>
evaluateFromElements(Interpreter &interpreter, Operation &op,
                     llvm::MutableArrayRef<Tensor> operands) {
  llvm::Expected<Tensor> result = allocateResult(interpreter, op, {});
  if (!result)
    return result.takeError();
  Scalar *cells = result->mutableData();
  for (Tensor &element : operands)
    *cells++ = element.scalar();
  return Results{std::move(*result)};
}

/// Fills a tensor from a block of index arguments that yields an element.
/// Elements that are `keep` are left alone.
static llvm::Error
generateElements(Interpreter &interpreter, Operation &op, Block &body,
                 Tensor &result,
                 llvm::function_ref<bool(llvm::ArrayRef<int64_t>)> keep) {
  llvm::Expected<ScalarProgram *> program = interpreter.getProgram(body);
  if (!program)
    return program.takeError();
  Shape indices(result.getRank(), 0);
  Scalar *cells = result.mutableData();
  for (int64_t position = 0, end = result.getNumElements(); position < end;
       ++position) {
    if (!keep(indices)) {
      if (*program) {
        for (auto [number, index] : llvm::enumerate(indices))
          (*program)->getRegisters()[number].i = index;
        if (Operation *failing = (*program)->run({}))
          return makeError(*failing, (*program)->getFault());
        cells[position] =
            (*program)->getRegisters()[(*program)->getYielded().front()];
      } else {
        Results arguments;
        for (int64_t index : indices)
          arguments.push_back(Tensor::ofIndex(index));
        llvm::Expected<Results> yielded =
            interpreter.runBlock(body, std::move(arguments));
        if (!yielded)
          return yielded.takeError();
        cells[position] = yielded->front().scalar();
      }
    }
    for (int64_t dim = result.getRank() - 1; dim >= 0; --dim) {
      if (++indices[dim] < result.getDim(dim))
        break;
      indices[dim] = 0;
    }
  }
  if (*program)
    (*program)->release();
  return llvm::Error::success();
}

static llvm::Expected<Results>
evaluateGenerate(Interpreter &interpreter, Operation &op,
                 llvm::MutableArrayRef<Tensor> operands) {
  llvm::Expected<Tensor> result = allocateResult(interpreter, op, operands);
  if (!result)
    return result.takeError();
  if (llvm::Error error =
          generateElements(interpreter, op, op.getRegion(0).front(), *result,
                           [](llvm::ArrayRef<int64_t>) { return false; }))
    return error;
  return Results{std::move(*result)};
}

static llvm::Expected<Results>
evaluatePad(Interpreter &interpreter, Operation &op,
            llvm::MutableArrayRef<Tensor> operands) {
  auto pad = cast<tensor::PadOp>(op);
  llvm::Expected<Shape> low =
      getMixedNumbers(op, pad.getMixedLowPad(), operands);
  if (!low)
    return low.takeError();
  llvm::Expected<Shape> high =
      getMixedNumbers(op, pad.getMixedHighPad(), operands);
  if (!high)
    return high.takeError();
  const Tensor &source = operands[0];
  Shape shape(source.getShape()), ones(source.getRank(), 1);
  for (int64_t dim = 0; dim < source.getRank(); ++dim) {
    if ((*low)[dim] < 0 || (*high)[dim] < 0)
      return makeError(op, "negative padding in dimension " + llvm::Twine(dim));
    if (llvm::AddOverflow(shape[dim], (*low)[dim], shape[dim]) ||
        llvm::AddOverflow(shape[dim], (*high)[dim], shape[dim]))
      return makeError(op,
                       "padding overflows in dimension " + llvm::Twine(dim));
  }
  llvm::Expected<Tensor> result =
      interpreter.allocate(op, source.getKind(), shape);
  if (!result)
    return result.takeError();
  auto isSource = [&](llvm::ArrayRef<int64_t> indices) {
    for (auto [dim, index] : llvm::enumerate(indices))
      if (index < (*low)[dim] ||
          index >= (*low)[dim] + source.getDim(static_cast<int64_t>(dim)))
        return false;
    return true;
  };
  if (llvm::Error error = generateElements(
          interpreter, op, pad.getRegion().front(), *result, isSource))
    return error;
  if (llvm::Error error =
          insertSlice(op, source, *result, *low, source.getShape(), ones))
    return error;
  return Results{std::move(*result)};
}

llvm::Expected<Results>
evaluateElement(Interpreter &, Operation &op,
                llvm::MutableArrayRef<Tensor> operands) {
  llvm::Expected<int64_t> position =
      getElementPosition(op, operands[0], operands.drop_front());
  if (!position)
    return position.takeError();
  Tensor result(operands[0].getKind(), {});
  *result.mutableData() = operands[0].data()[*position];
  return Results{std::move(result)};
}

llvm::Error writeElement(Operation &op,
                         llvm::MutableArrayRef<Tensor> operands) {
  llvm::Expected<int64_t> position =
      getElementPosition(op, operands[1], operands.drop_front(2));
  if (!position)
    return position.takeError();
  operands[1].mutableData()[*position] = operands[0].scalar();
  return llvm::Error::success();
}

static llvm::Expected<Results>
evaluateInsert(Interpreter &, Operation &op,
               llvm::MutableArrayRef<Tensor> operands) {
  if (llvm::Error error = writeElement(op, operands))
    return error;
  return Results{std::move(operands[1])};
}

llvm::Expected<Results> evaluateExtent(Interpreter &, Operation &op,
                                       llvm::MutableArrayRef<Tensor> operands) {
  int64_t dim = operands[1].scalar().i;
  if (dim < 0 || dim >= operands[0].getRank())
    return makeError(op, "dimension " + llvm::Twine(dim) +
                             " is out of range for rank " +
                             llvm::Twine(operands[0].getRank()));
  return Results{Tensor::ofIndex(operands[0].getDim(dim))};
}

static llvm::Expected<Results>
evaluateRank(Interpreter &, Operation &,
             llvm::MutableArrayRef<Tensor> operands) {
  return Results{Tensor::ofIndex(operands[0].getRank())};
}

/// `tensor.cast`: the type of the result is checked like any other.
static llvm::Expected<Results>
evaluateCast(Interpreter &, Operation &,
             llvm::MutableArrayRef<Tensor> operands) {
  return Results{std::move(operands[0])};
}

void addTensorHandlers(HandlerTable &table) {
  table["tensor.empty"] = evaluateEmpty;
  table["tensor.splat"] = evaluateSplat;
  table["tensor.from_elements"] = evaluateFromElements;
  table["tensor.generate"] = evaluateGenerate;
  table["tensor.pad"] = evaluatePad;
  table["tensor.extract"] = evaluateElement;
  table["tensor.insert"] = evaluateInsert;
  table["tensor.dim"] = evaluateExtent;
  table["tensor.rank"] = evaluateRank;
  table["tensor.cast"] = evaluateCast;
}

} // namespace seqc::reference
