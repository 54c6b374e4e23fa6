//===- Explain.h - Which code computes a product, and why -------*- C++ -*-===//
//
// Phase `offload` leaves a #seq.choice for each product in the module attribute
// `seq.explain`.
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_DRIVER_EXPLAIN_H
#define TOOLS_DRIVER_EXPLAIN_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

namespace seqc {

/// Prints the choices of `module`, as a table or as JSON.
void printExplanation(llvm::raw_ostream &os, mlir::ModuleOp module,
                      llvm::StringRef backend, bool json);

} // namespace seqc

#endif // TOOLS_DRIVER_EXPLAIN_H
