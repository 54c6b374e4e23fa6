//===- TileAttention.cpp - Attention block by block -----------------------===//
//
//   for batch rows and heads, for blocks of 32 queries        (parallel)
//     for panels of 64 keys that some query of the block may see
//       for tiles of 4 queries, then of 1: scores and the greatest of them
//       for the block: what earlier sums are multiplied by
//       for tiles: exponentials and their sums
//       for tiles: weights times values
//
// That is the online softmax. Its steps follow chains of a few ops, for which
// multipliers would wait in each tile if all steps of one came first.
//
// Keys are laid out in panels once, depth outermost, so that scores of sixteen
// keys are one vector. A panel and its values stay in the first cache while the
// tiles of a block go over them. Nothing of the size queries x keys is stored.
//
//===----------------------------------------------------------------------===//

#include "compiler/Decompose/AttentionExtents.h"
#include "compiler/Decompose/AttentionForms.h"
#include "compiler/Decompose/AttentionSides.h"
#include "compiler/Decompose/AttentionTiles.h"
#include "compiler/Decompose/Passes.h"
#include "compiler/Transforms/ParallelLoops.h"
#include "dialect/Seq/IR/Marks.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

namespace seqc {
#define GEN_PASS_DEF_TILEATTENTIONPASS
#include "compiler/Decompose/Passes.h.inc"
} // namespace seqc

using namespace mlir;

namespace seqc {
namespace {

using utils::IteratorType;

/// Queries of a block: their tiles share a panel while it is in the first
/// cache.
constexpr int64_t kBlockQueries = 32;

/// Writes the loops of one attention.
class AttentionTiler {
public:
  AttentionTiler(seq::AttentionOp op, OpBuilder &builder, unsigned vectorBits)
      : op(op), b(op.getLoc(), builder), isWide(vectorBits >= 512) {}

  /// The result, of the op's type.
  Value run() {
    prepare();
    SmallVector<OpFoldResult> sizes = extents(b, shape.query);
    sizes.back() = b.getIndexAttr(shape.columns);
    Value output = emptyTensor(b, sizes, b.getF32Type());
    OpFoldResult pairs = multiply(sizes[0], numHeads);
    output = emitLoop(
        b.getIndexAttr(0), pairs, 1, output,
        [&](Value pair, ValueRange carried) -> SmallVector<Value> {
          return {emitHead(pair, carried[0])};
        },
        /*isParallel=*/true)[0];
    return finishResult(output);
  }

  /// What only a call can tell.
  struct Conditions {
    /// Whether there are more than a few queries. Null if that is known.
    Value many;
    /// Whether no extent of a mask is a 1 that is repeated. Null if that is
    /// known.
    Value whole;
  };

  Conditions buildConditions() {
    Conditions conditions;
    int64_t rank = cast<RankedTensorType>(op.getQuery().getType()).getRank();
    OpFoldResult queries = extent(b, op.getQuery(), rank - 2);
    if (!getConstantIntValue(queries))
      conditions.many = arith::CmpIOp::create(b, arith::CmpIPredicate::sgt,
                                              asValue(b, queries),
                                              indexConstant(b, kFewQueries));
    for (Value side : {op.getMask(), op.getBias()})
      for (int64_t dim : {rank - 2, rank - 1}) {
        if (!side || !mayRepeat(op, side, dim) || needsExpansion(op, side))
          continue;
        auto [of, ofDim] = scoreExtent(op, dim);
        Value equal = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                            asValue(b, extent(b, side, dim)),
                                            asValue(b, extent(b, of, ofDim)));
        conditions.whole =
            conditions.whole
                ? Value(arith::AndIOp::create(b, conditions.whole, equal))
                : equal;
      }
    return conditions;
  }

private:
  using Body = llvm::function_ref<SmallVector<Value>(Value, ValueRange)>;

  SmallVector<Value> emitLoop(OpFoldResult lower, OpFoldResult upper,
                              int64_t step, ValueRange carried, Body body,
                              bool isParallel = false) {
    auto loop = scf::ForOp::create(b, asValue(b, lower), asValue(b, upper),
                                   indexConstant(b, step), carried);
    if (isParallel)
      seq::mark<seq::ParallelMark>(loop);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(
        b, body(loop.getInductionVar(), loop.getRegionIterArgs()));
    return loop.getResults();
  }

  OpFoldResult apply(AffineExpr expression, ArrayRef<OpFoldResult> operands) {
    return affine::makeComposedFoldedAffineApply(b, b.getLoc(), expression,
                                                 operands);
  }

