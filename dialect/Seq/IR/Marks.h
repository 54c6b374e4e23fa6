//===- Marks.h - What passes leave on ops for later ones --------*- C++ -*-===//
//
// The discardable attributes of the dialect, each with one type and, where that
// says something, the ops it may stand on; Marks.cpp verifies both. A mark is
// named by its class, never by a string:
//
//   seq::mark<seq::ParallelMark>(loop);
//   if (seq::isMarked<seq::ParallelMark>(loop)) …
//   if (IntegerAttr number = seq::getMark<seq::LoopNumberMark>(loop)) …
//
//===----------------------------------------------------------------------===//

#ifndef DIALECT_SEQ_IR_MARKS_H
#define DIALECT_SEQ_IR_MARKS_H

#include "dialect/Seq/IR/SeqDialect.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

namespace seqc::seq {

// Of models.

/// On an argument or a result of an entry: its name for callers.
using NameMark = SeqDialect::NameAttrHelper;
/// On an argument or a result of an entry: the SignatureAttr that callers see.
using SignatureMark = SeqDialect::SignatureAttrHelper;
/// On a module: JSON for the runtime (docs/reference/metadata.md).
using MetadataMark = SeqDialect::MetadataAttrHelper;
/// On a module: how often each pattern was recognised in each function.
using RecognizedMark = SeqDialect::RecognizedAttrHelper;
/// On a `seq.require`: a call that breaks it ends for lack of memory, and not
/// because of a wrong argument.
using ExhaustsMark = SeqDialect::ExhaustsAttrHelper;

/// On a module: nobody has checked what ops of other dialects rely on, as
/// frontends do that make them.
using UncheckedMark = SeqDialect::UncheckedAttrHelper;

// On tensors.

/// On an `scf.for` whose iterations may run in any order and at the same time.
using ParallelMark = SeqDialect::ParallelAttrHelper;
/// On an `scf.for` on tensors: its number, another one for each in a function.
using LoopNumberMark = SeqDialect::LoopNumberAttrHelper;
/// On a `linalg` op: a tile that becomes vectors.
using TileMark = SeqDialect::TileAttrHelper;
/// On an op that computes with denormals flushed.
using FlushMark = SeqDialect::FlushAttrHelper;
/// On an op of `math` whose operand or result may be denormal.
using DenormalsMark = SeqDialect::DenormalsAttrHelper;
/// On a module: the TargetAttr of the CPU it is compiled for.
using TargetMark = SeqDialect::TargetAttrHelper;
/// On a module: ChoiceAttr of each product.
using ExplainMark = SeqDialect::ExplainAttrHelper;

// On memory.

/// On a module: a WeightItemAttr for each place of the weights section.
using WeightLayoutMark = SeqDialect::WeightLayoutAttrHelper;
/// On a copy: both sides may be one in some calls, and then it does nothing.
using MaybeSameMark = SeqDialect::MaybeSameAttrHelper;
/// On a function: its calls stand in loops.
using InLoopMark = SeqDialect::InLoopAttrHelper;
/// On a function: an InPlaceAttr for each output that may be an input.
using InPlaceMark = SeqDialect::InPlaceAttrHelper;
/// On a function: a WorkspaceAttr for each piece of memory that buffers share.
using MemoryPlanMark = SeqDialect::MemoryPlanAttrHelper;

/// The value of a mark, or null.
template <typename Mark> auto getMark(mlir::Operation *op) {
  return Mark(op->getContext()).getAttr(op);
}

/// Whether a mark stands on `op`.
template <typename Mark> bool isMarked(mlir::Operation *op) {
  return Mark(op->getContext()).isAttrPresent(op);
}

/// Sets a mark that has a value.
template <typename Mark, typename Value>
void mark(mlir::Operation *op, Value value) {
  Mark(op->getContext()).setAttr(op, value);
}

/// Sets a mark that has none.
template <typename Mark> void mark(mlir::Operation *op) {
  mark<Mark>(op, mlir::UnitAttr::get(op->getContext()));
}

/// Takes a mark away.
template <typename Mark> void unmark(mlir::Operation *op) {
  Mark(op->getContext()).removeAttr(op);
}

/// What a mark is called in IR.
template <typename Mark> llvm::StringRef getMarkName() {
  return Mark::getNameStr();
}

} // namespace seqc::seq

#endif // DIALECT_SEQ_IR_MARKS_H
