//===- Attention.cpp - Softmax attention ----------------------------------===//
//
// softmax(q k^T * scale + mask) v over heads in dimension 1. What makes the
// heads (projections, reshapes, transposes) stays outside. Keys and values
// whose heads were repeated are taken before the repetition.
//
// What replaces the nodes gives their results for all scores, infinities and
// NaN included: it is no Attention, which gives 0 where all keys are hidden.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Recognize/GraphView.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace llvm;

namespace seqc::onnx {

using format::NodeProto;
using Shape = SmallVector<Extent>;

namespace {
/// Takes factors and transpositions off one operand.
struct Operand {
  std::string name;
  double factor = 1;
  NodeList nodes;
};
} // namespace

/// Takes a constant factor off `operand`.
static bool takeFactor(const GraphView &view, Operand &operand) {
  NodeProto *node = view.getProducer(operand.name);
  // The bound ends cycles, which the import reports.
  if (!node || node->input_size() != 2 || operand.nodes.size() > 8)
    return false;
  for (int i = 0; i < 2; ++i) {
    std::string rest = node->input(1 - i);
    std::optional<double> number = view.getFactor(node->input(i), rest);
    if (!number || !std::isfinite(*number) || *number == 0)
      continue;
    if (node->op_type() == "Mul")
      operand.factor *= *number;
    else if (node->op_type() == "Div" && i == 1)
      operand.factor /= *number;
    else
      continue;
    operand.name = rest;
    operand.nodes.push_back(node);
    return true;
  }
  return false;
}

/// The tensor before its heads (dimension 1) were repeated, each `n` times in
/// a row; gives its name and the nodes that repeat.
static std::optional<std::string> matchRepeat(const GraphView &view,
                                              StringRef name, NodeList &nodes) {
  NodeProto *reshape = view.getProducer(name, "Reshape");
  NodeProto *expand =
      reshape ? view.getProducer(reshape->input(0), "Expand") : nullptr;
  NodeProto *insert =
      expand ? view.getProducer(expand->input(0), "Unsqueeze") : nullptr;
  if (!insert)
    return std::nullopt;
  auto small = view.getShape(insert->input(0));
  auto one = view.getShape(insert->output(0));
  auto more = view.getShape(expand->output(0));
  auto full = view.getShape(reshape->output(0));
  if (!small || !one || !more || !full || small->size() != 4 ||
      one->size() != 5 || more->size() != 5 || full->size() != 4 ||
      isSymbol((*small)[1]) || isSymbol((*more)[2]) || isSymbol((*full)[1]))
    return std::nullopt;
  const Shape &s = *small, &m = *more, &f = *full;
  if (Shape(*one) != Shape{s[0], s[1], 1, s[2], s[3]} ||
      Shape{m[0], m[1], m[3], m[4]} != s || f[0] != s[0] || f[2] != s[2] ||
      f[3] != s[3] || f[1] != s[1] * m[2])
    return std::nullopt;
  // [b, h, 1, s, d] could also come from unit extents elsewhere.
  auto axes = view.getParameter(*insert, "axes", 1);
  if (!axes || axes->size() != 1 || ((*axes)[0] != 2 && (*axes)[0] != 2 - 5))
    return std::nullopt;
  nodes.append({reshape, expand, insert});
  return insert->input(0);
}

/// Whether a tensor may be added to scores of this shape without changing it.
static bool isMask(const GraphView &view, StringRef name,
                   ArrayRef<Extent> scores) {
  auto shape = view.getShape(name);
  return shape && shape->size() >= 2 && GraphView::isWithin(*shape, scores);
}

void recognizeAttention(GraphView &view, NodeProto &node) {
  if (node.op_type() != "Softmax" || node.input_size() != 1)
    return;
  auto scores = view.getShape(node.input(0));
  if (!scores || scores->size() != 4)
    return;
  // Before opset 13 the default was the dimension 1.
  int64_t axis = view.getInt(node, "axis", view.getOpset() < 13 ? 1 : -1);
  if (axis != -1 && axis != 3)
    return;
  DataType type = view.getType(node.input(0)), outer = type;
  if (type != DataType::Float && type != DataType::Float16)
    return;

  // Downwards: the product with the values.
  NodeList nodes{&node};
  NodeProto *product = view.getOnlyUser(node.output(0));
  std::string weights = node.output(0);
  for (int i = 0; product && i < 2; ++i) {
    if (product->op_type() == "Cast")
      outer = view.getType(product->output(0));
    else if ((product->op_type() != "Dropout" || product->input_size() != 1) &&
             product->op_type() != "Identity")
      break;
    nodes.push_back(product);
    weights = product->output(0);
    product = view.getOnlyUser(weights);
  }
  if (!product || product->op_type() != "MatMul" ||
      product->input(0) != weights || product->input(1) == weights)
    return;

  // Upwards: mask and scale.
  Operand at{node.input(0), 1, {}};
  if (outer != type) {
    NodeProto *cast = view.getProducer(at.name, "Cast");
    if (!cast || type != DataType::Float || outer != DataType::Float16 ||
        view.getType(cast->input(0)) != outer)
      return;
    at.nodes.push_back(cast);
    at.name = cast->input(0);
  }
  SmallVector<std::string> masks;
  struct Choice {
    NodeProto *node;
    bool keepsSecond;
    double score;
  };
  std::optional<Choice> choice;
  for (int i = 0; i < 2; ++i) {
    NodeProto *add = view.getProducer(at.name, "Add");
    NodeProto *where = view.getProducer(at.name, "Where");
    bool found = false;
    if (add && masks.empty() && !choice) {
      for (int side = 0; side < 2 && !found; ++side) {
        NodeProto *inner = view.getProducer(add->input(side));
        if (!inner || !isMask(view, add->input(1 - side), *scores))
          continue;
        Operand probe{add->input(side), 1, {}};
        while (takeFactor(view, probe))
          ;
        NodeProto *below = view.getProducer(probe.name);
        if (!below ||
            (below->op_type() != "MatMul" && below->op_type() != "Where"))
          continue;
        masks.push_back(add->input(1 - side));
        at.nodes.push_back(add);
        at.name = add->input(side);
        found = true;
      }
    } else if (where && !choice) {
      for (int side = 1; side < 3 && !found; ++side) {
        std::optional<double> low =
            view.getFactor(where->input(side), where->output(0));
        if (!low || std::isnan(*low) ||
            !isMask(view, where->input(0), *scores) ||
            view.getShape(where->input(3 - side)) != scores)
          continue;
        choice = {where, side == 1, *low};
        at.nodes.push_back(where);
        at.name = where->input(3 - side);
        found = true;
      }
    }
    if (!found)
      break;
  }
  while (takeFactor(view, at))
    ;
  // A mask that was scaled too is another function.
  NodeProto *first = view.getProducer(at.name, "MatMul");
  if (!first)
    return;
  at.nodes.push_back(first);

  Operand q{first->input(0), 1, {}}, k{first->input(1), 1, {}};
  while (takeFactor(view, q))
    ;
  while (takeFactor(view, k))
    ;
  NodeProto *turn = view.getProducer(k.name, "Transpose");
  auto perm = turn ? view.getInts(*turn, "perm") : std::nullopt;
  if (!perm || perm->size() != 4)
    return;
  k.nodes.push_back(turn);
  std::swap((*perm)[2], (*perm)[3]);
  k.name = turn->input(0);
  bool turned = *perm == SmallVector<int64_t>{0, 1, 2, 3};
  if (turned)
    while (takeFactor(view, k))
      ;
  std::string v = product->input(1);
  double scale = at.factor * q.factor * k.factor;
  auto qShape = view.getShape(q.name), vShape = view.getShape(v);
  auto kShape = view.getShape(first->input(1));
  if (!(scale > 0) || !qShape || !kShape || !vShape || qShape->size() != 4 ||
      kShape->size() != 4 || vShape->size() != 4)
    return;
  // No operand is broadcast over batches or heads.
  for (int d = 0; d < 2; ++d)
    if ((*qShape)[d] != (*kShape)[d] || (*qShape)[d] != (*vShape)[d])
      return;
  for (const std::string &name : {q.name, k.name, v})
    if (view.getType(name) != outer)
      return;
  for (const std::string &mask : masks)
    if (view.getType(mask) != outer)
      return;
  for (NodeList *list : {&at.nodes, &nodes})
    for (NodeProto *inner : *list)
      if (!view.getOnlyUser(inner->output(0)))
        return;
  append_range(nodes, at.nodes);
  append_range(nodes, q.nodes);
  append_range(nodes, k.nodes);
  nodes.push_back(product);

  // Grouped heads.
  if (turned) {
    NodeList repeats;
    auto fewK = matchRepeat(view, k.name, repeats);
    auto fewV = matchRepeat(view, v, repeats);
    if (fewK && fewV &&
        (*view.getShape(*fewK))[1] == (*view.getShape(*fewV))[1]) {
      k.name = *fewK;
      v = *fewV;
      append_range(nodes, repeats);
    }
  } else {
    std::string straight = view.makeName(k.name);
    NodeProto *transpose = view.makeNode("Transpose", {k.name}, straight, 13);
    GraphView::setInts(transpose, "perm", *perm);
    k.name = straight;
  }
  SmallVector<std::string> inputs{q.name, k.name, v};
  append_range(inputs, masks);
  if (choice) {
    inputs.resize(4);
    inputs.push_back(choice->node->input(0));
  }
  NodeProto *attention =
      view.makeNode("SoftmaxAttention", inputs, product->output(0), 1);
  attention->set_domain("seqc");
  GraphView::setFloat(attention, "scale", scale);
  if (choice) {
    GraphView::setFloat(attention, "masked_score", choice->score);
    GraphView::setInt(attention, "shows", choice->keepsSecond ? 0 : 1);
  }
  if (outer != type)
    GraphView::setInt(attention, "softmax_precision",
                      static_cast<int64_t>(type));
  view.replace(product, nodes, "attention");
}

} // namespace seqc::onnx
