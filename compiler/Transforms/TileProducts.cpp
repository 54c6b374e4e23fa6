//===- TileProducts.cpp - Tile packed products with their tails -----------===//
//
// A packed product reads its left operand by rows and its weights by panels.
// This pass writes the loops around one static tile:
//
//   for blocks of rows (only outside of loops over time)
//     for panels of columns, then the last panel if it is narrower
//       for tiles of 4 rows, then 3, 2, 1
//         product tile, then the tile of the elementwise op that consumes it
//
// Tiles are made by upstream's TilingInterface: that of products has its body
// written by a row of the table of kernels, which says how tall tiles are, too.
// Panels are outermost: their weights are the big operand and
// are read once per row block. Rows get a cascade of static bodies and no masks: masked transfers
// are not hoisted out of the loop over k. What feeds a tile and is cheap, a
// fill or a broadcast, is computed inside it.
//
// The loops are written directly rather than peeled from tiled ones: each bound
// is known when it is needed, and every body is static from the start. They are
// marked `seq.tile` for the vectoriser. Blocks and panels may be computed on
// several threads and are marked `seq.parallel`.
//
//===----------------------------------------------------------------------===//

#include "compiler/Kernels/KernelTable.h"
#include "compiler/Transforms/ParallelLoops.h"
#include "compiler/Transforms/Passes.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/TilingInterface.h"

#define DEBUG_TYPE "seq-tile-products"

namespace seqc {
#define GEN_PASS_DEF_TILEPRODUCTSPASS
#include "compiler/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// A static rectangle of a [rows, columns] tensor.
struct Tile {
  OpFoldResult row;
  int64_t rows;
  OpFoldResult column;
  int64_t columns;
};

/// The rows that a nest of tiles covers.
struct RowRange {
  OpFoldResult begin, end;
  /// How many there are, where that is known.
  std::optional<int64_t> count;
};

/// A root of tiling: an elementwise op with the products it consumes, or one
/// product alone.
struct Group {
  SmallVector<seq::PackedMatmulOp> products;
  linalg::GenericOp tail; // may be null
};

/// Whether a generic works on [rows, columns] element by element, so that a
/// tile of its results needs just the tiles of its operands.
bool isTileableTail(linalg::GenericOp op) {
  if (!op.hasPureTensorSemantics() || op.getNumLoops() != 2 ||
      op.getNumReductionLoops() != 0 || op.hasIndexSemantics())
    return false;
  for (AffineMap map : op.getIndexingMapsArray())
    if (!map.isProjectedPermutation())
      return false;
  return llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
    return op.getMatchingIndexingMap(&init).isIdentity();
  });
}

/// The one tail that consumes every result of a product, each as a [rows,
/// columns] operand.
linalg::GenericOp findTail(seq::PackedMatmulOp product) {
  linalg::GenericOp tail;
  for (OpOperand &use : product->getUses()) {
    auto user = dyn_cast<linalg::GenericOp>(use.getOwner());
    if (!user || (tail && user != tail) ||
        user->getBlock() != product->getBlock())
      return nullptr;
    tail = user;
    if (!tail.isDpsInput(&use) ||
        !tail.getMatchingIndexingMap(&use).isIdentity())
      return nullptr;
  }
  return tail && isTileableTail(tail) ? tail : nullptr;
}

/// Whether an op is computed inside of each tile that reads a part of it: a
/// fill, a broadcast or a copy, also one that earlier passes wrote as a generic
/// without arithmetic. Each has one input at most, so that what they are
/// computed from is a chain.
bool isCheap(Operation *op) {
  if (isa_and_present<linalg::FillOp, linalg::BroadcastOp>(op))
    return true;
  auto generic = dyn_cast_if_present<linalg::GenericOp>(op);
  return generic && generic.getNumReductionLoops() == 0 &&
         generic.getNumDpsInputs() <= 1 && generic->getNumResults() == 1 &&
         !generic.hasIndexSemantics() &&
         generic.getBlock()->without_terminator().empty() &&
         generic.getMatchingIndexingMap(generic.getDpsInitOperand(0))
             .isIdentity() &&
         llvm::all_of(generic.getIndexingMapsArray(), [](AffineMap map) {
           return map.isProjectedPermutation();
         });
}

