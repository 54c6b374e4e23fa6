//===- Passes.h - Reductions of whole modules -------------------*- C++ -*-===//

#ifndef TOOLS_SEQC_REDUCE_PASSES_H
#define TOOLS_SEQC_REDUCE_PASSES_H

namespace seqc {

/// `reduce-signatures`: takes results and arguments from functions.
void registerReduceSignatures();

/// `simplify-attributes`: removes attributes and makes constants plain.
void registerSimplifyAttributes();

/// `shrink-extents`: makes static extents small, alike in the whole module.
void registerShrinkExtents();

} // namespace seqc

#endif // TOOLS_SEQC_REDUCE_PASSES_H
