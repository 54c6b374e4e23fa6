//===- DecomposeAttention.cpp - Attention to linalg -----------------------===//
//
// Turns seq.attention into a few generics over the positions of queries and
// keys: scores, one elementwise op for everything between score and weight, the
// reductions of the softmax, and the product with the values. Nothing of the
// size queries x keys x features is stored, except for a score written as a
// region, whose arguments are pairs by definition.
//
// Iteration spaces are (batch, head, i, j, ...). Grouped heads are two
// dimensions, (key head, head within the group), so that every operand is
// addressed by plain dimensions. Where `rows` says whose keys a query attends,
// keys, values and what belongs to them are read inside the bodies.
//
//===----------------------------------------------------------------------===//

#include "compiler/Decompose/AttentionForms.h"
#include "compiler/Decompose/AttentionScores.h"
#include "compiler/Decompose/AttentionSides.h"
#include "compiler/Decompose/Passes.h"
#include "compiler/Decompose/TensorBuilders.h"
#include "compiler/Kernels/KernelTable.h"
#include "dialect/Seq/IR/Marks.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

namespace seqc {
#define GEN_PASS_DEF_DECOMPOSEATTENTIONPASS
#include "compiler/Decompose/Passes.h.inc"
} // namespace seqc

using namespace mlir;

namespace seqc {
namespace {

using utils::IteratorType;

/// Sums may be reassociated and contracted; nothing else is assumed.
constexpr arith::FastMathFlags sumFlags =
    arith::FastMathFlags::reassoc | arith::FastMathFlags::contract;

/// Builds what replaces one attention op.
class AttentionDecomposer {
public:
  AttentionDecomposer(seq::AttentionOp op, OpBuilder &builder)
      : op(op), b(op.getLoc(), builder) {}

  LogicalResult run() {
    if (failed(prepare()))
      return failure();
    Value scores = buildScores();
    flush(scores);
    bool softmax = op.getNormalizer() == seq::Normalizer::Softmax ||
                   op.getNormalizer() == seq::Normalizer::NegatedSoftmax;
    Value weights = finishScores(scores, softmax);
    Value sums;
    flush(weights);
    if (softmax)
      weights = exponentials(weights, sums);
    // A division per weight is needed only if somebody asks for the weights.
    if (sums && op.getProbabilities()) {
      weights = divide(weights, sums, /*extraDims=*/1);
      sums = Value();
    }
    flush(weights);
    flush(sums);
    Value output = product(weights);
    if (sums)
      output = divide(output, sums, /*extraDims=*/1);
    op.getOutput().replaceAllUsesWith(finish(output, op.getOutput().getType()));
    if (op.getProbabilities())
      op.getProbabilities().replaceAllUsesWith(
          finish(weights, op.getProbabilities().getType()));
    op->erase();
    return success();
  }

  /// Leaves a `dot` of weighted queries in place of a `general` score.
  void weighQueries() {
    if (op.getScore() != seq::Score::General)
      return;
    query = op.getQuery();
    element = getElementTypeOrSelf(query.getType());
    sizes = extents(b, query);
    Value weighted = weightedQuery();
    op.setScore(seq::Score::Dot);
    op.getQueryMutable().assign(weighted);
    op.getScoreWeightMutable().clear();
  }

private:
  /// Between its products attention, too, computes with denormals flushed.
  void flush(Value part) {
    if (part && part.getDefiningOp<linalg::LinalgOp>())
      seq::mark<seq::FlushMark>(part.getDefiningOp());
  }

  AffineExpr dim(unsigned position) { return b.getAffineDimExpr(position); }

