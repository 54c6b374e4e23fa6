//===- Determinant.cpp - Determinants of square matrices ------------------===//

#include "frontends/ONNX/Loops.h"
#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;
using mlir::arith::CmpIPredicate;

namespace {
/// Gaussian elimination on matrices [B, M, M], in place, with the greatest
/// element of the column as pivot.
class Elimination {
public:
  Elimination(Emitter &e, DataType type, OpFoldResult size)
      : e(e), type(type), size(size) {}

  /// Step `k` on matrix `b`: the row of the pivot goes to row k, and column k
  /// becomes zero below it (which is not written). Gives the matrices and the
  /// determinant of what has been done.
  SmallVector<Value> step(Value matrices, Value b, Value k, Value determinant);

private:
  Value read(Value matrices, Value b, Value i, Value j) {
    return e.load({matrices, type}, {b, i, j});
  }
  /// The row of the pivot of column `k`.
  Value findPivot(Value matrices, Value b, Value k);

  Emitter &e;
  DataType type;
  OpFoldResult size;
};
} // namespace

Value Elimination::findPivot(Value matrices, Value b, Value k) {
  Scalars outer = e.scalars();
  Value first = outer.abs(type, read(matrices, b, k, k));
  return iterate(e, {size}, {k, first},
                 [&](Scalars &s, ValueRange at, ValueRange carried) {
                   Value element = s.abs(type, read(matrices, b, at[0], k));
                   Value better = s.logicalAnd(
                       s.compareIndex(CmpIPredicate::sgt, at[0], k),
                       s.compare(Compare::Greater, type, element, carried[1]));
                   return SmallVector<Value>{
                       s.select(better, at[0], carried[0]),
                       s.select(better, element, carried[1])};
                 })[0];
}

SmallVector<Value> Elimination::step(Value matrices, Value b, Value k,
                                     Value determinant) {
  Scalars outer = e.scalars();
  Value p = findPivot(matrices, b, k);
  matrices = iterate(
      e, {size}, {matrices}, [&](Scalars &, ValueRange at, ValueRange carried) {
        Value upper = read(carried[0], b, k, at[0]);
        Value lower = read(carried[0], b, p, at[0]);
        Value next = insert(e, upper, carried[0], {b, p, at[0]});
        return SmallVector<Value>{insert(e, lower, next, {b, k, at[0]})};
      })[0];
  Value pivot = read(matrices, b, k, k), zero = outer.constant(type, 0);
  // A column of zeros stays as it is; the determinant is zero then.
  Value none = outer.compare(Compare::Equal, type, pivot, zero);
  Value divisor = outer.select(none, outer.constant(type, 1), pivot);
  matrices = iterate(
      e, {size, size}, {matrices},
      [&](Scalars &s, ValueRange at, ValueRange carried) {
        Value below =
            s.logicalAnd(s.compareIndex(CmpIPredicate::sgt, at[0], k),
                         s.compareIndex(CmpIPredicate::sgt, at[1], k));
        Value old = read(carried[0], b, at[0], at[1]);
        Value factor = s.div(type, read(carried[0], b, at[0], k), divisor);
        Value less = s.sub(type, old,
                           s.mul(type, factor, read(carried[0], b, k, at[1])));
        return SmallVector<Value>{insert(e, s.select(below, less, old),
                                         carried[0], {b, at[0], at[1]})};
      })[0];
  Value product = outer.mul(type, determinant, pivot);
  Value same = outer.compareIndex(CmpIPredicate::eq, p, k);
  return {matrices, outer.select(same, product, outer.neg(type, product))};
}

static LogicalResult convertDet(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  int64_t rank = x.getRank();
  if (failed(node.requireFloat(0)))
    return failure();
  if (rank < 2)
    return node.error("its input has rank " + Twine(rank) +
                      "; required is at least 2");
  Extents sizes = e.extents(x);
  if (!e.requireEqual(sizes[rank - 1], sizes[rank - 2],
                      "the width of its matrices"))
    return success();
  DataType type = getComputeType(x.type);
  Extents batch(sizes.begin(), sizes.end() - 2);
  OpFoldResult size = sizes[rank - 2], count = e.product(batch);
  Tensor matrices = e.reshape(e.convert(x, type), {count, size, size});
  Elimination elimination(e, type, size);
  Value results = e.empty({count}, type);
  SmallVector<Value> done = iterate(
      e, {count}, {matrices.value, results},
      [&](Scalars &s, ValueRange at, ValueRange carried) {
        SmallVector<Value> reduced =
            iterate(e, {size}, {carried[0], s.constant(type, 1)},
                    [&](Scalars &, ValueRange k, ValueRange inner) {
                      return elimination.step(inner[0], at[0], k[0], inner[1]);
                    });
        return SmallVector<Value>{reduced[0],
                                  insert(e, reduced[1], carried[1], at)};
      });
  Tensor y{done[1], type};
  e.setExtents(y.value, {count});
  node.setOutput(0, e.convert(e.reshape(y, batch), x.type));
  return success();
}

void registerDeterminantOps(Registry &registry) {
  registry.add({{"Det", 11, 1, 1, convertDet}});
}

} // namespace seqc::onnx
