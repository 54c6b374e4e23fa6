//===- Attention.cpp - Attention of every kind ------------------*- C++ -*-===//

#include "dialect/Seq/IR/SeqOps.h"

using namespace mlir;
using namespace seqc::seq;

LogicalResult AttentionOp::verify() { return success(); }
LogicalResult AttentionOp::verifyRegions() { return success(); }
