//===- ImportONNX.h - ONNX models as input -----------------------*- C++-*-===//

#ifndef FRONTENDS_ONNX_IMPORTONNX_H
#define FRONTENDS_ONNX_IMPORTONNX_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

namespace seqc {

/// How a model is read.
struct OnnxImportOptions {
  /// Patterns of primitive nodes that do not become one operator; "all" stands
  /// for every one.
  llvm::StringSet<> noRecognize;
  /// Whether initializers that are also inputs are constants in every version
  /// of the format.
  bool freezesInitializers = false;
};

/// The names that `noRecognize` may hold besides "all".
llvm::ArrayRef<llvm::StringRef> getOnnxPatterns();

/// Reads an ONNX model (IR version 3 to 13, opset of the default domain up to
/// 28) as one function `forward` in the import form, or as three where callers
/// may replace initializers. Tensors of a file become references to it
/// (`seq.weight`) where they are large. Returns null after errors, which are
/// emitted on `context` and name node, operator and opset.
mlir::OwningOpRef<mlir::ModuleOp> importONNX(llvm::StringRef path,
                                             mlir::MLIRContext &context,
                                             const OnnxImportOptions &options);

/// Prints the operators that importONNX() knows, as Markdown.
void printOnnxOperators(llvm::raw_ostream &os);

} // namespace seqc

#endif // FRONTENDS_ONNX_IMPORTONNX_H