  OpFoldResult multiply(OpFoldResult size, int64_t factor) {
    return apply(b.getAffineSymbolExpr(0) * factor, {size});
  }

  //===--------------------------------------------------------------------===//
  // Operands
  //===--------------------------------------------------------------------===//

  /// A tensor with a dimension of heads, of single precision if it is one of
  /// numbers.
  Value normalize(Value source) {
    if (!source)
      return source;
    auto type = cast<RankedTensorType>(source.getType());
    if (type.getRank() == 3) {
      SmallVector<int64_t> shape(type.getShape());
      SmallVector<OpFoldResult> sizes = extents(b, source);
      shape.insert(shape.begin() + 1, 1);
      sizes.insert(sizes.begin() + 1, b.getIndexAttr(1));
      type = RankedTensorType::get(shape, type.getElementType());
      source = tensor::ExpandShapeOp::create(
          b, type, source, ArrayRef<ReassociationIndices>{{0, 1}, {2}, {3}},
          sizes);
    }
    return source;
  }

  /// All elements in another floating-point type.
  Value convert(Value source, Type element) {
    auto type = cast<RankedTensorType>(source.getType());
    if (type.getElementType() == element)
      return source;
    AffineMap map = b.getMultiDimIdentityMap(type.getRank());
    SmallVector<IteratorType> iterators(type.getRank(), IteratorType::parallel);
    return generic(
        b, source, emptyTensor(b, extents(b, source), element), {map, map},
        iterators,
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          return {convertFloat(b, args[0], element)};
        })[0];
  }

  void prepare() {
    Type single = b.getF32Type();
    shape.op = op;
    shape.query = convert(normalize(op.getQuery()), single);
    shape.value = convert(normalize(op.getValue()), single);
    key = normalize(op.getKey());
    mask = normalize(expandKeys(b, op, op.getMask()));
    bias = normalize(expandKeys(b, op, op.getBias()));
    shape.depth = cast<RankedTensorType>(key.getType()).getDimSize(3);
    shape.columns = cast<RankedTensorType>(shape.value.getType()).getDimSize(3);
    shape.numQueries = extent(b, shape.query, 2);
    shape.numKeys = extent(b, key, 2);
    numHeads = cast<RankedTensorType>(shape.query.getType()).getDimSize(1);
    numKeyHeads = cast<RankedTensorType>(key.getType()).getDimSize(1);
    packKeys();
  }

  /// panels[b, h, p, d, j] := key[b, h, 64 p + j, d]; what lies behind the last
  /// key is undefined.
  void packKeys() {
    Attribute zero = b.getIndexAttr(0);
    SmallVector<OpFoldResult> sizes = extents(b, key);
    OpFoldResult numPanels =
        apply(b.getAffineSymbolExpr(0).ceilDiv(kPanelKeys), {shape.numKeys});
    Value panels = emptyTensor(
        b,
        {sizes[0], sizes[1], numPanels, sizes[3], b.getIndexAttr(kPanelKeys)},
        b.getF32Type());
    shape.panels = emitLoop(
        zero, multiply(sizes[0], numKeyHeads), 1, panels,
        [&](Value pair, ValueRange outer) {
          return emitLoop(
              zero, numPanels, 1, outer,
              [&](Value panel, ValueRange inner) -> SmallVector<Value> {
                return {packPanel(pair, panel, inner[0])};
              },
              /*isParallel=*/true);
        },
        /*isParallel=*/true)[0];
  }

  /// Squares of a panel become shuffles of wide vectors; the keys behind the
  /// last square, and those of a depth that has none, gathers.
  Value packPanel(Value pair, Value panel, Value panels) {
    OpFoldResult zero = b.getIndexAttr(0), depth = b.getIndexAttr(shape.depth),
                 lanes = b.getIndexAttr(kLaneKeys);
    AffineExpr p = b.getAffineSymbolExpr(0), n = b.getAffineSymbolExpr(1);
    KeyPanel at = {apply(p.floorDiv(numKeyHeads), {pair}),
                   apply(p % numKeyHeads, {pair}), panel};
    OpFoldResult count = affine::makeComposedFoldedAffineMin(
        b, b.getLoc(),
        AffineMap::get(
            0, 2, {b.getAffineConstantExpr(kPanelKeys), n - p * kPanelKeys},
            b.getContext()),
        {panel, shape.numKeys});
    std::optional<int64_t> whole = getConstantIntValue(shape.numKeys);
    if (whole && *whole % kPanelKeys == 0)
      count = b.getIndexAttr(kPanelKeys);
    if (!isWide || shape.depth % kLaneKeys != 0)
      return packPart(at, zero, zero, count, depth, panels);
    OpFoldResult squares = apply(p.floorDiv(kLaneKeys) * kLaneKeys, {count});
    panels = emitLoop(
        zero, squares, kLaneKeys, panels, [&](Value j, ValueRange outer) {
          return emitLoop(zero, depth, kLaneKeys, outer,
                          [&](Value d, ValueRange inner) -> SmallVector<Value> {
                            return {packPart(at, j, d, lanes, lanes, inner[0])};
                          });
        })[0];
    if (getConstantIntValue(count))
      return panels;
    return packPart(at, squares, zero, apply(n - p, {squares, count}), depth,
                    panels);
  }

