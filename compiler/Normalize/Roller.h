//===- Roller.h - One chain of equal steps ----------------------*- C++ -*-===//
//
// Checks a chain that StepChains.h proposes, and makes it a loop. RollSteps.cpp
// holds what a step reads and the pass, Roller.cpp the loop and its users.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_NORMALIZE_ROLLER_H
#define COMPILER_NORMALIZE_ROLLER_H

#include "compiler/Normalize/StepChains.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

#include "llvm/ADT/DenseSet.h"

#include <map>

namespace seqc {

/// How the places of slices follow each other, one each step.
struct Walk {
  /// The dimension that they walk along, and whether by 1 or by -1.
  int64_t axis, step;
  /// The least of the places.
  int64_t low;
};

/// The way that the offsets of all steps take; nothing if it is another one.
std::optional<Walk>
findWalk(llvm::ArrayRef<llvm::SmallVector<mlir::OpFoldResult>> offsets);

/// Rewrites one chain.
class Roller {
public:
  /// One value per step.
  using Row = llvm::SmallVector<mlir::Value>;

  /// A class of ops, and one of their results.
  using Part = std::pair<int, int>;

  /// What a step hands to the next one, from `init` on.
  struct State {
    Part source;
    mlir::Value init, argument;
  };

  /// Slices of one tensor, at places along `axis` of which `low` is the least.
  struct Scanned {
    /// The slice that the first step reads.
    mlir::tensor::ExtractSliceOp first;
    int64_t axis, low;
    mlir::Value argument;
  };

  /// What the steps give as one tensor, with time as its leading dimension.
  struct Stack {
    llvm::SmallVector<mlir::OpFoldResult> sizes;
    mlir::Value value;
  };

  Roller(const BlockOps &ops, const StepChain &chain)
      : ops(ops), chain(chain), count(chain.count) {
    for (auto [type, members] : llvm::enumerate(chain.classes))
      for (auto [step, member] : llvm::enumerate(members)) {
        inside[member] = {static_cast<int>(type), static_cast<int>(step)};
        last = std::max(last, member);
      }
  }

  /// Whether the chain is a loop; only then has the block changed.
  bool run();

private:
  //===--- What a step reads ----------------------------------------------===//
  bool findBehind();
  bool readStep();
  mlir::Value readInput(const Row &row);
  mlir::Value readOutside(const Row &row, int depth);
  mlir::Value readSlices(const Row &row);
  /// Whether a value is there before the first step.
  bool isOutside(mlir::Value value) const {
    int from = ops.getSource(value);
    return from < 0 || !behind[from];
  }
  Row getRow(llvm::ArrayRef<int> members, size_t slot) const {
    Row row;
    for (int member : members)
      row.push_back(ops.getInputs(member)[slot]);
    return row;
  }
  mlir::Operation *addToBody(mlir::Operation *op,
                             llvm::ArrayRef<mlir::Value> inputs);

  //===--- What reads a step ----------------------------------------------===//
  bool findUses();
  std::optional<llvm::SmallVector<mlir::OpFoldResult>>
  findSizes(mlir::Value value) const;
  bool checkShapes() const;

  //===--- The loop -------------------------------------------------------===//
  mlir::scf::ForOp makeLoop(mlir::OpBuilder &b);
  mlir::Value makeSlice(mlir::OpBuilder &b, const Scanned &input,
                        mlir::Value tensor, mlir::Value position);
  void replaceUses(mlir::OpBuilder &b, Part part, const Stack &stack);
  void joinInserts(mlir::OpBuilder &b, Part part, const Stack &stack);
  llvm::SmallVector<mlir::tensor::InsertSliceOp>
  findChainOf(mlir::tensor::InsertSliceOp insert, Part part) const;
  void moveUsers(mlir::Operation *loop, mlir::Operation *end);
  void eraseUnused();

  mlir::Value valueOf(Part part, int step) const {
    return ops[chain.classes[part.first][step]]->getResult(part.second);
  }
  /// Where a step's value is in a stack.
  int64_t position(int step) const {
    return direction < 0 ? count - 1 - step : step;
  }
  /// Whether an op is one of the chain, or lies in one.
  bool isMember(mlir::Operation *op) const {
    return members.contains(ops[last]->getBlock()->findAncestorOpInBlock(*op));
  }

  const BlockOps &ops;
  const StepChain &chain;
  int count, last = 0;
  /// Class and step of the chain's ops.
  llvm::DenseMap<int, std::pair<int, int>> inside;
  llvm::DenseSet<mlir::Operation *> members;
  /// Whether an op is one of them, or reads what they give.
  std::vector<char> behind;
  mlir::Block body;
  llvm::SmallVector<State> states;
  llvm::SmallVector<Scanned> scanned;
  llvm::DenseMap<Part, mlir::Value> bodyValues;
  std::map<std::vector<int>, mlir::Value> prepared;
  /// +1 or -1, 0 while it is not known.
  int direction = 0;
  /// What is used outside, but for the final states.
  std::map<Part, Stack> stacks;
};

} // namespace seqc

#endif // COMPILER_NORMALIZE_ROLLER_H
