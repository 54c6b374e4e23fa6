//===- ImportRecurrent.cpp - Layers with states ---------------------------===//
//
// Weights of rnn, gru and lstm come as PyTorch names and orders them (gates i f
// g o and r z n); the ops want ONNX's order (i o f c and z r h). Gates are rows
// of one matrix, so each gate is a weight reference of its own into the file,
// and the order costs no copy.
//
//===----------------------------------------------------------------------===//

#include "frontends/YAML/Recurrent.h"

#include "dialect/Seq/IR/Activations.h"

using namespace llvm;

namespace seqc::yaml {

//===----------------------------------------------------------------------===//
// What all of them share
//===----------------------------------------------------------------------===//

bool RecurrentLayer::readDirection() {
  std::optional<std::string> word =
      reader.getWord("direction", {"forward", "reverse", "bidirectional"});
  direction = *seq::symbolizeDirection(word.value_or("forward"));
  bool isKnown = word.has_value() == reader.has("direction");
  directions = !isKnown || direction == seq::Direction::Bidirectional ? 2 : 1;
  return isKnown;
}

Signal RecurrentLayer::run() {
  const Node *given = reader.find("initial");
  if (given && given->isMapping()) {
    SmallVector<StringRef> names;
    for (const State &state : states)
      names.push_back(state.name);
    MappingReader(importer.reporter, *given,
                  (reader.getSubject() + ", 'initial'").str(), names);
  }
  Signal input = importer.resolveInput(reader);
  bool sound = readDirection();
  if (!readAttributes() || !sound || !input.isValid())
    return {};
  if (importer.step) {
    if (!input.isVector())
      return importer.mismatch(reader, "input", input, "a vector of features");
    if (direction != seq::Direction::Forward)
      return reader.errorAt("direction",
                            "a layer of a step runs forward; found '{0}'",
                            seq::stringifyDirection(direction));
    Tensor y = buildStep(input.value);
    return y ? importer.withValue(input, y) : Signal();
  }
  if (!input.isSequence())
    return importer.mismatch(reader, "input", input, "a sequence of features");

  for (State &state : states)
    state.initial = readInitial(state);
  Tensor y = buildSequence(importer.timeMajor(input), input.lengths);
  if (!y)
    return {};
  Emitter &e = importer.outer;
  for (const State &state : states) {
    define(state.name,
           {Signal::Kind::State, frontend::concat(e, state.finals, 0),
            depth * directions});
    define(
        "last_" + state.name,
        {Signal::Kind::Vector, frontend::joinFeatures(e, state.finals.back())});
  }
  Signal result = importer.withValue(input, y);
  result.timeMajor = true;
  return result;
}

//===----------------------------------------------------------------------===//
// States
//===----------------------------------------------------------------------===//

StepState *RecurrentLayer::findState(const State &state, int64_t index) const {
  auto it = importer.stepStates.find(keyOf(state, index));
  return it == importer.stepStates.end() ? nullptr : &it->second;
}

void RecurrentLayer::declareStates(Position position) {
  bool sound;
  {
    auto muted = importer.reporter.mute();
    sound = readAttributes();
  }
  Signal previous;
  if (sound) {
    for (State &state : states)
      state.initial = readInitial(state);
    for (int64_t index = 0; index < depth; ++index)
      for (const State &state : states) {
        Tensor inside = importer.declareState(keyOf(state, index),
                                              state.initial, index, state.size);
        if (&state == getOutput())
          previous = {Signal::Kind::Vector, inside};
      }
  }
  if (getOutput())
    importer.define(layer.name + ".previous", previous, position);
}

bool RecurrentLayer::isLoneInitial(const Node &initial, StringRef state) {
  const Signal *value = importer.find(initial.text);
  if (!value || (!value->isVector() && value->kind != Signal::Kind::State) ||
      importer.find((initial.text + "." + state).str()))
    return false;
  if (importer.reportedInitials.insert(&initial).second)
    reader.errorAt(
        "initial",
        "'initial' is '{0}', which is {1}; required is the name of a recurrent "
        "layer, or a mapping from states to values, such as {{{2}: {0}}",
        initial.text, value->describe(), state);
  return true;
}

Tensor RecurrentLayer::readInitial(const State &state) {
  const Node *initial = reader.find("initial");
  if (!initial)
    return {};
  // Initial states come from outside of the step, one row each.
  llvm::SaveAndRestore outside(importer.step, std::unique_ptr<Emitter>());

  Signal signal;
  if (initial->isScalar()) {
    if (isLoneInitial(*initial, state.name))
      return {};
    Node reference = *initial;
    reference.text += "." + state.name;
    signal = importer.resolve(reference, reader.getSubject());
  } else if (const Node *given = initial->find(state.name)) {
    signal = importer.resolve(*given, reader.getSubject());
  } else if (!initial->isMapping()) {
    reader.reject(
        "initial",
        "the name of a recurrent layer, or a mapping from states to values");
  }
  int64_t count = depth * directions;
  if (!signal.isValid() ||
      (signal.kind == Signal::Kind::State && signal.count == count &&
       signal.features == state.size))
    return signal.value;
  if (!signal.isVector() || signal.features != count * state.size) {
    std::string stack =
        formatv(" or a stack of {0} states of {1} features", count, state.size);
    return reader.errorAt(
        "initial",
        "initial state '{0}' is {1}; required is a vector of {2} "
        "features{3}",
        state.name, signal.describe(), count * state.size,
        count > 1 ? stack : "");
  }
  Emitter &e = importer.outer;
  if (count == 1)
    return e.unsqueeze(signal.value, 0);
  Tensor parts = e.reshape(signal.value, {e.extent(signal.value, 0),
                                          e.fixed(count), e.fixed(state.size)});
  return e.transpose(parts, {1, 0, 2});
}

//===----------------------------------------------------------------------===//
// rnn, gru and lstm
//===----------------------------------------------------------------------===//

/// A layer of kind rnn, gru or lstm.
class GatedLayer : public RecurrentLayer {
public:
  GatedLayer(Importer &importer, LayerContext &layer);

private:
  /// What a layer of the stack leaves: output and final states.
  struct Result {
    Tensor y;
    SmallVector<Tensor> finals;
  };

