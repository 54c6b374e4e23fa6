//===- PackRagged.cpp - Recurrences with lengths to flat form -------------===//
//
// Rows of different lengths waste work when every step runs over all of them.
// Here they are sorted by falling length, so that the rows which take part in a
// step are a prefix, and only living rows are stored: the flat form of
// seq.recurrence. The order and the places come from functions of the library
// (ragged.mlir), copied in front of the first recurrence that needs them.
//
//===----------------------------------------------------------------------===//

#include "mlir/Interfaces/ViewLikeInterface.h"

#include "compiler/Decompose/Passes.h"
#include "compiler/Decompose/RowAnalysis.h"
#include "compiler/Decompose/TensorBuilders.h"
#include "compiler/Library/Library.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace seqc {
#define GEN_PASS_DEF_PACKRAGGEDPASS
#include "compiler/Decompose/Passes.h.inc"
} // namespace seqc

using namespace mlir;

namespace seqc {
namespace {

/// Where the rows of a batch go when it is packed.
struct RaggedOrder {
  /// Lengths as index, within [0, T].
  Value lengths;
  /// Rows by falling length, and the position of every row in that order.
  Value order, place;
  /// Per step: rows that take part, and where they begin among all living rows.
  Value counts, offsets;
  /// Number of living rows.
  Value total;
};

/// Time and row of every living row, for one direction.
struct RaggedSources {
  Value times, rows;
};

/// Packs the recurrences of one block.
class RaggedPacker {
public:
  explicit RaggedPacker(ModuleOp library) : library(library) {}

  LogicalResult pack(seq::RecurrenceOp op) {
    Block &cell = op.getCell().front();
    // What layers of one step left behind is no part of the cell.
    SmallVector<Operation *> inside;
    for (Operation &inner : cell.without_terminator())
      inside.push_back(&inner);
    for (Operation *inner : llvm::reverse(inside))
      if (isOpTriviallyDead(inner))
        inner->erase();
    RowAnalysis analysis(cell);
    if (Operation *mixing = analysis.getMixingOp()) {
      InFlightDiagnostic error = op.emitOpError(
          "with lengths needs a cell whose rows are independent");
      error.attachNote(mixing->getLoc()) << "this op may look at other rows";
      return failure();
    }
    for (Value yielded : cell.getTerminator()->getOperands())
      if (analysis.kind(yielded) != RowKind::Rows)
        return op.emitOpError(
            "with lengths needs a cell that yields rows; a value that is the "
            "same for all rows is not supported");

    // Without arguments there is nothing that a row could differ in, and
    // nothing to yield.
    if (cell.getNumArguments() == 0) {
      op->erase();
      return success();
    }

    ImplicitLocOpBuilder b(op.getLoc(), op);
    Value steps = op.getScanned().empty()
                      ? Value(op.getSteps())
                      : asValue(b, extent(b, op.getScanned().front(), 0));
    const RaggedOrder &order = getOrder(b, op, steps);
    const RaggedSources &sources = getSources(b, op, order);

    SmallVector<Value> scanned, inits;
    for (Value value : op.getScanned())
      scanned.push_back(packScanned(b, value, op, sources, order));
    for (Value value : op.getInits())
      inits.push_back(permute(b, value, order.order));
    SmallVector<Type> outputs;
    for (Value output : op.getOutputs()) {
      auto type = cast<RankedTensorType>(output.getType());
      outputs.push_back(withDynamicRows(RankedTensorType::get(
          type.getShape().drop_front(), type.getElementType())));
    }
    auto flat = seq::RecurrenceOp::create(b, outputs, op.getFinals().getTypes(),
                                          scanned, inits,
                                          /*lengths=*/Value(), order.counts,
                                          /*steps=*/Value(), /*reverse=*/false);
    flat->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    copyCell(b, analysis, cell, flat);

    b.setInsertionPointAfter(flat);
    for (auto [old, packed] :
         llvm::zip_equal(op.getOutputs(), flat.getOutputs())) {
      if (old.use_empty())
        continue;
      Value spread = spreadOutput(b, packed, op, steps, order, sources,
                                  cast<RankedTensorType>(old.getType()));
      old.replaceAllUsesWith(spread);
      packedValues[spread] = {packed, order.order, op.getReverse()};
    }
    for (auto [old, sorted] : llvm::zip_equal(op.getFinals(), flat.getFinals()))
      if (!old.use_empty())
        old.replaceAllUsesWith(permute(b, sorted, order.place));
    op->erase();
    return success();
  }

private:
  /// A value that was packed before: what a recurrence wrote.
  struct PackedValue {
    Value packed, order;
    bool reverse;
  };

  func::FuncOp function(StringRef name) {
    return library.lookupSymbol<func::FuncOp>(name);
  }

