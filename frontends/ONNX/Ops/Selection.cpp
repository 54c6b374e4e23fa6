//===- Selection.cpp - ArgMax, ArgMin and TopK ----------------------------===//

#include "frontends/Common/Loops.h"
#include "frontends/ONNX/Ops/InputTypes.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

/// Whether `a` comes strictly before `b`; NaN counts as the greatest number,
/// as numpy sorts.
static Number isBefore(bool largest, Number a, Number b) {
  Number before = compare(largest ? Compare::Greater : Compare::Less, a, b);
  if (!isFloat(a.getType()))
    return before;
  return before | (largest ? isNaN(a) & !isNaN(b) : isNaN(b) & !isNaN(a));
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
  std::optional<int64_t> axis = node.getAxis("axis", 0, x.getRank());
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
      iterators, [](mlir::OpBuilder &, mlir::Location, ValueRange) {});
  {
    mlir::OpBuilder::InsertionGuard guard(builder);
    mlir::Block &body = op.getRegion().front();
    builder.setInsertionPointToStart(&body);
    Scalars s = e.scalars();
    SmallVector<Number> at;
    for (unsigned d = 0; d < rank; ++d)
      at.emplace_back(s, s.op<mlir::linalg::IndexOp>(d));
    Number here = at[*axis], so(e, DataType::Int64, body.getArgument(1));
    at[*axis] = so.toIndex();
    Number best = read(e, x, at);
    Number element = Number(e, x.type, body.getArgument(0)).as(type);
    Number better = last ? !isBefore(largest, best, element)
                         : isBefore(largest, element, best);
    Value next = select(better, here.as(DataType::Int64), so);
    mlir::linalg::YieldOp::create(builder, e.getLoc(), next);
  }
  Tensor y{op.getResult(0), DataType::Int64};
  e.setExtents(y.value, sizes);
  return node.give(keep ? e.reshape(y, kept) : y);
}

//===----------------------------------------------------------------------===//
// TopK
//===----------------------------------------------------------------------===//

/// Up to here, a pass over all elements for each that is taken costs less than
/// sorting them.
static constexpr int64_t kFewTaken = 32;

/// How many elements TopK takes of `extent`, clamped where it is known at run
/// time only.
static FailureOr<Number> getCount(Node &node, OpFoldResult extent) {
  Emitter &e = node.getEmitter();
  Number count(e, 0);
  if (node.getOpset() < 10) {
    count = Number(e, node.getInt("k", 0));
  } else {
    Tensor k = node.settleInput(1);
    if (!k || !isOne(k) || !isInteger(k.type))
      return node.error("its input 1 (k) is not one integer");
    if (auto number = e.constantIntegers(k))
      count = Number(e, number->front());
    else
      count = Number(e, k.type, e.elements(k).front()).toIndex();
  }
  std::optional<int64_t> number = mlir::getConstantIntValue(count),
                         all = mlir::getConstantIntValue(extent);
  if (number && (*number < 0 || (all && *number > *all)))
    return node.error("k is " + Twine(*number) + "; required is 0 to " +
                      (all ? Twine(*all) : Twine("the extent")));
  if (number && all)
    return count;
  Number most(e, extent);
  e.requireInside(count, Number(e, 0), most + 1, "k");
  return max(Number(e, 0), min(count, most));
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
  SmallVector<Value> take(Value values, Value indices);
  /// Sorts the indices of all n elements by merging runs.
  SmallVector<Value> sort(Value values, Value indices);

private:
  /// The position and the value of the first element of a row that comes after
  /// the one taken before, by value and then by index.
  SmallVector<Value> findNext(ArrayRef<Number> row, Number before,
                              Number least);
  /// `order` [2, n] has runs of `width` sorted indices in half `from`; merges
  /// pairs of them into the other half.
  Value merge(ArrayRef<Number> row, Value order, Number from, Number width);

  Emitter &e;
  Tensor x;
  DataType type;
  Extents sizes;
  OpFoldResult count;
  bool largest;
};
} // namespace

SmallVector<Value> TopK::findNext(ArrayRef<Number> row, Number before,
                                  Number least) {
  return iterate(
      e, {sizes[1]}, {Number(e, -1), e.scalars().constant(type, 0)},
      [&](ArrayRef<Number> at, ValueRange carried) {
        Number best(e, carried[0]), most(e, type, carried[1]);
        Number element = read(e, x, {row[0], at[0], row[1]});
        // Less than the one before, or its equal further on.
        Number open = (before == -1) |
                      (isBefore(largest, least, element) |
                       (!isBefore(largest, element, least) & (at[0] > before)));
        Number better =
            open & ((best == -1) | isBefore(largest, element, most));
        return SmallVector<Value>{select(better, at[0], best),
                                  select(better, element, most)};
      });
}