  bool readAttributes() override;
  const State *getOutput() const override { return &states.front(); }
  Tensor buildStep(Tensor x) override;
  Tensor buildSequence(Tensor x, Value lengths) override;
  /// One op: layer `index` of the stack.
  Result buildOp(Emitter &e, int64_t index, Tensor x, Value lengths,
                 ArrayRef<Tensor> initial);
  /// The weights `names` of one layer in every direction, one after another,
  /// blocks of `rows` rows of each in the order of `gates`: `[directions, names
  /// * gates * rows, columns]`, without the last if `columns` is 0. Outside of a
  /// step: weights do not change in it.
  Value stackGates(ArrayRef<StringRef> names, int64_t index,
                   ArrayRef<int64_t> gates, int64_t columns, int64_t rows);
  std::string suffix(int64_t index, int64_t direction) const;

  bool isLstm() const { return layer.kind == "lstm"; }
  bool isGru() const { return layer.kind == "gru"; }
  int64_t outputSize() const { return states.front().size; }

  /// PyTorch's position of each gate, in ONNX's order.
  SmallVector<int64_t> gateOrder = {0};
  int64_t size = 0, projection = 0;
  bool hasBias = true, inputForget = false, linearBeforeReset = true,
       peepholes = false;
  SmallVector<seq::Activation> activations;
  std::vector<double> alpha, beta;
  std::optional<double> clip;
};

GatedLayer::GatedLayer(Importer &importer, LayerContext &layer)
    : RecurrentLayer(importer, layer) {
  states.push_back({"h"});
  if (isLstm()) {
    states.push_back({"c"});
    gateOrder = {0, 3, 1, 2};
  } else if (isGru()) {
    gateOrder = {1, 0, 2};
  }
}

bool GatedLayer::readAttributes() {
  std::optional<int64_t> given = importer.getSize(reader, "size");
  depth = reader.getInteger("depth", 1, 64).value_or(1);
  hasBias = reader.getBool("bias", true);
  projection = reader.getInteger("projection", 1).value_or(0);
  inputForget = reader.getBool("input_forget", false);
  peepholes = reader.getBool("peepholes", false);
  linearBeforeReset = reader.getBool("linear_before_reset", true);
  for (StringRef name :
       reader.getWords("activations", seq::getActivationNames()))
    activations.push_back(*seq::symbolizeActivation(name));
  alpha = reader.getNumbers("activation_alpha");
  beta = reader.getNumbers("activation_beta");
  clip = reader.getNumber(
      "clip", [](double bound) { return bound > 0; }, "a number above 0");
  size_t perDirection = isLstm() ? 3 : isGru() ? 2 : 1;
  if (!activations.empty() && activations.size() != perDirection &&
      activations.size() != perDirection * directions) {
    reader.errorAt("activations",
                   "{0} activations are given; required are {1}, or that for "
                   "each direction",
                   activations.size(), perDirection);
    activations.clear();
  }
  auto [withAlpha, withBeta] = seq::countFactors(activations);
  for (auto [key, values, count] :
       {std::tuple("activation_alpha", &alpha, withAlpha),
        std::tuple("activation_beta", &beta, withBeta)})
    if (!values->empty() && values->size() != count)
      reader.errorAt(key,
                     "{0} values are given for {1} activations that take one; "
                     "required is one each, or none for ONNX's defaults",
                     values->size(), count);
  auto repeat = [](auto &list) {
    auto copy = list;
    llvm::append_range(list, copy);
  };
  if (activations.size() == perDirection && directions == 2) {
    repeat(activations);
    repeat(alpha);
    repeat(beta);
  }
  size = given.value_or(0);
  for (State &state : states)
    state.size = size;
  if (projection)
    states.front().size = projection;
  return given.has_value();
}

std::string GatedLayer::suffix(int64_t index, int64_t direction) const {
  // The cells of PyTorch (nn.LSTMCell) have names without a layer.
  const std::string base = layer.prefix + ".weight_ih";
  if (depth == 1 && directions == 1 && !importer.weights.has(base + "_l0") &&
      importer.weights.has(base))
    return "";
  return "_l" + std::to_string(index) + (direction == 1 ? "_reverse" : "");
}

Value GatedLayer::stackGates(ArrayRef<StringRef> names, int64_t index,
                             ArrayRef<int64_t> gates, int64_t columns,
                             int64_t rows) {
  Emitter &e = importer.outer;
  SmallVector<int64_t> shape = {static_cast<int64_t>(gates.size()) * rows};
  if (columns)
    shape.push_back(columns);
  SmallVector<Tensor> parts;
  for (int64_t d = 0; d < directions; ++d)
    for (StringRef name : names)
      for (int64_t gate : gates)
        parts.push_back(importer.weights.getRows(
            layer.prefix + "." + name.str() + suffix(index, d), shape,
            gate * rows, rows, layer.user));
  Tensor joined = frontend::concat(e, parts, 0);
  Extents sizes = e.extents(joined);
  sizes.front() = e.fixed(joined.getShape()[0] / directions);
  sizes.insert(sizes.begin(), e.fixed(directions));
  return e.reshape(joined, sizes).value;
}

GatedLayer::Result GatedLayer::buildOp(Emitter &e, int64_t index, Tensor x,
                                       Value lengths,
                                       ArrayRef<Tensor> initial) {
  Value bias, peephole, projected;
  Value weight =
      stackGates({"weight_ih"}, index, gateOrder, x.getShape().back(), size);
  Value recurrent =
      stackGates({"weight_hh"}, index, gateOrder, outputSize(), size);
  if (hasBias)
    bias = stackGates({"bias_ih", "bias_hh"}, index, gateOrder, 0, size);
  if (peepholes)
    peephole = stackGates({"peephole"}, index, {0, 2, 1}, 0, size);
  if (projection)
    projected = stackGates({"weight_hr"}, index, {0}, size, projection);

  OpBuilder &ops = e.getBuilder();
  mlir::ArrayAttr functions;
  if (!activations.empty())
    functions = seq::getActivationArrayAttr(ops.getContext(), activations);
  auto floats = [&](ArrayRef<double> values) -> mlir::ArrayAttr {
    if (values.empty())
      return nullptr;
    SmallVector<float> narrowed(values.begin(), values.end());
    return ops.getF32ArrayAttr(narrowed);
  };
  mlir::FloatAttr bound = clip ? ops.getF32FloatAttr(*clip) : nullptr;

  Extents rows = {e.fixed(directions), e.extent(x, 1), e.fixed(outputSize())};
  Extents steps = rows, cells = rows;
  steps.insert(steps.begin(), e.extent(x, 0));
  cells.back() = e.fixed(size);
  auto typeOf = [&](const Extents &sizes) {
    return e.typeOf(sizes, DataType::Float);
  };
  auto finish = [&](auto op) {
    return Result{e.withExtents(op.getY(), DataType::Float, steps),
                  {e.withExtents(op.getYH(), DataType::Float, rows)}};
  };
  // An RNN or a GRU, which has attributes of its own.
  auto build = [&](auto kind, auto... own) {
    return finish(decltype(kind)::create(
        ops, e.getLoc(), typeOf(steps), typeOf(rows), x.value, weight,
        recurrent, bias, lengths, initial[0].value, direction, functions,
        floats(alpha), floats(beta), bound, own...));
  };
  if (isGru())
    return build(seq::GruOp(), linearBeforeReset);
  if (!isLstm())
    return build(seq::RnnOp());
  auto op = seq::LstmOp::create(
      ops, e.getLoc(), typeOf(steps), typeOf(rows), typeOf(cells), x.value,
      weight, recurrent, bias, lengths, initial[0].value, initial[1].value,
      peephole, projected, /*weight_scale=*/Value(),
      /*weight_zero=*/Value(), /*recurrent_scale=*/Value(),
      /*recurrent_zero=*/Value(), direction, functions, floats(alpha),
      floats(beta), bound, inputForget);
  Result result = finish(op);
  result.finals.push_back(e.withExtents(op.getYC(), DataType::Float, cells));
  return result;
}

Tensor GatedLayer::buildSequence(Tensor x, Value lengths) {
  Emitter &e = importer.outer;
  for (int64_t index = 0; index < depth; ++index) {
    auto own = map_to_vector(states, [&](const State &state) {
      return state.initial
                 ? e.sliceDim(state.initial, 0, e.fixed(index * directions),
                              e.fixed(directions))
                 : Tensor();
    });
    Result result = buildOp(e, index, x, lengths, own);
    for (auto [state, final] : zip(states, result.finals))
      state.finals.push_back(final);
    x = frontend::joinFeatures(e, result.y);
  }
  return x;
}

Tensor GatedLayer::buildStep(Tensor x) {
  Emitter &e = *importer.step;
  SmallVector<Tensor> finals;
  for (int64_t index = 0; index < depth; ++index) {
    SmallVector<Tensor> before;
    for (const State &state : states) {
      StepState *found = findState(state, index);
      if (!found)
        return {};
      before.push_back(e.unsqueeze(found->inside, 0));
    }
    finals = buildOp(e, index, e.unsqueeze(x, 0), {}, before).finals;
    for (auto [state, final] : zip(states, finals))
      findState(state, index)->next = final = e.squeeze(final, 0);
    x = finals.front();
  }
  if (isLstm())
    define("last_c", {Signal::Kind::Vector, finals.back()});
  return x;
}

std::unique_ptr<RecurrentLayer> RecurrentLayer::create(Importer &importer,
                                                       LayerContext &layer) {
  if (is_contained({"rnn", "gru", "lstm"}, StringRef(layer.kind)))
    return std::make_unique<GatedLayer>(importer, layer);
  return std::make_unique<CellLayer>(importer, layer,
                                     importer.cells.find(layer.kind)->second);
}

Signal Importer::importRecurrent(LayerContext &layer) {
  return RecurrentLayer::create(*this, layer)->run();
}

} // namespace seqc::yaml
