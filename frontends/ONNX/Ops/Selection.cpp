//===- Selection.cpp - ArgMax, ArgMin and TopK ----------------------------===//

#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

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

/// How many elements TopK takes of `extent`, clamped where it is known at run
/// time only.
static LogicalResult getCount(Node &node, OpFoldResult extent,
                              OpFoldResult &count) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  if (node.getOpset() < 10) {
    count = e.getBuilder().getIndexAttr(node.getInt("k", 0));
  } else {
    Tensor k = node.getInput(1);
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

/// One pass over [outer, n, inner] for each element that is taken: it finds the
/// first of those that come after the one that was taken before, by value and
/// then by index.
static LogicalResult convertTopK(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  mlir::OpBuilder &builder = e.getBuilder();
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
  Tensor rows = e.reshape(x, sizes);
  DataType type = getComputeType(x.type);
  Extents taken = {sizes[0], count, sizes[2]};
  Value none = s.index(-1), zero = s.index(0), one = s.index(1);
  Value inits[] = {e.empty(taken, x.type), e.empty(taken, DataType::Int64)};

  auto enter = [&](OpFoldResult size, ValueRange carried) {
    auto loop = mlir::scf::ForOp::create(builder, e.getLoc(), zero,
                                         e.toValue(size), one, carried);
    builder.setInsertionPointToStart(loop.getBody());
    return loop;
  };
  auto leave = [&](mlir::scf::ForOp loop, ValueRange carried) {
    mlir::scf::YieldOp::create(builder, e.getLoc(), carried);
    builder.setInsertionPointAfter(loop);
  };
  Value dummy = s.constant(type, 0);
  auto outer = enter(sizes[0], inits);
  auto inner = enter(sizes[2], outer.getRegionIterArgs());
  ValueRange tensors = inner.getRegionIterArgs();
  auto pass = enter(count, {tensors[0], tensors[1], none, dummy});
  Value before = pass.getRegionIterArg(2), least = pass.getRegionIterArg(3);
  auto search = enter(sizes[1], {none, dummy});
  Value best = search.getRegionIterArg(0), most = search.getRegionIterArg(1);
  Value i = search.getInductionVar();
  Value element =
      e.loadWide(rows, {outer.getInductionVar(), i, inner.getInductionVar()});
  auto isNone = [&](Value index) {
    return s.compareIndex(CmpIPredicate::eq, index, none);
  };
  // After the one before: less than it, or its equal further on.
  Value ahead = isBefore(s, type, largest, element, least);
  Value behind = isBefore(s, type, largest, least, element);
  Value further = s.compareIndex(CmpIPredicate::sgt, i, before);
  Value open = s.logicalOr(
      isNone(before),
      s.logicalOr(behind, s.logicalAnd(s.logicalNot(ahead), further)));
  Value better =
      s.logicalOr(isNone(best), isBefore(s, type, largest, element, most));
  better = s.logicalAnd(open, better);
  leave(search, {s.select(better, i, best), s.select(better, element, most)});
  Value found = search.getResult(0), value = search.getResult(1);
  Value at[] = {outer.getInductionVar(), pass.getInductionVar(),
                inner.getInductionVar()};
  Value values = mlir::tensor::InsertOp::create(builder, e.getLoc(),
                                                s.convert(type, x.type, value),
                                                pass.getRegionIterArg(0), at);
  Value indices = mlir::tensor::InsertOp::create(
      builder, e.getLoc(), s.fromIndex(DataType::Int64, found),
      pass.getRegionIterArg(1), at);
  leave(pass, {values, indices, found, value});
  leave(inner, pass.getResults().take_front(2));
  leave(outer, inner.getResults());

  whole[*axis] = count;
  DataType types[] = {x.type, DataType::Int64};
  for (size_t result = 0; result < 2; ++result) {
    Tensor y{outer.getResult(result), types[result]};
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
