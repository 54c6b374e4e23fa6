//===- CellsTest.cpp - The named recurrent layers -------------------------===//
//
// One step is compared with the formula worked out here for sizes of 1; larger
// layers, several steps, directions and lengths by what they must have in
// common.
//
//===----------------------------------------------------------------------===//

#include "Program.h"

#include <cmath>

using namespace seqc::reference;

namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

double clip(double x, double bound) {
  return std::min(std::max(x, -bound), bound);
}

/// An operand in parentheses, its type, and its tensor.
struct Extra {
  std::string name;
  std::string type;
  Tensor tensor;
};

/// A layer of one op and its operands.
struct LayerCase {
  std::string op;
  int64_t gates, features, hidden;
  Tensor x, w, r;
  std::vector<Extra> extras;
  std::string attributes;
  bool batchFirst = false;
  int64_t directions = 1;
  /// Size of the hidden state, if there is a projection.
  int64_t projected = 0;

  llvm::SmallVector<Tensor> run() const { return build().run(inputs()); }
  std::string getError() const { return build().getError(inputs()); }

  llvm::SmallVector<Tensor> inputs() const {
    llvm::SmallVector<Tensor> tensors{x, w, r};
    for (const Extra &extra : extras)
      tensors.push_back(extra.tensor);
    return tensors;
  }

  Program build() const {
    auto dims = [](std::vector<std::string> extents) {
      std::string type = "tensor<";
      for (const std::string &extent : extents)
        type += extent + "x";
      return type + "f32>";
    };
    std::string d = std::to_string(directions), h = std::to_string(hidden);
    std::string p = std::to_string(projected ? projected : hidden),
                i = std::to_string(features);
    std::string g = std::to_string(gates * hidden);
    std::vector<std::string> types{dims({"?", "?", i}), dims({d, g, i}),
                                   dims({d, g, p})};
    std::string arguments =
        "%x: " + types[0] + ", %w: " + types[1] + ", %r: " + types[2];
    std::string operands;
    for (const Extra &extra : extras) {
      arguments += ", %" + extra.name + ": " + extra.type;
      operands += " " + extra.name + "(%" + extra.name + ")";
      types.push_back(extra.type);
    }
    std::string y =
        batchFirst ? dims({"?", "?", d, p}) : dims({"?", d, "?", p});
    auto state = [&](const std::string &size) {
      return batchFirst ? dims({"?", d, size}) : dims({d, "?", size});
    };
    std::string results = y + ", " + state(p);
    std::string names = "%y, %h";
    if (op == "lstm") {
      results += ", " + state(h);
      names += ", %c";
    }
    std::string all;
    for (const std::string &type : types)
      all += (all.empty() ? "" : ", ") + type;
    return Program("func.func @main(" + arguments + ") -> (" + results +
                   ") {\n  " + names + " = seq." + op + " %x, %w, %r" +
                   operands + " {" + attributes + "} : (" + all + ") -> (" +
                   results + ")\n  return " + names + " : " + results + "\n}");
  }
};

Extra lengths(llvm::ArrayRef<int64_t> values) {
  return {"lengths", "tensor<?xi32>",
          i32({static_cast<int64_t>(values.size())}, values)};
}

/// A layer of one unit and one feature; `bias` holds the input biases, then the
/// recurrent ones.
LayerCase makeSmall(const std::string &op, int64_t gates,
                    llvm::ArrayRef<double> x, llvm::ArrayRef<double> w,
                    llvm::ArrayRef<double> r, llvm::ArrayRef<double> bias) {
  LayerCase layer{op,
                  gates,
                  1,
                  1,
                  f32({static_cast<int64_t>(x.size()), 1, 1}, x),
                  f32({1, gates, 1}, w),
                  f32({1, gates, 1}, r),
                  {},
                  ""};
  layer.extras.push_back({"bias",
                          "tensor<1x" + std::to_string(2 * gates) + "xf32>",
                          f32({1, 2 * gates}, bias)});
  return layer;
}

/// A layer of random weights with a batch of 3 over 4 steps.
LayerCase makeLarge(const std::string &op, int64_t gates, int64_t directions) {
  LayerCase layer{op,
                  gates,
                  3,
                  5,
                  randomF32({4, 3, 3}, 1),
                  randomF32({directions, gates * 5, 3}, 2),
                  randomF32({directions, gates * 5, 5}, 3),
                  {},
                  ""};
  layer.directions = directions;
  std::string d = std::to_string(directions);
  layer.extras.push_back(
      {"bias", "tensor<" + d + "x" + std::to_string(gates * 10) + "xf32>",
       randomF32({directions, gates * 10}, 4)});
  return layer;
}

