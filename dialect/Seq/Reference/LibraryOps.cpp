//===- LibraryOps.cpp - Products given to a library -----------------------===//

#include "dialect/Seq/Reference/Contraction.h"
#include "dialect/Seq/Reference/Handlers.h"

#include "dialect/DNN/IR/DNNOps.h"

using namespace mlir;

namespace seqc::reference {

/// `dnn.create_matmul`: the primitive is the flag that says how the weights
/// lie.
static llvm::Expected<Results>
evaluateCreateMatmul(Interpreter &, Operation &op,
                     llvm::MutableArrayRef<Tensor>) {
  bool transposed = cast<dnn::CreateMatmulOp>(op).getTransposed();
  return Results{Tensor::ofInt(ElementKind::I1, transposed ? 1 : 0)};
}

/// `dnn.matmul` on tensors or buffers.
static llvm::Expected<Results>
evaluateMatmul(Interpreter &, Operation &op,
               llvm::MutableArrayRef<Tensor> operands) {
  bool transposed = operands[0].scalar().i != 0;
  const Tensor &lhs = operands[1], &weights = operands[2];
  Tensor acc = std::move(operands[3]);
  int64_t rows = lhs.getDim(0), depth = lhs.getDim(1), columns = acc.getDim(1);
  Shape required{depth, columns};
  if (transposed)
    std::swap(required[0], required[1]);
  if (llvm::Error error =
          checkShape(op, weights.getShape(), required, "weights"))
    return error;
  if (llvm::Error error =
          checkShape(op, acc.getShape(), {rows, columns}, "acc"))
    return error;
  Shape a = lhs.getElementStrides(), b = weights.getElementStrides(),
        c = acc.getElementStrides();
  if (transposed)
    std::swap(b[0], b[1]);
  Contraction nest;
  nest.extents = {rows, depth, columns};
  nest.sums = {false, true, false};
  nest.aStrides = {a[0], a[1], 0};
  nest.bStrides = {0, b[0], b[1]};
  nest.cStrides = {c[0], 0, c[1]};
  nest.c = reinterpret_cast<double *>(acc.mutableData()) + acc.getOffset();
  nest.a = reinterpret_cast<const double *>(lhs.data()) + lhs.getOffset();
  nest.b =
      reinterpret_cast<const double *>(weights.data()) + weights.getOffset();
  contract(std::move(nest));
  if (op.getNumResults() == 0)
    return Results();
  return Results{std::move(acc)};
}

bool isLibraryPrimitive(Type type) { return isa<dnn::MatmulType>(type); }

void addLibraryHandlers(HandlerTable &table) {
  table["dnn.create_matmul"] = evaluateCreateMatmul;
  table["dnn.matmul"] = evaluateMatmul;
}

} // namespace seqc::reference
