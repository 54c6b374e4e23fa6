//===- Simplify.h - Bounded simplification between passes -------*- C++ -*-===//

#ifndef COMPILER_TRANSFORMS_SIMPLIFY_H
#define COMPILER_TRANSFORMS_SIMPLIFY_H

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace seqc {

/// Applies the patterns that `fill` adds, within fixed bounds on iterations and
/// rewrites. Small sets only: lowerings and canonicalisations in one set may
/// undo each other for ever.
void applyBounded(mlir::Operation *op,
                  llvm::function_ref<void(mlir::RewritePatternSet &)> fill);

/// Adds the canonicalisations of the named dialects and of their ops.
void populateCanonicalizations(mlir::RewritePatternSet &patterns,
                               llvm::ArrayRef<llvm::StringRef> dialects);

/// Canonicalises with the patterns of all loaded dialects and merges nested
/// tensor subsets.
void canonicalize(mlir::Operation *op);

/// The same, and removes common subexpressions.
void simplify(mlir::Operation *op);

} // namespace seqc

#endif // COMPILER_TRANSFORMS_SIMPLIFY_H