/// Part of a tensor along dimension 0 or another one.
Tensor slice(const Tensor &tensor, int64_t dim, int64_t offset, int64_t size) {
  Shape shape(tensor.getShape());
  int64_t inner = 1, outer = 1, extent = shape[dim];
  for (int64_t d = 0; d < tensor.getRank(); ++d)
    (d < dim ? outer : d > dim ? inner : extent) *= d == dim ? 1 : shape[d];
  shape[dim] = size;
  std::vector<double> values;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t e = offset; e < offset + size; ++e)
      for (int64_t i = 0; i < inner; ++i)
        values.push_back(tensor.floats()[(o * extent + e) * inner + i]);
  return f32(shape, values);
}

/// The same steps in the opposite order.
Tensor reverseSteps(const Tensor &tensor) {
  std::vector<double> values;
  int64_t steps = tensor.getDim(0), size = tensor.getNumElements() / steps;
  for (int64_t step = steps - 1; step >= 0; --step)
    for (int64_t i = 0; i < size; ++i)
      values.push_back(tensor.floats()[step * size + i]);
  return f32(tensor.getShape(), values);
}

/// Swaps dimensions 0 and `dim`.
Tensor swapDims(const Tensor &tensor, int64_t dim) {
  Shape shape(tensor.getShape());
  std::swap(shape[0], shape[dim]);
  Tensor result = f32(shape, std::vector<double>(tensor.getNumElements()));
  Shape from = getStrides(tensor.getShape()), indices(shape.size(), 0);
  std::swap(from[0], from[dim]);
  for (double &value : result.mutableFloats()) {
    int64_t position = 0;
    for (size_t d = 0; d < indices.size(); ++d)
      position += indices[d] * from[d];
    value = tensor.floats()[position];
    for (int64_t d = static_cast<int64_t>(shape.size()) - 1; d >= 0; --d) {
      if (++indices[d] < shape[d])
        break;
      indices[d] = 0;
    }
  }
  return result;
}

const std::vector<std::pair<std::string, int64_t>> allCells = {
    {"rnn", 1}, {"gru", 3}, {"lstm", 4}};

} // namespace

//===----------------------------------------------------------------------===//
// Formulas
//===----------------------------------------------------------------------===//

TEST(Cells, StepsRnn) {
  LayerCase layer = makeSmall("rnn", 1, {0.7, -0.4}, 1.5, -0.8, {0.1, 0.2});
  double h1 = std::tanh(0.7 * 1.5 + 0.1 + 0.2);
  double h2 = std::tanh(-0.4 * 1.5 + 0.1 + h1 * -0.8 + 0.2);
  auto results = layer.run();
  expectFloats(results[0], {2, 1, 1, 1}, {h1, h2});
  expectFloats(results[1], {1, 1, 1}, h2);
}

TEST(Cells, StepsGru) {
  std::vector<double> w{0.5, -0.7, 1.1}, r{0.3, 0.9, -1.3};
  std::vector<double> b{0.1, -0.2, 0.3, -0.4, 0.5, -0.6};
  double x = 0.8, h0 = 0.35;
  for (bool linear : {false, true}) {
    LayerCase layer = makeSmall("gru", 3, x, w, r, b);
    layer.extras.push_back(
        {"initial_h", "tensor<1x?x1xf32>", f32({1, 1, 1}, h0)});
    layer.attributes = linear ? "linear_before_reset" : "";
    double z = sigmoid(x * w[0] + h0 * r[0] + b[0] + b[3]);
    double rr = sigmoid(x * w[1] + h0 * r[1] + b[1] + b[4]);
    double h = linear ? std::tanh(x * w[2] + rr * (h0 * r[2] + b[5]) + b[2])
                      : std::tanh(x * w[2] + rr * h0 * r[2] + b[5] + b[2]);
    double h1 = (1 - z) * h + z * h0;
    expectFloats(layer.run()[1], {1, 1, 1}, h1);
  }
}