/// Writes the loops and tiles of one group.
class GroupTiler {
public:
  GroupTiler(Group group, ArrayRef<int64_t> heights, int64_t rowBlock)
      : group(group), rowBlock(rowBlock), heights(heights),
        builder(group.tail ? group.tail.getOperation()
                           : group.products[0].getOperation()),
        loc(group.tail ? group.tail.getLoc() : group.products[0].getLoc()) {}

  void run() {
    seq::PackedMatmulOp product = group.products.front();
    width = product.getPanelWidth();
    columns = product.getNumColumns();
    Value like = product.getInits()[0];
    rows = tensor::getMixedSize(builder, loc, like, 0);
    SmallVector<Value> outs;
    if (group.tail) {
      llvm::append_range(outs, group.tail.getDpsInits());
    } else {
      for (Value init : product.getInits())
        outs.push_back(tensor::EmptyOp::create(
            builder, loc, tensor::getMixedSizes(builder, loc, init),
            getElementTypeOrSelf(init)));
    }
    SmallVector<Value> results = emitBlocks(outs);
    Operation *root =
        group.tail ? group.tail.getOperation() : product.getOperation();
    root->replaceAllUsesWith(results);
    root->erase();
    if (group.tail)
      for (seq::PackedMatmulOp op : group.products)
        op->erase();
  }

private:
  using Body =
      llvm::function_ref<SmallVector<Value>(Value iv, ValueRange outs)>;

  /// `for iv = lower to upper step step`, with the tensors carried.
  SmallVector<Value> emitLoop(OpFoldResult lower, OpFoldResult upper,
                              int64_t step, ValueRange outs, Body body,
                              bool isParallel = false) {
    auto loop = scf::ForOp::create(
        builder, loc, getValueOrCreateConstantIndexOp(builder, loc, lower),
        getValueOrCreateConstantIndexOp(builder, loc, upper),
        arith::ConstantIndexOp::create(builder, loc, step), outs);
    if (isParallel)
      seq::mark<seq::ParallelMark>(loop);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> yielded =
        body(loop.getInductionVar(), loop.getRegionIterArgs());
    scf::YieldOp::create(builder, loc, yielded);
    return loop.getResults();
  }

  OpFoldResult apply(AffineExpr expression, ArrayRef<OpFoldResult> operands) {
    return affine::makeComposedFoldedAffineApply(builder, loc, expression,
                                                 operands);
  }

  SmallVector<Value> emitBlocks(ValueRange outs) {
    bool inLoop =
        builder.getInsertionBlock()
            ->getParentOp()
            ->getParentOfType<LoopLikeOpInterface>() ||
        isa<LoopLikeOpInterface>(builder.getInsertionBlock()->getParentOp());
    std::optional<int64_t> known = getConstantIntValue(rows);
    if (inLoop || rowBlock <= 0 || (known && *known <= 2 * heights.front()))
      return emitPanels({builder.getIndexAttr(0), rows, known}, outs);
    // A sequence of one block has the code of a longer one.
    int64_t block = known ? std::min(rowBlock, *known) : rowBlock;
    OpFoldResult end = rows;
    if (block == known)
      end =
          seq::OpaqueIndexOp::create(
              builder, loc, arith::ConstantIndexOp::create(builder, loc, block))
              .getResult();
    bool divides = known && *known % block == 0;
    return emitLoop(
        builder.getIndexAttr(0), end, block, outs,
        [&](Value start, ValueRange carried) {
          AffineExpr s, m;
          bindSymbols(builder.getContext(), s, m);
          if (divides)
            return emitPanels({start, apply(s + block, {start}), block},
                              carried);
          OpFoldResult end = affine::makeComposedFoldedAffineMin(
              builder, loc,
              AffineMap::get(0, 2, {s + block, m}, builder.getContext()),
              {start, rows});
          return emitPanels({start, end, std::nullopt}, carried);
        },
        /*isParallel=*/true);
  }

