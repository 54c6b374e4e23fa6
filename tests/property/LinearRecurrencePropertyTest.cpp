//===- LinearRecurrencePropertyTest.cpp - Compiled linear recurrences -----===//
//
// Linear recurrences of every kind, compiled for vectors of every width and
// compared with an evaluation in double precision (Comparison.h). Each is
// called with several numbers of steps and rows, and with its tensors against
// a forbidden page at either end.
//
//===----------------------------------------------------------------------===//

#include "tests/property/Comparison.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <limits>
#include <random>

using namespace seqc::test;

namespace {

using Shape = std::vector<int64_t>;
constexpr double kInf = std::numeric_limits<double>::infinity();

/// An operand with a slice per step.
struct Operand {
  const char *name = "";
  bool given = false;
  /// Whether time and rows have an extent of 1, and the heads.
  bool oneStep = false, oneRow = false;
  int64_t heads = 1;
  Shape features;
  /// Range of its numbers.
  double low = -1, high = 1;

  Shape shape(int64_t steps, int64_t rows) const {
    Shape shape = {oneStep ? 1 : steps, oneRow ? 1 : rows, heads};
    shape.insert(shape.end(), features.begin(), features.end());
    return shape;
  }
  std::string type() const {
    std::string text = "tensor<";
    Shape extents = shape(2, 2);
    for (size_t dim = 0; dim < extents.size(); ++dim)
      text +=
          (dim < 2 && extents[dim] > 1 ? "?" : std::to_string(extents[dim])) +
          "x";
    return text + "f32>";
  }
};

enum Role { Matrix, Decay, Lookup, Erase, Key, Value, Query, kRoles };

/// One linear recurrence.
struct Case {
  const char *semiring = "real";
  int64_t heads = 1, keys = 1, columns = 1;
  Operand operands[kRoles];
  bool hasOutputs = true, hasLengths = false, isReverse = false;

  bool isReal() const { return semiring == std::string("real"); }
  int64_t readers() const {
    return operands[Query].given ? std::max(heads, operands[Query].heads)
                                 : heads;
  }
  Shape outputShape(int64_t steps, int64_t rows) const {
    if (!operands[Query].given)
      return {steps, rows, heads, keys, columns};
    return {steps, rows, readers(), columns};
  }
  bool hasSteps() const {
    return std::any_of(std::begin(operands), std::end(operands),
                       [](const Operand &o) { return o.given && !o.oneStep; });
  }

  std::string print(const std::string &name) const {
    auto num = [](int64_t value) { return std::to_string(value); };
    std::string state = "tensor<?x" + num(heads) + "x" + num(keys) + "x" +
                        num(columns) + "xf32>";
    std::string arguments = "%s: " + state,
                text = std::string(semiring) + " init(%s : " + state + ")";
    for (const Operand &o : operands)
      if (o.given) {
        arguments += ", %" + std::string(o.name) + ": " + o.type();
        text +=
            std::string(" ") + o.name + "(%" + o.name + " : " + o.type() + ")";
      }
    if (hasLengths) {
      arguments += ", %n: tensor<?xi32>";
      text += " lengths(%n : tensor<?xi32>)";
    }
    if (isReverse)
      text += " reverse";
    std::string results = state, values = "%f";
    if (hasOutputs) {
      Shape shape = outputShape(1, 1);
      results += hasSteps() ? ", tensor<?x?" : ", tensor<1x?";
      for (size_t dim = 2; dim < shape.size(); ++dim)
        results += "x" + num(shape[dim]);
      results += "xf32>";
      values += ", %o";
    }
    return "func.func @" + name + "(" + arguments + ") -> (" + results +
           ") {\n  " + values + " = seq.linear_recurrence " + text + " -> " +
           results + "\n  return " + values + " : " + results + "\n}\n";
  }
};

/// The op's definition, element by element in double precision.
class Evaluation {
public:
  Evaluation(const Case &c, int64_t steps, int64_t rows,
             const std::vector<std::vector<double>> &numbers,
             const std::vector<int32_t> &lengths)
      : c(c), steps(steps), rows(rows), numbers(numbers),
        final(numbers[kRoles]) {
    int64_t perRow = c.heads * c.keys * c.columns, perStep = 1;
    for (int64_t size : c.outputShape(1, 1))
      perStep *= size;
    outputs.assign(steps * rows * perStep, 0);
    for (int64_t b = 0; b < rows; ++b) {
      int64_t count = c.hasLengths ? lengths[b] : steps;
      for (int64_t i = 0; i < count; ++i) {
        int64_t t = c.isReverse ? count - 1 - i : i;
        double *state = final.data() + b * perRow;
        for (int64_t h = 0; h < c.heads; ++h)
          advance(t, b, h, state + h * c.keys * c.columns);
        read(t, b, state, outputs.data() + (t * rows + b) * perStep);
      }
    }
  }

