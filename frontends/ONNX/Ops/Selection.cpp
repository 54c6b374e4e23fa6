//===- Selection.cpp - ArgMax, ArgMin and TopK ----------------------------===//

#include "frontends/ONNX/Loops.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;
using mlir::arith::CmpIPredicate;

/// Whether `a` comes strictly before `b`; NaN counts as the greatest number,
/// as numpy sorts.
static Value isBefore(Scalars &s, DataType type, bool largest, Value a,
                      Value b) {
  Value before =
      s.compare(largest ? Compare::Greater : Compare::Less, type, a, b);
  if (!isFloat(type))
    return before;
  Value first = largest ? a : b, second = largest ? b : a;
  return s.logicalOr(before, s.logicalAnd(s.isNaN(type, first),
                                          s.logicalNot(s.isNaN(type, second))));
}

//===----------------------------------------------------------------------===//
// ArgMax and ArgMin
//===----------------------------------------------------------------------===//

/// The position of the best element so far is what the reduction carries; the
/// element is read again from there.
template <bool largest> static LogicalResult convertArg(Node &node) {
  Emitter &e = node.getEmitter();
  mlir::OpBuilder &builder = e.getBuilder();
  Tensor x = node.getInput(0);
  bool keep = node.getInt("keepdims", 1) != 0;
  bool last = node.getInt("select_last_index", 0) != 0;
  std::optional<int64_t> axis =
      node.getAxis(node.getInt("axis", 0), x.getRank());
  if (!axis)
    return failure();
  DataType type = getComputeType(x.type);
  Extents sizes = e.extents(x), kept(sizes);
  sizes.erase(sizes.begin() + *axis);
  kept[*axis] = builder.getIndexAttr(1);
  Tensor init = e.fill(DataType::Int64, sizes, 0);
  unsigned rank = kept.size();
  SmallVector<mlir::AffineExpr> expressions;
  SmallVector<mlir::utils::IteratorType> iterators(
      rank, mlir::utils::IteratorType::parallel);
  iterators[*axis] = mlir::utils::IteratorType::reduction;
  for (unsigned d = 0; d < rank; ++d)
    if (d != *axis)
      expressions.push_back(builder.getAffineDimExpr(d));
  mlir::AffineMap maps[] = {
      builder.getMultiDimIdentityMap(rank),
      mlir::AffineMap::get(rank, 0, expressions, builder.getContext())};
  auto op = mlir::linalg::GenericOp::create(
      builder, e.getLoc(), init.value.getType(), x.value, init.value, maps,
      iterators,
      [&](mlir::OpBuilder &nested, mlir::Location loc, ValueRange v) {
        Scalars s(nested, loc);
        SmallVector<Value> at;
        for (unsigned d = 0; d < rank; ++d)
          at.push_back(mlir::linalg::IndexOp::create(nested, loc, d));
        Value here = at[*axis];
        at[*axis] = s.toIndex(DataType::Int64, v[1]);
        Value best = mlir::tensor::ExtractOp::create(nested, loc, x.value, at);
        best = s.convert(x.type, type, best);
        Value element = s.convert(x.type, type, v[0]);
        Value better =
            last ? s.logicalNot(isBefore(s, type, largest, best, element))
                 : isBefore(s, type, largest, element, best);
        mlir::linalg::YieldOp::create(
            nested, loc,
            s.select(better, s.fromIndex(DataType::Int64, here), v[1]));
      });
  Tensor y{op.getResult(0), DataType::Int64};
  e.setExtents(y.value, sizes);
  node.setOutput(0, keep ? e.reshape(y, kept) : y);
  return success();
}

//===----------------------------------------------------------------------===//
// TopK
//===----------------------------------------------------------------------===//

/// Up to here, a pass over all elements for each that is taken costs less than
/// sorting them.
static constexpr int64_t kFewTaken = 32;

/// How many elements TopK takes of `extent`, clamped where it is known at run
/// time only.
static LogicalResult getCount(Node &node, OpFoldResult extent,
                              OpFoldResult &count) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  if (node.getOpset() < 10) {
    count = e.getBuilder().getIndexAttr(node.getInt("k", 0));
  } else {
    Tensor k = node.settleInput(1);
    if (!k || !k.getType().hasStaticShape() ||
        k.getType().getNumElements() != 1 || !isInteger(k.type))
      return node.error("its input 1 (k) is not one integer");
    if (auto number = e.constantIntegers(k))
      count = e.getBuilder().getIndexAttr(number->front());
    else
      count = OpFoldResult(s.toIndex(k.type, e.elements(k).front()));
  }
  std::optional<int64_t> number = mlir::getConstantIntValue(count),
                         all = mlir::getConstantIntValue(extent);
  if (number && (*number < 0 || (all && *number > *all)))
    return node.error("k is " + Twine(*number) + "; required is 0 to " +
                      (all ? Twine(*all) : Twine("the extent")));
  if (!number || !all)
    e.requireInside(count, s.index(0),
                    s.addIndex(e.toValue(extent), s.index(1)), "k");
  if (!number || !all)
    count = OpFoldResult(s.maxIndex(
        s.index(0), s.minIndex(e.toValue(count), e.toValue(extent))));
  count = e.simplify(count)[0];
  return success();
}

