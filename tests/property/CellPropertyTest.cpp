//===- CellPropertyTest.cpp - Compiled recurrent layers -------------------===//
//
// Layers over every attribute alone and in random combination, in both directions, stacked, over odd sizes,
// lengths and step counts, compiled and compared with an evaluation in double precision:
//
//   |got - want| <= 1e-5 * max(1, max|want|)
//
// Weights are contractive, so that differences do not grow with the number of steps. Many layers share one
// module; each is called with every combination of steps, batch and lengths, and with its tensors against a
// forbidden page at either end.
//
//===----------------------------------------------------------------------===//

#include "tests/property/CellReference.h"
#include "tests/property/Harness.h"

#include "gtest/gtest.h"

#include <cmath>
#include <random>
#include <sstream>

using namespace seqc::test;

namespace {

constexpr const char *kElement = "f32";

/// Activations with ONNX's default parameters, and whether they take them.
struct ActivationInfo {
  const char *name;
  bool hasAlpha, hasBeta;
  double alpha, beta;
};

// Parameters keep layers contractive; each differs from ONNX's default, so that a default does not hide one
// that was ignored.
constexpr ActivationInfo kActivations[] = {
    {"relu", false, false, 0, 0},          {"tanh", false, false, 0, 0},          {"sigmoid", false, false, 0, 0},
    {"affine", true, true, 0.7, 0.1},      {"leaky_relu", true, false, 0.2, 0},   {"thresholded_relu", true, false, 5.0, 0},
    {"scaled_tanh", true, true, 0.8, 0.9}, {"hard_sigmoid", true, true, 0.3, 0.4}, {"elu", true, false, 0.6, 0},
    {"softsign", false, false, 0, 0},      {"softplus", false, false, 0, 0},
};

Activation makeActivation(const ActivationInfo &info) { return {info.name, info.alpha, info.beta}; }

const ActivationInfo &infoOf(const std::string &name) {
  for (const ActivationInfo &info : kActivations)
    if (name == info.name)
      return info;
  ADD_FAILURE() << "unknown activation " << name;
  return kActivations[0];
}

std::string typeOf(const std::vector<std::string> &extents, const char *element = kElement) {
  std::string text = "tensor<";
  for (const std::string &extent : extents)
    text += extent + "x";
  return text + element + ">";
}

std::string num(int64_t value) { return std::to_string(value); }

/// A layer to test, with what it needs to be printed.
struct Layer {
  CellConfig config;
  bool hasLengths = false, explicitActivations = false;

  std::string opName() const {
    return config.kind == CellKind::Rnn ? "rnn" : config.kind == CellKind::Gru ? "gru" : "lstm";
  }

  std::string stateType(int64_t size) const {
    return config.batchFirst ? typeOf({"?", num(config.directions()), num(size)}) : typeOf({num(config.directions()), "?", num(size)});
  }

  /// The op as a public function `name`.
  std::string print(const std::string &name) const {
    int64_t d = config.directions(), h = config.hiddenSize, o = config.outputSize(), g = config.gates();
    std::vector<std::pair<std::string, std::string>> arguments{{"x", typeOf({"?", "?", num(config.inputSize)})},
                                                               {"w", typeOf({num(d), num(g * h), num(config.inputSize)})},
                                                               {"r", typeOf({num(d), num(g * h), num(o)})}};
    std::string groups;
    auto add = [&](const std::string &keyword, const std::string &value, const std::string &type) {
      arguments.emplace_back(value, type);
      groups += " " + keyword + "(%" + value + ")";
    };
    if (config.hasBias)
      add("bias", "b", typeOf({num(d), num(2 * g * h)}));
    if (hasLengths)
      add("lengths", "l", typeOf({"?"}, "i32"));
    if (config.hasInitial)
      add("initial_h", "h0", stateType(o));
    if (config.hasInitial && config.kind == CellKind::Lstm)
      add("initial_c", "c0", stateType(h));
    if (config.hasPeephole)
      add("peephole", "p", typeOf({num(d), num(3 * h)}));
    if (config.projectionSize)
      add("projection", "q", typeOf({num(d), num(o), num(h)}));
    std::vector<std::string> results{config.batchFirst ? typeOf({"?", "?", num(d), num(o)}) : typeOf({"?", num(d), "?", num(o)}), stateType(o)};
    if (config.kind == CellKind::Lstm)
      results.push_back(stateType(h));

    std::ostringstream os;
    auto list = [&](auto &&items, auto &&item) {
      bool first = true;
      for (auto &&element : items) {
        os << (first ? "" : ", ") << item(element);
        first = false;
      }
    };
    auto same = [](const std::string &text) { return text; };
    os << "func.func @" << name << "(";
    list(arguments, [](auto &a) { return "%" + a.first + ": " + a.second; });
    os << ") -> (";
    list(results, same);
    os << ") {\n  %y:" << results.size() << " = seq." << opName() << " %x, %w, %r" << groups << " " << printAttributes() << " : (";
    list(arguments, [](auto &a) { return a.second; });
    os << ") -> (";
    list(results, same);
    os << ")\n  return ";
    for (size_t i = 0; i < results.size(); ++i)
      os << (i ? ", " : "") << "%y#" << i;
    os << " : ";
    list(results, same);
    os << "\n}\n";
    return os.str();
  }

