//===- Weights.cpp - Weight references, packing and products ----*- C++ -*-===//

#include "dialect/Seq/IR/SeqOps.h"

using namespace mlir;
using namespace seqc::seq;

LogicalResult WeightOp::verify() { return success(); }

int64_t PackOp::getNumColumns() {
  auto type = cast<RankedTensorType>(getSources().front().getType());
  return type.getDimSize(getTransposed() ? 1 : 0);
}

int64_t PackOp::getDepth() {
  auto type = cast<RankedTensorType>(getSources().front().getType());
  return type.getDimSize(getTransposed() ? 0 : 1);
}

LogicalResult PackOp::verify() { return success(); }

int64_t PackedMatmulOp::getDepth() { return getPanels().getType().getDimSize(1); }

int64_t PackedMatmulOp::getNumMatrices() {
  return getPanels().getType().getDimSize(2);
}

int64_t PackedMatmulOp::getPanelWidth() {
  return getPanels().getType().getDimSize(3);
}

int64_t PackedMatmulOp::getNumColumns() {
  return cast<RankedTensorType>(getInits().front().getType()).getDimSize(1);
}

LogicalResult PackedMatmulOp::verify() { return success(); }
