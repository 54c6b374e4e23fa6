//===- AttentionCases.cpp - Attentions to test ----------------------------===//

#include "tests/property/AttentionCases.h"

#include <cmath>
#include <sstream>

using namespace seqc::test;

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

static const char *keywordOf(ScoreKind kind) {
  switch (kind) {
  case ScoreKind::Dot:
    return "dot";
  case ScoreKind::Scaled:
    return "scaled";
  case ScoreKind::Additive:
    return "additive";
  case ScoreKind::General:
    return "general";
  case ScoreKind::Distance:
    return "distance";
  default:
    return "region";
  }
}

static bool isJoined(ScoreKind kind) {
  return kind == ScoreKind::Concat || kind == ScoreKind::Mlp;
}

/// Extents of mask or bias.
static std::vector<std::string> broadcastExtents(const AttentionCase &attention,
                                                 const BroadcastShape &shape) {
  std::vector<std::string> full{"?", num(attention.config.heads),
                                attention.singleQuery ? "1" : "?", "?"},
      extents;
  for (int i = 0; i < 4; ++i)
    if (i != 1 || attention.config.hasHeads)
      extents.push_back(shape[i] ? full[i] : "1");
  return extents;
}

namespace {
/// Collects arguments and text of one function.
struct FunctionText {
  std::vector<std::pair<std::string, std::string>> arguments;

  std::string add(const std::string &name, const std::string &type) {
    arguments.emplace_back(name, type);
    return "%" + name;
  }

  std::string list() const {
    std::string text;
    for (auto &[name, type] : arguments)
      text += (text.empty() ? "%" : ", %") + name + ": " + type;
    return text;
  }
};
} // namespace

/// The region of a score that has no name; the op's arguments W, v, b are in
/// scope.
static std::string printRegion(const AttentionConfig &c) {
  std::string d = num(c.queryFeatures), e = num(c.keyFeatures),
              n = num(c.hidden), joined = num(c.queryFeatures + c.keyFeatures);
  std::ostringstream os;
  os << " {\n  ^bb0(%qi: tensor<?x" << d << "xf32>, %kj: tensor<?x" << e
     << "xf32>):\n"
     << "    %c0 = arith.constant 0 : index\n    %zero = arith.constant 0.0 : "
        "f32\n"
     << "    %n = tensor.dim %qi, %c0 : tensor<?x" << d << "xf32>\n";
  if (!isJoined(c.score)) {
    std::string type = "tensor<?x" + d + "xf32>";
    os << "    %product = arith.mulf %qi, %kj : " << type
       << "\n    %tanh = math.tanh %product : " << type << "\n"
       << "    %e1 = tensor.empty(%n) : tensor<?xf32>\n    %i1 = linalg.fill "
          "ins(%zero : f32) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>\n"
       << "    %s = linalg.reduce ins(%tanh : " << type
       << ") outs(%i1 : tensor<?xf32>) dimensions = [1]\n"
       << "      (%x: f32, %sum: f32) {\n        %next = arith.addf %sum, %x : "
          "f32\n        linalg.yield %next : f32\n      }\n"
       << "    seq.yield %s : tensor<?xf32>\n  }";
    return os.str();
  }
  std::string hidden = "tensor<?x" + n + "xf32>";
  auto product = [&](const char *result, const char *left,
                     const std::string &leftType, const char *right,
                     const std::string &rightType, const char *init,
                     const std::string &type) {
    os << "    " << result
       << " = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, "
          "affine_map<(m, n, k) -> (n, k)>, "
       << "affine_map<(m, n, k) -> (m, n)>] ins(" << left << ", " << right
       << " : " << leftType << ", " << rightType << ") outs(" << init << " : "
       << type << ") -> " << type << "\n";
  };
  os << "    %both = tensor.concat dim(1) %qi, %kj : (tensor<?x" << d
     << "xf32>, tensor<?x" << e << "xf32>) -> tensor<?x" << joined << "xf32>\n"
     << "    %eh = tensor.empty(%n) : " << hidden << "\n";
  if (c.score == ScoreKind::Mlp)
    os << "    %ih = linalg.broadcast ins(%b1 : tensor<" << n
       << "xf32>) outs(%eh : " << hidden << ") dimensions = [0]\n"
       << "    %e1 = tensor.empty(%n) : tensor<?x1xf32>\n"
       << "    %i1 = linalg.broadcast ins(%b2 : tensor<1xf32>) outs(%e1 : "
          "tensor<?x1xf32>) dimensions = [0]\n";
  else
    os << "    %ih = linalg.fill ins(%zero : f32) outs(%eh : " << hidden
       << ") -> " << hidden << "\n"
       << "    %e1 = tensor.empty(%n) : tensor<?x1xf32>\n"
       << "    %i1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?x1xf32>) "
          "-> tensor<?x1xf32>\n";
  product("%h", "%both", "tensor<?x" + joined + "xf32>", "%w",
          "tensor<" + n + "x" + joined + "xf32>", "%ih", hidden);
  os << "    %tanh = math.tanh %h : " << hidden << "\n";
  product("%s2", "%tanh", hidden, "%v2", "tensor<1x" + n + "xf32>", "%i1",
          "tensor<?x1xf32>");
  os << "    %s = tensor.collapse_shape %s2 [[0, 1]] : tensor<?x1xf32> into "
        "tensor<?xf32>\n    seq.yield %s : tensor<?xf32>\n  }";
  return os.str();
}

