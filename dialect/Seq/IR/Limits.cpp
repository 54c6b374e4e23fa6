//===- Limits.cpp - How large tensors may be ------------------------------===//

#include "dialect/Seq/IR/Limits.h"

#include "dialect/Seq/IR/Shapes.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace seqc;

std::optional<int64_t> seq::countBytes(ShapedType type) {
  Type element = type.getElementType();
  int64_t bytes = 8;
  if (element.isIntOrFloat())
    bytes = llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  if (!type.hasRank())
    return bytes;
  for (int64_t extent : type.getShape())
    if (!ShapedType::isDynamic(extent) &&
        (llvm::MulOverflow(bytes, std::max<int64_t>(extent, 1), bytes) ||
         bytes > kMostTensorBytes))
      return std::nullopt;
  return bytes;
}

llvm::StringRef seq::getPlaceName(Location loc) {
  llvm::StringRef name;
  loc->walk([&](Location part) {
    auto named = dyn_cast<NameLoc>(part);
    if (named)
      name = named.getName().getValue();
    return named ? WalkResult::interrupt() : WalkResult::advance();
  });
  return name;
}

LogicalResult seq::checkSizes(Operation *root) {
  auto exceeds = [](Value value) {
    auto type = dyn_cast<ShapedType>(value.getType());
    return type && type.hasRank() && !isa<VectorType>(type) &&
           !countBytes(type);
  };
  auto find = [&](Operation *op) -> Value {
    for (Value result : op->getResults())
      if (exceeds(result))
        return result;
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Value argument : block.getArguments())
          if (exceeds(argument))
            return argument;
    return {};
  };
  // What follows from the first one exceeds as well.
  WalkResult walk = root->walk([&](Operation *op) {
    Value value = find(op);
    if (!value)
      return WalkResult::advance();
    llvm::StringRef name = getPlaceName(op->getLoc());
    InFlightDiagnostic report = op->emitError();
    if (!name.empty())
      report << name << ": ";
    report << "a tensor of shape "
           << detail::shapeText(cast<ShapedType>(value.getType()).getShape())
           << " has more than 2^46 bytes; required are fewer";
    return WalkResult::interrupt();
  });
  return success(!walk.wasInterrupted());
}
