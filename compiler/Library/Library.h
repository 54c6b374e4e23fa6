//===- Library.h - Functions written in MLIR --------------------*- C++ -*-===//
//
// Index computations and searches that are easier to read as IR than as C++
// that builds IR. Each file of this folder is a list of functions; a pass
// copies what it needs into the module at hand.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_LIBRARY_LIBRARY_H
#define COMPILER_LIBRARY_LIBRARY_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/OwningOpRef.h"

namespace seqc {

/// The functions of the files `names` (without .mlir) in one module. In their
/// text `!elem` stands for the floating-point type `element` and `#lowest` for
/// its -inf.
mlir::OwningOpRef<mlir::ModuleOp>
parseLibrary(mlir::MLIRContext *context, llvm::ArrayRef<llvm::StringRef> names,
             mlir::FloatType element = {});

/// Copies the body of `function`, which is one block, to the builder's position
/// and gives what it returns.
llvm::SmallVector<mlir::Value> copyBody(mlir::ImplicitLocOpBuilder &b,
                                        mlir::func::FuncOp function,
                                        mlir::ValueRange arguments);

/// Copies function `name` of `library`, and those that it calls, into `module`
/// as private functions named `name` + `suffix`. Functions that are there
/// already are used.
mlir::func::FuncOp importFunction(mlir::ModuleOp module, mlir::ModuleOp library,
                                  llvm::StringRef name,
                                  llvm::StringRef suffix = "");

} // namespace seqc

#endif // COMPILER_LIBRARY_LIBRARY_H
