//===- RecognizeProjections.cpp - Queries, keys and values of one tensor --===//

#include "compiler/Normalize/Recognition.h"

#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

/// Values between a projection and its attention that are looked at.
static constexpr size_t kMostValues = 64;

/// Whether a matrix is a weight, as it is stored or transposed.
static bool isWeight(Value matrix) {
  if (auto transpose = matrix.getDefiningOp<linalg::TransposeOp>())
    matrix = transpose.getInput();
  return isa_and_present<seq::WeightOp, arith::ConstantOp>(
      matrix.getDefiningOp());
}

/// The nearest product with a weight that `value` comes from. What lies between
/// (heads, rotation, norms, keys of earlier steps) does not matter.
static linalg::MatmulOp findProduct(Value value) {
  SmallVector<Value> queue{value};
  for (size_t i = 0; i < queue.size() && i < kMostValues; ++i) {
    Operation *op = queue[i].getDefiningOp();
    auto product = dyn_cast_or_null<linalg::MatmulOp>(op);
    if (product && isWeight(product.getInputs()[1]))
      return product;
    auto structured = dyn_cast_or_null<linalg::LinalgOp>(op);
    if (structured ? structured.getNumReductionLoops() == 0
                   : op && isa<tensor::TensorDialect, seq::SeqDialect>(
                               op->getDialect())) {
      // Elements are looked up in the body as well.
      llvm::SetVector<Value> operands(llvm::from_range, op->getOperands());
      getUsedValuesDefinedAbove(op->getRegions(), operands);
      for (Value operand : operands)
        if (isa<RankedTensorType>(operand.getType()) &&
            !llvm::is_contained(queue, operand))
          queue.push_back(operand);
    }
  }
  return {};
}

void seqc::countProjections(Operation *function, Recognition &recognition) {
  if (!recognition.isWanted("qkv"))
    return;
  function->walk([&](seq::AttentionOp attention) {
    linalg::MatmulOp query = findProduct(attention.getQuery()),
                     key = findProduct(attention.getKey()),
                     value = findProduct(attention.getValue());
    if (query && key && value && query != key && key != value &&
        query != value && query.getInputs()[0] == key.getInputs()[0] &&
        key.getInputs()[0] == value.getInputs()[0])
      ++recognition.counts["qkv"];
  });
}
