//===- ImportONNX.h - ONNX models as input -----------------------*- C++-*-===//

#ifndef FRONTENDS_ONNX_IMPORTONNX_H
#define FRONTENDS_ONNX_IMPORTONNX_H

#include "frontends/Common/ModelImporter.h"

#include "llvm/Support/raw_ostream.h"

namespace seqc {

/// Reads an ONNX model (IR version 3 to 13, opset of the default domain up to
/// 28) as one function `forward` in the import form, or as three where callers
/// may replace initializers. Tensors of a file become references to it
/// (`seq.weight`) where they are large. Returns null after errors, which are
/// emitted on `context` and name node, operator and opset.
mlir::OwningOpRef<mlir::ModuleOp> importONNX(llvm::StringRef path,
                                             mlir::MLIRContext &context,
                                             const ImportOptions &options);

/// Prints the operators that importONNX() knows, as Markdown.
void printOnnxOperators(llvm::raw_ostream &os);

} // namespace seqc

#endif // FRONTENDS_ONNX_IMPORTONNX_H