SmallVector<Value> TopK::take(Value values, Value indices) {
  return iterate(
      e, {sizes[0], sizes[2]}, {values, indices},
      [&](ArrayRef<Number> row, ValueRange filled) {
        SmallVector<Value> done = iterate(
            e, {count},
            {filled[0], filled[1], Number(e, -1),
             e.scalars().constant(type, 0)},
            [&](ArrayRef<Number> k, ValueRange carried) {
              SmallVector<Value> found =
                  findNext(row, {e, carried[2]}, {e, type, carried[3]});
              Number goal[] = {row[0], k[0], row[1]};
              Number value = Number(e, type, found[1]).as(x.type);
              Number index = Number(e, found[0]).as(DataType::Int64);
              return SmallVector<Value>{insert(e, value, carried[0], goal),
                                        insert(e, index, carried[1], goal),
                                        found[0], found[1]};
            });
        return SmallVector<Value>{done[0], done[1]};
      });
}

Value TopK::merge(ArrayRef<Number> row, Value order, Number from,
                  Number width) {
  Number n(e, sizes[1]), to = 1 - from, pair = width + width;
  return iterate(
      e, {sizes[1]}, {order, Number(e, 0), Number(e, 0)},
      [&](ArrayRef<Number> at, ValueRange carried) {
        Number inPair = at[0] % pair, begin = at[0] - inPair;
        Number middle = min(begin + width, n), end = min(begin + pair, n);
        Number isNew = inPair == 0;
        Number left = select(isNew, begin, Number(e, carried[1]));
        Number right = select(isNew, middle, Number(e, carried[2]));
        auto indexAt = [&](Number i) {
          return load(e, {carried[0], DataType::Int64}, {from, min(i, n - 1)});
        };
        auto element = [&](Number index) {
          return read(e, x, {row[0], index.toIndex(), row[1]});
        };
        Number first = indexAt(left), second = indexAt(right);
        // Equal elements stay in their order.
        Number takesRight = (right < end) & ((left >= middle) |
                                             isBefore(largest, element(second),
                                                      element(first)));
        return SmallVector<Value>{insert(e, select(takesRight, second, first),
                                         carried[0], {to, at[0]}),
                                  select(takesRight, left, left + 1),
                                  select(takesRight, right + 1, right)};
      })[0];
}

SmallVector<Value> TopK::sort(Value values, Value indices) {
  // Runs double until one has all elements.
  Number passes = countDoublings(e, sizes[1]), last = passes % 2;
  Value space = e.empty({Number(e, 2), sizes[1]}, DataType::Int64);
  return iterate(
      e, {sizes[0], sizes[2]}, {values, indices, space},
      [&](ArrayRef<Number> row, ValueRange filled) {
        Value order = iterate(
            e, {sizes[1]}, {filled[2]},
            [&](ArrayRef<Number> at, ValueRange carried) {
              return SmallVector<Value>{
                  insert(e, at[0].as(DataType::Int64), carried[0], {0, at[0]})};
            })[0];
        order =
            iterate(e, {passes}, {order},
                    [&](ArrayRef<Number> pass, ValueRange carried) {
                      return SmallVector<Value>{merge(
                          row, carried[0], pass[0] % 2, powerOfTwo(pass[0]))};
                    })[0];
        return iterate(
            e, {count}, {filled[0], filled[1], order},
            [&](ArrayRef<Number> k, ValueRange carried) {
              Number index =
                  load(e, {carried[2], DataType::Int64}, {last, k[0]});
              Number value = load(e, x, {row[0], index.toIndex(), row[1]});
              Number goal[] = {row[0], k[0], row[1]};
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
  std::optional<int64_t> axis = node.getAxis("axis", -1, rank);
  if (!axis)
    return failure();
  bool largest = node.getInt("largest", 1) != 0;
  (void)node.getInt("sorted", 1);
  Extents whole = e.extents(x);
  FailureOr<Number> found = getCount(node, whole[*axis]);
  if (failed(found))
    return failure();
  OpFoldResult count = *found;
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
          ? topK.take(values, indices)
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
