//===- Loops.h - Tensors filled by sequential loops --------------*- C++-*-===//
//
// For operators whose elements depend on each other or whose positions are
// computed: loops that carry tensors and numbers, reductions whose operands lie
// elsewhere than in the order of the loops, and accesses at indices that are
// read at run time, which stay inside the tensor whatever they are.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_COMMON_LOOPS_H
#define FRONTENDS_COMMON_LOOPS_H

#include "frontends/Common/Numbers.h"

#include "mlir/IR/AffineMap.h"

#include <tuple>

namespace seqc::frontend {

/// The body of a loop: indices and carried values to the next carried values.
using LoopFn = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    llvm::ArrayRef<Number> at, mlir::ValueRange carried)>;

/// Runs `body` for every position below `sizes`, in row-major order. Each
/// tensor should be carried by tensor.insert only, so that it is filled in
/// place.
llvm::SmallVector<mlir::Value> iterate(Emitter &e,
                                       llvm::ArrayRef<mlir::OpFoldResult> sizes,
                                       llvm::ArrayRef<mlir::Value> carried,
                                       LoopFn body);

/// An index that was read at run time, where a negative one counts from the
/// end: the nearest one inside, and whether it was inside. Without elements it
/// is 0.
struct SafeIndex {
  Number index, inside;
};
SafeIndex makeSafe(Number index, Number extent);

/// A zero of the type's storage where one of the extents is zero, the element
/// otherwise.
Number loadUnlessEmpty(Emitter &e, Tensor tensor,
                       llvm::ArrayRef<Number> position);

/// Whether a tensor certainly has elements along a dimension.
bool hasElements(mlir::OpFoldResult size);

/// `tensor` with `value`, which is of its storage, at `position`.
mlir::Value insert(Emitter &e, mlir::Value value, mlir::Value tensor,
                   llvm::ArrayRef<Number> position);

/// A tensor of the storage of `type` whose elements a formula gives one after
/// another; the formula may run loops of its own.
template <typename Formula>
Tensor defineInOrder(Emitter &e, DataType type,
                     llvm::ArrayRef<mlir::OpFoldResult> sizes,
                     Formula formula) {
  mlir::Value filled =
      iterate(e, sizes, {e.empty(sizes, type)},
              [&](llvm::ArrayRef<Number> at, mlir::ValueRange carried) {
                return llvm::SmallVector<mlir::Value>{
                    insert(e, formula(at).as(type), carried[0], at)};
              })[0];
  return e.withExtents(filled, type, sizes);
}

/// 2 to the power of an index, and how often 1 doubles until it is `size` or
/// more.
Number powerOfTwo(Number exponent);
Number countDoublings(Emitter &e, mlir::OpFoldResult size);

/// Element `position` of dimension `dim`, which leaves the shape.
Tensor takeAt(Emitter &e, Tensor tensor, int64_t dim, mlir::Value position);

/// `into` with `part` as element `position` of dimension `dim`.
Tensor putAt(Emitter &e, Tensor part, Tensor into, int64_t dim,
             mlir::Value position);

/// `into`, of the same extents, with all elements of `part`.
Tensor overwrite(Emitter &e, Tensor part, Tensor into);

namespace detail {
inline mlir::Value toValue(const Tensor &carried) { return carried.value; }
inline mlir::Value toValue(const Number &carried) { return carried; }
inline Tensor retype(Emitter &e, const Tensor &like, mlir::Value value) {
  return e.withExtents(value, like.type, e.extents(like));
}
inline Number retype(Emitter &e, const Number &like, mlir::Value value) {
  return {e, like.getType(), value};
}
} // namespace detail

/// Runs `body` for every position below `sizes`, in row-major order: it takes
/// the position and what is carried, and gives a tuple of what is carried next.
/// Tensors should be carried by insert() only, so that they are filled in place.
template <typename... Carried, typename Body>
std::tuple<Carried...> fold(Emitter &e,
                            llvm::ArrayRef<mlir::OpFoldResult> sizes,
                            const std::tuple<Carried...> &init, Body body) {
  auto pack = [](const std::tuple<Carried...> &all) {
    return std::apply(
        [](const Carried &...each) {
          return llvm::SmallVector<mlir::Value>{detail::toValue(each)...};
        },
        all);
  };
  auto unpack = [&](mlir::ValueRange values) {
    size_t i = 0;
    return std::apply(
        [&](const Carried &...each) {
          return std::tuple<Carried...>{
              detail::retype(e, each, values[i++])...};
        },
        init);
  };
  return unpack(
      iterate(e, sizes, pack(init),
              [&](llvm::ArrayRef<Number> at, mlir::ValueRange carried) {
                return pack(std::apply(
                    [&](const Carried &...each) { return body(at, each...); },
                    unpack(carried)));
              }));
}

/// The same with a single tensor or number.
template <typename Carried, typename Body>
Carried fold(Emitter &e, llvm::ArrayRef<mlir::OpFoldResult> sizes,
             const Carried &init, Body body) {
  auto next = [&](llvm::ArrayRef<Number> at, const Carried &carried) {
    return std::tuple<Carried>(body(at, carried));
  };
  return std::get<0>(fold(e, sizes, std::tuple<Carried>(init), next));
}

/// `into` with `value`, as its type, at `position`.
Tensor insert(Emitter &e, Number value, Tensor into,
              llvm::ArrayRef<Number> position);

/// Sorts the indices of the second dimension of `space`, an int64 tensor [2, n],
/// of which it fills a row with the sorted ones: gives both. `isBefore` says
/// whether one index comes strictly before another; the rest keep their order.
std::pair<Tensor, Number>
sortIndices(Emitter &e, Tensor space,
            llvm::function_ref<Number(Number, Number)> isBefore);

/// A reduction of extents `sizes`: `next` makes of an element of the first input
/// and of what it made of those before, at first `init`, what comes next. The
/// last of the maps goes from loops to the result, the others to the inputs;
/// loops that the result does not have reduce.
Tensor accumulate(Emitter &e, llvm::ArrayRef<Tensor> inputs,
                  llvm::ArrayRef<mlir::AffineMap> maps,
                  llvm::ArrayRef<mlir::OpFoldResult> sizes, Number init,
                  llvm::function_ref<Number(Number element, Number so)> next);

/// The index of a loop of accumulate(), in `next`.
Number loopIndex(Emitter &e, int64_t loop);

/// The indices below `sizes` of the row-major position `flat`; the first one
/// goes beyond its extent where the position does.
llvm::SmallVector<Number> unflatten(Number flat, llvm::ArrayRef<Number> sizes);
/// And back.
Number flatten(llvm::ArrayRef<Number> at, llvm::ArrayRef<Number> sizes);

/// [outer, n, inner]: the extents of dimension `axis`, an index, and of what lies
/// before and behind it.
Extents aroundAxis(Emitter &e, llvm::ArrayRef<mlir::OpFoldResult> sizes,
                   Number axis);

} // namespace seqc::frontend

#endif // FRONTENDS_COMMON_LOOPS_H
