//===- Embedding.cpp - Rows of a table by their numbers -------------------===//

#include "dialect/Seq/IR/RuntimeChecks.h"
#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

using namespace mlir;
using namespace seqc::seq;
using namespace seqc::seq::detail;

LogicalResult EmbeddingOp::verify() {
  RankedTensorType ids = tensorType(getIds()), table = tensorType(getTable()),
                   result = tensorType(getResult());
  if (table.getRank() < 1)
    return emitOpError("has a table of rank 0, but at least 1 is required "
                       "[C1]");
  if (result.getElementType() != table.getElementType())
    return emitOpError("has a result of ")
           << result.getElementType() << ", but the table's "
           << table.getElementType() << " is required [C2]";
  SmallVector<int64_t> shape(ids.getShape());
  llvm::append_range(shape, table.getShape().drop_front());
  return checkShape(*this, "result", result, shape, "C2");
}

Speculation::Speculatability EmbeddingOp::getSpeculatability() {
  // An id may be no entry.
  return Speculation::NotSpeculatable;
}

/// Extents of the ids, then those of an entry.
SmallVector<ExtentSource> EmbeddingOp::getExtentSources(int64_t) {
  SmallVector<ExtentSource> sources = extentsOf(getIds());
  llvm::append_range(sources, ArrayRef(extentsOf(getTable())).drop_front());
  return sources;
}

void EmbeddingOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  RuntimeChecks checks(builder, loc, *this, describe);
  Value entries = checks.toValue(checks.extent(getTable(), 0));
  Value last =
      builder.createOrFold<arith::SubIOp>(loc, entries, checks.constant(1));
  OpFoldResult first = builder.getIndexAttr(0);
  if (getFromEnd())
    first =
        builder.createOrFold<arith::SubIOp>(loc, checks.constant(0), entries);
  checks.requireElements("ids", {getIds(), first, OpFoldResult(last), {}},
                         "R1");
}
