//===- ScalarOps.cpp - Operations on single elements ----------------------===//

#include "dialect/Seq/Reference/ScalarOps.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

using namespace mlir;

namespace seqc::reference {

const ScalarTable &getScalarTable() {
  static const ScalarTable table = [] {
    ScalarTable result;
    addArithScalars(result);
    addMathScalars(result);
    return result;
  }();
  return table;
}

std::optional<ScalarOp> getScalarOp(Operation &op) {
  auto found = getScalarTable().find(op.getName().getStringRef());
  if (found == getScalarTable().end() || op.getNumResults() != 1 ||
      op.getNumOperands() == 0 || op.getNumOperands() > maxScalarOperands)
    return std::nullopt;
  std::optional<ElementKind> in = getElementKind(op.getOperand(0).getType());
  std::optional<ElementKind> out = getElementKind(op.getResult(0).getType());
  if (!in || !out)
    return std::nullopt;
  ScalarOp result;
  result.function = found->second;
  result.traits = {getBitWidth(*in), getBitWidth(*out), *in, *out, 0};
  if (std::optional<Attribute> predicate = op.getInherentAttr("predicate"))
    if (auto value = dyn_cast_or_null<IntegerAttr>(*predicate))
      result.traits.predicate = value.getInt();
  return result;
}

} // namespace seqc::reference
