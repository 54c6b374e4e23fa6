//===- TileContractions.cpp - Tile products of computed operands ----------===//
//
// A product whose right operand is no weight has nothing to pack: attention's
// values, the windows of a convolution, a product of two inputs. If the columns
// of the result lie next to each other in the right operand as well, panels of
// it can be read as they are:
//
//   for batches
//     for panels of 64, 16 and 1 columns (static ones: 64 and the rest)
//       for tiles of 4 and 1 rows
//         product tile
//
// The loops are marked and vectorised like those of packed products.
//
//===----------------------------------------------------------------------===//

#include "compiler/Kernels/KernelTable.h"
#include "compiler/Transforms/ParallelLoops.h"
#include "compiler/Transforms/Passes.h"
#include "dialect/Seq/IR/Marks.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"

#define DEBUG_TYPE "seq-tile-contractions"

namespace seqc {
#define GEN_PASS_DEF_TILECONTRACTIONSPASS
#include "compiler/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// With fewer columns, a loop along the depth is the better vector.
constexpr int64_t kFewest = 8;

/// The roles of a contraction's loops.
struct Contraction {
  linalg::LinalgOp op;
  unsigned row, column, depth;
  /// Position of the operand that holds the columns: 0 or 1.
  unsigned right;
};

bool uses(AffineMap map, unsigned dim) { return map.isFunctionOfDim(dim); }

/// The last loop that `map` walks through, or nothing for a scalar.
std::optional<unsigned> lastDim(AffineMap map) {
  if (map.getNumResults() == 0)
    return std::nullopt;
  return cast<AffineDimExpr>(map.getResults().back()).getPosition();
}

std::optional<Contraction> match(linalg::LinalgOp op) {
  if (!op.hasPureTensorSemantics() || seq::isMarked<seq::TileMark>(op) ||
      op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      op.getNumReductionLoops() != 1 || op.hasIndexSemantics() ||
      !linalg::isaContractionOpInterface(op))
    return std::nullopt;
  for (Value operand : op->getOperands()) {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    if (!type || !isComputed(type.getElementType()) ||
        type.getElementType() != getElementTypeOrSelf(op->getResult(0)))
      return std::nullopt;
  }
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  std::optional<unsigned> column = lastDim(maps[2]);
  if (!column || uses(maps[0], *column) == uses(maps[1], *column))
    return std::nullopt;
  unsigned right = uses(maps[1], *column) ? 1 : 0;
  if (lastDim(maps[right]) != column)
    return std::nullopt;
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  unsigned depth = reductions.front();
  if (!uses(maps[0], depth) || !uses(maps[1], depth))
    return std::nullopt;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  if (!ShapedType::isDynamic(ranges[*column]) && ranges[*column] < kFewest)
    return std::nullopt;
  // Rows share a panel: the last loop of the result that only the left operand
  // has, and that is not known to be single.
  std::optional<unsigned> row;
  for (AffineExpr expression : maps[2].getResults().drop_back()) {
    unsigned dim = cast<AffineDimExpr>(expression).getPosition();
    if (uses(maps[1 - right], dim) && !uses(maps[right], dim) &&
        (!row || ranges[dim] != 1))
      row = dim;
  }
  if (!row)
    return std::nullopt;
  return Contraction{op, *row, *column, depth, right};
}

/// Writes the loops and tiles of one contraction.
class ContractionTiler {
public:
  ContractionTiler(Contraction contraction, unsigned vectorBits)
      : c(contraction), op(c.op), maps(op.getIndexingMapsArray()),
        statics(op.getStaticLoopRanges()), builder(op), loc(op.getLoc()) {
    heights = vectorBits >= 512 ? SmallVector<int64_t>{4, 1}
                                : SmallVector<int64_t>{1};
  }

