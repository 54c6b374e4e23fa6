//===- Embedding.cpp - Rows of a table by their numbers -------------------===//

#include "dialect/Seq/Reference/Handlers.h"

#include "dialect/Seq/IR/SeqOps.h"

using namespace mlir;

namespace seqc::reference {

static llvm::Expected<Results>
evaluateEmbedding(Interpreter &interpreter, Operation &op,
                  llvm::MutableArrayRef<Tensor> operands) {
  const Tensor &ids = operands[0], &table = operands[1];
  SmallVector<int64_t> shape(ids.getShape());
  int64_t entries = table.getShape()[0], size = 1;
  for (int64_t extent : table.getShape().drop_front()) {
    shape.push_back(extent);
    size *= extent;
  }
  llvm::Expected<Tensor> result =
      interpreter.allocate(op, table.getKind(), shape);
  if (!result)
    return result.takeError();
  Scalar *to = result->mutableData();
  for (int64_t i = 0; i < ids.getNumElements(); ++i) {
    int64_t id = ids.data()[i].i;
    int64_t row =
        id + (id < 0 && cast<seq::EmbeddingOp>(op).getFromEnd() ? entries : 0);
    if (row < 0 || row >= entries)
      return makeError(op, "id " + llvm::Twine(id) +
                               " is outside of a table of " +
                               llvm::Twine(entries) + " entries");
    to = std::copy_n(table.data() + row * size, size, to);
  }
  return Results{std::move(*result)};
}

void addEmbeddingHandlers(HandlerTable &table) {
  table["seq.embedding"] = evaluateEmbedding;
}

} // namespace seqc::reference
