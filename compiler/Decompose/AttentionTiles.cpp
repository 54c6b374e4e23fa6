//===- AttentionTiles.cpp - One tile of queries and keys ------------------===//

#include "compiler/Decompose/AttentionTiles.h"
#include "dialect/Seq/IR/Marks.h"

#include "compiler/Decompose/AttentionScores.h"
#include "compiler/Decompose/AttentionSides.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;

namespace seqc {

using utils::IteratorType;

/// Sums may be reassociated and contracted; nothing else is assumed.
constexpr arith::FastMathFlags sumFlags =
    arith::FastMathFlags::reassoc | arith::FastMathFlags::contract;

SmallVector<Value> AttentionStates::pack() const {
  SmallVector<Value> values = {output};
  for (Value state : {maxima, raised, sums, seen, weights, rescale})
    if (state)
      values.push_back(state);
  return values;
}

void AttentionStates::unpack(ValueRange values) {
  auto next = values.begin();
  for (Value *state :
       {&output, &maxima, &raised, &sums, &seen, &weights, &rescale})
    if (*state)
      *state = *next++;
}

KeyRange visibleKeys(ImplicitLocOpBuilder &b, AttentionShape &shape,
                     const AttentionTile &tile, Value first, Value count) {
  seq::AttentionOp op = shape.op;
  auto add = [&](Value x, Value y) -> Value {
    return y ? Value(arith::AddIOp::create(b, x, y)) : x;
  };
  first = add(first, tile.shift);
  Value zero = indexConstant(b, 0), behind = add(first, count);
  KeyRange range = {zero, tile.keyCount};
  if (op.getCausal() != seq::Causal::None)
    range.end = arith::MinSIOp::create(b, range.end, behind);
  if (std::optional<ArrayRef<int64_t>> window = op.getWindow()) {
    if ((*window)[0] >= 0)
      range.begin = arith::MaxSIOp::create(
          b, zero,
          arith::SubIOp::create(b, first, windowReach(b, (*window)[0])));
    if ((*window)[1] >= 0)
      range.end = arith::MinSIOp::create(
          b, range.end, add(behind, windowReach(b, (*window)[1])));
  }
  if (range.end != tile.keyCount)
    range.end = arith::MaxSIOp::create(b, zero, range.end);
  return range;
}

void AttentionTileWriter::mark(Value value) {
  seq::mark<seq::TileMark>(value.getDefiningOp());
}

Value AttentionTileWriter::emptyTile(int64_t rows, int64_t columns) {
  return tensor::EmptyOp::create(b, ArrayRef<int64_t>{rows, columns},
                                 b.getF32Type());
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

AttentionTileWriter::Parts AttentionTileWriter::load(const AttentionTile &tile,
                                                     Value weights) {
  Parts parts;
  for (auto [i, part] : llvm::enumerate(parts))
    part = slice(b, weights, {tile.row, b.getIndexAttr(i * kLaneKeys)},
                 {b.getIndexAttr(tile.rows), b.getIndexAttr(kLaneKeys)});
  return parts;
}

Value AttentionTileWriter::store(const AttentionTile &tile, ValueRange parts,
                                 Value weights) {
  Attribute one = b.getIndexAttr(1);
  for (auto [i, part] : llvm::enumerate(parts))
    weights = tensor::InsertSliceOp::create(
        b, part, weights,
        ArrayRef<OpFoldResult>{tile.row, b.getIndexAttr(i * kLaneKeys)},
        ArrayRef<OpFoldResult>{b.getIndexAttr(tile.rows),
                               b.getIndexAttr(kLaneKeys)},
        ArrayRef<OpFoldResult>{one, one});
  return weights;
}

AttentionStates AttentionTileWriter::score(const AttentionTile &tile,
                                           AttentionStates states) {
  Attribute one = b.getIndexAttr(1), zero = b.getIndexAttr(0);
  OpFoldResult depth = b.getIndexAttr(shape.depth);
  Value row = arith::AddIOp::create(b, tile.blockStart, tile.row);
  SmallVector<Value> ins = {
      slice(b, shape.query, {tile.batch, tile.head, row, zero},
            {one, one, b.getIndexAttr(tile.rows), depth}, /*dropped=*/{0, 1})};
  SmallVector<Value> outs;
  for (auto [part, target] : llvm::enumerate(load(tile, states.weights))) {
    ins.push_back(slice(b, shape.panels,
                        {tile.batch, tile.keyHead, tile.panel, zero,
                         b.getIndexAttr(part * kLaneKeys)},
                        {one, one, one, depth, b.getIndexAttr(kLaneKeys)},
                        /*dropped=*/{0, 1, 2}));
    Value fill =
        linalg::FillOp::create(b, floatConstant(b, b.getF32Type(), 0.0), target)
            .getResult(0);
    mark(fill);
    outs.push_back(fill);
  }
  AffineExpr i, k, j;
  bindDims(b.getContext(), i, k, j);
  auto map = [&](ArrayRef<AffineExpr> results) {
    return AffineMap::get(3, 0, results, b.getContext());
  };
  SmallVector<AffineMap> maps = {map({i, k})};
  maps.append(kPanelParts, map({k, j}));
  bool hasWeight = seq::hasFeatureWeight(op.getScore());
  if (hasWeight) {
    ins.push_back(shape.op.getScoreWeight());
    maps.push_back(map({k}));
  }
  maps.append(kPanelParts, map({i, j}));
  SmallVector<Value> results = generic(
      b, ins, outs, maps,
      {IteratorType::parallel, IteratorType::reduction, IteratorType::parallel},
      [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
        SmallVector<Value> sums;
        for (int64_t part = 0; part < kPanelParts; ++part) {
          Value weight = hasWeight ? args[1 + kPanelParts] : Value();
          if (weight)
            weight = convertFloat(b, weight, b.getF32Type());
          Value term = scoreTerm(b, op.getScore(), args[0], args[1 + part],
                                 weight, arith::FastMathFlags::contract);
          sums.push_back(arith::AddFOp::create(b, args[ins.size() + part], term,
                                               arith::FastMathFlags::contract));
        }
        return sums;
      });
  mark(results[0]);
  Parts parts;
  llvm::copy(results, parts.begin());
  Value greatest;
  parts = finish(tile, parts, greatest, states.seen);
  states.weights = store(tile, parts, states.weights);
  if (!shape.isSoftmax())
    return states;
  OpFoldResult rows = b.getIndexAttr(tile.rows);
  AffineMap perRow = AffineMap::get(2, 0, b.getAffineDimExpr(0));
  Value raised = generic(
      b, greatest, slice(b, states.maxima, {tile.row}, {rows}),
      {b.getMultiDimIdentityMap(2), perRow},
      {IteratorType::parallel, IteratorType::reduction},
      [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
        return {arith::MaxNumFOp::create(b, args[0], args[1])};
      })[0];
  mark(raised);
  states.raised = tensor::InsertSliceOp::create(
      b, raised, states.raised, ArrayRef<OpFoldResult>{tile.row},
      ArrayRef<OpFoldResult>{rows}, ArrayRef<OpFoldResult>{one});
  return states;
}

Value AttentionTileWriter::stage(Value side, const AttentionTile &tile) {
  auto type = cast<RankedTensorType>(side.getType());
  Attribute one = b.getIndexAttr(1), zero = b.getIndexAttr(0);
  bool hasRows = type.getDimSize(2) != 1, hasKeys = type.getDimSize(3) != 1;
  int64_t rows = hasRows ? tile.rows : 1;
  Value first =
      arith::MulIOp::create(b, tile.panel, indexConstant(b, kPanelKeys));
  auto whole = getConstantIntValue(shape.numKeys);
  OpFoldResult count = one;
  if (hasKeys)
    count =
        whole && *whole % kPanelKeys == 0
            ? OpFoldResult(b.getIndexAttr(kPanelKeys))
            : arith::MinSIOp::create(
                  b, indexConstant(b, kPanelKeys),
                  arith::SubIOp::create(b, asValue(b, shape.numKeys), first))
                  .getResult();
  OpFoldResult row = zero;
  if (hasRows)
    row = arith::AddIOp::create(b, tile.blockStart, tile.row).getResult();
  auto pick = [&](int64_t dim, Value index) -> OpFoldResult {
    if (type.getDimSize(dim) == 1)
      return zero;
    if (!type.isDynamicDim(dim))
      return index;
    // The extent may turn out to be 1.
    Value single = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                         asValue(b, extent(b, side, dim)),
                                         indexConstant(b, 1));
    return arith::SelectOp::create(b, single, indexConstant(b, 0), index)
        .getResult();
  };
  Value part = slice(b, side,
                     {pick(0, tile.batch), pick(1, tile.head), row,
                      hasKeys ? OpFoldResult(first) : OpFoldResult(zero)},
                     {one, one, b.getIndexAttr(rows), count},
                     /*dropped=*/{0, 1});
  Type element = type.getElementType();
  bool isStatic = cast<RankedTensorType>(part.getType()).hasStaticShape();
  if (isStatic && element == b.getF32Type())
    return part;
  Value staged = emptyTile(rows, hasKeys ? kPanelKeys : 1);
  Value target = slice(b, staged, {zero, zero}, {b.getIndexAttr(rows), count});
  Value copied = elementwise(
      b, part, target,
      [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
        if (isa<FloatType>(element))
          return {convertFloat(b, args[0], b.getF32Type())};
        return {arith::SelectOp::create(b, args[0],
                                        floatConstant(b, b.getF32Type(), 1),
                                        floatConstant(b, b.getF32Type(), 0))};
      })[0];
  return tensor::InsertSliceOp::create(
      b, copied, staged, ArrayRef<OpFoldResult>{zero, zero},
      ArrayRef<OpFoldResult>{b.getIndexAttr(rows), count},
      ArrayRef<OpFoldResult>{one, one});
}

AttentionTileWriter::Bounds
AttentionTileWriter::bounds(const AttentionTile &tile, int64_t part) {
  // Every comparison is with a lane number of a part less a row number of a
  // tile; clamped, the other side fits 32 bits.
  auto narrow = [&](Value index) -> Value {
    Value least = indexConstant(b, -kPanelKeys),
          most = indexConstant(b, kPanelKeys);
    index = arith::MinSIOp::create(b, arith::MaxSIOp::create(b, index, least),
                                   most);
    return arith::IndexCastOp::create(b, b.getI32Type(), index);
  };
  Value base = arith::AddIOp::create(
      b, arith::MulIOp::create(b, tile.panel, indexConstant(b, kPanelKeys)),
      indexConstant(b, part * kLaneKeys));
  Bounds bounds;
  std::optional<int64_t> whole = getConstantIntValue(shape.numKeys);
  if (op.getLengths() || !whole || *whole % kPanelKeys != 0)
    bounds.count = narrow(arith::SubIOp::create(b, tile.keyCount, base));
  std::optional<ArrayRef<int64_t>> window = op.getWindow();
  if (op.getCausal() == seq::Causal::None && !window)
    return bounds;
  Value position = arith::AddIOp::create(b, tile.blockStart, tile.row);
  if (tile.shift)
    position = arith::AddIOp::create(b, position, tile.shift);
  position = arith::SubIOp::create(b, position, base);
  if (op.getCausal() != seq::Causal::None)
    bounds.causal = narrow(position);
  if (window && (*window)[0] >= 0)
    bounds.first = narrow(
        arith::SubIOp::create(b, position, windowReach(b, (*window)[0])));
  if (window && (*window)[1] >= 0)
    bounds.last = narrow(
        arith::AddIOp::create(b, position, windowReach(b, (*window)[1])));
  return bounds;
}

/// Scale, softcap, bias, sign and masks, as the op's documentation has them;
/// hidden keys get -inf in front of a softmax and 0 otherwise. With softmax,
/// also the greatest score of each lane.
AttentionTileWriter::Parts
AttentionTileWriter::finish(const AttentionTile &tile, Parts scores,
                            Value &greatest, Value &seen) {
  SmallVector<Value> ins, outs(scores.begin(), scores.end());
  SmallVector<AffineMap> maps;
  AffineMap full = b.getMultiDimIdentityMap(2);
  AffineExpr i = b.getAffineDimExpr(0), j = b.getAffineDimExpr(1);
  // Parts of a staged tile; a dimension of extent 1 is repeated.
  auto addSide = [&](Value staged) -> unsigned {
    if (!staged)
      return 0;
    unsigned first = ins.size();
    auto type = cast<RankedTensorType>(staged.getType());
    bool hasRows = type.getDimSize(0) > 1, hasKeys = type.getDimSize(1) > 1;
    for (int64_t part = 0; part < kPanelParts; ++part) {
      SmallVector<int64_t> dropped;
      SmallVector<AffineExpr> kept;
      hasRows ? kept.push_back(i) : dropped.push_back(0);
      hasKeys ? kept.push_back(j) : dropped.push_back(1);
      ins.push_back(slice(
          b, staged,
          {b.getIndexAttr(0), b.getIndexAttr(hasKeys ? part * kLaneKeys : 0)},
          {b.getIndexAttr(type.getDimSize(0)),
           b.getIndexAttr(hasKeys ? kLaneKeys : 1)},
          dropped));
      maps.push_back(AffineMap::get(2, 0, kept, b.getContext()));
    }
    return first;
  };
  unsigned firstBias = addSide(tile.bias), firstMask = addSide(tile.mask);
  if (shape.isSoftmax())
    outs.push_back(emptyTile(tile.rows, kLaneKeys));
  if (seen)
    outs.push_back(
        slice(b, seen, {tile.row, b.getIndexAttr(0)},
              {b.getIndexAttr(tile.rows), b.getIndexAttr(kLaneKeys)}));
  maps.append(outs.size(), full);
  SmallVector<Bounds> limits;
  for (int64_t part = 0; part < kPanelParts; ++part)
    limits.push_back(bounds(tile, part));

  double hidden =
      shape.isSoftmax() ? -std::numeric_limits<double>::infinity() : 0.0;
  auto body = [&](ImplicitLocOpBuilder &b,
                  ValueRange args) -> SmallVector<Value> {
    auto constant = [&](double number) {
      return floatConstant(b, b.getF32Type(), number);
    };
    auto position = [&](int64_t dim) -> Value {
      return arith::IndexCastOp::create(b, b.getI32Type(),
                                        linalg::IndexOp::create(b, dim));
    };
    SmallVector<Value> results;
    Value most, anySeen = seen ? args.back() : Value();
    for (int64_t part = 0; part < kPanelParts; ++part) {
      Value s = args[ins.size() + part], live;
      auto require = [&](Value condition) {
        live =
            live ? Value(arith::AndIOp::create(b, live, condition)) : condition;
      };
      auto isVisible = [&]() -> Value {
        return arith::CmpFOp::create(b, arith::CmpFPredicate::ONE,
                                     args[firstMask + part], constant(0));
      };
      s = finishScore(b, op, s, isVisible,
                      [&] { return args[firstBias + part]; });
      const Bounds &limit = limits[part];
      using Predicate = arith::CmpIPredicate;
      if (limit.count)
        require(
            arith::CmpIOp::create(b, Predicate::slt, position(1), limit.count));
      if (limit.causal || limit.first || limit.last) {
        Value distance = arith::SubIOp::create(b, position(1), position(0));
        if (limit.causal)
          require(
              arith::CmpIOp::create(b, Predicate::sle, distance, limit.causal));
        if (limit.first)
          require(
              arith::CmpIOp::create(b, Predicate::sge, distance, limit.first));
        if (limit.last)
          require(
              arith::CmpIOp::create(b, Predicate::sle, distance, limit.last));
      }
      if (shape.masksKeys())
        require(isVisible());
      if (live)
        s = arith::SelectOp::create(b, live, s, constant(hidden));
      if (anySeen)
        anySeen = arith::SelectOp::create(b, live, constant(1), anySeen);
      results.push_back(s);
      // The instruction of all targets; where a score is NaN, the result is
      // NaN whatever the greatest one.
      most = most ? Value(arith::SelectOp::create(
                        b,
                        arith::CmpFOp::create(b, arith::CmpFPredicate::OGT,
                                              most, s),
                        most, s))
                  : s;
    }
    if (shape.isSoftmax())
      results.push_back(most);
    if (anySeen)
      results.push_back(anySeen);
    return results;
  };
  SmallVector<Value> results =
      generic(b, ins, outs, maps,
              {IteratorType::parallel, IteratorType::parallel}, body);
  mark(results[0]);
  Parts parts;
  std::copy_n(results.begin(), kPanelParts, parts.begin());
  if (shape.isSoftmax())
    greatest = results[kPanelParts];
  if (seen)
    seen = tensor::InsertSliceOp::create(
        b, results.back(), seen,
        ArrayRef<OpFoldResult>{tile.row, b.getIndexAttr(0)},
        ArrayRef<OpFoldResult>{b.getIndexAttr(tile.rows),
                               b.getIndexAttr(kLaneKeys)},
        ArrayRef<OpFoldResult>{b.getIndexAttr(1), b.getIndexAttr(1)});
  return parts;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

AttentionStates AttentionTileWriter::raiseMaxima(AttentionStates states) {
  AffineMap line = b.getMultiDimIdentityMap(1);
  SmallVector<Value> results = generic(
      b, states.raised, {states.maxima, states.rescale}, {line, line, line},
      IteratorType::parallel,
      [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
        Value difference = arith::SubFOp::create(b, args[1], args[0]);
        return {args[0], math::ExpOp::create(b, difference)};
      });
  mark(results[0]);
  states.maxima = results[0];
  states.rescale = results[1];
  return states;
}

AttentionStates AttentionTileWriter::exponentiate(const AttentionTile &tile,
                                                  AttentionStates states) {
  Attribute one = b.getIndexAttr(1), zero = b.getIndexAttr(0);
  OpFoldResult rows = b.getIndexAttr(tile.rows);
  AffineMap full = b.getMultiDimIdentityMap(2);
  AffineMap perRow = AffineMap::get(2, 0, b.getAffineDimExpr(0));
  SmallVector<Value> ins;
  for (Value state : {states.maxima, states.rescale})
    ins.push_back(slice(b, state, {tile.row}, {rows}));
  SmallVector<OpFoldResult> offsets = {tile.row, zero},
                            sizes = {rows, b.getIndexAttr(kLaneKeys)};
  Parts scores = load(tile, states.weights);
  SmallVector<Value> outs(scores.begin(), scores.end());
  outs.push_back(slice(b, states.sums, offsets, sizes));
  SmallVector<AffineMap> maps = {perRow, perRow};
  maps.append(outs.size(), full);
  SmallVector<Value> results = generic(
      b, ins, outs, maps, {IteratorType::parallel, IteratorType::parallel},
      [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
        SmallVector<Value> weights;
        Value sum = arith::MulFOp::create(b, args.back(), args[1], sumFlags);
        for (int64_t part = 0; part < kPanelParts; ++part) {
          weights.push_back(math::ExpOp::create(
              b, arith::SubFOp::create(b, args[2 + part], args[0])));
          sum = arith::AddFOp::create(b, sum, weights.back(), sumFlags);
        }
        weights.push_back(sum);
        return weights;
      });
  mark(results[0]);
  states.sums =
      tensor::InsertSliceOp::create(b, results.back(), states.sums, offsets,
                                    sizes, ArrayRef<OpFoldResult>{one, one});
  states.weights = store(tile, ArrayRef(results).drop_back(), states.weights);
  return states;
}

AttentionStates AttentionTileWriter::accumulate(const AttentionTile &tile,
                                                AttentionStates states) {
  Attribute one = b.getIndexAttr(1), zero = b.getIndexAttr(0);
  OpFoldResult rows = b.getIndexAttr(tile.rows);
  Value first =
      arith::MulIOp::create(b, tile.panel, indexConstant(b, kPanelKeys));
  // Values of keys behind the last one are not read.
  OpFoldResult count = b.getIndexAttr(kPanelKeys);
  std::optional<int64_t> whole = getConstantIntValue(shape.numKeys);
  if (op.getLengths() || !whole || *whole % kPanelKeys != 0)
    count =
        arith::MinSIOp::create(b, indexConstant(b, kPanelKeys),
                               arith::SubIOp::create(b, tile.keyCount, first))
            .getResult();
  Value lhs = slice(b, states.weights, {tile.row, zero}, {rows, count});
  Value rescale;
  if (states.rescale)
    rescale = slice(b, states.rescale, {tile.row}, {rows});
  Value row = arith::AddIOp::create(b, tile.blockStart, tile.row);
  AffineExpr i, k, j;
  bindDims(b.getContext(), i, k, j);
  auto map = [&](AffineExpr x, AffineExpr y) {
    return AffineMap::get(3, 0, {x, y}, b.getContext());
  };
  for (int64_t column = 0; column < shape.columns; column += kPanelKeys) {
    OpFoldResult columns =
        b.getIndexAttr(std::min(kPanelKeys, shape.columns - column));
    SmallVector<OpFoldResult> offsets = {tile.batch, tile.head, row,
                                         b.getIndexAttr(column)},
                              sizes = {one, one, rows, columns};
    Value sum = slice(b, states.output, offsets, sizes, /*dropped=*/{0, 1});
    if (rescale) {
      AffineMap full = b.getMultiDimIdentityMap(2);
      sum = generic(
          b, rescale, sum, {AffineMap::get(2, 0, b.getAffineDimExpr(0)), full},
          {IteratorType::parallel, IteratorType::parallel},
          [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
            return {arith::MulFOp::create(b, args[1], args[0])};
          })[0];
      mark(sum);
    }
    Value rhs = slice(b, shape.value,
                      {tile.batch, tile.keyHead, first, b.getIndexAttr(column)},
                      {one, one, count, columns}, /*dropped=*/{0, 1});
    sum = generic(
        b, {lhs, rhs}, sum, {map(i, k), map(k, j), map(i, j)},
        {IteratorType::parallel, IteratorType::reduction,
         IteratorType::parallel},
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          Value term = arith::MulFOp::create(b, args[0], args[1],
                                             arith::FastMathFlags::contract);
          return {arith::AddFOp::create(b, args[2], term,
                                        arith::FastMathFlags::contract)};
        })[0];
    mark(sum);
    states.output = tensor::InsertSliceOp::create(
        b, sum, states.output, offsets, sizes,
        SmallVector<OpFoldResult>(4, OpFoldResult(one)));
  }
  return states;
}

Value AttentionTileWriter::divide(const AttentionTile &tile,
                                  const AttentionStates &states) {
  Attribute one = b.getIndexAttr(1), zero = b.getIndexAttr(0);
  OpFoldResult rows = b.getIndexAttr(tile.rows),
               lanes = b.getIndexAttr(kLaneKeys);
  AffineMap full = b.getMultiDimIdentityMap(2);
  AffineMap perRow = AffineMap::get(2, 0, b.getAffineDimExpr(0));
  SmallVector<Value> ins;
  for (Value state : {states.sums, states.seen}) {
    if (!state)
      continue;
    Value sum = linalg::FillOp::create(b, floatConstant(b, b.getF32Type(), 0),
                                       emptyTensor(b, rows, b.getF32Type()))
                    .getResult(0);
    mark(sum);
    sum = generic(
        b, slice(b, state, {tile.row, zero}, {rows, lanes}), sum,
        {full, perRow}, {IteratorType::parallel, IteratorType::reduction},
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          return {arith::AddFOp::create(b, args[1], args[0], sumFlags)};
        })[0];
    mark(sum);
    ins.push_back(sum);
  }
  SmallVector<AffineMap> maps(ins.size(), perRow);
  maps.push_back(full);
  Value output = states.output;
  Value row = arith::AddIOp::create(b, tile.blockStart, tile.row);
  for (int64_t column = 0; column < shape.columns; column += kPanelKeys) {
    SmallVector<OpFoldResult>
        offsets = {tile.batch, tile.head, row, b.getIndexAttr(column)},
        sizes = {one, one, rows,
                 b.getIndexAttr(std::min(kPanelKeys, shape.columns - column))};
    Value part = slice(b, output, offsets, sizes, /*dropped=*/{0, 1});
    part = generic(
        b, ins, part, maps, {IteratorType::parallel, IteratorType::parallel},
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          Value none = floatConstant(b, b.getF32Type(), 0);
          Value quotient = arith::DivFOp::create(b, args.back(), args[0]);
          // 0 / 0 is the NaN of scores of -inf.
          return {arith::SelectOp::create(b, isHidden(b, tile, args), none,
                                          quotient)};
        })[0];
    mark(part);
    output = tensor::InsertSliceOp::create(
        b, part, output, offsets, sizes,
        SmallVector<OpFoldResult>(4, OpFoldResult(one)));
  }
  return output;
}

Value AttentionTileWriter::isHidden(ImplicitLocOpBuilder &b,
                                    const AttentionTile &tile,
                                    ValueRange args) {
  if (shape.masksKeys())
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, args[1],
                                 floatConstant(b, b.getF32Type(), 0));
  Value query = arith::AddIOp::create(
      b, arith::AddIOp::create(b, tile.blockStart, tile.row),
      linalg::IndexOp::create(b, 0));
  KeyRange keys = visibleKeys(b, shape, tile, query, indexConstant(b, 1));
  return arith::CmpIOp::create(b, arith::CmpIPredicate::sge, keys.begin,
                               keys.end);
}

} // namespace seqc
