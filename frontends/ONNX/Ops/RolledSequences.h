//===- RolledSequences.h - Sequences of run-time length ----------*- C++-*-===//
//
// The operators of Sequences.cpp where lengths or positions are known at run
// time only. Lists of tensors are rolled first.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_OPS_ROLLEDSEQUENCES_H
#define FRONTENDS_ONNX_OPS_ROLLEDSEQUENCES_H

#include "frontends/ONNX/GraphValues.h"

namespace seqc::onnx {

llvm::LogicalResult insertRolled(Node &node, const GraphValue &given,
                                 Tensor tensor);
llvm::LogicalResult eraseRolled(Node &node, const GraphValue &given);
llvm::LogicalResult takeRolled(Node &node, const GraphValue &given);
/// SequenceMap.
llvm::LogicalResult mapRolled(Node &node, const format::GraphProto &body);
/// Parts of `size` along `axis`, the last of which may be smaller; single rows
/// without the axis if it is not kept.
GraphValue splitRolled(Emitter &e, Tensor x, int64_t axis, mlir::Value size,
                       bool keeps);
/// ConcatFromSequence; `adds` a dimension.
llvm::LogicalResult concatRolled(Node &node, const GraphValue &sequence,
                                 bool adds);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_ROLLEDSEQUENCES_H
