//===- CheckModel.h - What no ONNX model may say ----------------*- C++ -*-===//
//
// Rules of the format that hold for a whole model and can be checked before
// anything of it is built: versions, opsets, names that are given twice, and
// initializers that are not what inputs say.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_CHECKMODEL_H
#define FRONTENDS_ONNX_CHECKMODEL_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"

namespace seqc::onnx {

namespace format {
class ModelProto;
} // namespace format

/// Takes one fault of a model: what was found and what is required.
using FaultReporter = llvm::function_ref<void(const llvm::Twine &)>;

/// Reports what the format forbids in a model. Exporters repeat themselves: an
/// opset that is imported twice is no fault, since the format forbids only names
/// that are defined twice.
void checkModel(const format::ModelProto &model, FaultReporter report);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_CHECKMODEL_H