  std::vector<double> final, outputs;

private:
  double at(Role role, int64_t t, int64_t b, int64_t h, int64_t heads,
            int64_t i, int64_t j = 0) const {
    const Operand &o = c.operands[role];
    Shape shape = o.shape(steps, rows);
    Shape index = {t, b, h / (heads / o.heads), i, j};
    int64_t place = 0;
    for (size_t dim = 0; dim < shape.size(); ++dim)
      place = place * shape[dim] + (shape[dim] == 1 ? 0 : index[dim]);
    return numbers[role][place];
  }
  double zero() const { return c.isReal() ? 0 : -kInf; }
  double times(double a, double b) const { return c.isReal() ? a * b : a + b; }
  double plus(double a, double b) const {
    if (c.isReal())
      return a + b;
    double most = std::max(a, b);
    if (c.semiring == std::string("max_plus") || most == -kInf)
      return most;
    return most + std::log(std::exp(a - most) + std::exp(b - most));
  }

  void advance(int64_t t, int64_t b, int64_t h, double *s) const {
    auto given = [&](Role role) { return c.operands[role].given; };
    auto get = [&](Role role, int64_t i, int64_t j = 0) {
      return at(role, t, b, h, c.heads, i, j);
    };
    for (int64_t v = 0; v < c.columns; ++v) {
      std::vector<double> column;
      for (int64_t k = 0; k < c.keys; ++k)
        column.push_back(s[k * c.columns + v]);
      std::vector<double> old = column;
      for (int64_t k = 0; given(Matrix) && k < c.keys; ++k) {
        column[k] = zero();
        for (int64_t j = 0; j < c.keys; ++j)
          column[k] = plus(column[k], times(get(Matrix, k, j), old[j]));
      }
      for (int64_t k = 0; given(Decay) && k < c.keys; ++k)
        column[k] = times(get(Decay, k, v), column[k]);
      double found = 0;
      for (int64_t k = 0; given(Lookup) && k < c.keys; ++k)
        found += get(Lookup, k) * column[k];
      for (int64_t k = 0; k < c.keys; ++k) {
        if (given(Erase))
          column[k] -= get(Erase, k) * found;
        if (given(Value))
          column[k] =
              plus(column[k], given(Key) ? times(get(Key, k), get(Value, v))
                                         : get(Value, v));
        s[k * c.columns + v] = column[k];
      }
    }
  }

  void read(int64_t t, int64_t b, const double *s, double *out) const {
    if (!c.operands[Query].given) {
      std::copy(s, s + c.heads * c.keys * c.columns, out);
      return;
    }
    int64_t readers = c.readers();
    for (int64_t q = 0; q < readers; ++q)
      for (int64_t v = 0; v < c.columns; ++v) {
        double sum = zero();
        int64_t h = q / (readers / c.heads);
        for (int64_t k = 0; k < c.keys; ++k)
          sum = plus(sum, times(at(Query, t, b, q, readers, k),
                                s[(h * c.keys + k) * c.columns + v]));
        out[q * c.columns + v] = sum;
      }
  }

  const Case &c;
  int64_t steps, rows;
  const std::vector<std::vector<double>> &numbers;
};

/// Draws cases and their inputs.
class Generator {
public:
  explicit Generator(unsigned seed) : random(seed) {}

  int64_t below(int64_t bound) {
    return std::uniform_int_distribution<int64_t>(0, bound - 1)(random);
  }
  bool chance(double p) { return std::bernoulli_distribution(p)(random); }
  template <size_t N> int64_t pick(const int64_t (&values)[N]) {
    return values[below(N)];
  }

