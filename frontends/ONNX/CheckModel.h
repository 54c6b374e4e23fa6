//===- CheckModel.h - What no ONNX model may say ----------------*- C++ -*-===//
//
// Rules of the format that hold for a whole model and can be checked before
// anything of it is built: versions, opsets, and names that are given twice.
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

/// Reports what the format forbids in a model. Exporters repeat themselves:
/// what is given twice and means the same is no fault.
void checkModel(const format::ModelProto &model, FaultReporter report);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_CHECKMODEL_H
