//===- StepChecks.cpp - What a caller of a step may get wrong -------------===//

#include "compiler/Decompose/StepChecks.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace seqc;

static Value number(OpBuilder &builder, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

/// low <= value <= high.
static Value isWithin(OpBuilder &builder, Location loc, Value value, Value low,
                      Value high) {
  Value above = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge,
                                      value, low);
  Value below = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle,
                                      value, high);
  return arith::AndIOp::create(builder, loc, above, below);
}

void seqc::checkPosition(OpBuilder &builder, Location loc, Value position) {
  Value isRight = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge,
                                        position, number(builder, loc, 0));
  seq::RequireOp::create(
      builder, loc, isRight,
      "the position is {0}; required is a number that is not negative",
      position);
}

void seqc::checkRows(OpBuilder &builder, Location loc, Value rows,
                     Value count) {
  Value zero = number(builder, loc, 0), one = number(builder, loc, 1);
  Value lanes = tensor::DimOp::create(builder, loc, rows, 0);
  auto loop = scf::ForOp::create(builder, loc, zero, lanes, one);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value row =
      tensor::ExtractOp::create(builder, loc, rows, loop.getInductionVar());
  row = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), row);
  Value last = arith::SubIOp::create(builder, loc, count, one);
  seq::RequireOp::create(builder, loc, isWithin(builder, loc, row, zero, last),
                         "lane {0} belongs to row {1}; there are {2} rows",
                         ValueRange{loop.getInductionVar(), row, count});
}

/// Whether an index stays inside by what it is: a loop's, or a constant, which
/// verifiers compare with a static extent.
static bool isPlain(OpFoldResult index, bool isStatic) {
  auto value = dyn_cast<Value>(index);
  if (!value || getConstantIntValue(value))
    return isStatic;
  if (value.getDefiningOp<linalg::IndexOp>())
    return true;
  auto argument = dyn_cast<BlockArgument>(value);
  return argument && isa<scf::ForOp>(argument.getOwner()->getParentOp());
}

/// In front of a slice of `whole`.
static void checkSlice(OffsetSizeAndStrideOpInterface slice, Value whole) {
  OpBuilder builder(slice);
  Location loc = slice.getLoc();
  auto type = cast<RankedTensorType>(whole.getType());
  Value zero = number(builder, loc, 0);
  for (int64_t d = 0; d < type.getRank(); ++d) {
    OpFoldResult offset = slice.getMixedOffsets()[d],
                 size = slice.getMixedSizes()[d];
    if (isPlain(offset, !type.isDynamicDim(d)) && getConstantIntValue(size))
      continue;
    if (getConstantIntValue(slice.getMixedStrides()[d]) != 1)
      continue;
    Value begin = getValueOrCreateConstantIndexOp(builder, loc, offset);
    Value length = getValueOrCreateConstantIndexOp(builder, loc, size);
    Value extent = tensor::DimOp::create(builder, loc, whole, d);
    // No sum that could overflow.
    Value room = arith::SubIOp::create(builder, loc, extent, begin);
    Value fits = arith::AndIOp::create(
        builder, loc, isWithin(builder, loc, begin, zero, extent),
        isWithin(builder, loc, length, zero, room));
    seq::RequireOp::create(
        builder, loc, fits,
        "the step reaches elements {0} and {1} further of {2}; the position "
        "and the states do not fit together",
        ValueRange{begin, length, extent});
  }
}

/// In front of the structured op around `op`: dimension `d` of `whole` is not
/// empty.
static void checkNotEmpty(Operation *op, Value whole, int64_t d) {
  Operation *outer = op;
  for (auto parent = op->getParentOfType<linalg::LinalgOp>(); parent;
       parent = parent->getParentOfType<linalg::LinalgOp>())
    outer = parent;
  if (outer->isAncestor(whole.getParentRegion()->getParentOp()))
    return;
  OpBuilder builder(outer);
  Location loc = op->getLoc();
  Value extent = tensor::DimOp::create(builder, loc, whole, d);
  Value isRight = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge,
                                        extent, number(builder, loc, 1));
  seq::RequireOp::create(
      builder, loc, isRight,
      "the step reads from a tensor without elements; required are some",
      ValueRange());
}

/// In front of one element of `whole`.
static void checkElement(Operation *op, Value whole,
                         MutableOperandRange indices) {
  OpBuilder builder(op);
  Location loc = op->getLoc();
  bool isStructured = op->getParentOfType<linalg::LinalgOp>() != nullptr;
  Value zero = number(builder, loc, 0), one = number(builder, loc, 1);
  for (auto [d, operand] : llvm::enumerate(indices)) {
    Value index = operand.get();
    bool isStatic = !cast<RankedTensorType>(whole.getType()).isDynamicDim(d);
    if (isPlain(index, isStatic))
      continue;
    if (isStructured && !isStatic)
      checkNotEmpty(op, whole, d);
    Value extent = tensor::DimOp::create(builder, loc, whole, d);
    Value last = arith::SubIOp::create(builder, loc, extent, one);
    if (!isStructured) {
      seq::RequireOp::create(
          builder, loc, isWithin(builder, loc, index, zero, last),
          "the step reaches element {0} of {1}; the position and the states "
          "do not fit together",
          ValueRange{index, extent});
      continue;
    }
    index = arith::MinSIOp::create(builder, loc, index, last);
    operand.set(arith::MaxSIOp::create(builder, loc, index, zero));
  }
}

void seqc::checkAccesses(func::FuncOp step) {
  SmallVector<Operation *> found;
  step.walk([&](Operation *op) {
    if (isa<tensor::ExtractOp, tensor::InsertOp, tensor::ExtractSliceOp,
            tensor::InsertSliceOp>(op))
      found.push_back(op);
  });
  for (Operation *op : found) {
    if (auto extract = dyn_cast<tensor::ExtractOp>(op))
      checkElement(op, extract.getTensor(), extract.getIndicesMutable());
    else if (auto insert = dyn_cast<tensor::InsertOp>(op))
      checkElement(op, insert.getDest(), insert.getIndicesMutable());
    else if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      checkSlice(slice, slice.getSource());
    else if (auto slice = dyn_cast<tensor::InsertSliceOp>(op))
      checkSlice(slice, slice.getDest());
  }
}
