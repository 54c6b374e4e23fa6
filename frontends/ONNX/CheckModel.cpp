//===- CheckModel.cpp - What no ONNX model may say ------------------------===//

#include "frontends/ONNX/CheckModel.h"

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/onnx.pb.h"
#include "frontends/SafeTensors/SafeTensorsFile.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace seqc::onnx {

/// The first version of the format whose models name the opsets they use.
static constexpr int64_t kFirstWithOpsets = 3;

/// A domain as messages name it.
static std::string getDomainText(StringRef domain) {
  return domain.empty() ? "ai.onnx" : domain.str();
}

namespace {

/// Checks one model.
class ModelCheck {
public:
  ModelCheck(const format::ModelProto &model, FaultReporter report)
      : model(model), report(report) {}

  void run() {
    checkVersion();
    checkNames(model.graph().input(), "input");
    checkNames(model.graph().output(), "output");
    checkOpsets(model.opset_import(), "the model");
    checkFunctions();
    checkGraphs();
  }

private:
  using Opsets = google::protobuf::RepeatedPtrField<format::OperatorSetIdProto>;
  using Nodes = google::protobuf::RepeatedPtrField<format::NodeProto>;

  void checkVersion();
  /// Reports names of inputs or outputs, and of their extents, that are no text:
  /// metadata hold them.
  void checkNames(
      const google::protobuf::RepeatedPtrField<format::ValueInfoProto> &values,
      StringRef kind);
  void checkOpsets(const Opsets &opsets, const Twine &who);
  void checkFunctions();
  void checkGraphs();
  void checkGraph(const format::GraphProto &graph, const Twine &what);
  void checkParameters(const format::FunctionProto &function, StringRef name);
  void checkAttributes(const format::NodeProto &node);
  /// Reports an initializer that contradicts the input of its name.
  void checkDefault(const format::ValueInfoProto &input, DataType held,
                    ArrayRef<int64_t> shape);
  /// Reports outputs of nodes that are called like one of `given`, of which
  /// each says what gives it; collects the graphs inside of the nodes.
  void checkNodes(const Nodes &nodes, const StringMap<StringRef> &given);

  const format::ModelProto &model;
  FaultReporter report;
  /// Graphs inside of nodes that are still to be checked.
  SmallVector<const format::GraphProto *> inner;
};

} // namespace

void ModelCheck::checkVersion() {
  if (!model.has_ir_version())
    report("the model has no ir_version; required is 1 or more");
  else if (model.ir_version() < 1)
    report("the model has ir_version " + Twine(model.ir_version()) +
           "; required is 1 or more");
  else if (model.ir_version() >= kFirstWithOpsets &&
           model.opset_import().empty())
    report("the model imports no opset; required from ir_version " +
           Twine(kFirstWithOpsets) + " on is one of each domain");
}

/// The shape of a value, or of the parts of one; null if it declares none.
static const format::TensorShapeProto *
findShape(const format::TypeProto &type) {
  const format::TypeProto *part = &type;
  while (part->has_sequence_type() || part->has_optional_type())
    part = part->has_sequence_type() ? &part->sequence_type().elem_type()
                                     : &part->optional_type().elem_type();
  return part->tensor_type().has_shape() ? &part->tensor_type().shape()
                                         : nullptr;
}

void ModelCheck::checkNames(
    const google::protobuf::RepeatedPtrField<format::ValueInfoProto> &values,
    StringRef kind) {
  for (const format::ValueInfoProto &value : values) {
    std::string name = json::fixUTF8(value.name());
    if (!json::isUTF8(value.name()))
      report("the name of " + kind + " '" + name +
             "' is no text; required is UTF-8");
    const format::TensorShapeProto *shape = findShape(value.type());
    if (!shape)
      continue;
    for (const auto &dim : shape->dim())
      if (!json::isUTF8(dim.dim_param()))
        report("extent '" + json::fixUTF8(dim.dim_param()) + "' of " + kind +
               " '" + name + "' has a name that is no text; required is UTF-8");
  }
}

void ModelCheck::checkOpsets(const Opsets &opsets, const Twine &who) {
  StringMap<int64_t> versions;
  for (const format::OperatorSetIdProto &entry : opsets) {
    StringRef domain = normalizeDomain(entry.domain());
    auto [known, isNew] = versions.try_emplace(domain, entry.version());
    if (!isNew && known->second != entry.version())
      report(who + " imports opsets " + Twine(known->second) + " and " +
             Twine(entry.version()) + " of domain '" + getDomainText(domain) +
             "'; required is one");
  }
}

void ModelCheck::checkFunctions() {
  StringSet<> names;
  for (const format::FunctionProto &function : model.functions()) {
    std::string name = getDomainText(normalizeDomain(function.domain())) + "." +
                       function.name();
    if (!function.overload().empty())
      name += ":" + function.overload();
    if (!names.insert(name).second)
      report("function '" + Twine(name) +
             "' is defined twice; names are "
             "unique");
    checkOpsets(function.opset_import(), "function '" + Twine(name) + "'");
    checkParameters(function, name);
    StringMap<StringRef> given;
    for (const std::string &input : function.input())
      given.try_emplace(input, "an input of the function");
    checkNodes(function.node(), given);
  }
}

