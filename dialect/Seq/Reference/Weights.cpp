//===- Weights.cpp - Weight references, packing and packed products -------===//

#include "dialect/Seq/Reference/Contraction.h"
#include "dialect/Seq/Reference/Handlers.h"

#include "dialect/Seq/IR/SeqOps.h"

using namespace mlir;

namespace seqc::reference {

/// Reads the elements that a weight names.
static llvm::Expected<Tensor> readWeight(Interpreter &interpreter,
                                         seq::WeightOp weight) {
  auto type = cast<RankedTensorType>(weight.getType());
  std::optional<ElementKind> kind = getElementKind(type);
  std::optional<ElementKind> stored =
      weight.getStored() ? getElementKind(*weight.getStored()) : kind;
  if (!kind || !stored)
    return makeError(*weight, "unsupported element type");
  // Within the bounds first, so that the number of bytes cannot overflow.
  llvm::Expected<Tensor> bounded =
      interpreter.allocate(*weight, *kind, type.getShape());
  if (!bounded)
    return bounded.takeError();
  int64_t offset = static_cast<int64_t>(weight.getOffset());
  if (offset < 0)
    return makeError(*weight, "offset " + llvm::Twine(offset) + " is negative");
  std::vector<uint8_t> bytes(static_cast<size_t>(bounded->getNumElements()) *
                             getByteWidth(*stored));
  if (llvm::Error error = interpreter.getWeights().read(
          weight.getFile(), static_cast<uint64_t>(offset), bytes))
    return wrapError(*weight, std::move(error));
  llvm::Expected<Tensor> value =
      Tensor::ofBytes(*stored, type.getShape(), bytes);
  if (!value || stored == kind)
    return value;
  // The verifier lets f32 alone be stored as something else.
  value->setKind(*kind);
  for (double &element : value->mutableFloats())
    element = static_cast<float>(element);
  return value;
}

static llvm::Expected<Results> evaluateWeight(Interpreter &interpreter,
                                              Operation &op,
                                              llvm::MutableArrayRef<Tensor>) {
  llvm::Expected<Tensor> value = interpreter.getCached(
      op, [&] { return readWeight(interpreter, cast<seq::WeightOp>(op)); });
  if (!value)
    return value.takeError();
  return Results{std::move(*value)};
}

static llvm::Expected<Results>
evaluatePack(Interpreter &interpreter, Operation &op,
             llvm::MutableArrayRef<Tensor> operands) {
  bool transposed = cast<seq::PackOp>(op).getTransposed();
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  int64_t matrices = static_cast<int64_t>(operands.size());
  int64_t columns = operands[0].getDim(transposed ? 1 : 0);
  int64_t depth = operands[0].getDim(transposed ? 0 : 1);
  int64_t width = type.getDimSize(3);
  if (ShapedType::isDynamic(width) || width < 1)
    return makeError(op, "the panel width is not positive");
  for (auto [number, operand] : llvm::enumerate(operands))
    if (llvm::Error error =
            checkShape(op, operand.getShape(), operands[0].getShape(),
                       "operand " + llvm::Twine(number)))
      return error;
  int64_t panels = llvm::divideCeil(columns, width);
  llvm::Expected<Tensor> result = interpreter.allocate(
      op, operands[0].getKind(), {panels, depth, matrices, width});
  if (!result)
    return result.takeError();
  double *to = result->mutableFloats().data();
  for (int64_t panel = 0; panel < panels; ++panel)
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t matrix = 0; matrix < matrices; ++matrix)
        for (int64_t lane = 0; lane < width; ++lane, ++to) {
          int64_t column = panel * width + lane;
          if (column < columns)
            *to = operands[matrix].floats()[transposed ? k * columns + column
                                                       : column * depth + k];
        }
  return Results{std::move(*result)};
}

static llvm::Expected<Results>
evaluatePackedMatmul(Interpreter &, Operation &op,
                     llvm::MutableArrayRef<Tensor> operands) {
  Tensor lhs = operands[0], panels = operands[1];
  llvm::MutableArrayRef<Tensor> inits = operands.drop_front(2);
  int64_t rows = lhs.getDim(0), depth = lhs.getDim(1);
  int64_t matrices = panels.getDim(2), width = panels.getDim(3);
  if (panels.getDim(1) != depth ||
      matrices != static_cast<int64_t>(inits.size()))
    return makeError(op, "panels have shape " + toString(panels.getShape()) +
                             " for depth " + llvm::Twine(depth) + " and " +
                             llvm::Twine(inits.size()) + " inits");
  Results results;
  for (auto [matrix, init] : llvm::enumerate(inits)) {
    Tensor result = std::move(init);
    int64_t columns = result.getDim(1);
    if (result.getDim(0) != rows || columns > panels.getDim(0) * width)
      return makeError(op, "init " + llvm::Twine(matrix) + " has shape " +
                               toString(result.getShape()) + " for " +
                               llvm::Twine(rows) + " rows and " +
                               llvm::Twine(panels.getDim(0)) + " panels of " +
                               llvm::Twine(width));
    double *target = result.mutableFloats().data();
    for (int64_t first = 0; first < columns; first += width) {
      Contraction nest;
      nest.extents = {rows, depth, std::min(width, columns - first)};
      nest.sums = {false, true, false};
      nest.aStrides = {depth, 1, 0};
      nest.bStrides = {0, matrices * width, 1};
      nest.cStrides = {columns, 0, 1};
      nest.a = lhs.floats().data();
      nest.b = panels.floats().data() +
               first / width * depth * matrices * width +
               static_cast<int64_t>(matrix) * width;
      nest.c = target + first;
      contract(std::move(nest));
    }
    results.push_back(std::move(result));
  }
  return results;
}

void addWeightHandlers(HandlerTable &table) {
  table["seq.weight"] = evaluateWeight;
  table["seq.pack"] = evaluatePack;
  table["seq.packed_matmul"] = evaluatePackedMatmul;
}

} // namespace seqc::reference
