//===- Cells.cpp - The named recurrent layers -----------------------------===//
//
// One row at a time, one step at a time, straight from the formulas of the
// documents.
//
//===----------------------------------------------------------------------===//

#include "dialect/Seq/Reference/Activations.h"
#include "dialect/Seq/Reference/Contraction.h"
#include "dialect/Seq/Reference/Handlers.h"

#include "dialect/Seq/IR/Activations.h"
#include "dialect/Seq/IR/SeqOps.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace seqc::reference {

namespace {

/// A weight of bytes.
struct ByteWeight {
  const Tensor *scale = nullptr, *zero = nullptr;
  bool isSigned = false;
  /// The numbers of the weight less their zero points.
  std::vector<double> numbers;

  /// The scale of a row of a direction that has `rows` rows.
  double getScale(int64_t direction, int64_t row, int64_t rows) const {
    return scale->getDim(1) == 1 ? scale->floats()[direction]
                                 : scale->floats()[direction * rows + row];
  }
};

/// What the three layers share: operands, attributes and extents.
struct Layer {
  const Tensor *input = nullptr, *weight = nullptr, *recurrent = nullptr,
               *bias = nullptr;
  const Tensor *lengths = nullptr, *initialH = nullptr, *initialC = nullptr;
  const Tensor *peephole = nullptr, *projection = nullptr;
  seq::Direction direction = seq::Direction::Forward;
  bool batchFirst = false;
  double clip = 0.0; // 0 means none
  /// Functions of all directions, those of the first direction first.
  llvm::SmallVector<Activation> activations;
  int64_t gates = 1, directions = 1, time = 0, batch = 0, features = 0;
  /// Sizes of the cell state and of the hidden state.
  int64_t cell = 0, hidden = 0;
  /// Of weights of bytes, and the input, rounded to bytes less their zero point,
  /// with its scale.
  bool isQuantized = false;
  ByteWeight byteWeight, byteRecurrent;
  std::vector<double> inputBytes;
  double inputScale = 1;

  /// The features of one step and row, which is row `number` of the input.
  const double *x(int64_t number) const {
    return (isQuantized ? inputBytes.data() : input->floats().data()) +
           number * features;
  }
};

/// States of one row; the hidden one also as bytes less their zero point, with
/// their scale.
struct RowState {
  std::vector<double> h, c, bytes;
  double scale = 1;
};

/// The parameters of one direction.
struct DirectionWeights {
  const Layer &layer;
  int64_t direction;