void ModelCheck::checkParameters(const format::FunctionProto &function,
                                 StringRef name) {
  StringSet<> inputs, outputs, attributes;
  auto add = [&](StringSet<> &names, StringRef kind, StringRef text) {
    if (!names.insert(text).second)
      report(kind + " '" + text + "' of function '" + name +
             "' is defined twice; names are unique");
  };
  for (const std::string &input : function.input())
    add(inputs, "input", input);
  for (const std::string &output : function.output())
    add(outputs, "output", output);
  // With a default or without.
  for (const std::string &attribute : function.attribute())
    add(attributes, "attribute", attribute);
  for (const format::AttributeProto &attribute : function.attribute_proto())
    add(attributes, "attribute", attribute.name());
}

void ModelCheck::checkAttributes(const format::NodeProto &node) {
  StringSet<> names;
  for (const format::AttributeProto &attribute : node.attribute()) {
    if (names.insert(attribute.name()).second)
      continue;
    std::string name = node.name();
    if (name.empty() && node.output_size())
      name = "for " + node.output(0);
    StringRef domain = normalizeDomain(node.domain());
    report("node '" + Twine(name) + "' (" + domain +
           (domain.empty() ? "" : ".") + node.op_type() + "): attribute '" +
           attribute.name() + "' is given twice; names are unique");
  }
}

void ModelCheck::checkNodes(const Nodes &nodes,
                            const StringMap<StringRef> &given) {
  for (const format::NodeProto &node : nodes) {
    for (const std::string &output : node.output())
      if (auto other = given.find(output);
          !output.empty() && other != given.end())
        report("value '" + Twine(output) + "' is given by a node and by " +
               other->second + "; names are unique");
    checkAttributes(node);
    for (const format::AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g())
        inner.push_back(&attribute.g());
      for (const format::GraphProto &graph : attribute.graphs())
        inner.push_back(&graph);
    }
  }
}

/// A shape as messages show it: names of extents as they are, "?" without.
static std::string getShapeText(const format::TensorShapeProto &shape) {
  std::string text;
  for (const auto &dim : shape.dim()) {
    text += text.empty() ? "" : ", ";
    if (!mlir::ShapedType::isDynamic(getDeclaredExtent(dim, shape.dim_size())))
      text += std::to_string(dim.dim_value());
    else
      text += dim.dim_param().empty() ? "?" : dim.dim_param();
  }
  return "[" + text + "]";
}

void ModelCheck::checkDefault(const format::ValueInfoProto &input,
                              DataType held, ArrayRef<int64_t> shape) {
  const format::TypeProto::Tensor &type = input.type().tensor_type();
  auto declared = static_cast<DataType>(type.elem_type());
  std::string what = "input '" + input.name() + "' is declared ";
  if (declared != DataType::Undefined && declared != held)
    report(what + "as " + getName(declared) + ", and its initializer holds " +
           getName(held) + "; required is one type");
  if (!type.has_shape())
    return;
  int64_t rank = type.shape().dim_size();
  bool fits = rank == static_cast<int64_t>(shape.size());
  if (fits)
    for (auto [dim, extent] : zip(type.shape().dim(), shape)) {
      int64_t wanted = getDeclaredExtent(dim, rank);
      fits &= mlir::ShapedType::isDynamic(wanted) || wanted == extent;
    }
  if (!fits)
    report(what + "with shape " + getShapeText(type.shape()) +
           ", and its initializer has shape " + formatShape(shape) +
           "; required is one shape");
}

void ModelCheck::checkGraph(const format::GraphProto &graph,
                            const Twine &what) {
  StringMap<StringRef> given;
  StringMap<const format::ValueInfoProto *> inputs;
  for (const format::ValueInfoProto &input : graph.input()) {
    // Names of the outermost graph's inputs are the importer's to check.
    if (!given.try_emplace(input.name(), "an input of its graph").second &&
        &graph != &model.graph())
      report("input '" + Twine(input.name()) + "' of " + what +
             " is defined twice; names are unique");
    inputs[input.name()] = &input;
  }
  // Files of older versions list initializers among the inputs.
  auto check = [&](const std::string &name, DataType held,
                   ArrayRef<int64_t> shape) {
    given.try_emplace(name, "an initializer");
    const format::ValueInfoProto *input = inputs.lookup(name);
    if (input && input->type().has_tensor_type())
      checkDefault(*input, held, shape);
  };
  for (const format::TensorProto &tensor : graph.initializer())
    check(tensor.name(), static_cast<DataType>(tensor.data_type()),
          to_vector(tensor.dims()));
  for (const format::SparseTensorProto &tensor : graph.sparse_initializer())
    check(tensor.values().name(),
          static_cast<DataType>(tensor.values().data_type()),
          to_vector(tensor.dims()));
  checkNodes(graph.node(), given);
}

void ModelCheck::checkGraphs() {
  checkGraph(model.graph(), "the graph");
  while (!inner.empty()) {
    const format::GraphProto *graph = inner.pop_back_val();
    checkGraph(*graph, "graph '" + Twine(graph->name()) + "'");
  }
}

void checkModel(const format::ModelProto &model, FaultReporter report) {
  ModelCheck(model, report).run();
}

} // namespace seqc::onnx
