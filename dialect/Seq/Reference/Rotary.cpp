//===- Rotary.cpp - Rotary embedding --------------------------------------===//

#include "dialect/Seq/Reference/Handlers.h"

#include "dialect/Seq/IR/SeqOps.h"

using namespace mlir;

namespace seqc::reference {

static llvm::Expected<Results>
evaluateRotary(Interpreter &interpreter, Operation &op,
               llvm::MutableArrayRef<Tensor> operands) {
  auto rotary = cast<seq::RotaryOp>(op);
  const Tensor &x = operands[0], &cosine = operands[1], &sine = operands[2];
  int64_t batch = x.getShape()[0], heads = x.getShape()[1],
          steps = x.getShape()[2], features = x.getShape()[3],
          angles = cosine.getShape()[2];
  for (auto [name, table] : {std::pair("cosine", &cosine), {"sine", &sine}})
    if (llvm::Error error = checkShape(
            op, table->getShape(),
            {table->getShape()[0] == 1 ? 1 : batch, steps, angles}, name))
      return error;
  llvm::Expected<Tensor> result =
      interpreter.allocate(op, x.getKind(), x.getShape());
  if (!result)
    return result.takeError();
  llvm::MutableArrayRef<double> to = result->mutableFloats();
  llvm::copy(x.floats(), to.begin());
  auto rowOf = [&](const Tensor &table, int64_t b, int64_t t) {
    return ((table.getShape()[0] == 1 ? 0 : b) * steps + t) * angles;
  };
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t t = 0; t < steps; ++t)
        for (int64_t p = 0; p < angles; ++p) {
          int64_t first = ((b * heads + h) * steps + t) * features;
          int64_t i = first + (rotary.getInterleaved() ? 2 * p : p),
                  j = first +
                      (rotary.getInterleaved() ? 2 * p + 1 : p + angles);
          double c = cosine.floats()[rowOf(cosine, b, t) + p],
                 s = sine.floats()[rowOf(sine, b, t) + p];
          to[i] = x.floats()[i] * c - x.floats()[j] * s;
          to[j] = x.floats()[j] * c + x.floats()[i] * s;
        }
  return Results{std::move(*result)};
}

void addRotaryHandlers(HandlerTable &table) {
  table["seq.rotary"] = evaluateRotary;
}

} // namespace seqc::reference
