//===- SizeExpressions.cpp - Sizes as products of extents -----------------===//

#include "compiler/Conversion/SizeExpressions.h"

#include "compiler/Conversion/BufferBytes.h"
#include "dialect/RT/IR/RTOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <limits>

using namespace mlir;
using namespace seqc;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Where a value comes from, as something that can be ordered.
static bool comesBefore(Value a, Value b) {
  auto *opA = a.getDefiningOp(), *opB = b.getDefiningOp();
  if (!opA || !opB) {
    if (opA || opB)
      return !opA;
    auto argumentA = cast<BlockArgument>(a), argumentB = cast<BlockArgument>(b);
    if (argumentA.getOwner() == argumentB.getOwner())
      return argumentA.getArgNumber() < argumentB.getArgNumber();
    // Both are visible at one place, so one block is around the other.
    return argumentA.getOwner()->getParent()->isAncestor(
        argumentB.getOwner()->getParent());
  }
  if (opA == opB)
    return cast<OpResult>(a).getResultNumber() <
           cast<OpResult>(b).getResultNumber();
  if (opA->getBlock() == opB->getBlock())
    return opA->isBeforeInBlock(opB);
  return opA->getParentRegion()->isAncestor(opB->getParentRegion());
}

static bool isTooLarge(int64_t a, int64_t b) {
  int64_t product;
  return llvm::MulOverflow(a, b, product) || product > (int64_t(1) << 46);
}

/// Multiplies a monomial by a value, taking products apart: 64 of them at most,
/// as factors may share theirs, and none once there are 16 symbols.
static bool multiplyBy(Value value, Monomial &monomial,
                       llvm::function_ref<Value(Value)> bound) {
  SmallVector<Value> open{value};
  unsigned products = 0;
  while (!open.empty()) {
    value = bound(open.pop_back_val());
    if (std::optional<int64_t> number = getConstantIntValue(value)) {
      if (*number < 0 || isTooLarge(monomial.coefficient, *number))
        return false;
      monomial.coefficient *= *number;
      continue;
    }
    auto product = value.getDefiningOp<arith::MulIOp>();
    if (product && monomial.symbols.size() < 16 && products++ < 64)
      open.append({product.getRhs(), product.getLhs()});
    else
      monomial.symbols.push_back(value);
  }
  return true;
}

std::optional<Monomial> Monomial::of(memref::AllocOp op,
                                     llvm::function_ref<Value(Value)> bound) {
  Monomial monomial;
  monomial.coefficient = getElementBytes(op.getType().getElementType());
  for (int64_t extent : op.getType().getShape()) {
    if (ShapedType::isDynamic(extent))
      continue;
    if (isTooLarge(monomial.coefficient, extent))
      return std::nullopt;
    monomial.coefficient *= extent;
  }
  for (Value extent : op.getDynamicSizes())
    if (!multiplyBy(extent, monomial, bound))
      return std::nullopt;
  llvm::stable_sort(monomial.symbols, comesBefore);
  return monomial;
}

/// The extent of dimension `dim` of a buffer, computed at the insertion point;
/// null if the buffer's origin does not say it. A collapsed dimension asks for
/// those of its group, each of which is in one group only: no dimension is
/// visited twice.
static Value findExtent(OpBuilder &b, Value buffer, int64_t dim) {
  auto type = cast<MemRefType>(buffer.getType());
  Location loc = buffer.getLoc();
  if (!type.isDynamicDim(dim))
    return arith::ConstantIndexOp::create(b, loc, type.getDimSize(dim));
  Operation *op = buffer.getDefiningOp();
  if (!op)
    return {};
  if (isa<memref::AllocOp, memref::ViewOp>(op)) {
    OperandRange sizes = isa<memref::AllocOp>(op)
                             ? cast<memref::AllocOp>(op).getDynamicSizes()
                             : cast<memref::ViewOp>(op).getSizes();
    return sizes[type.getDynamicDimIndex(dim)];
  }
  if (auto cast = dyn_cast<memref::CastOp>(op)) {
    auto source = dyn_cast<MemRefType>(cast.getSource().getType());
    return source ? findExtent(b, cast.getSource(), dim) : Value();
  }
  if (auto expand = dyn_cast<memref::ExpandShapeOp>(op))
    return getValueOrCreateConstantIndexOp(b, loc,
                                           expand.getMixedOutputShape()[dim]);
  if (auto collapse = dyn_cast<memref::CollapseShapeOp>(op)) {
    Value product;
    ReassociationIndices group = collapse.getReassociationIndices()[dim];
    for (int64_t inner : group) {
      Value extent = findExtent(b, collapse.getSrc(), inner);
      if (!extent)
        return {};
      product =
          product ? arith::MulIOp::create(b, loc, product, extent) : extent;
    }
    return product;
  }
  auto subview = dyn_cast<memref::SubViewOp>(op);
  if (subview && subview.getDroppedDims().none())
    return getValueOrCreateConstantIndexOp(b, loc,
                                           subview.getMixedSizes()[dim]);
  return {};
}

