//===- SeqDialectTest.cpp - The C++ face of the seq dialect -----*- C++ -*-===//
//
// Builders, accessors and interfaces; syntax, verifiers and folds have lit
// tests in tests/dialect/Seq.
//
//===----------------------------------------------------------------------===//

#include "dialect/Seq/IR/Activations.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace mlir;
using namespace seqc::seq;
using testing::ElementsAre;

namespace {

/// A context with the dialects that the tests use, and a parser for their
/// modules.
class SeqDialectTest : public testing::Test {
protected:
  SeqDialectTest() { context.loadDialect<SeqDialect, func::FuncDialect>(); }

  /// The first op of type `OpTy` of a module.
  template <typename OpTy> OpTy parse(StringRef text) {
    module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
    OpTy found;
    if (module)
      module->walk([&](OpTy op) { found = op; });
    return found;
  }

  /// Appends a block argument of a tensor type to the builder's block.
  Value argument(ArrayRef<int64_t> shape) {
    return block.addArgument(
        RankedTensorType::get(shape, Float32Type::get(&context)),
        UnknownLoc::get(&context));
  }

  /// A builder at the end of the block.
  OpBuilder atBlockEnd() {
    OpBuilder builder(&context);
    builder.setInsertionPointToEnd(&block);
    return builder;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  Block block;
};

constexpr int64_t dynamic = ShapedType::kDynamic;

/// Shapes of the results of an op.
SmallVector<SmallVector<int64_t>> shapes(Operation *op) {
  SmallVector<SmallVector<int64_t>> all;
  for (Type type : op->getResultTypes())
    all.emplace_back(cast<RankedTensorType>(type).getShape());
  return all;
}

TEST_F(SeqDialectTest, BuilderInfersTypesOfALayer) {
  Value x = argument({dynamic, 3, 4});
  Value w = argument({2, 32, 4}), r = argument({2, 32, 5});
  Value projection = argument({2, 5, 8});
  OpBuilder builder = atBlockEnd();
  auto lstm = LstmOp::create(
      builder, builder.getUnknownLoc(), x, w, r, /*bias=*/Value(),
      /*lengths=*/Value(), /*initial_h=*/Value(), /*initial_c=*/Value(),
      /*peephole=*/Value(), projection, /*weight_scale=*/Value(),
      /*weight_zero=*/Value(), /*recurrent_scale=*/Value(),
      /*recurrent_zero=*/Value(), Direction::Bidirectional, ArrayAttr(),
      ArrayAttr(), ArrayAttr(), FloatAttr());
  EXPECT_TRUE(succeeded(lstm.verify()));
  EXPECT_THAT(shapes(lstm), ElementsAre(SmallVector<int64_t>{dynamic, 2, 3, 5},
                                        SmallVector<int64_t>{2, 3, 5},
                                        SmallVector<int64_t>{2, 3, 8}));
  EXPECT_EQ(lstm.getNumDirections(), 2);
  EXPECT_EQ(lstm.getHiddenSize(), 8);
}

TEST_F(SeqDialectTest, BuilderInfersTypesBatchFirst) {
  Value x = argument({6, dynamic, 4});
  Value w = argument({1, 24, 4}), r = argument({1, 24, 8});
  OpBuilder builder = atBlockEnd();
  auto gru = GruOp::create(
      builder, builder.getUnknownLoc(), x, w, r, /*bias=*/Value(),
      /*lengths=*/Value(), /*initial_h=*/Value(), Direction::Forward,
      /*activations=*/ArrayAttr(), /*activation_alpha=*/ArrayAttr(),
      /*activation_beta=*/ArrayAttr(), /*clip=*/FloatAttr(),
      /*linear_before_reset=*/false, /*batch_first=*/true);
  EXPECT_TRUE(succeeded(gru.verify()));
  EXPECT_THAT(shapes(gru), ElementsAre(SmallVector<int64_t>{6, dynamic, 1, 8},
                                       SmallVector<int64_t>{6, 1, 8}));
}

TEST_F(SeqDialectTest, CellInterfaceCountsGatesAndActivations) {
  Value x = argument({3, 2, 4});
  OpBuilder builder = atBlockEnd();
  Location here = builder.getUnknownLoc();
  auto layer = [&](auto op) {
    return cast<CellOpInterface>(op.getOperation());
  };
  auto rnn =
      RnnOp::create(builder, here, x, argument({1, 8, 4}), argument({1, 8, 8}),
                    Value(), Value(), Value(), Direction::Forward, ArrayAttr(),
                    ArrayAttr(), ArrayAttr(), FloatAttr());
  auto gru = GruOp::create(builder, here, x, argument({1, 24, 4}),
                           argument({1, 24, 8}), Value(), Value(), Value(),
                           Direction::Forward, ArrayAttr(), ArrayAttr(),
                           ArrayAttr(), FloatAttr());
  auto lstm = LstmOp::create(builder, here, x, argument({1, 32, 4}),
                             argument({1, 32, 8}), Value(), Value(), Value(),
                             Value(), Value(), Value(), Value(), Value(),
                             Value(), Value(), Direction::Forward, ArrayAttr(),
                             ArrayAttr(), ArrayAttr(), FloatAttr());
  EXPECT_EQ(layer(rnn).getNumGates(), 1);
  EXPECT_EQ(layer(gru).getNumGates(), 3);
  EXPECT_EQ(layer(lstm).getNumGates(), 4);
  EXPECT_THAT(rnn.getAllActivations(), ElementsAre(Activation::Tanh));
  EXPECT_THAT(gru.getAllActivations(),
              ElementsAre(Activation::Sigmoid, Activation::Tanh));
  EXPECT_THAT(
      lstm.getAllActivations(),
      ElementsAre(Activation::Sigmoid, Activation::Tanh, Activation::Tanh));
  gru.setDirection(Direction::Bidirectional);
  EXPECT_THAT(gru.getAllActivations(),
              ElementsAre(Activation::Sigmoid, Activation::Tanh,
                          Activation::Sigmoid, Activation::Tanh));
  gru.setActivationsAttr(getActivationArrayAttr(
      builder.getContext(), {Activation::Relu, Activation::Elu}));
  EXPECT_THAT(gru.getAllActivations(),
              ElementsAre(Activation::Relu, Activation::Elu));
}

TEST_F(SeqDialectTest, RecurrenceNamesItsParts) {
  auto op = parse<RecurrenceOp>(R"(
    func.func @f(%x: tensor<5x2x4xf32>, %ids: tensor<5x2xi32>, %h0: tensor<2x3xf32>) {
      %o:2 = seq.recurrence scan(%x, %ids : tensor<5x2x4xf32>, tensor<5x2xi32>)
          init(%h0 : tensor<2x3xf32>) {
      ^bb0(%xt: tensor<2x4xf32>, %id: tensor<2xi32>, %h: tensor<2x3xf32>):
        seq.yield %h, %id : tensor<2x3xf32>, tensor<2xi32>
      } outputs(tensor<5x2xi32>) states(tensor<2x3xf32>)
      return
    })");
  ASSERT_TRUE(op);
  Block &cell = op.getCell().front();
  EXPECT_THAT(SmallVector<Value>(op.getSliceArguments()),
              ElementsAre(cell.getArgument(0), cell.getArgument(1)));
  EXPECT_THAT(SmallVector<Value>(op.getStateArguments()),
              ElementsAre(cell.getArgument(2)));
  EXPECT_THAT(SmallVector<Value>(op.getYieldedStates()),
              ElementsAre(cell.getArgument(2)));
  EXPECT_THAT(SmallVector<Value>(op.getYieldedOutputs()),
              ElementsAre(cell.getArgument(1)));
  EXPECT_FALSE(op.isFlat());
  EXPECT_THAT(op.getLoopRegions(), ElementsAre(&op.getCell()));
}

TEST_F(SeqDialectTest, SearchAttributesGiveTheirSettings) {
  auto beam = BeamAttr::get(&context, /*width=*/4, /*n_best=*/2,
                            /*length_penalty=*/APFloat(0.5), Stop::Exact);
  EXPECT_EQ(beam.getWidth(), 4);
  EXPECT_EQ(beam.getNBest(), 2);
  EXPECT_EQ(beam.getLengthPenalty().convertToDouble(), 0.5);
  EXPECT_EQ(beam.getStop(), Stop::Exact);
  EXPECT_EQ(beam, parseAttribute("#seq.beam<width = 4, stop = exact, "
                                 "n_best = 2, length_penalty = 0.5>",
                                 &context));
  EXPECT_NE(beam, parseAttribute("#seq.beam<width = 4>", &context));

  static constexpr char text[] = R"(
    func.func @f(%%bos: tensor<?xi32>, %%n: index, %%z: tensor<?x9xf32>, %%h0: tensor<?x3xf32>) {
      %%o:4 = seq.generate %s start(%%bos : tensor<?xi32>) end [2] pad 0 max_new(%%n)
          init(%%h0 : tensor<?x3xf32>) {
      ^bb0(%%id: tensor<?xi32>, %%row: tensor<?xi32>, %%pos: index, %%h: tensor<?x3xf32>):
        seq.yield %%z, %%h : tensor<?x9xf32>, tensor<?x3xf32>
      } -> tensor<?x?x?xi32>, tensor<?x?xi32>, tensor<?x?xf32>, tensor<?x?xi8>
      return
    })";
  auto search = [&](const char *attribute) {
    char buffer[sizeof(text) + 64];
    std::snprintf(buffer, sizeof buffer, text, attribute);
    return parse<GenerateOp>(buffer);
  };
  GenerateOp op = search("#seq.beam<width = 5, n_best = 3>");
  ASSERT_TRUE(op);
  EXPECT_EQ(op.getWidth(), 5);
  EXPECT_EQ(op.getNumBest(), 3);
  EXPECT_EQ(op.getLengthPenalty(), 1.0);
  EXPECT_EQ(op.getStateArguments().size(), 1u);
  op = search("#seq.greedy<length_penalty = 0.25>");
  ASSERT_TRUE(op);
  EXPECT_EQ(op.getWidth(), 1);
  EXPECT_EQ(op.getNumBest(), 1);
  EXPECT_EQ(op.getLengthPenalty(), 0.25);
}

TEST_F(SeqDialectTest, ProductsKnowTheirExtents) {
  auto pack = parse<PackOp>(R"(
    func.func @f(%a: tensor<8x33xf32>) {
      %p = seq.pack %a transposed : (tensor<8x33xf32>) -> tensor<3x8x1x16xf32>
      return
    })");
  ASSERT_TRUE(pack);
  EXPECT_EQ(pack.getNumColumns(), 33);
  EXPECT_EQ(pack.getDepth(), 8);

  auto product = parse<PackedMatmulOp>(R"(
    func.func @f(%x: tensor<?x8xf32>, %p: tensor<3x8x2x16xf32>, %a: tensor<?x33xf32>) {
      %r:2 = seq.packed_matmul %x, %p init(%a, %a)
          : (tensor<?x8xf32>, tensor<3x8x2x16xf32>, tensor<?x33xf32>, tensor<?x33xf32>)
          -> (tensor<?x33xf32>, tensor<?x33xf32>)
      return
    })");
  ASSERT_TRUE(product);
  EXPECT_EQ(product.getNumMatrices(), 2);
  EXPECT_EQ(product.getPanelWidth(), 16);
  EXPECT_EQ(product.getDepth(), 8);
  EXPECT_EQ(product.getNumColumns(), 33);
  EXPECT_EQ(product.getNumDpsInits(), 2);
}

} // namespace
