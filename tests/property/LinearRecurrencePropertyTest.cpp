//===- LinearRecurrencePropertyTest.cpp - Compiled linear recurrences -----===//
//
// Linear recurrences of every kind, compiled for vectors of every width and
// compared with an evaluation in double precision (Comparison.h). Each is
// called with several numbers of steps and rows, and with its tensors against
// a forbidden page at either end.
//
//===----------------------------------------------------------------------===//

#include "tests/property/Comparison.h"
#include "tests/property/LinearRecurrenceCases.h"

#include "gtest/gtest.h"

using namespace seqc::test;

namespace {

/// Compiles `count` cases and calls each with several extents.
void check(int count, bool general, unsigned vectorBits, uint32_t seed) {
  LinearRecurrenceGenerator generator(seed);
  std::vector<LinearRecurrenceCase> cases;
  std::string text;
  for (int i = 0; i < count; ++i) {
    cases.push_back(generator.make(general));
    text += cases.back().print("f" + std::to_string(i));
  }
  HarnessOptions options;
  options.vectorBits = vectorBits;
  CompiledModule module(text, options);
  for (int i = 0; i < count; ++i) {
    const LinearRecurrenceCase &c = cases[i];
    for (auto [steps, rows] :
         {std::pair<int64_t, int64_t>{1, 1}, {6, 2}, {0, 3}, {17, 1}}) {
      LinearRecurrenceInputs in = generator.inputs(c, steps, rows);
      LinearRecurrenceResults want = evaluateLinearRecurrence(c, in);
      for (Guard guard : {Guard::Front, Guard::Back}) {
        std::vector<HostTensor> got =
            module.run("f" + std::to_string(i), c.toTensors(in), guard);
        std::string problem = describeDifference(
            "final", got.at(0), c.stateShape(rows), want.final);
        if (problem.empty() && c.hasOutputs)
          problem =
              describeDifference("outputs", got.at(1),
                                 c.outputShape(in.steps, rows), want.outputs);
        ASSERT_EQ(problem, "") << steps << " steps, " << rows << " rows\n"
                               << c.print("f");
      }
    }
  }
}

TEST(LinearRecurrenceProperty, InPlace512) { check(60, false, 512, 3); }
TEST(LinearRecurrenceProperty, InPlace256) { check(30, false, 256, 5); }
TEST(LinearRecurrenceProperty, InPlace128) { check(30, false, 128, 7); }
TEST(LinearRecurrenceProperty, AsRecurrences) { check(60, true, 0, 9); }

} // namespace
