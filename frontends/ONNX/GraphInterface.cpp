//===- GraphInterface.cpp - Inputs and outputs of a model -----------------===//

#include "frontends/Common/ImportForm.h"
#include "frontends/ONNX/CheckModel.h"
#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/GraphValues.h"
#include "frontends/ONNX/Initializers.h"
#include "frontends/ONNX/onnx.pb.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace seqc::onnx {

/// Opsets of the default domain that are read.
static constexpr int64_t kOldestOpset = 1, kNewestOpset = 28;

bool GraphImporter::readOpsets() {
  for (const format::OperatorSetIdProto &entry : file.getModel().opset_import())
    modelOpsets[normalizeDomain(entry.domain())] = entry.version();
  // Files older than the field; checkModel() reports newer ones.
  if (modelOpsets.empty())
    modelOpsets[""] = 1;
  auto standard = modelOpsets.find("");
  if (standard == modelOpsets.end())
    return true;
  int64_t version = standard->second;
  if (version >= kOldestOpset && version <= kNewestOpset)
    return true;
  (void)unsupported("the model imports opset " + Twine(version) +
                    "; opsets before " + Twine(kOldestOpset) + " and after " +
                    Twine(kNewestOpset) + " are not supported");
  return false;
}

void GraphImporter::note(const Twine &message) {
  // A second import says nothing new.
  if (silent || !knownLoose.empty())
    return;
  // By itself, not attached to another diagnostic.
  mlir::Diagnostic diagnostic(fileLoc, mlir::DiagnosticSeverity::Note);
  diagnostic << message;
  context.getDiagEngine().emit(std::move(diagnostic));
}

bool GraphImporter::checkInputType(const Twine &what, DataType type) {
  if (emitter.storage(type) && !getMetadataName(type).empty())
    return true;
  (void)unsupported(what + " holds " + getName(type) +
                    "; inputs of this type are not supported");
  return false;
}

Tensor GraphImporter::addInput(const std::string &name, DataType type,
                               ArrayRef<int64_t> shape) {
  auto tensorType = mlir::RankedTensorType::get(shape, emitter.storage(type));
  json::Array described;
  for (int64_t extent : shape)
    described.push_back(mlir::ShapedType::isDynamic(extent) ? -1 : extent);
  inputs.push_back(json::Object{{"name", name},
                                {"dtype", getMetadataName(type)},
                                {"shape", std::move(described)}});
  return {function.getBody().front().addArgument(tensorType, fileLoc), type};
}

Tensor GraphImporter::importTensorInput(const std::string &name,
                                        const format::TypeProto &given) {
  std::string what = "input '" + name + "'";
  if (!given.has_tensor_type()) {
    (void)unsupported(what + " is no tensor, no sequence of tensors and no "
                             "optional one; its type is not supported");
    return {};
  }
  const format::TypeProto::Tensor &type = given.tensor_type();
  auto dataType = static_cast<DataType>(type.elem_type());
  if (!checkInputType(what, dataType))
    return {};
  if (type.shape().dim_size() > kMostSequenceRank) {
    (void)unsupported(what + " has " + Twine(type.shape().dim_size()) +
                      " dimensions; more than 8 are not supported");
    return {};
  }
  // Extents, and the names of those that vary.
  SmallVector<int64_t> shape;
  SmallVector<StringRef> names;
  for (const auto &dim : type.shape().dim()) {
    shape.push_back(getDeclaredExtent(dim, type.shape().dim_size()));
    bool isNamed = !dim.has_dim_value() && !inputShapes &&
                   !knownLoose.contains(dim.dim_param());
    names.push_back(isNamed ? StringRef(dim.dim_param()) : StringRef());
    if (dim.has_dim_value() && mlir::ShapedType::isDynamic(shape.back()))
      note(what + " has an extent of " + Twine(dim.dim_value()) +
           ", which is read as unknown");
  }
  if (!type.has_shape())
    shape.assign(inputRanks.lookup(name).front(), mlir::ShapedType::kDynamic);
  names.resize(shape.size());
  SmallVector<int64_t> declared = shape;
  if (inputShapes)
    if (auto fed = inputShapes->find(name);
        fed != inputShapes->end() && fed->second.size() == shape.size())
      for (auto [extent, given] : zip(shape, fed->second))
        if (mlir::ShapedType::isDynamic(extent))
          extent = given;
  if (!countElements(to_vector(map_range(shape, [](int64_t extent) {
        return mlir::ShapedType::isDynamic(extent) ? 1 : extent;
      })))) {
    (void)error(what + " has too many elements");
    return {};
  }
  Tensor tensor = addInput(name, dataType, shape);
  json::Array &described = *inputs.back().getAsObject()->getArray("shape");
  // Equal symbols stand for one extent.
  Extents sizes = emitter.extents(tensor);
  for (auto [d, symbol] : enumerate(names)) {
    if (mlir::ShapedType::isDynamic(declared[d]))
      described[d] = symbol.empty() ? json::Value(-1) : json::Value(symbol);
    if (symbol.empty())
      continue;
    auto known = find_if(
        symbols, [&](const auto &other) { return other.first == symbol; });
    if (known == symbols.end()) {
      symbols.emplace_back(symbol, mlir::cast<mlir::Value>(sizes[d]));
    } else {
      sizes[d] = known->second;
      sharedSymbols.insert(symbol);
    }
  }
  emitter.setExtents(tensor.value, sizes);
  return tensor;
}

