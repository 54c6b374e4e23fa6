//===- Loops.h - Tensors filled by sequential loops --------------*- C++-*-===//
//
// For operators whose elements depend on each other or whose positions are
// computed: loops that carry tensors and numbers, and accesses at indices that
// are read at run time, which stay inside the tensor whatever they are.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_COMMON_LOOPS_H
#define FRONTENDS_COMMON_LOOPS_H

#include "frontends/Common/Numbers.h"

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
  e.setExtents(filled, sizes);
  return {filled, type};
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

} // namespace seqc::frontend

#endif // FRONTENDS_COMMON_LOOPS_H
