//===- Library.h - Functions written in MLIR --------------------*- C++ -*-===//
//
// Index computations and searches that are easier to read as IR than as C++ that builds IR. Each
// file of this folder is a list of functions; a pass copies what it needs into the module at hand.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_LIBRARY_LIBRARY_H
#define COMPILER_LIBRARY_LIBRARY_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/OwningOpRef.h"

namespace seqc {

/// Loads the dialects that the library's functions are written in.
void registerLibraryDialects(mlir::DialectRegistry &registry);

/// The functions of file `name` (without .mlir). `!elem` stands for `element` in its text.
mlir::OwningOpRef<mlir::ModuleOp> parseLibrary(mlir::MLIRContext *context, llvm::StringRef name,
                                               mlir::Type element = {});

/// Copies the body of `function`, which is one block, to the builder's position and gives what it
/// returns.
llvm::SmallVector<mlir::Value> copyBody(mlir::ImplicitLocOpBuilder &b, mlir::func::FuncOp function,
                                        mlir::ValueRange arguments);

/// Copies function `name` of `library`, and those that it calls, into `module` as private functions
/// named `name` + `suffix`. Functions that are there already are used.
mlir::func::FuncOp importFunction(mlir::ModuleOp module, mlir::ModuleOp library,
                                  llvm::StringRef name, llvm::StringRef suffix = "");

} // namespace seqc

#endif // COMPILER_LIBRARY_LIBRARY_H
