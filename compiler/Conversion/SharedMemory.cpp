//===- SharedMemory.cpp - Whether two buffers may be one ------------------===//

#include "compiler/Conversion/SharedMemory.h"

#include "dialect/RT/IR/RTOps.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace seqc;

SharedMemory::SharedMemory(func::FuncOp function)
    : body(&function.getBody().front()), aliases(function) {}

/// Whether a use hands the buffer on under another name, which is followed by
/// itself.
static bool isPassedOn(Operation *user) {
  if (isa<RegionBranchOpInterface, memref::DimOp>(user) ||
      user->hasTrait<OpTrait::IsTerminator>())
    return true;
  return isa<ViewLikeOpInterface>(user) && isMemoryEffectFree(user);
}

/// Whether an op may have an effect on a buffer. What says nothing about its
/// effects has all of them, on everything.
template <typename Effect> static bool mayHave(Operation *op, Value buffer) {
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  if (!interface)
    return true;
  SmallVector<MemoryEffects::EffectInstance> effects;
  interface.getEffects(effects);
  return llvm::any_of(effects, [&](const MemoryEffects::EffectInstance &one) {
    return isa<Effect>(one.getEffect()) &&
           (!one.getValue() || one.getValue() == buffer);
  });
}

Accesses SharedMemory::find(Value buffer) const {
  Accesses found;
  for (Value alias : aliases.resolve(buffer))
    for (Operation *user : alias.getUsers()) {
      if (isPassedOn(user))
        continue;
      Access access{user, body->findAncestorOpInBlock(*user), alias};
      if (mayHave<MemoryEffects::Read>(user, alias))
        found.reads.push_back(access);
      if (mayHave<MemoryEffects::Write>(user, alias))
        found.writes.push_back(access);
    }
  return found;
}

/// Whether a buffer begins where the memory that it is a part of begins. Only
/// views of bytes move the beginning; their offset is that of the whole.
static bool startsAtBase(Value buffer) {
  while (Operation *op = buffer.getDefiningOp()) {
    if (auto view = dyn_cast<memref::ViewOp>(op))
      return isConstantIntValue(view.getByteShift(), 0) &&
             isa_and_present<rt::InputOp, rt::OutputOp, rt::AllocateOp>(
                 view.getSource().getDefiningOp());
    if (isa<memref::AllocOp>(op))
      return true;
    if (!isa<memref::CastOp, memref::SubViewOp, memref::ExpandShapeOp,
             memref::CollapseShapeOp, memref::ReinterpretCastOp>(op))
      return false;
    buffer = op->getOperand(0);
  }
  return false;
}

/// Whether equal indices of two buffers of equal extents are equal distances
/// from the beginning of their memory.
static bool haveEqualPlaces(Value left, Value right) {
  auto a = cast<MemRefType>(left.getType()),
       b = cast<MemRefType>(right.getType());
  if (a.getElementType() != b.getElementType() || a.getRank() != b.getRank() ||
      !startsAtBase(left) || !startsAtBase(right))
    return false;
  if (a.getLayout().isIdentity() && b.getLayout().isIdentity())
    return true;
  SmallVector<int64_t> strides, others;
  int64_t offset, other;
  if (failed(a.getStridesAndOffset(strides, offset)) ||
      failed(b.getStridesAndOffset(others, other)))
    return false;
  auto isDynamic = [](int64_t stride) { return ShapedType::isDynamic(stride); };
  return offset == other && strides == others && !isDynamic(offset) &&
         llvm::none_of(strides, isDynamic);
}

/// Whether an op may run more than once in one call.
static bool mayRepeat(Operation *op, Operation *top) {
  for (; op != top; op = op->getParentOp())
    if (!isa<scf::IfOp>(op->getParentOp()))
      return true;
  return false;
}

/// Whether one op reads elements of one buffer and writes those at the same
/// places of another, each after it was read for the last time.
static bool isInPlace(const Access &read, const Access &write) {
  if (read.op != write.op || mayRepeat(read.op, read.top) ||
      !haveEqualPlaces(read.buffer, write.buffer))
    return false;
  if (isa<memref::CopyOp>(read.op))
    return true;
  auto op = dyn_cast<linalg::LinalgOp>(read.op);
  if (!op || op.getNumParallelLoops() != op.getNumLoops())
    return false;
  AffineMap map;
  for (OpOperand &operand : op->getOpOperands()) {
    if (operand.get() != read.buffer && operand.get() != write.buffer)
      continue;
    AffineMap own = op.getMatchingIndexingMap(&operand);
    if (!own.isPermutation() || (map && own != map))
      return false;
    map = own;
  }
  return true;
}

std::pair<Operation *, Operation *>
SharedMemory::findConflict(const Accesses &read,
                           const Accesses &written) const {
  for (const Access &r : read.reads)
    for (const Access &w : written.writes) {
      bool isBefore = r.top != w.top && r.top->isBeforeInBlock(w.top);
      if (!isBefore && !isInPlace(r, w))
        return {r.top, w.top};
    }
  return {nullptr, nullptr};
}
