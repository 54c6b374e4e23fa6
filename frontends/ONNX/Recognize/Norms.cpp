//===- Norms.cpp - Layer norm and RMS norm --------------------------------===//
//
// Both end in x * 1 / sqrt(mean(square(x)) + epsilon), where layer norm has
// x - mean(x) for x; scale and bias follow. The match starts at the mean of
// squares and walks both ways.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Recognize/GraphView.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace seqc::onnx {

using format::NodeProto;

/// Whether `node` is a mean over the last dimensions that stay with extent 1;
/// gives how many.
static std::optional<int64_t> matchMean(const GraphView &view,
                                        const NodeProto &node) {
  std::optional<SmallVector<int64_t>> axes = view.getParameter(node, "axes", 1);
  if (node.op_type() != "ReduceMean" || !axes || axes->empty() ||
      view.getInt(node, "keepdims", 1) == 0)
    return std::nullopt;
  auto shape = view.getShape(node.input(0));
  int64_t rank = shape ? shape->size() : 0;
  for (int64_t &axis : *axes) {
    if (axis >= 0 && rank == 0)
      return std::nullopt;
    axis -= axis >= 0 ? rank : 0;
  }
  sort(*axes);
  for (auto [i, axis] : enumerate(*axes))
    if (axis != static_cast<int64_t>(i) - static_cast<int64_t>(axes->size()))
      return std::nullopt;
  return axes->size();
}

/// The operand of a square.
static StringRef matchSquare(const GraphView &view, const NodeProto *node) {
  if (!node || node->input_size() != 2)
    return {};
  if (node->op_type() == "Mul" && node->input(0) == node->input(1))
    return node->input(0);
  if (node->op_type() == "Pow" &&
      view.getFactor(node->input(1), node->input(0)) == 2.0)
    return node->input(0);
  return {};
}

/// The other operand of a node of two, if `name` is one of them once.
static StringRef getOther(const NodeProto &node, StringRef name) {
  if (node.input_size() != 2 || node.input(0) == node.input(1))
    return {};
  return node.input(0) == name   ? StringRef(node.input(1))
         : node.input(1) == name ? StringRef(node.input(0))
                                 : StringRef();
}

/// Takes `name` on to the result of the Mul or Add that applies a parameter,
/// if it fits the last `count` extents of `shape`.
static StringRef matchParameter(const GraphView &view, StringRef op,
                                StringRef &name, ArrayRef<Extent> shape,
                                int64_t count, DataType type, NodeList &nodes) {
  NodeProto *user = view.getOnlyUser(name);
  if (!user || user->op_type() != op)
    return {};
  StringRef parameter = getOther(*user, name);
  auto found = view.getShape(parameter);
  if (parameter.empty() || !found || view.getType(parameter) != type ||
      static_cast<int64_t>(found->size()) > count ||
      !GraphView::isWithin(*found, shape))
    return {};
  nodes.push_back(user);
  name = user->output(0);
  return parameter;
}

static void recognizeNorm(GraphView &view, NodeProto &mean, bool centered) {
  std::optional<int64_t> count = matchMean(view, mean);
  NodeProto *square = view.getProducer(mean.input_size() ? mean.input(0) : "");
  StringRef deviation = matchSquare(view, square);
  if (!count || deviation.empty())
    return;
  NodeList nodes{square, &mean};
  StringRef x = deviation;
  NodeProto *minus = view.getProducer(deviation, "Sub");
  if (minus) {
    // Without this mean it is an RMS norm of a difference.
    NodeProto *first = view.getProducer(minus->input(1), "ReduceMean");
    bool matches = first && first->input(0) == minus->input(0) &&
                   matchMean(view, *first) == count;
    if (matches != centered)
      return;
    if (matches) {
      x = minus->input(0);
      nodes.append({minus, first});
    }
  } else if (centered) {
    return;
  }
  DataType type = view.getType(x);
  auto shape = view.getShape(x);
  if ((type != DataType::Float && type != DataType::Float16 &&
       type != DataType::BFloat16) ||
      !shape || static_cast<int64_t>(shape->size()) < *count)
    return;

  // 1 / sqrt(mean + epsilon).
  NodeProto *add = view.getOnlyUser(mean.output(0));
  if (!add || add->op_type() != "Add")
    return;
  StringRef other = getOther(*add, mean.output(0));
  std::optional<double> epsilon = view.getFactor(other, mean.output(0));
  if (other.empty() || !epsilon || *epsilon < 0)
    return;
  nodes.push_back(add);
  NodeProto *root = view.getOnlyUser(add->output(0));
  if (!root || root->input_size() < 1)
    return;
  nodes.push_back(root);
  bool inverse = false;
  if (root->op_type() == "Pow" && root->input(0) == add->output(0)) {
    auto power = view.getFactor(root->input(1), root->input(0));
    if (power != 0.5 && power != -0.5)
      return;
    inverse = power == -0.5;
  } else if (root->op_type() != "Sqrt") {
    return;
  }
  NodeProto *scaled = view.getOnlyUser(root->output(0));
  if (scaled && !inverse) {
    bool divides = scaled->op_type() == "Div" && scaled->input_size() == 2 &&
                   scaled->input(1) == root->output(0) &&
                   view.getFactor(scaled->input(0), root->output(0)) == 1.0;
    if (divides || scaled->op_type() == "Reciprocal") {
      inverse = true;
      root = scaled;
      nodes.push_back(scaled);
      scaled = view.getOnlyUser(root->output(0));
    }
  }
  if (!scaled || scaled->input_size() != 2)
    return;
  if (inverse
          ? scaled->op_type() != "Mul" ||
                getOther(*scaled, root->output(0)) != deviation
          : scaled->op_type() != "Div" || scaled->input(0) != deviation.str() ||
                scaled->input(1) != root->output(0))
    return;
  nodes.push_back(scaled);

  StringRef name = scaled->output(0);
  StringRef scale =
      matchParameter(view, "Mul", name, *shape, *count, type, nodes);
  StringRef bias =
      centered ? matchParameter(view, "Add", name, *shape, *count, type, nodes)
               : StringRef();
  NodeProto *last = view.getProducer(name);
  if (!view.isClosed(nodes, last))
    return;
  // What comes before is there for sure; parameters may be computed late, so
  // the new node stands where the last one was.
  Extent columns = shape->back();
  std::string factor = scale.str();
  if (scale.empty()) {
    if (*count != 1 || isSymbol(columns) || columns > (1 << 20))
      return;
    factor = view.makeOnes(type, columns);
  }
  SmallVector<std::string> inputs{x.str(), factor};
  if (!bias.empty())
    inputs.push_back(bias.str());
  NodeProto *node =
      view.makeNode(centered ? "LayerNormalization" : "RMSNormalization",
                    inputs, name, centered ? 17 : 23);
  GraphView::setInt(node, "axis", -*count);
  GraphView::setFloat(node, "epsilon", *epsilon);
  view.replace(last, nodes, centered ? "layer_norm" : "rms_norm");
}

void recognizeLayerNorm(GraphView &view, NodeProto &node) {
  recognizeNorm(view, node, /*centered=*/true);
}

void recognizeRMSNorm(GraphView &view, NodeProto &node) {
  recognizeNorm(view, node, /*centered=*/false);
}

} // namespace seqc::onnx