/// Inputs without shape of one model; each is tried with every rank.
static constexpr int kMostUnshaped = 8;

void GraphImporter::settleRanks() {
  const format::GraphProto &graph = file.getModel().graph();
  SmallVector<std::string> unshaped;
  StringSet<> initialized = getInitializerNames(graph);
  for (const format::ValueInfoProto &input : graph.input())
    if (input.type().has_tensor_type() && !initialized.contains(input.name()) &&
        !input.type().tensor_type().has_shape())
      unshaped.push_back(input.name());
  if (unshaped.size() > kMostUnshaped) {
    (void)unsupported("the graph has " + Twine(unshaped.size()) +
                      " inputs without shape; more than " +
                      Twine(kMostUnshaped) + " are not supported");
    return;
  }
  mlir::ScopedDiagnosticHandler quiet(
      &context, [](mlir::Diagnostic &) { return success(); });
  for (const std::string &name : unshaped) {
    SmallVector<int64_t> ranks;
    // The rank with which most nodes were read tells what is wrong else.
    int64_t best = 0;
    uint64_t most = 0;
    for (int64_t rank = 0; rank <= kMostSequenceRank; ++rank) {
      GraphImporter probe(file, context, "", knownLoose);
      probe.probing = probe.silent = probe.stopsAtError = true;
      probe.inputShapes = inputShapes;
      probe.inputRanks[name] = {rank};
      if (probe.run())
        ranks.push_back(rank);
      if (probe.nodes > most) {
        most = probe.nodes;
        best = rank;
      }
    }
    inputRanks[name] = ranks.empty() ? SmallVector<int64_t>{best} : ranks;
  }
}

GraphValue GraphImporter::importUnrankedInput(const std::string &name,
                                              DataType type,
                                              ArrayRef<int64_t> ranks) {
  std::string what = "input '" + name + "'";
  if (!checkInputType(what, type))
    return {};
  Tensor data = addPart(name, "data", type, {mlir::ShapedType::kDynamic});
  Tensor shape = addPart(name, "shape", DataType::Int64, {kMostSequenceRank});
  std::vector<SmallVector<int64_t>> forms;
  for (int64_t rank : ranks)
    forms.emplace_back(rank, mlir::ShapedType::kDynamic);
  GraphValue value = makeUnranked(data, shape, std::move(forms));
  Scalars s = emitter.scalars();
  mlir::Value known = s.boolean(false);
  for (int64_t rank : ranks)
    known = s.logicalOr(known, hasRank(emitter, value, rank));
  emitter.require(known, what + " has a rank that the graph does not take");
  checkSequence(
      emitter, makeRolledSequence(data, emitter.unsqueeze(shape, 0), -1), what);
  return value;
}

Tensor GraphImporter::addPart(const std::string &of, StringRef part,
                              DataType type, ArrayRef<int64_t> shape) {
  Tensor tensor = addInput(of + "." + part.str(), type, shape);
  json::Object &described = *inputs.back().getAsObject();
  described["of"] = of;
  described["part"] = part;
  return tensor;
}