  /// Row `row` of the gates' input weights.
  const double *w(int64_t row) const {
    return (layer.isQuantized ? layer.byteWeight.numbers.data()
                              : layer.weight->floats().data()) +
           (direction * layer.gates * layer.cell + row) * layer.features;
  }
  /// Row `row` of the gates' recurrent weights.
  const double *r(int64_t row) const {
    return (layer.isQuantized ? layer.byteRecurrent.numbers.data()
                              : layer.recurrent->floats().data()) +
           (direction * layer.gates * layer.cell + row) * layer.hidden;
  }
  /// A row's product with the features of a step.
  double inputProduct(int64_t row, const double *x) const {
    double sum = dot(x, w(row), layer.features);
    return layer.isQuantized ? sum * layer.inputScale *
                                   layer.byteWeight.getScale(
                                       direction, row, layer.gates * layer.cell)
                             : sum;
  }
  /// A row's product with the hidden state.
  double recurrentProduct(int64_t row, const RowState &state) const {
    if (!layer.isQuantized)
      return dot(state.h.data(), r(row), layer.hidden);
    return dot(state.bytes.data(), r(row), layer.hidden) * state.scale *
           layer.byteRecurrent.getScale(direction, row,
                                        layer.gates * layer.cell);
  }
  /// Input bias of a row.
  double wb(int64_t row) const { return getBias(row); }
  /// Recurrent bias of a row.
  double rb(int64_t row) const {
    return getBias(layer.gates * layer.cell + row);
  }
  /// Peephole weight of gate 0 (i), 1 (o) or 2 (f).
  double peephole(int64_t gate, int64_t unit) const {
    return layer.peephole
               ? layer.peephole
                     ->floats()[(direction * 3 + gate) * layer.cell + unit]
               : 0.0;
  }
  /// Row `row` of the projection.
  const double *projection(int64_t row) const {
    return layer.projection->floats().data() +
           (direction * layer.hidden + row) * layer.cell;
  }
  /// Activation `number` of the direction.
  double activate(size_t number, double x) const {
    size_t perDirection = layer.activations.size() / layer.directions;
    if (layer.clip > 0.0)
      x = x < -layer.clip ? -layer.clip : x > layer.clip ? layer.clip : x;
    return layer.activations[direction * perDirection + number](x);
  }

private:
  double getBias(int64_t position) const {
    return layer.bias
               ? layer.bias->floats()[direction * 2 * layer.gates * layer.cell +
                                      position]
               : 0.0;
  }
};

/// H[t] := f(X[t] * W^T + Wb + H[t-1] * R^T + Rb)
void stepRnn(const DirectionWeights &p, const double *x, RowState &state) {
  const Layer &layer = p.layer;
  std::vector<double> next(layer.hidden);
  for (int64_t j = 0; j < layer.hidden; ++j)
    next[j] =
        p.activate(0, dot(x, p.w(j), layer.features) + p.wb(j) +
                          dot(state.h.data(), p.r(j), layer.hidden) + p.rb(j));
  state.h = std::move(next);
}

/// Gates z, r, h.
void stepGru(const DirectionWeights &p, const double *x, RowState &state,
             bool linearBeforeReset) {
  const Layer &layer = p.layer;
  int64_t size = layer.hidden;
  auto sum = [&](int64_t row) {
    return dot(x, p.w(row), layer.features) +
           dot(state.h.data(), p.r(row), size) + p.wb(row) + p.rb(row);
  };
  std::vector<double> z(size), r(size), resetH(size), next(size);
  for (int64_t j = 0; j < size; ++j) {
    z[j] = p.activate(0, sum(j));
    r[j] = p.activate(0, sum(size + j));
    resetH[j] = r[j] * state.h[j];
  }
  for (int64_t j = 0; j < size; ++j) {
    int64_t row = 2 * size + j;
    double inner =
        linearBeforeReset
            ? r[j] * (dot(state.h.data(), p.r(row), size) + p.rb(row))
            : dot(resetH.data(), p.r(row), size) + p.rb(row);
    double h =
        p.activate(1, dot(x, p.w(row), layer.features) + inner + p.wb(row));
    next[j] = (1.0 - z[j]) * h + z[j] * state.h[j];
  }
  state.h = std::move(next);
}

/// Gates i, o, f, c.
void stepLstm(const DirectionWeights &p, const double *x, RowState &state,
              bool inputForget) {
  const Layer &layer = p.layer;
  int64_t size = layer.cell;
  auto sum = [&](int64_t gate, int64_t j) {
    int64_t row = gate * size + j;
    return p.inputProduct(row, x) + p.recurrentProduct(row, state) + p.wb(row) +
           p.rb(row);
  };
  std::vector<double> output(size);
  for (int64_t j = 0; j < size; ++j) {
    double before = state.c[j];
    double i = p.activate(0, sum(0, j) + p.peephole(0, j) * before);
    double f = inputForget
                   ? 1.0 - i
                   : p.activate(0, sum(2, j) + p.peephole(2, j) * before);
    double c = p.activate(1, sum(3, j));
    double after = f * before + i * c;
    double o = p.activate(0, sum(1, j) + p.peephole(1, j) * after);
    state.c[j] = after;
    output[j] = o * p.activate(2, after);
  }
  if (layer.projection) {
    std::vector<double> projected(layer.hidden);
    for (int64_t j = 0; j < layer.hidden; ++j)
      projected[j] = dot(output.data(), p.projection(j), size);
    output = std::move(projected);
  }
  state.h = std::move(output);
}

/// How floats of a range that contains 0 are rounded to bytes.
struct ByteRange {
  float low = 0, high = 0;

