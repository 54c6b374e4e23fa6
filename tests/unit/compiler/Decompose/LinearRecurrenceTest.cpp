//===- LinearRecurrenceTest.cpp - The same as recurrences, and in tiles ---===//

#include "tests/unit/compiler/Decompose/Comparison.h"

#include "compiler/Decompose/Decompositions.h"
#include "dialect/Seq/IR/SeqDialect.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace seqc;
using namespace seqc::testing;
using reference::ElementKind;

namespace {

/// An op that is decomposed, with operands that are repeated in other ways:
/// extents of time, rows and heads of the matrix and of the decay, the decay's
/// keys and columns, and heads of the query (none: the states are read).
struct Case {
  const char *name, *semiring;
  std::vector<int64_t> matrix, decay;
  int64_t queryHeads;
  bool hasLengths, isReverse;
};

/// `f32` tensor types, static but for time 5 and rows 3.
std::string typeOf(const std::vector<int64_t> &shape) {
  std::string text = "tensor<";
  for (size_t dim = 0; dim < shape.size(); ++dim)
    text +=
        (dim < 2 && shape[dim] > 1 ? "?" : std::to_string(shape[dim])) + "x";
  return text + "f32>";
}

class LinearRecurrences : public ::testing::TestWithParam<Case> {};

TEST_P(LinearRecurrences, MeanTheSame) {
  const Case &c = GetParam();
  Random random(11);
  std::vector<reference::Tensor> inputs;
  std::string arguments, operands;
  auto add = [&](const std::string &name, const std::vector<int64_t> &shape,
                 std::string type) {
    arguments += (inputs.empty() ? "%" : ", %") + name + ": " + type;
    operands += " " + name + "(%" + name + " : " + type + ")";
    inputs.push_back(randomFloats(random, ElementKind::F32, shape));
  };
  std::string state = "tensor<?x4x3x2xf32>";
  add("init", {3, 4, 3, 2}, state);
  std::vector<int64_t> matrix = c.matrix;
  matrix.insert(matrix.end(), {3, 3});
  add("matrix", matrix, typeOf(matrix));
  add("decay", c.decay, typeOf(c.decay));
  add("key", {5, 3, 2, 3}, typeOf({5, 3, 2, 3}));
  add("value", {5, 1, 4, 2}, typeOf({5, 1, 4, 2}));
  std::string outputs = "tensor<?x?x4x3x2xf32>";
  if (c.queryHeads > 0) {
    add("query", {5, 3, c.queryHeads, 3}, typeOf({5, 3, c.queryHeads, 3}));
    outputs = typeOf({5, 3, std::max<int64_t>(c.queryHeads, 4), 2});
  }
  if (c.hasLengths) {
    arguments += ", %n: tensor<?xi32>";
    operands += " lengths(%n : tensor<?xi32>)";
    inputs.push_back(randomInts(random, ElementKind::I32, {3}, 0, 5));
  }
  if (c.isReverse)
    operands += " reverse";
  std::string text = "func.func @main(" + arguments + ") -> (" + state + ", " +
                     outputs + ") {\n  %f, %o = seq.linear_recurrence " +
                     c.semiring + operands + " -> " + state + ", " + outputs +
                     "\n  return %f, %o : " + state + ", " + outputs + "\n}\n";
  expectSameMeaning(text, inputs, {"func.func(seq-decompose-aggregates)"},
                    {"seq.linear_recurrence"});
  expectSameMeaning(text, inputs,
                    {"func.func(test-tile{sizes=1,1,0})",
                     "func.func(test-tile{sizes=0,1,1})",
                     "func.func(test-tile{sizes=1,0,1})"});
}

INSTANTIATE_TEST_SUITE_P(
    All, LinearRecurrences,
    ::testing::Values(
        Case{"matrix", "real", {5, 3, 4}, {5, 3, 4, 3, 2}, 4, false, false},
        Case{"shared", "real", {1, 1, 1}, {1, 1, 1, 1, 1}, 8, true, false},
        Case{"groups", "real", {1, 1, 2}, {5, 1, 2, 3, 1}, 2, false, true},
        Case{"states", "real", {5, 1, 1}, {1, 3, 4, 1, 2}, 0, true, true},
        Case{"log", "log", {5, 3, 4}, {5, 3, 4, 3, 1}, 8, true, false},
        Case{"log_shared", "log", {1, 1, 1}, {1, 1, 2, 1, 1}, 0, false, false},
        Case{"best", "max_plus", {1, 1, 2}, {5, 3, 1, 3, 2}, 1, true, true}),
    [](const auto &info) { return info.param.name; });

/// Whether a tile of these sizes can be cut out of a recurrence of four heads,
/// two of which share a key.
bool canBeCut(ArrayRef<int64_t> sizes) {
  DialectRegistry registry;
  registry.insert<affine::AffineDialect, func::FuncDialect, seq::SeqDialect,
                  tensor::TensorDialect>();
  registerDecompositions(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(
      R"(func.func @main(%s: tensor<3x4x8x6xf32>, %k: tensor<5x3x2x8xf32>,
                         %v: tensor<5x3x4x6xf32>) {
           %f = seq.linear_recurrence real init(%s : tensor<3x4x8x6xf32>)
               key(%k : tensor<5x3x2x8xf32>) value(%v : tensor<5x3x4x6xf32>)
               -> tensor<3x4x8x6xf32>
           return
         })",
      &context);
  seq::LinearRecurrenceOp op;
  module->walk([&](seq::LinearRecurrenceOp found) { op = found; });
  OpBuilder builder(op);
  return succeeded(cast<TilingInterface>(op.getOperation())
                       .getTiledImplementation(
                           builder, getAsIndexOpFoldResult(&context, {0, 0, 0}),
                           getAsIndexOpFoldResult(&context, sizes)));
}

TEST(LinearRecurrenceTiling, CutsSharedHeadsOneByOneOrNotAtAll) {
  EXPECT_TRUE(canBeCut({2, 1, 3}));
  EXPECT_TRUE(canBeCut({2, 4, 3}));
  EXPECT_FALSE(canBeCut({2, 2, 3}));
}

} // namespace
