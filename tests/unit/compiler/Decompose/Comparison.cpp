//===- Comparison.cpp - Meaning before and after passes -------------------===//

#include "tests/unit/compiler/Decompose/Comparison.h"

#include "compiler/Decompose/Decompositions.h"
#include "compiler/Decompose/Passes.h"
#include "dialect/Seq/IR/SeqDialect.h"
#include "dialect/Seq/Reference/Interpreter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;

namespace seqc::testing {

reference::Tensor randomFloats(Random &random, reference::ElementKind kind,
                               llvm::ArrayRef<int64_t> shape) {
  std::uniform_real_distribution<double> value(-1.0, 1.0);
  std::vector<double> values(reference::countElements(shape).value());
  for (double &element : values)
    element = value(random);
  return reference::Tensor::ofFloats(kind, shape, values);
}

reference::Tensor randomInts(Random &random, reference::ElementKind kind,
                             llvm::ArrayRef<int64_t> shape, int64_t low,
                             int64_t high) {
  std::uniform_int_distribution<int64_t> value(low, high);
  std::vector<int64_t> values(reference::countElements(shape).value());
  for (int64_t &element : values)
    element = value(random);
  return reference::Tensor::ofInts(kind, shape, values);
}

/// A context with everything that decompositions make. Parsing is done once per
/// module.
static MLIRContext &getContext() {
  static MLIRContext *context = [] {
    registerDecomposePasses();
    DialectRegistry registry;
    registry.insert<arith::ArithDialect, func::FuncDialect,
                    linalg::LinalgDialect, math::MathDialect, scf::SCFDialect,
                    tensor::TensorDialect, seq::SeqDialect>();
    registerDecompositions(registry);
    auto *made = new MLIRContext(registry, MLIRContext::Threading::DISABLED);
    made->loadAllAvailableDialects();
    return made;
  }();
  return *context;
}

/// Evaluates `main`; an error fails the test.
static SmallVector<reference::Tensor>
evaluate(ModuleOp module, ArrayRef<reference::Tensor> inputs) {
  reference::MemoryWeightSource weights;
  reference::Interpreter interpreter(module, weights);
  llvm::Expected<SmallVector<reference::Tensor>> results =
      interpreter.run("main", inputs);
  if (!results) {
    ADD_FAILURE() << llvm::toString(results.takeError());
    return {};
  }
  return *results;
}

/// Expects equal shapes and nearly equal elements.
static void expectNear(const reference::Tensor &want,
                       const reference::Tensor &got, const std::string &what) {
  ASSERT_EQ(reference::toString(want.getShape()),
            reference::toString(got.getShape()))
      << what;
  for (int64_t position = 0; position < want.getNumElements(); ++position) {
    if (!want.isFloat()) {
      ASSERT_EQ(want.ints()[position], got.ints()[position])
          << what << " at " << position;
      continue;
    }
    double a = want.floats()[position], b = got.floats()[position];
    // Constants of f32 attributes are rounded to f32 in one form only.
    if (std::isnan(a) ? !std::isnan(b) : !(std::fabs(a - b) <= 1e-6))
      FAIL() << what << " at " << position << ": " << a << " and " << b;
  }
}

void expectSameMeaning(const std::string &text,
                       const std::vector<reference::Tensor> &inputs,
                       const std::vector<std::string> &pipelines,
                       const std::vector<std::string> &gone) {
  OwningOpRef<ModuleOp> original =
      parseSourceString<ModuleOp>(text, &getContext());
  ASSERT_TRUE(original) << text;
  SmallVector<reference::Tensor> want = evaluate(*original, inputs);
  ASSERT_FALSE(want.empty()) << text;
  for (const std::string &pipeline : pipelines) {
    OwningOpRef<ModuleOp> module = original->clone();
    PassManager passes(&getContext());
    std::string errors;
    llvm::raw_string_ostream stream(errors);
    ASSERT_TRUE(succeeded(parsePassPipeline(pipeline, passes, stream)))
        << errors;
    ASSERT_TRUE(succeeded(passes.run(*module))) << pipeline << "\n" << text;
    module->walk([&](Operation *op) {
      for (const std::string &name : gone)
        EXPECT_NE(op->getName().getStringRef().str(), name) << pipeline;
    });
    SmallVector<reference::Tensor> got = evaluate(*module, inputs);
    ASSERT_EQ(want.size(), got.size()) << pipeline << "\n" << text;
    for (size_t result = 0; result < want.size(); ++result) {
      expectNear(want[result], got[result],
                 pipeline + ", result " + std::to_string(result) + "\n" + text);
      if (::testing::Test::HasFatalFailure())
        return;
    }
  }
}

} // namespace seqc::testing