  void include(double x) {
    low = std::min(low, static_cast<float>(x));
    high = std::max(high, static_cast<float>(x));
  }
  float getScale() const { return high == low ? 1.0F : (high - low) / 255.0F; }
  double getZero() const {
    return std::min(std::nearbyint(double(-low / getScale())), 255.0);
  }
  /// The byte that `x` is rounded to, less the zero point.
  double round(double x) const {
    double number =
        std::nearbyint(double(static_cast<float>(x) / getScale())) + getZero();
    return std::clamp(number, 0.0, 255.0) - getZero();
  }
};

/// Rounds the hidden states of the rows of one step, by their range.
void quantizeStates(llvm::ArrayRef<RowState *> states) {
  ByteRange range;
  for (const RowState *state : states)
    for (double x : state->h)
      range.include(x);
  for (RowState *state : states) {
    state->scale = range.getScale();
    state->bytes.clear();
    for (double x : state->h)
      state->bytes.push_back(range.round(x));
  }
}

/// Rounds the input, and takes zero points off the weights.
void quantizeLayer(Layer &layer) {
  ByteRange range;
  for (double x : layer.input->floats())
    range.include(x);
  layer.inputScale = range.getScale();
  for (double x : layer.input->floats())
    layer.inputBytes.push_back(range.round(x));
  for (auto [weight, bytes] :
       {std::pair(layer.weight, &layer.byteWeight),
        std::pair(layer.recurrent, &layer.byteRecurrent)}) {
    auto numberOf = [isSigned = bytes->isSigned](int64_t byte) {
      return isSigned ? static_cast<int8_t>(byte) : static_cast<uint8_t>(byte);
    };
    int64_t rows = weight->getDim(1), depth = weight->getDim(2);
    for (auto [place, byte] : llvm::enumerate(weight->ints())) {
      auto row = static_cast<int64_t>(place) / depth;
      int64_t zero = 0;
      if (bytes->zero)
        zero = numberOf(
            bytes->zero
                ->ints()[bytes->zero->getDim(1) == 1 ? row / rows : row]);
      bytes->numbers.push_back(static_cast<double>(numberOf(byte) - zero));
    }
  }
}

/// Fails unless the operands have the shapes that the documents require.
llvm::Error checkLayer(Operation &op, const Layer &layer) {
  int64_t d = layer.directions, g = layer.gates, h = layer.cell,
          p = layer.hidden;
  auto check = [&](const Tensor *value, llvm::ArrayRef<int64_t> shape,
                   const char *name) {
    return value ? checkShape(op, value->getShape(), shape, name)
                 : llvm::Error::success();
  };
  auto state = [&](int64_t size) {
    return layer.batchFirst ? Shape{layer.batch, d, size}
                            : Shape{d, layer.batch, size};
  };
  if (llvm::Error error =
          check(layer.weight, {d, g * h, layer.features}, "weight"))
    return error;
  if (llvm::Error error = check(layer.recurrent, {d, g * h, p}, "recurrent"))
    return error;
  if (llvm::Error error = check(layer.bias, {d, 2 * g * h}, "bias"))
    return error;
  if (llvm::Error error = check(layer.lengths, {layer.batch}, "lengths"))
    return error;
  if (llvm::Error error = check(layer.initialH, state(p), "initial_h"))
    return error;
  if (llvm::Error error = check(layer.initialC, state(h), "initial_c"))
    return error;
  if (llvm::Error error = check(layer.peephole, {d, 3 * h}, "peephole"))
    return error;
  if (llvm::Error error = check(layer.projection, {d, p, h}, "projection"))
    return error;
  if (!layer.projection && p != h)
    return makeError(op, "the hidden size is " + llvm::Twine(p) +
                             " and the cell size " + llvm::Twine(h) +
                             ", but there is no projection");
  if (layer.lengths)
    for (auto [row, length] : llvm::enumerate(layer.lengths->ints()))
      if (length < 0 || length > layer.time)
        return makeError(op, "length " + llvm::Twine(length) + " of row " +
                                 llvm::Twine(row) + " is outside [0, " +
                                 llvm::Twine(layer.time) + "]");
  return llvm::Error::success();
}

/// Reads what all layers have. `defaults` are the activations of one direction.
template <typename CellOpTy>
llvm::Expected<Layer> readLayer(CellOpTy cell, const OperandValues &values,
                                int64_t gates,
                                llvm::ArrayRef<seq::Activation> defaults) {
  Operation &op = *cell;
  Layer layer;
  layer.input = values.get(cell.getInput());
  layer.weight = values.get(cell.getWeight());
  layer.recurrent = values.get(cell.getRecurrent());
  layer.bias = values.get(cell.getBias());
  layer.lengths = values.get(cell.getLengths());
  layer.initialH = values.get(cell.getInitialH());
  layer.direction = cell.getDirection();
  layer.batchFirst = cell.getBatchFirst();
  if (std::optional<llvm::APFloat> clip = cell.getClip())
    layer.clip = clip->convertToFloat();
  layer.gates = gates;
  layer.directions = layer.direction == seq::Direction::Bidirectional ? 2 : 1;
  layer.time = layer.input->getDim(layer.batchFirst ? 1 : 0);
  layer.batch = layer.input->getDim(layer.batchFirst ? 0 : 1);
  layer.features = layer.input->getDim(2);
  layer.cell = layer.weight->getDim(1) / gates;
  layer.hidden = layer.recurrent->getDim(2);

  llvm::SmallVector<seq::Activation> functions;
  if (ArrayAttr given = cell.getActivationsAttr())
    functions = seq::getActivationList(given);
  else
    for (int64_t direction = 0; direction < layer.directions; ++direction)
      llvm::append_range(functions, defaults);
  if (functions.size() != defaults.size() * layer.directions)
    return makeError(op, "found " + llvm::Twine(functions.size()) +
                             " activations, required " +
                             llvm::Twine(defaults.size() * layer.directions));
  auto getNumbers = [](std::optional<ArrayAttr> attribute) {
    llvm::SmallVector<double> numbers;
    if (attribute)
      for (FloatAttr number : attribute->template getAsRange<FloatAttr>())
        numbers.push_back(number.getValueAsDouble());
    return numbers;
  };
  layer.activations =
      getActivations(functions, getNumbers(cell.getActivationAlpha()),
                     getNumbers(cell.getActivationBeta()));
  return layer;
}

/// Results of a layer and where their elements lie.
struct LayerResults {
  Tensor y, yH, yC;
};

/// Runs a layer: every direction, row and step. `step` advances a row's state.
llvm::Expected<LayerResults>
runLayer(Interpreter &interpreter, Operation &op, const Layer &layer,
         llvm::function_ref<void(const DirectionWeights &, const double *,
                                 RowState &)>
             step) {
  if (llvm::Error error = checkLayer(op, layer))
    return error;
  int64_t t = layer.time, b = layer.batch, d = layer.directions,
          p = layer.hidden, h = layer.cell;
  ElementKind kind = layer.input->getKind();
  auto stateShape = [&](int64_t size) {
    return layer.batchFirst ? Shape{b, d, size} : Shape{d, b, size};
  };
  llvm::Expected<Tensor> y = interpreter.allocate(
      op, kind, layer.batchFirst ? Shape{b, t, d, p} : Shape{t, d, b, p});
  if (!y)
    return y.takeError();
  LayerResults results{std::move(*y), Tensor(kind, stateShape(p)),
                       Tensor(kind, stateShape(h))};
  double *outY = results.y.mutableFloats().data();
  double *outH = results.yH.mutableFloats().data(),
         *outC = results.yC.mutableFloats().data();

  for (int64_t direction = 0; direction < d; ++direction) {
    DirectionWeights weights{layer, direction};
    bool reverse = layer.direction == seq::Direction::Reverse || direction == 1;
    auto placeOf = [&](int64_t row) {
      return layer.batchFirst ? row * d + direction : direction * b + row;
    };
    std::vector<RowState> states(b);
    for (int64_t row = 0; row < b; ++row) {
      RowState &state = states[row];
      state.h.assign(p, 0.0);
      state.c.assign(h, 0.0);
      if (layer.initialH)
        std::copy_n(layer.initialH->floats().data() + placeOf(row) * p, p,
                    state.h.data());
      if (layer.initialC)
        std::copy_n(layer.initialC->floats().data() + placeOf(row) * h, h,
                    state.c.data());
    }
    for (int64_t count = 0; count < t; ++count) {
      auto lengthOf = [&](int64_t row) {
        return layer.lengths ? layer.lengths->ints()[row] : t;
      };
      if (layer.isQuantized) {
        llvm::SmallVector<RowState *> living;
        for (int64_t row = 0; row < b; ++row)
          if (count < lengthOf(row))
            living.push_back(&states[row]);
        quantizeStates(living);
      }
      for (int64_t row = 0; row < b; ++row) {
        int64_t length = lengthOf(row);
        if (count >= length)
          continue;
        RowState &state = states[row];
        int64_t time = reverse ? length - 1 - count : count;
        int64_t inputRow = layer.batchFirst ? row * t + time : time * b + row;
        step(weights, layer.x(inputRow), state);
        int64_t outputRow = layer.batchFirst ? (row * t + time) * d + direction
                                             : (time * d + direction) * b + row;
        std::copy_n(state.h.data(), p, outY + outputRow * p);
      }
    }
    for (int64_t row = 0; row < b; ++row) {
      std::copy_n(states[row].h.data(), p, outH + placeOf(row) * p);
      std::copy_n(states[row].c.data(), h, outC + placeOf(row) * h);
    }
  }
  return results;
}

} // namespace

