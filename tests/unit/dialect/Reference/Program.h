//===- Program.h - Run IR text in tests -------------------------*- C++ -*-===//

#ifndef TESTS_UNIT_DIALECT_REFERENCE_PROGRAM_H
#define TESTS_UNIT_DIALECT_REFERENCE_PROGRAM_H

#include "dialect/Seq/Reference/Interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace seqc::reference {

/// A module made from text, and an interpreter for it.
class Program {
public:
  explicit Program(const std::string &text, MemoryWeightSource weights = {},
                   InterpreterOptions options = {});
  ~Program();

  /// Runs `function`; a failure fails the test and gives no results.
  llvm::SmallVector<Tensor> run(llvm::ArrayRef<Tensor> inputs,
                                llvm::StringRef function = "main");
  /// The message with which `function` fails; empty if it does not.
  std::string getError(llvm::ArrayRef<Tensor> inputs,
                       llvm::StringRef function = "main");
  Interpreter &getInterpreter() { return *interpreter; }

private:
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  MemoryWeightSource weights;
  std::unique_ptr<Interpreter> interpreter;
};

/// Tensors of the usual kinds.
Tensor f32(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> values);
Tensor i32(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> values);
Tensor i1(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> values);

/// Numbers in [-1, 1) that look random and are always the same.
std::vector<double> getNumbers(size_t count, uint64_t seed);
/// A tensor of such numbers.
Tensor randomF32(llvm::ArrayRef<int64_t> shape, uint64_t seed);

/// Expects a float tensor to have these extents and, up to 1e-12, these
/// elements.
void expectFloats(const Tensor &found, llvm::ArrayRef<int64_t> shape,
                  llvm::ArrayRef<double> values);
/// Expects two float tensors to be equal up to 1e-12.
void expectEqual(const Tensor &found, const Tensor &required);
/// Expects an integer tensor to have these extents and elements.
void expectInts(const Tensor &found, llvm::ArrayRef<int64_t> shape,
                llvm::ArrayRef<int64_t> values);
/// The element at `indices`.
double at(const Tensor &tensor, llvm::ArrayRef<int64_t> indices);

} // namespace seqc::reference

#endif // TESTS_UNIT_DIALECT_REFERENCE_PROGRAM_H
