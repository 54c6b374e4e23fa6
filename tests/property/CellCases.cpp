//===- CellCases.cpp - Recurrent layers to test ---------------------------===//

#include "tests/property/CellCases.h"

#include <cmath>
#include <stdexcept>

using namespace seqc::test;

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

const std::vector<ActivationInfo> &seqc::test::allActivations() {
  // Parameters keep layers contractive; each differs from ONNX's default, so
  // that a default does not hide one that was ignored.
  static const std::vector<ActivationInfo> infos = {
      {"relu", false, false, 0, 0},
      {"tanh", false, false, 0, 0},
      {"sigmoid", false, false, 0, 0},
      {"affine", true, true, 0.7, 0.1},
      {"leaky_relu", true, false, 0.2, 0},
      {"thresholded_relu", true, false, 5.0, 0},
      {"scaled_tanh", true, true, 0.8, 0.9},
      {"hard_sigmoid", true, true, 0.3, 0.4},
      {"elu", true, false, 0.6, 0},
      {"softsign", false, false, 0, 0},
      {"softplus", false, false, 0, 0},
  };
  return infos;
}

static const ActivationInfo &infoOf(const std::string &name) {
  for (const ActivationInfo &info : allActivations())
    if (name == info.name)
      return info;
  throw std::invalid_argument("unknown activation " + name);
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

static std::string typeOf(const std::vector<std::string> &extents,
                          const char *element = "f32") {
  std::string text = "tensor<";
  for (const std::string &extent : extents)
    text += extent + "x";
  return text + element + ">";
}

static std::string num(int64_t value) { return std::to_string(value); }

static std::string join(const std::vector<std::string> &items) {
  std::string text;
  for (const std::string &item : items)
    text += (text.empty() ? "" : ", ") + item;
  return text;
}

std::string Layer::inputType() const {
  return typeOf({"?", "?", num(config.inputSize)});
}

std::string Layer::stateType(int64_t size) const {
  return config.batchFirst ? typeOf({"?", num(config.directions()), num(size)})
                           : typeOf({num(config.directions()), "?", num(size)});
}

std::vector<std::pair<std::string, std::string>>
Layer::arguments(const std::string &prefix) const {
  int64_t d = config.directions(), h = config.hiddenSize,
          o = config.outputSize(), g = config.gates();
  std::vector<std::pair<std::string, std::string>> list{
      {prefix + "w", typeOf({num(d), num(g * h), num(config.inputSize)})},
      {prefix + "r", typeOf({num(d), num(g * h), num(o)})}};
  if (config.hasBias)
    list.emplace_back(prefix + "b", typeOf({num(d), num(2 * g * h)}));
  if (hasLengths)
    list.emplace_back("l", typeOf({"?"}, "i32"));
  if (config.hasInitial)
    list.emplace_back(prefix + "h0", stateType(o));
  if (config.hasInitial && config.kind == CellKind::Lstm)
    list.emplace_back(prefix + "c0", stateType(h));
  if (config.hasPeephole)
    list.emplace_back(prefix + "p", typeOf({num(d), num(3 * h)}));
  if (config.projectionSize)
    list.emplace_back(prefix + "q", typeOf({num(d), num(o), num(h)}));
  return list;
}

std::vector<std::string> Layer::resultTypes() const {
  std::string d = num(config.directions()), o = num(config.outputSize());
  std::vector<std::string> types{config.batchFirst ? typeOf({"?", "?", d, o})
                                                   : typeOf({"?", d, "?", o}),
                                 stateType(config.outputSize())};
  if (config.kind == CellKind::Lstm)
    types.push_back(stateType(config.hiddenSize));
  return types;
}

std::string Layer::printOp(const std::string &result, const std::string &x,
                           const std::string &prefix) const {
  // The keyword before each argument but the weights.
  auto keywordOf = [&](const std::string &name) -> std::string {
    std::string bare = name == "l" ? name : name.substr(prefix.size());
    return bare == "b"    ? "bias"
           : bare == "l"  ? "lengths"
           : bare == "h0" ? "initial_h"
           : bare == "c0" ? "initial_c"
           : bare == "p"  ? "peephole"
           : bare == "q"  ? "projection"
                          : "";
  };
  const char *op = config.kind == CellKind::Rnn   ? "rnn"
                   : config.kind == CellKind::Gru ? "gru"
                                                  : "lstm";
  std::string operands = "%" + x, types = inputType();
  for (auto &[name, type] : arguments(prefix)) {
    std::string keyword = keywordOf(name);
    operands +=
        keyword.empty() ? ", %" + name : " " + keyword + "(%" + name + ")";
    types += ", " + type;
  }
  std::vector<std::string> results = resultTypes();
  return "  %" + result + ":" + std::to_string(results.size()) + " = seq." +
         op + " " + operands + " " + printAttributes() + " : (" + types +
         ") -> (" + join(results) + ")\n";
}

std::string Layer::printAttributes() const {
  std::vector<std::string> attributes{"direction = #seq.direction<" +
                                      config.direction + ">"};
  if (explicitActivations) {
    std::vector<std::string> names, alphas, betas;
    for (const Activation &activation : config.activations) {
      const ActivationInfo &info = infoOf(activation.name);
      names.push_back("#seq.activation<" + activation.name + ">");
      if (info.hasAlpha)
        alphas.push_back(std::to_string(activation.alpha) + " : f32");
      if (info.hasBeta)
        betas.push_back(std::to_string(activation.beta) + " : f32");
    }
    attributes.push_back("activations = [" + join(names) + "]");
    if (!alphas.empty())
      attributes.push_back("activation_alpha = [" + join(alphas) + "]");
    if (!betas.empty())
      attributes.push_back("activation_beta = [" + join(betas) + "]");
  }
  if (config.clip)
    attributes.push_back("clip = " + std::to_string(*config.clip) + " : f32");
  if (config.inputForget)
    attributes.push_back("input_forget");
  if (config.linearBeforeReset)
    attributes.push_back("linear_before_reset");
  if (config.batchFirst)
    attributes.push_back("batch_first");
  return "{" + join(attributes) + "}";
}

/// Turns `y`, the Y of `layer`, into the x of the next layer; the value is
/// called `result`.
static std::string printReshape(const Layer &layer, const std::string &y,
                                const std::string &result) {
  std::string d = num(layer.config.directions()),
              o = num(layer.config.outputSize());
  std::string joined =
      num(layer.config.directions() * layer.config.outputSize());
  std::string source = layer.resultTypes().front(),
              swapped = typeOf({"?", "?", d, o}), text;
  std::string from = y;
  if (!layer.config.batchFirst) {
    from = result + "_t";
    text = "  %c0_" + result + " = arith.constant 0 : index\n  %c2_" + result +
           " = arith.constant 2 : index\n";
    text += "  %n_" + result + " = tensor.dim %" + y + ", %c0_" + result +
            " : " + source + "\n";
    text += "  %m_" + result + " = tensor.dim %" + y + ", %c2_" + result +
            " : " + source + "\n";
    text += "  %e_" + result + " = tensor.empty(%n_" + result + ", %m_" +
            result + ") : " + swapped + "\n";
    text += "  %" + from + " = linalg.transpose ins(%" + y + " : " + source +
            ") outs(%e_" + result + " : " + swapped +
            ") permutation = [0, 2, 1, 3]\n";
  }
  return text + "  %" + result + " = tensor.collapse_shape %" + from +
         " [[0], [1], [2, 3]] : " + swapped + " into " +
         typeOf({"?", "?", joined}) + "\n";
}

std::string seqc::test::printStack(const std::string &name,
                                   const std::vector<Layer> &layers) {
  std::vector<std::string> arguments{"%x: " + layers.front().inputType()},
      results, types;
  std::string body, x = "x";
  for (size_t i = 0; i < layers.size(); ++i) {
    std::string prefix = "a" + std::to_string(i),
                result = "y" + std::to_string(i);
    for (auto &[argument, type] : layers[i].arguments(prefix))
      if (i == 0 || argument != "l")
        arguments.push_back("%" + argument + ": " + type);
    body += layers[i].printOp(result, x, prefix);
    bool isLast = i + 1 == layers.size();
    if (!isLast) {
      x = "x" + std::to_string(i + 1);
      body += printReshape(layers[i], result + "#0", x);
    }
    std::vector<std::string> own = layers[i].resultTypes();
    for (size_t r = isLast ? 0 : 1; r < own.size(); ++r) {
      results.push_back("%" + result + "#" + std::to_string(r));
      types.push_back(own[r]);
    }
  }
  return "func.func @" + name + "(" + join(arguments) + ") -> (" + join(types) +
         ") {\n" + body + "  return " + join(results) + " : " + join(types) +
         "\n}\n";
}

//===----------------------------------------------------------------------===//
// Generator
//===----------------------------------------------------------------------===//

std::vector<float> CellGenerator::values(int64_t count, double scale) {
  std::uniform_real_distribution<float> range(-scale, scale);
  std::vector<float> result(count);
  for (float &value : result)
    value = range(random);
  return result;
}

void CellGenerator::setDefaultActivations(CellConfig &config) {
  config.activations.clear();
  for (int64_t d = 0; d < config.directions(); ++d) {
    if (config.kind == CellKind::Rnn) {
      config.activations.push_back({"tanh"});
      continue;
    }
    config.activations.push_back({"sigmoid"});
    config.activations.push_back({"tanh"});
    if (config.kind == CellKind::Lstm)
      config.activations.push_back({"tanh"});
  }
}

Layer CellGenerator::base(CellKind kind) {
  Layer layer;
  layer.config.kind = kind;
  layer.config.direction = chance(0.34)  ? "forward"
                           : chance(0.5) ? "reverse"
                                         : "bidirectional";
  layer.config.inputSize = pick({1, 3, 7, 17, 33});
  layer.config.hiddenSize = pick({1, 3, 7, 17, 33});
  setDefaultActivations(layer.config);
  return layer;
}

void CellGenerator::setActivations(Layer &layer, const ActivationInfo *only) {
  for (Activation &activation : layer.config.activations) {
    const ActivationInfo &info =
        only ? *only : allActivations()[random() % allActivations().size()];
    activation = {info.name, info.alpha, info.beta};
  }
  layer.explicitActivations = true;
}

Layer CellGenerator::combined(CellKind kind) {
  Layer layer = base(kind);
  CellConfig &config = layer.config;
  if (chance(0.5))
    setActivations(layer, nullptr);
  if (chance(0.4))
    config.clip = 0.25f + 0.5f * (random() % 4);
  config.hasBias = chance(0.7);
  config.hasInitial = chance(0.5);
  config.batchFirst = chance(0.3);
  layer.hasLengths = chance(0.6);
  if (kind == CellKind::Gru)
    config.linearBeforeReset = chance(0.5);
  if (kind == CellKind::Lstm) {
    config.inputForget = chance(0.3);
    config.hasPeephole = chance(0.4);
    config.projectionSize = chance(0.3) ? pick({1, 3, 7, 17}) : 0;
  }
  return layer;
}

std::vector<Layer> CellGenerator::stacked(CellKind first) {
  CellKind kinds[] = {CellKind::Rnn, CellKind::Gru, CellKind::Lstm};
  std::vector<Layer> layers{combined(first), combined(kinds[random() % 3])};
  layers[1].config.inputSize =
      layers[0].config.directions() * layers[0].config.outputSize();
  layers[1].config.batchFirst = layers[0].config.batchFirst;
  layers[1].hasLengths = layers[0].hasLengths;
  return layers;
}

/// Whether no activation can exceed one by much.
static bool isBounded(const CellConfig &config) {
  for (const Activation &activation : config.activations)
    if (activation.name != "tanh" && activation.name != "sigmoid" &&
        activation.name != "scaled_tanh" && activation.name != "hard_sigmoid" &&
        activation.name != "softsign")
      return false;
  return true;
}

CellInputs CellGenerator::inputs(const Layer &layer, int64_t steps,
                                 int64_t batch, int lengthKind) {
  const CellConfig &c = layer.config;
  int64_t d = c.directions(), h = c.hiddenSize, o = c.outputSize(),
          g = c.gates();
  CellInputs in;
  in.steps = steps;
  in.batch = batch;
  // Rows of the recurrent weight sum to less than one half: contractive for
  // bounded activations. A gate that may exceed one needs smaller weights and a
  // bias that holds it down.
  double damping = isBounded(c) ? 1 : 0.3;
  std::vector<float> x = values(steps * batch * c.inputSize, 1);
  in.x.assign(x.begin(), x.end());
  in.w =
      values(d * g * h * c.inputSize, damping / std::sqrt(double(c.inputSize)));
  in.r = values(d * g * h * o, 0.5 * damping / o);
  if (c.hasBias)
    in.b = values(d * 2 * g * h, 0.3);
  for (float &value : in.b)
    value -= isBounded(c) ? 0 : 0.4f;
  if (c.hasInitial) {
    in.h0 = values(d * batch * o, 0.5);
    in.c0 = values(d * batch * h, 0.5);
  }
  if (c.hasPeephole)
    in.p = values(d * 3 * h, 0.2);
  if (c.projectionSize)
    in.projection = values(d * o * h, 1.0 / h);
  if (layer.hasLengths)
    for (int64_t b = 0; b < batch; ++b)
      in.lengths.push_back(lengthKind == 0   ? 0
                           : lengthKind == 1 ? 1
                           : lengthKind == 2 ? steps
                                             : random() % (steps + 1));
  return in;
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

HostTensor seqc::test::toInputTensor(const Layer &layer, const CellInputs &in) {
  std::vector<int64_t> shape{in.steps, in.batch, layer.config.inputSize};
  if (layer.config.batchFirst)
    std::swap(shape[0], shape[1]);
  return HostTensor::floats(shape, {in.x.begin(), in.x.end()});
}

std::vector<HostTensor> seqc::test::toTensors(const Layer &layer,
                                              const CellInputs &in) {
  const CellConfig &c = layer.config;
  int64_t d = c.directions(), h = c.hiddenSize, o = c.outputSize(),
          g = c.gates(), b = in.batch;
  auto state = [&](int64_t size) {
    return c.batchFirst ? std::vector<int64_t>{b, d, size}
                        : std::vector<int64_t>{d, b, size};
  };
  std::vector<HostTensor> tensors{
      HostTensor::floats({d, g * h, c.inputSize}, in.w),
      HostTensor::floats({d, g * h, o}, in.r)};
  if (c.hasBias)
    tensors.push_back(HostTensor::floats({d, 2 * g * h}, in.b));
  if (layer.hasLengths)
    tensors.push_back(HostTensor::ints({b}, in.lengths));
  if (c.hasInitial) {
    tensors.push_back(HostTensor::floats(state(o), in.h0));
    if (c.kind == CellKind::Lstm)
      tensors.push_back(HostTensor::floats(state(h), in.c0));
  }
  if (c.hasPeephole)
    tensors.push_back(HostTensor::floats({d, 3 * h}, in.p));
  if (c.projectionSize)
    tensors.push_back(HostTensor::floats({d, o, h}, in.projection));
  return tensors;
}

std::vector<double> seqc::test::toNextInput(const Layer &layer,
                                            const CellInputs &in,
                                            const std::vector<double> &y) {
  // Y is [B, T, D, O] with batch_first, and then already in the order of x;
  // else [T, D, B, O].
  if (layer.config.batchFirst)
    return y;
  int64_t directions = layer.config.directions(),
          out = layer.config.outputSize();
  std::vector<double> x;
  for (int64_t t = 0; t < in.steps; ++t)
    for (int64_t b = 0; b < in.batch; ++b)
      for (int64_t d = 0; d < directions; ++d)
        for (int64_t j = 0; j < out; ++j)
          x.push_back(y[((t * directions + d) * in.batch + b) * out + j]);
  return x;
}
