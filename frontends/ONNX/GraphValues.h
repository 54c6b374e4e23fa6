//===- GraphValues.h - Sequences and alternatives in the IR ------*- C++-*-===//
//
// Sequences whose length is known at run time only, tensors whose rank is,
// optionals whose presence is, and values that two alternative paths give.
//
// A rolled sequence is two tensors: `data` holds the elements of all its
// tensors one behind the other, and row i of `shapes` the extents of tensor i,
// filled up with -1 where other tensors have a higher rank. Inputs and outputs
// of a model are passed in the same form. A tensor of unknown rank is passed
// like the only tensor of a sequence.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_GRAPHVALUES_H
#define FRONTENDS_ONNX_GRAPHVALUES_H

#include "frontends/ONNX/Node.h"

namespace seqc::onnx {

/// The highest rank of a tensor whose type tells none.
inline constexpr int64_t kMostSequenceRank = 8;

GraphValue makeSequence(std::vector<Tensor> elements, DataType type);
/// `rank` is that of all tensors, or -1.
GraphValue makeRolledSequence(Tensor data, Tensor shapes, int64_t rank);

/// The sequence with rows of at least `width` extents; a list of tensors is
/// rolled first.
GraphValue roll(Emitter &e, const GraphValue &sequence, int64_t width = 0);
/// The number of tensors, an index.
mlir::Value getLength(Emitter &e, const GraphValue &sequence);
/// The number of elements in the first `count` tensors of a rolled sequence.
mlir::Value countElementsBefore(Emitter &e, const GraphValue &sequence,
                                mlir::Value count);
/// Tensor `position` of a rolled sequence whose tensors have one rank;
/// `position` is inside the sequence.
Tensor getElement(Emitter &e, const GraphValue &sequence, mlir::Value position);
/// Rows or elements `from` to `to` of a tensor's first dimension.
Tensor sliceRows(Emitter &e, Tensor tensor, mlir::Value from, mlir::Value to);

/// Ends the call unless the rows of `shapes` describe the elements of `data`.
void checkSequence(Emitter &e, const GraphValue &sequence,
                   const std::string &what);

/// `data` has the elements of a tensor of one of `forms`, and `shape` its
/// extents, filled up with -1 to kMostSequenceRank.
GraphValue makeUnranked(Tensor data, Tensor shape,
                        std::vector<llvm::SmallVector<int64_t>> forms);
/// A tensor as one of unknown rank.
GraphValue makeUnranked(Emitter &e, Tensor tensor);
/// Adds the extents of a tensor to those that an unranked one may have, by rank;
/// extents that two forms of one rank do not share vary.
void addForm(std::vector<llvm::SmallVector<int64_t>> &forms,
             const llvm::SmallVector<int64_t> &form);
/// Whether an unranked tensor has this rank, as i1.
mlir::Value hasRank(Emitter &e, const GraphValue &value, int64_t rank);
/// An unranked tensor that has the rank of form `i`.
Tensor getRanked(Emitter &e, const GraphValue &value, size_t i);

/// The IR's values that make up a value of a graph.
llvm::SmallVector<mlir::Value> getParts(const GraphValue &value);
/// `like` with other parts.
GraphValue withParts(const GraphValue &like, mlir::ValueRange parts);

/// Whether there is anything in an optional, as i1.
mlir::Value isPresent(Emitter &e, const GraphValue &value);

/// Makes an scf.if of what `emit` emits and gives on its two sides; nothing is
/// made if one fails, or if the structures of their values differ. Tensors of
/// different rank give an unranked one if `joinsRanks` is set, and differ
/// otherwise.
std::optional<std::vector<GraphValue>> joinBranches(
    Emitter &e, mlir::Value condition,
    llvm::function_ref<llvm::FailureOr<std::vector<GraphValue>>(int side)> emit,
    bool joinsRanks);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_GRAPHVALUES_H