namespace {
/// TopK on x [outer, n, inner], which fills values and indices [outer, count,
/// inner].
class TopK {
public:
  TopK(Emitter &e, Tensor x, OpFoldResult count, bool largest)
      : e(e), x(x), type(getComputeType(x.type)), sizes(e.extents(x)),
        count(count), largest(largest) {}

  /// One pass over n for each element that is taken.
  SmallVector<Value> select(Value values, Value indices);
  /// Sorts the indices of all n elements by merging runs.
  SmallVector<Value> sort(Value values, Value indices);

private:
  Value isFirst(Scalars &s, Value a, Value b) {
    return isBefore(s, type, largest, a, b);
  }
  /// The position and the value of the first element of a row that comes after
  /// the one taken before, by value and then by index.
  SmallVector<Value> findNext(ValueRange row, Value before, Value least);
  /// `order` [2, n] has runs of `width` sorted indices in half `from`; merges
  /// pairs of them into the other half.
  Value merge(ValueRange row, Value order, Value from, Value width);
  /// How often runs double until one has all elements.
  Value getNumPasses();

  Emitter &e;
  Tensor x;
  DataType type;
  Extents sizes;
  OpFoldResult count;
  bool largest;
};
} // namespace

SmallVector<Value> TopK::findNext(ValueRange row, Value before, Value least) {
  Scalars outer = e.scalars();
  Value none = outer.index(-1), zero = outer.constant(type, 0);
  return iterate(
      e, {sizes[1]}, {none, zero},
      [&](Scalars &s, ValueRange at, ValueRange best) {
        auto isNone = [&](Value index) {
          return s.compareIndex(CmpIPredicate::eq, index, none);
        };
        Value element = e.loadWide(x, {row[0], at[0], row[1]});
        // Less than the one before, or its equal further on.
        Value further = s.compareIndex(CmpIPredicate::sgt, at[0], before);
        Value ahead = isFirst(s, element, least);
        Value behind = isFirst(s, least, element);
        Value open = s.logicalOr(
            isNone(before),
            s.logicalOr(behind, s.logicalAnd(s.logicalNot(ahead), further)));
        Value better =
            s.logicalOr(isNone(best[0]), isFirst(s, element, best[1]));
        better = s.logicalAnd(open, better);
        return SmallVector<Value>{s.select(better, at[0], best[0]),
                                  s.select(better, element, best[1])};
      });
}

SmallVector<Value> TopK::select(Value values, Value indices) {
  Scalars outer = e.scalars();
  Value none = outer.index(-1), zero = outer.constant(type, 0);
  return iterate(
      e, {sizes[0], sizes[2]}, {values, indices},
      [&](Scalars &, ValueRange row, ValueRange filled) {
        SmallVector<Value> done = iterate(
            e, {count}, {filled[0], filled[1], none, zero},
            [&](Scalars &s, ValueRange k, ValueRange carried) {
              SmallVector<Value> found = findNext(row, carried[2], carried[3]);
              Value goal[] = {row[0], k[0], row[1]};
              Value value = s.convert(type, x.type, found[1]);
              Value index = s.fromIndex(DataType::Int64, found[0]);
              return SmallVector<Value>{insert(e, value, carried[0], goal),
                                        insert(e, index, carried[1], goal),
                                        found[0], found[1]};
            });
        return SmallVector<Value>{done[0], done[1]};
      });
}

Value TopK::getNumPasses() {
  Scalars outer = e.scalars();
  if (std::optional<int64_t> n = mlir::getConstantIntValue(sizes[1]))
    return outer.index(*n > 1 ? Log2_64_Ceil(*n) : 0);
  Value extent = e.toValue(sizes[1]);
  return iterate(e, {e.getBuilder().getIndexAttr(62)}, {outer.index(0)},
                 [&](Scalars &s, ValueRange at, ValueRange passes) {
                   Value width = s.op<mlir::arith::ShLIOp>(s.index(1), at[0]);
                   Value more =
                       s.compareIndex(CmpIPredicate::slt, width, extent);
                   Value next = s.addIndex(passes[0], s.index(1));
                   return SmallVector<Value>{s.select(more, next, passes[0])};
                 })[0];
}

