//===- DecomposeEmbedding.cpp - Lookups as reads of elements --------------===//

#include "compiler/Decompose/Decompositions.h"
#include "compiler/Decompose/TensorBuilders.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace seqc {
namespace {

struct EmbeddingDecomposition
    : linalg::AggregatedOpInterface::ExternalModel<EmbeddingDecomposition,
                                                   seq::EmbeddingOp> {
  FailureOr<SmallVector<Value>> decomposeOperation(Operation *op,
                                                   OpBuilder &builder) const {
    auto embedding = cast<seq::EmbeddingOp>(op);
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    Value ids = embedding.getIds(), table = embedding.getTable();
    SmallVector<OpFoldResult> sizes = extents(b, ids);
    int64_t leading = sizes.size();
    llvm::append_range(sizes, ArrayRef(extents(b, table)).drop_front());
    int64_t rank = sizes.size();
    Value zero = indexConstant(b, 0), entries = asValue(b, extent(b, table, 0)),
          last = b.createOrFold<arith::SubIOp>(entries, indexConstant(b, 1));
    AffineMap all = b.getMultiDimIdentityMap(rank);
    AffineMap maps[] = {AffineMap::get(rank, 0,
                                       all.getResults().take_front(leading),
                                       b.getContext()),
                        all};
    SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
    SmallVector<Value> result = generic(
        b, ids, emptyTensor(b, sizes, getElementTypeOrSelf(table.getType())),
        maps, loops,
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          // Inside of the table whatever the id is, so that nothing hangs on the
          // order of reads and the check of ids.
          Value id = arith::IndexCastOp::create(b, b.getIndexType(), v[0]);
          if (embedding.getFromEnd())
            id = arith::SelectOp::create(
                b,
                arith::CmpIOp::create(b, arith::CmpIPredicate::slt, id, zero),
                arith::AddIOp::create(b, id, entries), id);
          id = arith::MaxSIOp::create(b, arith::MinSIOp::create(b, id, last),
                                      zero);
          SmallVector<Value> at{id};
          for (int64_t dim = leading; dim < rank; ++dim)
            at.push_back(linalg::IndexOp::create(b, dim));
          return {tensor::ExtractOp::create(b, table, at)};
        });
    return SmallVector<Value>{
        castTo(b, result.front(), embedding.getResult().getType())};
  }
};

} // namespace

void registerEmbeddingDecompositions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seq::SeqDialect *) {
    seq::EmbeddingOp::attachInterface<EmbeddingDecomposition>(*context);
  });
}

} // namespace seqc
