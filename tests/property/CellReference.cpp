//===- CellReference.cpp - Recurrent layers in double precision -----------===//

#include "tests/property/CellReference.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

using namespace seqc::test;

double Activation::operator()(double x) const {
  if (name == "relu")
    return std::max(0.0, x);
  if (name == "tanh")
    return std::tanh(x);
  if (name == "sigmoid")
    return 1 / (1 + std::exp(-x));
  if (name == "affine")
    return alpha * x + beta;
  if (name == "leaky_relu")
    return x >= 0 ? x : alpha * x;
  if (name == "thresholded_relu")
    return x >= alpha ? x : 0;
  if (name == "scaled_tanh")
    return alpha * std::tanh(beta * x);
  if (name == "hard_sigmoid")
    return std::min(1.0, std::max(0.0, alpha * x + beta));
  if (name == "elu")
    return x >= 0 ? x : alpha * (std::exp(x) - 1);
  if (name == "softsign")
    return x / (1 + std::fabs(x));
  if (name == "softplus")
    return std::log1p(std::exp(x));
  throw std::invalid_argument("unknown activation " + name);
}

namespace {

/// One direction of one row.
class RowEvaluator {
public:
  RowEvaluator(const CellConfig &config, const CellInputs &in,
               int64_t direction, int64_t row)
      : config(config), in(in), d(direction), b(row), hidden(config.hiddenSize),
        out(config.outputSize()), h(out, 0.0), c(hidden, 0.0) {
    if (!config.hasInitial)
      return;
    for (int64_t j = 0; j < out; ++j)
      h[j] = in.h0[stateIndex(out) + j];
    if (config.kind == CellKind::Lstm)
      for (int64_t j = 0; j < hidden; ++j)
        c[j] = in.c0[stateIndex(hidden) + j];
  }

  /// Position of this row in a state tensor of rows of `size`.
  int64_t stateIndex(int64_t size) const {
    return (config.batchFirst ? b * config.directions() + d
                              : d * in.batch + b) *
           size;
  }

  void step(int64_t t) {
    switch (config.kind) {
    case CellKind::Rnn:
      return stepRnn(t);
    case CellKind::Gru:
      return stepGru(t);
    case CellKind::Lstm:
      return stepLstm(t);
    }
  }

private:
  double fromInput(int64_t t, int64_t gateRow) const {
    double sum = 0;
    int64_t x = (config.batchFirst ? b * in.steps + t : t * in.batch + b) *
                config.inputSize;
    int64_t w = (d * config.gates() * hidden + gateRow) * config.inputSize;
    for (int64_t i = 0; i < config.inputSize; ++i)
      sum += in.x[x + i] * in.w[w + i];
    return sum;
  }

  double fromState(int64_t gateRow, const std::vector<double> &state) const {
    double sum = 0;
    int64_t r = (d * config.gates() * hidden + gateRow) * out;
    for (int64_t i = 0; i < out; ++i)
      sum += state[i] * in.r[r + i];
    return sum;
  }

  /// Entry of Wb (part 0) or Rb (part 1).
  double bias(int64_t part, int64_t gateRow) const {
    if (!config.hasBias)
      return 0;
    int64_t rows = config.gates() * hidden;
    return in.b[d * 2 * rows + part * rows + gateRow];
  }

  double activate(int64_t function, double x) const {
    if (config.clip)
      x = std::min(double(*config.clip), std::max(-double(*config.clip), x));
    return config.activations[d * config.functions() + function](x);
  }

  double peephole(int64_t gate, int64_t j, double cell) const {
    return config.hasPeephole ? in.p[d * 3 * hidden + gate * hidden + j] * cell
                              : 0;
  }

  void stepRnn(int64_t t) {
    std::vector<double> next(hidden);
    for (int64_t j = 0; j < hidden; ++j)
      next[j] = activate(0, fromInput(t, j) + fromState(j, h) + bias(0, j) +
                                bias(1, j));
    h = next;
  }

  void stepGru(int64_t t) {
    std::vector<double> z(hidden), r(hidden), reset(hidden), next(hidden);
    for (int64_t j = 0; j < hidden; ++j) {
      z[j] = activate(0, fromInput(t, j) + fromState(j, h) + bias(0, j) +
                             bias(1, j));
      int64_t k = hidden + j;
      r[j] = activate(0, fromInput(t, k) + fromState(k, h) + bias(0, k) +
                             bias(1, k));
      reset[j] = r[j] * h[j];
    }
    for (int64_t j = 0; j < hidden; ++j) {
      int64_t k = 2 * hidden + j;
      double recurrent = config.linearBeforeReset
                             ? r[j] * (fromState(k, h) + bias(1, k))
                             : fromState(k, reset) + bias(1, k);
      next[j] =
          (1 - z[j]) * activate(1, fromInput(t, k) + recurrent + bias(0, k)) +
          z[j] * h[j];
    }
    h = next;
  }

  void stepLstm(int64_t t) {
    std::vector<double> unprojected(hidden);
    auto gate = [&](int64_t g, int64_t j) {
      int64_t row = g * hidden + j;
      return fromInput(t, row) + fromState(row, h) + bias(0, row) +
             bias(1, row);
    };
    for (int64_t j = 0; j < hidden; ++j) {
      double before = c[j];
      double i = activate(0, gate(0, j) + peephole(0, j, before));
      double f = config.inputForget
                     ? 1 - i
                     : activate(0, gate(2, j) + peephole(2, j, before));
      c[j] = f * before + i * activate(1, gate(3, j));
      double o = activate(0, gate(1, j) + peephole(1, j, c[j]));
      unprojected[j] = o * activate(2, c[j]);
    }
    if (!config.projectionSize) {
      h = unprojected;
      return;
    }
    for (int64_t p = 0; p < out; ++p) {
      h[p] = 0;
      for (int64_t j = 0; j < hidden; ++j)
        h[p] += unprojected[j] * in.projection[(d * out + p) * hidden + j];
    }
  }

  const CellConfig &config;
  const CellInputs &in;
  int64_t d, b, hidden, out;

public:
  /// The states after the steps so far.
  std::vector<double> h, c;
};

} // namespace

CellOutputs seqc::test::evaluateCell(const CellConfig &config,
                                     const CellInputs &in) {
  int64_t directions = config.directions(), out = config.outputSize();
  CellOutputs result;
  result.y.assign(in.steps * directions * in.batch * out, 0.0);
  result.yh.assign(directions * in.batch * out, 0.0);
  if (config.kind == CellKind::Lstm)
    result.yc.assign(directions * in.batch * config.hiddenSize, 0.0);
  for (int64_t d = 0; d < directions; ++d)
    for (int64_t b = 0; b < in.batch; ++b) {
      RowEvaluator row(config, in, d, b);
      int64_t length = in.lengths.empty() ? in.steps : in.lengths[b];
      bool backwards = config.direction == "reverse" || d == 1;
      for (int64_t s = 0; s < length; ++s) {
        int64_t t = backwards ? length - 1 - s : s;
        row.step(t);
        int64_t at = config.batchFirst ? (b * in.steps + t) * directions + d
                                       : (t * directions + d) * in.batch + b;
        std::copy(row.h.begin(), row.h.end(), result.y.begin() + at * out);
      }
      std::copy(row.h.begin(), row.h.end(),
                result.yh.begin() + row.stateIndex(out));
      if (config.kind == CellKind::Lstm)
        std::copy(row.c.begin(), row.c.end(),
                  result.yc.begin() + row.stateIndex(config.hiddenSize));
    }
  return result;
}
