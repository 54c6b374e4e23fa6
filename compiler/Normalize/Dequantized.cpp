//===- Dequantized.cpp - Numbers that bytes stand for ---------------------===//

#include "compiler/Normalize/Dequantized.h"

#include "compiler/Kernels/KernelTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace seqc;

namespace {

/// Reads the body of one elementwise op.
class DequantizationReader {
public:
  explicit DequantizationReader(linalg::GenericOp op)
      : op(op), body(*op.getBody()) {}

  std::optional<Dequantized> read() {
    if (!op.hasPureTensorSemantics() || op->getNumResults() != 1 ||
        op.getNumReductionLoops() != 0 ||
        !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
      return std::nullopt;
    auto product =
        body.getTerminator()->getOperand(0).getDefiningOp<arith::MulFOp>();
    if (!product || !isComputed(product.getType()))
      return std::nullopt;
    for (auto [number, scale] :
         {std::pair(product.getLhs(), product.getRhs()),
          std::pair(product.getRhs(), product.getLhs())}) {
      Dequantized result{op, {}, false, {}, {}};
      if (readNumber(number, result) && readParameter(scale, result.scale))
        return result;
    }
    return std::nullopt;
  }

private:
  /// A byte less its zero point, as a float.
  bool readNumber(Value number, Dequantized &result) {
    Operation *convert = number.getDefiningOp();
    if (!isa_and_present<arith::SIToFPOp, arith::UIToFPOp>(convert))
      return false;
    bool isUnsigned = isa<arith::UIToFPOp>(convert);
    Value integer = convert->getOperand(0);
    std::optional<bool> kind;
    if (auto difference = integer.getDefiningOp<arith::SubIOp>()) {
      // Differences of bytes fit the 9 bits or more that bytes are extended to.
      integer = difference.getLhs();
      kind = stepThroughExtension(integer);
      if (isUnsigned || !kind ||
          !readZero(difference.getRhs(), *kind, result.zero))
        return false;
    } else if (integer.getType().isInteger(8)) {
      kind = !isUnsigned;
    } else {
      kind = stepThroughExtension(integer);
      // What is below 0 would be taken for another number.
      if (!kind || (*kind && isUnsigned))
        return false;
    }
    result.isSigned = *kind;
    OpOperand *operand = getOperand(integer);
    if (!operand || !op.getMatchingIndexingMap(operand).isIdentity())
      return false;
    result.bytes = operand->get();
    return true;
  }

  /// Steps from a wider integer to the byte that was extended to it; tells
  /// whether the byte is signed.
  static std::optional<bool> stepThroughExtension(Value &integer) {
    Operation *extension = integer.getDefiningOp();
    if (!isa_and_present<arith::ExtSIOp, arith::ExtUIOp>(extension) ||
        !extension->getOperand(0).getType().isInteger(8))
      return std::nullopt;
    integer = extension->getOperand(0);
    return isa<arith::ExtSIOp>(extension);
  }

  /// A zero point: a byte of the same kind, or a constant that is one.
  bool readZero(Value zero, bool isSigned, QuantizationParameter &result) {
    APInt number;
    if (matchPattern(zero, m_ConstantInt(&number))) {
      int64_t value = number.getSExtValue();
      result.constant = value;
      return isSigned ? value >= -128 && value <= 127
                      : value >= 0 && value <= 255;
    }
    return stepThroughExtension(zero) == isSigned &&
           readParameter(zero, result);
  }

  /// The operand that a value of the body is an element of.
  OpOperand *getOperand(Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument || argument.getOwner() != &body ||
        argument.getArgNumber() >= op.getNumDpsInputs())
      return nullptr;
    return &op->getOpOperand(argument.getArgNumber());
  }

  /// A number from outside of the body, or an element that hangs on one loop at
  /// most.
  bool readParameter(Value value, QuantizationParameter &result) {
    OpOperand *operand = getOperand(value);
    if (!operand) {
      result.value = value;
      return !op.getRegion().isAncestor(value.getParentRegion());
    }
    result.value = operand->get();
    auto type = dyn_cast<RankedTensorType>(operand->get().getType());
    if (!type)
      return true;
    AffineMap map = op.getMatchingIndexingMap(operand);
    for (auto [dim, expression] : llvm::enumerate(map.getResults())) {
      if (type.getDimSize(dim) == 1)
        continue;
      auto loop = dyn_cast<AffineDimExpr>(expression);
      if (!loop || result.loop)
        return false;
      result.loop = loop.getPosition();
      result.dim = dim;
    }
    return true;
  }

  linalg::GenericOp op;
  Block &body;
};

} // namespace

std::optional<Dequantized> seqc::readDequantized(linalg::GenericOp op) {
  return DequantizationReader(op).read();
}

Value seqc::getParameterTensor(ImplicitLocOpBuilder &b,
                               const QuantizationParameter &parameter,
                               Type element) {
  auto scalar = RankedTensorType::get({}, element);
  if (parameter.constant)
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(
               scalar, ArrayRef<Attribute>{IntegerAttr::get(
                           element, APInt(8, *parameter.constant & 0xff))}));
  Value value = parameter.value;
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return tensor::FromElementsOp::create(b, scalar, value);
  if (!parameter.loop) {
    if (type.getRank() == 0)
      return value;
    return b.createOrFold<tensor::CollapseShapeOp>(
        scalar, value, ArrayRef<ReassociationIndices>{});
  }
  if (type.getRank() == 1)
    return value;
  auto dims = llvm::seq<int64_t>(0, type.getRank());
  return b.createOrFold<tensor::CollapseShapeOp>(
      RankedTensorType::get({type.getDimSize(*parameter.dim)}, element), value,
      ReassociationIndices(dims.begin(), dims.end()));
}
