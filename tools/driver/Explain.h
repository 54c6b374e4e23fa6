//===- Explain.h - Which code computes a product, and why -------*- C++ -*-===//
//
// The phases leave the module attribute `seq.explain`: an array of dictionaries
// with the op, its place, the choice, the reason and whatever numbers they were
// based on.
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_DRIVER_EXPLAIN_H
#define TOOLS_DRIVER_EXPLAIN_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"

namespace seqc {

/// An attribute as JSON; what has no counterpart becomes its text.
llvm::json::Value toJSON(mlir::Attribute attribute);

/// Prints the choices of `module`, as a table or as JSON.
void printExplanation(llvm::raw_ostream &os, mlir::ModuleOp module,
                      llvm::StringRef backend, bool json);

} // namespace seqc

#endif // TOOLS_DRIVER_EXPLAIN_H
