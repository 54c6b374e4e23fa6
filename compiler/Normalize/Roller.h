//===- Roller.h - One chain of equal steps ----------------------*- C++ -*-===//
//
// Reads the steps of a chain that StepChains.h proposes all at once, and makes
// them a loop. RollSteps.cpp holds what a step reads and the pass, Roller.cpp
// the loop and its users.
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

  /// What a step hands to the next one, from `init` on.
  struct State {
    Row values;
    mlir::Value init, argument, next;
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
    Row values;
    mlir::Value element;
    llvm::SmallVector<mlir::OpFoldResult> sizes;
    mlir::Value value;
  };

  Roller(const BlockOps &ops, llvm::ArrayRef<int> anchors)
      : ops(ops), anchors(anchors), count(anchors.size()),
        steps(countAnchors(ops, anchors)), left(kMostVisits * ops.size()) {}

  /// Whether the chain is a loop; only then has the block changed.
  bool run();
  /// A step that differs from those before, if that is why it is none.
  size_t getBorder() const { return border; }

private:
  /// How often each op is looked at while steps are read, on average.
  static constexpr int64_t kMostVisits = 16;

  /// What all steps do: an op of each, and its copy in the body.
  struct OpRow {
    llvm::SmallVector<int> makers;
    mlir::Operation *copy;
  };
  /// How far the steps have been read.
  struct Mark {
    size_t states, scanned, rows, known;
    unsigned arguments;
    int direction;
  };

  //===--- What a step reads ----------------------------------------------===//
  mlir::Value read(const Row &row, int depth);
  mlir::Value readSlices(const Row &row);
  mlir::Value readState(const Row &row, int depth);
  mlir::Value readOps(const Row &row, int depth);
  void enter(const Row &row, mlir::Value value);
  Mark mark();
  void returnTo(const Mark &mark);
  bool checkOrder();
  /// Whether a value is there before the first step.
  bool isOutside(mlir::Value value) const {
    int from = ops.getSource(value);
    return from < 0 || steps[from] == 0;
  }
  Row getResults(llvm::ArrayRef<int> makers, unsigned result) const {
    return llvm::map_to_vector<6>(makers, [&](int maker) -> mlir::Value {
      return ops[maker]->getResult(result);
    });
  }

  //===--- What reads a step ----------------------------------------------===//
  bool findUses();
  std::optional<llvm::SmallVector<mlir::OpFoldResult>>
  findSizes(mlir::Value value) const;
  bool checkShapes() const;

  //===--- The loop -------------------------------------------------------===//
  mlir::scf::ForOp makeLoop(mlir::OpBuilder &b);
  mlir::Value makeSlice(mlir::OpBuilder &b, const Scanned &input,
                        mlir::Value tensor, mlir::Value position);
  void replaceUses(mlir::OpBuilder &b, const Stack &stack);
  void joinInserts(mlir::OpBuilder &b, const Stack &stack);
  void eraseUnused();

  /// Where a step's value is in a stack.
  int64_t position(int64_t step) const {
    return direction < 0 ? static_cast<int64_t>(count) - 1 - step : step;
  }
  /// Whether an op is one of the chain, or lies in one.
  bool isMember(mlir::Operation *op) const {
    return members.contains(ops[last]->getBlock()->findAncestorOpInBlock(*op));
  }

  const BlockOps &ops;
  llvm::ArrayRef<int> anchors;
  size_t count, border = 0;
  /// The step of each op, 0 for one that knows of none.
  std::vector<int> steps;
  int64_t left;
  int last = 0;
  mlir::Block body;
  llvm::SmallVector<State> states;
  llvm::SmallVector<Scanned> scanned;
  llvm::SmallVector<OpRow> rows;
  /// What is read in the body for the values of all steps.
  using Known = std::map<std::vector<const void *>, mlir::Value>;
  Known known;
  llvm::SmallVector<Known::iterator> entered;
  llvm::DenseSet<mlir::Operation *> members;
  /// +1 or -1, 0 while it is not known.
  int direction = 0;
  /// What is used outside, but for the final states.
  llvm::SmallVector<Stack> stacks;
};

} // namespace seqc

#endif // COMPILER_NORMALIZE_ROLLER_H
