//===- ModelMetadataTest.cpp - The JSON that a model carries --------------===//

#include "compiler/CodeGen/ModelMetadata.h"
#include "dialect/Seq/IR/SeqDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace llvm;
using namespace seqc;

namespace {
class ModelMetadataTest : public testing::Test {
protected:
  ModelMetadataTest() {
    context.loadDialect<mlir::arith::ArithDialect, mlir::func::FuncDialect,
                        mlir::tensor::TensorDialect, seq::SeqDialect>();
  }

  /// Completes the metadata of `text`.
  json::Object complete(StringRef text) {
    std::string terminated = text.str();
    module = mlir::parseSourceString<mlir::ModuleOp>(terminated, &context);
    EXPECT_TRUE(module);
    EXPECT_TRUE(succeeded(completeMetadata(*module, "stem")));
    return getMetadata(*module);
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};
} // namespace

TEST_F(ModelMetadataTest, SignaturesFollowTheFunctions) {
  json::Object metadata = complete(R"(
    func.func private @helper(%x: tensor<f32>) -> tensor<f32> {
      return %x : tensor<f32>
    }
    func.func @one(%x: tensor<?x4xf32> {seq.name = "x"}, %n: tensor<?xi32>)
        -> (tensor<?x4xf32> {seq.name = "y"}) {
      return %x : tensor<?x4xf32>
    })");
  EXPECT_EQ(getEntryNames(metadata), std::vector<std::string>{"one"});
  EXPECT_EQ(metadata.getString("name"), "stem");
  const json::Object &entry = *(*metadata.getArray("entries"))[0].getAsObject();
  const json::Array &inputs = *entry.getArray("inputs");
  EXPECT_EQ(inputs[0],
            json::Value(json::Object{
                {"name", "x"}, {"dtype", "f32"}, {"shape", {-1, 4}}}));
  EXPECT_EQ(inputs[1],
            json::Value(json::Object{
                {"name", "input1"}, {"dtype", "i32"}, {"shape", {-1}}}));
  EXPECT_EQ((*entry.getArray("outputs"))[0].getAsObject()->getString("name"),
            "y");
}

TEST_F(ModelMetadataTest, WhatTheFrontendSaidStays) {
  json::Object metadata =
      complete(R"(module attributes {seq.metadata = "{\22name\22:\22dates\22,)"
               R"(\22text\22:{\22a\22:1},\22entries\22:[{\22name\22:\22f\22,)"
               R"(\22plain\22:\22p\22}]}"} {
    func.func @f(%x: tensor<?x3xi32>) -> tensor<?x3xi32> {
      return %x : tensor<?x3xi32>
    }
  })");
  EXPECT_EQ(metadata.getString("name"), "dates");
  EXPECT_TRUE(metadata.getObject("text"));
  EXPECT_EQ(
      (*metadata.getArray("entries"))[0].getAsObject()->getString("plain"),
      "p");
}

TEST_F(ModelMetadataTest, TellsSignatures) {
  json::Object metadata = complete(R"(
    func.func @f(
        %x: tensor<?x3xi8> {seq.signature = #seq.signature<dims = ["batch", ""],
          min = 1 : i64, max = "batch", isUnsigned = true>},
        %y: tensor<?xf32> {seq.name = "y", seq.signature = #seq.signature<
          dims = ["batch"], fallback = 0.5 : f64, of = "s", part = "data">},
        %z: tensor<3xf32> {seq.signature = #seq.signature<fallback = unit>})
        -> (tensor<?x3xi8> {seq.signature = #seq.signature<dims = ["batch", "n"]>}) {
      return %x : tensor<?x3xi8>
    })");
  const json::Object &entry = *(*metadata.getArray("entries"))[0].getAsObject();
  EXPECT_EQ(*entry.get("inputs"),
            json::Value(json::Array{
                json::Object{{"name", "input0"},
                             {"dtype", "u8"},
                             {"shape", {"batch", 3}},
                             {"min", 1},
                             {"max", json::Object{{"dim", "batch"}}}},
                json::Object{{"name", "y"},
                             {"dtype", "f32"},
                             {"shape", {"batch"}},
                             {"default", 0.5},
                             {"of", "s"},
                             {"part", "data"}},
                json::Object{{"name", "input2"},
                             {"dtype", "f32"},
                             {"shape", {3}},
                             {"default", "initializer"}}}));
  EXPECT_EQ(
      *entry.get("outputs"),
      json::Value(json::Array{json::Object{
          {"name", "output0"}, {"dtype", "i8"}, {"shape", {"batch", 3}}}}));
  // What is complete stays as it is.
  EXPECT_TRUE(succeeded(completeMetadata(*module, "stem")));
  EXPECT_EQ(json::Value(getMetadata(*module)),
            json::Value(std::move(metadata)));
}

TEST_F(ModelMetadataTest, CountsParameters) {
  json::Object metadata = complete(R"(
    func.func @f(%i: tensor<i32>) -> tensor<4x2xf32> {
      %w = seq.weight "w" in "w.bin" at 0 : tensor<4x2xf32>
      %e = seq.weight "e" in "w.bin" at 32 : tensor<5x2xf32>
      %k = arith.constant 0 : index
      %v = tensor.extract %e[%k, %k] : tensor<5x2xf32>
      return %w : tensor<4x2xf32>
    })");
  EXPECT_EQ(metadata.getInteger("parameters"), 18);
  EXPECT_EQ(metadata.getInteger("multiplied_parameters"), 8);
}

TEST_F(ModelMetadataTest, ArtefactsSayWhatTheyWereMadeFor) {
  complete("func.func @f(%x: tensor<f32>) -> tensor<f32> { return %x : "
           "tensor<f32> }");
  Expected<std::vector<Target>> targets = resolveTargets("portable");
  ASSERT_TRUE(bool(targets));
  ArtefactFacts facts{{*module}, *targets, "llvm", "12", "34"};
  Expected<json::Value> value = json::parse(makeMetadata(facts));
  ASSERT_TRUE(bool(value));
  const json::Object &metadata = *value->getAsObject();
  EXPECT_EQ(metadata.getInteger("abi"), 3);
  EXPECT_FALSE(metadata.getString("symbols"));
  EXPECT_EQ(metadata.getObject("target")->getArray("levels")->size(), 3u);
  EXPECT_EQ(metadata.getObject("hashes")->getString("weights"), "34");
  EXPECT_EQ(makeMetadata(facts), makeMetadata(facts));
}
