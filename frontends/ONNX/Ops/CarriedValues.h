//===- CarriedValues.h - What a loop hands on, as tensors -------*- C++-*-===//
//
// A loop of run-time length carries tensors. A sequence is carried as the two
// tensors of its rolled form, and an optional with whether it is there. Which
// rank the tensors of a sequence have may be known from the body only.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_OPS_CARRIEDVALUES_H
#define FRONTENDS_ONNX_OPS_CARRIEDVALUES_H

#include "frontends/Common/Numbers.h"
#include "frontends/ONNX/GraphValues.h"

namespace seqc::onnx {

/// How a value is carried.
struct CarriedForm {
  bool isSequence = false;
  bool isOptional = false;
  /// Of a sequence: the type of its elements, the extents in a row of shapes,
  /// and the rank of all tensors, -1 if it is not one.
  DataType type = DataType::Undefined;
  int64_t width = 0, rank = -1;

  size_t countTensors() const { return 1 + isSequence + isOptional; }
};

struct CarriedForms {
  llvm::SmallVector<CarriedForm> forms;
  /// Whether the body's condition is a constant true.
  bool goesOn = false;
};

/// The forms in which the values of a Loop's body can be carried from
/// `initial` on; nothing if the body cannot be imported or there are none.
std::optional<CarriedForms> findForms(Node &node,
                                      const format::GraphProto &body,
                                      llvm::ArrayRef<GraphValue> initial);

/// What a Loop gives its body first: the number of the iteration, and that it
/// takes place.
std::vector<GraphValue> getLoopInputs(Emitter &e, Number number);

/// A value as tensors, and back.
void flatten(Emitter &e, const GraphValue &value, const CarriedForm &form,
             llvm::SmallVectorImpl<Tensor> &into);
GraphValue restore(Emitter &e, const CarriedForm &form,
                   llvm::ArrayRef<Tensor> tensors);
std::vector<GraphValue> restoreAll(Emitter &e,
                                   llvm::ArrayRef<CarriedForm> forms,
                                   llvm::ArrayRef<Tensor> tensors);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_CARRIEDVALUES_H
