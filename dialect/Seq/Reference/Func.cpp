//===- Func.cpp - Calls ---------------------------------------------------===//

#include "dialect/Seq/Reference/Handlers.h"

using namespace mlir;

namespace seqc::reference {

static llvm::Expected<Results>
evaluateCall(Interpreter &interpreter, Operation &op,
             llvm::MutableArrayRef<Tensor> operands) {
  auto name = cast<func::CallOp>(op).getCallee();
  auto callee = interpreter.getModule().lookupSymbol<func::FuncOp>(name);
  if (!callee)
    return makeError(op, "the module has no function '" + name + "'");
  Results arguments;
  for (Tensor &operand : operands)
    arguments.push_back(std::move(operand));
  return interpreter.call(op, callee, std::move(arguments));
}

void addFuncHandlers(HandlerTable &table) { table["func.call"] = evaluateCall; }

} // namespace seqc::reference