std::string AttentionCase::print(const std::string &name) const {
  const AttentionConfig &c = config;
  std::string d = num(c.queryFeatures), e = num(c.keyFeatures),
              tq = singleQuery ? "1" : "?";
  auto rowsType = [&](int64_t heads, const std::string &steps,
                      const std::string &features) {
    return c.hasHeads ? typeOf({"?", num(heads), steps, features})
                      : typeOf({"?", steps, features});
  };
  FunctionText text;
  std::string queryType = rowsType(c.heads, tq, d),
              keyType = rowsType(c.keyHeads, "?", e),
              valueType = rowsType(c.keyHeads, "?", num(c.valueFeatures));
  std::string operands = text.add("q", queryType);
  operands += ", " + text.add("k", keyType);
  operands += ", " + text.add("v", valueType);
  auto group = [&](const char *keyword, const char *argument,
                   const std::string &type) {
    operands += std::string("\n      ") + keyword + "(" +
                text.add(argument, type) + " : " + type + ")";
  };
  if (c.score == ScoreKind::Additive)
    group("score_weight", "w", typeOf({d}));
  if (c.score == ScoreKind::General)
    group("score_weight", "w", typeOf({d, e}));
  if (isJoined(c.score)) {
    text.add("w",
             typeOf({num(c.hidden), num(c.queryFeatures + c.keyFeatures)}));
    text.add("v2", typeOf({"1", num(c.hidden)}));
  }
  if (c.score == ScoreKind::Mlp) {
    text.add("b1", typeOf({num(c.hidden)}));
    text.add("b2", typeOf({"1"}));
  }
  if (c.mask)
    group("mask", "m", typeOf(broadcastExtents(*this, *c.mask), "i1"));
  if (c.bias)
    group("bias", "b", typeOf(broadcastExtents(*this, *c.bias)));
  if (c.hasLengths)
    group("lengths", "l", typeOf({"?"}, "i32"));
  if (c.hasRows)
    group("rows", "r", typeOf({"?"}, "i32"));

  std::string attributes = "normalizer = #seq.normalizer<" + c.normalizer + ">";
  if (c.scale)
    attributes += ", scale = " + std::to_string(*c.scale) + " : f64";
  if (c.softcap)
    attributes += ", softcap = " + std::to_string(*c.softcap) + " : f64";
  if (c.causal != "none")
    attributes += ", causal = #seq.causal<" + c.causal + ">";
  if (c.window)
    attributes += ", window = array<i64: " + num(c.window->first) + ", " +
                  num(c.window->second) + ">";

  std::string outputs = rowsType(c.heads, tq, num(c.valueFeatures)),
              results = "%o";
  if (c.wantsProbabilities) {
    outputs += ", " + rowsType(c.heads, tq, "?");
    results += ", %p";
  }
  return "func.func @" + name + "(" + text.list() + ") -> (" + outputs +
         ") {\n  " + results + " = seq.attention " + keywordOf(c.score) + " " +
         operands + "\n      {" + attributes + "}\n      : (" + queryType +
         ", " + keyType + ", " + valueType + ") -> " + outputs +
         (isJoined(c.score) || c.score == ScoreKind::Products ? printRegion(c)
                                                              : "") +
         "\n  return " + results + " : " + outputs + "\n}\n";
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

std::vector<HostTensor>
AttentionCase::toTensors(const AttentionInputs &in) const {
  const AttentionConfig &c = config;
  auto rowsShape = [&](int64_t batch, int64_t heads, int64_t steps,
                       int64_t features) {
    return c.hasHeads ? std::vector<int64_t>{batch, heads, steps, features}
                      : std::vector<int64_t>{batch, steps, features};
  };
  auto broadcastShape = [&](const BroadcastShape &shape) {
    std::vector<int64_t> extents;
    std::array<int64_t, 4> full = in.scoreShape(c);
    for (int i = 0; i < 4; ++i)
      if (i != 1 || c.hasHeads)
        extents.push_back(shape[i] ? full[i] : 1);
    return extents;
  };
  std::vector<HostTensor> tensors{
      HostTensor::floats(
          rowsShape(in.queryBatch, c.heads, in.querySteps, c.queryFeatures),
          in.query),
      HostTensor::floats(
          rowsShape(in.keyBatch, c.keyHeads, in.keySteps, c.keyFeatures),
          in.key),
      HostTensor::floats(
          rowsShape(in.keyBatch, c.keyHeads, in.keySteps, c.valueFeatures),
          in.value)};
  if (c.score == ScoreKind::Additive)
    tensors.push_back(HostTensor::floats({c.queryFeatures}, in.weight));
  if (c.score == ScoreKind::General)
    tensors.push_back(
        HostTensor::floats({c.queryFeatures, c.keyFeatures}, in.weight));
  if (isJoined(c.score)) {
    tensors.push_back(HostTensor::floats(
        {c.hidden, c.queryFeatures + c.keyFeatures}, in.weight));
    tensors.push_back(HostTensor::floats({1, c.hidden}, in.second));
  }
  if (c.score == ScoreKind::Mlp) {
    tensors.push_back(HostTensor::floats(
        {c.hidden}, {in.scoreBias.begin(), in.scoreBias.end() - 1}));
    tensors.push_back(HostTensor::floats({1}, {in.scoreBias.back()}));
  }
  if (c.mask)
    tensors.push_back(HostTensor::bools(broadcastShape(*c.mask), in.mask));
  if (c.bias)
    tensors.push_back(HostTensor::floats(broadcastShape(*c.bias), in.bias));
  if (c.hasLengths)
    tensors.push_back(HostTensor::ints({in.keyBatch}, in.lengths));
  if (c.hasRows)
    tensors.push_back(HostTensor::ints({in.queryBatch}, in.rows));
  return tensors;
}

std::vector<std::vector<int64_t>>
AttentionCase::resultShapes(const AttentionInputs &in) const {
  std::vector<std::vector<int64_t>> shapes;
  for (int64_t last : {config.valueFeatures, in.keySteps})
    shapes.push_back(
        config.hasHeads
            ? std::vector<int64_t>{in.queryBatch, config.heads, in.querySteps,
                                   last}
            : std::vector<int64_t>{in.queryBatch, in.querySteps, last});
  return shapes;
}

//===----------------------------------------------------------------------===//
// Generator
//===----------------------------------------------------------------------===//

std::vector<float> AttentionGenerator::values(int64_t count, double scale) {
  std::uniform_real_distribution<float> range(-scale, scale);
  std::vector<float> result(count);
  for (float &value : result)
    value = range(random);
  return result;
}

BroadcastShape
AttentionGenerator::broadcastShape(const AttentionConfig &config) {
  return {chance(0.6), config.hasHeads && chance(0.5), chance(0.6),
          chance(0.8)};
}

AttentionCase AttentionGenerator::base(ScoreKind score,
                                       const std::string &normalizer) {
  AttentionCase attention;
  AttentionConfig &c = attention.config;
  c.score = score;
  c.normalizer = normalizer;
  c.queryFeatures = pick({1, 3, 7, 17, 33});
  bool mayDiffer = score == ScoreKind::General || isJoined(score);
  c.keyFeatures = mayDiffer ? pick({1, 3, 7, 17, 33}) : c.queryFeatures;
  c.valueFeatures = pick({1, 3, 7, 17, 33});
  c.hidden = pick({1, 3, 7, 17});
  c.hasHeads = chance(0.4);
  if (c.hasHeads) {
    c.keyHeads = pick({1, 2, 3});
    c.heads = c.keyHeads * pick({1, 1, 2, 3});
  }
  return attention;
}

AttentionCase AttentionGenerator::combined() {
  constexpr ScoreKind kinds[] = {ScoreKind::Dot,      ScoreKind::Scaled,
                                 ScoreKind::Additive, ScoreKind::General,
                                 ScoreKind::Concat,   ScoreKind::Products,
                                 ScoreKind::Mlp,      ScoreKind::Distance};
  constexpr const char *normalizers[] = {"softmax", "softmax",
                                         "negated_softmax", "sigmoid", "none"};
  ScoreKind kind = kinds[random() % std::size(kinds)];
  AttentionCase attention =
      base(kind, normalizers[random() % std::size(normalizers)]);
  AttentionConfig &c = attention.config;
  attention.singleQuery = chance(0.25);
  if (c.score == ScoreKind::Scaled && chance(0.5))
    c.scale = 0.125 * pick({1, 3, 9});
  if (chance(0.3))
    c.softcap = pick({1, 2, 5});
  if (chance(0.4))
    c.causal = chance(0.5) ? "top_left" : "bottom_right";
  if (chance(0.3))
    c.window = {pick({-1, 0, 1, 4}), pick({-1, 0, 1, 3})};
  if (chance(0.4))
    c.mask = broadcastShape(c);
  if (chance(0.4))
    c.bias = broadcastShape(c);
  c.hasLengths = chance(0.5);
  c.hasRows = chance(0.25);
  c.wantsProbabilities = chance(0.6);
  return attention;
}

AttentionInputs AttentionGenerator::inputs(const AttentionCase &attention,
                                           int64_t querySteps, int64_t keySteps,
                                           LengthKind lengths) {
  const AttentionConfig &c = attention.config;
  AttentionInputs in;
  in.querySteps = attention.singleQuery ? 1 : querySteps;
  in.keySteps = keySteps;
  in.keyBatch = pick({1, 2, 3, 5});
  in.queryBatch = c.hasRows ? pick({1, 2, 4, 7}) : in.keyBatch;
  in.query =
      values(in.queryBatch * c.heads * in.querySteps * c.queryFeatures, 1);
  in.key = values(in.keyBatch * c.keyHeads * keySteps * c.keyFeatures, 1);
  in.value = values(in.keyBatch * c.keyHeads * keySteps * c.valueFeatures, 1);
  int64_t joined = c.queryFeatures + c.keyFeatures;
  if (c.score == ScoreKind::Additive)
    in.weight = values(c.queryFeatures, 1);
  if (c.score == ScoreKind::General)
    in.weight = values(c.queryFeatures * c.keyFeatures,
                       1 / std::sqrt(double(c.queryFeatures)));
  if (isJoined(c.score)) {
    in.weight = values(c.hidden * joined, 2 / std::sqrt(double(joined)));
    in.second = values(c.hidden, 1);
    in.scoreBias = values(c.hidden + 1, 0.5);
  }
  auto countOf = [&](const BroadcastShape &shape) {
    int64_t count = 1;
    std::array<int64_t, 4> full = in.scoreShape(c);
    for (int i = 0; i < 4; ++i)
      count *= shape[i] ? full[i] : 1;
    return count;
  };
  if (c.mask) {
    in.mask.resize(countOf(*c.mask));
    for (uint8_t &bit : in.mask)
      bit = chance(0.7);
    // A query that sees nothing.
    if (chance(0.5))
      std::fill(in.mask.begin(),
                in.mask.begin() + ((*c.mask)[3] ? keySteps : 1), 0);
  }
  if (c.bias)
    in.bias = values(countOf(*c.bias), 1);
  if (c.hasLengths)
    for (int64_t b = 0; b < in.keyBatch; ++b)
      in.lengths.push_back(lengths == LengthKind::Zero ? 0
                           : lengths == LengthKind::Full
                               ? keySteps
                               : random() % (keySteps + 1));
  if (c.hasRows)
    for (int64_t b = 0; b < in.queryBatch; ++b)
      in.rows.push_back(random() % in.keyBatch);
  return in;
}