  void run() {
    for (Range range : op.createLoopRanges(builder, loc))
      extents.push_back(range.size);
    offsets.assign(extents.size(), builder.getIndexAttr(0));
    Value init = op.getDpsInits()[0];
    // A fill is repeated in each tile.
    fill = init.getDefiningOp<linalg::FillOp>();
    if (fill)
      init = tensor::EmptyOp::create(builder, loc,
                                     tensor::getMixedSizes(builder, loc, init),
                                     getElementTypeOrSelf(init));
    SmallVector<unsigned> outer;
    for (AffineExpr expression : maps[2].getResults()) {
      unsigned dim = cast<AffineDimExpr>(expression).getPosition();
      if (dim != c.row && dim != c.column)
        outer.push_back(dim);
    }
    Value result = emitOuter(outer, init);
    op->getResult(0).replaceAllUsesWith(result);
    op->erase();
  }

private:
  using Body = llvm::function_ref<Value(Value iv, Value out)>;

  Value emitLoop(OpFoldResult lower, OpFoldResult upper, int64_t step,
                 Value out, Body body) {
    auto loop = scf::ForOp::create(
        builder, loc, getValueOrCreateConstantIndexOp(builder, loc, lower),
        getValueOrCreateConstantIndexOp(builder, loc, upper),
        arith::ConstantIndexOp::create(builder, loc, step), out);
    // No loop here runs along the depth.
    seq::mark<seq::ParallelMark>(loop);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value yielded = body(loop.getInductionVar(), loop.getRegionIterArg(0));
    scf::YieldOp::create(builder, loc, yielded);
    return loop.getResult(0);
  }

  /// The loops over `outer`, one per call, and what is inside of them.
  Value emitOuter(ArrayRef<unsigned> outer, Value out) {
    if (outer.empty())
      return emitColumns(out);
    unsigned dim = outer.front();
    if (statics[dim] == 1)
      return emitOuter(outer.drop_front(), out);
    return emitLoop(builder.getIndexAttr(0), extents[dim], 1, out,
                    [&](Value iv, Value carried) {
                      offsets[dim] = iv;
                      return emitOuter(outer.drop_front(), carried);
                    });
  }

  /// Covers loop `dim` by chunks of the given sizes, largest first. What is
  /// left of a static extent is one more chunk.
  Value emitChunks(unsigned dim, ArrayRef<int64_t> sizes, Value out,
                   llvm::function_ref<Value(int64_t, Value)> body) {
    OpFoldResult begin = builder.getIndexAttr(0);
    bool known = !ShapedType::isDynamic(statics[dim]);
    int64_t left = statics[dim];
    AffineExpr b, e;
    bindSymbols(builder.getContext(), b, e);
    for (int64_t size : sizes) {
      OpFoldResult upper;
      if (known) {
        int64_t covered = left / size * size;
        if (covered == 0)
          continue;
        left -= covered;
        upper = apply(b + covered, {begin});
      } else {
        upper = apply(b + (e - b).floorDiv(size) * size, {begin, extents[dim]});
      }
      out = emitLoop(begin, upper, size, out, [&](Value iv, Value carried) {
        offsets[dim] = iv;
        return body(size, carried);
      });
      begin = upper;
    }
    if (!known || left == 0)
      return out;
    offsets[dim] = begin;
    return body(left, out);
  }

  Value emitColumns(Value out) {
    // With four rows, sixteen accumulators.
    int64_t widest = getWidestPanel(getElementTypeOrSelf(op->getResult(0)));
    SmallVector<int64_t> widths{widest};
    if (ShapedType::isDynamic(statics[c.column]))
      widths.append({widest / 4, 1});
    return emitChunks(
        c.column, widths, out, [&](int64_t columns, Value carried) {
          return emitChunks(c.row, heights, carried,
                            [&](int64_t rows, Value inner) {
                              return emitTile(rows, columns, inner);
                            });
        });
  }

  OpFoldResult apply(AffineExpr expression, ArrayRef<OpFoldResult> operands) {
    return affine::makeComposedFoldedAffineApply(builder, loc, expression,
                                                 operands);
  }

  /// The part of an operand that a tile needs, without the loops outside.
  struct Part {
    SmallVector<OpFoldResult> offsets, sizes, strides;
    RankedTensorType type;
    AffineMap map;
  };

