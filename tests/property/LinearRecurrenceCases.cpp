//===- LinearRecurrenceCases.cpp - Linear recurrences to test -------------===//

#include "tests/property/LinearRecurrenceCases.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace seqc::test;

using Shape = std::vector<int64_t>;

static constexpr double kInf = std::numeric_limits<double>::infinity();

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

Shape StepOperand::shape(int64_t steps, int64_t rows) const {
  Shape shape = {oneStep ? 1 : steps, oneRow ? 1 : rows, heads};
  shape.insert(shape.end(), features.begin(), features.end());
  return shape;
}

std::string StepOperand::type() const {
  std::string text = "tensor<";
  Shape extents = shape(2, 2);
  for (size_t dim = 0; dim < extents.size(); ++dim)
    text += (dim < 2 && extents[dim] > 1 ? "?" : std::to_string(extents[dim])) +
            "x";
  return text + "f32>";
}

int64_t LinearRecurrenceCase::readers() const {
  return operands[Query].given ? std::max(heads, operands[Query].heads) : heads;
}

Shape LinearRecurrenceCase::stateShape(int64_t rows) const {
  return {rows, heads, keys, columns};
}

Shape LinearRecurrenceCase::outputShape(int64_t steps, int64_t rows) const {
  if (!operands[Query].given)
    return {steps, rows, heads, keys, columns};
  return {steps, rows, readers(), columns};
}

bool LinearRecurrenceCase::hasSteps() const {
  return std::any_of(
      std::begin(operands), std::end(operands),
      [](const StepOperand &o) { return o.given && !o.oneStep; });
}

std::string LinearRecurrenceCase::print(const std::string &name) const {
  auto num = [](int64_t value) { return std::to_string(value); };
  std::string state =
      "tensor<?x" + num(heads) + "x" + num(keys) + "x" + num(columns) + "xf32>";
  std::string arguments = "%s: " + state,
              text = semiring + " init(%s : " + state + ")";
  for (const StepOperand &o : operands)
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

static HostTensor toTensor(const Shape &shape,
                           const std::vector<double> &values) {
  return HostTensor::floats(shape,
                            std::vector<float>(values.begin(), values.end()));
}

std::vector<HostTensor>
LinearRecurrenceCase::toTensors(const LinearRecurrenceInputs &in) const {
  std::vector<HostTensor> tensors = {toTensor(stateShape(in.rows), in.init)};
  for (int role = 0; role < kStepRoles; ++role)
    if (operands[role].given)
      tensors.push_back(
          toTensor(operands[role].shape(in.steps, in.rows), in.numbers[role]));
  if (hasLengths)
    tensors.push_back(HostTensor::ints({in.rows}, in.lengths));
  return tensors;
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

namespace {

/// Evaluates one call.
class Evaluation {
public:
  Evaluation(const LinearRecurrenceCase &c, const LinearRecurrenceInputs &in)
      : final(in.init), c(c), in(in) {
    int64_t steps = in.steps, rows = in.rows;
    int64_t perRow = c.heads * c.keys * c.columns, perStep = 1;
    for (int64_t size : c.outputShape(1, 1))
      perStep *= size;
    outputs.assign(steps * rows * perStep, 0);
    for (int64_t b = 0; b < rows; ++b) {
      int64_t count = c.hasLengths ? in.lengths[b] : steps;
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
  double at(StepRole role, int64_t t, int64_t b, int64_t h, int64_t heads,
            int64_t i, int64_t j = 0) const {
    const StepOperand &o = c.operands[role];
    Shape shape = o.shape(in.steps, in.rows);
    Shape index = {t, b, h / (heads / o.heads), i, j};
    int64_t place = 0;
    for (size_t dim = 0; dim < shape.size(); ++dim)
      place = place * shape[dim] + (shape[dim] == 1 ? 0 : index[dim]);
    return in.numbers[role][place];
  }
  double zero() const { return c.isReal() ? 0 : -kInf; }
  double times(double a, double b) const { return c.isReal() ? a * b : a + b; }
  double plus(double a, double b) const {
    if (c.isReal())
      return a + b;
    double most = std::max(a, b);
    if (c.semiring == "max_plus" || most == -kInf)
      return most;
    return most + std::log(std::exp(a - most) + std::exp(b - most));
  }

  void advance(int64_t t, int64_t b, int64_t h, double *s) const {
    auto given = [&](StepRole role) { return c.operands[role].given; };
    auto get = [&](StepRole role, int64_t i, int64_t j = 0) {
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

  const LinearRecurrenceCase &c;
  const LinearRecurrenceInputs &in;
};

} // namespace

LinearRecurrenceResults
seqc::test::evaluateLinearRecurrence(const LinearRecurrenceCase &c,
                                     const LinearRecurrenceInputs &in) {
  Evaluation evaluation(c, in);
  return {std::move(evaluation.final), std::move(evaluation.outputs)};
}

//===----------------------------------------------------------------------===//
// Generation
//===----------------------------------------------------------------------===//

LinearRecurrenceCase LinearRecurrenceGenerator::make(bool general) {
  LinearRecurrenceCase c;
  c.semiring =
      general ? std::vector<const char *>{"real", "log", "max_plus"}[below(3)]
              : "real";
  c.heads = pick({1, 2, 4});
  c.keys = pick({1, 2, 3, 5, 8});
  // Rests of blocks of every width.
  c.columns = general ? 1 + below(5) : pick({1, 3, 4, 7, 16, 20, 33, 64, 85});
  auto give = [&](StepRole role, const char *name, Shape features) {
    StepOperand &o = c.operands[role];
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

std::vector<double> LinearRecurrenceGenerator::numbers(const Shape &shape,
                                                       double low,
                                                       double high) {
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

LinearRecurrenceInputs
LinearRecurrenceGenerator::inputs(const LinearRecurrenceCase &c, int64_t steps,
                                  int64_t rows) {
  LinearRecurrenceInputs in;
  in.steps = c.hasSteps() ? steps : 1;
  in.rows = rows;
  in.init = numbers(c.stateShape(rows), -1, 1);
  for (int role = 0; role < kStepRoles; ++role) {
    const StepOperand &o = c.operands[role];
    if (o.given)
      in.numbers[role] = numbers(o.shape(in.steps, rows), o.low, o.high);
  }
  for (int64_t row = 0; row < rows; ++row)
    in.lengths.push_back(static_cast<int32_t>(below(in.steps + 1)));
  return in;
}
