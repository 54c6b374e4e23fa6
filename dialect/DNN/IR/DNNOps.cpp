//===- DNNOps.cpp - Calls of the oneDNN library ---------------------------===//

#include "dialect/DNN/IR/DNNOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace seqc::dnn;

#include "dialect/DNN/IR/DNNDialect.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialect/DNN/IR/DNNTypes.cpp.inc"
#define GET_OP_CLASSES
#include "dialect/DNN/IR/DNNOps.cpp.inc"

void DNNDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialect/DNN/IR/DNNTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialect/DNN/IR/DNNOps.cpp.inc"
      >();
}

LogicalResult CreateMatmulOp::verify() {
  if (!cast<ShapedType>(getWeights().getType()).hasStaticShape())
    return emitOpError("weights have type ")
           << getWeights().getType() << "; a static shape is required [C1]";
  return success();
}

LogicalResult MatmulOp::verify() {
  auto lhs = cast<ShapedType>(getLhs().getType()),
       weights = cast<ShapedType>(getWeights().getType()),
       acc = cast<ShapedType>(getAcc().getType());
  int64_t k = lhs.getDimSize(1), n = acc.getDimSize(1);
  bool normal = weights.getDimSize(0) == k && weights.getDimSize(1) == n;
  bool transposed = weights.getDimSize(0) == n && weights.getDimSize(1) == k;
  if (ShapedType::isDynamic(k) || ShapedType::isDynamic(n) ||
      !(normal || transposed))
    return emitOpError("weights of ")
           << weights << " do not fit lhs " << lhs << " and acc " << acc
           << "; [N, K] or [K, N] is required [C1]";
  size_t tensors = llvm::count_if(
      ArrayRef<ShapedType>{lhs, weights, acc},
      [](ShapedType type) { return isa<RankedTensorType>(type); });
  if (tensors != 0 && tensors != 3)
    return emitOpError("mixes tensors and buffers; one kind is required [C2]");
  if (getResult() ? getResult().getType() != acc || !tensors : tensors != 0)
    return emitOpError("has ")
           << (getResult() ? "a" : "no") << " result; one of type " << acc
           << " is required exactly if operands are tensors [C2]";
  return success();
}

void MatmulOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  for (OpOperand *read :
       {&getLhsMutable(), &getWeightsMutable(), &getAccMutable()})
    if (isa<MemRefType>(read->get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), read);
  if (isa<MemRefType>(getAcc().getType()))
    effects.emplace_back(MemoryEffects::Write::get(), &getAccMutable());
}
