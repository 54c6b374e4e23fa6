//===- RecurrentImport.h - Inputs of recurrent operators ---------*- C++-*-===//
//
// What RNN, GRU, LSTM and the operators built on them share: attributes, and
// inputs under the shapes that the operator gives them.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_OPS_RECURRENTIMPORT_H
#define FRONTENDS_ONNX_OPS_RECURRENTIMPORT_H

#include "frontends/ONNX/Node.h"

#include "dialect/Seq/IR/SeqOps.h"

namespace seqc::onnx {

/// One node on its way to its op.
class RecurrentImport {
public:
  /// Inputs of all operators, in their order.
  enum Input { X, W, R, B, SequenceLens, InitialH, InitialC, P };
  /// An extent that is not known.
  static constexpr int64_t kAny = mlir::ShapedType::kDynamic;
  /// Names and factors of activations.
  struct Activations {
    mlir::ArrayAttr names, alpha, beta;
  };

  RecurrentImport(Node &node, int64_t gates,
                  llvm::SmallVector<seq::Activation> defaults)
      : node(node), e(node.getEmitter()), gates(gates),
        defaults(std::move(defaults)) {}
  /// An LSTM.
  explicit RecurrentImport(Node &node)
      : RecurrentImport(node, /*gates=*/4,
                        {seq::Activation::Sigmoid, seq::Activation::Tanh,
                         seq::Activation::Tanh}) {}

  /// Reads attributes and inputs, and reports what does not fit. W has columns
  /// for `more` features than X has.
  llvm::LogicalResult read(int64_t more = 0);

  /// Sets `to` to input `input`, which is named `name` and has the shape `shape`
  /// as far as that is known, in the type that is computed with unless it is of
  /// bytes; null if it is absent. Reports another shape.
  llvm::LogicalResult take(Tensor &to, size_t input, llvm::StringRef name,
                           llvm::ArrayRef<int64_t> shape);
  /// The same for numbers of steps, of which no row has more than `most`; null
  /// where each row has as many.
  llvm::LogicalResult takeLengths(Tensor &to, size_t input,
                                  llvm::StringRef name,
                                  mlir::OpFoldResult most);

  /// An input of the type that is computed with, null if it is absent.
  Tensor tensor(Input input) const { return tensors[input]; }
  mlir::Value get(Input input) const { return tensors[input].value; }
  int64_t numDirections() const { return directions; }
  /// The size of the state, and extents that may be unknown.
  int64_t hiddenSize() const { return size; }
  int64_t numFeatures() const { return features; }
  int64_t numRows() const { return batch; }
  DataType computeType() const { return compute; }
  /// The activations of direction `which`.
  Activations activationsOf(int64_t which) const;
  /// Types of the results.
  mlir::RankedTensorType resultType(llvm::ArrayRef<int64_t> shape) {
    return mlir::RankedTensorType::get(shape, e.storage(compute));
  }
  mlir::RankedTensorType yType() {
    return batchFirst ? resultType({batch, time, directions, size})
                      : resultType({time, directions, batch, size});
  }
  mlir::RankedTensorType stateType() {
    return batchFirst ? resultType({batch, directions, size})
                      : resultType({directions, batch, size});
  }
  /// Gives the node the results of its op.
  void setOutputs(mlir::ValueRange results);

  Node &node;
  Emitter &e;
  seq::Direction direction = seq::Direction::Forward;
  mlir::ArrayAttr activations, alpha, beta;
  mlir::FloatAttr clip;
  bool batchFirst = false;

private:
  llvm::LogicalResult readAttributes();
  llvm::LogicalResult readActivations();
  /// Input `input` under the shape `shape`, merged with its own.
  llvm::FailureOr<Tensor> placeShape(size_t input, llvm::StringRef name,
                                     llvm::ArrayRef<int64_t> shape);

  int64_t gates;
  llvm::SmallVector<seq::Activation> defaults;
  DataType type = DataType::Float, compute = DataType::Float;
  Tensor tensors[P + 1];
  int64_t directions = 1, size = kAny, features = kAny, time = kAny,
          batch = kAny;
};

llvm::LogicalResult convertAttnLSTM(Node &node, Emitter &e);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_RECURRENTIMPORT_H
