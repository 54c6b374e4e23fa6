//===- Passes.h - Passes that close phases ----------------------*- C++ -*-===//

#ifndef COMPILER_PIPELINES_PASSES_H
#define COMPILER_PIPELINES_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace seqc {

#define GEN_PASS_DECL
#include "compiler/Pipelines/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/Pipelines/Passes.h.inc"

} // namespace seqc

#endif // COMPILER_PIPELINES_PASSES_H