  SmallVector<Value> emitPanels(RowRange range, ValueRange outs) {
    SmallVector<Value> current(outs);
    int64_t full = columns / width, rest = columns % width;
    auto emitPanel = [&](OpFoldResult panel, int64_t count,
                         ValueRange carried) {
      Tile tile;
      AffineExpr p;
      bindSymbols(builder.getContext(), p);
      tile.column = apply(p * width, {panel});
      tile.columns = count;
      return emitRows(tile, range, carried);
    };
    if (full == 1)
      current = emitPanel(builder.getIndexAttr(0), width, current);
    else if (full > 1)
      current = emitLoop(
          builder.getIndexAttr(0), builder.getIndexAttr(full), 1, current,
          [&](Value panel, ValueRange carried) {
            return emitPanel(panel, width, carried);
          },
          /*isParallel=*/true);
    if (rest > 0)
      current = emitPanel(builder.getIndexAttr(full), rest, current);
    return current;
  }

  SmallVector<Value> emitRows(Tile tile, RowRange range, ValueRange outs) {
    SmallVector<Value> current(outs);
    OpFoldResult begin = range.begin;
    std::optional<int64_t> left = range.count;
    for (int64_t height : heights) {
      AffineExpr b, e;
      bindSymbols(builder.getContext(), b, e);
      OpFoldResult upper;
      if (left) {
        // A known number of rows needs no body for heights that do not occur.
        int64_t covered = *left / height * height;
        if (covered == 0)
          continue;
        left = *left - covered;
        upper = apply(b + covered, {begin});
        if (covered == height) {
          tile.row = begin;
          tile.rows = height;
          current = emitTile(tile, current);
          begin = upper;
          continue;
        }
      } else {
        upper =
            apply(b + (e - b).floorDiv(height) * height, {begin, range.end});
      }
      tile.rows = height;
      current = emitLoop(begin, upper, height, current,
                         [&](Value row, ValueRange carried) {
                           tile.row = row;
                           return emitTile(tile, carried);
                         });
      begin = upper;
    }
    return current;
  }

  SmallVector<Value> emitTile(const Tile &tile, ValueRange outs) {
    OpFoldResult one = builder.getIndexAttr(1);
    SmallVector<OpFoldResult> offsets = {tile.row, tile.column},
                              sizes = {builder.getIndexAttr(tile.rows),
                                       builder.getIndexAttr(tile.columns)},
                              strides = {one, one};
    DenseMap<Value, Value> tiles;
    SmallVector<Value> values;
    for (seq::PackedMatmulOp product : group.products) {
      values = emitTileOf(product, offsets, sizes, tiles);
      for (auto [result, value] : llvm::zip(product.getResults(), values))
        tiles[result] = value;
    }
    if (group.tail) {
      // Its tile is written where the loops carry the results.
      SmallVector<Value> operands(group.tail.getDpsInputs());
      llvm::append_range(operands, outs);
      Operation *tail = mlir::clone(builder, group.tail,
                                    group.tail->getResultTypes(), operands);
      values = emitTileOf(tail, offsets, sizes, tiles);
      tail->erase();
    }
    SmallVector<Value> updated;
    for (auto [value, out] : llvm::zip(values, outs))
      updated.push_back(tensor::InsertSliceOp::create(builder, loc, value, out,
                                                      offsets, sizes, strides));
    return updated;
  }