void seqc::resolveExtents(func::FuncOp function) {
  SmallVector<memref::DimOp> dims;
  function.walk([&](memref::DimOp op) { dims.push_back(op); });
  for (memref::DimOp op : dims) {
    std::optional<int64_t> dim = op.getConstantIndex();
    auto type = dyn_cast<MemRefType>(op.getSource().getType());
    if (!dim || !type || *dim < 0 || *dim >= type.getRank())
      continue;
    OpBuilder builder(op);
    Value extent = findExtent(builder, op.getSource(), *dim);
    if (!extent)
      continue;
    op.replaceAllUsesWith(extent);
    op.erase();
  }
}

bool seqc::isMovable(Operation *op) {
  return op->getNumRegions() == 0 && isPure(op) &&
         llvm::all_of(op->getOperandTypes(),
                      [](Type type) { return type.isIntOrIndexOrFloat(); });
}

/// isNeverNegative() that looks at `budget` values at most: those that are used
/// twice at every level would take forever.
static bool isNeverNegativeWithin(Value value, unsigned &budget) {
  if (std::optional<int64_t> number = getConstantIntValue(value))
    return *number >= 0;
  Operation *op = value.getDefiningOp();
  if (!op || budget == 0)
    return false;
  --budget;
  auto isGood = [&budget](Value operand) {
    return isNeverNegativeWithin(operand, budget);
  };
  if (isa<rt::ExtentOp, memref::DimOp>(op))
    return true;
  if (isa<arith::SelectOp>(op))
    return llvm::all_of(op->getOperands().drop_front(), isGood);
  if (isa<arith::MaxSIOp>(op))
    return llvm::any_of(op->getOperands(), isGood);
  if (isa<arith::AddIOp, arith::MulIOp, arith::MinSIOp, arith::DivSIOp,
          arith::CeilDivSIOp, arith::FloorDivSIOp, arith::IndexCastOp>(op))
    return llvm::all_of(op->getOperands(), isGood);
  return false;
}

bool seqc::isNeverNegative(Value value) {
  unsigned budget = 256;
  return isNeverNegativeWithin(value, budget);
}

