//===- ScalarProgram.h - Bodies of linalg ops, compiled ---------*- C++ -*-===//

#ifndef DIALECT_SEQ_REFERENCE_SCALARPROGRAM_H
#define DIALECT_SEQ_REFERENCE_SCALARPROGRAM_H

#include "dialect/Seq/Reference/Interpreter.h"
#include "dialect/Seq/Reference/ScalarOps.h"

namespace seqc::reference {

/// A block of scalar ops as a straight line of instructions on numbered
/// registers. The first registers are the block's arguments.
class ScalarProgram {
public:
  /// Translates a block; null if it holds anything but scalar ops, constants,
  /// `linalg.index`, `tensor.extract` and `memref.load`.
  static std::unique_ptr<ScalarProgram> compile(mlir::Block &block);

  /// Fetches the values that the block takes from outside.
  llvm::Error bind(Interpreter &interpreter);
  /// Drops the tensors that `bind` fetched, so that they can be written in
  /// place again.
  void release();

  /// The registers; the caller fills those of the arguments.
  Scalar *getRegisters() { return registers.data(); }
  /// Registers that hold what the block yields.
  llvm::ArrayRef<unsigned> getYielded() const { return yielded; }
  /// Whether it does nothing but yield.
  bool isEmpty() const { return instructions.empty(); }
  /// Runs the instructions. `indices` are the loop indices that `linalg.index`
  /// reads. Returns the op that has no result for these values, or null.
  mlir::Operation *run(llvm::ArrayRef<int64_t> indices);
  /// Why the op that `run` returned has no result.
  const char *getFault() const { return fault; }

private:
  enum class Code : uint8_t { Apply, Index, Extract };
  /// One instruction.
  struct Instruction {
    Code code;
    unsigned result;
    /// Registers of the operands; for Extract those of the indices.
    llvm::SmallVector<unsigned, 3> arguments;
    ScalarOp scalar;
    /// Loop dimension of Index, position in `tensors` of Extract.
    unsigned number = 0;
    mlir::Operation *op = nullptr;
  };
  /// A register or tensor that holds a value from outside the block.
  struct Capture {
    mlir::Value value;
    unsigned number;
  };

  class Builder;

  mlir::Operation *owner = nullptr;
  std::vector<Instruction> instructions;
  std::vector<Scalar> registers;
  llvm::SmallVector<unsigned, 2> yielded;
  llvm::SmallVector<Capture> scalarCaptures;
  llvm::SmallVector<Capture> tensorCaptures;
  llvm::SmallVector<Tensor> tensors;
  llvm::SmallVector<Shape> tensorStrides;
  const char *fault = nullptr;
};

} // namespace seqc::reference

#endif // DIALECT_SEQ_REFERENCE_SCALARPROGRAM_H
