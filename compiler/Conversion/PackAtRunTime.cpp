//===- PackAtRunTime.cpp - Panels of matrices that are no weights ---------===//

#include "compiler/Conversion/PackAtRunTime.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace seqc;

/// A buffer that holds what a tensor of `type` does.
static MemRefType bufferOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return MemRefType::get(tensor.getShape(), tensor.getElementType());
}

/// An index.
static Value number(OpBuilder &builder, Location at, int64_t value) {
  return arith::ConstantIndexOp::create(builder, at, value);
}

/// The upper half of a float, as a number of type `half`.
static Value narrow(OpBuilder &b, Location at, Value x, Type half) {
  int64_t width = half.getIntOrFloatBitWidth();
  Type word = b.getIntegerType(2 * width);
  Value bits = arith::BitcastOp::create(b, at, word, x);
  Value count = arith::ConstantOp::create(b, at, b.getIntegerAttr(word, width));
  bits = arith::TruncIOp::create(b, at, b.getIntegerType(width),
                                 arith::ShRUIOp::create(b, at, bits, count));
  return arith::BitcastOp::create(b, at, half, bits);
}

/// The element at (column, k) of a matrix that a product reads.
static Value loadElement(OpBuilder &b, Location at, Value matrix,
                         bool transposed, bool excess, Value column, Value k) {
  SmallVector<Value> where{column, k};
  if (transposed)
    std::swap(where[0], where[1]);
  Value element = memref::LoadOp::create(b, at, matrix, where);
  if (!excess)
    return element;
  Value bias = arith::ConstantOp::create(b, at, b.getI8IntegerAttr(-128));
  return arith::XOrIOp::create(b, at, element, bias);
}

Value seqc::packAtRunTime(OpBuilder &builder, seq::PackOp op) {
  auto type = cast<RankedTensorType>(op.getResult().getType());
  Location at = op.getLoc();
  Value buffer = memref::AllocOp::create(builder, at, bufferOf(type));
  auto unitSize = static_cast<int64_t>(op.getUnit());
  Value zero = number(builder, at, 0), step = number(builder, at, 1);
  Value columns = number(builder, at, op.getNumColumns()),
        depth = number(builder, at, op.getDepth()),
        width = number(builder, at, op.getPanelWidth()),
        unit = number(builder, at, unitSize);
  Value nothing = arith::ConstantOp::create(
      builder, at, builder.getZeroAttr(type.getElementType()));
  bool isPadded = op.getDepth() % unitSize != 0;
  for (auto [g, source] : llvm::enumerate(op.getSources())) {
    Value matrix = bufferization::ToBufferOp::create(
        builder, at, bufferOf(source.getType()), source, /*read_only=*/true);
    Value gate = number(builder, at, g);
    scf::buildLoopNest(
        builder, at, {zero, zero, zero, zero},
        {number(builder, at, type.getDimSize(0)),
         number(builder, at, type.getDimSize(1)), width, unit},
        {step, step, step, step},
        [&, transposed = op.getTransposed(),
         excess = op.getExcess()](OpBuilder &b, Location l, ValueRange ivs) {
          auto scale = [&](Value a, Value by, Value plus) -> Value {
            return arith::AddIOp::create(
                b, l, arith::MulIOp::create(b, l, a, by), plus);
          };
          Value column = scale(ivs[0], width, ivs[2]);
          Value k = unitSize == 1 ? ivs[1] : scale(ivs[1], unit, ivs[3]);
          Value inside = arith::CmpIOp::create(b, l, arith::CmpIPredicate::ult,
                                               column, columns);
          if (isPadded)
            inside = arith::AndIOp::create(
                b, l, inside,
                arith::CmpIOp::create(b, l, arith::CmpIPredicate::ult, k,
                                      depth));
          auto branch = scf::IfOp::create(
              b, l, inside,
              [&](OpBuilder &bb, Location ll) {
                Value element =
                    loadElement(bb, ll, matrix, transposed, excess, column, k);
                if (element.getType() != nothing.getType())
                  element = narrow(bb, ll, element, nothing.getType());
                scf::YieldOp::create(bb, ll, element);
              },
              [&](OpBuilder &bb, Location ll) {
                scf::YieldOp::create(bb, ll, nothing);
              });
          Value place = unitSize == 1 ? ivs[2] : scale(ivs[2], unit, ivs[3]);
          memref::StoreOp::create(b, l, branch.getResult(0), buffer,
                                  ValueRange{ivs[0], ivs[1], gate, place});
        });
  }
  return bufferization::ToTensorOp::create(builder, at, type, buffer, true,
                                           false);
}

Value seqc::sumAtRunTime(OpBuilder &builder, seq::ColumnSumsOp op) {
  Location at = op.getLoc();
  auto type = cast<RankedTensorType>(op.getResult().getType());
  auto source = cast<RankedTensorType>(op.getSource().getType());
  bool transposed = op.getTransposed(), excess = op.getExcess();
  Value buffer = memref::AllocOp::create(builder, at, bufferOf(type));
  Value matrix = bufferization::ToBufferOp::create(
      builder, at, bufferOf(source), op.getSource(), /*read_only=*/true);
  Value zero = number(builder, at, 0), step = number(builder, at, 1);
  Value depth = number(builder, at, source.getDimSize(transposed ? 0 : 1));
  Value none =
      arith::ConstantOp::create(builder, at, builder.getI32IntegerAttr(0));
  scf::buildLoopNest(
      builder, at, {zero}, {number(builder, at, type.getDimSize(0))}, {step},
      [&](OpBuilder &b, Location l, ValueRange ivs) {
        auto loop = scf::ForOp::create(
            b, l, zero, depth, step, none,
            [&](OpBuilder &bb, Location ll, Value k, ValueRange carried) {
              Value element =
                  loadElement(bb, ll, matrix, transposed, excess, ivs[0], k);
              Value wide =
                  arith::ExtSIOp::create(bb, ll, bb.getI32Type(), element);
              scf::YieldOp::create(
                  bb, ll,
                  arith::AddIOp::create(bb, ll, carried[0], wide).getResult());
            });
        memref::StoreOp::create(b, l, loop.getResult(0), buffer, ivs);
      });
  return bufferization::ToTensorOp::create(builder, at, type, buffer, true,
                                           false);
}
