//===- AttentionSides.h - Masks and biases of an attention ------*- C++ -*-===//
//
// What belongs to a pair of a query and a key besides their score, read inside
// of loops over (batch, head, i, j).
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_DECOMPOSE_ATTENTIONSIDES_H
#define COMPILER_DECOMPOSE_ATTENTIONSIDES_H

#include "compiler/Decompose/TensorBuilders.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

namespace seqc {

/// Positions and windows of more are not told apart, so that no sum overflows.
constexpr int64_t kFarAway = int64_t(1) << 40;

/// How far a window reaches.
inline mlir::Value windowReach(mlir::ImplicitLocOpBuilder &b, int64_t reach) {
  return indexConstant(b, std::min(reach, kFarAway));
}

/// What is added to the number of a query to give its position among the keys
/// of row `row`, or null.
inline mlir::Value alignment(mlir::ImplicitLocOpBuilder &b, seq::AttentionOp op,
                             mlir::Value row, mlir::Value queryCount,
                             mlir::Value keyCount) {
  // Bottom-right alignment counts queries from the end of the keys.
  if (op.getCausal() == seq::Causal::BottomRight)
    return mlir::arith::SubIOp::create(b, keyCount, queryCount);
  mlir::Value starts = op.getStarts();
  if (!starts)
    return nullptr;
  if (mlir::cast<mlir::RankedTensorType>(starts.getType()).getDimSize(0) == 1)
    row = indexConstant(b, 0);
  mlir::Value start =
      mlir::tensor::ExtractOp::create(b, starts, mlir::ValueRange{row});
  start = mlir::arith::IndexCastOp::create(b, b.getIndexType(), start);
  start = mlir::arith::MaxSIOp::create(b, start, indexConstant(b, -kFarAway));
  return mlir::arith::MinSIOp::create(b, start, indexConstant(b, kFarAway));
}

/// What a scaled score is multiplied by; 1 for the others.
inline double scoreScale(seq::AttentionOp op) {
  if (op.getScore() != seq::Score::Scaled)
    return 1.0;
  if (op.getScale())
    return op.getScale()->convertToDouble();
  return 1.0 / std::sqrt(double(op.getQuery().getType().getShape().back()));
}

/// A score of the type that is computed with, from the sum of products to what
/// the normalizer exponentiates or gives: scale, softcap, masked score, bias,
/// sign or sigmoid. `isShown` and `bias` read the mask and the bias, if the op
/// has them.
inline mlir::Value finishScore(mlir::ImplicitLocOpBuilder &b,
                               seq::AttentionOp op, mlir::Value s,
                               llvm::function_ref<mlir::Value()> isShown,
                               llvm::function_ref<mlir::Value()> bias) {
  using namespace mlir;
  auto constant = [&](double number) {
    return floatConstant(b, s.getType(), number);
  };
  double scale = scoreScale(op);
  if (scale != 1.0)
    s = arith::MulFOp::create(b, s, constant(scale));
  if (op.getSoftcap()) {
    double cap = op.getSoftcap()->convertToDouble();
    s = arith::DivFOp::create(b, s, constant(cap));
    s = arith::MulFOp::create(b, math::TanhOp::create(b, s), constant(cap));
  }
  if (std::optional<APFloat> masked = op.getMaskedScore())
    s = arith::SelectOp::create(b, isShown(), s,
                                constant(masked->convertToDouble()));
  if (op.getBias())
    s = arith::AddFOp::create(b, s, bias());
  if (op.getNormalizer() == seq::Normalizer::NegatedSoftmax)
    s = arith::NegFOp::create(b, s);
  if (op.getNormalizer() == seq::Normalizer::Sigmoid) {
    Value e = math::ExpOp::create(b, arith::NegFOp::create(b, s));
    s = arith::DivFOp::create(b, constant(1),
                              arith::AddFOp::create(b, e, constant(1)));
  }
  return s;
}

/// The operands and attributes of one attention that hide keys or change
/// scores.
struct AttentionSides {
  seq::AttentionOp op;
  bool hasHeads = false;
  /// Query heads per key head.
  int64_t group = 1;
  /// Loops over the positions of queries and keys.
  unsigned queryDim = 0, keyDim = 0;
  /// Numbers of these positions.
  mlir::Value queryCount, keyCount;

