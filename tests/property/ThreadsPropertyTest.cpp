//===- ThreadsPropertyTest.cpp - The same bits on any number of threads ---===//
//
// Layers, attentions and products compiled so that every loop that may run on
// several threads does, however little work it has. Results of two and three
// threads, and of more threads than there are iterations, have the bits of one.
//
//===----------------------------------------------------------------------===//

#include "tests/property/AttentionCases.h"
#include "tests/property/CellCases.h"

#include "gtest/gtest.h"

using namespace seqc::test;

namespace {

/// Calls an entry on several threads; returns the number of parallel loops.
int64_t checkThreads(CompiledModule &module, const std::string &name,
                     const std::vector<HostTensor> &inputs,
                     const std::string &text) {
  std::vector<HostTensor> alone = module.run(name, inputs, Guard::Back);
  EXPECT_EQ(module.getParallelRuns(), 0);
  int64_t runs = 0;
  for (int threads : {2, 3, 16}) {
    std::vector<HostTensor> got =
        module.run(name, inputs, Guard::Back, threads);
    runs += module.getParallelRuns();
    EXPECT_EQ(got.size(), alone.size());
    for (size_t i = 0; i < alone.size(); ++i) {
      EXPECT_EQ(got[i].shape, alone[i].shape);
      EXPECT_EQ(got[i].bytes, alone[i].bytes)
          << "result " << i << " on " << threads << " threads of\n"
          << text;
    }
  }
  return runs;
}

HarnessOptions everythingParallel() {
  HarnessOptions options;
  options.parallelGrain = 1;
  return options;
}

TEST(ThreadsProperty, Layers) {
  CellGenerator generator(1201);
  std::string text;
  std::vector<Layer> layers;
  for (CellKind kind : {CellKind::Rnn, CellKind::Gru, CellKind::Lstm})
    for (int i = 0; i < 3; ++i) {
      Layer layer = i ? generator.combined(kind) : generator.base(kind);
      // Panels of 16 columns: two of them, at least, can be shared.
      if (i < 2)
        layer.config.hiddenSize = 33;
      text += printStack("layer" + std::to_string(layers.size()), {layer});
      layers.push_back(layer);
    }
  CompiledModule module(text, everythingParallel());
  int64_t runs = 0;
  for (size_t i = 0; i < layers.size(); ++i) {
    std::string name = "layer" + std::to_string(i);
    for (auto [steps, batch] :
         {std::pair<int64_t, int64_t>{1, 1}, {37, 5}, {40, 9}}) {
      CellInputs in = generator.inputs(layers[i], steps, batch, 3);
      std::vector<HostTensor> inputs = toTensors(layers[i], in);
      inputs.insert(inputs.begin(), toInputTensor(layers[i], in));
      runs += checkThreads(module, name, inputs, printStack(name, {layers[i]}));
    }
  }
  EXPECT_GT(runs, 300);
}

TEST(ThreadsProperty, Attentions) {
  AttentionGenerator generator(1213);
  std::string text;
  std::vector<AttentionCase> attentions;
  for (int i = 0; i < 10; ++i) {
    attentions.push_back(generator.combined());
    text += attentions.back().print("attention" + std::to_string(i));
  }
  CompiledModule module(text, everythingParallel());
  int64_t runs = 0;
  for (size_t i = 0; i < attentions.size(); ++i) {
    std::string name = "attention" + std::to_string(i);
    for (auto [queries, keys] :
         {std::pair<int64_t, int64_t>{1, 37}, {7, 3}, {9, 17}, {33, 70}}) {
      AttentionInputs in =
          generator.inputs(attentions[i], queries, keys, LengthKind::Mixed);
      runs += checkThreads(module, name, attentions[i].toTensors(in),
                           attentions[i].print(name));
    }
  }
  EXPECT_GT(runs, 150);
}

/// Blocks that take long enough for threads to work at the same time: none may
/// write what another one reads.
TEST(ThreadsProperty, LongAttention) {
  const char *text = R"(
    func.func @f(%q: tensor<4x?x32xf32>, %k: tensor<4x?x32xf32>,
                 %v: tensor<4x?x32xf32>) -> tensor<4x?x32xf32> {
      %y = seq.attention scaled %q, %k, %v
          : (tensor<4x?x32xf32>, tensor<4x?x32xf32>, tensor<4x?x32xf32>)
         -> tensor<4x?x32xf32>
      return %y : tensor<4x?x32xf32>
    })";
  CompiledModule module(text, everythingParallel());
  const int64_t steps = 600;
  std::vector<float> x(4 * steps * 32);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(static_cast<int>(i * 13 % 61) - 30) / 16;
  HostTensor tensor = HostTensor::floats({4, steps, 32}, x);
  for (int i = 0; i < 3; ++i)
    EXPECT_GE(checkThreads(module, "f", {tensor, tensor, tensor}, text), 3);
}

/// Rows in blocks, panels and rests; a sum along the last dimension.
TEST(ThreadsProperty, ProductAndNorm) {
  const char *text = R"(
    func.func @f(%x: tensor<?x24xf32>, %w: tensor<24x200xf32>)
        -> (tensor<?x200xf32>, tensor<?xf32>) {
      %c0 = arith.constant 0 : index
      %zero = arith.constant 0.0 : f32
      %n = tensor.dim %x, %c0 : tensor<?x24xf32>
      %e = tensor.empty(%n) : tensor<?x200xf32>
      %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x200xf32>)
        -> tensor<?x200xf32>
      %y = linalg.matmul ins(%x, %w : tensor<?x24xf32>, tensor<24x200xf32>)
        outs(%f : tensor<?x200xf32>) -> tensor<?x200xf32>
      %se = tensor.empty(%n) : tensor<?xf32>
      %sf = linalg.fill ins(%zero : f32) outs(%se : tensor<?xf32>)
        -> tensor<?xf32>
      %s = linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>,
                                            affine_map<(r, c) -> (r)>],
                           iterator_types = ["parallel", "reduction"]}
          ins(%y : tensor<?x200xf32>) outs(%sf : tensor<?xf32>) {
        ^bb0(%v: f32, %o: f32):
          %q = math.exp %v : f32
          %t = arith.addf %o, %q : f32
          linalg.yield %t : f32
      } -> tensor<?xf32>
      return %y, %s : tensor<?x200xf32>, tensor<?xf32>
    })";
  CompiledModule module(text, everythingParallel());
  std::vector<float> w(24 * 200);
  for (size_t i = 0; i < w.size(); ++i)
    w[i] = static_cast<float>(static_cast<int>(i * 7 % 31) - 15) / 64;
  for (int64_t rows : {0, 1, 2, 3, 5, 127, 128, 129, 300}) {
    std::vector<float> x(rows * 24);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>(static_cast<int>(i * 11 % 29) - 14) / 32;
    int64_t runs = checkThreads(
        module, "f",
        {HostTensor::floats({rows, 24}, x), HostTensor::floats({24, 200}, w)},
        text);
    if (rows > 1) {
      EXPECT_GE(runs, 6) << rows;
    }
  }
}

} // namespace