FailureOr<GraphValue>
GraphImporter::importSequenceInput(const std::string &name,
                                   const format::TypeProto &type) {
  std::string what = "input '" + name + "'";
  const format::TypeProto &element = type.sequence_type().elem_type();
  if (!element.has_tensor_type())
    return unsupported(what + " is a sequence of something else than tensors, "
                              "which is not supported");
  auto dataType = static_cast<DataType>(element.tensor_type().elem_type());
  if (!checkInputType(what, dataType))
    return failure();
  bool ranked = element.tensor_type().has_shape();
  int64_t rank = ranked ? element.tensor_type().shape().dim_size() : -1;
  if (rank > kMostSequenceRank)
    return unsupported(what + " has tensors of " + Twine(rank) +
                       " dimensions; more than 8 are not supported");
  Tensor data = addPart(name, "data", dataType, {mlir::ShapedType::kDynamic});
  Tensor shapes =
      addPart(name, "shapes", DataType::Int64,
              {mlir::ShapedType::kDynamic, ranked ? rank : kMostSequenceRank});
  GraphValue value = makeRolledSequence(data, shapes, rank);
  checkSequence(emitter, value, what);
  return value;
}

void GraphImporter::importInput(const format::ValueInfoProto &input) {
  const std::string &name = input.name();
  if (scope->values.count(name) || scope->broken.contains(name))
    return; // An initializer that is a constant here.
  bool isOptional = input.type().has_optional_type();
  const format::TypeProto &type =
      isOptional ? input.type().optional_type().elem_type() : input.type();
  GraphValue value;
  if (type.has_sequence_type()) {
    FailureOr<GraphValue> made = importSequenceInput(name, type);
    if (succeeded(made))
      value = *made;
  } else if (type.has_tensor_type() && !type.tensor_type().has_shape() &&
             !inputRanks.contains(name)) {
    if (!probing)
      (void)unsupported("input '" + name + "' has no shape; " +
                        (isOptional ? "optional inputs" : "inputs") +
                        " of unknown rank are not supported");
  } else if (type.has_tensor_type() && !type.tensor_type().has_shape() &&
             inputRanks.lookup(name).size() > 1) {
    value = importUnrankedInput(
        name, static_cast<DataType>(type.tensor_type().elem_type()),
        inputRanks.lookup(name));
  } else if (Tensor tensor = importTensorInput(name, type)) {
    value = tensor;
    if (isOptional) {
      json::Object &described = *inputs.back().getAsObject();
      described["of"] = name;
      described["part"] = "value";
    }
  }
  if (value.kind == GraphValue::Kind::Absent) {
    scope->broken.insert(name);
    return;
  }
  if (isOptional)
    value.present =
        emitter.elements(addPart(name, "present", DataType::Bool, {})).front();
  scope->values[name] = value;
}

void GraphImporter::importInputs() {
  StringSet<> names;
  for (const format::ValueInfoProto &input : file.getModel().graph().input()) {
    if (input.name().empty() || !names.insert(input.name()).second)
      (void)error("input '" + Twine(input.name()) +
                  "' has no name or is defined twice; names are unique");
    else
      importInput(input);
  }
}

void GraphImporter::addOutput(const std::string &name, Tensor tensor,
                              StringRef of, StringRef part) {
  json::Array shape;
  for (auto [d, size] : enumerate(emitter.extents(tensor))) {
    json::Value described = -1;
    if (!tensor.getType().isDynamicDim(d))
      described = tensor.getType().getDimSize(d);
    for (auto &[symbol, value] : symbols)
      if (size == mlir::OpFoldResult(value))
        described = symbol;
    shape.push_back(std::move(described));
  }
  returned.push_back(tensor.value);
  json::Object object{{"name", name},
                      {"dtype", getMetadataName(tensor.type)},
                      {"shape", std::move(shape)}};
  if (!of.empty()) {
    object["of"] = of;
    object["part"] = part;
  }
  outputs.push_back(std::move(object));
}

