//===- GraphImporter.cpp - From ONNX graphs to a function -----------------===//

#include "frontends/ONNX/GraphImporter.h"

#include "dialect/Seq/IR/SeqOps.h"
#include "frontends/ONNX/Initializers.h"
#include "frontends/ONNX/Registry.h"
#include "frontends/ONNX/onnx.pb.h"
#include "frontends/SafeTensors/SafeTensorsFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"

using namespace llvm;

namespace seqc::onnx {

/// Graphs inside of graphs and functions inside of functions.
static constexpr unsigned kMostDepth = 60;
/// Nodes after inlining of functions.
static constexpr uint64_t kMostNodes = 1'000'000;
/// Elements from which on a tensor is a weight of the file and not a constant
/// of the IR. Lists of integers may decide on shapes: those have to be known.
static constexpr int64_t kLeastWeight = 256, kLeastIntegers = 1024;

StringRef normalizeDomain(StringRef domain) {
  return domain == "ai.onnx" ? StringRef() : domain;
}

GraphImporter::GraphImporter(OnnxFile &file, mlir::MLIRContext &context,
                             StringRef path, const StringSet<> &knownLoose)
    : file(file), context(context), knownLoose(knownLoose),
      fileLoc(mlir::FileLineColLoc::get(&context, path, 0, 0)),
      emitter(&context) {
  emitter.setFaultHandler(
      [this](const std::string &message) { (void)error(message); });
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

LogicalResult GraphImporter::error(const Twine &message) {
  ++errors;
  if (!silent && errors <= kMostErrors)
    mlir::emitError(fileLoc) << message.str();
  return failure();
}

LogicalResult GraphImporter::unsupported(const Twine &message) {
  std::string text = message.str();
  // The driver tells what nobody supports from bad input by these words.
  if (!StringRef(text).contains("not supported"))
    text += " (not supported)";
  ++unsupportedErrors;
  return error(text);
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

FailureOr<Tensor> GraphImporter::importTensor(const format::TensorProto &tensor,
                                              const Twine &what) {
  return importBytes(file.getBytes(tensor), tensor.name(), what);
}

FailureOr<Tensor>
GraphImporter::importTensor(const format::SparseTensorProto &tensor,
                            const Twine &what) {
  return importBytes(file.getBytes(tensor), tensor.values().name(), what);
}

FailureOr<Tensor> GraphImporter::importBytes(Expected<TensorBytes> bytes,
                                             StringRef name,
                                             const Twine &what) {
  if (!bytes) {
    std::string message = toString(bytes.takeError());
    return StringRef(message).contains("not supported")
               ? unsupported(what + ": " + message)
               : error(what + ": " + message);
  }
  mlir::OpBuilder &builder = emitter.getBuilder();
  mlir::Type storage = emitter.storage(bytes->type);
  if (!storage)
    return unsupported(what + " holds " + getName(bytes->type) +
                       "; tensors of this type are not supported");
  auto type = mlir::RankedTensorType::get(bytes->shape, storage);

  mlir::OpBuilder::InsertionGuard guard(builder);
  if (lastConstant)
    builder.setInsertionPointAfter(lastConstant);
  else
    builder.setInsertionPointToStart(&function.getBody().front());
  StringRef data = bytes->getBytes();
  mlir::Value value;
  // Zero points that are all alike decide how a product is computed.
  bool isUniform = type.getRank() <= 1 && type.getElementTypeBitWidth() == 8 &&
                   !data.empty() &&
                   data.find_first_not_of(data.front()) == StringRef::npos;
  // The bytes of a bool need not be 0 or 1.
  if (bytes->type != DataType::Bool && !bytes->file.empty() && !isUniform &&
      type.getNumElements() >=
          (isFloat(bytes->type) ? kLeastWeight : kLeastIntegers)) {
    std::string hash = hashBytes(
        ArrayRef(reinterpret_cast<const uint8_t *>(data.data()), data.size()));
    value = seq::WeightOp::create(builder, emitter.getLoc(), type, name,
                                  bytes->file,
                                  static_cast<int64_t>(bytes->offset), hash,
                                  /*stored=*/mlir::TypeAttr());
  } else {
    mlir::DenseElementsAttr elements;
    if (bytes->type == DataType::Bool) {
      SmallVector<bool> list;
      for (char byte : data)
        list.push_back(byte != 0);
      elements = mlir::DenseElementsAttr::get(type, list);
    } else {
      elements = mlir::DenseElementsAttr::getFromRawBuffer(
          type, ArrayRef<char>(data.data(), data.size()));
    }
    value =
        mlir::arith::ConstantOp::create(builder, emitter.getLoc(), elements);
  }
  lastConstant = value.getDefiningOp();
  return Tensor{value, bytes->type};
}

void GraphImporter::importInitializers(const format::GraphProto &graph,
                                       const StringSet<> &given) {
  for (const format::TensorProto &tensor : graph.initializer()) {
    if (given.contains(tensor.name()))
      continue;
    if (tensor.name().empty()) {
      (void)error("an initializer of graph '" + Twine(graph.name()) +
                  "' has no name");
      continue;
    }
    addInitializer(
        tensor.name(),
        importTensor(tensor, "initializer '" + Twine(tensor.name()) + "'"));
  }
  for (const format::SparseTensorProto &tensor : graph.sparse_initializer()) {
    const std::string &name = tensor.values().name();
    addInitializer(
        name, importTensor(tensor, "sparse initializer '" + Twine(name) + "'"));
  }
}

void GraphImporter::addInitializer(const std::string &name,
                                   FailureOr<Tensor> value) {
  if (failed(value))
    scope->broken.insert(name);
  else if (!scope->values.try_emplace(name, *value).second)
    (void)error("initializer '" + Twine(name) +
                "' is defined twice; names are unique");
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

const GraphValue *GraphImporter::lookup(StringRef name, bool &broken) {
  for (Scope *at = scope; at; at = at->parent) {
    if (at->broken.contains(name)) {
      broken = true;
      return nullptr;
    }
    if (auto found = at->values.find(name); found != at->values.end())
      return &found->second;
  }
  return nullptr;
}

const format::FunctionProto *
GraphImporter::findFunction(const format::NodeProto &node) {
  for (const format::FunctionProto &candidate : file.getModel().functions())
    if (candidate.name() == node.op_type() &&
        normalizeDomain(candidate.domain()) == normalizeDomain(node.domain()) &&
        candidate.overload() == node.overload())
      return &candidate;
  return nullptr;
}

void GraphImporter::importNode(const format::NodeProto &proto) {
  auto breakOutputs = [&] {
    for (const std::string &output : proto.output())
      scope->broken.insert(output);
  };
  if (++nodes > kMostNodes) {
    if (nodes == kMostNodes + 1)
      (void)error("the model has more than " + Twine(kMostNodes) +
                  " nodes after its functions are inlined");
    return breakOutputs();
  }
  StringRef domain = normalizeDomain(proto.domain());
  const format::FunctionProto *body = findFunction(proto);
  auto opset = scope->opsets->find(domain);
  int64_t version = opset == scope->opsets->end() ? 0 : opset->second;
  Node node(proto, version, *this, *scope->bindings);
  const OperatorInfo *info = Registry::get().find(domain, proto.op_type());
  if (!body && version == 0 && opset == scope->opsets->end()) {
    (void)node.error("the model imports no opset of domain '" + domain + "'");
    return breakOutputs();
  }
  if (!body && (!info || node.getOpset() < info->since)) {
    if (info)
      (void)node.unsupported("operator " + proto.op_type() +
                             " is supported from opset " + Twine(info->since) +
                             " on; older ones are not supported");
    else
      (void)node.unsupported("operator " + Twine(proto.op_type()) +
                             " is not supported");
    return breakOutputs();
  }

  bool skipped = false;
  for (const std::string &name : proto.input()) {
    GraphValue value;
    if (!name.empty()) {
      bool broken = false;
      const GraphValue *found = lookup(name, broken);
      if (!found && !broken) {
        bool later = false;
        for (Scope *at = scope; at; at = at->parent)
          later |= at->promised.contains(name);
        (void)node.error(
            "input '" + Twine(name) + "' is " +
            (later ? "computed from this node; a graph has no cycles"
                   : "not defined; required is an input, an initializer or the "
                     "output of a node"));
      }
      skipped |= !found;
      if (found)
        value = *found;
    }
    node.inputs.push_back(value);
  }
  if (skipped)
    return breakOutputs();
  for (auto [name, value] : zip(proto.input(), node.inputs))
    if (value.isUnranked())
      return forkByRank(node, name, value);
  while (!node.inputs.empty() &&
         node.inputs.back().kind == GraphValue::Kind::Absent &&
         proto.input(node.inputs.size() - 1).empty())
    node.inputs.pop_back();

  emitter.setLoc(mlir::FusedLoc::get(
      &context, {fileLoc, mlir::NameLoc::get(mlir::StringAttr::get(
                              &context, node.describe()))}));
  LogicalResult result = success();
  unsigned before = errors;
  if (body) {
    result = importCall(*body, node);
  } else {
    result = success(succeeded(checkInputs(node, *info)) &&
                     succeeded(info->convert(node, emitter)) &&
                     succeeded(node.checkAttributes()));
    if (failed(result) && errors == before)
      (void)node.error("it cannot be converted");
  }
  // What a check has found wrong while the node was read breaks it, too: its
  // outputs may have types that nobody can count.
  if (failed(result) || node.failedAttribute || errors != before)
    return breakOutputs();
  if (fork)
    return;
  for (auto [i, name] : enumerate(proto.output())) {
    if (name.empty())
      continue;
    if (node.outputs[i].kind == GraphValue::Kind::Absent &&
        !(info && info->takesSequences)) {
      (void)node.unsupported("output " + Twine(i) + " ('" + name +
                             "') is not supported");
      scope->broken.insert(name);
      continue;
    }
    if (std::string text = describeMismatch(name, node.outputs[i]);
        !text.empty()) {
      (void)node.error("output " + Twine(i) + " ('" + name + "') " + text);
      scope->broken.insert(name);
      continue;
    }
    scope->values[name] = node.outputs[i];
  }
}

std::string GraphImporter::describeMismatch(StringRef name,
                                            const GraphValue &value) const {
  const format::TypeProto *type = scope->declared.lookup(name);
  if (type && type->has_optional_type())
    type = &type->optional_type().elem_type();
  if (!type || value.kind == GraphValue::Kind::Absent)
    return "";
  bool isSequence = type->has_sequence_type();
  if (!isSequence && !type->has_tensor_type())
    return "";
  auto declared = static_cast<DataType>(
      isSequence ? type->sequence_type().elem_type().tensor_type().elem_type()
                 : type->tensor_type().elem_type());
  DataType found = value.isTensor() ? value.tensor.type : value.elementType;
  // A value without type is what it is.
  if (declared == DataType::Undefined || found == DataType::Undefined ||
      (declared == found && isSequence == value.isSequence()))
    return "";
  auto describe = [](bool isSequence, DataType type) {
    return (isSequence ? "a sequence of " : "") + getName(type);
  };
  return "is " + describe(value.isSequence(), found) +
         "; the graph declares it as " + describe(isSequence, declared);
}

LogicalResult GraphImporter::importCall(const format::FunctionProto &body,
                                        Node &node) {
  if (depth >= kMostDepth)
    return node.error("functions and graphs are nested deeper than " +
                      Twine(kMostDepth) + " levels");
  if (static_cast<int>(node.inputs.size()) > body.input_size())
    return node.error("it has " + Twine(node.inputs.size()) +
                      " inputs; the function takes " +
                      Twine(body.input_size()));
  if (node.getProto().output_size() > body.output_size())
    return node.error("it has " + Twine(node.getProto().output_size()) +
                      " outputs; the function gives " +
                      Twine(body.output_size()));
  Bindings bindings;
  for (const format::AttributeProto &attribute : body.attribute_proto())
    bindings[attribute.name()] = &attribute;
  for (const format::AttributeProto &attribute : node.getProto().attribute()) {
    const format::AttributeProto *bound = &attribute;
    if (!attribute.ref_attr_name().empty()) {
      auto outer = scope->bindings->find(attribute.ref_attr_name());
      if (outer == scope->bindings->end())
        continue;
      bound = outer->second;
    }
    bindings[attribute.name()] = bound;
  }
  StringMap<int64_t> opsets;
  for (const format::OperatorSetIdProto &entry : body.opset_import())
    opsets[normalizeDomain(entry.domain())] = entry.version();
  for (const auto &entry : modelOpsets)
    opsets.try_emplace(entry.first(), entry.second);

  Scope inner;
  inner.opsets = &opsets;
  inner.bindings = &bindings;
  for (auto [i, name] : enumerate(body.input()))
    inner.values[name] = i < node.inputs.size() ? node.inputs[i] : GraphValue();
  inner.declare(body.value_info());
  SmallVector<StringRef> wanted(body.output().begin(), body.output().end());
  wanted.truncate(node.outputs.size());
  FailureOr<std::vector<GraphValue>> results = importBody(
      inner, body.node(), wanted, node.describe() + ": ", " of the function");
  if (failed(results))
    return failure();
  for (auto [output, value] : zip(node.outputs, *results))
    output = value;
  // All attributes belong to the function.
  for (const format::AttributeProto &attribute : node.getProto().attribute())
    (void)node.hasAttribute(attribute.name());
  return success();
}

std::optional<int64_t> GraphImporter::getDeclaredRank(StringRef name) const {
  if (!scope->graph)
    return std::nullopt;
  auto find = [&](const auto &list) -> std::optional<int64_t> {
    for (const format::ValueInfoProto &value : list)
      if (value.name() == name && value.type().tensor_type().has_shape())
        return value.type().tensor_type().shape().dim_size();
    return std::nullopt;
  };
  std::optional<int64_t> rank = find(scope->graph->output());
  return rank ? rank : find(scope->graph->value_info());
}

DataType GraphImporter::getDeclaredType(StringRef name) const {
  const format::TypeProto *type = scope->declared.lookup(name);
  return type && type->has_tensor_type()
             ? static_cast<DataType>(type->tensor_type().elem_type())
             : DataType::Undefined;
}

FailureOr<std::vector<GraphValue>>
GraphImporter::importGraph(const format::GraphProto &graph,
                           ArrayRef<GraphValue> given) {
  if (depth >= kMostDepth)
    return error("graph '" + Twine(graph.name()) + "' is nested deeper than " +
                 Twine(kMostDepth) + " levels");
  size_t needed = graph.input_size();
  StringSet<> initialized;
  if (needed > given.size())
    initialized = getInitializerNames(graph);
  while (needed > given.size() &&
         initialized.contains(graph.input(needed - 1).name()))
    --needed;
  if (needed != given.size())
    return error("graph '" + Twine(graph.name()) + "' has " + Twine(needed) +
                 " inputs; its node gives it " + Twine(given.size()));
  Scope inner;
  inner.parent = scope;
  inner.opsets = scope->opsets;
  inner.bindings = scope->bindings;
  inner.graph = &graph;
  // The node's values stand above defaults.
  StringSet<> names;
  for (auto [input, value] : zip(graph.input(), given)) {
    inner.values[input.name()] = value;
    names.insert(input.name());
  }
  SmallVector<StringRef> wanted;
  for (const format::ValueInfoProto &output : graph.output())
    wanted.push_back(output.name());
  return importBody(inner, graph.node(), wanted, "",
                    " of graph '" + graph.name() + "'",
                    [&] { importInitializers(graph, names); });
}

FailureOr<std::vector<GraphValue>>
GraphImporter::importBody(Scope &inner, const NodeList &nodes,
                          ArrayRef<StringRef> results, const Twine &who,
                          const Twine &of, function_ref<void()> prepare) {
  Scope *outer = std::exchange(scope, &inner);
  mlir::Location loc = emitter.getLoc();
  ++depth;
  llvm::scope_exit restore([&] {
    scope = outer;
    --depth;
    emitter.setLoc(loc);
  });
  unsigned before = errors;
  if (prepare)
    prepare();
  importNodes(nodes, results);
  if (errors != before)
    return failure();
  return readResults(results, who, of);
}

FailureOr<std::vector<GraphValue>>
GraphImporter::readResults(ArrayRef<StringRef> names, const Twine &who,
                           const Twine &of) {
  std::vector<GraphValue> results;
  for (StringRef name : names) {
    bool broken = false;
    const GraphValue *value = lookup(name, broken);
    if (!value)
      return error(who + "output '" + name + "'" + of + " is not defined");
    results.push_back(*value);
  }
  return results;
}

} // namespace seqc::onnx
