//===- Trial.cpp - Changes that a test script may refuse ------------------===//

#include "tools/seqc-reduce/Trial.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace seqc;

bool Trial::attempt(llvm::function_ref<bool(ModuleOp)> change) {
  OwningOpRef<ModuleOp> copy(cast<ModuleOp>(module->clone()));
  {
    // What is wrong with a copy is of no interest.
    ScopedDiagnosticHandler silence(module.getContext(),
                                    [](Diagnostic &) { return success(); });
    if (!change(*copy) || failed(verify(*copy)))
      return false;
  }
  return offer(*copy);
}

bool Trial::offer(ModuleOp copy) {
  if (!script.isInteresting(copy))
    return false;
  module->setAttrs(copy->getAttrDictionary());
  module.getBodyRegion().takeBody(copy.getBodyRegion());
  return true;
}