Value TopK::merge(ValueRange row, Value order, Value from, Value width) {
  Scalars outer = e.scalars();
  Value n = e.toValue(sizes[1]), zero = outer.index(0), one = outer.index(1);
  Value to = outer.subIndex(one, from), pair = outer.addIndex(width, width);
  return iterate(
      e, {sizes[1]}, {order, zero, zero},
      [&](Scalars &s, ValueRange at, ValueRange carried) {
        Value inPair = s.remIndex(at[0], pair);
        Value begin = s.subIndex(at[0], inPair);
        Value middle = s.minIndex(s.addIndex(begin, width), n);
        Value end = s.minIndex(s.addIndex(begin, pair), n);
        Value isNew = s.compareIndex(CmpIPredicate::eq, inPair, zero);
        Value left = s.select(isNew, begin, carried[1]);
        Value right = s.select(isNew, middle, carried[2]);
        auto load = [&](Value i) {
          i = s.minIndex(i, s.subIndex(n, one));
          return e.load({carried[0], DataType::Int64}, {from, i});
        };
        auto element = [&](Value index) {
          return e.loadWide(
              x, {row[0], s.toIndex(DataType::Int64, index), row[1]});
        };
        Value first = load(left), second = load(right);
        // Equal elements stay in their order.
        Value takesRight = s.logicalAnd(
            s.compareIndex(CmpIPredicate::slt, right, end),
            s.logicalOr(s.compareIndex(CmpIPredicate::sge, left, middle),
                        isFirst(s, element(second), element(first))));
        Value next = insert(e, s.select(takesRight, second, first), carried[0],
                            {to, at[0]});
        return SmallVector<Value>{
            next, s.select(takesRight, left, s.addIndex(left, one)),
            s.select(takesRight, s.addIndex(right, one), right)};
      })[0];
}

SmallVector<Value> TopK::sort(Value values, Value indices) {
  Scalars outer = e.scalars();
  Value passes = getNumPasses(), two = outer.index(2);
  Value last = outer.remIndex(passes, two);
  Value space =
      e.empty({e.getBuilder().getIndexAttr(2), sizes[1]}, DataType::Int64);
  return iterate(
      e, {sizes[0], sizes[2]}, {values, indices, space},
      [&](Scalars &, ValueRange row, ValueRange filled) {
        Value order =
            iterate(e, {sizes[1]}, {filled[2]},
                    [&](Scalars &s, ValueRange at, ValueRange carried) {
                      return SmallVector<Value>{
                          insert(e, s.fromIndex(DataType::Int64, at[0]),
                                 carried[0], {s.index(0), at[0]})};
                    })[0];
        order = iterate(
            e, {OpFoldResult(passes)}, {order},
            [&](Scalars &s, ValueRange pass, ValueRange carried) {
              Value width = s.op<mlir::arith::ShLIOp>(s.index(1), pass[0]);
              return SmallVector<Value>{
                  merge(row, carried[0], s.remIndex(pass[0], two), width)};
            })[0];
        return iterate(
            e, {count}, {filled[0], filled[1], order},
            [&](Scalars &s, ValueRange k, ValueRange carried) {
              Value index = e.load({carried[2], DataType::Int64}, {last, k[0]});
              Value value = e.load(
                  x, {row[0], s.toIndex(DataType::Int64, index), row[1]});
              Value goal[] = {row[0], k[0], row[1]};
              return SmallVector<Value>{insert(e, value, carried[0], goal),
                                        insert(e, index, carried[1], goal),
                                        carried[2]};
            });
      });
}

static LogicalResult convertTopK(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  int64_t rank = x.getRank();
  std::optional<int64_t> axis = node.getAxis(node.getInt("axis", -1), rank);
  if (!axis)
    return failure();
  bool largest = node.getInt("largest", 1) != 0;
  (void)node.getInt("sorted", 1);
  Extents whole = e.extents(x);
  OpFoldResult count;
  if (failed(getCount(node, whole[*axis], count)))
    return failure();
  ArrayRef<OpFoldResult> all = whole;
  Extents sizes = {e.product(all.take_front(*axis)), whole[*axis],
                   e.product(all.drop_front(*axis + 1))};
  Extents taken = {sizes[0], count, sizes[2]};
  Value values = e.empty(taken, x.type),
        indices = e.empty(taken, DataType::Int64);
  auto isAtMost = [](OpFoldResult size, int64_t bound) {
    std::optional<int64_t> number = mlir::getConstantIntValue(size);
    return number && *number <= bound;
  };
  TopK topK(e, e.reshape(x, sizes), count, largest);
  SmallVector<Value> results =
      isAtMost(count, kFewTaken) || isAtMost(sizes[1], 2 * kFewTaken)
          ? topK.select(values, indices)
          : topK.sort(values, indices);

  whole[*axis] = count;
  DataType types[] = {x.type, DataType::Int64};
  for (size_t result = 0; result < 2; ++result) {
    Tensor y{results[result], types[result]};
    e.setExtents(y.value, taken);
    if (result < node.getNumOutputs())
      node.setOutput(result, e.reshape(y, whole));
  }
  return success();
}

void registerSelectionOps(Registry &registry) {
  registry.add({
      {"ArgMax", 1, 1, 1, convertArg<true>},
      {"ArgMin", 1, 1, 1, convertArg<false>},
      {"TopK", 1, 1, 2, convertTopK},
  });
}

} // namespace seqc::onnx
