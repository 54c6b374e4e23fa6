//===- Passes.h - The passes of seqc-reduce ----------------------*- C++ -*-===//

#ifndef TOOLS_SEQC_REDUCE_PASSES_H
#define TOOLS_SEQC_REDUCE_PASSES_H

namespace seqc {

/// `reduce-signatures`: takes results and arguments from functions.
void registerReduceSignatures();

/// `simplify-attributes`: removes attributes and makes constants plain.
void registerSimplifyAttributes();

/// `shrink-extents`: makes static extents small, alike in the whole module.
void registerShrinkExtents();

/// `reduction-tree`: MLIR's, which removes ops and asks the patterns of dialects.
void registerReductionTree();

/// `opt-reduction-pass`: keeps what a pass pipeline makes of the module, if that
/// is smaller.
void registerOptReduction();

} // namespace seqc

#endif // TOOLS_SEQC_REDUCE_PASSES_H
