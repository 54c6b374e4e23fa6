//===- StepChains.h - Ops that repeat each other ----------------*- C++ -*-===//
//
// A loop over time that was unrolled is a chain of equal groups of ops: the
// same ops on the same weights, where what one group gives enters the next. The
// groups are found by anchors, equal ops of which each depends on the one
// before. A chain is a proposal only: RollSteps.cpp checks every operand.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_NORMALIZE_STEPCHAINS_H
#define COMPILER_NORMALIZE_STEPCHAINS_H

#include "mlir/IR/Operation.h"

#include "llvm/ADT/DenseMap.h"

#include <vector>

namespace seqc {

/// Steps from which on a chain is worth a loop.
inline constexpr size_t kLeastSteps = 3;

/// Visits what an op reads: its operands, then what its regions use from
/// outside, always in one order.
void forEachInput(mlir::Operation *op,
                  llvm::function_ref<void(mlir::OpOperand &)> visit);

/// The ops of a block in order.
class BlockOps {
public:
  explicit BlockOps(mlir::Block &block);

  int size() const { return ops.size(); }
  mlir::Operation *operator[](int op) const { return ops[op]; }
  /// What an op reads, as forEachInput() visits it.
  llvm::ArrayRef<mlir::Value> getInputs(int op) const { return inputs[op]; }
  /// The op that gives a value, or -1 if it is none of the block.
  int getSource(mlir::Value value) const;
  /// Equal for ops that differ in nothing but what they read; negative for an
  /// op that takes part in no chain.
  int getKind(int op) const { return kinds[op]; }
  /// All ops of one kind.
  llvm::ArrayRef<int> getAlike(int kind) const { return alike[kind]; }
  /// Whether a value depends on constants and weights only.
  bool isConstant(mlir::Value value) const;

private:
  int findKind(int op);

  std::vector<mlir::Operation *> ops;
  std::vector<llvm::SmallVector<mlir::Value, 4>> inputs;
  std::vector<int> kinds;
  std::vector<llvm::SmallVector<int>> alike;
  std::vector<char> constants;
  llvm::DenseMap<mlir::Operation *, int> places;
  /// The kinds of each hash.
  llvm::DenseMap<size_t, llvm::SmallVector<int>> known;
};

/// Ops of one kind with equal constants of which each depends on the one
/// before, the most promising first.
std::vector<llvm::SmallVector<int>> findAnchors(const BlockOps &ops);

/// How many anchors each op depends on at most, itself included.
std::vector<int> countAnchors(const BlockOps &ops, llvm::ArrayRef<int> anchors);

} // namespace seqc

#endif // COMPILER_NORMALIZE_STEPCHAINS_H