bool seqc::followsFromInputs(Value value) {
  llvm::SmallPtrSet<Operation *, 8> seen;
  SmallVector<Value> open{value};
  while (!open.empty()) {
    Operation *op = open.pop_back_val().getDefiningOp();
    if (!op)
      return false;
    if (isa<rt::ExtentOp>(op) || !seen.insert(op).second)
      continue;
    if (!isMovable(op))
      return false;
    llvm::append_range(open, op->getOperands());
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Computing
//===----------------------------------------------------------------------===//

Value SizeBuilder::here(Value value) {
  auto find = [&](Value wanted) {
    Operation *op = wanted.getDefiningOp();
    if (!op)
      return wanted;
    Operation *point = &*b.getInsertionPoint();
    Operation *around = op->getBlock()->findAncestorOpInBlock(*point);
    if (around && around != op && op->isBeforeInBlock(around))
      return wanted;
    return moved.lookup(wanted);
  };
  // Each op is copied once, behind its operands.
  SmallVector<Value> open{value};
  while (!open.empty()) {
    if (find(open.back())) {
      open.pop_back();
      continue;
    }
    Operation *op = open.back().getDefiningOp();
    IRMapping mapping;
    size_t before = open.size();
    for (Value operand : op->getOperands()) {
      if (Value found = find(operand))
        mapping.map(operand, found);
      else
        open.push_back(operand);
    }
    if (open.size() > before)
      continue;
    Operation *copy = b.clone(*op, mapping);
    for (auto [old, result] : llvm::zip(op->getResults(), copy->getResults()))
      moved[old] = result;
  }
  return find(value);
}

void SizeBuilder::demand(Value condition) {
  sane =
      sane ? arith::AndIOp::create(b, sane, condition).getResult() : condition;
}

Value SizeBuilder::product(ArrayRef<Value> symbols) {
  for (auto &[known, value] : products)
    if (ArrayRef<Value>(known) == symbols)
      return value;
  Value result = here(symbols.front());
  for (Value symbol : symbols.drop_front()) {
    auto wide = arith::MulUIExtendedOp::create(b, result, here(symbol));
    Value none = arith::ConstantIndexOp::create(b, 0);
    demand(arith::CmpIOp::create(b, arith::CmpIPredicate::eq, wide.getHigh(),
                                 none));
    result = wide.getLow();
  }
  products.emplace_back(SmallVector<Value>(symbols), result);
  return result;
}

Value SizeBuilder::multiply(int64_t coefficient, ArrayRef<Value> symbols) {
  Value number = arith::ConstantIndexOp::create(b, coefficient);
  if (symbols.empty() || coefficient == 0)
    return number;
  return b.createOrFold<arith::MulIOp>(product(symbols), number);
}

void SizeBuilder::require(int64_t coefficient, ArrayRef<Value> symbols,
                          int64_t limit) {
  if (symbols.empty() || coefficient == 0)
    return;
  Value most = arith::ConstantIndexOp::create(b, limit / coefficient);
  demand(arith::CmpIOp::create(b, arith::CmpIPredicate::ule, product(symbols),
                               most));
}

Value SizeBuilder::guard(Value size) {
  if (!sane)
    return size;
  Value refused =
      arith::ConstantIndexOp::create(b, std::numeric_limits<int64_t>::max());
  return arith::SelectOp::create(b, sane, size, refused);
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

/// Prints `depth` levels of an expression, at most two values each: 127 at the
/// depth of 6 that is asked for.
static void printValue(Value value, llvm::raw_ostream &os, int depth) {
  if (std::optional<int64_t> number = getConstantIntValue(value)) {
    os << *number;
    return;
  }
  Operation *op = value.getDefiningOp();
  if (auto extent = dyn_cast_if_present<rt::ExtentOp>(op)) {
    os << '{' << extent.getIndex() << ',' << extent.getDim() << '}';
    return;
  }
  auto binary = [&](StringRef before, StringRef between) {
    os << before << '(';
    printValue(op->getOperand(0), os, depth - 1);
    os << between;
    printValue(op->getOperand(1), os, depth - 1);
    os << ')';
  };
  if (op && depth > 0) {
    if (isa<arith::IndexCastOp>(op))
      return printValue(op->getOperand(0), os, depth - 1);
    if (isa<arith::AddIOp>(op))
      return binary("", " + ");
    if (isa<arith::SubIOp>(op))
      return binary("", " - ");
    if (isa<arith::MulIOp>(op))
      return binary("", " * ");
    if (isa<arith::DivSIOp, arith::DivUIOp, arith::FloorDivSIOp>(op))
      return binary("", " / ");
    if (isa<arith::MaxSIOp>(op))
      return binary("max", ", ");
    if (isa<arith::MinSIOp>(op))
      return binary("min", ", ");
  }
  os << '?';
}

void SizeText::add(int64_t coefficient, ArrayRef<Value> symbols) {
  for (auto &[known, sum] : terms)
    if (ArrayRef<Value>(known) == symbols) {
      sum += coefficient;
      return;
    }
  terms.emplace_back(SmallVector<Value>(symbols), coefficient);
}

std::string SizeText::print() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  for (auto &[symbols, coefficient] : terms) {
    if (coefficient == 0)
      continue;
    if (!text.empty())
      os << " + ";
    os << coefficient;
    for (Value symbol : symbols) {
      os << " * ";
      printValue(symbol, os, 6);
    }
  }
  return text.empty() ? "0" : text;
}