  /// Splits heads into groups and finds the extents.
  LogicalResult prepare() {
    query = op.getQuery();
    key = op.getKey();
    value = op.getValue();
    element = getElementTypeOrSelf(query.getType());
    // Sums of narrow types are kept in single precision.
    compute = getComputedType(element);
    auto queryType = cast<RankedTensorType>(query.getType());
    hasHeads = queryType.getRank() == 4;
    if (hasHeads) {
      int64_t heads = queryType.getDimSize(1);
      int64_t keyHeads = cast<RankedTensorType>(key.getType()).getDimSize(1);
      if (ShapedType::isDynamic(heads) || ShapedType::isDynamic(keyHeads))
        return op.emitOpError("needs static numbers of heads");
      if (heads != keyHeads) {
        group = heads / keyHeads;
        query = splitHeads(query);
      }
    }
    auto type = cast<RankedTensorType>(query.getType());
    numOuter = type.getRank() - 1;
    sizes = extents(b, query);
    sizes.pop_back();
    keyExtent =
        extent(b, key, cast<RankedTensorType>(key.getType()).getRank() - 2);
    queryExtent = sizes.back();
    sizes.push_back(keyExtent);
    return success();
  }

  /// `[B, H, ...]` as `[B, Hkv, group, ...]`.
  Value splitHeads(Value source) {
    auto type = cast<RankedTensorType>(source.getType());
    SmallVector<int64_t> shape(type.getShape());
    SmallVector<OpFoldResult> target = extents(b, source);
    shape[1] /= group;
    shape.insert(shape.begin() + 2, group);
    target[1] = b.getIndexAttr(shape[1]);
    target.insert(target.begin() + 2, b.getIndexAttr(group));
    return tensor::ExpandShapeOp::create(
        b, RankedTensorType::get(shape, type.getElementType()), source,
        headGroups(type.getRank()), target);
  }

  /// Reassociation that joins the two head dimensions.
  static SmallVector<ReassociationIndices> headGroups(int64_t rank) {
    SmallVector<ReassociationIndices> groups = {{0}, {1, 2}};
    for (int64_t index = 2; index < rank; ++index)
      groups.push_back({index + 1});
    return groups;
  }

  /// Joins the heads again and changes to the type of the op's result.
  Value finish(Value result, Type type) {
    if (element != compute) {
      SmallVector<OpFoldResult> all = extents(b, result);
      AffineMap map = b.getMultiDimIdentityMap(all.size());
      SmallVector<IteratorType> iterators(all.size(), IteratorType::parallel);
      result = generic(
          b, result, emptyTensor(b, all, element), {map, map}, iterators,
          [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
            return {convertFloat(b, args[0], element)};
          })[0];
    }
    if (group != 1)
      result = tensor::CollapseShapeOp::create(
          b, result, headGroups(cast<RankedTensorType>(type).getRank()));
    return castTo(b, result, type);
  }

  /// A scalar in the type that is computed with.
  Value widen(ImplicitLocOpBuilder &b, Value scalar) {
    return convertFloat(b, scalar, compute);
  }

  /// Number of dimensions of the scores; the query position is the last but
  /// one, the key position the last.
  unsigned numScoreDims() const { return numOuter + 1; }
  unsigned queryDim() const { return numOuter - 1; }
  unsigned keyDim() const { return numOuter; }

  /// How keys or values are addressed in a loop nest of `loops` dimensions:
  /// batch, head, then `position` and `feature`.
  SmallVector<AffineExpr> keyIndices(unsigned position, unsigned feature) {
    SmallVector<AffineExpr> indices = {dim(0)};
    if (hasHeads)
      indices.push_back(dim(1));
    indices.push_back(dim(position));
    indices.push_back(dim(feature));
    return indices;
  }

  /// The row of the keys that belongs to the query at hand, as an index.
  Value keyRow(ImplicitLocOpBuilder &b, Value number) {
    return arith::IndexCastOp::create(b, b.getIndexType(), number);
  }

