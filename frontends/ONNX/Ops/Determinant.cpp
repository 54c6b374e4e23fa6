//===- Determinant.cpp - Determinants of square matrices ------------------===//

#include "frontends/Common/Loops.h"
#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

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
  SmallVector<Value> step(Value matrices, Number b, Number k,
                          Number determinant);

private:
  Number at(Value matrices, ArrayRef<Number> position) {
    return load(e, {matrices, type}, position);
  }
  /// The row of the pivot of column `k`.
  Number findPivot(Value matrices, Number b, Number k);

  Emitter &e;
  DataType type;
  OpFoldResult size;
};
} // namespace

Number Elimination::findPivot(Value matrices, Number b, Number k) {
  return {e, iterate(e, {size}, {k, abs(at(matrices, {b, k, k}))},
                     [&](ArrayRef<Number> row, ValueRange carried) {
                       Number i = row[0], most(e, type, carried[1]);
                       Number element = abs(at(matrices, {b, i, k}));
                       Number better = (i > k) & (element > most);
                       return SmallVector<Value>{
                           select(better, i, Number(e, carried[0])),
                           select(better, element, most)};
                     })[0]};
}

SmallVector<Value> Elimination::step(Value matrices, Number b, Number k,
                                     Number determinant) {
  Number p = findPivot(matrices, b, k);
  matrices = iterate(
      e, {size}, {matrices}, [&](ArrayRef<Number> column, ValueRange carried) {
        Number j = column[0], upper = at(carried[0], {b, k, j}),
               lower = at(carried[0], {b, p, j});
        Value next = insert(e, upper, carried[0], {b, p, j});
        return SmallVector<Value>{insert(e, lower, next, {b, k, j})};
      })[0];
  Number pivot = at(matrices, {b, k, k});
  // A column of zeros stays as it is; the determinant is zero then.
  Number divisor = select(pivot == 0, 1, pivot);
  matrices = iterate(
      e, {size, size}, {matrices},
      [&](ArrayRef<Number> place, ValueRange carried) {
        Number i = place[0], j = place[1], old = at(carried[0], {b, i, j});
        Number factor = at(carried[0], {b, i, k}) / divisor;
        Number less = old - factor * at(carried[0], {b, k, j});
        return SmallVector<Value>{insert(
            e, select((i > k) & (j > k), less, old), carried[0], {b, i, j})};
      })[0];
  Number product = determinant * pivot;
  return {matrices, select(p == k, product, -product)};
}

static LogicalResult convertDet(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  int64_t rank = x.getRank();
  if (failed(node.requireFloat(0)) || failed(node.requireRank(0, 2, kMostRank)))
    return failure();
  Extents sizes = e.extents(x);
  if (!e.requireEqual(sizes[rank - 1], sizes[rank - 2],
                      "the width of its matrices"))
    return success();
  DataType type = getComputeType(x.type);
  Extents batch(sizes.begin(), sizes.end() - 2);
  OpFoldResult size = sizes[rank - 2], count = e.product(batch);
  Tensor matrices = e.reshape(e.convert(x, type), {count, size, size});
  Elimination elimination(e, type, size);
  SmallVector<Value> done = iterate(
      e, {count}, {matrices.value, e.empty({count}, type)},
      [&](ArrayRef<Number> at, ValueRange carried) {
        SmallVector<Value> reduced =
            iterate(e, {size}, {carried[0], e.scalars().constant(type, 1)},
                    [&](ArrayRef<Number> k, ValueRange inner) {
                      return elimination.step(inner[0], at[0], k[0],
                                              {e, type, inner[1]});
                    });
        return SmallVector<Value>{reduced[0],
                                  insert(e, reduced[1], carried[1], at)};
      });
  Tensor y{done[1], type};
  e.setExtents(y.value, {count});
  return node.give(e.convert(e.reshape(y, batch), x.type));
}

void registerDeterminantOps(Registry &registry) {
  registry.add({{"Det", 11, 1, 1, convertDet}});
}

} // namespace seqc::onnx