TEST(Cells, StepsLstm) {
  std::vector<double> w{0.5, -0.7, 1.1, 0.9}, r{0.3, 0.8, -1.3, 0.4};
  std::vector<double> b{0.1, -0.2, 0.3, -0.4, 0.5, -0.6, 0.7, -0.8},
      p{0.25, -0.35, 0.45};
  double x = 0.8, h0 = 0.35, c0 = -0.6;
  for (bool inputForget : {false, true}) {
    LayerCase layer = makeSmall("lstm", 4, x, w, r, b);
    layer.extras.push_back(
        {"initial_h", "tensor<1x?x1xf32>", f32({1, 1, 1}, h0)});
    layer.extras.push_back(
        {"initial_c", "tensor<1x?x1xf32>", f32({1, 1, 1}, c0)});
    layer.extras.push_back({"peephole", "tensor<1x3xf32>", f32({1, 3}, p)});
    layer.attributes = inputForget ? "input_forget" : "";
    // Gates i, o, f, c; peepholes i, o, f.
    double i = sigmoid(x * w[0] + h0 * r[0] + p[0] * c0 + b[0] + b[4]);
    double f = inputForget
                   ? 1 - i
                   : sigmoid(x * w[2] + h0 * r[2] + p[2] * c0 + b[2] + b[6]);
    double c = std::tanh(x * w[3] + h0 * r[3] + b[3] + b[7]);
    double c1 = f * c0 + i * c;
    double o = sigmoid(x * w[1] + h0 * r[1] + p[1] * c1 + b[1] + b[5]);
    auto results = layer.run();
    expectFloats(results[0], {1, 1, 1, 1}, o * std::tanh(c1));
    expectFloats(results[1], {1, 1, 1}, o * std::tanh(c1));
    expectFloats(results[2], {1, 1, 1}, c1);
  }
}

TEST(Cells, ClipsEveryArgument) {
  // Gates far beyond the bound, and a cell state beyond it too: h(C) is clipped
  // as well.
  double bound = 0.5;
  LayerCase layer = makeSmall("lstm", 4, {1.0, 1.0}, {3, 4, 5, 6}, {0, 0, 0, 0},
                              {0, 0, 0, 0, 0, 0, 0, 0});
  layer.extras.push_back(
      {"initial_c", "tensor<1x?x1xf32>", f32({1, 1, 1}, 2.0)});
  layer.attributes = "clip = 0.5 : f32";
  double s = sigmoid(clip(3, bound)), t = std::tanh(clip(6, bound));
  double c1 = s * 2 + s * t, c2 = s * c1 + s * t;
  auto results = layer.run();
  expectFloats(
      results[0], {2, 1, 1, 1},
      {s * std::tanh(clip(c1, bound)), s * std::tanh(clip(c2, bound))});
  expectFloats(results[2], {1, 1, 1}, c2);
  LayerCase negative = makeSmall("rnn", 1, {-1.0}, 7, 0, {0, 0});
  negative.attributes = "clip = 0.5 : f32";
  expectFloats(negative.run()[1], {1, 1, 1}, std::tanh(-0.5));
}

TEST(Cells, AppliesEveryActivation) {
  struct Case {
    std::string name;
    double alpha, beta; // 0 means not given
    double low, high;   // at -1.5 and 1.5
  };
  double x = 1.5;
  for (const Case &test :
       {Case{"relu", 0, 0, 0, x},
        Case{"tanh", 0, 0, std::tanh(-x), std::tanh(x)},
        Case{"sigmoid", 0, 0, sigmoid(-x), sigmoid(x)},
        Case{"affine", 0, 0, -x, x}, Case{"affine", 2, 0.5, -2.5, 3.5},
        Case{"leaky_relu", 0, 0, -0.015, x},
        Case{"leaky_relu", 0.5, 0, -0.75, x},
        Case{"thresholded_relu", 0, 0, 0, x},
        Case{"thresholded_relu", 2, 0, 0, 0},
        // At the threshold the value passes.
        Case{"thresholded_relu", 1.5, 0, 0, x},
        Case{"scaled_tanh", 0, 0, std::tanh(-x), std::tanh(x)},
        Case{"scaled_tanh", 2, 0.5, 2 * std::tanh(-0.75), 2 * std::tanh(0.75)},
        Case{"hard_sigmoid", 0, 0, 0.2, 0.8},
        Case{"hard_sigmoid", 1, 0.25, 0, 1},
        Case{"elu", 0, 0, std::exp(-x) - 1, x},
        Case{"elu", 2, 0, 2 * (std::exp(-x) - 1), x},
        Case{"softsign", 0, 0, -0.6, 0.6},
        Case{"softplus", 0, 0, std::log(1 + std::exp(-x)),
             std::log(1 + std::exp(x))}}) {
    LayerCase layer = makeSmall("rnn", 1, {-x, x}, 1, 0, {0, 0});
    layer.attributes = "activations = [#seq.activation<" + test.name + ">]";
    if (test.alpha != 0)
      layer.attributes +=
          ", activation_alpha = [" + std::to_string(test.alpha) + " : f32]";
    if (test.beta != 0)
      layer.attributes +=
          ", activation_beta = [" + std::to_string(test.beta) + " : f32]";
    auto results = layer.run();
    SCOPED_TRACE(test.name);
    // The parameters and their defaults are single precision.
    EXPECT_NEAR(results[0].floats()[0], test.low, 1e-7);
    EXPECT_NEAR(results[0].floats()[1], test.high, 1e-7);
  }
}