  /// A generic that reads keys or values: as an operand, or inside if `rows` is
  /// given. `body` gets the operands, then the element of `source`, then the
  /// initial values.
  Value readingKeys(ValueRange ins, ArrayRef<AffineMap> inMaps, Value source,
                    AffineMap sourceMap, Value init, AffineMap initMap,
                    ArrayRef<IteratorType> iterators, ScalarBody body) {
    SmallVector<Value> operands(ins);
    SmallVector<AffineMap> maps(inMaps);
    size_t position = operands.size();
    Value rows = op.getRows();
    operands.push_back(rows ? rows : source);
    maps.push_back(rows ? AffineMap::get(iterators.size(), 0, dim(0))
                        : sourceMap);
    maps.push_back(initMap);
    return generic(
        b, operands, init, maps, iterators,
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          SmallVector<Value> values(args);
          if (rows) {
            SmallVector<Value> indices = {keyRow(b, args[position])};
            for (AffineExpr result : sourceMap.getResults().drop_front())
              indices.push_back(linalg::IndexOp::create(
                  b, cast<AffineDimExpr>(result).getPosition()));
            values[position] = tensor::ExtractOp::create(b, source, indices);
          }
          return body(b, values);
        })[0];
  }

  //===--------------------------------------------------------------------===//
  // Scores
  //===--------------------------------------------------------------------===//

  /// `[B, heads, i, j]` before scale, softcap, bias and masks.
  Value buildScores() {
    if (op.getScore() == seq::Score::Region)
      return regionScores();
    Value left = op.getScore() == seq::Score::General ? weightedQuery() : query;
    bool hasWeight = seq::hasFeatureWeight(op.getScore());

    unsigned loops = numScoreDims() + 1, feature = loops - 1;
    SmallVector<AffineExpr> leftIndices;
    for (unsigned position = 0; position < numOuter; ++position)
      leftIndices.push_back(dim(position));
    leftIndices.push_back(dim(feature));
    SmallVector<Value> ins = {left};
    SmallVector<AffineMap> maps = {
        AffineMap::get(loops, 0, leftIndices, b.getContext())};
    if (hasWeight) {
      ins.push_back(op.getScoreWeight());
      maps.push_back(AffineMap::get(loops, 0, dim(feature)));
    }
    AffineMap keyMap =
        AffineMap::get(loops, 0, keyIndices(keyDim(), feature), b.getContext());
    AffineMap scoreMap = b.getMultiDimIdentityMap(loops).dropResult(feature);
    SmallVector<IteratorType> iterators(loops, IteratorType::parallel);
    iterators[feature] = IteratorType::reduction;
    return readingKeys(
        ins, maps, key, keyMap, zeroTensor(b, sizes, compute), scoreMap,
        iterators,
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          Value weight = hasWeight ? widen(b, args[1]) : Value();
          Value term = scoreTerm(b, op.getScore(), widen(b, args[0]),
                                 widen(b, args[ins.size()]), weight, sumFlags);
          return {arith::AddFOp::create(b, args.back(), term, sumFlags)};
        });
  }

  /// query * score_weight, `[B, heads, i, E]`, as one product over all queries.
  Value weightedQuery() {
    auto type = cast<RankedTensorType>(query.getType());
    SmallVector<ReassociationIndices> groups(2);
    for (int64_t position = 0; position + 1 < type.getRank(); ++position)
      groups[0].push_back(position);
    groups[1].push_back(type.getRank() - 1);
    Value flat = tensor::CollapseShapeOp::create(b, query, groups);
    // Features are static, whatever the type of the weight says.
    int64_t depth = type.getShape().back(),
            features = op.getKey().getType().getShape().back();
    Value weight = castTo(b, op.getScoreWeight(),
                          RankedTensorType::get({depth, features}, element));
    OpFoldResult columns = b.getIndexAttr(features);
    Value init = zeroTensor(b, {extent(b, flat, 0), columns}, element);
    Value result =
        linalg::MatmulOp::create(b, TypeRange{init.getType()},
                                 ValueRange{flat, weight}, ValueRange{init})
            ->getResult(0);
    SmallVector<int64_t> shape(type.getShape());
    shape.back() = features;
    SmallVector<OpFoldResult> target(sizes.begin(), sizes.end() - 1);
    target.push_back(columns);
    return tensor::ExpandShapeOp::create(
        b, RankedTensorType::get(shape, element), result, groups, target);
  }

