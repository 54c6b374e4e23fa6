//===- Rows.cpp - Ops that keep the rows of a batch apart -----------------===//

#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

using namespace mlir;
using namespace seqc::seq;
using namespace seqc::seq::detail;

using HasRows = llvm::function_ref<bool(OpOperand &)>;

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

bool MatmulOp::takesRows(OpOperand &operand) {
  return &operand == &getLhsMutable() || isDpsInit(&operand);
}

bool MatmulOp::keepsRows(HasRows hasRows) {
  return llvm::all_of((*this)->getOpOperands(), [&](OpOperand &operand) {
    return hasRows(operand) == takesRows(operand);
  });
}

bool BlockwiseMatmulOp::takesRows(OpOperand &operand) {
  return &operand == &getLhsMutable();
}

bool BlockwiseMatmulOp::keepsRows(HasRows hasRows) {
  return llvm::all_of((*this)->getOpOperands(), [&](OpOperand &operand) {
    return hasRows(operand) == takesRows(operand);
  });
}

//===----------------------------------------------------------------------===//
// Lookups
//===----------------------------------------------------------------------===//

bool EmbeddingOp::takesRows(OpOperand &operand) {
  return &operand == &getIdsMutable() && tensorType(getIds()).getRank() > 0;
}

bool EmbeddingOp::keepsRows(HasRows hasRows) {
  return hasRows(getIdsMutable()) && !hasRows(getTableMutable());
}

//===----------------------------------------------------------------------===//
// Softmax, norms, rotations
//===----------------------------------------------------------------------===//

bool SoftmaxOp::takesRows(OpOperand &) { return true; }

bool SoftmaxOp::keepsRows(HasRows hasRows) {
  return hasRows(getInputMutable()) && getDims().front() > 0;
}

bool NormOp::takesRows(OpOperand &operand) {
  return &operand == &getInputMutable();
}

bool NormOp::keepsRows(HasRows hasRows) {
  return getAxis() > 0 &&
         llvm::all_of((*this)->getOpOperands(), [&](OpOperand &operand) {
           return hasRows(operand) == takesRows(operand);
         });
}

bool RotaryOp::takesRows(OpOperand &operand) {
  return &operand == &getInputMutable() || extent(operand.get(), 0) != 1;
}

bool RotaryOp::keepsRows(HasRows hasRows) {
  return llvm::all_of((*this)->getOpOperands(), [&](OpOperand &operand) {
    return hasRows(operand) == takesRows(operand);
  });
}

//===----------------------------------------------------------------------===//
// AttentionOp
//===----------------------------------------------------------------------===//

/// With row numbers the keys, and what belongs to them, are everybody's; without
/// them they are rows like the queries.
bool AttentionOp::takesRows(OpOperand &operand) {
  if (&operand == &getQueryMutable())
    return true;
  for (OpOperand &numbers : getRowsMutable())
    if (&operand == &numbers)
      return true;
  for (OpOperand &weight : getScoreWeightMutable())
    if (&operand == &weight)
      return false;
  return !getRows();
}

bool AttentionOp::keepsRows(HasRows hasRows) {
  // A region meets queries and keys as pairs, without rows.
  return getScoreRegion().empty() &&
         llvm::all_of((*this)->getOpOperands(), [&](OpOperand &operand) {
           return hasRows(operand) == takesRows(operand);
         });
}