  /// The order of the rows for the lengths of `op`; recurrences of a block
  /// share it.
  const RaggedOrder &getOrder(ImplicitLocOpBuilder &b, seq::RecurrenceOp op,
                              Value steps) {
    Value lengths = op.getLengths();
    Value time =
        op.getScanned().empty() ? steps : timeSource(op.getScanned().front());
    RaggedOrder &order = orders[{op->getBlock(), lengths, time}];
    if (order.total)
      return order;
    Value empty =
        emptyTensor(b, {asValue(b, extent(b, lengths, 0))}, b.getIndexType());
    AffineMap map = b.getMultiDimIdentityMap(1);
    Value source =
        castTo(b, lengths,
               RankedTensorType::get({ShapedType::kDynamic},
                                     getElementTypeOrSelf(lengths.getType())));
    order.lengths = generic(
        b, source, empty, {map, map}, {utils::IteratorType::parallel},
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          Value length =
              arith::IndexCastOp::create(b, b.getIndexType(), args[0]);
          length = arith::MaxSIOp::create(b, length, indexConstant(b, 0));
          return {arith::MinSIOp::create(b, length, steps)};
        })[0];
    SmallVector<Value> values =
        copyBody(b, function("ragged_order"), {order.lengths, steps});
    order.order = values[0];
    order.place = values[1];
    order.counts = values[2];
    order.offsets = values[3];
    order.total = values[4];
    return order;
  }

  /// Where the time extent of a scanned value comes from, so that the outputs
  /// of one recurrence share the order of its inputs.
  Value timeSource(Value scanned) {
    auto found = timeSources.find(scanned);
    return found == timeSources.end() ? scanned : found->second;
  }

  /// Time and row of every living row; recurrences of one direction share them.
  const RaggedSources &getSources(ImplicitLocOpBuilder &b, seq::RecurrenceOp op,
                                  const RaggedOrder &order) {
    RaggedSources &sources = allSources[{order.order, op.getReverse()}];
    if (sources.times)
      return sources;
    StringRef name =
        op.getReverse() ? "ragged_sources_reverse" : "ragged_sources_forward";
    SmallVector<Value> values = copyBody(
        b, function(name),
        {order.lengths, order.order, order.counts, order.offsets, order.total});
    sources = {values[0], values[1]};
    return sources;
  }

  /// The living rows of `[T, B, ...]` as `[P, ...]`.
  Value packScanned(ImplicitLocOpBuilder &b, Value scanned,
                    seq::RecurrenceOp op, const RaggedSources &sources,
                    const RaggedOrder &order) {
    auto found = packedValues.find(scanned);
    if (found != packedValues.end() && found->second.order == order.order &&
        found->second.reverse == op.getReverse())
      return found->second.packed;
    auto &known = gathered[{scanned, sources.times}];
    if (!known) {
      SmallVector<OpFoldResult> sizes = {order.total};
      for (int64_t dim = 2;
           dim < cast<RankedTensorType>(scanned.getType()).getRank(); ++dim)
        sizes.push_back(extent(b, scanned, dim));
      // What only swaps time and batch is not worth a copy.
      auto swapped = scanned.getDefiningOp<linalg::TransposeOp>();
      if (swapped && swapsTimeAndBatch(swapped.getPermutation()))
        known =
            gather(b, swapped.getInput(), {sources.rows, sources.times}, sizes);
      else
        known = gather(b, scanned, {sources.times, sources.rows}, sizes);
    }
    return known;
  }

  /// Whether a permutation exchanges the first two dimensions and keeps the
  /// others.
  static bool swapsTimeAndBatch(ArrayRef<int64_t> permutation) {
    if (permutation[0] != 1 || permutation[1] != 0)
      return false;
    for (size_t dim = 2; dim < permutation.size(); ++dim)
      if (permutation[dim] != int64_t(dim))
        return false;
    return true;
  }

  /// `source[indices[0][p], indices[1][p], ..., columns...]` for every p.
  Value gather(ImplicitLocOpBuilder &b, Value source, ValueRange indices,
               ArrayRef<OpFoldResult> sizes) {
    int64_t rank = sizes.size();
    Value empty = emptyTensor(b, sizes, getElementTypeOrSelf(source.getType()));
    AffineMap row = AffineMap::get(rank, 0, b.getAffineDimExpr(0));
    SmallVector<AffineMap> maps(indices.size(), row);
    maps.push_back(b.getMultiDimIdentityMap(rank));
    SmallVector<utils::IteratorType> iterators(rank,
                                               utils::IteratorType::parallel);
    return generic(
        b, indices, empty, maps, iterators,
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          SmallVector<Value> at(args.drop_back());
          for (int64_t dim = 1; dim < rank; ++dim)
            at.push_back(linalg::IndexOp::create(b, dim));
          return {tensor::ExtractOp::create(b, source, at)};
        })[0];
  }