  /// Scores by the region, over tensors of all pairs.
  Value regionScores() {
    Value queries = pairs(query, /*isKey=*/false),
          keys = pairs(key, /*isKey=*/true);
    Block &body = op.getScoreRegion().front();
    IRMapping mapping;
    mapping.map(body.getArgument(0),
                castTo(b, queries, body.getArgument(0).getType()));
    mapping.map(body.getArgument(1),
                castTo(b, keys, body.getArgument(1).getType()));
    for (Operation &inner : body.without_terminator())
      b.clone(inner, mapping);
    Value flat = mapping.lookupOrDefault(body.getTerminator()->getOperand(0));
    SmallVector<int64_t> shape = scoreShape();
    ReassociationIndices all =
        llvm::to_vector<2>(llvm::seq<int64_t>(0, shape.size()));
    int64_t count = 1;
    for (int64_t size : shape)
      count = ShapedType::isDynamic(size) || ShapedType::isDynamic(count)
                  ? ShapedType::kDynamic
                  : count * size;
    flat = castTo(b, flat, RankedTensorType::get({count}, element));
    Value scores = tensor::ExpandShapeOp::create(
        b, RankedTensorType::get(shape, element), flat,
        ArrayRef<ReassociationIndices>{all}, sizes);
    if (element == compute)
      return scores;
    AffineMap map = b.getMultiDimIdentityMap(shape.size());
    SmallVector<IteratorType> iterators(shape.size(), IteratorType::parallel);
    return generic(
        b, scores, emptyTensor(b, sizes, compute), {map, map}, iterators,
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          return {widen(b, args[0])};
        })[0];
  }

  /// Static extents of the scores.
  SmallVector<int64_t> scoreShape() {
    SmallVector<int64_t> shape;
    for (OpFoldResult size : sizes)
      shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
    return shape;
  }

  /// One query or key for every pair, `[pairs, features]`.
  Value pairs(Value source, bool isKey) {
    unsigned loops = numScoreDims() + 1, feature = loops - 1;
    int64_t rank = cast<RankedTensorType>(source.getType()).getRank();
    SmallVector<OpFoldResult> all(sizes);
    all.push_back(extent(b, source, rank - 1));
    SmallVector<IteratorType> iterators(loops, IteratorType::parallel);
    AffineMap identity = b.getMultiDimIdentityMap(loops);
    Value init = emptyTensor(b, all, element);
    Value wide;
    if (isKey) {
      AffineMap map = AffineMap::get(loops, 0, keyIndices(keyDim(), feature),
                                     b.getContext());
      wide = readingKeys(
          {}, {}, source, map, init, identity, iterators,
          [&](ImplicitLocOpBuilder &, ValueRange args) -> SmallVector<Value> {
            return {args[0]};
          });
    } else {
      AffineMap map = identity.dropResult(keyDim());
      wide = generic(
          b, source, init, {map, identity}, iterators,
          [&](ImplicitLocOpBuilder &, ValueRange args) -> SmallVector<Value> {
            return {args[0]};
          })[0];
    }
    SmallVector<ReassociationIndices> groups(2);
    for (unsigned position = 0; position < feature; ++position)
      groups[0].push_back(position);
    groups[1].push_back(feature);
    return tensor::CollapseShapeOp::create(b, wide, groups);
  }

  //===--------------------------------------------------------------------===//
  // From scores to weights
  //===--------------------------------------------------------------------===//

  /// The row of keys of an iteration over the scores; `args` begin with it if
  /// rows are given.
  Value scoreRow(ImplicitLocOpBuilder &b, ValueRange args) {
    return op.getRows() ? keyRow(b, args[0])
                        : Value(linalg::IndexOp::create(b, 0));
  }

  /// One elementwise op: scale, softcap, bias, sign or sigmoid, and masks.
  /// Hidden keys get -inf in front of a softmax and 0 otherwise.
  Value finishScores(Value scores, bool softmax) {
    sides = {op,
             hasHeads,
             group,
             queryDim(),
             keyDim(),
             asValue(b, queryExtent),
             asValue(b, keyExtent)};
    unsigned loops = numScoreDims();
    AffineMap identity = b.getMultiDimIdentityMap(loops);
    SmallVector<Value> ins;
    SmallVector<AffineMap> maps;
    if (Value rows = op.getRows()) {
      ins.push_back(rows);
      maps.push_back(AffineMap::get(loops, 0, dim(0)));
    }
    maps.push_back(identity);
    SmallVector<IteratorType> iterators(loops, IteratorType::parallel);
    return generic(
        b, ins, scores, maps, iterators,
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          Value s = args.back();
          auto constant = [&](double number) {
            return floatConstant(b, compute, number);
          };
          Value row = scoreRow(b, args);
          s = finishScore(
              b, op, s, [&] { return sides.read(b, op.getMask(), row); },
              [&] { return widen(b, sides.read(b, op.getBias(), row)); });
          if (Value live = sides.buildLive(b, row)) {
            double hidden =
                softmax ? -std::numeric_limits<double>::infinity() : 0.0;
            s = arith::SelectOp::create(b, live, s, constant(hidden));
          }
          return {s};
        })[0];
  }

  /// exp(s - max) over the keys, 0 where a key is hidden, and its sums over the
  /// keys. Where all live scores are -inf the difference is NaN, and has to be.
  Value exponentials(Value scores, Value &sums) {
    unsigned loops = numScoreDims();
    SmallVector<OpFoldResult> outer(sizes.begin(), sizes.end() - 1);
    AffineMap identity = b.getMultiDimIdentityMap(loops);
    AffineMap row = identity.dropResult(keyDim());
    SmallVector<IteratorType> parallel(loops, IteratorType::parallel),
        reduction = parallel;
    reduction.back() = IteratorType::reduction;
    Value lowest =
        floatConstant(b, compute, -std::numeric_limits<double>::infinity());
    Value maxima = generic(
        b, scores, filledTensor(b, outer, lowest), {identity, row}, reduction,
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          return {arith::MaximumFOp::create(b, args[0], args[1])};
        })[0];
    flush(maxima);
    SmallVector<Value> ins;
    SmallVector<AffineMap> maps;
    if (Value rows = op.getRows(); rows && sides.hidesKeys()) {
      ins.push_back(rows);
      maps.push_back(AffineMap::get(loops, 0, dim(0)));
    }
    ins.push_back(maxima);
    maps.append({row, identity});
    Value weights = generic(
        b, ins, scores, maps, parallel,
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          Value above =
              arith::SubFOp::create(b, args.back(), args[args.size() - 2]);
          Value weight = math::ExpOp::create(b, above);
          if (!sides.hidesKeys())
            return {weight};
          return {
              arith::SelectOp::create(b, sides.buildLive(b, scoreRow(b, args)),
                                      weight, floatConstant(b, compute, 0))};
        })[0];
    sums = generic(
        b, weights, zeroTensor(b, outer, compute), {identity, row}, reduction,
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          return {arith::AddFOp::create(b, args[1], args[0], sumFlags)};
        })[0];
    return weights;
  }

  /// `source` divided by `sums`, which lacks its last dimension; 0 where the
  /// sum is 0.
  Value divide(Value source, Value sums, unsigned extraDims) {
    unsigned loops = cast<RankedTensorType>(source.getType()).getRank();
    AffineMap identity = b.getMultiDimIdentityMap(loops);
    SmallVector<IteratorType> parallel(loops, IteratorType::parallel);
    return generic(
        b, sums, source, {identity.dropResult(loops - extraDims), identity},
        parallel,
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          Value zero = floatConstant(b, compute, 0);
          Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                             args[0], zero);
          Value one = floatConstant(b, compute, 1);
          Value by = arith::SelectOp::create(b, none, one, args[0]);
          return {arith::DivFOp::create(b, args[1], by)};
        })[0];
  }

  /// weights * values: the sum over the keys runs outside the features, so that
  /// values are read in order.
  Value product(Value weights) {
    unsigned loops = numScoreDims() + 1, feature = loops - 1;
    SmallVector<OpFoldResult> all(sizes.begin(), sizes.end() - 1);
    all.push_back(extent(
        b, value, cast<RankedTensorType>(value.getType()).getRank() - 1));
    AffineMap identity = b.getMultiDimIdentityMap(loops);
    AffineMap valueMap =
        AffineMap::get(loops, 0, keyIndices(keyDim(), feature), b.getContext());
    SmallVector<IteratorType> iterators(loops, IteratorType::parallel);
    iterators[keyDim()] = IteratorType::reduction;
    return readingKeys(
        weights, identity.dropResult(feature), value, valueMap,
        zeroTensor(b, all, compute), identity.dropResult(keyDim()), iterators,
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          Value term =
              arith::MulFOp::create(b, args[0], widen(b, args[1]), sumFlags);
          return {arith::AddFOp::create(b, args[2], term, sumFlags)};
        });
  }

  seq::AttentionOp op;
  ImplicitLocOpBuilder b;
  /// Operands; the query with its heads in groups if there are any.
  Value query, key, value;
  /// Type of the operands, and the type that is computed with.
  Type element, compute;
  bool hasHeads = false;
  /// Query heads per key head.
  int64_t group = 1;
  /// Dimensions of the query but for its features.
  unsigned numOuter = 0;
  /// Extents of the scores.
  SmallVector<OpFoldResult> sizes;
  OpFoldResult keyExtent, queryExtent;
  AttentionSides sides;
};

