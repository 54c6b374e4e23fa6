//===- LinearRecurrenceCases.h - Linear recurrences to test -----*- C++ -*-===//

#ifndef TESTS_PROPERTY_LINEARRECURRENCECASES_H
#define TESTS_PROPERTY_LINEARRECURRENCECASES_H

#include "tests/property/Harness.h"

#include <random>
#include <string>
#include <vector>

namespace seqc::test {

/// An operand with a slice per step.
struct StepOperand {
  const char *name = "";
  bool given = false;
  /// Whether time and rows have an extent of 1, and the heads.
  bool oneStep = false, oneRow = false;
  int64_t heads = 1;
  std::vector<int64_t> features;
  /// Range of its numbers.
  double low = -1, high = 1;

  std::vector<int64_t> shape(int64_t steps, int64_t rows) const;
  std::string type() const;
};

/// The operands with slices, in the order in which the op takes them.
enum StepRole { Matrix, Decay, Lookup, Erase, Key, Value, Query, kStepRoles };

/// What one call is given.
struct LinearRecurrenceInputs {
  int64_t steps = 0, rows = 0;
  std::vector<double> init;
  std::vector<double> numbers[kStepRoles];
  std::vector<int32_t> lengths;
};

/// One `seq.linear_recurrence`.
struct LinearRecurrenceCase {
  std::string semiring = "real";
  int64_t heads = 1, keys = 1, columns = 1;
  StepOperand operands[kStepRoles];
  bool hasOutputs = true, hasLengths = false, isReverse = false;

  bool isReal() const { return semiring == "real"; }
  /// Heads of what is read.
  int64_t readers() const;
  std::vector<int64_t> stateShape(int64_t rows) const;
  std::vector<int64_t> outputShape(int64_t steps, int64_t rows) const;
  /// Whether an operand tells the number of steps; without, it is 1.
  bool hasSteps() const;

  /// The op as a public function `name`.
  std::string print(const std::string &name) const;
  /// The inputs in the order of the function's arguments.
  std::vector<HostTensor> toTensors(const LinearRecurrenceInputs &in) const;
};

/// What the op's definition gives, element by element in double precision.
struct LinearRecurrenceResults {
  std::vector<double> final, outputs;
};
LinearRecurrenceResults
evaluateLinearRecurrence(const LinearRecurrenceCase &c,
                         const LinearRecurrenceInputs &in);

/// Draws cases and their inputs.
class LinearRecurrenceGenerator {
public:
  explicit LinearRecurrenceGenerator(uint32_t seed) : random(seed) {}

  /// A recurrence over the reals that is computed in place; or, `general`, one
  /// with a matrix, in any semiring.
  LinearRecurrenceCase make(bool general);
  LinearRecurrenceInputs inputs(const LinearRecurrenceCase &c, int64_t steps,
                                int64_t rows);

private:
  int64_t below(int64_t bound) {
    return static_cast<int64_t>(random() % bound);
  }
  int64_t pick(std::initializer_list<int64_t> values) {
    return values.begin()[random() % values.size()];
  }
  bool chance(double probability) {
    return std::uniform_real_distribution<>(0, 1)(random) < probability;
  }
  /// Numbers as single precision holds them.
  std::vector<double> numbers(const std::vector<int64_t> &shape, double low,
                              double high);

  std::mt19937 random;
};

} // namespace seqc::test

#endif // TESTS_PROPERTY_LINEARRECURRENCECASES_H