  /// A recurrence over the reals that is computed in place; or, `general`, one
  /// with a matrix or in another semiring.
  Case make(bool general) {
    Case c;
    c.semiring =
        general ? std::vector<const char *>{"real", "log", "max_plus"}[below(3)]
                : "real";
    c.heads = pick({1, 2, 4});
    c.keys = pick({1, 2, 3, 5, 8});
    // Rests of blocks of every width.
    c.columns = general ? 1 + below(5) : pick({1, 3, 4, 7, 16, 20, 33, 64, 85});
    auto give = [&](Role role, const char *name, Shape features) {
      Operand &o = c.operands[role];
      o = {name, true, chance(0.15), chance(0.15), 1, std::move(features)};
      do
        o.heads = 1 + below(c.heads);
      while (c.heads % o.heads != 0);
    };
    if (general)
      give(Matrix, "matrix", {c.keys, c.keys});
    if (chance(0.7)) {
      give(Decay, "decay",
           {chance(0.3) ? 1 : c.keys, chance(0.6) ? 1 : c.columns});
      c.operands[Decay].low = c.isReal() ? -0.2 : -1;
    }
    if (c.isReal() && chance(0.5)) {
      give(Lookup, "lookup", {c.keys});
      give(Erase, "erase", {c.keys});
      // Keeps states from growing.
      c.operands[Lookup].low = c.operands[Erase].low = 0;
      c.operands[Lookup].high = c.operands[Erase].high =
          1 / std::sqrt(static_cast<double>(c.keys));
    }
    if (chance(0.9)) {
      give(Value, "value", {c.columns});
      if (chance(0.8))
        give(Key, "key", {c.keys});
    }
    if (c.isReal() && c.operands[Matrix].given) {
      c.operands[Matrix].low = -1.0 / c.keys;
      c.operands[Matrix].high = 1.0 / c.keys;
    }
    c.hasOutputs = chance(0.9);
    if (c.hasOutputs && chance(0.75)) {
      give(Query, "query", {c.keys});
      if (chance(0.4))
        c.operands[Query].heads = c.heads * pick({2, 3});
    }
    c.hasLengths = chance(0.4);
    c.isReverse = chance(0.3);
    return c;
  }

  std::vector<double> numbers(const Shape &shape, double low, double high) {
    int64_t count = 1;
    for (int64_t size : shape)
      count *= size;
    std::vector<double> values(count);
    // Rounded to what the compiled code gets.
    for (double &value : values)
      value = static_cast<float>(
          std::uniform_real_distribution<double>(low, high)(random));
    return values;
  }

private:
  std::mt19937 random;
};

HostTensor toTensor(const Shape &shape, const std::vector<double> &values) {
  return HostTensor::floats(shape,
                            std::vector<float>(values.begin(), values.end()));
}

/// Compiles `count` cases and calls each with several extents.
void check(int count, bool general, unsigned vectorBits, unsigned seed) {
  Generator generator(seed);
  std::vector<Case> cases;
  std::string text;
  for (int i = 0; i < count; ++i) {
    cases.push_back(generator.make(general));
    text += cases.back().print("f" + std::to_string(i));
  }
  HarnessOptions options;
  options.vectorBits = vectorBits;
  CompiledModule module(text, options);
  for (int i = 0; i < count; ++i) {
    const Case &c = cases[i];
    for (auto [steps, rows] :
         {std::pair<int64_t, int64_t>{1, 1}, {6, 2}, {0, 3}, {17, 1}}) {
      if (!c.hasSteps())
        steps = 1;
      std::vector<std::vector<double>> numbers(kRoles + 1);
      Shape state = {rows, c.heads, c.keys, c.columns};
      numbers[kRoles] = generator.numbers(state, -1, 1);
      std::vector<HostTensor> inputs = {toTensor(state, numbers[kRoles])};
      for (int role = 0; role < kRoles; ++role) {
        const Operand &o = c.operands[role];
        if (!o.given)
          continue;
        Shape shape = o.shape(steps, rows);
        numbers[role] = generator.numbers(shape, o.low, o.high);
        inputs.push_back(toTensor(shape, numbers[role]));
      }
      std::vector<int32_t> lengths;
      for (int64_t row = 0; row < rows; ++row)
        lengths.push_back(static_cast<int32_t>(generator.below(steps + 1)));
      if (c.hasLengths)
        inputs.push_back(HostTensor::ints({rows}, lengths));
      Evaluation want(c, steps, rows, numbers, lengths);
      for (Guard guard : {Guard::Front, Guard::Back}) {
        std::vector<HostTensor> got =
            module.run("f" + std::to_string(i), inputs, guard);
        std::string problem =
            describeDifference("final", got.at(0), state, want.final);
        if (problem.empty() && c.hasOutputs)
          problem = describeDifference(
              "outputs", got.at(1), c.outputShape(steps, rows), want.outputs);
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
