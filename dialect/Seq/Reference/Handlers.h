//===- Handlers.h - Evaluation of ops, by family ----------------*- C++ -*-===//

#ifndef DIALECT_SEQ_REFERENCE_HANDLERS_H
#define DIALECT_SEQ_REFERENCE_HANDLERS_H

#include "dialect/Seq/Reference/Interpreter.h"

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/OpDefinition.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"

namespace seqc::reference {

/// Handlers by op name.
using HandlerTable = llvm::StringMap<Handler>;

/// Elementwise ops of `arith` and `math`, and constants.
void addElementwiseHandlers(HandlerTable &table);
/// `affine.apply`, `affine.min`, `affine.max`.
void addAffineHandlers(HandlerTable &table);
/// Ops of `tensor` that make, read and compute.
void addTensorHandlers(HandlerTable &table);
/// Ops of `tensor` that cut, join and reshape.
void addTensorShapeHandlers(HandlerTable &table);
/// `scf`, `cf.assert` and `seq.require`.
void addControlHandlers(HandlerTable &table);
/// `func.call`.
void addFuncHandlers(HandlerTable &table);
/// `memref`, and the ops of `bufferization` between tensors and buffers.
void addBufferHandlers(HandlerTable &table);
/// `dnn.create_matmul` and `dnn.matmul`.
void addLibraryHandlers(HandlerTable &table);
/// `seq.weight`, `seq.pack`, `seq.column_sums` and the products.
void addWeightHandlers(HandlerTable &table);
/// `seq.softmax` and `seq.norm`.
void addNormHandlers(HandlerTable &table);
/// `seq.embedding`.
void addEmbeddingHandlers(HandlerTable &table);
/// `seq.quantize` and `seq.dequantize`.
void addQuantizationHandlers(HandlerTable &table);
/// `seq.cache.append`, `seq.cache.read` and `seq.cache.reorder`.
void addCacheHandlers(HandlerTable &table);
/// `seq.rotary`.
void addRotaryHandlers(HandlerTable &table);
/// `seq.linear_recurrence`.
void addLinearRecurrenceHandlers(HandlerTable &table);
/// `seq.recurrence`.
void addRecurrenceHandlers(HandlerTable &table);
/// `seq.rnn`, `seq.gru`, `seq.lstm`.
void addCellHandlers(HandlerTable &table);
/// `seq.attention`.
void addAttentionHandlers(HandlerTable &table);
/// `seq.generate` and `seq.option`.
void addGenerateHandlers(HandlerTable &table);

/// All handlers but that of linalg ops, which are known by their interface.
const HandlerTable &getHandlerTable();
/// Evaluates any structured op through its indexing maps and its body.
llvm::Expected<Results> evaluateLinalg(Interpreter &interpreter,
                                       mlir::Operation &op,
                                       llvm::MutableArrayRef<Tensor> operands);
/// Evaluates a scalar op on tensors of one shape.
llvm::Expected<Results>
evaluateElementwise(Interpreter &interpreter, mlir::Operation &op,
                    llvm::MutableArrayRef<Tensor> operands);
/// Evaluates `linalg.index` in a body that is run op by op.
llvm::Expected<Results>
evaluateLinalgIndex(Interpreter &interpreter, mlir::Operation &op,
                    llvm::MutableArrayRef<Tensor> operands);
/// Puts a slice into a tensor; `offset` and the rest are one number per
/// dimension.
llvm::Error insertSlice(mlir::Operation &op, const Tensor &source, Tensor &dest,
                        llvm::ArrayRef<int64_t> offsets,
                        llvm::ArrayRef<int64_t> sizes,
                        llvm::ArrayRef<int64_t> strides);

/// Position of an element in the tensor's data; fails if an index is out of
/// range.
llvm::Expected<int64_t> getElementPosition(mlir::Operation &op,
                                           const Tensor &tensor,
                                           llvm::ArrayRef<Tensor> indices);
/// Handlers of the ops that are alike on tensors and buffers: the element at
/// the indices behind it, and an extent.
llvm::Expected<Results> evaluateElement(Interpreter &interpreter,
                                        mlir::Operation &op,
                                        llvm::MutableArrayRef<Tensor> operands);
llvm::Expected<Results> evaluateExtent(Interpreter &interpreter,
                                       mlir::Operation &op,
                                       llvm::MutableArrayRef<Tensor> operands);
/// Writes the first operand into the second one at the indices behind them.
llvm::Error writeElement(mlir::Operation &op,
                         llvm::MutableArrayRef<Tensor> operands);
/// Numbers that an op takes as attribute or operand.
llvm::Expected<Shape> getMixedNumbers(mlir::Operation &op,
                                      llvm::ArrayRef<mlir::OpFoldResult> mixed,
                                      llvm::ArrayRef<Tensor> operands);
/// Fails unless a slice lies inside a shape.
llvm::Error checkSlice(mlir::Operation &op, llvm::ArrayRef<int64_t> shape,
                       llvm::ArrayRef<int64_t> offsets,
                       llvm::ArrayRef<int64_t> sizes,
                       llvm::ArrayRef<int64_t> strides);

/// Whether a type stands for a library's primitive, whose value is a scalar of
/// i1.
bool isLibraryPrimitive(mlir::Type type);

/// An error with the op's name and location.
llvm::Error makeError(mlir::Operation &op, const llvm::Twine &message);

/// The same for a run that asks for more memory than there is.
llvm::Error makeMemoryError(mlir::Operation &op, const llvm::Twine &message);
/// Explains an error by the op it came up in.
llvm::Error wrapError(mlir::Operation &op, llvm::Error error);
/// Fails unless a value may stand for something of the given type; `what` names
/// it.
llvm::Error checkType(mlir::Operation &op, const Tensor &value, mlir::Type type,
                      const llvm::Twine &what);
/// Fails unless two shapes are equal; `what` names the first.
llvm::Error checkShape(mlir::Operation &op, llvm::ArrayRef<int64_t> found,
                       llvm::ArrayRef<int64_t> required,
                       const llvm::Twine &what);
/// A shape from a type, with the dynamic extents taken from `fallback`.
Shape resolveShape(mlir::Type type, llvm::ArrayRef<int64_t> fallback);

/// Finds the tensors of named operands.
class OperandValues {
public:
  OperandValues(mlir::Operation &op, llvm::ArrayRef<Tensor> values)
      : op(op), values(values) {}
  /// The tensor of an operand; null for an absent one.
  const Tensor *get(mlir::Value value) const;
  /// The tensors of a group of operands.
  llvm::SmallVector<Tensor> get(mlir::ValueRange group) const;

private:
  mlir::Operation &op;
  llvm::ArrayRef<Tensor> values;
};

} // namespace seqc::reference

#endif // DIALECT_SEQ_REFERENCE_HANDLERS_H
