//===- OnnxGraph.cpp - An ONNX model as part of another model -------------===//

#include "frontends/ONNX/OnnxGraph.h"

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/Initializers.h"
#include "frontends/ONNX/onnx.pb.h"

using namespace llvm;

namespace seqc::onnx {

OnnxGraph::OnnxGraph() = default;
OnnxGraph::OnnxGraph(OnnxGraph &&) = default;
OnnxGraph::~OnnxGraph() = default;

Expected<OnnxGraph> OnnxGraph::open(StringRef path) {
  Expected<std::unique_ptr<OnnxFile>> file = OnnxFile::open(path);
  if (!file)
    return file.takeError();
  OnnxGraph result;
  result.path = path.str();
  result.file = std::move(*file);
  const format::GraphProto &graph = result.file->getModel().graph();
  StringSet<> constants = getInitializerNames(graph);
  for (const format::ValueInfoProto &value : graph.input()) {
    if (constants.contains(value.name()))
      continue;
    Input input;
    input.name = value.name();
    const format::TypeProto::Tensor &type = value.type().tensor_type();
    input.type = static_cast<DataType>(type.elem_type());
    for (const auto &dim : type.shape().dim()) {
      int64_t extent = getDeclaredExtent(dim, type.shape().dim_size());
      input.shape.push_back(mlir::ShapedType::isDynamic(extent) ? -1 : extent);
      input.symbols.push_back(dim.has_dim_value() ? "" : dim.dim_param());
    }
    result.inputs.push_back(std::move(input));
  }
  for (const format::ValueInfoProto &value : graph.output())
    result.outputs.push_back(
        {value.name(),
         static_cast<DataType>(value.type().tensor_type().elem_type())});
  return result;
}

mlir::OwningOpRef<mlir::ModuleOp> OnnxGraph::import(mlir::MLIRContext &context,
                                                    const InputShapes &shapes) {
  GraphImporter importer(*file, context, path);
  importer.setInputShapes(shapes);
  return importer.run();
}

} // namespace seqc::onnx