  Part partOf(AffineMap map, Type element, int64_t rows, int64_t columns) {
    MLIRContext *context = builder.getContext();
    AffineExpr i, k, j;
    bindDims(context, i, k, j);
    Part part;
    SmallVector<AffineExpr> kept;
    SmallVector<int64_t> shape;
    for (AffineExpr expression : map.getResults()) {
      unsigned dim = cast<AffineDimExpr>(expression).getPosition();
      OpFoldResult size = builder.getIndexAttr(1);
      if (dim == c.row)
        size = builder.getIndexAttr(rows), kept.push_back(i);
      else if (dim == c.column)
        size = builder.getIndexAttr(columns), kept.push_back(j);
      else if (dim == c.depth)
        size = extents[dim], kept.push_back(k);
      bool isTile = dim == c.row || dim == c.column || dim == c.depth;
      if (isTile)
        shape.push_back(
            getConstantIntValue(size).value_or(ShapedType::kDynamic));
      part.offsets.push_back(dim == c.depth ? builder.getIndexAttr(0)
                                            : offsets[dim]);
      part.sizes.push_back(size);
      part.strides.push_back(builder.getIndexAttr(1));
    }
    part.type = RankedTensorType::get(shape, element);
    part.map = AffineMap::get(3, 0, kept, context);
    return part;
  }

  Value emitTile(int64_t rows, int64_t columns, Value out) {
    Type element = getElementTypeOrSelf(out);
    SmallVector<Value> inputs;
    SmallVector<AffineMap> tileMaps;
    for (unsigned n = 0; n < 2; ++n) {
      Part part = partOf(maps[n], element, rows, columns);
      inputs.push_back(tensor::ExtractSliceOp::create(
          builder, loc, part.type, op.getDpsInputs()[n], part.offsets,
          part.sizes, part.strides));
      tileMaps.push_back(part.map);
    }
    Part part = partOf(maps[2], element, rows, columns);
    tileMaps.push_back(part.map);
    Value init;
    if (fill) {
      init =
          tensor::EmptyOp::create(builder, loc, part.type.getShape(), element);
      auto tile = linalg::FillOp::create(builder, loc, fill.getInputs(), init);
      seq::mark<seq::TileMark>(tile);
      init = tile.getResult(0);
    } else {
      init = tensor::ExtractSliceOp::create(
          builder, loc, part.type, out, part.offsets, part.sizes, part.strides);
    }
    using utils::IteratorType;
    Block *body = op.getBlock();
    Type type = part.type;
    auto tile = linalg::GenericOp::create(
        builder, loc, TypeRange(type), inputs, init, tileMaps,
        ArrayRef{IteratorType::parallel, IteratorType::reduction,
                 IteratorType::parallel},
        [&](OpBuilder &nested, Location, ValueRange arguments) {
          IRMapping map;
          map.map(body->getArguments(), arguments);
          for (Operation &inner : *body)
            nested.clone(inner, map);
        });
    seq::mark<seq::TileMark>(tile);
    return tensor::InsertSliceOp::create(builder, loc, tile.getResult(0), out,
                                         part.offsets, part.sizes,
                                         part.strides);
  }

  Contraction c;
  linalg::LinalgOp op;
  SmallVector<AffineMap> maps;
  SmallVector<int64_t> statics, heights;
  SmallVector<OpFoldResult> extents, offsets;
  linalg::FillOp fill;
  OpBuilder builder;
  Location loc;
};

struct TileContractions
    : seqc::impl::TileContractionsPassBase<TileContractions> {
  using TileContractionsPassBase::TileContractionsPassBase;

  void runOnOperation() override {
    SmallVector<Contraction> found;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (std::optional<Contraction> contraction = match(op))
        found.push_back(*contraction);
    });
    unsigned vectorBits = getTarget(getOperation()).getVectorBits();
    for (const Contraction &contraction : found)
      ContractionTiler(contraction, vectorBits).run();
    numTiled += found.size();
  }
};

} // namespace
