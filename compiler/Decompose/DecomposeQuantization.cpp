//===- DecomposeQuantization.cpp - Rounding to integers and back ----------===//

#include "compiler/Decompose/Decompositions.h"
#include "compiler/Decompose/TensorBuilders.h"
#include "compiler/Kernels/KernelTable.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;

namespace seqc {
namespace {

/// An integer as a number of type `real`.
Value toFloat(ImplicitLocOpBuilder &b, Type real, Value integer,
              bool isUnsigned) {
  if (isUnsigned)
    return arith::UIToFPOp::create(b, real, integer);
  return arith::SIToFPOp::create(b, real, integer);
}

/// Numbers of the element at hand: the input's, its scale and its zero point
/// (null for none).
using QuantizedBody = llvm::function_ref<Value(
    ImplicitLocOpBuilder &, Value number, Value scale, Value zero)>;

/// A generic over the elements of the input of an op.
template <typename OpTy>
FailureOr<SmallVector<Value>> forEach(OpTy op, OpBuilder &builder,
                                      QuantizedBody body) {
  ImplicitLocOpBuilder b(op.getLoc(), builder);
  auto type = cast<RankedTensorType>(op.getResult().getType());
  int64_t rank = type.getRank();
  std::optional<int64_t> axis = op.getAxis(), block = op.getBlock();
  AffineMap identity = b.getMultiDimIdentityMap(rank);
  SmallVector<Value> inputs{op.getInput()};
  SmallVector<AffineMap> maps{identity};
  if (!block)
    for (Value parameter : {op.getScale(), op.getZero()})
      if (parameter) {
        inputs.push_back(parameter);
        maps.push_back(axis ? AffineMap::get(rank, 0, b.getAffineDimExpr(*axis))
                            : AffineMap::get(rank, 0, b.getContext()));
      }
  maps.push_back(identity);
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  Value out = emptyTensor(b, extents(b, op.getInput()), type.getElementType());
  SmallVector<Value> result = generic(
      b, inputs, out, maps, loops,
      [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
        if (!block)
          return {body(b, v[0], v[1], op.getZero() ? v[2] : Value())};
        // What belongs to a block stands at its number.
        SmallVector<Value> at;
        for (int64_t dim = 0; dim < rank; ++dim) {
          Value index = linalg::IndexOp::create(b, dim);
          if (dim == *axis)
            index = arith::DivUIOp::create(b, index, indexConstant(b, *block));
          at.push_back(index);
        }
        auto read = [&](Value parameter) -> Value {
          if (!parameter)
            return {};
          return tensor::ExtractOp::create(b, parameter, at);
        };
        return {body(b, v[0], read(op.getScale()), read(op.getZero()))};
      });
  return SmallVector<Value>{castTo(b, result.front(), type)};
}

struct QuantizeDecomposition
    : linalg::AggregatedOpInterface::ExternalModel<QuantizeDecomposition,
                                                   seq::QuantizeOp> {
  FailureOr<SmallVector<Value>> decomposeOperation(Operation *op,
                                                   OpBuilder &builder) const {
    auto quantize = cast<seq::QuantizeOp>(op);
    bool isUnsigned = quantize.getIsUnsigned();
    Type element = getElementTypeOrSelf(quantize.getResult().getType()),
         real = getComputedType(
             getElementTypeOrSelf(quantize.getScale().getType()));
    int width = static_cast<int>(element.getIntOrFloatBitWidth());
    double low = isUnsigned ? 0 : -std::ldexp(1, width - 1),
           high = std::ldexp(1, isUnsigned ? width : width - 1) - 1;
    return forEach(
        quantize, builder,
        [&](ImplicitLocOpBuilder &b, Value number, Value scale, Value zero) {
          // Which integer is nearest hangs on the last bit of the quotient,
          // also where numbers are evaluated in a higher precision.
          Type wide = b.getF64Type();
          Value quotient = arith::DivFOp::create(
              b, convertFloat(b, convertFloat(b, number, real), wide),
              convertFloat(b, scale, wide));
          Value x = convertFloat(b, quotient, real);
          x = math::RoundEvenOp::create(b, x);
          if (zero)
            x = arith::AddFOp::create(b, x, toFloat(b, real, zero, isUnsigned));
          x = arith::MaximumFOp::create(
              b, arith::MinimumFOp::create(b, x, floatConstant(b, real, high)),
              floatConstant(b, real, low));
          Value isNumber =
              arith::CmpFOp::create(b, arith::CmpFPredicate::ORD, x, x);
          x = arith::SelectOp::create(b, isNumber, x,
                                      floatConstant(b, real, 0));
          Value integer = arith::FPToSIOp::create(b, b.getI32Type(), x);
          return arith::TruncIOp::create(b, element, integer).getResult();
        });
  }
};

struct DequantizeDecomposition
    : linalg::AggregatedOpInterface::ExternalModel<DequantizeDecomposition,
                                                   seq::DequantizeOp> {
  FailureOr<SmallVector<Value>> decomposeOperation(Operation *op,
                                                   OpBuilder &builder) const {
    auto dequantize = cast<seq::DequantizeOp>(op);
    bool isUnsigned = dequantize.getIsUnsigned();
    Type element = getElementTypeOrSelf(dequantize.getResult().getType()),
         real = getComputedType(
             getElementTypeOrSelf(dequantize.getScale().getType()));
    return forEach(
        dequantize, builder,
        [&](ImplicitLocOpBuilder &b, Value number, Value scale, Value zero) {
          // Differences of 32 bits need more.
          Type wide =
              number.getType().isInteger(32) ? b.getI64Type() : b.getI32Type();
          auto widen = [&](Value x) -> Value {
            if (isUnsigned)
              return arith::ExtUIOp::create(b, wide, x);
            return arith::ExtSIOp::create(b, wide, x);
          };
          number = widen(number);
          if (zero)
            number = arith::SubIOp::create(b, number, widen(zero));
          number = arith::SIToFPOp::create(b, real, number);
          number =
              arith::MulFOp::create(b, number, convertFloat(b, scale, real));
          return convertFloat(b, number, element);
        });
  }
};

} // namespace

void registerQuantizationDecompositions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seq::SeqDialect *) {
    seq::QuantizeOp::attachInterface<QuantizeDecomposition>(*context);
    seq::DequantizeOp::attachInterface<DequantizeDecomposition>(*context);
  });
}

} // namespace seqc