  std::string printAttributes() const {
    std::vector<std::string> attributes{"direction = #seq.direction<" + config.direction + ">"};
    if (explicitActivations) {
      std::string names, alphas, betas;
      auto append = [](std::string &list, const std::string &item) { list += (list.empty() ? "" : ", ") + item; };
      for (const Activation &activation : config.activations) {
        const ActivationInfo &info = infoOf(activation.name);
        append(names, "\"" + activation.name + "\"");
        if (info.hasAlpha)
          append(alphas, std::to_string(activation.alpha) + " : f32");
        if (info.hasBeta)
          append(betas, std::to_string(activation.beta) + " : f32");
      }
      attributes.push_back("activations = [" + names + "]");
      if (!alphas.empty())
        attributes.push_back("activation_alpha = [" + alphas + "]");
      if (!betas.empty())
        attributes.push_back("activation_beta = [" + betas + "]");
    }
    if (config.clip)
      attributes.push_back("clip = " + std::to_string(*config.clip) + " : f32");
    if (config.inputForget)
      attributes.push_back("input_forget");
    if (config.linearBeforeReset)
      attributes.push_back("linear_before_reset");
    if (config.batchFirst)
      attributes.push_back("batch_first");
    std::string text = "{";
    for (const std::string &attribute : attributes)
      text += (text.size() > 1 ? ", " : "") + attribute;
    return text + "}";
  }
};

/// Makes layers and inputs from a seed.
class Generator {
public:
  explicit Generator(uint32_t seed) : random(seed) {}

  int64_t pick(std::initializer_list<int64_t> values) { return values.begin()[random() % values.size()]; }
  bool chance(double probability) { return std::uniform_real_distribution<>(0, 1)(random) < probability; }

  std::vector<float> values(int64_t count, double scale) {
    std::uniform_real_distribution<float> range(-scale, scale);
    std::vector<float> result(count);
    for (float &value : result)
      value = range(random);
    return result;
  }