static llvm::Expected<Results>
evaluateRnn(Interpreter &interpreter, Operation &op,
            llvm::MutableArrayRef<Tensor> operands) {
  llvm::Expected<Layer> layer =
      readLayer(cast<seq::RnnOp>(op), OperandValues(op, operands), 1,
                {seq::Activation::Tanh});
  if (!layer)
    return layer.takeError();
  llvm::Expected<LayerResults> results =
      runLayer(interpreter, op, *layer, stepRnn);
  if (!results)
    return results.takeError();
  return Results{std::move(results->y), std::move(results->yH)};
}

static llvm::Expected<Results>
evaluateGru(Interpreter &interpreter, Operation &op,
            llvm::MutableArrayRef<Tensor> operands) {
  auto gru = cast<seq::GruOp>(op);
  llvm::Expected<Layer> layer =
      readLayer(gru, OperandValues(op, operands), 3,
                {seq::Activation::Sigmoid, seq::Activation::Tanh});
  if (!layer)
    return layer.takeError();
  bool linear = gru.getLinearBeforeReset();
  llvm::Expected<LayerResults> results =
      runLayer(interpreter, op, *layer,
               [&](const DirectionWeights &weights, const double *x,
                   RowState &state) { stepGru(weights, x, state, linear); });
  if (!results)
    return results.takeError();
  return Results{std::move(results->y), std::move(results->yH)};
}