LogicalResult decompose(seq::AttentionOp op) {
  OpBuilder builder(op);
  return decomposeAttention(op, builder);
}

struct DecomposeAttentionPass
    : impl::DecomposeAttentionPassBase<DecomposeAttentionPass> {
  void runOnOperation() override {
    SmallVector<seq::AttentionOp> ops;
    getOperation().walk([&](seq::AttentionOp op) { ops.push_back(op); });
    for (seq::AttentionOp op : ops) {
      if (isTiledLater(op)) {
        OpBuilder builder(op);
        AttentionDecomposer(op, builder).weighQueries();
        ++numKept;
        continue;
      }
      if (failed(tileQueries(op)) || failed(decompose(op)))
        return signalPassFailure();
      ++numAttentions;
    }
  }
};

} // namespace

bool isTiledLater(seq::AttentionOp op) {
  auto query = cast<RankedTensorType>(op.getQuery().getType()),
       key = cast<RankedTensorType>(op.getKey().getType()),
       value = cast<RankedTensorType>(op.getValue().getType());
  if (query.getRank() == 4 && (query.isDynamicDim(1) || key.isDynamicDim(1)))
    return false;
  int64_t count = query.getDimSize(query.getRank() - 2);
  return isa<func::FuncOp>(op->getParentOp()) && !op.getProbabilities() &&
         !op.getRows() && op.getScore() != seq::Score::Region &&
         !query.getElementType().isF64() && query.getShape().back() > 0 &&
         value.getShape().back() > 0 &&
         (ShapedType::isDynamic(count) || count > kFewQueries);
}

LogicalResult decomposeAttention(seq::AttentionOp op, OpBuilder &builder) {
  return AttentionDecomposer(op, builder).run();
}

} // namespace seqc
