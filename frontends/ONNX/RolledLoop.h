//===- RolledLoop.h - Loops over graphs --------------------------*- C++-*-===//
//
// A loop whose body is a graph: tensors that one iteration hands to the next,
// and outputs that are stacked, one element an iteration. The number of
// iterations may be known, computed before the loop, or found by a condition.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_ROLLEDLOOP_H
#define FRONTENDS_ONNX_ROLLEDLOOP_H

#include "frontends/ONNX/Node.h"

namespace seqc::onnx {

/// What an iteration gives.
struct Iteration {
  /// Whether another one follows; null if that is so until the trips are over.
  mlir::Value goesOn;
  llvm::SmallVector<Tensor> carried;
  /// One element of each stacked output.
  llvm::SmallVector<Tensor> elements;
};

/// Emits the body at the insertion point. It may be asked several times, and
/// what it emitted thrown away, until the types of carried tensors are found.
using IterationFn = llvm::function_ref<llvm::FailureOr<Iteration>(
    mlir::Value number, llvm::ArrayRef<Tensor> carried)>;

struct RolledLoop {
  /// The most iterations; null: no limit.
  mlir::Value trips;
  /// Whether there is a first iteration; null: yes.
  mlir::Value begins;
  /// What the first iteration gets.
  llvm::SmallVector<Tensor> carried;
  /// Whether carried tensors have to keep their shapes; otherwise extents may
  /// change from one iteration to the next.
  bool keepsShapes = false;
  /// The dimension of each stacked output that counts iterations (0 where
  /// nothing is said), and whether the first one comes last.
  llvm::SmallVector<int64_t> axes;
  llvm::SmallVector<bool> backwards;
};

/// What the last iteration gave, then the stacked outputs.
llvm::FailureOr<llvm::SmallVector<Tensor>>
roll(Node &node, const RolledLoop &loop, IterationFn body);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_ROLLEDLOOP_H