  /// Default activations of every direction.
  static void setDefaultActivations(CellConfig &config) {
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

  Layer base(CellKind kind) {
    Layer layer;
    layer.config.kind = kind;
    layer.config.direction = chance(0.34) ? "forward" : chance(0.5) ? "reverse" : "bidirectional";
    layer.config.inputSize = pick({1, 3, 7, 17, 33});
    layer.config.hiddenSize = pick({1, 3, 7, 17, 33});
    setDefaultActivations(layer.config);
    return layer;
  }

  void setActivations(Layer &layer, const ActivationInfo *only) {
    for (Activation &activation : layer.config.activations)
      activation = makeActivation(only ? *only : kActivations[random() % std::size(kActivations)]);
    layer.explicitActivations = true;
  }

  Layer combined(CellKind kind) {
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

  /// Whether no activation can exceed one by much.
  static bool isBounded(const CellConfig &config) {
    for (const Activation &activation : config.activations)
      if (activation.name != "tanh" && activation.name != "sigmoid" && activation.name != "scaled_tanh" &&
          activation.name != "hard_sigmoid" && activation.name != "softsign")
        return false;
    return true;
  }

  CellInputs inputs(const Layer &layer, int64_t steps, int64_t batch, int lengthKind) {
    const CellConfig &c = layer.config;
    int64_t d = c.directions(), h = c.hiddenSize, o = c.outputSize(), g = c.gates();
    CellInputs in;
    in.steps = steps;
    in.batch = batch;
    // Rows of the recurrent weight sum to less than one half: contractive for bounded activations. A gate that may
    // exceed one needs smaller weights and a bias that holds it down.
    double damping = isBounded(c) ? 1 : 0.3;
    in.x = values(steps * batch * c.inputSize, 1);
    in.w = values(d * g * h * c.inputSize, damping / std::sqrt(double(c.inputSize)));
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
        in.lengths.push_back(lengthKind == 0 ? 0 : lengthKind == 1 ? 1 : lengthKind == 2 ? steps : random() % (steps + 1));
    return in;
  }

  std::mt19937 random;
};

std::vector<HostTensor> toTensors(const Layer &layer, const CellInputs &in) {
  const CellConfig &c = layer.config;
  int64_t d = c.directions(), h = c.hiddenSize, o = c.outputSize(), g = c.gates(), t = in.steps, b = in.batch;
  auto state = [&](int64_t size) {
    return c.batchFirst ? std::vector<int64_t>{b, d, size} : std::vector<int64_t>{d, b, size};
  };
  std::vector<HostTensor> tensors;
  tensors.push_back(HostTensor::floats(c.batchFirst ? std::vector<int64_t>{b, t, c.inputSize} : std::vector<int64_t>{t, b, c.inputSize}, in.x));
  tensors.push_back(HostTensor::floats({d, g * h, c.inputSize}, in.w));
  tensors.push_back(HostTensor::floats({d, g * h, o}, in.r));
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

/// Empty if got is close enough to want, else what differs.
std::string compare(const char *name, const HostTensor &got, const std::vector<double> &want) {
  std::vector<float> values = got.asFloats();
  if (values.size() != want.size())
    return std::string(name) + " has " + std::to_string(values.size()) + " elements, not " + std::to_string(want.size());
  double largest = 1;
  for (double value : want)
    largest = std::max(largest, std::fabs(value));
  for (size_t i = 0; i < want.size(); ++i)
    if (!(std::fabs(values[i] - want[i]) <= 1e-5 * largest))
      return std::string(name) + "[" + std::to_string(i) + "] is " + std::to_string(values[i]) + ", not " + std::to_string(want[i]);
  return "";
}

/// Compiles layers, calls each with every combination of steps, batch and lengths; returns the number of cases.
int64_t checkLayers(const std::vector<Layer> &layers, Generator &generator) {
  std::string text;
  for (size_t i = 0; i < layers.size(); ++i)
    text += layers[i].print("layer" + std::to_string(i));
  CompiledModule module(text);
  int64_t cases = 0;
  for (size_t i = 0; i < layers.size(); ++i) {
    const Layer &layer = layers[i];
    std::string name = "layer" + std::to_string(i);
    for (int64_t steps : {1, 2, 37}) {
      for (int lengthKind = 0; lengthKind < (layer.hasLengths ? 4 : 1); ++lengthKind) {
        int64_t batch = generator.pick({1, 2, 3, 5, 7, 9});
        CellInputs in = generator.inputs(layer, steps, batch, lengthKind);
        CellOutputs want = evaluateCell(layer.config, in);
        std::vector<HostTensor> tensors = toTensors(layer, in);
        for (Guard guard : {Guard::Front, Guard::Back}) {
          std::vector<HostTensor> got = module.run(name, tensors, guard);
          std::string problem = compare("Y", got.at(0), want.y);
          if (problem.empty())
            problem = compare("Y_h", got.at(1), want.yh);
          if (problem.empty() && layer.config.kind == CellKind::Lstm)
            problem = compare("Y_c", got.at(2), want.yc);
          EXPECT_EQ(problem, "") << "T " << steps << " B " << batch << " lengths " << lengthKind << "\n" << layer.print(name);
          if (!problem.empty())
            break;
        }
        ++cases;
      }
    }
  }
  return cases;
}

/// A layer per attribute value, nothing else set.
std::vector<Layer> attributesAlone(CellKind kind, Generator &generator) {
  std::vector<Layer> layers;
  auto add = [&](auto change) {
    Layer layer = generator.base(kind);
    change(layer);
    layers.push_back(layer);
  };
  for (const char *direction : {"forward", "reverse", "bidirectional"})
    for (int64_t hidden : {1, 3, 7, 17, 33})
      add([&](Layer &layer) {
        layer.config.direction = direction;
        layer.config.hiddenSize = hidden;
        layer.hasLengths = hidden % 2;
        Generator::setDefaultActivations(layer.config);
      });
  for (const ActivationInfo &info : kActivations)
    add([&](Layer &layer) { generator.setActivations(layer, &info); });
  for (int i = 0; i < 2; ++i) {
    add([&](Layer &layer) { layer.config.clip = 0.4f; layer.hasLengths = i; });
    add([&](Layer &layer) { layer.config.hasBias = false; layer.hasLengths = i; });
    add([&](Layer &layer) { layer.config.hasInitial = true; layer.hasLengths = i; });
    add([&](Layer &layer) { layer.config.batchFirst = true; layer.hasLengths = i; });
    if (kind == CellKind::Gru)
      add([&](Layer &layer) { layer.config.linearBeforeReset = true; layer.hasLengths = i; });
    if (kind == CellKind::Lstm) {
      add([&](Layer &layer) { layer.config.inputForget = true; layer.hasLengths = i; });
      add([&](Layer &layer) { layer.config.hasPeephole = true; layer.hasLengths = i; });
      add([&](Layer &layer) { layer.config.projectionSize = 5; layer.hasLengths = i; });
    }
  }
  return layers;
}

class CellProperty : public testing::TestWithParam<CellKind> {};

TEST_P(CellProperty, EveryAttributeAlone) {
  Generator generator(17 + static_cast<int>(GetParam()));
  int64_t cases = checkLayers(attributesAlone(GetParam(), generator), generator);
  RecordProperty("cases", cases);
  EXPECT_GE(cases, 100);
}

TEST_P(CellProperty, RandomCombinations) {
  Generator generator(4711 + static_cast<int>(GetParam()));
  std::vector<Layer> layers;
  for (int i = 0; i < 64; ++i)
    layers.push_back(generator.combined(GetParam()));
  int64_t cases = checkLayers(layers, generator);
  RecordProperty("cases", cases);
  EXPECT_GE(cases, 400);
}

INSTANTIATE_TEST_SUITE_P(Kinds, CellProperty, testing::Values(CellKind::Rnn, CellKind::Gru, CellKind::Lstm),
                         [](const auto &info) {
                           return info.param == CellKind::Rnn ? "rnn" : info.param == CellKind::Gru ? "gru" : "lstm";
                         });

} // namespace
