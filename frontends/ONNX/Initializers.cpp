//===- Initializers.cpp - Initializers that callers may replace -----------===//

#include "frontends/ONNX/Initializers.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "frontends/Common/ImportForm.h"
#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/onnx.pb.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace seqc::onnx {

using format::GraphProto;
using format::TensorProto;
using format::ValueInfoProto;
using Module = mlir::OwningOpRef<mlir::ModuleOp>;

/// The first version of the format in which an input may have a default.
static constexpr int64_t kFirstVersion = 4;

/// Whether a tensor can be the default of an input as that is declared.
static bool isDefault(const ValueInfoProto &input, const TensorProto &tensor) {
  const auto &type = input.type().tensor_type();
  if (type.elem_type() != tensor.data_type() || tensor.dims_size() > 8 ||
      getMetadataName(static_cast<DataType>(type.elem_type())).empty())
    return false;
  if (!type.has_shape())
    return true;
  if (type.shape().dim_size() != tensor.dims_size())
    return false;
  for (auto [declared, extent] : zip(type.shape().dim(), tensor.dims()))
    if (declared.has_dim_value() && declared.dim_value() >= 0 &&
        declared.dim_value() != extent)
      return false;
  return true;
}

SmallVector<std::string> findReplaceable(const OnnxFile &file) {
  SmallVector<std::string> names;
  if (file.getModel().ir_version() < kFirstVersion)
    return names;
  const GraphProto &graph = file.getModel().graph();
  StringMap<const TensorProto *> tensors;
  for (const TensorProto &tensor : graph.initializer())
    tensors[tensor.name()] = &tensor;
  for (const ValueInfoProto &input : graph.input())
    if (const TensorProto *tensor = tensors.lookup(input.name()))
      if (isDefault(input, *tensor))
        names.push_back(input.name());
  return names;
}

/// Takes the initializers called `names` out of a graph; where an input says no
/// shape, it gets that of its default. The tensors stay where they are: the
/// file knows their bytes by their address.
static std::vector<std::unique_ptr<TensorProto>>
takeDefaults(GraphProto &graph, const StringSet<> &names) {
  auto &list = *graph.mutable_initializer();
  std::vector<TensorProto *> all(list.size());
  list.ExtractSubrange(0, list.size(), all.data());
  std::vector<std::unique_ptr<TensorProto>> taken;
  StringMap<const TensorProto *> tensors;
  for (TensorProto *tensor : all)
    if (names.contains(tensor->name())) {
      taken.emplace_back(tensor);
      tensors[tensor->name()] = tensor;
    } else {
      list.AddAllocated(tensor);
    }
  for (ValueInfoProto &input : *graph.mutable_input()) {
    auto &type = *input.mutable_type()->mutable_tensor_type();
    const TensorProto *tensor = tensors.lookup(input.name());
    if (!tensor || type.has_shape())
      continue;
    for (int64_t extent : tensor->dims())
      type.mutable_shape()->add_dim()->set_dim_value(extent);
  }
  return taken;
}

/// Makes the graph one that gives its initializers.
static void makeDefaultsGraph(GraphProto &graph,
                              std::vector<std::unique_ptr<TensorProto>> taken) {
  graph.clear_node();
  graph.clear_input();
  graph.clear_output();
  graph.clear_value_info();
  graph.clear_sparse_initializer();
  graph.clear_initializer();
  for (std::unique_ptr<TensorProto> &tensor : taken) {
    graph.add_output()->set_name(tensor->name());
    graph.mutable_initializer()->AddAllocated(tensor.release());
  }
}

/// The entry of a module's metadata.
static json::Object takeEntry(mlir::ModuleOp module, json::Object &metadata) {
  mlir::StringAttr text = seq::getMark<seq::MetadataMark>(module);
  Expected<json::Value> value = json::parse(text.getValue());
  if (!value) {
    consumeError(value.takeError());
    return {};
  }
  metadata = std::move(*value->getAsObject());
  return std::move(*metadata.getArray("entries")->front().getAsObject());
}

static mlir::func::FuncOp getForward(mlir::ModuleOp module) {
  return module.lookupSymbol<mlir::func::FuncOp>("forward");
}

