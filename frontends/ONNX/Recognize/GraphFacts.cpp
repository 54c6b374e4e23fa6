//===- GraphFacts.cpp - Types, extents and constants of a graph -----------===//

#include "frontends/ONNX/Recognize/GraphView.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <cstring>

using namespace llvm;

namespace seqc::onnx {

using format::AttributeProto;
using format::NodeProto;
using Shape = SmallVector<Extent>;

/// Symbols lie where no extent and hardly any constant lies.
static constexpr int64_t kFirstSymbol = -(int64_t(1) << 40);
static constexpr int64_t kLastSymbol = -(int64_t(1) << 41);
/// Integer tensors of more elements are no shape arithmetic.
static constexpr int64_t kMostIntegers = 64;

bool isSymbol(Extent extent) {
  return extent <= kFirstSymbol && extent > kLastSymbol;
}

Extent makeFresh() {
  static thread_local int64_t next = 0;
  return kFirstSymbol - next++ % (int64_t(1) << 39);
}

/// The lesser one of a symbol and some number above 1. Broadcast against the
/// symbol itself it is that, or the model fails.
static Extent clip(Extent symbol) { return symbol - (int64_t(1) << 39); }

Extent GraphView::makeSymbol(StringRef name) {
  if (parent)
    return const_cast<GraphView *>(parent)->makeSymbol(name);
  if (result.looseSymbols.contains(name))
    return makeFresh();
  auto [entry, isNew] = symbols.try_emplace(name, 0);
  if (isNew)
    entry->second = makeFresh();
  return entry->second;
}

const GraphView::Fact *GraphView::find(StringRef name) const {
  for (const GraphView *view = this; view; view = view->parent)
    if (auto found = view->facts.find(name); found != view->facts.end())
      return &found->second;
  return nullptr;
}

void GraphView::readValueInfo(const format::ValueInfoProto &info) {
  if (!info.type().has_tensor_type())
    return;
  Fact fact;
  const auto &type = info.type().tensor_type();
  fact.type = static_cast<DataType>(type.elem_type());
  if (type.has_shape()) {
    fact.shape.emplace();
    for (const auto &dim : type.shape().dim()) {
      int64_t extent = getDeclaredExtent(dim, type.shape().dim_size());
      bool isFixed = dim.has_dim_value() && extent == dim.dim_value();
      fact.shape->push_back(isFixed ? extent
                            : dim.dim_param().empty()
                                ? makeFresh()
                                : makeSymbol(dim.dim_param()));
    }
  }
  declared[info.name()] = std::move(fact);
}

GraphView::Fact GraphView::readTensor(const format::TensorProto &tensor) {
  Fact fact;
  fact.type = static_cast<DataType>(tensor.data_type());
  Shape shape(tensor.dims().begin(), tensor.dims().end());
  std::optional<int64_t> count = countElements(shape);
  if (!count)
    return fact;
  fact.shape = shape;
  bool integers = fact.type == DataType::Int64 || fact.type == DataType::Int32;
  if (!integers || *count > kMostIntegers)
    return fact;
  Expected<TensorBytes> bytes = file.getBytes(tensor);
  if (!bytes) {
    // The import reports it.
    consumeError(bytes.takeError());
    return fact;
  }
  StringRef data = bytes->getBytes();
  auto read = [&](auto zero, int64_t i) {
    std::memcpy(&zero, data.data() + i * sizeof(zero), sizeof(zero));
    return zero;
  };
  fact.integers.emplace();
  for (int64_t i = 0; i < *count; ++i)
    fact.integers->push_back(fact.type == DataType::Int64 ? read(int64_t(), i)
                                                          : read(int32_t(), i));
  return fact;
}

//===----------------------------------------------------------------------===//
// Queries
//===----------------------------------------------------------------------===//

DataType GraphView::getType(StringRef name) const {
  const Fact *fact = find(name);
  return fact ? fact->type : DataType::Undefined;
}

std::optional<Shape> GraphView::getShape(StringRef name) const {
  const Fact *fact = find(name);
  return fact ? fact->shape : std::nullopt;
}

std::optional<SmallVector<int64_t>>
GraphView::getIntegers(StringRef name) const {
  const Fact *fact = find(name);
  if (!fact || !fact->integers || any_of(*fact->integers, isSymbol))
    return std::nullopt;
  return fact->integers;
}

static const AttributeProto *findAttribute(const NodeProto &node,
                                           StringRef name) {
  for (const AttributeProto &attribute : node.attribute())
    if (attribute.name() == name && attribute.ref_attr_name().empty())
      return &attribute;
  return nullptr;
}

int64_t GraphView::getInt(const NodeProto &node, StringRef name,
                          int64_t otherwise) const {
  const AttributeProto *attribute = findAttribute(node, name);
  return attribute ? attribute->i() : otherwise;
}

std::optional<SmallVector<int64_t>> GraphView::getInts(const NodeProto &node,
                                                       StringRef name) const {
  const AttributeProto *attribute = findAttribute(node, name);
  if (!attribute)
    return std::nullopt;
  return SmallVector<int64_t>(attribute->ints().begin(),
                              attribute->ints().end());
}

std::optional<SmallVector<int64_t>>
GraphView::getParameter(const NodeProto &node, StringRef name, int i) const {
  if (auto list = getInts(node, name))
    return list;
  return i < node.input_size() && !node.input(i).empty()
             ? getIntegers(node.input(i))
             : std::nullopt;
}

//===----------------------------------------------------------------------===//
// Inference
//===----------------------------------------------------------------------===//

/// numpy's rule. A symbol against a number other than 1 is that number.
static std::optional<Shape> broadcast(const Shape &a, const Shape &b) {
  Shape result(std::max(a.size(), b.size()), 1);
  for (size_t i = 1; i <= result.size(); ++i) {
    Extent x = i <= a.size() ? a[a.size() - i] : 1;
    Extent y = i <= b.size() ? b[b.size() - i] : 1;
    Extent &z = result[result.size() - i];
    if (x == y || y == 1)
      z = x;
    else if (x == 1)
      z = y;
    else if (isSymbol(x) && isSymbol(y))
      z = y == clip(x) ? x : x == clip(y) ? y : makeFresh();
    else if (isSymbol(x) || isSymbol(y))
      z = isSymbol(x) ? y : x;
    else
      return std::nullopt;
  }
  return result;
}

void GraphView::infer(const NodeProto &node) {
  for (const std::string &output : node.output())
    if (auto found = declared.find(output);
        found != declared.end() && !output.empty())
      facts[output] = found->second;
  if (!node.output_size() || node.output(0).empty() ||
      !(node.domain().empty() || node.domain() == "ai.onnx"))
    return;
  if (node.op_type() == "Scan" && opset >= 9)
    return inferScan(node);
  if (node.op_type() == "Split") {
    // The outputs are declared, or of unknown extent along the axis.
    const Fact *input = node.input_size() ? find(node.input(0)) : nullptr;
    if (!input || !input->shape)
      return;
    Fact fact = *input;
    fact.integers.reset();
    int64_t rank = fact.shape->size(), axis = getInt(node, "axis", 0);
    axis += axis < 0 ? rank : 0;
    if (axis < 0 || axis >= rank)
      return;
    auto sizes = getParameter(node, "split", 1);
    Extent whole = (*fact.shape)[axis];
    int parts = node.output_size();
    for (int i = 0; i < parts; ++i) {
      Extent size = makeFresh();
      if (sizes && static_cast<int>(sizes->size()) == parts)
        size = (*sizes)[i];
      else if (node.input_size() < 2 && !isSymbol(whole) && whole % parts == 0)
        size = whole / parts;
      (*fact.shape)[axis] = size;
      if (!node.output(i).empty())
        facts[node.output(i)] = fact;
    }
    return;
  }
  Fact fact;
  inferShape(node, fact);
  inferValue(node, fact);
  auto known = facts.find(node.output(0));
  if (known != facts.end()) {
    if (fact.type == DataType::Undefined)
      fact.type = known->second.type;
    if (!fact.shape)
      fact.shape = known->second.shape;
    else if (known->second.shape &&
             known->second.shape->size() == fact.shape->size())
      for (auto [mine, said] : zip(*fact.shape, *known->second.shape))
        if (isSymbol(mine) && !isSymbol(said))
          mine = said;
  }
  facts[node.output(0)] = std::move(fact);
}

void GraphView::inferShape(const NodeProto &node, Fact &fact) {
  StringRef op = node.op_type();
  auto input = [&](int i) {
    return i < node.input_size() && !node.input(i).empty() ? find(node.input(i))
                                                           : nullptr;
  };
  if (op == "Constant") {
    if (const AttributeProto *value = findAttribute(node, "value"))
      fact = readTensor(value->t());
    else if (findAttribute(node, "value_float"))
      fact = {DataType::Float, Shape{}, std::nullopt};
    else if (const AttributeProto *value = findAttribute(node, "value_int"))
      fact = {DataType::Int64, Shape{}, Shape{value->i()}};
    else if (auto list = getInts(node, "value_ints");
             list && list->size() <= size_t(kMostIntegers))
      fact = {DataType::Int64, Shape{int64_t(list->size())}, list};
    return;
  }
  const Fact *first = input(0);
  if (!first)
    return;
  fact.type = first->type;
  int64_t rank = first->shape ? first->shape->size() : 0;
  auto wrap = [&](int64_t axis, int64_t limit) {
    return axis < 0 ? axis + limit : axis;
  };

  static const StringSet<> same = {"Identity",
                                   "Dropout",
                                   "Softmax",
                                   "LogSoftmax",
                                   "Sqrt",
                                   "Erf",
                                   "Tanh",
                                   "Sigmoid",
                                   "Relu",
                                   "Neg",
                                   "Abs",
                                   "Exp",
                                   "Log",
                                   "Reciprocal",
                                   "Gelu",
                                   "LayerNormalization",
                                   "RMSNormalization",
                                   "Cos",
                                   "Sin",
                                   "Clip",
                                   "RotaryEmbedding",
                                   "LeakyRelu",
                                   "Elu",
                                   "Selu",
                                   "Softplus",
                                   "Swish",
                                   "Softsign",
                                   "HardSigmoid",
                                   "CumSum",
                                   "Trilu",
                                   "Attention"};
  static const StringSet<> binary = {"Add", "Sub", "Mul", "Div",  "Pow",
                                     "Max", "Min", "Sum", "PRelu"};
  static const StringSet<> compare = {
      "Equal",          "Less", "LessOrEqual", "Greater",
      "GreaterOrEqual", "And",  "Or",          "Xor"};
  if (same.contains(op)) {
    fact.shape = first->shape;
    if (op == "Attention") {
      const Fact *value = input(2);
      if (rank != 4 || !value || !value->shape || value->shape->size() != 4)
        fact.shape.reset();
      else
        (*fact.shape)[3] = (*value->shape)[3];
    }
  } else if (op == "Cast") {
    fact.type = static_cast<DataType>(getInt(node, "to", 0));
    fact.shape = first->shape;
  } else if (op == "Not" || op == "IsNaN") {
    fact.type = DataType::Bool;
    fact.shape = first->shape;
  } else if (binary.contains(op) || compare.contains(op)) {
    if (compare.contains(op))
      fact.type = DataType::Bool;
    fact.shape = first->shape;
    if (opset < 7 && (op != "Sum" && op != "Max" && op != "Min"))
      return;
    for (int i = 1; i < node.input_size() && fact.shape; ++i)
      fact.shape = input(i) && input(i)->shape
                       ? broadcast(*fact.shape, *input(i)->shape)
                       : std::nullopt;
  } else if (op == "Where") {
    const Fact *a = input(1), *b = input(2);
    fact.type = a ? a->type : DataType::Undefined;
    if (a && b && first->shape && a->shape && b->shape)
      if (auto both = broadcast(*a->shape, *b->shape))
        fact.shape = broadcast(*first->shape, *both);
  } else if (op == "Shape") {
    fact.type = DataType::Int64;
    if (first->shape) {
      int64_t start = wrap(getInt(node, "start", 0), rank);
      int64_t end = wrap(getInt(node, "end", rank), rank);
      start = std::clamp<int64_t>(start, 0, rank);
      end = std::clamp(end, start, rank);
      fact.integers =
          Shape(first->shape->begin() + start, first->shape->begin() + end);
      fact.shape = Shape{end - start};
    }
  } else if (op == "Size" || op == "Range") {
    fact.shape = op == "Size" ? Shape{} : Shape{makeFresh()};
    // 0, 1, .. below an extent.
    if (op == "Range" && node.input_size() == 3 &&
        getExtent(node.input(0)) == 0 && getExtent(node.input(2)) == 1)
      if (auto count = getExtent(node.input(1));
          count && (isSymbol(*count) || *count >= 0))
        fact.shape = Shape{*count};
  } else if (op == "Transpose" && first->shape) {
    auto perm = getInts(node, "perm");
    if (!perm)
      fact.shape = Shape(reverse(*first->shape));
    else if (static_cast<int64_t>(perm->size()) == rank &&
             all_of(*perm, [&](int64_t d) { return d >= 0 && d < rank; }))
      fact.shape = Shape(
          map_range(*perm, [&](int64_t d) { return (*first->shape)[d]; }));
  } else if (op == "MatMul" && first->shape) {
    const Fact *right = input(1);
    if (!right || !right->shape || rank < 2 || right->shape->size() < 2)
      return;
    Shape a = *first->shape, b = *right->shape;
    Extent rows = a[rank - 2], columns = b.back();
    a.truncate(rank - 2);
    b.truncate(b.size() - 2);
    fact.shape = broadcast(a, b);
    if (fact.shape)
      fact.shape->append({rows, columns});
  } else if (op == "Gemm" && rank == 2) {
    const Fact *right = input(1);
    if (right && right->shape && right->shape->size() == 2)
      fact.shape = Shape{(*first->shape)[getInt(node, "transA", 0) ? 1 : 0],
                         (*right->shape)[getInt(node, "transB", 0) ? 0 : 1]};
  } else if (op.starts_with("Reduce") && first->shape) {
    auto axes = getParameter(node, "axes", 1);
    bool keep = getInt(node, "keepdims", 1);
    if (!axes || axes->empty())
      return;
    SmallVector<bool> reduced(rank, false);
    for (int64_t axis : *axes) {
      if (wrap(axis, rank) < 0 || wrap(axis, rank) >= rank)
        return;
      reduced[wrap(axis, rank)] = true;
    }
    fact.shape.emplace();
    for (int64_t d = 0; d < rank; ++d)
      if (!reduced[d])
        fact.shape->push_back((*first->shape)[d]);
      else if (keep)
        fact.shape->push_back(1);
  } else if ((op == "Unsqueeze" || op == "Squeeze") && first->shape) {
    auto axes = getParameter(node, "axes", 1);
    if (!axes)
      return;
    int64_t full = rank + (op == "Unsqueeze" ? axes->size() : 0);
    SmallVector<bool> chosen(full, false);
    for (int64_t axis : *axes) {
      if (wrap(axis, full) < 0 || wrap(axis, full) >= full)
        return;
      chosen[wrap(axis, full)] = true;
    }
    fact.shape.emplace();
    int64_t next = 0;
    for (int64_t d = 0; d < full; ++d)
      if (op == "Squeeze") {
        if (!chosen[d])
          fact.shape->push_back((*first->shape)[d]);
      } else if (chosen[d]) {
        fact.shape->push_back(1);
      } else if (next < rank) {
        fact.shape->push_back((*first->shape)[next++]);
      }
  } else if (op == "Gather" && first->shape) {
    const Fact *indices = input(1);
    int64_t axis = wrap(getInt(node, "axis", 0), rank);
    if (!indices || !indices->shape || axis < 0 || axis >= rank)
      return;
    Shape shape(first->shape->begin(), first->shape->begin() + axis);
    shape.append(indices->shape->begin(), indices->shape->end());
    shape.append(first->shape->begin() + axis + 1, first->shape->end());
    fact.shape = shape;
  } else if (op == "Concat" && first->shape) {
    int64_t axis = wrap(getInt(node, "axis", 0), rank);
    if (axis < 0 || axis >= rank)
      return;
    Shape shape = *first->shape;
    for (int i = 1; i < node.input_size(); ++i) {
      const Fact *other = input(i);
      if (!other || !other->shape ||
          static_cast<int64_t>(other->shape->size()) != rank)
        return;
      Extent size = (*other->shape)[axis];
      shape[axis] = isSymbol(size) || isSymbol(shape[axis])
                        ? makeFresh()
                        : shape[axis] + size;
    }
    fact.shape = shape;
  } else if (op == "Slice" && first->shape) {
    auto starts = getParameter(node, "starts", 1);
    // Ends may be symbols.
    auto ends = getInts(node, "ends");
    if (!ends && input(2))
      ends = input(2)->integers;
    auto axes = getParameter(node, "axes", 3);
    auto steps =
        node.input_size() > 4 ? getIntegers(node.input(4)) : std::nullopt;
    if (!starts || !ends || starts->size() != ends->size() ||
        (node.input_size() > 4 && !steps) ||
        (axes && axes->size() != starts->size()) ||
        (steps && steps->size() != starts->size()))
      return;
    Shape shape = *first->shape;
    for (size_t i = 0; i < starts->size(); ++i) {
      int64_t axis = axes ? wrap((*axes)[i], rank) : i;
      if (axis < 0 || axis >= rank)
        return;
      Extent &size = shape[axis];
      int64_t start = (*starts)[i], end = (*ends)[i];
      if (isSymbol(end)) {
        bool whole = start == 0 && !(steps && (*steps)[i] != 1);
        size =
            whole && !isSymbol(size) && size > 1 && end > kFirstSymbol / 2 * 3
                ? clip(end)
                : makeFresh();
        continue;
      }
      if ((steps && (*steps)[i] != 1) || isSymbol(size)) {
        if (!(start == 0 && end > INT32_MAX - 1 &&
              !(steps && (*steps)[i] != 1)))
          size = makeFresh();
        continue;
      }
      start = std::clamp<int64_t>(wrap(start, size), 0, size);
      end = std::clamp<int64_t>(wrap(end, size), 0, size);
      size = std::max<int64_t>(end - start, 0);
    }
    fact.shape = shape;
  } else if (op == "Reshape" && first->shape) {
    const Fact *target = input(1);
    if (!target || !target->integers)
      return;
    // Extents that stay cancel out, so that -1 is known.
    Shape left = *first->shape, shape = *target->integers;
    int64_t unknown = -1;
    bool clear = getInt(node, "allowzero", 0) == 0;
    for (auto [d, size] : enumerate(shape))
      if (size == 0 && clear && static_cast<int64_t>(d) < rank)
        size = (*first->shape)[d];
    int64_t given = 1, have = 1;
    for (auto [d, size] : enumerate(shape)) {
      if (size == -1) {
        unknown = d;
        continue;
      }
      auto *found = llvm::find(left, size);
      if (isSymbol(size) && found != left.end())
        left.erase(found);
      else if (isSymbol(size))
        given = 0;
      else if (MulOverflow(given, size, given))
        return;
    }
    SmallVector<Extent> rest;
    for (Extent size : left)
      if (isSymbol(size))
        rest.push_back(size);
      else if (MulOverflow(have, size, have))
        return;
    if (unknown >= 0) {
      Extent size = makeFresh();
      if (given > 0 && rest.empty() && have % given == 0)
        size = have / given;
      else if (given > 0 && rest.size() == 1 && have == given)
        size = rest.front();
      shape[unknown] = size;
    }
    fact.shape = shape;
  } else if (op == "Expand" && first->shape) {
    const Fact *target = input(1);
    if (target && target->integers)
      fact.shape = broadcast(*first->shape, *target->integers);
  } else if (op == "ConstantOfShape") {
    fact.type = DataType::Float;
    if (const AttributeProto *value = findAttribute(node, "value"))
      fact.type = static_cast<DataType>(value->t().data_type());
    fact.shape = first->integers;
  } else {
    fact.type = DataType::Undefined;
  }
}

/// States of a Scan keep their shapes, and its outputs that are states too
/// stack them.
void GraphView::inferScan(const NodeProto &node) {
  const AttributeProto *body = nullptr;
  for (const AttributeProto &attribute : node.attribute())
    if (attribute.name() == "body" && attribute.has_g())
      body = &attribute;
  int states = node.input_size() - getInt(node, "num_scan_inputs", 0);
  if (!body || states < 0 || states >= node.input_size() ||
      body->g().output_size() < node.output_size())
    return;
  auto axes = getInts(node, "scan_input_axes");
  const Fact *scanned = find(node.input(states));
  int64_t axis = axes && !axes->empty() ? axes->front() : 0;
  if (getInts(node, "scan_output_axes") || !scanned || !scanned->shape ||
      axis < 0 || axis >= static_cast<int64_t>(scanned->shape->size()))
    return;
  Extent steps = (*scanned->shape)[axis];
  for (int i = 0; i < node.output_size(); ++i) {
    int state = i < states ? i : 0;
    while (i >= states && state < states &&
           body->g().output(state).name() != body->g().output(i).name())
      ++state;
    if (state >= states)
      continue;
    const Fact *init = find(node.input(state));
    if (!init || !init->shape || node.output(i).empty())
      continue;
    Fact fact = *init;
    fact.integers.reset();
    if (i >= states)
      fact.shape->insert(fact.shape->begin(), steps);
    facts[node.output(i)] = fact;
  }
}

} // namespace seqc::onnx