TEST(Cells, GivesParametersToTheActivationsThatTakeThem) {
  // f = leaky_relu takes one alpha, g = tanh none, h = affine an alpha and a
  // beta.
  LayerCase layer = makeSmall("lstm", 4, {1.0}, {-1, -2, 0, 3}, {0, 0, 0, 0},
                              {0, 0, 0, 0, 0, 0, 0, 0});
  layer.attributes = "activations = [#seq.activation<leaky_relu>, "
                     "#seq.activation<tanh>, #seq.activation<affine>], "
                     "activation_alpha = [0.5 : f32, 4.0 : f32], "
                     "activation_beta = [0.25 : f32]";
  double c1 = -0.5 * std::tanh(3.0);
  auto results = layer.run();
  expectFloats(results[2], {1, 1, 1}, c1);
  expectFloats(results[1], {1, 1, 1}, -1.0 * (4 * c1 + 0.25));
}

TEST(Cells, MultipliesByTheTransposes) {
  // One RNN step with distinct sizes: tanh(W x + R h + b).
  LayerCase layer = makeLarge("rnn", 1, 1);
  layer.x = slice(layer.x, 0, 0, 1);
  Tensor h0 = randomF32({1, 3, 5}, 7);
  layer.extras.push_back({"initial_h", "tensor<1x?x5xf32>", h0});
  Tensor y = layer.run()[0];
  const Tensor &b = layer.extras[0].tensor;
  for (int64_t row = 0; row < 3; ++row)
    for (int64_t j = 0; j < 5; ++j) {
      double sum = at(b, {0, j}) + at(b, {0, 5 + j});
      for (int64_t k = 0; k < 3; ++k)
        sum += at(layer.w, {0, j, k}) * at(layer.x, {0, row, k});
      for (int64_t k = 0; k < 5; ++k)
        sum += at(layer.r, {0, j, k}) * at(h0, {0, row, k});
      EXPECT_NEAR(at(y, {0, 0, row, j}), std::tanh(sum), 1e-12);
    }
}

TEST(Cells, SeparatesGatesAndUnits) {
  // One step of LSTM and GRU with 5 units, without state: each unit from its
  // own gate rows.
  LayerCase lstm = makeLarge("lstm", 4, 1), gru = makeLarge("gru", 3, 1);
  lstm.x = slice(lstm.x, 0, 0, 1);
  gru.x = lstm.x;
  auto lstmResults = lstm.run(), gruResults = gru.run();
  auto gate = [&](const LayerCase &layer, int64_t row, int64_t unit) {
    const Tensor &b = layer.extras[0].tensor;
    double sum = at(b, {0, unit}) + at(b, {0, layer.gates * 5 + unit});
    for (int64_t k = 0; k < 3; ++k)
      sum += at(layer.w, {0, unit, k}) * at(layer.x, {0, row, k});
    return sum;
  };
  for (int64_t row = 0; row < 3; ++row)
    for (int64_t j = 0; j < 5; ++j) {
      double c =
          sigmoid(gate(lstm, row, j)) * std::tanh(gate(lstm, row, 15 + j));
      EXPECT_NEAR(at(lstmResults[2], {0, row, j}), c, 1e-12);
      EXPECT_NEAR(at(lstmResults[1], {0, row, j}),
                  sigmoid(gate(lstm, row, 5 + j)) * std::tanh(c), 1e-12);
      EXPECT_NEAR(at(gruResults[1], {0, row, j}),
                  (1 - sigmoid(gate(gru, row, j))) *
                      std::tanh(gate(gru, row, 10 + j)),
                  1e-12);
    }
}

