//===- FaultyInputsPropertyTest.cpp - Calls whose inputs do not fit -------===//
//
// Random programs of seq ops, each called with inputs of which one has another
// extent than it should, or integers out of their range. With every tensor
// against a forbidden page, a call either ends with a message that names an op
// and its place, or does what it should with inputs that fit after all; it
// never reads or writes what is not its own.
//
//===----------------------------------------------------------------------===//

#include "tests/property/AttentionCases.h"
#include "tests/property/CellCases.h"
#include "tests/property/LinearRecurrenceCases.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cstring>
#include <limits>

using namespace seqc::test;

namespace {

/// A program and inputs that fit it.
struct Program {
  std::string text;
  std::vector<HostTensor> inputs;
};

/// Spoils one input of a call.
class Saboteur {
public:
  explicit Saboteur(uint32_t seed) : random(seed) {}

  /// Changes a dynamic extent or an integer of inputs of these types. Gives what
  /// was done.
  std::string spoil(std::vector<HostTensor> &inputs,
                    const std::vector<InputType> &types) {
    // Some inputs have nothing to spoil.
    for (int attempt = 0; attempt < 64; ++attempt) {
      size_t input = random() % inputs.size();
      HostTensor &tensor = inputs[input];
      std::string what = "input " + std::to_string(input);
      const InputType &type = types[input];
      if (type.isInteger && !tensor.bytes.empty() && random() % 2) {
        size_t count = tensor.bytes.size() / sizeof(int32_t),
               place = random() % count;
        int32_t values[] = {-1, 1000, 7, std::numeric_limits<int32_t>::min(),
                            std::numeric_limits<int32_t>::max()};
        int32_t value = values[random() % std::size(values)];
        std::memcpy(tensor.bytes.data() + place * sizeof value, &value,
                    sizeof value);
        return what + " holds " + std::to_string(value);
      }
      if (type.shape.empty())
        continue;
      size_t dim = random() % type.shape.size();
      if (type.shape[dim] >= 0)
        continue;
      int64_t extent = tensor.shape[dim], next = random() % 6;
      if (next == extent)
        continue;
      what += " has extent " + std::to_string(next) + ", not " +
              std::to_string(extent) + ", in dimension " + std::to_string(dim);
      resize(tensor, dim, next, type.width);
      return what;
    }
    return "";
  }

private:
  /// Gives a tensor another extent and, where there are more elements, zeros.
  static void resize(HostTensor &tensor, size_t dim, int64_t extent,
                     int64_t width) {
    int64_t count = 1;
    tensor.shape[dim] = extent;
    for (int64_t size : tensor.shape)
      count *= size;
    tensor.bytes.resize(count * width);
  }

  std::mt19937 random;
};

/// What came of the calls.
struct Outcome {
  int calls = 0, refused = 0;
};

/// Calls each program `rounds` times with inputs that were spoilt.
Outcome check(const std::vector<Program> &programs, int rounds, uint32_t seed) {
  std::string text;
  for (const Program &program : programs)
    text += program.text;
  CompiledModule module(text);
  Saboteur saboteur(seed);
  Outcome outcome;
  for (size_t i = 0; i < programs.size(); ++i) {
    std::string name = "f" + std::to_string(i);
    for (int round = 0; round < rounds; ++round) {
      std::vector<HostTensor> inputs = programs[i].inputs;
      std::string what = saboteur.spoil(inputs, module.getInputTypes(name));
      if (what.empty())
        continue;
      SCOPED_TRACE(what + " of\n" + programs[i].text);
      for (Guard guard : {Guard::Front, Guard::Back}) {
        ++outcome.calls;
        try {
          module.run(name, inputs, guard);
        } catch (const CallRefused &refused) {
          ++outcome.refused;
          EXPECT_THAT(refused.what(),
                      testing::MatchesRegex(".+:[0-9]+:[0-9]+: 'seq\\..*"));
        }
      }
    }
  }
  return outcome;
}

TEST(FaultyInputs, Attention) {
  AttentionGenerator generator(41);
  std::vector<Program> programs;
  for (int i = 0; i < 70; ++i) {
    AttentionCase attention = generator.combined();
    AttentionInputs in =
        generator.inputs(attention, 3, i % 2 ? 5 : 70, LengthKind::Mixed);
    programs.push_back(
        {attention.print("f" + std::to_string(i)), attention.toTensors(in)});
  }
  Outcome outcome = check(programs, 6, 43);
  EXPECT_GE(outcome.calls, 800);
  EXPECT_GE(outcome.refused, 600);
}

TEST(FaultyInputs, Layers) {
  CellGenerator generator(47);
  std::vector<Program> programs;
  for (int i = 0; i < 40; ++i) {
    CellKind kinds[] = {CellKind::Rnn, CellKind::Gru, CellKind::Lstm};
    Layer layer = generator.combined(kinds[i % 3]);
    CellInputs in = generator.inputs(layer, 4, 3, 3);
    Program program{printStack("f" + std::to_string(i), {layer}),
                    {toInputTensor(layer, in)}};
    for (HostTensor &tensor : toTensors(layer, in))
      program.inputs.push_back(std::move(tensor));
    programs.push_back(std::move(program));
  }
  Outcome outcome = check(programs, 6, 53);
  EXPECT_GE(outcome.calls, 460);
  EXPECT_GE(outcome.refused, 200);
}

TEST(FaultyInputs, LinearRecurrences) {
  LinearRecurrenceGenerator generator(59);
  std::vector<Program> programs;
  for (int i = 0; i < 90; ++i) {
    LinearRecurrenceCase c = generator.make(i % 4 == 0);
    LinearRecurrenceInputs in = generator.inputs(c, 4, 3);
    programs.push_back({c.print("f" + std::to_string(i)), c.toTensors(in)});
  }
  Outcome outcome = check(programs, 6, 61);
  EXPECT_GE(outcome.calls, 900);
  EXPECT_GE(outcome.refused, 800);
}

} // namespace
