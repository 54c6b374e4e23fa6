//===- Generate.cpp - Search over a decoder step ----------------*- C++ -*-===//

#include "dialect/Seq/IR/SeqOps.h"

using namespace mlir;
using namespace seqc::seq;

int64_t GenerateOp::getWidth() {
  auto beam = dyn_cast<BeamAttr>(getSearch());
  return beam ? beam.getWidth() : 1;
}

int64_t GenerateOp::getNumBest() {
  auto beam = dyn_cast<BeamAttr>(getSearch());
  return beam ? beam.getNBest() : 1;
}

double GenerateOp::getLengthPenalty() {
  if (auto beam = dyn_cast<BeamAttr>(getSearch()))
    return beam.getLengthPenalty().convertToDouble();
  return cast<GreedyAttr>(getSearch()).getLengthPenalty().convertToDouble();
}

Block::BlockArgListType GenerateOp::getStateArguments() {
  return getStep().front().getArguments().drop_front(3);
}

SmallVector<Region *> GenerateOp::getLoopRegions() { return {&getStep()}; }

void GenerateOp::getAsmBlockArgumentNames(Region &region,
                                          OpAsmSetValueNameFn setName) {
  static constexpr StringLiteral leading[] = {"id", "row", "pos"};
  for (auto [index, argument] : llvm::enumerate(region.getArguments()))
    setName(argument, index < std::size(leading) ? leading[index] : "h");
}

LogicalResult GenerateOp::verify() { return success(); }
LogicalResult GenerateOp::verifyRegions() { return success(); }
