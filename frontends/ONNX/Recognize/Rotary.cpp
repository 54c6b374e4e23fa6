//===- Rotary.cpp - Rotary embeddings -------------------------------------===//
//
// x * cos + rotate(x) * sin, where rotate() makes (-b, a) of pairs (a, b) of
// features: of both halves, or of neighbours. It is a rotation of pairs only if
// the tables hold the same angle for both features of a pair, which is what has
// to be shown for them.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Recognize/GraphView.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace seqc::onnx {

using format::NodeProto;
using Shape = SmallVector<Extent>;

/// Nodes between a table and the place where its pairs are made.
static constexpr int kMostDepth = 16;

static int64_t wrap(int64_t axis, int64_t rank) {
  return axis < 0 ? axis + rank : axis;
}

/// Whether Unsqueeze or Squeeze leaves the last dimension what it was.
static bool keepsLast(const GraphView &view, const NodeProto &node,
                      int64_t rank) {
  auto axes = view.getParameter(node, "axes", 1);
  return axes && all_of(*axes, [&](int64_t axis) {
           return wrap(axis, rank) != rank - 1;
         });
}

/// Whether both features of each pair of `name` are equal. Each call asks about
/// one input at most, so that kMostDepth bounds the calls as well.
static bool hasEqualPairs(const GraphView &view, StringRef name,
                          bool interleaved, int depth) {
  auto shape = view.getShape(name);
  if (!shape || shape->empty() || depth > kMostDepth)
    return false;
  int64_t rank = shape->size();
  Extent features = shape->back();
  const NodeProto *node = view.getProducer(name);
  if (!node)
    return view.hasEqualPairs(name, interleaved);
  auto next = [&](int i) {
    auto inner = view.getShape(node->input(i));
    return inner && !inner->empty() && inner->back() == features &&
           hasEqualPairs(view, node->input(i), interleaved, depth + 1);
  };
  StringRef op = node->op_type();
  if (!(node->domain().empty() || node->domain() == "ai.onnx"))
    return false;
  if (op == "Constant")
    return view.hasEqualPairs(name, interleaved);
  if (node->input_size() < 1)
    return false;
  static const StringSet<> same = {"Cos", "Sin", "Neg", "Cast", "Identity"};
  if (same.contains(op))
    return next(0);
  if (op == "Mul" || op == "Div" || op == "Add" || op == "Sub") {
    for (int i = 0; i < 2; ++i)
      if (view.getFactor(node->input(1 - i), node->input(i)))
        return next(i);
    return false;
  }
  auto inner = view.getShape(node->input(0));
  if (!inner)
    return false;
  if (op == "Unsqueeze")
    return keepsLast(view, *node, rank) && next(0);
  if (op == "Squeeze")
    return keepsLast(view, *node, inner->size()) && next(0);
  if (op == "Expand")
    return next(0);
  if (op == "Gather")
    return inner->size() > 1 &&
           wrap(view.getInt(*node, "axis", 0), inner->size()) !=
               static_cast<int64_t>(inner->size()) - 1 &&
           next(0);
  if (op == "Slice") {
    auto axes = view.getParameter(*node, "axes", 3);
    return axes &&
           all_of(*axes,
                  [&](int64_t axis) { return wrap(axis, rank) != rank - 1; }) &&
           next(0);
  }
  if (op == "Transpose") {
    auto perm = view.getInts(*node, "perm");
    return perm && !perm->empty() && perm->back() == rank - 1 && next(0);
  }
  if (op == "Concat" && wrap(view.getInt(*node, "axis", 0), rank) == rank - 1)
    return !interleaved && node->input_size() == 2 &&
           view.skipIdentity(node->input(0)) ==
               view.skipIdentity(node->input(1));
  if (op != "Reshape")
    return false;
  if (!inner->empty() && inner->back() == features)
    return next(0);
  // [.., n, 2] as [.., 2 n].
  if (!interleaved || isSymbol(features) || inner->size() < 2 ||
      inner->back() != 2 || (*inner)[inner->size() - 2] * 2 != features)
    return false;
  const NodeProto *twice = view.getProducer(node->input(0));
  if (!twice)
    return false;
  if (twice->op_type() == "Expand") {
    auto one = view.getShape(twice->input(0));
    return one && one->size() == inner->size() && one->back() == 1;
  }
  if (twice->op_type() != "Concat" || twice->input_size() != 2 ||
      twice->input(0) != twice->input(1))
    return false;
  auto one = view.getShape(twice->input(0));
  return one && one->back() == 1;
}

