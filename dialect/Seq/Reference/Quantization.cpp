//===- Quantization.cpp - Numbers that integers stand for -----------------===//

#include "dialect/Seq/Reference/Handlers.h"

#include "dialect/Seq/IR/SeqOps.h"

#include <cmath>

using namespace mlir;

namespace seqc::reference {

namespace {

/// Which number of a scale, or of zero points, belongs to an element.
class Parameters {
public:
  Parameters(llvm::ArrayRef<int64_t> shape, std::optional<int64_t> axis,
             std::optional<int64_t> block)
      : shape(shape), axis(axis), block(block) {}

  /// The shape that the parameters have to have.
  SmallVector<int64_t> getShape() const {
    if (!axis)
      return {};
    if (!block)
      return {shape[*axis]};
    SmallVector<int64_t> blocks(shape);
    blocks[*axis] = llvm::divideCeil(shape[*axis], *block);
    return blocks;
  }

  /// The place of that of element `i` of the tensor.
  int64_t find(int64_t i) const {
    if (!axis)
      return 0;
    int64_t inner = 1;
    for (int64_t extent : shape.drop_front(*axis + 1))
      inner *= extent;
    int64_t index = i / inner % shape[*axis];
    if (!block)
      return index;
    int64_t blocks = llvm::divideCeil(shape[*axis], *block);
    int64_t outer = i / inner / shape[*axis];
    return (outer * blocks + index / *block) * inner + i % inner;
  }

private:
  llvm::ArrayRef<int64_t> shape;
  std::optional<int64_t> axis, block;
};

} // namespace

/// An integer of `width` bits that is stored with its sign.
static int64_t readInteger(int64_t stored, unsigned width, bool isUnsigned) {
  return isUnsigned ? stored & llvm::maskTrailingOnes<uint64_t>(width) : stored;
}

template <typename OpTy>
static llvm::Expected<Parameters> readParameters(OpTy op,
                                                 llvm::ArrayRef<Tensor> given) {
  Parameters parameters(given[0].getShape(), op.getAxis(), op.getBlock());
  for (auto [i, operand] : llvm::enumerate(given.drop_front()))
    if (llvm::Error error =
            checkShape(*op, operand.getShape(), parameters.getShape(),
                       i == 0 ? "scale" : "zero"))
      return error;
  return parameters;
}

static llvm::Expected<Results>
evaluateQuantize(Interpreter &interpreter, Operation &op,
                 llvm::MutableArrayRef<Tensor> operands) {
  auto quantize = cast<seq::QuantizeOp>(op);
  const Tensor &x = operands[0], &scale = operands[1];
  llvm::Expected<Parameters> parameters = readParameters(quantize, operands);
  if (!parameters)
    return parameters.takeError();
  ElementKind kind = *getElementKind(quantize.getResult().getType());
  llvm::Expected<Tensor> result = interpreter.allocate(op, kind, x.getShape());
  if (!result)
    return result.takeError();
  unsigned width = getBitWidth(kind);
  bool isUnsigned = quantize.getIsUnsigned();
  double low = isUnsigned ? 0 : -std::ldexp(1, width - 1),
         high = std::ldexp(1, isUnsigned ? width : width - 1) - 1;
  Scalar *to = result->mutableData();
  for (int64_t i = 0; i < x.getNumElements(); ++i) {
    int64_t at = parameters->find(i);
    double quotient = x.floats()[i] / scale.floats()[at];
    // Which integer is nearest hangs on the last bit.
    if (scale.getKind() != ElementKind::F64)
      quotient = static_cast<float>(quotient);
    double number = std::nearbyint(quotient);
    if (quantize.getZero())
      number += readInteger(operands[2].data()[at].i, width, isUnsigned);
    number = std::isnan(number) ? 0 : std::clamp(number, low, high);
    to[i].i = wrapInteger(static_cast<int64_t>(number), width);
  }
  return Results{std::move(*result)};
}

static llvm::Expected<Results>
evaluateDequantize(Interpreter &interpreter, Operation &op,
                   llvm::MutableArrayRef<Tensor> operands) {
  auto dequantize = cast<seq::DequantizeOp>(op);
  const Tensor &x = operands[0], &scale = operands[1];
  llvm::Expected<Parameters> parameters = readParameters(dequantize, operands);
  if (!parameters)
    return parameters.takeError();
  ElementKind kind = *getElementKind(dequantize.getResult().getType());
  llvm::Expected<Tensor> result = interpreter.allocate(op, kind, x.getShape());
  if (!result)
    return result.takeError();
  unsigned width = getBitWidth(x.getKind());
  bool isUnsigned = dequantize.getIsUnsigned();
  llvm::MutableArrayRef<double> to = result->mutableFloats();
  for (int64_t i = 0; i < x.getNumElements(); ++i) {
    int64_t at = parameters->find(i);
    int64_t number = readInteger(x.data()[i].i, width, isUnsigned);
    if (dequantize.getZero())
      number -= readInteger(operands[2].data()[at].i, width, isUnsigned);
    to[i] = static_cast<double>(number) * scale.floats()[at];
  }
  return Results{std::move(*result)};
}

void addQuantizationHandlers(HandlerTable &table) {
  table["seq.quantize"] = evaluateQuantize;
  table["seq.dequantize"] = evaluateDequantize;
}

} // namespace seqc::reference
