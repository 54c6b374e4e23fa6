//===- Gelu.cpp - GELU by erf and by tanh ---------------------------------===//
//
// Exporters order the factors of x * (1 + f(x)) / 2 in many ways. So the nodes
// around f are read as a polynomial in x and f, and its coefficients decide.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Recognize/GraphView.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace llvm;

namespace seqc::onnx {

using format::NodeProto;

namespace {
/// Coefficients by the powers of x and f.
using Polynomial = std::map<std::pair<int, int>, double>;

/// Reads nodes as polynomials.
class PolynomialReader {
public:
  PolynomialReader(const GraphView &view, StringRef x, StringRef f)
      : view(view), x(x), f(f) {}

  /// The polynomial that a value is, through seven nodes of two inputs behind
  /// each other: 255 calls at most, however much they share.
  std::optional<Polynomial> read(StringRef name, int depth = 0);
  NodeList nodes;

private:
  const GraphView &view;
  StringRef x, f;
};
} // namespace

static std::optional<Polynomial> multiply(const Polynomial &a,
                                          const Polynomial &b) {
  Polynomial result;
  for (auto &[p, c] : a)
    for (auto &[q, d] : b) {
      std::pair<int, int> powers(p.first + q.first, p.second + q.second);
      if (powers.first > 3 || powers.second > 1)
        return std::nullopt;
      result[powers] += c * d;
    }
  return result;
}

std::optional<Polynomial> PolynomialReader::read(StringRef name, int depth) {
  if (name == x)
    return Polynomial{{{1, 0}, 1.0}};
  if (!f.empty() && name == f)
    return Polynomial{{{0, 1}, 1.0}};
  if (std::optional<double> number = view.getFactor(name, x))
    return Polynomial{{{0, 0}, *number}};
  NodeProto *node = view.getProducer(name);
  if (!node || depth > 6 || node->input_size() != 2 ||
      !(node->domain().empty() || node->domain() == "ai.onnx"))
    return std::nullopt;
  StringRef op = node->op_type();
  if (op != "Mul" && op != "Add" && op != "Sub" && op != "Div" && op != "Pow")
    return std::nullopt;
  std::optional<Polynomial> a = read(node->input(0), depth + 1);
  std::optional<Polynomial> b = a ? read(node->input(1), depth + 1) : a;
  if (!b)
    return std::nullopt;
  if (!is_contained(nodes, node))
    nodes.push_back(node);
  if (op == "Mul")
    return multiply(*a, *b);
  if (op == "Add" || op == "Sub") {
    for (auto &[powers, c] : *b)
      (*a)[powers] += op == "Add" ? c : -c;
    return a;
  }
  if (b->size() != 1 || b->begin()->first != std::pair(0, 0))
    return std::nullopt;
  double number = b->begin()->second;
  if (op == "Div") {
    if (number == 0)
      return std::nullopt;
    return multiply(*a, {{{0, 0}, 1 / number}});
  }
  if (number != 2 && number != 3)
    return std::nullopt;
  auto power = multiply(*a, *a);
  return power && number == 3 ? multiply(*power, *a) : power;
}

/// Whether the coefficients are those of `wanted`, as far as constants of the
/// element type hold them.
static bool isClose(const Polynomial &found, const Polynomial &wanted,
                    DataType type) {
  double tolerance = type == DataType::Float16    ? 1e-3
                     : type == DataType::BFloat16 ? 8e-3
                     : type == DataType::Float    ? 2e-6
                                                  : 1e-8;
  for (auto &[powers, c] : found)
    if (!wanted.count(powers) && c != 0)
      return false;
  for (auto &[powers, c] : wanted) {
    auto it = found.find(powers);
    if (it == found.end() || std::abs(it->second - c) > tolerance * std::abs(c))
      return false;
  }
  return true;
}

void recognizeGelu(GraphView &view, NodeProto &node) {
  bool tanh = node.op_type() == "Tanh";
  if ((!tanh && node.op_type() != "Erf") || node.input_size() != 1 ||
      node.output_size() != 1)
    return;
  DataType type = view.getType(node.input(0));
  if (!isFloat(type))
    return;
  double root = std::sqrt(2 / 3.14159265358979323846);
  Polynomial wanted{{{1, 0}, std::sqrt(0.5)}};
  if (tanh)
    wanted = {{{1, 0}, root}, {{3, 0}, root * 0.044715}};

  // Which value is x: the nearest one that the argument is right for.
  SmallVector<StringRef> candidates{node.input(0)};
  for (size_t i = 0; i < candidates.size() && i < 24; ++i) {
    StringRef x = candidates[i];
    if (NodeProto *producer = view.getProducer(x))
      for (const std::string &input : producer->input())
        if (!input.empty() && !is_contained(candidates, StringRef(input)))
          candidates.push_back(input);
    PolynomialReader argument(view, x, "");
    auto found = argument.read(node.input(0));
    if (!found || view.getNumber(x) || !isClose(*found, wanted, type))
      continue;
    // Upwards, until everything is in.
    NodeProto *end = &node;
    for (int step = 0; step < 4; ++step) {
      end = view.getOnlyUser(end->output(0));
      if (!end || end->output_size() != 1)
        return;
      PolynomialReader all(view, x, node.output(0));
      auto value = all.read(end->output(0));
      if (!value || !isClose(*value, {{{1, 0}, 0.5}, {{1, 1}, 0.5}}, type))
        continue;
      NodeList nodes = all.nodes;
      append_range(nodes, argument.nodes);
      nodes.push_back(&node);
      if (!view.isClosed(nodes, end))
        return;
      NodeProto *gelu = view.makeNode("Gelu", {x.str()}, end->output(0), 20);
      if (tanh) {
        format::AttributeProto *attribute = gelu->add_attribute();
        attribute->set_name("approximate");
        attribute->set_type(3);
        attribute->set_s("tanh");
      }
      view.replace(end, nodes, tanh ? "gelu_tanh" : "gelu");
      return;
    }
    return;
  }
}

} // namespace seqc::onnx
