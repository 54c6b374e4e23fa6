//===- RecurrenceFormsTest.cpp - Packing and hoisting keep the meaning ----===//

#include "tests/unit/compiler/Decompose/Comparison.h"

#include <gtest/gtest.h>

using namespace seqc;
using namespace seqc::testing;
using reference::ElementKind;

namespace {

const std::vector<std::string> pipelines = {
    "seq-pack-ragged",
    "func.func(seq-hoist-projection)",
    "seq-pack-ragged,func.func(seq-hoist-projection)",
    "func.func(seq-hoist-projection),seq-pack-ragged",
};

/// Two recurrences one after the other with the same lengths, the second one
/// fed by the first: what is packed already must not be packed again, or must
/// be packed rightly if it runs the other way.
std::string stacked(const std::string &first, const std::string &second) {
  auto layer = [](const std::string &out, const std::string &in,
                  const std::string &direction) {
    return out + ", " + out + "_last = seq.recurrence scan(" + in +
           " : tensor<?x?x3xf32>) init(%h0 : tensor<?x3xf32>) lengths(%n : "
           "tensor<?xi32>) " +
           direction + R"({
  ^bb0(%x_t: tensor<?x3xf32>, %h: tensor<?x3xf32>):
    %a = arith.addf %x_t, %h : tensor<?x3xf32>
    %b = math.tanh %a : tensor<?x3xf32>
    %c = arith.mulf %b, %x_t : tensor<?x3xf32>
    seq.yield %b, %c : tensor<?x3xf32>, tensor<?x3xf32>
  } outputs(tensor<?x?x3xf32>) states(tensor<?x3xf32>)
)";
  };
  return R"(
func.func @main(%x: tensor<?x?x3xf32>, %h0: tensor<?x3xf32>, %n: tensor<?xi32>)
    -> (tensor<?x?x3xf32>, tensor<?x?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>) {
  )" + layer("%y", "%x", first) +
         "  " + layer("%z", "%y", second) + R"(
  return %y, %z, %y_last, %z_last
      : tensor<?x?x3xf32>, tensor<?x?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>
})";
}

TEST(PackRagged, StackedRecurrencesKeepTheirMeaning) {
  Random random(1);
  for (const char *first : {"", "reverse "})
    for (const char *second : {"", "reverse "})
      for (unsigned round = 0; round < 10; ++round) {
        int64_t time = 1 + random() % 6, batch = 1 + random() % 5;
        expectSameMeaning(
            stacked(first, second),
            {randomFloats(random, ElementKind::F32, {time, batch, 3}),
             randomFloats(random, ElementKind::F32, {batch, 3}),
             randomInts(random, ElementKind::I32, {batch}, 0, time)},
            pipelines);
      }
}

/// Nothing is scanned: the number of steps is given.
TEST(PackRagged, StepsKeepTheirMeaning) {
  const char *text = R"(
func.func @main(%steps: index, %h0: tensor<?x2xf32>, %n: tensor<?xi64>)
    -> (tensor<?x?x2xf32>, tensor<?x2xf32>) {
  %y, %last = seq.recurrence init(%h0 : tensor<?x2xf32>) lengths(%n : tensor<?xi64>) steps(%steps) {
  ^bb0(%h: tensor<?x2xf32>):
    %a = arith.addf %h, %h : tensor<?x2xf32>
    %b = math.tanh %a : tensor<?x2xf32>
    seq.yield %b, %b : tensor<?x2xf32>, tensor<?x2xf32>
  } outputs(tensor<?x?x2xf32>) states(tensor<?x2xf32>)
  return %y, %last : tensor<?x?x2xf32>, tensor<?x2xf32>
})";
  Random random(2);
  for (unsigned round = 0; round < 10; ++round)
    expectSameMeaning(text,
                      {reference::Tensor::ofIndex(5),
                       randomFloats(random, ElementKind::F32, {4, 2}),
                       randomInts(random, ElementKind::I64, {4}, 0, 5)},
                      {"seq-pack-ragged"});
}

/// A chain of products, with something elementwise between them that the cell
/// uses too.
TEST(HoistProjection, ChainsKeepTheirMeaning) {
  const char *text = R"(
#row = affine_map<(d0, d1, d2) -> (d0, d2)>
#col = affine_map<(d0, d1, d2) -> (d1, d2)>
#out = affine_map<(d0, d1, d2) -> (d0, d1)>
func.func @main(%x: tensor<?x?x3xf32>, %h0: tensor<?x4xf32>, %v: tensor<4x3xf32>,
    %w: tensor<4x4xf32>, %r: tensor<4x4xf32>, %bias: tensor<4xf32>)
    -> (tensor<?x?x4xf32>, tensor<?x4xf32>) {
  %y, %last = seq.recurrence scan(%x : tensor<?x?x3xf32>) init(%h0 : tensor<?x4xf32>) reverse {
  ^bb0(%x_t: tensor<?x3xf32>, %h: tensor<?x4xf32>):
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x_t, %c0 : tensor<?x3xf32>
    %e = tensor.empty(%n) : tensor<?x4xf32>
    %start = linalg.broadcast ins(%bias : tensor<4xf32>) outs(%e : tensor<?x4xf32>) dimensions = [0]
    %a = linalg.matmul indexing_maps = [#row, #col, #out]
        ins(%x_t, %v : tensor<?x3xf32>, tensor<4x3xf32>) outs(%start : tensor<?x4xf32>) -> tensor<?x4xf32>
    %t = math.tanh %a : tensor<?x4xf32>
    %b = linalg.matmul ins(%t, %w : tensor<?x4xf32>, tensor<4x4xf32>)
        outs(%start : tensor<?x4xf32>) -> tensor<?x4xf32>
    %c = linalg.matmul ins(%h, %r : tensor<?x4xf32>, tensor<4x4xf32>)
        outs(%b : tensor<?x4xf32>) -> tensor<?x4xf32>
    %d = arith.mulf %c, %t : tensor<?x4xf32>
    %s = math.tanh %d : tensor<?x4xf32>
    seq.yield %s, %d : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %y, %last : tensor<?x?x4xf32>, tensor<?x4xf32>
})";
  Random random(3);
  for (unsigned round = 0; round < 10; ++round) {
    int64_t time = 1 + random() % 5, batch = 1 + random() % 4;
    auto floats = [&](std::vector<int64_t> shape) {
      return randomFloats(random, ElementKind::F32, shape);
    };
    expectSameMeaning(text,
                      {floats({time, batch, 3}), floats({batch, 4}),
                       floats({4, 3}), floats({4, 4}), floats({4, 4}),
                       floats({4})},
                      {"func.func(seq-hoist-projection)"});
  }
}

} // namespace