  /// Where a panel lies.
  struct KeyPanel {
    OpFoldResult batch, head, panel;
  };

  /// Transposes keys [j, j + numKeys) of a panel from depth `d` on.
  Value packPart(const KeyPanel &at, OpFoldResult j, OpFoldResult d,
                 OpFoldResult numKeys, OpFoldResult depth, Value panels) {
    Attribute one = b.getIndexAttr(1);
    AffineExpr p = b.getAffineSymbolExpr(0), n = b.getAffineSymbolExpr(1);
    Value rows =
        slice(b, key,
              {at.batch, at.head, apply(p * kPanelKeys + n, {at.panel, j}), d},
              {one, one, numKeys, depth}, /*dropped=*/{0, 1});
    SmallVector<OpFoldResult> offsets = {at.batch, at.head, at.panel, d, j},
                              sizes = {one, one, one, depth, numKeys};
    Value columns = slice(b, panels, offsets, sizes, /*dropped=*/{0, 1, 2});
    AffineMap columnsMap = b.getMultiDimIdentityMap(2);
    AffineMap rowsMap =
        AffineMap::getPermutationMap(ArrayRef<unsigned>{1, 0}, b.getContext());
    Value packed = generic(
        b, rows, columns, {rowsMap, columnsMap},
        {IteratorType::parallel, IteratorType::parallel},
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          return {convertFloat(b, args[0], b.getF32Type())};
        })[0];
    if (getConstantIntValue(numKeys) == kLaneKeys &&
        getConstantIntValue(depth) == kLaneKeys)
      mark(packed);
    return tensor::InsertSliceOp::create(
        b, packed, panels, offsets, sizes,
        SmallVector<OpFoldResult>(5, OpFoldResult(one)));
  }

  /// The output in the type of the op's result.
  Value finishResult(Value output) {
    auto type = cast<RankedTensorType>(op.getOutput().getType());
    output = convert(output, type.getElementType());
    if (type.getRank() == 3)
      output = tensor::CollapseShapeOp::create(
          b, output, ArrayRef<ReassociationIndices>{{0, 1}, {2}, {3}});
    return castTo(b, output, type);
  }

  //===--------------------------------------------------------------------===//
  // Loops
  //===--------------------------------------------------------------------===//

  /// All queries of a batch row and a head.
  Value emitHead(Value pair, Value output) {
    AffineExpr p = b.getAffineSymbolExpr(0);
    AttentionTile tile;
    tile.batch = asValue(b, apply(p.floorDiv(numHeads), {pair}));
    tile.head = asValue(b, apply(p % numHeads, {pair}));
    tile.keyHead = asValue(b, apply(p.floorDiv(numHeads / numKeyHeads),
                                    {OpFoldResult(tile.head)}));
    tile.keyCount = asValue(b, shape.numKeys);
    if (Value lengths = op.getLengths()) {
      Value length = tensor::ExtractOp::create(b, lengths, tile.batch);
      length = arith::IndexCastOp::create(b, b.getIndexType(), length);
      tile.keyCount = arith::MinSIOp::create(b, tile.keyCount, length);
    }
    if (op.getCausal() != seq::Causal::None || op.getWindow())
      tile.shift = alignment(b, op, tile.batch, asValue(b, shape.numQueries),
                             asValue(b, shape.numKeys));
    return emitLoop(
        b.getIndexAttr(0), shape.numQueries, kBlockQueries, output,
        [&](Value start, ValueRange carried) -> SmallVector<Value> {
          tile.blockStart = start;
          return {emitBlock(tile, carried[0])};
        },
        /*isParallel=*/true)[0];
  }

  /// A block of queries.
  Value emitBlock(AttentionTile tile, Value output) {
    Attribute one = b.getIndexAttr(1), zero = b.getIndexAttr(0);
    std::optional<int64_t> whole = getConstantIntValue(shape.numQueries);
    OpFoldResult count = b.getIndexAttr(kBlockQueries);
    if (!whole || *whole % kBlockQueries != 0)
      count = affine::makeComposedFoldedAffineMin(
          b, b.getLoc(),
          AffineMap::get(0, 2,
                         {b.getAffineConstantExpr(kBlockQueries),
                          b.getAffineSymbolExpr(1) - b.getAffineSymbolExpr(0)},
                         b.getContext()),
          {tile.blockStart, shape.numQueries});
    SmallVector<OpFoldResult> offsets = {tile.batch, tile.head, tile.blockStart,
                                         zero},
                              sizes = {one, one, count,
                                       b.getIndexAttr(shape.columns)};
    SmallVector<OpFoldResult> strides(4, OpFoldResult(one));
    Value rows = slice(b, output, offsets, sizes, /*dropped=*/{0, 1});
    rows = linalg::FillOp::create(b, floatConstant(b, b.getF32Type(), 0), rows)
               .getResult(0);
    AttentionStates states = initialStates();
    states.output =
        tensor::InsertSliceOp::create(b, rows, output, offsets, sizes, strides);
    KeyRange keys =
        visibleKeys(b, shape, tile, tile.blockStart, asValue(b, count));
    OpFoldResult first =
        apply(b.getAffineSymbolExpr(0).floorDiv(kPanelKeys), {keys.begin});
    OpFoldResult behind =
        apply(b.getAffineSymbolExpr(0).ceilDiv(kPanelKeys), {keys.end});
    states.unpack(emitLoop(first, behind, 1, states.pack(),
                           [&](Value panel, ValueRange carried) {
                             AttentionStates inner = states;
                             inner.unpack(carried);
                             tile.panel = panel;
                             return emitRows(tile, count, inner);
                           }));
    if (!shape.isSoftmax())
      return states.output;
    return emitTiles(count, states.output,
                     [&](Value row, int64_t height, ValueRange carried) {
                       AttentionTile at = tile;
                       at.row = row;
                       at.rows = height;
                       AttentionStates last = states;
                       last.output = carried[0];
                       AttentionTileWriter writer(b, shape);
                       return SmallVector<Value>{writer.divide(at, last)};
                     })[0];
  }

  using TileBody =
      llvm::function_ref<SmallVector<Value>(Value, int64_t, ValueRange)>;

  /// Goes over the queries of a block, tallest tiles first.
  SmallVector<Value> emitTiles(OpFoldResult count, ValueRange carried,
                               TileBody body) {
    SmallVector<Value> current(carried);
    OpFoldResult begin = b.getIndexAttr(0);
    std::optional<int64_t> whole = getConstantIntValue(shape.numQueries);
    static constexpr int64_t wide[] = {4, 1}, narrow[] = {1};
    for (int64_t height :
         isWide ? ArrayRef<int64_t>(wide) : ArrayRef<int64_t>(narrow)) {
      AffineExpr from = b.getAffineSymbolExpr(0), to = b.getAffineSymbolExpr(1);
      bool divides = whole && *whole % height == 0;
      OpFoldResult upper =
          divides ? count
                  : apply(from + (to - from).floorDiv(height) * height,
                          {begin, count});
      current = emitLoop(begin, upper, height, current,
                         [&](Value row, ValueRange inner) {
                           return body(row, height, inner);
                         });
      begin = upper;
      if (divides)
        break;
    }
    return current;
  }

  AttentionStates initialStates() {
    AttentionStates states;
    OpFoldResult block = b.getIndexAttr(kBlockQueries),
                 lanes = b.getIndexAttr(kLaneKeys);
    states.weights =
        emptyTensor(b, {block, b.getIndexAttr(kPanelKeys)}, b.getF32Type());
    if (!shape.isSoftmax())
      return states;
    states.rescale = emptyTensor(b, block, b.getF32Type());
    Value lowest =
        floatConstant(b, b.getF32Type(), std::numeric_limits<float>::lowest());
    states.maxima = filledTensor(b, block, lowest);
    states.raised = filledTensor(b, block, lowest);
    states.sums = zeroTensor(b, {block, lanes}, b.getF32Type());
    if (shape.masksKeys())
      states.seen = zeroTensor(b, {block, lanes}, b.getF32Type());
    return states;
  }

  /// The queries of a block and one panel of keys.
  SmallVector<Value> emitRows(AttentionTile tile, OpFoldResult count,
                              AttentionStates states) {
    AttentionTileWriter writer(b, shape);
    auto hasRows = [](Value side) {
      return cast<RankedTensorType>(side.getType()).getDimSize(2) != 1;
    };
    for (auto [side, staged] :
         {std::pair(bias, &tile.bias), std::pair(mask, &tile.mask)})
      if (side && !hasRows(side))
        *staged = writer.stage(side, tile);
    using Writer = AttentionTileWriter;
    auto emitStep = [&](auto step) {
      states.unpack(
          emitTiles(count, states.pack(),
                    [&](Value row, int64_t height, ValueRange carried) {
                      AttentionStates inner = states;
                      inner.unpack(carried);
                      AttentionTile at = tile;
                      at.row = row;
                      at.rows = height;
                      for (auto [side, staged] : {std::pair(bias, &at.bias),
                                                  std::pair(mask, &at.mask)})
                        if (side && hasRows(side) && step == &Writer::score)
                          *staged = writer.stage(side, at);
                      return (writer.*step)(at, inner).pack();
                    }));
    };
    emitStep(&Writer::score);
    if (shape.isSoftmax()) {
      states = writer.raiseMaxima(states);
      emitStep(&Writer::exponentiate);
    }
    emitStep(&Writer::accumulate);
    return states.pack();
  }

  void mark(Value value) { seq::mark<seq::TileMark>(value.getDefiningOp()); }

  seq::AttentionOp op;
  ImplicitLocOpBuilder b;
  /// Whether sixteen numbers are one vector.
  bool isWide;
  AttentionShape shape;
  Value key, mask, bias;
  int64_t numHeads = 1, numKeyHeads = 1;
};

