//===- RecurrenceTilingTest.cpp - Recurrences over some of the rows -------===//

#include "tests/unit/compiler/Decompose/Comparison.h"

#include "compiler/Decompose/Decompositions.h"
#include "dialect/Seq/IR/SeqDialect.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace seqc;
using namespace seqc::testing;
using reference::ElementKind;

namespace {

/// A cell with a product, a bias that all rows share, and two states: one is an
/// output as well. `operands` are lengths and the direction.
std::string makeModule(const std::string &operands) {
  return R"(
    func.func @main(%x: tensor<?x?x3xf32>, %w: tensor<4x3xf32>,
                    %bias: tensor<4xf32>, %h0: tensor<?x4xf32>,
                    %c0: tensor<?x4xf32>, %n: tensor<?xi32>)
        -> (tensor<?x?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
      %o, %h, %c = seq.recurrence scan(%x : tensor<?x?x3xf32>)
          init(%h0, %c0 : tensor<?x4xf32>, tensor<?x4xf32>) )" +
         operands + R"( {
      ^bb0(%xt: tensor<?x3xf32>, %ht: tensor<?x4xf32>, %ct: tensor<?x4xf32>):
        %zero = arith.constant 0 : index
        %rows = tensor.dim %ht, %zero : tensor<?x4xf32>
        %e = tensor.empty(%rows) : tensor<?x4xf32>
        %b = linalg.broadcast ins(%bias : tensor<4xf32>)
            outs(%e : tensor<?x4xf32>) dimensions = [0]
        %t = tensor.empty() : tensor<3x4xf32>
        %wt = linalg.transpose ins(%w : tensor<4x3xf32>)
            outs(%t : tensor<3x4xf32>) permutation = [1, 0]
        %p = linalg.matmul ins(%xt, %wt : tensor<?x3xf32>, tensor<3x4xf32>)
            outs(%b : tensor<?x4xf32>) -> tensor<?x4xf32>
        %s = arith.addf %p, %ct : tensor<?x4xf32>
        %u = arith.mulf %s, %ht : tensor<?x4xf32>
        seq.yield %u, %s, %u : tensor<?x4xf32>, tensor<?x4xf32>,
            tensor<?x4xf32>
      } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>, tensor<?x4xf32>)
      return %o, %h, %c : tensor<?x?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
    })";
}

class RecurrenceTiles : public ::testing::TestWithParam<const char *> {};

TEST_P(RecurrenceTiles, MeanTheSame) {
  Random random(3);
  std::vector<reference::Tensor> inputs;
  for (std::vector<int64_t> shape : std::vector<std::vector<int64_t>>{
           {6, 5, 3}, {4, 3}, {4}, {5, 4}, {5, 4}})
    inputs.push_back(randomFloats(random, ElementKind::F32, shape));
  inputs.push_back(randomInts(random, ElementKind::I32, {5}, 0, 6));
  // One row of a tile is a static extent, the last of pairs is a dynamic one.
  for (const char *sizes : {"1", "2", "7"})
    expectSameMeaning(
        makeModule(GetParam()), inputs,
        {std::string("func.func(test-tile{sizes=") + sizes + "})"});
}

INSTANTIATE_TEST_SUITE_P(All, RecurrenceTiles,
                         ::testing::Values("", "lengths(%n : tensor<?xi32>)",
                                           "reverse",
                                           "lengths(%n : tensor<?xi32>) "
                                           "reverse"));

/// A recurrence, and a context to hold it.
struct Parsed {
  explicit Parsed(const std::string &text) {
    DialectRegistry registry;
    registry
        .insert<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect,
                seq::SeqDialect, tensor::TensorDialect>();
    registerDecompositions(registry);
    context = std::make_unique<MLIRContext>(registry,
                                            MLIRContext::Threading::DISABLED);
    module = parseSourceString<ModuleOp>(text, context.get());
    module->walk([&](seq::RecurrenceOp found) { op = found; });
  }

  TilingInterface getTileable() {
    return cast<TilingInterface>(op.getOperation());
  }

  bool canBeCut() {
    OpBuilder builder(op);
    return succeeded(getTileable().getTiledImplementation(
        builder, {builder.getIndexAttr(0)}, {builder.getIndexAttr(1)}));
  }

  std::unique_ptr<MLIRContext> context;
  OwningOpRef<ModuleOp> module;
  seq::RecurrenceOp op;
};

TEST(RecurrenceTiling, CutsIndependentRows) {
  Parsed parsed(makeModule(""));
  EXPECT_EQ(parsed.getTileable().getLoopIteratorTypes(),
            SmallVector{utils::IteratorType::parallel});
  EXPECT_TRUE(parsed.canBeCut());
}

TEST(RecurrenceTiling, KeepsRowsThatMeet) {
  Parsed parsed(R"(
    func.func @main(%h0: tensor<4x4xf32>) -> tensor<4x4xf32> {
      %steps = arith.constant 3 : index
      %h = seq.recurrence init(%h0 : tensor<4x4xf32>) steps(%steps) {
      ^bb0(%s: tensor<4x4xf32>):
        %e = tensor.empty() : tensor<4x4xf32>
        %t = linalg.transpose ins(%s : tensor<4x4xf32>)
            outs(%e : tensor<4x4xf32>) permutation = [1, 0]
        seq.yield %t : tensor<4x4xf32>
      } states(tensor<4x4xf32>)
      return %h : tensor<4x4xf32>
    })");
  EXPECT_EQ(parsed.getTileable().getLoopIteratorTypes(),
            SmallVector{utils::IteratorType::reduction});
  EXPECT_FALSE(parsed.canBeCut());
}

TEST(RecurrenceTiling, KeepsTheFlatFormWhole) {
  Parsed parsed(R"(
    func.func @main(%x: tensor<?x4xf32>, %h0: tensor<?x4xf32>,
                    %counts: tensor<?xindex>) -> tensor<?x4xf32> {
      %h = seq.recurrence scan(%x : tensor<?x4xf32>)
          init(%h0 : tensor<?x4xf32>) counts(%counts : tensor<?xindex>) {
      ^bb0(%xt: tensor<?x4xf32>, %s: tensor<?x4xf32>):
        %t = arith.addf %xt, %s : tensor<?x4xf32>
        seq.yield %t : tensor<?x4xf32>
      } states(tensor<?x4xf32>)
      return %h : tensor<?x4xf32>
    })");
  EXPECT_FALSE(parsed.canBeCut());
}

} // namespace