namespace {
/// Every second feature, or one half of them.
struct Part {
  std::string tensor;
  NodeProto *node = nullptr;
  bool interleaved = false;
  int index = 0;
};
} // namespace

static std::optional<Part> matchPart(const GraphView &view, StringRef name) {
  NodeProto *node = view.getProducer(name);
  if (!node || node->input_size() < 1 ||
      !(node->domain().empty() || node->domain() == "ai.onnx"))
    return std::nullopt;
  auto shape = view.getShape(node->input(0));
  auto half = view.getShape(name);
  if (!shape || shape->size() != 4 || isSymbol(shape->back()) ||
      shape->back() % 2 != 0 || shape->back() <= 0)
    return std::nullopt;
  int64_t features = shape->back();
  Part part{node->input(0), node, false, 0};
  if (node->op_type() == "Split") {
    if (wrap(view.getInt(*node, "axis", 0), 4) != 3 ||
        node->output_size() != 2 || !half || half->size() != 4 ||
        half->back() != features / 2)
      return std::nullopt;
    part.index = node->output(1) == name;
    return part;
  }
  if (node->op_type() != "Slice")
    return std::nullopt;
  auto starts = view.getParameter(*node, "starts", 1);
  auto ends = view.getParameter(*node, "ends", 2);
  auto axes = view.getParameter(*node, "axes", 3);
  auto steps =
      node->input_size() > 4 ? view.getIntegers(node->input(4)) : Shape{1};
  if (!starts || !ends || !axes || !steps || starts->size() != 1 ||
      ends->size() != 1 || axes->size() != 1 || steps->size() != 1 ||
      wrap(axes->front(), 4) != 3)
    return std::nullopt;
  int64_t start = wrap(starts->front(), features);
  int64_t end = std::min(wrap(ends->front(), features), features);
  part.interleaved = steps->front() == 2;
  if (part.interleaved ? (start == 0 || start == 1) &&
                             (end == features || end == features - 1 + start)
                       : steps->front() == 1 && end == start + features / 2 &&
                             (start == 0 || start == features / 2)) {
    part.index = start != 0;
    return part;
  }
  return std::nullopt;
}

/// The table [batch or 1, time, features / 2] of `name`, which is made from
/// nodes of its own; empty if it does not fit `shape`.
static std::string makeTable(GraphView &view, StringRef name,
                             ArrayRef<Extent> shape, bool interleaved) {
  auto found = view.getShape(name);
  if (!found || found->size() < 2 || found->size() > 4)
    return "";
  Shape full(4 - found->size(), 1);
  append_range(full, *found);
  if (full[1] != 1 || full[2] != shape[2] || full[3] != shape[3] ||
      (full[0] != 1 && full[0] != shape[0]) ||
      !hasEqualPairs(view, name, interleaved, 0))
    return "";
  int64_t rank = found->size();
  std::string table = view.makeName(name);
  if (interleaved)
    view.makeNode("Slice",
                  {name.str(), view.makeIntegers({0}),
                   view.makeIntegers({shape[3]}), view.makeIntegers({rank - 1}),
                   view.makeIntegers({2})},
                  table, 13);
  else
    view.makeNode("Slice",
                  {name.str(), view.makeIntegers({0}),
                   view.makeIntegers({shape[3] / 2}),
                   view.makeIntegers({rank - 1})},
                  table, 13);
  if (rank == 3)
    return table;
  std::string flat = view.makeName(name);
  NodeProto *change =
      view.makeNode(rank == 4 ? "Squeeze" : "Unsqueeze", {table}, flat, 11);
  GraphView::setInts(change, "axes", {rank == 4 ? 1 : 0});
  return flat;
}

