//===- Node.cpp - What an operator's converter sees -----------------------===//

#include "frontends/ONNX/Node.h"

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/onnx.pb.h"

using namespace llvm;

namespace seqc::onnx {

/// AttributeProto.AttributeType.
enum AttributeType {
  kFloat = 1,
  kInt = 2,
  kString = 3,
  kTensor = 4,
  kGraph = 5,
  kFloats = 6,
  kInts = 7,
  kStrings = 8,
  kSparseTensor = 11,
  kType = 13,
};

static const char *nameAttributeType(int32_t type) {
  static constexpr const char *names[] = {
      "nothing", "a float",         "an int",         "a string", "a tensor",
      "a graph", "floats",          "ints",           "strings",  "tensors",
      "graphs",  "a sparse tensor", "sparse tensors", "a type",   "types"};
  return type >= 0 && type < static_cast<int32_t>(std::size(names))
             ? names[type]
             : "of an unknown type";
}

/// The type of an attribute; files older than the field `type` are read by
/// what they hold.
static int32_t typeOf(const format::AttributeProto &attribute) {
  if (attribute.type())
    return attribute.type();
  if (attribute.has_f())
    return kFloat;
  if (attribute.has_i())
    return kInt;
  if (attribute.has_s())
    return kString;
  if (attribute.has_t())
    return kTensor;
  if (attribute.has_g())
    return kGraph;
  if (attribute.has_sparse_tensor())
    return kSparseTensor;
  if (attribute.floats_size())
    return kFloats;
  if (attribute.ints_size())
    return kInts;
  if (attribute.strings_size())
    return kStrings;
  return 0;
}

Node::Node(const format::NodeProto &proto, int64_t opset,
           GraphImporter &importer, const Bindings &bindings)
    : proto(proto), opset(opset), importer(importer), bindings(bindings) {
  outputs.resize(proto.output_size());
}

StringRef Node::getOperator() const { return proto.op_type(); }

StringRef Node::getDomain() const { return normalizeDomain(proto.domain()); }

Emitter &Node::getEmitter() { return importer.getEmitter(); }

size_t Node::getNumOutputs() const { return proto.output_size(); }

bool Node::wantsOutput(size_t i) const {
  return i < static_cast<size_t>(proto.output_size()) &&
         !proto.output(i).empty();
}

Tensor settle(Emitter &e, Tensor given, int64_t count, StringRef what) {
  if (!given || given.getType().hasStaticShape())
    return given;
  int64_t known = 1, open = 0;
  for (int64_t size : given.getShape()) {
    bool isOpen = mlir::ShapedType::isDynamic(size);
    open += isOpen;
    if (!isOpen && llvm::MulOverflow(known, size, known))
      return given;
  }
  if (known <= 0 || count % known != 0 || (count != known && open != 1))
    return given;
  SmallVector<int64_t> shape(given.getShape());
  for (auto [d, size] : enumerate(shape)) {
    if (!mlir::ShapedType::isDynamic(size))
      continue;
    size = count / known;
    e.requireEqual(e.extent(given, d), e.fixed(size),
                   ("extent " + Twine(d) + " of " + what).str());
  }
  return e.castShape(given, shape);
}

Tensor Node::settleInput(size_t i, int64_t count) {
  if (!hasInput(i))
    return {};
  return inputs[i].tensor = settle(getEmitter(), getInput(i), count,
                                   ("input " + Twine(i)).str());
}

void Node::setOutput(size_t i, GraphValue value) {
  if (i < outputs.size())
    outputs[i] = std::move(value);
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

const format::AttributeProto *Node::find(StringRef name, int32_t type) {
  asked.insert(name);
  for (const format::AttributeProto &given : proto.attribute()) {
    if (given.name() != name)
      continue;
    const format::AttributeProto *attribute = &given;
    if (!given.ref_attr_name().empty()) {
      // A function's attribute, which its caller may have left out.
      auto bound = bindings.find(given.ref_attr_name());
      if (bound == bindings.end())
        return nullptr;
      attribute = bound->second;
    }
    int32_t found = typeOf(*attribute);
    // Empty lists carry no type in old files.
    if (type && found && found != type) {
      failedAttribute = true;
      (void)error("attribute '" + name + "' is " + nameAttributeType(found) +
                  "; required is " + nameAttributeType(type));
      return nullptr;
    }
    return attribute;
  }
  return nullptr;
}

bool Node::hasAttribute(StringRef name) { return find(name, 0) != nullptr; }

int64_t Node::getInt(StringRef name, int64_t otherwise) {
  const format::AttributeProto *attribute = find(name, kInt);
  return attribute ? attribute->i() : otherwise;
}

float Node::getFloat(StringRef name, float otherwise) {
  const format::AttributeProto *attribute = find(name, kFloat);
  return attribute ? attribute->f() : otherwise;
}

std::string Node::getString(StringRef name, StringRef otherwise) {
  const format::AttributeProto *attribute = find(name, kString);
  return attribute ? attribute->s() : otherwise.str();
}

std::optional<SmallVector<int64_t>> Node::getInts(StringRef name) {
  const format::AttributeProto *attribute = find(name, kInts);
  if (!attribute)
    return std::nullopt;
  return SmallVector<int64_t>(attribute->ints().begin(),
                              attribute->ints().end());
}

std::optional<SmallVector<float>> Node::getFloats(StringRef name) {
  const format::AttributeProto *attribute = find(name, kFloats);
  if (!attribute)
    return std::nullopt;
  return SmallVector<float>(attribute->floats().begin(),
                            attribute->floats().end());
}

std::optional<std::vector<std::string>> Node::getStrings(StringRef name) {
  const format::AttributeProto *attribute = find(name, kStrings);
  if (!attribute)
    return std::nullopt;
  return std::vector<std::string>(attribute->strings().begin(),
                                  attribute->strings().end());
}

const format::TensorProto *Node::getTensor(StringRef name) {
  const format::AttributeProto *attribute = find(name, kTensor);
  return attribute ? &attribute->t() : nullptr;
}

const format::SparseTensorProto *Node::getSparseTensor(StringRef name) {
  const format::AttributeProto *attribute = find(name, kSparseTensor);
  return attribute ? &attribute->sparse_tensor() : nullptr;
}

const format::GraphProto *Node::getGraph(StringRef name) {
  const format::AttributeProto *attribute = find(name, kGraph);
  return attribute ? &attribute->g() : nullptr;
}

const format::TypeProto *Node::getType(StringRef name) {
  const format::AttributeProto *attribute = find(name, kType);
  return attribute ? &attribute->tp() : nullptr;
}

LogicalResult Node::checkAttributes() {
  bool good = !failedAttribute;
  for (const format::AttributeProto &given : proto.attribute())
    if (!asked.contains(given.name()))
      good = succeeded(unsupported("attribute '" + Twine(given.name()) +
                                   "' is not supported"));
  return success(good);
}

std::optional<int64_t> Node::getAxis(int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  (void)error("axis " + Twine(axis) + " does not exist; required is -" +
              Twine(rank) + " to " + Twine(rank - 1));
  return std::nullopt;
}

LogicalResult Node::requireList(size_t i, const Twine &what, int64_t most) {
  Tensor list = getInput(i);
  if (list.getRank() > 1)
    return error("input " + Twine(i) + " (" + what + ") has rank " +
                 Twine(list.getRank()) + "; required is a list");
  if (!list.getType().hasStaticShape())
    return unsupported("input " + Twine(i) + " (" + what +
                       ") of dynamic length is not supported");
  int64_t found = list.getType().getNumElements();
  if (found > most)
    return error("input " + Twine(i) + " (" + what + ") has " + Twine(found) +
                 " elements; required are at most " + Twine(most));
  return success();
}

LogicalResult Node::requireRank(size_t i, int64_t least, int64_t most) {
  Tensor given = getInput(i);
  if (!given || (given.getRank() >= least && given.getRank() <= most))
    return success();
  std::string required =
      most == least       ? Twine(least).str()
      : most == kMostRank ? ("at least " + Twine(least)).str()
      : least == 0        ? ("at most " + Twine(most)).str()
                          : (Twine(least) + " to " + Twine(most)).str();
  return error("input " + Twine(i) + " has rank " + Twine(given.getRank()) +
               "; required is " + required);
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

std::string Node::describe() const {
  std::string name = proto.name();
  if (name.empty() && proto.output_size())
    name = "for " + proto.output(0);
  return "node '" + name + "' (" +
         (getDomain().empty() ? "" : (getDomain() + ".").str()) +
         proto.op_type() + ", opset " + std::to_string(opset) + ")";
}

LogicalResult Node::error(const Twine &message) {
  return importer.error(describe() + ": " + message);
}

LogicalResult Node::unsupported(const Twine &message) {
  return importer.unsupported(describe() + ": " + message);
}

} // namespace seqc::onnx
