//===- Folds.h - Loops whose values keep their types ------------*- C++ -*-===//
//
// What loops carry as tensors and numbers: iterate() of Loops.h for formulas,
// and reductions whose operands lie elsewhere than in the order of the loops.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_COMMON_FOLDS_H
#define FRONTENDS_COMMON_FOLDS_H

#include "frontends/Common/Loops.h"

#include "mlir/IR/AffineMap.h"

#include <tuple>

namespace seqc::frontend {

namespace detail {
inline mlir::Value toValue(const Tensor &carried) { return carried.value; }
inline mlir::Value toValue(const Number &carried) { return carried; }
inline Tensor retype(Emitter &e, const Tensor &like, mlir::Value value) {
  e.setExtents(value, e.extents(like));
  return {value, like.type};
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

#endif // FRONTENDS_COMMON_FOLDS_H
