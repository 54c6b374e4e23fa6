//===- ImportRecurrent.cpp - rnn, gru and lstm layers ---------------------===//
//
// Weights come as PyTorch names and orders them (gates i f g o and r z n); the
// ops want ONNX's order (i o f c and z r h). Gates are rows of one matrix, so
// each gate is a weight reference of its own into the file, and the order costs
// no copy.
//
//===----------------------------------------------------------------------===//

#include "frontends/YAML/Importer.h"

#include "dialect/Seq/IR/Activations.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"

using namespace llvm;

namespace seqc::yaml {

/// Builds one layer of kind rnn, gru or lstm.
class RecurrentImport {
public:
  RecurrentImport(Importer &importer, LayerContext &layer);

  Signal run();

private:
  /// The values a stacked layer leaves: output and final states.
  struct Result {
    Tensor y, h, c;
  };

  /// False where an attribute that weights depend on is absent or wrong.
  bool readAttributes();
  /// Checks that there are as many `values` as activations that take one, or
  /// none.
  void checkFactors(StringRef key, ArrayRef<double> values, size_t count);
  Signal buildOuter(const Signal &input);
  Signal buildStep(const Signal &input);
  /// One op: layer `index` of the stack.
  Result buildOp(Emitter &e, int64_t index, Tensor x, mlir::Value lengths,
                 Tensor h0, Tensor c0);
  /// The weight `name` of one layer in both directions, gate blocks in ONNX's
  /// order:
  /// `[directions, gates * rows, columns]`, without the last if `columns` is 0.
  void appendGates(SmallVectorImpl<Tensor> &parts, StringRef name,
                   int64_t index, int64_t direction, ArrayRef<int64_t> order,
                   int64_t columns);
  std::string suffix(int64_t index, int64_t direction) const;
  /// Joins the parts of both directions, if there are any: `[directions, …]`.
  /// Outside of a step: weights do not change in it.
  mlir::Value stackDirections(ArrayRef<Tensor> parts);

  bool isLstm() const { return layer.kind == "lstm"; }
  /// Directions side by side in the features; they are dimension `dim` of `x`,
  /// in front of the batch.
  Tensor joinDirections(Tensor x, int64_t dim);
  int64_t outputSize() const { return projection ? projection : size; }

