//===- GraphInterface.cpp - Inputs and outputs of a model -----------------===//

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/onnx.pb.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Transforms/RegionUtils.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace seqc::onnx {

/// Opsets of the default domain that are read.
static constexpr int64_t kOldestOpset = 1, kNewestOpset = 28;

bool GraphImporter::readOpsets() {
  for (const format::OperatorSetIdProto &entry : file.getModel().opset_import())
    modelOpsets[normalizeDomain(entry.domain())] = entry.version();
  // Files older than the field.
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

void GraphImporter::importInput(const format::ValueInfoProto &input) {
  std::string what = "input '" + input.name() + "'";
  if (scope->values.count(input.name()) || scope->broken.contains(input.name()))
    return; // An initializer with a default that callers may not replace.
  auto skip = [&] { scope->broken.insert(input.name()); };
  if (!input.type().has_tensor_type()) {
    (void)unsupported(what + " is no tensor; sequences, maps and optionals as "
                             "inputs of a model are not supported");
    return skip();
  }
  const format::TypeProto::Tensor &type = input.type().tensor_type();
  auto dataType = static_cast<DataType>(type.elem_type());
  mlir::Type storage = emitter.storage(dataType);
  if (!storage || getMetadataName(dataType).empty()) {
    (void)unsupported(what + " holds " + getName(dataType) +
                      "; inputs of this type are not supported");
    return skip();
  }
  if (!type.has_shape()) {
    (void)unsupported(what + " has no shape; inputs of unknown rank are not "
                             "supported");
    return skip();
  }
  if (type.shape().dim_size() > 8) {
    (void)unsupported(what + " has " + Twine(type.shape().dim_size()) +
                      " dimensions; more than 8 are not supported");
    return skip();
  }
  SmallVector<int64_t> shape;
  for (const auto &dim : type.shape().dim()) {
    if (dim.has_dim_value() && dim.dim_value() < 0) {
      (void)error(what + " has an extent of " + Twine(dim.dim_value()) +
                  "; required is 0 or more");
      return skip();
    }
    shape.push_back(dim.has_dim_value() ? dim.dim_value()
                                        : mlir::ShapedType::kDynamic);
  }
  if (!countElements(to_vector(map_range(shape, [](int64_t extent) {
        return mlir::ShapedType::isDynamic(extent) ? 1 : extent;
      })))) {
    (void)error(what + " has too many elements");
    return skip();
  }
  auto tensorType = mlir::RankedTensorType::get(shape, storage);
  Tensor tensor{function.getBody().front().addArgument(tensorType, fileLoc),
                dataType};
  // Equal symbols stand for one extent.
  Extents sizes;
  json::Array described;
  for (auto [d, dim] : enumerate(type.shape().dim())) {
    StringRef symbol = dim.has_dim_value() ? "" : StringRef(dim.dim_param());
    mlir::OpFoldResult size;
    for (auto &[name, value] : symbols)
      if (!symbol.empty() && name == symbol)
        size = value;
    if (!size) {
      size = emitter.extent(tensor, d);
      if (!symbol.empty())
        symbols.emplace_back(symbol, mlir::cast<mlir::Value>(size));
    }
    sizes.push_back(size);
    if (dim.has_dim_value())
      described.push_back(dim.dim_value());
    else if (symbol.empty())
      described.push_back(-1);
    else
      described.push_back(symbol);
  }
  emitter.setExtents(tensor.value, sizes);
  scope->values[input.name()] = tensor;
  argumentNames.push_back(input.name());
  inputs.push_back(json::Object{{"name", input.name()},
                                {"dtype", getMetadataName(dataType)},
                                {"shape", std::move(described)}});
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

void GraphImporter::importOutputs() {
  const format::GraphProto &graph = file.getModel().graph();
  if (graph.output().empty())
    (void)error("the graph has no outputs; required is at least one");
  SmallVector<mlir::Value> returned;
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
    if (!value->isTensor() || getMetadataName(value->tensor.type).empty()) {
      (void)unsupported(
          "output '" + Twine(output.name()) + "' " +
          (value->isTensor()
               ? "holds " + getName(value->tensor.type)
               : std::string("is a sequence or an optional without value")) +
          "; outputs of this type are not supported");
      continue;
    }
    json::Array shape;
    for (auto [d, size] : enumerate(emitter.extents(value->tensor))) {
      json::Value described = -1;
      if (!value->tensor.getType().isDynamicDim(d))
        described = value->tensor.getType().getDimSize(d);
      for (auto &[name, symbol] : symbols)
        if (size == mlir::OpFoldResult(symbol))
          described = name;
      shape.push_back(std::move(described));
    }
    returned.push_back(value->tensor.value);
    resultNames.push_back(output.name());
    outputs.push_back(
        json::Object{{"name", output.name()},
                     {"dtype", getMetadataName(value->tensor.type)},
                     {"shape", std::move(shape)}});
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
  scope = &outermost;
  if (!readOpsets())
    return nullptr;
  importInitializers(graph);
  importInputs();
  importNodes(graph.node());
  emitter.setLoc(fileLoc);
  importOutputs();
  scope = nullptr;
  if (errors > kMostErrors)
    mlir::emitError(fileLoc)
        << "and " << errors - kMostErrors << " more errors";
  if (errors)
    return nullptr;

  auto returned = mlir::cast<mlir::func::ReturnOp>(body->getTerminator());
  function.setType(builder.getFunctionType(body->getArgumentTypes(),
                                           returned.getOperandTypes()));
  for (auto [i, name] : enumerate(argumentNames))
    function.setArgAttr(i, "seq.name", builder.getStringAttr(name));
  for (auto [i, name] : enumerate(resultNames))
    function.setResultAttr(i, "seq.name", builder.getStringAttr(name));
  json::Object entry{{"name", "forward"},
                     {"inputs", std::move(inputs)},
                     {"outputs", std::move(outputs)}};
  json::Object metadata{{"name", json::fixUTF8(graph.name())},
                        {"entries", json::Array{std::move(entry)}}};
  if (!recognition.counts.empty()) {
    json::Object recognized;
    for (const auto &[name, count] : recognition.counts)
      recognized[name] = count;
    metadata["recognized"] = std::move(recognized);
  }
  std::string text;
  raw_string_ostream(text) << json::Value(std::move(metadata));
  (*module)->setAttr("seq.metadata", builder.getStringAttr(text));
  // Weights of branches that were folded, say.
  mlir::IRRewriter rewriter(builder);
  (void)mlir::runRegionDCE(rewriter, function->getRegions());
  if (failed(mlir::verify(*module)))
    return nullptr;
  return module;
}

} // namespace seqc::onnx
