//===- OnnxGraph.h - An ONNX model as part of another model ------*- C++-*-===//
//
// A description that names ONNX files needs to know what a file takes before
// it is imported, and has it imported with the extents that it is fed.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_ONNXGRAPH_H
#define FRONTENDS_ONNX_ONNXGRAPH_H

#include "frontends/ONNX/ImportONNX.h"
#include "frontends/ONNX/Vocabulary.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

#include <memory>

namespace seqc::onnx {

class OnnxFile;

/// Extents of inputs by name; dynamic ones are left as the file has them.
using InputShapes = llvm::StringMap<llvm::SmallVector<int64_t>>;

/// One model file whose graph is built into another module.
class OnnxGraph {
public:
  struct Input {
    std::string name;
    DataType type = DataType::Undefined;
    /// Extents, -1 where they vary, and their symbols.
    llvm::SmallVector<int64_t> shape;
    std::vector<std::string> symbols;
  };

  struct Output {
    std::string name;
    DataType type = DataType::Undefined;
  };

  static llvm::Expected<OnnxGraph> open(llvm::StringRef path);
  OnnxGraph(OnnxGraph &&);
  ~OnnxGraph();

  /// Inputs without a default, in the order of the file.
  const std::vector<Input> &getInputs() const { return inputs; }
  const std::vector<Output> &getOutputs() const { return outputs; }

  /// The graph as the function `forward` of a module of its own; arguments and
  /// results have their names in `seq.name`. Null after errors, which were
  /// reported.
  mlir::OwningOpRef<mlir::ModuleOp> import(mlir::MLIRContext &context,
                                           const InputShapes &shapes);

private:
  OnnxGraph();

  std::string path;
  std::unique_ptr<OnnxFile> file;
  std::vector<Input> inputs;
  std::vector<Output> outputs;
};

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_ONNXGRAPH_H
