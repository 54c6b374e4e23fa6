//===- CellBuilder.h - Products of a cell -----------------------*- C++ -*-===//
//
// What the cells of all layers are built of: a layer's parameters by gate, and
// products with them for one step.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_DECOMPOSE_CELLBUILDER_H
#define COMPILER_DECOMPOSE_CELLBUILDER_H

#include "compiler/Decompose/CellActivations.h"
#include "compiler/Decompose/DynamicQuantization.h"
#include "compiler/Decompose/TensorBuilders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace seqc {

/// What one direction of a layer works on, taken apart by gate.
struct LayerDirection {
  /// Weights by gate, `[H, I]` and `[H, P]`; without features the former are
  /// not there.
  llvm::SmallVector<mlir::Value> weights, recurrents;
  /// Weights of bytes in their place, empty for floats.
  llvm::SmallVector<ByteMatrix> byteWeights, byteRecurrents;
  /// Biases of the two products by gate, `[H]`; empty without a bias.
  llvm::SmallVector<mlir::Value> inputBiases, recurrentBiases;
  /// Peephole weights `[H]` in the order i, o, f; empty without peepholes.
  llvm::SmallVector<mlir::Value> peepholes;
  /// Recurrent projection `[P, H]`, or null.
  mlir::Value projection;
  /// Initial states, batch first.
  llvm::SmallVector<mlir::Value> inits;
  /// Activation functions of this direction.
  llvm::ArrayRef<CellActivation> activations;

  /// Size of a gate.
  int64_t getGateSize() const {
    if (!byteRecurrents.empty())
      return byteRecurrents[0].getNumColumns();
    return mlir::cast<mlir::RankedTensorType>(recurrents[0].getType())
        .getDimSize(0);
  }

  /// The sum of both biases of a gate, null without a bias.
  mlir::Value biasSum(mlir::ImplicitLocOpBuilder &b, size_t gate) const {
    if (inputBiases.empty())
      return {};
    return mlir::arith::AddFOp::create(b, inputBiases[gate],
                                       recurrentBiases[gate]);
  }
};

/// Builds the values of a cell: products and empty tensors for one step.
class CellBuilder {
public:
  /// `steps` are the slices of one step: of the input, or, where weights are
  /// bytes, of the product with each gate that has one.
  CellBuilder(mlir::ImplicitLocOpBuilder &b, const LayerDirection &layer,
              mlir::ValueRange steps)
      : b(b), layer(layer), steps(steps), rows(extent(b, steps[0], 0)),
        element(mlir::getElementTypeOrSelf(steps[0].getType())) {}

  /// An undefined tensor with one row per lane and `columns` columns.
  mlir::Value empty(int64_t columns);

  /// `bias` for every row, zeros if it is null.
  mlir::Value start(mlir::Value bias, int64_t columns);

  /// bias + step * weight^T of a gate. Gates are asked for in their order.
  mlir::Value inputProduct(size_t gate, mlir::Value bias);

  /// init + state * recurrent^T of a gate. Where weights are bytes, there is
  /// one state.
  mlir::Value recurrentProduct(size_t gate, mlir::Value state,
                               mlir::Value init);

  /// state * projection^T, or `hidden` itself without a projection.
  mlir::Value project(mlir::Value hidden);

  /// Static number of rows of a matrix.
  static int64_t rowsOf(mlir::Value matrix) {
    return mlir::cast<mlir::RankedTensorType>(matrix.getType()).getDimSize(0);
  }

private:
  mlir::ImplicitLocOpBuilder &b;
  const LayerDirection &layer;
  mlir::ValueRange steps;
  mlir::OpFoldResult rows;
  mlir::Type element;
  size_t nextStep = 0;
  /// The state as bytes, once it is needed.
  QuantizedTensor quantized;
};

} // namespace seqc

#endif // COMPILER_DECOMPOSE_CELLBUILDER_H