struct TileAttentionPass : impl::TileAttentionPassBase<TileAttentionPass> {
  using TileAttentionPassBase::TileAttentionPassBase;

  void runOnOperation() override {
    SmallVector<seq::AttentionOp> ops;
    getOperation().walk([&](seq::AttentionOp op) { ops.push_back(op); });
    for (seq::AttentionOp op : ops) {
      ImplicitLocOpBuilder b(op.getLoc(), op);
      if (!isTiledLater(op)) {
        if (failed(decomposeAttention(op, b)))
          return signalPassFailure();
        continue;
      }
      ++numTiled;
      AttentionTiler tiler(op, b, vectorBits);
      AttentionTiler::Conditions conditions = tiler.buildConditions();
      if (!conditions.many && !conditions.whole) {
        op.getOutput().replaceAllUsesWith(tiler.run());
        op.erase();
        continue;
      }
      if (failed(choose(op, b, conditions)))
        return signalPassFailure();
    }
  }

  /// Both forms, chosen at run time.
  LogicalResult choose(seq::AttentionOp op, ImplicitLocOpBuilder &b,
                       AttentionTiler::Conditions conditions) {
    Value condition = conditions.many ? conditions.many : conditions.whole;
    if (conditions.many && conditions.whole)
      condition = arith::AndIOp::create(b, conditions.many, conditions.whole);
    // In front of the choice, where those of all layers are one.
    Value few = conditions.whole ? Value() : firstQueries(op, b);
    auto choice = scf::IfOp::create(b, op.getOutput().getType(), condition,
                                    /*withElseRegion=*/true);
    op.getOutput().replaceAllUsesWith(choice.getResult(0));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(choice.thenBlock());
      scf::YieldOp::create(b, AttentionTiler(op, b, vectorBits).run());
    }
    op->moveBefore(choice.elseBlock(), choice.elseBlock()->end());
    b.setInsertionPointToEnd(choice.elseBlock());
    scf::YieldOp::create(b, op.getOutput());
    b.setInsertionPoint(op);
    if (few)
      boundQueries(op, b, few);
    return decomposeAttention(op, b);
  }

  /// The number of queries where there are few.
  static Value firstQueries(seq::AttentionOp op, ImplicitLocOpBuilder &b) {
    int64_t rank = cast<RankedTensorType>(op.getQuery().getType()).getRank();
    return arith::MinSIOp::create(
        b, asValue(b, extent(b, op.getQuery(), rank - 2)),
        indexConstant(b, kFewQueries));
  }

  /// Lets the plan of memory know that there are few queries: all of them are
  /// the first few.
  static void boundQueries(seq::AttentionOp op, ImplicitLocOpBuilder &b,
                           Value few) {
    SmallVector<OpFoldResult> sizes = extents(b, op.getQuery());
    sizes[sizes.size() - 2] = few;
    SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
    op.getQueryMutable().assign(slice(b, op.getQuery(), offsets, sizes));
  }
};

} // namespace
} // namespace seqc