/// Puts the three entries together.
static void merge(mlir::ModuleOp module, mlir::ModuleOp open,
                  mlir::ModuleOp defaults, const StringSet<> &names) {
  json::Object metadata, other;
  json::Object openEntry = takeEntry(open, other),
               defaultsEntry = takeEntry(defaults, other),
               plainEntry = takeEntry(module, metadata);
  openEntry["plain"] = plainEntry["name"] = "forward.plain";
  openEntry["defaults"] = defaultsEntry["name"] = "forward.defaults";
  metadata["entries"] = json::Array{std::move(openEntry), std::move(plainEntry),
                                    std::move(defaultsEntry)};
  mlir::func::FuncOp plain = getForward(module), first = getForward(open),
                     last = getForward(defaults);
  for (unsigned i = 0; i < first.getNumArguments(); ++i) {
    auto name = first.getArgAttrOfType<mlir::StringAttr>(
        i, seq::getMarkName<seq::NameMark>());
    StringRef mark = seq::getMarkName<seq::SignatureMark>();
    if (auto signature = first.getArgAttrOfType<seq::SignatureAttr>(i, mark);
        signature && names.contains(name.getValue()))
      first.setArgAttr(
          i, mark,
          signature.withFallback(mlir::UnitAttr::get(module.getContext())));
  }
  plain.setName("forward.plain");
  last.setName("forward.defaults");
  first->moveBefore(plain);
  last->moveAfter(plain);
  attachMetadata(module, std::move(metadata));
}

/// Adds what `names` need; gives the first error, or nothing if all is well.
static std::string tryToAdd(mlir::ModuleOp module, StringRef path,
                            ArrayRef<std::string> list,
                            const StringSet<> &looseSymbols) {
  std::string error;
  mlir::ScopedDiagnosticHandler silent(
      module.getContext(), [&](mlir::Diagnostic &diagnostic) {
        if (error.empty() &&
            diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
          error = diagnostic.str();
        return success();
      });
  Expected<std::unique_ptr<OnnxFile>> file = OnnxFile::open(path);
  if (!file)
    return "the file " + toString(file.takeError());
  StringSet<> names;
  for (const std::string &name : list)
    names.insert(name);
  GraphProto &graph = *(*file)->getMutableModel().mutable_graph();
  auto taken = takeDefaults(graph, names);
  mlir::MLIRContext &context = *module.getContext();
  Module open, defaults;
  open = GraphImporter(**file, context, path, looseSymbols).run();
  if (open) {
    makeDefaultsGraph(graph, std::move(taken));
    defaults = GraphImporter(**file, context, path).run();
  }
  if (!open || !defaults)
    return error.empty() ? "its import failed" : error;
  merge(module, *open, *defaults, names);
  return "";
}

void addReplaceable(mlir::ModuleOp module, StringRef path,
                    ArrayRef<std::string> names,
                    const StringSet<> &looseSymbols) {
  std::string error = tryToAdd(module, path, names, looseSymbols);
  if (error.empty())
    return;
  // Integers are what operators most often have to know.
  SmallVector<std::string> fixed, free;
  {
    Expected<std::unique_ptr<OnnxFile>> file = OnnxFile::open(path);
    if (!file) {
      consumeError(file.takeError());
      return;
    }
    StringSet<> floats;
    for (const TensorProto &tensor : (*file)->getModel().graph().initializer())
      if (isFloat(static_cast<DataType>(tensor.data_type())))
        floats.insert(tensor.name());
    for (const std::string &name : names)
      (floats.contains(name) ? free : fixed).push_back(name);
  }
  if (free.empty() || fixed.empty() ||
      !tryToAdd(module, path, free, looseSymbols).empty())
    fixed.assign(names.begin(), names.end());
  constexpr size_t kMostNames = 8;
  std::string text = join(ArrayRef(fixed).take_front(kMostNames), "', '");
  if (fixed.size() > kMostNames)
    text += "' and " + std::to_string(fixed.size() - kMostNames) + " more";
  else
    text += "'";
  mlir::emitWarning(mlir::FileLineColLoc::get(module.getContext(), path, 0, 0))
      << "the initializers '" << text
      << " are inputs, but keep their values: without them, " << error;
}

StringSet<> getInitializerNames(const GraphProto &graph) {
  StringSet<> names;
  for (const TensorProto &tensor : graph.initializer())
    names.insert(tensor.name());
  for (const format::SparseTensorProto &tensor : graph.sparse_initializer())
    names.insert(tensor.values().name());
  return names;
}

} // namespace seqc::onnx
