//===- Passes.h - Passes that recognise ops of the seq dialect --*- C++ -*-===//

#ifndef COMPILER_NORMALIZE_PASSES_H
#define COMPILER_NORMALIZE_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace seqc {

#define GEN_PASS_DECL
#include "compiler/Normalize/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "compiler/Normalize/Passes.h.inc"

} // namespace seqc

#endif // COMPILER_NORMALIZE_PASSES_H
