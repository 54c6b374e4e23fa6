//===- CellBuilder.cpp - Products of a cell -------------------------------===//

#include "compiler/Decompose/CellBuilder.h"

using namespace mlir;

namespace seqc {

Value CellBuilder::empty(int64_t columns) {
  return emptyTensor(b, {rows, b.getIndexAttr(columns)}, element);
}

Value CellBuilder::start(Value bias, int64_t columns) {
  if (!bias)
    return zeroTensor(b, {rows, b.getIndexAttr(columns)}, element);
  return linalg::BroadcastOp::create(b, bias, empty(columns),
                                     ArrayRef<int64_t>{0})
      ->getResult(0);
}

Value CellBuilder::inputProduct(size_t gate, Value bias) {
  if (!layer.byteRecurrents.empty())
    return steps[nextStep++];
  if (layer.weights.empty())
    return start(bias, rowsOf(layer.recurrents[gate]));
  Value weight = layer.weights[gate];
  return productTransposed(b, steps[0], weight, start(bias, rowsOf(weight)));
}

Value CellBuilder::recurrentProduct(size_t gate, Value state, Value init) {
  if (layer.byteRecurrents.empty())
    return productTransposed(b, state, layer.recurrents[gate], init);
  if (!quantized.bytes)
    quantized = quantizeByRange(b, state);
  return multiplyQuantized(b, quantized, layer.byteRecurrents[gate], init);
}

Value CellBuilder::project(Value hidden) {
  if (!layer.projection)
    return hidden;
  return productTransposed(b, hidden, layer.projection,
                           start(Value(), rowsOf(layer.projection)));
}

} // namespace seqc
