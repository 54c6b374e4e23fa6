//===- Program.cpp - Run IR text in tests ---------------------------------===//

#include "Program.h"

#include "dialect/DNN/IR/DNNOps.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"

#include <cmath>

using namespace mlir;

namespace seqc::reference {

Program::Program(const std::string &text, MemoryWeightSource weights,
                 InterpreterOptions options)
    : context(std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED)),
      weights(std::move(weights)) {
  context
      ->loadDialect<affine::AffineDialect, arith::ArithDialect,
                    bufferization::BufferizationDialect, cf::ControlFlowDialect,
                    dnn::DNNDialect, func::FuncDialect, linalg::LinalgDialect,
                    math::MathDialect, memref::MemRefDialect, scf::SCFDialect,
                    seq::SeqDialect, tensor::TensorDialect>();
  module = parseSourceString<ModuleOp>(text, context.get());
  if (!module) {
    ADD_FAILURE() << "the program does not parse:\n" << text;
    module = ModuleOp::create(UnknownLoc::get(context.get()));
  }
  interpreter = std::make_unique<Interpreter>(*module, this->weights, options);
}

Program::~Program() = default;

llvm::SmallVector<Tensor> Program::run(llvm::ArrayRef<Tensor> inputs,
                                       llvm::StringRef function) {
  llvm::Expected<llvm::SmallVector<Tensor>> results =
      interpreter->run(function, inputs);
  if (results)
    return std::move(*results);
  ADD_FAILURE() << llvm::toString(results.takeError());
  // Enough empty results for the test to go on to its next expectation.
  return llvm::SmallVector<Tensor>(8, Tensor::ofIndex(0));
}

std::string Program::getError(llvm::ArrayRef<Tensor> inputs,
                              llvm::StringRef function) {
  llvm::Expected<llvm::SmallVector<Tensor>> results =
      interpreter->run(function, inputs);
  return results ? "" : llvm::toString(results.takeError());
}

Tensor f32(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> values) {
  return Tensor::ofFloats(ElementKind::F32, shape, values);
}

Tensor i32(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> values) {
  return Tensor::ofInts(ElementKind::I32, shape, values);
}

Tensor i1(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> values) {
  return Tensor::ofInts(ElementKind::I1, shape, values);
}

std::vector<double> getNumbers(size_t count, uint64_t seed) {
  std::vector<double> numbers;
  uint64_t state = seed * 0x9e3779b97f4a7c15 + 1;
  for (size_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005 + 1442695040888963407;
    numbers.push_back(static_cast<double>(state >> 40) / double(1 << 23) - 1.0);
  }
  return numbers;
}

Tensor randomF32(llvm::ArrayRef<int64_t> shape, uint64_t seed) {
  return f32(
      shape,
      getNumbers(static_cast<size_t>(countElements(shape).value_or(0)), seed));
}

void expectFloats(const Tensor &found, llvm::ArrayRef<int64_t> shape,
                  llvm::ArrayRef<double> values) {
  ASSERT_TRUE(found.isFloat());
  ASSERT_EQ(found.getShape(), shape);
  ASSERT_EQ(found.floats().size(), values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    double value = found.floats()[i];
    if (std::isnan(values[i]))
      EXPECT_TRUE(std::isnan(value)) << "element " << i << " is " << value;
    else if (std::isinf(values[i]))
      EXPECT_EQ(value, values[i]) << "element " << i;
    else
      EXPECT_NEAR(value, values[i], 1e-12) << "element " << i;
  }
}

void expectEqual(const Tensor &found, const Tensor &required) {
  expectFloats(found, required.getShape(), required.floats());
}

void expectInts(const Tensor &found, llvm::ArrayRef<int64_t> shape,
                llvm::ArrayRef<int64_t> values) {
  ASSERT_FALSE(found.isFloat());
  ASSERT_EQ(found.getShape(), shape);
  EXPECT_EQ(found.ints(), values);
}

double at(const Tensor &tensor, llvm::ArrayRef<int64_t> indices) {
  Shape strides = getStrides(tensor.getShape());
  int64_t position = 0;
  for (size_t dim = 0; dim < indices.size(); ++dim)
    position += indices[dim] * strides[dim];
  return tensor.floats()[position];
}

} // namespace seqc::reference