  Importer &importer;
  LayerContext &layer;
  MappingReader reader;
  /// PyTorch's position of each gate, in ONNX's order.
  SmallVector<int64_t> gateOrder;
  int64_t size = 0, depth = 1, projection = 0, directions = 1;
  seq::Direction direction = seq::Direction::Forward;
  bool hasBias = true, inputForget = false, linearBeforeReset = true,
       peepholes = false;
  SmallVector<seq::Activation> activations;
  std::vector<double> alpha, beta;
  std::optional<double> clip;
};

/// Keys of a recurrent layer of `kind`.
static SmallVector<StringRef> keysOf(StringRef kind) {
  SmallVector<StringRef> keys = {"kind", "weights",         "input",
                                 "size", "depth",           "direction",
                                 "bias", "activations",     "activation_alpha",
                                 "clip", "activation_beta", "initial"};
  if (kind == "lstm")
    keys.append({"projection", "input_forget", "peepholes"});
  if (kind == "gru")
    keys.push_back("linear_before_reset");
  return keys;
}

RecurrentImport::RecurrentImport(Importer &importer, LayerContext &layer)
    : importer(importer), layer(layer),
      reader(importer.reporter, *layer.node, layer.user.subject,
             keysOf(layer.kind)) {
  if (isLstm())
    gateOrder = {0, 3, 1, 2};
  else if (layer.kind == "gru")
    gateOrder = {1, 0, 2};
  else
    gateOrder = {0};
}

bool RecurrentImport::readAttributes() {
  std::optional<int64_t> given = importer.getSize(reader, "size");
  depth = reader.getInteger("depth", 1, 64).value_or(1);
  std::optional<std::string> word =
      reader.getWord("direction", {"forward", "reverse", "bidirectional"});
  direction = *seq::symbolizeDirection(word.value_or("forward"));
  bool isKnown = word.has_value() == reader.has("direction");
  directions = !isKnown || direction == seq::Direction::Bidirectional ? 2 : 1;
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
  size_t perDirection = isLstm() ? 3 : layer.kind == "gru" ? 2 : 1;
  if (!activations.empty() && activations.size() != perDirection &&
      activations.size() != perDirection * directions) {
    reader.errorAt("activations", Twine(activations.size()) +
                                      " activations are given; required are " +
                                      Twine(perDirection) +
                                      ", or that for each direction");
    activations.clear();
  }
  auto [withAlpha, withBeta] = seq::countFactors(activations);
  checkFactors("activation_alpha", alpha, withAlpha);
  checkFactors("activation_beta", beta, withBeta);
  if (activations.size() == perDirection && directions == 2) {
    activations.append(SmallVector<seq::Activation>(activations));
    std::vector<double> a = alpha, b = beta;
    alpha.insert(alpha.end(), a.begin(), a.end());
    beta.insert(beta.end(), b.begin(), b.end());
  }
  size = given.value_or(0);
  return given && isKnown;
}

void RecurrentImport::checkFactors(StringRef key, ArrayRef<double> values,
                                   size_t count) {
  if (!values.empty() && values.size() != count)
    reader.errorAt(key, Twine(values.size()) + " values are given for " +
                            Twine(count) +
                            " activations that take one; required is one "
                            "each, or none for ONNX's defaults");
}

std::string RecurrentImport::suffix(int64_t index, int64_t direction) const {
  // The cells of PyTorch (nn.LSTMCell) have names without a layer.
  const std::string base = layer.prefix + ".weight_ih";
  if (depth == 1 && directions == 1 && !importer.weights.has(base + "_l0") &&
      importer.weights.has(base))
    return "";
  return "_l" + std::to_string(index) + (direction == 1 ? "_reverse" : "");
}

void RecurrentImport::appendGates(SmallVectorImpl<Tensor> &parts,
                                  StringRef name, int64_t index,
                                  int64_t direction, ArrayRef<int64_t> order,
                                  int64_t columns) {
  SmallVector<int64_t> shape = {static_cast<int64_t>(order.size()) * size};
  if (columns)
    shape.push_back(columns);
  std::string full = layer.prefix + "." + name.str() + suffix(index, direction);
  for (int64_t gate : order)
    parts.push_back(
        importer.weights.getRows(full, shape, gate * size, size, layer.user));
}

mlir::Value RecurrentImport::stackDirections(ArrayRef<Tensor> parts) {
  if (parts.empty())
    return {};
  Emitter &e = importer.outer;
  Tensor joined = frontend::concat(e, parts, 0);
  Extents sizes;
  for (int64_t extent : joined.getShape())
    sizes.push_back(e.getBuilder().getIndexAttr(extent));
  sizes.front() =
      e.getBuilder().getIndexAttr(joined.getShape()[0] / directions);
  sizes.insert(sizes.begin(), e.getBuilder().getIndexAttr(directions));
  return e.reshape(joined, sizes).value;
}

RecurrentImport::Result RecurrentImport::buildOp(Emitter &e, int64_t index,
                                                 Tensor x, mlir::Value lengths,
                                                 Tensor h0, Tensor c0) {
  int64_t features = x.getShape().back();
  SmallVector<Tensor> w, r, bias, peephole, projected;
  for (int64_t d = 0; d < directions; ++d) {
    appendGates(w, "weight_ih", index, d, gateOrder, features);
    appendGates(r, "weight_hh", index, d, gateOrder, outputSize());
    if (hasBias) {
      appendGates(bias, "bias_ih", index, d, gateOrder, 0);
      appendGates(bias, "bias_hh", index, d, gateOrder, 0);
    }
    if (peepholes)
      appendGates(peephole, "peephole", index, d, {0, 2, 1}, 0);
    if (projection)
      projected.push_back(
          importer.weights.get(layer.prefix + ".weight_hr" + suffix(index, d),
                               {projection, size}, layer.user));
  }
  mlir::Value weight = stackDirections(w), recurrent = stackDirections(r),
              biases = stackDirections(bias),
              peepholeWeight = stackDirections(peephole),
              projectionWeight = stackDirections(projected);

  mlir::OpBuilder &ops = e.getBuilder();
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

  // Extents and type of a result `[(time,) directions, batch, size]`.
  auto shapeOf = [&](int64_t size, bool hasTime) {
    Extents sizes = {ops.getIndexAttr(directions), e.extent(x, 1),
                     ops.getIndexAttr(size)};
    if (hasTime)
      sizes.insert(sizes.begin(), e.extent(x, 0));
    return sizes;
  };
  auto typeOf = [&](int64_t size, bool hasTime) {
    SmallVector<int64_t> shape = {directions, mlir::ShapedType::kDynamic, size};
    if (hasTime)
      shape.insert(shape.begin(), x.getShape()[0]);
    return mlir::RankedTensorType::get(shape, e.storage(DataType::Float));
  };
  auto y = typeOf(outputSize(), true), h = typeOf(outputSize(), false);
  Result result;
  auto note = [&](mlir::Value made, int64_t size, bool hasTime) {
    return frontend::withExtents(e, made, DataType::Float,
                                 shapeOf(size, hasTime));
  };
  auto noteBoth = [&](auto op) {
    result.y = note(op.getY(), outputSize(), true);
    result.h = note(op.getYH(), outputSize(), false);
  };
  if (isLstm()) {
    auto op = seq::LstmOp::create(
        ops, e.getLoc(), y, h, typeOf(size, false), x.value, weight, recurrent,
        biases, lengths, h0.value, c0.value, peepholeWeight, projectionWeight,
        /*weight_scale=*/mlir::Value(), /*weight_zero=*/mlir::Value(),
        /*recurrent_scale=*/mlir::Value(), /*recurrent_zero=*/mlir::Value(),
        direction, functions, floats(alpha), floats(beta), bound, inputForget);
    noteBoth(op);
    result.c = note(op.getYC(), size, false);
  } else if (layer.kind == "gru") {
    noteBoth(seq::GruOp::create(ops, e.getLoc(), y, h, x.value, weight,
                                recurrent, biases, lengths, h0.value, direction,
                                functions, floats(alpha), floats(beta), bound,
                                linearBeforeReset));
  } else {
    noteBoth(seq::RnnOp::create(ops, e.getLoc(), y, h, x.value, weight,
                                recurrent, biases, lengths, h0.value, direction,
                                functions, floats(alpha), floats(beta), bound));
  }
  return result;
}

Signal RecurrentImport::buildOuter(const Signal &input) {
  Emitter &e = importer.outer;
  auto number = [&](int64_t n) { return e.getBuilder().getIndexAttr(n); };
  int64_t count = depth * directions;
  Tensor h0 = importer.readInitialState(reader, "h", count, outputSize()), c0;
  if (isLstm())
    c0 = importer.readInitialState(reader, "c", count, size);
  auto initialOf = [&](Tensor stack, int64_t index) {
    return stack ? e.sliceDim(stack, 0, number(index * directions),
                              number(directions))
                 : stack;
  };

  Tensor x = importer.timeMajor(input);
  SmallVector<Tensor> finalH, finalC;
  for (int64_t index = 0; index < depth; ++index) {
    Result result = buildOp(e, index, x, input.lengths, initialOf(h0, index),
                            initialOf(c0, index));
    finalH.push_back(result.h);
    if (result.c)
      finalC.push_back(result.c);
    x = joinDirections(result.y, 1);
  }

  auto defineFinal = [&](StringRef state, ArrayRef<Tensor> finals) {
    importer.define(layer.name + "." + state.str(),
                    Importer::makeSignal(Signal::Kind::State,
                                         frontend::concat(e, finals, 0), count),
                    layer.user.position);
    importer.define(layer.name + ".last_" + state.str(),
                    Importer::makeSignal(Signal::Kind::Vector,
                                         joinDirections(finals.back(), 0)),
                    layer.user.position);
  };
  defineFinal("h", finalH);
  if (isLstm())
    defineFinal("c", finalC);

  Signal result = importer.withValue(input, x);
  result.timeMajor = true;
  return result;
}

Tensor RecurrentImport::joinDirections(Tensor x, int64_t dim) {
  Emitter &e = importer.outer;
  if (directions == 1)
    return e.squeeze(x, dim);
  auto axes = to_vector(llvm::seq<int64_t>(0, x.getRank()));
  std::swap(axes[dim], axes[dim + 1]);
  Tensor sideBySide = e.transpose(x, axes);
  Extents sizes = e.extents(sideBySide);
  sizes.pop_back();
  sizes.back() = e.getBuilder().getIndexAttr(directions * x.getShape().back());
  return e.reshape(sideBySide, sizes);
}

Signal RecurrentImport::buildStep(const Signal &input) {
  Emitter &e = *importer.step;
  Tensor x = input.value, lastCell;
  for (int64_t index = 0; index < depth; ++index) {
    auto stateOf = [&](StringRef state) -> StepState * {
      auto it = importer.stepStates.find(layer.name + "." + state.str() +
                                         std::to_string(index));
      return it == importer.stepStates.end() ? nullptr : &it->second;
    };
    StepState *h = stateOf("h"), *c = isLstm() ? stateOf("c") : nullptr;
    if (!h)
      return {};
    Result result =
        buildOp(e, index, e.unsqueeze(x, 0), {}, e.unsqueeze(h->inside, 0),
                c ? e.unsqueeze(c->inside, 0) : Tensor());
    h->next = x = e.squeeze(result.h, 0);
    if (c)
      c->next = lastCell = e.squeeze(result.c, 0);
  }
  if (lastCell)
    importer.define(layer.name + ".last_c",
                    Importer::makeSignal(Signal::Kind::Vector, lastCell),
                    layer.user.position);
  return importer.withValue(input, x);
}

Signal RecurrentImport::run() {
  SmallVector<StringRef> states = {"h"};
  if (isLstm())
    states.push_back("c");
  importer.checkInitial(reader, states);
  Signal input = importer.resolveInput(reader);
  if (!readAttributes() || !input.isValid()) {
    // Later references to the states must not be reported as unknown.
    if (!importer.step)
      for (StringRef state : {"h", "c", "last_h", "last_c"})
        importer.define(layer.name + "." + state.str(), {},
                        layer.user.position);
    return {};
  }
  if (importer.step) {
    if (input.kind != Signal::Kind::Vector)
      return importer.mismatch(reader, "input", input, "a vector of features");
    if (direction != seq::Direction::Forward) {
      reader.errorAt("direction", "a layer of a step runs forward; found '" +
                                      reader.find("direction")->text + "'");
      return {};
    }
    return buildStep(input);
  }
  if (input.kind != Signal::Kind::Sequence)
    return importer.mismatch(reader, "input", input, "a sequence of features");
  return buildOuter(input);
}

Signal Importer::importRecurrent(LayerContext &layer) {
  return RecurrentImport(*this, layer).run();
}

void Importer::checkInitial(MappingReader &reader, ArrayRef<StringRef> states) {
  const Node *initial = reader.find("initial");
  if (initial && initial->isMapping())
    MappingReader(reporter, *initial, reader.getSubject().str() + ", 'initial'",
                  states);
}

bool Importer::isLoneInitial(MappingReader &reader, const Node &initial,
                             StringRef state) {
  auto value = signals.find(initial.text);
  if (value == signals.end() || !value->second.isValid() ||
      (value->second.kind != Signal::Kind::Vector &&
       value->second.kind != Signal::Kind::State) ||
      signals.count(initial.text + "." + state.str()))
    return false;
  if (reportedInitials.insert(&initial).second)
    reader.errorAt(
        "initial",
        "'initial' is '" + initial.text + "', which is " +
            value->second.describe() +
            "; required is the name of a recurrent layer, or a mapping from "
            "states to values, such as {" +
            state + ": " + initial.text + "}");
  return true;
}

Tensor Importer::readInitialState(MappingReader &reader, StringRef state,
                                  int64_t count, int64_t size) {
  const Node *initial = reader.find("initial");
  if (!initial)
    return {};
  // Initial states come from outside of the step, one row each.
  std::unique_ptr<Emitter> hidden;
  std::swap(hidden, step);
  llvm::scope_exit restore([&] { std::swap(hidden, step); });

  Signal signal;
  if (initial->isScalar()) {
    if (isLoneInitial(reader, *initial, state))
      return {};
    Node reference = *initial;
    reference.text += "." + state.str();
    signal = resolve(reference, reader.getSubject());
  } else if (const Node *given = initial->find(state)) {
    signal = resolve(*given, reader.getSubject());
  } else {
    if (!initial->isMapping())
      reader.reject("initial",
                    "the name of a recurrent layer, or a mapping from "
                    "states to values");
    return {};
  }
  if (!signal.isValid())
    return {};
  std::string required =
      "a vector of " + std::to_string(count * size) + " features";
  if (count > 1)
    required += " or a stack of " + std::to_string(count) + " states of " +
                std::to_string(size) + " features";
  if (signal.kind == Signal::Kind::State && signal.count == count &&
      signal.features == size)
    return signal.value;
  if (signal.kind != Signal::Kind::Vector || signal.features != count * size) {
    reader.errorAt("initial", "initial state '" + state + "' is " +
                                  signal.describe() + "; required is " +
                                  required);
    return {};
  }
  if (count == 1)
    return outer.unsqueeze(signal.value, 0);
  auto number = [&](int64_t n) { return outer.getBuilder().getIndexAttr(n); };
  Tensor parts = outer.reshape(signal.value, {outer.extent(signal.value, 0),
                                              number(count), number(size)});
  return outer.transpose(parts, {1, 0, 2});
}

} // namespace seqc::yaml