static llvm::Expected<Results>
evaluateLstm(Interpreter &interpreter, Operation &op,
             llvm::MutableArrayRef<Tensor> operands) {
  auto lstm = cast<seq::LstmOp>(op);
  OperandValues values(op, operands);
  llvm::Expected<Layer> layer = readLayer(
      lstm, values, 4,
      {seq::Activation::Sigmoid, seq::Activation::Tanh, seq::Activation::Tanh});
  if (!layer)
    return layer.takeError();
  layer->initialC = values.get(lstm.getInitialC());
  layer->peephole = values.get(lstm.getPeephole());
  layer->projection = values.get(lstm.getProjection());
  layer->isQuantized = lstm.isQuantized();
  layer->byteWeight = {values.get(lstm.getWeightScale()),
                       values.get(lstm.getWeightZero()),
                       lstm.getWeightSigned(),
                       {}};
  layer->byteRecurrent = {values.get(lstm.getRecurrentScale()),
                          values.get(lstm.getRecurrentZero()),
                          lstm.getRecurrentSigned(),
                          {}};
  if (layer->isQuantized)
    quantizeLayer(*layer);
  bool inputForget = lstm.getInputForget();
  llvm::Expected<LayerResults> results = runLayer(
      interpreter, op, *layer,
      [&](const DirectionWeights &weights, const double *x, RowState &state) {
        stepLstm(weights, x, state, inputForget);
      });
  if (!results)
    return results.takeError();
  return Results{std::move(results->y), std::move(results->yH),
                 std::move(results->yC)};
}

void addCellHandlers(HandlerTable &table) {
  table["seq.rnn"] = evaluateRnn;
  table["seq.gru"] = evaluateGru;
  table["seq.lstm"] = evaluateLstm;
}

} // namespace seqc::reference
