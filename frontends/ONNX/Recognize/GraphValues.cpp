//===- GraphValues.cpp - Shape arithmetic of a graph ----------------------===//

#include "frontends/ONNX/Recognize/GraphView.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace seqc::onnx {

using format::AttributeProto;
using format::NodeProto;
using Shape = SmallVector<Extent>;

/// Integer tensors of more elements are no shape arithmetic.
static constexpr int64_t kMostIntegers = 64;

std::optional<Extent> GraphView::getExtent(StringRef name) const {
  const Fact *fact = find(name);
  if (!fact || !fact->integers || fact->integers->size() != 1)
    return std::nullopt;
  return fact->integers->front();
}

void GraphView::inferValue(const NodeProto &node, Fact &fact) {
  StringRef op = node.op_type();
  SmallVector<const Fact *> inputs;
  for (const std::string &name : node.input()) {
    inputs.push_back(name.empty() ? nullptr : find(name));
    if (!inputs.back())
      return;
  }
  if (inputs.empty() || !fact.shape)
    return;
  // Shape arithmetic, whose elements may be symbols.
  if (!inputs[0]->integers ||
      !(fact.type == DataType::Int64 || fact.type == DataType::Int32))
    return;
  const Shape &x = *inputs[0]->integers;
  if (op == "Cast" || op == "Identity" || op == "Unsqueeze" ||
      op == "Squeeze" || op == "Reshape") {
    fact.integers = x;
  } else if (op == "Concat") {
    Shape all;
    for (const Fact *input : inputs) {
      if (!input->integers || input->shape->size() != 1)
        return;
      append_range(all, *input->integers);
    }
    if (all.size() <= size_t(kMostIntegers))
      fact.integers = all;
  } else if (op == "Gather" && inputs[0]->shape->size() == 1 &&
             inputs[1]->integers) {
    Shape all;
    for (int64_t i : *inputs[1]->integers) {
      i += i < 0 ? x.size() : 0;
      if (isSymbol(i) || i < 0 || i >= static_cast<int64_t>(x.size()))
        return;
      all.push_back(x[i]);
    }
    fact.integers = all;
  } else if (op == "Slice" && inputs[0]->shape->size() == 1 &&
             fact.shape->size() == 1) {
    auto starts = getParameter(node, "starts", 1);
    auto steps = node.input_size() > 4 ? getIntegers(node.input(4))
                                       : SmallVector<int64_t>{1};
    if (!starts || starts->size() != 1 || !steps || *steps != Shape{1} ||
        isSymbol(fact.shape->front()))
      return;
    int64_t size = x.size(), start = starts->front();
    start = std::clamp<int64_t>(start < 0 ? start + size : start, 0, size);
    int64_t count = std::min<int64_t>(fact.shape->front(), size - start);
    fact.integers = Shape(x.begin() + start, x.begin() + start + count);
  } else if ((op == "Mul" || op == "Add" || op == "Sub" || op == "Div") &&
             inputs[1]->integers) {
    const Shape &y = *inputs[1]->integers;
    Shape all;
    if (x.empty() || y.empty() ||
        (x.size() != y.size() && x.size() != 1 && y.size() != 1))
      return;
    for (size_t i = 0; i < std::max(x.size(), y.size()); ++i) {
      int64_t p = x[x.size() == 1 ? 0 : i], q = y[y.size() == 1 ? 0 : i], r = 0;
      if (isSymbol(p) || isSymbol(q)) {
        bool neutral = op == "Mul" || op == "Div" ? q == 1 : q == 0;
        r = neutral ? p : op == "Mul" && p == 1 ? q : makeFresh();
      } else if (op == "Div") {
        if (q == 0 || (p == INT64_MIN && q == -1))
          return;
        r = p / q;
      } else if (op == "Mul"   ? MulOverflow(p, q, r)
                 : op == "Add" ? AddOverflow(p, q, r)
                               : SubOverflow(p, q, r)) {
        return;
      }
      all.push_back(r);
    }
    fact.integers = all;
  }
}

} // namespace seqc::onnx
