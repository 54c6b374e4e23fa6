//===- CellPropertyTest.cpp - Compiled recurrent layers -------------------===//
//
// Layers over every attribute alone and in random combination, in both
// directions, stacked, over odd sizes, lengths and step counts, compiled and
// compared with an evaluation in double precision:
//
//   |got - want| <= 1e-5 * max(1, max|want|)
//
// Weights are contractive, so that differences do not grow with the number of
// steps. Many layers share one module; each is called with every combination of
// steps, batch and lengths, and with its tensors against a forbidden page at
// either end.
//
//===----------------------------------------------------------------------===//

#include "tests/property/CellCases.h"
#include "tests/property/Comparison.h"

#include "gtest/gtest.h"

using namespace seqc::test;

namespace {

/// A tensor that a call should return.
struct Wanted {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<double> values;
};

/// One call: arguments, and what should come back.
struct Call {
  std::vector<HostTensor> arguments;
  std::vector<Wanted> wanted;
};

Call makeCall(const std::vector<Layer> &stack, CellGenerator &generator,
              int64_t steps, int64_t batch, int lengthKind) {
  Call call;
  std::vector<double> x;
  std::vector<int32_t> lengths;
  for (size_t i = 0; i < stack.size(); ++i) {
    const Layer &layer = stack[i];
    const CellConfig &c = layer.config;
    CellInputs in = generator.inputs(layer, steps, batch, lengthKind);
    std::vector<HostTensor> own = toTensors(layer, in);
    if (i == 0) {
      call.arguments.push_back(toInputTensor(layer, in));
      lengths = in.lengths;
    } else {
      in.x = x;
      in.lengths = lengths;
      // The stack shares one tensor of lengths, which follows weights and bias.
      if (layer.hasLengths)
        own.erase(own.begin() + (c.hasBias ? 3 : 2));
    }
    call.arguments.insert(call.arguments.end(), own.begin(), own.end());
    CellOutputs out = evaluateCell(c, in);
    x = toNextInput(layer, in, out.y);
    int64_t d = c.directions(), o = c.outputSize();
    auto state = [&](int64_t size) {
      return c.batchFirst ? std::vector<int64_t>{batch, d, size}
                          : std::vector<int64_t>{d, batch, size};
    };
    std::string suffix =
        stack.size() > 1 ? " of layer " + std::to_string(i) : "";
    if (i + 1 == stack.size())
      call.wanted.push_back({"Y" + suffix,
                             c.batchFirst
                                 ? std::vector<int64_t>{batch, steps, d, o}
                                 : std::vector<int64_t>{steps, d, batch, o},
                             out.y});
    call.wanted.push_back({"Y_h" + suffix, state(o), out.yh});
    if (c.kind == CellKind::Lstm)
      call.wanted.push_back({"Y_c" + suffix, state(c.hiddenSize), out.yc});
  }
  return call;
}

/// Calls `name` with its tensors against a forbidden page at either end. Empty
/// if all results are close enough.
std::string checkCall(CompiledModule &module, const std::string &name,
                      const Call &call) {
  for (Guard guard : {Guard::Front, Guard::Back}) {
    std::vector<HostTensor> got = module.run(name, call.arguments, guard);
    for (size_t r = 0; r < call.wanted.size(); ++r)
      if (std::string problem =
              describeDifference(call.wanted[r].name.c_str(), got.at(r),
                                 call.wanted[r].shape, call.wanted[r].values);
          !problem.empty())
        return problem;
  }
  return "";
}

/// Compiles stacks of layers, calls each with every combination of steps and
/// lengths for two batch sizes; returns the number of cases.
int64_t checkStacks(const std::vector<std::vector<Layer>> &stacks,
                    CellGenerator &generator,
                    const HarnessOptions &options = {}) {
  std::string text;
  for (size_t i = 0; i < stacks.size(); ++i)
    text += printStack("layer" + std::to_string(i), stacks[i]);
  CompiledModule module(text, options);
  int64_t cases = 0;
  for (size_t i = 0; i < stacks.size(); ++i) {
    std::string name = "layer" + std::to_string(i);
    for (int64_t steps : {1, 2, 37}) {
      for (int lengthKind = 0;
           lengthKind < (stacks[i].front().hasLengths ? 4 : 1); ++lengthKind) {
        for (int64_t batch :
             {generator.pick({1, 3, 5, 9}), generator.pick({2, 4, 7, 8})}) {
          Call call = makeCall(stacks[i], generator, steps, batch, lengthKind);
          std::string problem = checkCall(module, name, call);
          EXPECT_EQ(problem, "") << "T " << steps << " B " << batch
                                 << " lengths " << lengthKind << "\n"
                                 << printStack(name, stacks[i]);
          ++cases;
        }
      }
    }
  }
  return cases;
}

/// A layer per attribute value, nothing else set.
std::vector<std::vector<Layer>> attributesAlone(CellKind kind,
                                                CellGenerator &generator) {
  std::vector<std::vector<Layer>> layers;
  auto add = [&](auto change) {
    Layer layer = generator.base(kind);
    change(layer);
    layers.push_back({layer});
  };
  for (const char *direction : {"forward", "reverse", "bidirectional"})
    for (int64_t hidden : {1, 3, 7, 17, 33})
      add([&](Layer &layer) {
        layer.config.direction = direction;
        layer.config.hiddenSize = hidden;
        layer.hasLengths = hidden != 7;
        CellGenerator::setDefaultActivations(layer.config);
      });
  for (const ActivationInfo &info : allActivations())
    add([&](Layer &layer) { generator.setActivations(layer, &info); });
  for (int i = 0; i < 2; ++i) {
    add([&](Layer &layer) {
      layer.config.clip = 0.4f;
      layer.hasLengths = i;
    });
    add([&](Layer &layer) {
      layer.config.hasBias = false;
      layer.hasLengths = i;
    });
    add([&](Layer &layer) {
      layer.config.hasInitial = true;
      layer.hasLengths = i;
    });
    add([&](Layer &layer) {
      layer.config.batchFirst = true;
      layer.hasLengths = i;
    });
    if (kind == CellKind::Gru)
      add([&](Layer &layer) {
        layer.config.linearBeforeReset = true;
        layer.hasLengths = i;
      });
    if (kind == CellKind::Lstm) {
      add([&](Layer &layer) {
        layer.config.inputForget = true;
        layer.hasLengths = i;
      });
      add([&](Layer &layer) {
        layer.config.hasPeephole = true;
        layer.hasLengths = i;
      });
      add([&](Layer &layer) {
        layer.config.projectionSize = 5;
        layer.hasLengths = i;
      });
    }
  }
  return layers;
}

class CellProperty : public testing::TestWithParam<CellKind> {};

// The numbers of cases that the tests require add up to more than 2,000 over
// the three kinds.

TEST_P(CellProperty, EveryAttributeAlone) {
  CellGenerator generator(17 + static_cast<int>(GetParam()));
  int64_t cases =
      checkStacks(attributesAlone(GetParam(), generator), generator);
  RecordProperty("cases", cases);
  EXPECT_GE(cases, 490);
}

TEST_P(CellProperty, RandomCombinations) {
  CellGenerator generator(4711 + static_cast<int>(GetParam()));
  std::vector<std::vector<Layer>> layers;
  for (int i = 0; i < 32; ++i)
    layers.push_back({generator.combined(GetParam())});
  int64_t cases = checkStacks(layers, generator);
  RecordProperty("cases", cases);
  EXPECT_GE(cases, 400);
}

TEST_P(CellProperty, TwoLayers) {
  CellGenerator generator(815 + static_cast<int>(GetParam()));
  std::vector<std::vector<Layer>> stacks;
  for (int i = 0; i < 10; ++i) {
    stacks.push_back(generator.stacked(GetParam()));
    for (Layer &layer : stacks.back())
      layer.hasLengths = i % 2;
  }
  HarnessOptions options;
  options.planMemory = true;
  int64_t cases = checkStacks(stacks, generator, options);
  RecordProperty("cases", cases);
  EXPECT_GE(cases, 150);
}

/// What other CPUs get: narrower vectors, at the lowest and the highest level.
TEST_P(CellProperty, NarrowerVectors) {
  CellGenerator generator(37 + static_cast<int>(GetParam()));
  for (HarnessOptions options :
       {HarnessOptions{0, 1, 128, true}, HarnessOptions{3, 1, 256, true}}) {
    std::vector<std::vector<Layer>> layers;
    for (int i = 0; i < 4; ++i)
      layers.push_back({generator.combined(GetParam())});
    EXPECT_GE(checkStacks(layers, generator, options), 24);
  }
}

/// Sharing memory between buffers does not change a bit, and takes less of it
/// in fewer pieces.
TEST_P(CellProperty, SharedMemoryGivesTheSameBits) {
  CellGenerator generator(271 + static_cast<int>(GetParam()));
  std::vector<std::vector<Layer>> stacks;
  std::string text;
  for (int i = 0; i < 4; ++i) {
    stacks.push_back(generator.stacked(GetParam()));
    for (Layer &layer : stacks.back())
      layer.hasLengths = i % 2;
    text += printStack("layer" + std::to_string(i), stacks.back());
  }
  HarnessOptions options;
  options.planMemory = true;
  CompiledModule apart(text), sharing(text, options);
  int64_t bytesApart = 0, bytesShared = 0;
  for (size_t i = 0; i < stacks.size(); ++i)
    for (int64_t steps : {1, 2, 37}) {
      std::string name = "layer" + std::to_string(i);
      Call call = makeCall(stacks[i], generator, steps, 5, 3);
      for (Guard guard : {Guard::Front, Guard::Back}) {
        std::vector<HostTensor> want = apart.run(name, call.arguments, guard),
                                got = sharing.run(name, call.arguments, guard);
        ASSERT_EQ(want.size(), got.size());
        for (size_t r = 0; r < want.size(); ++r)
          EXPECT_EQ(want[r].bytes, got[r].bytes) << call.wanted[r].name << "\n"
                                                 << printStack(name, stacks[i]);
      }
      EXPECT_LT(sharing.getAllocations(), apart.getAllocations());
      EXPECT_LE(sharing.getAllocatedBytes(), apart.getAllocatedBytes());
      bytesApart += apart.getAllocatedBytes();
      bytesShared += sharing.getAllocatedBytes();
    }
  EXPECT_LT(bytesShared, bytesApart);
}

/// Rows of different lengths may take memory for the living rows of a step and
/// give it back; complete rows need all memory before the first step.
TEST_P(CellProperty, MemoryIsTakenOncePerCall) {
  CellGenerator generator(99);
  Layer layer = generator.base(GetParam());
  HarnessOptions options;
  options.planMemory = true;
  CompiledModule module(printStack("layer", {layer}), options);
  std::vector<int64_t> allocations;
  for (int64_t steps : {2, 37, 300}) {
    EXPECT_EQ(
        checkCall(module, "layer", makeCall({layer}, generator, steps, 3, 3)),
        "");
    allocations.push_back(module.getAllocations());
  }
  EXPECT_EQ(allocations[0], allocations[1]);
  EXPECT_EQ(allocations[0], allocations[2]);
}

INSTANTIATE_TEST_SUITE_P(Kinds, CellProperty,
                         testing::Values(CellKind::Rnn, CellKind::Gru,
                                         CellKind::Lstm),
                         [](const auto &info) {
                           return info.param == CellKind::Rnn   ? "rnn"
                                  : info.param == CellKind::Gru ? "gru"
                                                                : "lstm";
                         });

} // namespace
