//===- Determinant.cpp - Determinants of square matrices ------------------===//

#include "frontends/ONNX/Ops/Family.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;

/// Step `k` of Gaussian elimination on matrix `b` of `matrices` [B, M, M], in
/// place, with the greatest element of the column as pivot: its row goes to row
/// k, and column k becomes zero below it (which is not written). Gives the
/// matrices and the determinant of what has been done.
static std::tuple<Tensor, Number> eliminate(Emitter &e, Tensor matrices,
                                            OpFoldResult size, Number b,
                                            Number k, Number determinant) {
  auto at = [&](Tensor m, Number i, Number j) { return load(e, m, {b, i, j}); };
  // The row of the pivot.
  auto [p, greatest] =
      fold(e, {size}, std::tuple(k, abs(at(matrices, k, k))),
           [&](ArrayRef<Number> row, Number best, Number most) {
             Number i = row[0], element = abs(at(matrices, i, k));
             Number better = (i > k) & (element > most);
             return std::tuple(select(better, i, best),
                               select(better, element, most));
           });
  Number chosen = p;
  matrices = fold(e, {size}, matrices, [&](ArrayRef<Number> column, Tensor m) {
    Number j = column[0], upper = at(m, k, j), lower = at(m, chosen, j);
    Tensor next = insert(e, upper, m, {b, chosen, j});
    return insert(e, lower, next, {b, k, j});
  });
  Number pivot = at(matrices, k, k);
  // A column of zeros stays as it is; the determinant is zero then.
  Number divisor = select(pivot == 0, 1, pivot);
  matrices =
      fold(e, {size, size}, matrices, [&](ArrayRef<Number> place, Tensor m) {
        Number i = place[0], j = place[1], old = at(m, i, j);
        Number less = old - at(m, i, k) / divisor * at(m, k, j);
        return insert(e, select((i > k) & (j > k), less, old), m, {b, i, j});
      });
  Number product = determinant * pivot;
  return {matrices, select(chosen == k, product, -product)};
}

static LogicalResult convertDet(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  int64_t rank = x.getRank();
  Extents sizes = e.extents(x);
  if (!e.requireEqual(sizes[rank - 1], sizes[rank - 2],
                      "the width of its matrices"))
    return success();
  DataType type = getComputeType(x.type);
  Extents batch(sizes.begin(), sizes.end() - 2);
  OpFoldResult size = sizes[rank - 2], count = e.product(batch);
  Tensor matrices = e.reshape(e.convert(x, type), {count, size, size});
  auto [done, y] = fold(
      e, {count}, std::tuple(matrices, Tensor{e.empty({count}, type), type}),
      [&](ArrayRef<Number> at, Tensor m, Tensor y) {
        auto [reduced, determinant] =
            fold(e, {size}, std::tuple(m, Number(e, type, 1)),
                 [&](ArrayRef<Number> k, Tensor m, Number so) {
                   return eliminate(e, m, size, at[0], k[0], so);
                 });
        return std::tuple(reduced, insert(e, determinant, y, at));
      });
  return node.give(e.convert(e.reshape(y, batch), x.type));
}

void registerDeterminantOps(Registry &registry) {
  registry.add({{"Det", 11, 1, 1, convertDet, takes(kFloats.atLeast(2))}});
}

} // namespace seqc::onnx