  /// A tile of the results of `op`. What it reads of `tiles`, which are those of
  /// other ops at the same place, and of cheap ops is computed in front of it.
  SmallVector<Value> emitTileOf(Operation *op, ArrayRef<OpFoldResult> offsets,
                                ArrayRef<OpFoldResult> sizes,
                                const DenseMap<Value, Value> &tiles) {
    FailureOr<TilingResult> tile =
        cast<TilingInterface>(op).getTiledImplementation(builder, offsets,
                                                         sizes);
    SmallVector<Operation *> slices = tile->generatedSlices;
    markTiles(*tile);
    // Whether a slice is what an op in front of the tile only writes to.
    auto isOut = [&](tensor::ExtractSliceOp slice) {
      return llvm::all_of(slice->getUses(), [&](OpOperand &use) {
        auto user = dyn_cast<linalg::LinalgOp>(use.getOwner());
        return user && !llvm::is_contained(tile->tiledOps, user) &&
               user.isDpsInit(&use) && !user.payloadUsesValueFromOperand(&use);
      });
    };
    while (!slices.empty()) {
      auto slice = cast<tensor::ExtractSliceOp>(slices.pop_back_val());
      Value source = slice.getSource(), part = tiles.lookup(source);
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPoint(slice);
      if (source.getDefiningOp<tensor::EmptyOp>() || isOut(slice)) {
        part = emptyTile(slice);
      } else if (!part && isCheap(source.getDefiningOp())) {
        FailureOr<TilingResult> producer =
            tensor::replaceExtractSliceWithTiledProducer(
                builder, slice, cast<OpResult>(source));
        part = producer->tiledValues.front();
        llvm::append_range(slices, producer->generatedSlices);
        markTiles(*producer);
      }
      if (part) {
        slice.replaceAllUsesWith(part);
        slice.erase();
      }
    }
    return tile->tiledValues;
  }

  /// Marks the structured ops among those of a tile for the vectoriser.
  static void markTiles(const TilingResult &tile) {
    for (Operation *op : tile.tiledOps)
      if (isa<linalg::LinalgOp>(op))
        seq::mark<seq::TileMark>(op);
  }

  Value emptyTile(tensor::ExtractSliceOp slice) {
    return tensor::EmptyOp::create(builder, loc, slice.getMixedSizes(),
                                   slice.getType().getElementType());
  }

  Group group;
  int64_t rowBlock;
  ArrayRef<int64_t> heights;
  OpBuilder builder;
  Location loc;
  int64_t width = 0, columns = 0;
  OpFoldResult rows;
};

struct TileProducts : seqc::impl::TileProductsPassBase<TileProducts> {
  using TileProductsPassBase::TileProductsPassBase;

  void runOnOperation() override {
    SmallVector<Group> groups;
    llvm::MapVector<Operation *, Group> byTail;
    getOperation().walk([&](seq::PackedMatmulOp product) {
      linalg::GenericOp tail = findTail(product);
      if (!tail) {
        groups.push_back({{product}, nullptr});
        return;
      }
      Group &group = byTail[tail];
      if (!group.products.empty() &&
          (group.products.front().getPanelWidth() != product.getPanelWidth() ||
           group.products.front().getNumColumns() != product.getNumColumns() ||
           findKernel(group.products.front()) != findKernel(product))) {
        groups.push_back({{product}, nullptr});
        return;
      }
      group.tail = tail;
      group.products.push_back(product);
    });
    // Products that stand alone first: a tail may read their results.
    for (auto &entry : byTail)
      groups.push_back(entry.second);
    for (Group &group : groups) {
      // The verifier lets no other types through than the table has.
      seq::PackedMatmulOp first = group.products.front();
      const ProductKernel &kernel = *findKernel(first);
      if (static_cast<int64_t>(first.getUnit()) != kernel.unit) {
        first.emitOpError("has panels with ")
            << first.getUnit() << " elements of the depth side by side; its "
            << "kernel " << kernel.name << " requires " << kernel.unit;
        return signalPassFailure();
      }
      numTiled += group.products.size();
      if (group.tail)
        numWithTail += group.products.size();
      GroupTiler(group, kernel.heights, rowBlock).run();
    }
  }
};

} // namespace
