//===- BufferLifetimes.cpp - When a buffer is in use ----------------------===//

#include "compiler/Conversion/BufferLifetimes.h"

#include "mlir/Dialect/Bufferization/IR/BufferViewFlowOpInterface.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace seqc;

BufferLifetimes::BufferLifetimes(func::FuncOp function) : aliases(function) {
  number(function);
}

void BufferLifetimes::number(Operation *op) {
  int64_t begin = next++;
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (Operation &inner : block)
        number(&inner);
  positions[op] = {begin, next++};
}

bool BufferLifetimes::mayRepeat(Operation *op) {
  return !isa<scf::IfOp, scf::IndexSwitchOp, scf::ExecuteRegionOp>(op);
}

/// Whether a use only gives the buffer another name, which is followed by
/// itself.
static bool isRenaming(Operation *user) {
  return isa<ViewLikeOpInterface, memref::DimOp>(user) &&
         isMemoryEffectFree(user);
}

/// Whether a use hands the buffer out to where it cannot be followed.
static bool isLost(OpOperand &use) {
  Operation *user = use.getOwner();
  if (isa<UnrealizedConversionCastOp, memref::ExtractAlignedPointerAsIndexOp>(
          user))
    return true;
  if (auto store = dyn_cast<memref::StoreOp>(user))
    return store.getValue() == use.get();
  if (user->hasTrait<OpTrait::IsTerminator>())
    return isa<func::FuncOp>(user->getParentOp());
  // Any other op that gives a buffer may give this one.
  return !isa<ViewLikeOpInterface, RegionBranchOpInterface,
              bufferization::BufferViewFlowOpInterface,
              memref::ExtractStridedMetadataOp>(user) &&
         llvm::any_of(user->getResultTypes(), llvm::IsaPred<BaseMemRefType>);
}

std::optional<Positions> BufferLifetimes::find(memref::AllocOp alloc) const {
  Positions all = getPositions(alloc);
  bool used = false;
  for (Value alias : aliases.resolve(alloc.getResult())) {
    for (OpOperand &use : alias.getUses()) {
      Operation *user = use.getOwner();
      if (isa<memref::DeallocOp>(user))
        continue;
      if (isLost(use))
        return std::nullopt;
      // What a loop passes on is not gone when the iteration ends.
      Operation *parent = user->getParentOp();
      if (user->hasTrait<OpTrait::IsTerminator>() && mayRepeat(parent) &&
          parent->isProperAncestor(alloc))
        return std::nullopt;
      if (isRenaming(user))
        continue;
      Region *common = alloc->getParentRegion();
      while (!common->isAncestor(user->getParentRegion())) {
        if (mayRepeat(common->getParentOp()))
          return std::nullopt;
        common = common->getParentRegion();
      }
      Operation *whole = user;
      for (Operation *inner = user; inner->getParentRegion() != common;
           inner = inner->getParentOp())
        if (mayRepeat(inner->getParentOp()))
          whole = inner->getParentOp();
      Positions at = getPositions(whole);
      all.begin = used ? std::min(all.begin, at.begin) : at.begin;
      all.end = used ? std::max(all.end, at.end) : at.end;
      used = true;
    }
  }
  return all;
}