void GraphImporter::importOutputs() {
  const format::GraphProto &graph = file.getModel().graph();
  if (graph.output().empty())
    (void)error("the graph has no outputs; required is at least one");
  StringSet<> names;
  for (const format::ValueInfoProto &output : graph.output()) {
    bool broken = false;
    const GraphValue *value = lookup(output.name(), broken);
    if (!value) {
      if (!broken)
        (void)error("output '" + Twine(output.name()) + "' is not defined");
      continue;
    }
    if (!names.insert(output.name()).second) {
      (void)error("output '" + Twine(output.name()) +
                  "' is defined twice; names are unique");
      continue;
    }
    // What a node gives was compared when it was imported.
    if (std::string text = describeMismatch(output.name(), *value);
        !text.empty()) {
      (void)error("output '" + Twine(output.name()) + "' " + text);
      continue;
    }
    DataType type = value->isTensor() ? value->tensor.type : value->elementType;
    if (value->kind == GraphValue::Kind::Absent ||
        getMetadataName(type).empty()) {
      (void)unsupported("output '" + Twine(output.name()) + "' " +
                        (value->kind == GraphValue::Kind::Absent
                             ? std::string("is an optional without value")
                             : "holds " + getName(type)) +
                        "; outputs of this type are not supported");
      continue;
    }
    const std::string &name = output.name();
    if (value->isTensor()) {
      bool isOptional = static_cast<bool>(value->present);
      addOutput(name, value->tensor, isOptional ? name : "",
                isOptional ? "value" : "");
    } else if (value->isUnranked()) {
      addOutput(name + ".data", value->data, name, "data");
      addOutput(name + ".shape", value->shapes, name, "shape");
    } else {
      GraphValue sequence = roll(emitter, *value);
      addOutput(name + ".data", sequence.data, name, "data");
      addOutput(name + ".shapes", sequence.shapes, name, "shapes");
    }
    if (value->present)
      addOutput(name + ".present",
                emitter.fromElements(DataType::Bool, {}, {value->present}),
                name, "present");
  }
  mlir::func::ReturnOp::create(emitter.getBuilder(), fileLoc, returned);
}

mlir::OwningOpRef<mlir::ModuleOp> GraphImporter::run() {
  const format::GraphProto &graph = file.getModel().graph();
  mlir::OpBuilder &builder = emitter.getBuilder();
  emitter.setLoc(fileLoc);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(fileLoc);
  builder.setInsertionPointToStart(module->getBody());
  function = mlir::func::FuncOp::create(builder, fileLoc, "forward",
                                        builder.getFunctionType({}, {}));
  mlir::Block *body = function.addEntryBlock();
  builder.setInsertionPointToEnd(body);
  Scope outermost;
  outermost.opsets = &modelOpsets;
  outermost.bindings = &noBindings;
  outermost.graph = &graph;
  outermost.declare(graph.value_info());
  outermost.declare(graph.output());
  scope = &outermost;
  checkModel(file.getModel(),
             [this](const Twine &message) { (void)error(message); });
  auto tellRest = [&] {
    if (errors > kMostErrors)
      mlir::emitError(fileLoc)
          << "and " << errors - kMostErrors << " more errors";
  };
  if (!readOpsets() || errors) {
    tellRest();
    return nullptr;
  }
  if (!probing)
    settleRanks();
  importInitializers(graph);
  importInputs();
  SmallVector<StringRef> names;
  for (const format::ValueInfoProto &output : graph.output())
    names.push_back(output.name());
  importNodes(graph.node(), names);
  emitter.setLoc(fileLoc);
  importOutputs();
  if (!errors && !probing && !inputShapes)
    findLooseSymbols();
  for (const json::Array *list : {&inputs, &outputs}) {
    StringSet<> names;
    for (const json::Value &port : *list) {
      StringRef name = *port.getAsObject()->getString("name");
      if (!names.insert(name).second)
        (void)error("'" + name +
                    "' is the name of a value and of a part of another one");
    }
  }
  scope = nullptr;
  tellRest();
  if (errors)
    return nullptr;

  json::Object entry{{"name", "forward"},
                     {"inputs", std::move(inputs)},
                     {"outputs", std::move(outputs)}};
  json::Object metadata{{"name", json::fixUTF8(graph.name())},
                        {"entries", json::Array{std::move(entry)}}};
  if (failed(finishImport(*module, std::move(metadata))))
    return nullptr;
  return module;
}

} // namespace seqc::onnx
