//===- CheckModel.cpp - What no ONNX model may say ------------------------===//

#include "frontends/ONNX/CheckModel.h"

#include "frontends/ONNX/DataType.h"
#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/onnx.pb.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

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
    checkOpsets(model.opset_import(), "the model");
    checkFunctions();
    checkGraphs();
  }

private:
  using Opsets = google::protobuf::RepeatedPtrField<format::OperatorSetIdProto>;
  using Nodes = google::protobuf::RepeatedPtrField<format::NodeProto>;

  void checkVersion();
  void checkOpsets(const Opsets &opsets, const Twine &who);
  void checkFunctions();
  void checkGraphs();
  void checkGraph(const format::GraphProto &graph, const Twine &what);
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
    StringMap<StringRef> given;
    for (const std::string &input : function.input())
      if (!given.try_emplace(input, "an input of the function").second)
        report("input '" + Twine(input) + "' of function '" + name +
               "' is defined twice; names are unique");
    checkNodes(function.node(), given);
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
    for (const format::AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g())
        inner.push_back(&attribute.g());
      for (const format::GraphProto &graph : attribute.graphs())
        inner.push_back(&graph);
    }
  }
}

void ModelCheck::checkGraph(const format::GraphProto &graph,
                            const Twine &what) {
  StringMap<StringRef> given;
  StringMap<const format::TypeProto *> types;
  for (const format::ValueInfoProto &input : graph.input()) {
    // Names of the outermost graph's inputs are the importer's to check.
    if (!given.try_emplace(input.name(), "an input of its graph").second &&
        &graph != &model.graph())
      report("input '" + Twine(input.name()) + "' of " + what +
             " is defined twice; names are unique");
    types[input.name()] = &input.type();
  }
  for (const format::TensorProto &tensor : graph.initializer()) {
    given.try_emplace(tensor.name(), "an initializer");
    // Files of older versions list initializers among the inputs.
    auto input = types.find(tensor.name());
    if (input == types.end() || !input->second->has_tensor_type())
      continue;
    auto declared =
        static_cast<DataType>(input->second->tensor_type().elem_type());
    auto held = static_cast<DataType>(tensor.data_type());
    if (declared != DataType::Undefined && declared != held)
      report("input '" + Twine(tensor.name()) + "' is declared as " +
             getName(declared) + ", and its initializer holds " +
             getName(held) + "; required is one type");
  }
  for (const format::SparseTensorProto &tensor : graph.sparse_initializer())
    given.try_emplace(tensor.values().name(), "an initializer");
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
