//===- Recognize.cpp - Primitive nodes that are one operator --------------===//

#include "frontends/ONNX/Recognize/Recognize.h"

#include "frontends/ONNX/Recognize/GraphView.h"
#include "frontends/ONNX/Recognize/Unrolled.h"
#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

/// The pattern that is looked for here; those of operators are the compiler's.
static constexpr StringRef kRecurrence = "recurrence";

/// Graphs inside of graphs that are looked at.
static constexpr int kMostDepth = 20;

ArrayRef<StringRef> getPatternNames() { return kRecurrence; }

/// Whether all nodes have the inputs and outputs that patterns look at; what
/// has not is reported by the import.
static bool isSound(const format::GraphProto &graph) {
  static const StringSet<> binary = {"Add", "Sub",    "Mul",     "Div",
                                     "Pow", "MatMul", "Reshape", "Expand"};
  for (const format::NodeProto &node : graph.node()) {
    StringRef op = node.op_type();
    int required = op == "Where"         ? 3
                   : binary.contains(op) ? 2
                   : op == "Constant"    ? 0
                                         : 1;
    if (node.output_size() < 1 ||
        (node.input_size() < required &&
         (required > 1 || op.starts_with("Reduce") || op == "Transpose" ||
          op == "Unsqueeze" || op == "Cast")))
      return false;
  }
  return true;
}

/// Graphs inside of a graph come first. A graph belongs to one node, so each is
/// entered once, down to kMostDepth; those below stay what they are.
static void recognizeGraph(OnnxFile &file, format::GraphProto &graph,
                           int64_t opset, Recognition &result,
                           const GraphView *parent, int depth) {
  if (!isSound(graph))
    return;
  GraphView view(file, graph, opset, result, parent);
  NodeList nodes;
  for (format::NodeProto &node : *graph.mutable_node())
    nodes.push_back(&node);
  for (format::NodeProto *node : nodes) {
    if (depth < kMostDepth)
      for (format::AttributeProto &attribute : *node->mutable_attribute())
        if (attribute.has_g())
          recognizeGraph(file, *attribute.mutable_g(), opset, result, &view,
                         depth + 1);
  }
  view.finish();
  if (opset >= 9)
    rollSteps(file, graph, opset, result, parent);
}

Recognition recognize(OnnxFile &file, const StringSet<> &disabled,
                      const StringSet<> &looseSymbols) {
  Recognition result;
  result.looseSymbols = looseSymbols;
  int64_t opset = 1;
  for (const auto &entry : file.getModel().opset_import())
    if (entry.domain().empty() || entry.domain() == "ai.onnx")
      opset = entry.version();
  if (!disabled.contains("all") && !disabled.contains(kRecurrence) &&
      Registry::get().find("", "Scan"))
    recognizeGraph(file, *file.getMutableModel().mutable_graph(), opset, result,
                   nullptr, 0);
  return result;
}

} // namespace seqc::onnx
