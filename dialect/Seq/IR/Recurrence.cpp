//===- Recurrence.cpp - Loops over time with a cell region ------*- C++ -*-===//

#include "dialect/Seq/IR/SeqOps.h"

using namespace mlir;
using namespace seqc::seq;

Block::BlockArgListType RecurrenceOp::getSliceArguments() {
  return getCell().front().getArguments().take_front(getScanned().size());
}

Block::BlockArgListType RecurrenceOp::getStateArguments() {
  return getCell().front().getArguments().drop_front(getScanned().size());
}

OperandRange RecurrenceOp::getYieldedStates() {
  return getCell().front().getTerminator()->getOperands().take_front(
      getInits().size());
}

OperandRange RecurrenceOp::getYieldedOutputs() {
  return getCell().front().getTerminator()->getOperands().drop_front(
      getInits().size());
}

SmallVector<Region *> RecurrenceOp::getLoopRegions() { return {&getCell()}; }

void RecurrenceOp::getAsmBlockArgumentNames(Region &region,
                                            OpAsmSetValueNameFn setName) {
  for (BlockArgument argument : getSliceArguments())
    setName(argument, "x_t");
  for (BlockArgument argument : getStateArguments())
    setName(argument, "h");
}

LogicalResult RecurrenceOp::verify() { return success(); }
LogicalResult RecurrenceOp::verifyRegions() { return success(); }
