//===- SeqOps.cpp - Generated definitions of the seq ops --------*- C++ -*-===//

#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

#include "dialect/Seq/IR/SeqInterfaces.cpp.inc"
#define GET_OP_CLASSES
#include "dialect/Seq/IR/SeqOps.cpp.inc"