TEST(Cells, ProjectsTheHiddenState) {
  // With the identity as projection nothing changes; with twice the identity
  // the output doubles.
  for (double factor : {1.0, 2.0}) {
    LayerCase plain = makeLarge("lstm", 4, 1);
    plain.x = slice(plain.x, 0, 0, 1);
    LayerCase projected = plain;
    projected.projected = 5;
    std::vector<double> identity(25, 0.0);
    for (int64_t i = 0; i < 5; ++i)
      identity[i * 6] = factor;
    projected.extras.push_back(
        {"projection", "tensor<1x5x5xf32>", f32({1, 5, 5}, identity)});
    auto expected = plain.run(), found = projected.run();
    std::vector<double> scaled(expected[1].floats());
    for (double &value : scaled)
      value *= factor;
    expectFloats(found[1], {1, 3, 5}, scaled);
    expectEqual(found[2], expected[2]);
  }
  // A hidden state of another size: H = P (o . tanh(C)).
  LayerCase plain = makeLarge("lstm", 4, 1);
  plain.x = slice(plain.x, 0, 0, 1);
  LayerCase narrow = plain;
  narrow.projected = 2;
  narrow.r = randomF32({1, 20, 2}, 8);
  Tensor projection = randomF32({1, 2, 5}, 9);
  narrow.extras.push_back({"projection", "tensor<1x2x5xf32>", projection});
  auto expected = plain.run(), found = narrow.run();
  for (int64_t row = 0; row < 3; ++row)
    for (int64_t j = 0; j < 2; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < 5; ++k)
        sum += at(projection, {0, j, k}) * at(expected[1], {0, row, k});
      EXPECT_NEAR(at(found[0], {0, 0, row, j}), sum, 1e-12);
    }
}

//===----------------------------------------------------------------------===//
// Directions, lengths and layout
//===----------------------------------------------------------------------===//

TEST(Cells, ReadBackwards) {
  for (auto [op, gates] : allCells) {
    SCOPED_TRACE(op);
    LayerCase forward = makeLarge(op, gates, 1);
    LayerCase reverse = forward;
    reverse.x = reverseSteps(forward.x);
    reverse.attributes = "direction = #seq.direction<reverse>";
    auto expected = forward.run(), found = reverse.run();
    expectEqual(reverseSteps(found[0]), expected[0]);
    for (size_t state = 1; state < expected.size(); ++state)
      expectEqual(found[state], expected[state]);
  }
}

TEST(Cells, RunBothDirections) {
  for (auto [op, gates] : allCells) {
    SCOPED_TRACE(op);
    LayerCase both = makeLarge(op, gates, 2);
    both.attributes = "direction = #seq.direction<bidirectional>";
    both.extras.push_back(lengths({4, 1, 3}));
    auto found = both.run();
    for (int64_t direction : {0, 1}) {
      LayerCase one = makeLarge(op, gates, 1);
      one.w = slice(both.w, 0, direction, 1);
      one.r = slice(both.r, 0, direction, 1);
      one.extras[0].tensor = slice(both.extras[0].tensor, 0, direction, 1);
      one.extras.push_back(both.extras.back());
      one.attributes = direction ? "direction = #seq.direction<reverse>" : "";
      auto expected = one.run();
      expectEqual(slice(found[0], 1, direction, 1), expected[0]);
      for (size_t state = 1; state < expected.size(); ++state)
        expectEqual(slice(found[state], 0, direction, 1), expected[state]);
    }
  }
}

TEST(Cells, TakeActivationsByDirection) {
  LayerCase both = makeLarge("rnn", 1, 2);
  both.attributes = "direction = #seq.direction<bidirectional>, "
                    "activations = [#seq.activation<relu>, "
                    "#seq.activation<affine>], activation_alpha = [2.0 : f32]";
  LayerCase reverse = makeLarge("rnn", 1, 1);
  reverse.w = slice(both.w, 0, 1, 1);
  reverse.r = slice(both.r, 0, 1, 1);
  reverse.extras[0].tensor = slice(both.extras[0].tensor, 0, 1, 1);
  reverse.attributes = "direction = #seq.direction<reverse>, activations = "
                       "[#seq.activation<affine>], "
                       "activation_alpha = [2.0 : f32]";
  expectEqual(slice(both.run()[0], 1, 1, 1), reverse.run()[0]);
}