  /// A side operand of the scores (mask, bias): the value at (row, head, i, j),
  /// extents 1 repeated.
  mlir::Value read(mlir::ImplicitLocOpBuilder &b, mlir::Value side,
                   mlir::Value row) {
    auto type = mlir::cast<mlir::RankedTensorType>(side.getType());
    llvm::SmallVector<mlir::Value> indices = {row};
    if (hasHeads) {
      mlir::Value head = mlir::linalg::IndexOp::create(b, 1);
      if (group != 1) {
        head = mlir::arith::MulIOp::create(b, head, indexConstant(b, group));
        head = mlir::arith::AddIOp::create(b, head,
                                           mlir::linalg::IndexOp::create(b, 2));
      }
      indices.push_back(head);
    }
    indices.push_back(mlir::linalg::IndexOp::create(b, queryDim));
    indices.push_back(mlir::linalg::IndexOp::create(b, keyDim));
    for (auto [position, index] : llvm::enumerate(indices)) {
      int64_t size = type.getDimSize(position);
      if (size == 1) {
        index = indexConstant(b, 0);
      } else if (mlir::ShapedType::isDynamic(size)) {
        // The extent may turn out to be 1.
        mlir::Value actual = mlir::tensor::DimOp::create(b, side, position);
        mlir::Value single = mlir::arith::CmpIOp::create(
            b, mlir::arith::CmpIPredicate::eq, actual, indexConstant(b, 1));
        index = mlir::arith::SelectOp::create(b, single, indexConstant(b, 0),
                                              index);
      }
    }
    return mlir::tensor::ExtractOp::create(b, side, indices);
  }

  /// Whether key j is visible to query i, null if every key is.
  mlir::Value buildLive(mlir::ImplicitLocOpBuilder &b, mlir::Value row) {
    mlir::Value live;
    auto require = [&](mlir::Value condition) {
      live = live ? mlir::Value(mlir::arith::AndIOp::create(b, live, condition))
                  : condition;
    };
    mlir::Value i = mlir::linalg::IndexOp::create(b, queryDim),
                j = mlir::linalg::IndexOp::create(b, keyDim);
    if (mlir::Value lengths = op.getLengths()) {
      mlir::Value length =
          mlir::tensor::ExtractOp::create(b, lengths, mlir::ValueRange{row});
      length = mlir::arith::IndexCastOp::create(b, b.getIndexType(), length);
      require(mlir::arith::CmpIOp::create(b, mlir::arith::CmpIPredicate::slt, j,
                                          length));
    }
    if (op.getMask() && !op.getMaskedScore())
      require(read(b, op.getMask(), row));
    mlir::Value aligned = i;
    if (op.getCausal() != seq::Causal::None || op.getWindow())
      if (mlir::Value shift = alignment(b, op, row, queryCount, keyCount))
        aligned = mlir::arith::AddIOp::create(b, i, shift);
    if (op.getCausal() != seq::Causal::None)
      require(mlir::arith::CmpIOp::create(b, mlir::arith::CmpIPredicate::sle, j,
                                          aligned));
    if (std::optional<llvm::ArrayRef<int64_t>> window = op.getWindow()) {
      if ((*window)[0] >= 0) {
        mlir::Value first = mlir::arith::SubIOp::create(
            b, aligned, windowReach(b, (*window)[0]));
        require(mlir::arith::CmpIOp::create(b, mlir::arith::CmpIPredicate::sge,
                                            j, first));
      }
      if ((*window)[1] >= 0) {
        mlir::Value last = mlir::arith::AddIOp::create(
            b, aligned, windowReach(b, (*window)[1]));
        require(mlir::arith::CmpIOp::create(b, mlir::arith::CmpIPredicate::sle,
                                            j, last));
      }
    }
    return live;
  }

  /// Whether some keys may be hidden.
  bool hidesKeys() {
    std::optional<llvm::ArrayRef<int64_t>> window = op.getWindow();
    return op.getLengths() || (op.getMask() && !op.getMaskedScore()) ||
           op.getCausal() != seq::Causal::None ||
           (window && ((*window)[0] >= 0 || (*window)[1] >= 0));
  }
};

} // namespace seqc

#endif // COMPILER_DECOMPOSE_ATTENTIONSIDES_H
