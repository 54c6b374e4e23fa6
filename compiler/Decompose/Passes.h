//===- Passes.h - Passes that take seq ops apart ----------------*- C++ -*-===//

#ifndef COMPILER_DECOMPOSE_PASSES_H
#define COMPILER_DECOMPOSE_PASSES_H

#include "mlir/Pass/Pass.h"

namespace seqc {

#define GEN_PASS_DECL
#include "compiler/Decompose/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/Decompose/Passes.h.inc"

} // namespace seqc

#endif // COMPILER_DECOMPOSE_PASSES_H