TEST(Cells, StopEachRowAtItsLength) {
  std::vector<int64_t> rowLengths{3, 0, 2};
  for (auto [op, gates] : allCells)
    for (std::string direction : {"forward", "reverse"}) {
      SCOPED_TRACE(op + " " + direction);
      LayerCase batch = makeLarge(op, gates, 1);
      batch.attributes = "direction = #seq.direction<" + direction + ">";
      batch.extras.push_back(lengths(rowLengths));
      batch.extras.push_back(
          {"initial_h", "tensor<1x?x5xf32>", randomF32({1, 3, 5}, 6)});
      auto found = batch.run();
      for (int64_t row = 0; row < 3; ++row) {
        int64_t length = rowLengths[row];
        LayerCase alone = batch;
        alone.x = slice(slice(batch.x, 0, 0, length), 1, row, 1);
        alone.extras.erase(alone.extras.begin() + 1);
        alone.extras[1].tensor = slice(batch.extras[2].tensor, 1, row, 1);
        auto expected = alone.run();
        Tensor rowOutputs = slice(found[0], 2, row, 1);
        expectEqual(slice(rowOutputs, 0, 0, length), expected[0]);
        Tensor beyond = slice(rowOutputs, 0, length, 4 - length);
        for (double value : beyond.floats())
          EXPECT_EQ(value, 0);
        for (size_t state = 1; state < expected.size(); ++state)
          expectEqual(slice(found[state], 1, row, 1), expected[state]);
        if (length == 0)
          expectEqual(slice(found[1], 1, row, 1), alone.extras[1].tensor);
      }
    }
}

TEST(Cells, PutTheBatchFirst) {
  for (auto [op, gates] : allCells) {
    SCOPED_TRACE(op);
    LayerCase timeFirst = makeLarge(op, gates, 2);
    timeFirst.attributes = "direction = #seq.direction<bidirectional>";
    Tensor h0 = randomF32({2, 3, 5}, 6);
    timeFirst.extras.push_back({"initial_h", "tensor<2x?x5xf32>", h0});
    LayerCase batchFirst = timeFirst;
    batchFirst.batchFirst = true;
    batchFirst.x = swapDims(timeFirst.x, 1);
    batchFirst.attributes += ", batch_first";
    batchFirst.extras.back() = {"initial_h", "tensor<?x2x5xf32>",
                                swapDims(h0, 1)};
    auto expected = timeFirst.run(), found = batchFirst.run();
    // [T, D, B, H] and [B, T, D, H]: swap B and T, then B and D inside.
    for (int64_t t = 0; t < 4; ++t)
      for (int64_t d = 0; d < 2; ++d)
        for (int64_t b = 0; b < 3; ++b)
          for (int64_t j = 0; j < 5; ++j)
            EXPECT_EQ(at(found[0], {b, t, d, j}),
                      at(expected[0], {t, d, b, j}));
    for (size_t state = 1; state < expected.size(); ++state)
      expectEqual(found[state], swapDims(expected[state], 1));
  }
}

TEST(Cells, CarryStateBetweenCalls) {
  for (auto [op, gates] : allCells) {
    SCOPED_TRACE(op);
    LayerCase whole = makeLarge(op, gates, 1);
    auto expected = whole.run();
    LayerCase first = whole, second = whole;
    first.x = slice(whole.x, 0, 0, 1);
    second.x = slice(whole.x, 0, 1, 3);
    auto middle = first.run();
    second.extras.push_back({"initial_h", "tensor<1x?x5xf32>", middle[1]});
    if (op == "lstm")
      second.extras.push_back({"initial_c", "tensor<1x?x5xf32>", middle[2]});
    auto last = second.run();
    expectEqual(last[0], slice(expected[0], 0, 1, 3));
    for (size_t state = 1; state < expected.size(); ++state)
      expectEqual(last[state], expected[state]);
  }
}

TEST(Cells, RefuseLengthsOutsideTheTimeExtent) {
  for (auto [op, gates] : allCells) {
    LayerCase layer = makeLarge(op, gates, 1);
    layer.extras.push_back(lengths({4, 5, 0}));
    EXPECT_THAT(layer.getError(),
                testing::HasSubstr("length 5 of row 1 is outside [0, 4]"));
    layer.extras.back() = lengths({4, 0, -1});
    EXPECT_THAT(layer.getError(), testing::HasSubstr("length -1 of row 2"));
    layer.extras.back() = lengths({4, 0});
    EXPECT_THAT(layer.getError(),
                testing::HasSubstr("lengths has shape 2, required 3"));
  }
}
