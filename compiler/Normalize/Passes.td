//===- Passes.td - Recognising ops of the seq dialect -------*- tablegen -*-===//

#ifndef COMPILER_NORMALIZE_PASSES_TD
#define COMPILER_NORMALIZE_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// RecognizeMasksPass
//===----------------------------------------------------------------------===//

def RecognizeMasksPass : Pass<"seq-recognize-masks", "::mlir::func::FuncOp"> {
  let summary = "State masks of positions as causality and windows";
  let description = [{
    A mask of `seq.attention` whose elements compare the positions of query and key, and nothing else, becomes causality,
    a window and a start. The mask is followed through generics, fills, slices and unit extents to comparisons that are
    linear in both positions; together they have to bound the key by the query's position plus a number, from one side
    or from both. What is only like a mask of positions stays a mask.

    A mask that puts -inf in the place of scores hides keys all the same if every query sees its first key.

    Requires: nothing. Ensures: nothing about masks of other forms.

    Before:
    ```mlir
    %m = linalg.generic outs(%e : tensor<1x1x8x8xi1>) {
      %i = linalg.index 2 : index
      %j = linalg.index 3 : index
      %c = arith.cmpi sle, %j, %i : index
      linalg.yield %c : i1
    }
    %o = seq.attention scaled %q, %k, %v mask(%m : tensor<1x1x8x8xi1>) : …
    ```
    After:
    ```mlir
    %o = seq.attention scaled %q, %k, %v {causal = #seq.causal<top_left>} : …
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numStated", "masks-stated", "Masks that became attributes">];
}

#endif // COMPILER_NORMALIZE_PASSES_TD
