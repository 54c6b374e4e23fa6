//===- ContextType.h - Contexts as pointers ---------------------*- C++ -*-===//

#ifndef COMPILER_CONVERSION_CONTEXTTYPE_H
#define COMPILER_CONVERSION_CONTEXTTYPE_H

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Transforms/DialectConversion.h"

namespace seqc {

/// Makes a pointer of `!rt.context`.
void addContextConversion(mlir::TypeConverter &converter);

/// Lets convert-to-llvm convert the contexts that functions take and hand on.
void registerConvertContextsToLLVMInterface(mlir::DialectRegistry &registry);

} // namespace seqc

#endif // COMPILER_CONVERSION_CONTEXTTYPE_H