  /// Row i of the result is row `from[i]` of `source`.
  Value permute(ImplicitLocOpBuilder &b, Value source, Value from) {
    // Equal rows are the same in every order.
    if (source.getDefiningOp<linalg::FillOp>())
      return source;
    SmallVector<OpFoldResult> sizes = extents(b, source);
    Value sorted = gather(b, source, from, sizes);
    return castTo(b, sorted, source.getType());
  }

  /// Copies the cell for a number of rows that changes from step to step.
  void copyCell(ImplicitLocOpBuilder &b, const RowAnalysis &analysis,
                Block &cell, seq::RecurrenceOp flat) {
    SmallVector<Type> types;
    SmallVector<Location> locations;
    for (BlockArgument argument : cell.getArguments()) {
      types.push_back(withDynamicRows(argument.getType()));
      locations.push_back(argument.getLoc());
    }
    OpBuilder::InsertionGuard guard(b);
    Block *body = b.createBlock(&flat.getCell(), {}, types, locations);
    Value rows = asValue(b, extent(b, body->getArgument(0), 0));
    RowCloner cloner(b, analysis, rows);
    cloner.mapping.map(cell.getArguments(), body->getArguments());
    for (Operation &inner : cell.without_terminator())
      cloner.clone(&inner);
    b.clone(*cell.getTerminator(), cloner.mapping);
  }

  /// `[P, ...]` back to `[T, B, ...]`, zeros beyond the lengths.
  Value spreadOutput(ImplicitLocOpBuilder &b, Value packed,
                     seq::RecurrenceOp op, Value steps,
                     const RaggedOrder &order, const RaggedSources &sources,
                     RankedTensorType type) {
    SmallVector<OpFoldResult> sizes;
    for (auto [dim, size] : llvm::enumerate(type.getShape()))
      sizes.push_back(
          !ShapedType::isDynamic(size) ? OpFoldResult(b.getIndexAttr(size))
          : dim == 0                   ? OpFoldResult(steps)
          : dim == 1 ? OpFoldResult(asValue(b, extent(b, order.place, 0)))
                     : extent(b, packed, dim - 1));
    Value zero =
        arith::ConstantOp::create(b, b.getZeroAttr(type.getElementType()));
    Value start = filledTensor(b, sizes, zero);
    Value c0 = indexConstant(b, 0), c1 = indexConstant(b, 1);
    auto loop = scf::ForOp::create(
        b, c0, order.total, c1, ValueRange{start},
        [&](OpBuilder &inner, Location loc, Value living, ValueRange carried) {
          ImplicitLocOpBuilder b(loc, inner);
          Value time = tensor::ExtractOp::create(b, sources.times, living);
          Value row = tensor::ExtractOp::create(b, sources.rows, living);
          SmallVector<OpFoldResult> from(sizes.size() - 1, b.getIndexAttr(0));
          SmallVector<OpFoldResult> to(sizes.size(), b.getIndexAttr(0));
          SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
          SmallVector<OpFoldResult> part(llvm::drop_begin(sizes));
          from[0] = living;
          part[0] = b.getIndexAttr(1);
          Value slice = seqc::slice(b, packed, from, part, {0});
          SmallVector<OpFoldResult> target(part);
          target.insert(target.begin(), b.getIndexAttr(1));
          to[0] = time;
          to[1] = row;
          Value next = tensor::InsertSliceOp::create(b, slice, carried[0], to,
                                                     target, strides);
          scf::YieldOp::create(b, next);
        });
    Value spread = loop.getResult(0);
    if (!op.getScanned().empty())
      timeSources[spread] = timeSource(op.getScanned().front());
    return spread;
  }

  ModuleOp library;
  DenseMap<std::tuple<Block *, Value, Value>, RaggedOrder> orders;
  DenseMap<std::pair<Value, int>, RaggedSources> allSources;
  DenseMap<std::pair<Value, Value>, Value> gathered;
  DenseMap<Value, PackedValue> packedValues;
  DenseMap<Value, Value> timeSources;
};

struct PackRaggedPass : impl::PackRaggedPassBase<PackRaggedPass> {
  void runOnOperation() override {
    SmallVector<seq::RecurrenceOp> recurrences;
    getOperation().walk([&](seq::RecurrenceOp op) {
      if (op.getLengths())
        recurrences.push_back(op);
    });
    if (recurrences.empty())
      return;
    OwningOpRef<ModuleOp> library = parseLibrary(&getContext(), {"ragged"});
    RaggedPacker packer(*library);
    for (seq::RecurrenceOp op : recurrences) {
      if (failed(packer.pack(op)))
        return signalPassFailure();
      ++numPacked;
    }
  }
};

} // namespace
} // namespace seqc