void recognizeRotary(GraphView &view, NodeProto &node) {
  // rotate(x): halves join directly, neighbours through a dimension of 2.
  if (node.input_size() != 1)
    return;
  std::optional<Part> second = matchPart(view, node.input(0));
  NodeProto *join = view.getOnlyUser(node.output(0));
  if (!second || second->index != 1 || !join)
    return;
  NodeList nodes{&node, second->node};
  bool interleaved = second->interleaved;
  std::string left = node.output(0);
  auto isInsert = [&](const NodeProto *insert) {
    auto axes = insert ? view.getParameter(*insert, "axes", 1) : std::nullopt;
    return axes && insert->op_type() == "Unsqueeze" && axes->size() == 1 &&
           wrap(axes->front(), 5) == 4;
  };
  if (interleaved) {
    if (!isInsert(join))
      return;
    nodes.push_back(join);
    left = join->output(0);
    join = view.getOnlyUser(left);
  }
  if (!join || join->op_type() != "Concat" || join->input_size() != 2 ||
      join->input(0) != left ||
      wrap(view.getInt(*join, "axis", 0), interleaved ? 5 : 4) !=
          (interleaved ? 4 : 3))
    return;
  nodes.push_back(join);
  std::string right = join->input(1), rotated = join->output(0);
  if (interleaved) {
    NodeProto *insert = view.getProducer(right);
    NodeProto *reshape = view.getOnlyUser(rotated);
    if (!isInsert(insert) || !reshape || reshape->op_type() != "Reshape" ||
        view.getShape(reshape->output(0)) != view.getShape(second->tensor))
      return;
    nodes.append({insert, reshape});
    right = insert->input(0);
    rotated = reshape->output(0);
  }
  std::optional<Part> first = matchPart(view, right);
  if (!first || first->index != 0 || first->interleaved != interleaved ||
      first->tensor != second->tensor)
    return;
  if (first->node != second->node)
    nodes.push_back(first->node);

  // x * cos + rotate(x) * sin.
  auto getOther = [](const NodeProto &pair, StringRef name) -> std::string {
    if (pair.input_size() != 2 || pair.input(0) == pair.input(1))
      return "";
    return pair.input(0) == name   ? pair.input(1)
           : pair.input(1) == name ? pair.input(0)
                                   : "";
  };
  const std::string &x = first->tensor;
  NodeProto *bySine = view.getOnlyUser(rotated);
  NodeProto *add = bySine ? view.getOnlyUser(bySine->output(0)) : nullptr;
  if (!add || bySine->op_type() != "Mul" || add->op_type() != "Add")
    return;
  std::string sine = getOther(*bySine, rotated);
  std::string direct = getOther(*add, bySine->output(0));
  NodeProto *byCosine = view.getProducer(direct, "Mul");
  std::string cosine = byCosine ? getOther(*byCosine, x) : "";
  if (sine.empty() || cosine.empty() || !view.getOnlyUser(direct))
    return;
  nodes.append({bySine, byCosine, add});
  auto shape = view.getShape(x);
  DataType type = view.getType(x);
  if (!isFloat(type) || view.getType(sine) != type ||
      view.getType(cosine) != type || view.getShape(add->output(0)) != shape ||
      !view.isClosed(nodes, add))
    return;
  std::string cosines = makeTable(view, cosine, *shape, interleaved);
  std::string sines =
      cosines.empty() ? "" : makeTable(view, sine, *shape, interleaved);
  if (sines.empty())
    return;
  NodeProto *rotary =
      view.makeNode("RotaryEmbedding", {x, cosines, sines}, add->output(0), 23);
  if (interleaved)
    GraphView::setInt(rotary, "interleaved", 1);
  view.replace(add, nodes, "rotary");
}

} // namespace seqc::onnx
