//===- SeqReductions.h - What makes seq ops smaller -------------*- C++ -*-===//

#ifndef TOOLS_SEQC_REDUCE_SEQREDUCTIONS_H
#define TOOLS_SEQC_REDUCE_SEQREDUCTIONS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace seqc {

/// Teaches mlir-reduce's `reduction-tree` pass to take seq ops apart: operands
/// and attributes that an op can do without go one after the other, then
/// outputs, states and whole ops.
void registerSeqReductions(mlir::DialectRegistry &registry);

} // namespace seqc

#endif // TOOLS_SEQC_REDUCE_SEQREDUCTIONS_H
