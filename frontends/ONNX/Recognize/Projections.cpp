//===- Projections.cpp - Queries, keys and values of one input ------------===//
//
// Products of one tensor by three weights, from which one attention takes its
// queries, keys and values, become one node with their biases. What lies
// between (heads, rotation, norms, keys of earlier steps) stays.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Recognize/GraphView.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;

namespace seqc::onnx {

using format::NodeProto;

/// Nodes between a projection and its attention that are looked at.
static constexpr int kMostSteps = 64;

/// Whether a name stands for weights: nothing that depends on an activation
/// may give it. The operators that are followed have three inputs at most, and
/// three stand behind each other at most.
static bool isWeight(const GraphView &view, StringRef name, int depth = 0) {
  NodeProto *node = view.getProducer(name);
  if (!node || node->op_type() == "Constant")
    return true;
  static const StringSet<> passing = {"Identity", "Cast", "Transpose",
                                      "DequantizeLinear"};
  return depth < 3 && passing.contains(node->op_type()) &&
         all_of(
             node->input(),
             [&](const std::string &input) {
               return input.empty() || isWeight(view, input, depth + 1);
             });
}

/// The nearest product with weights [features, columns] that `name` comes from.
static NodeProto *findProduct(const GraphView &view, StringRef name) {
  static const StringSet<> passing = {
      "Add",     "Cast",      "Concat",    "Div",
      "Dropout", "Expand",    "Identity",  "LayerNormalization",
      "Mul",     "Neg",       "Reshape",   "RMSNormalization",
      "Slice",   "Split",     "Squeeze",   "RotaryEmbedding",
      "Sub",     "Transpose", "Unsqueeze", "SimplifiedLayerNormalization"};
  SmallVector<NodeProto *> queue;
  auto push = [&](StringRef of) {
    NodeProto *node = view.getProducer(of);
    if (node && !is_contained(queue, node))
      queue.push_back(node);
  };
  push(name);
  for (size_t i = 0; i < queue.size() && i < kMostSteps; ++i) {
    NodeProto *node = queue[i];
    if (node->op_type() == "MatMul" && node->input_size() == 2) {
      auto weight = view.getShape(node->input(1));
      if (weight && weight->size() == 2 && isWeight(view, node->input(1)))
        return node;
      continue;
    }
    if (passing.contains(node->op_type()))
      for (const std::string &input : node->input())
        push(input);
  }
  return nullptr;
}

/// The addition of a vector to the product's columns, if that is its only use.
static NodeProto *findBias(const GraphView &view, const NodeProto &product,
                           std::string &bias) {
  NodeProto *add = view.getOnlyUser(product.output(0));
  if (!add || add->op_type() != "Add" || add->input_size() != 2 ||
      add->output_size() != 1)
    return nullptr;
  auto weight = view.getShape(product.input(1));
  for (int side = 0; side < 2; ++side) {
    const std::string &other = add->input(1 - side);
    auto shape = view.getShape(other);
    if (add->input(side) != product.output(0) || other == product.output(0) ||
        !shape || shape->size() != 1 || (*shape)[0] != (*weight)[1] ||
        !isWeight(view, other) ||
        view.getType(other) != view.getType(product.input(1)))
      continue;
    bias = other;
    return add;
  }
  return nullptr;
}

void recognizeProjections(GraphView &view, NodeProto &node) {
  if (node.input_size() < 3)
    return;
  SmallVector<NodeProto *, 3> products;
  for (int i = 0; i < 3; ++i) {
    NodeProto *product = findProduct(view, node.input(i));
    if (!product || is_contained(products, product) || view.isRemoved(product))
      return;
    products.push_back(product);
  }
  const NodeProto &first = *products[0];
  if (!isFloat(view.getType(first.input(1))))
    return;
  for (NodeProto *product : products)
    if (product->input(0) != first.input(0) ||
        view.getType(product->input(1)) != view.getType(first.input(1)) ||
        (*view.getShape(product->input(1)))[0] !=
            (*view.getShape(first.input(1)))[0])
      return;
  SmallVector<std::string> inputs{first.input(0)}, results;
  SmallVector<std::pair<NodeProto *, NodeList>> old;
  for (NodeProto *product : products) {
    std::string bias;
    NodeProto *add = findBias(view, *product, bias);
    inputs.append({product->input(1), bias});
    results.push_back(view.makeName(product->output(0)));
    old.push_back({add ? add : product, add ? NodeList{product} : NodeList{}});
  }
  NodeProto *joined = view.makeNode("Projections", inputs, results[0], 1);
  joined->set_domain("seqc");
  joined->add_output(results[1]);
  joined->add_output(results[2]);
  for (auto [i, entry] : enumerate(old)) {
    view.makeNode("Identity", {results[i]}, entry.first->output(0), 1);
    view.replace(entry.first, entry.second, i == 0 ? "qkv" : "");
  }
}

} // namespace seqc::onnx
