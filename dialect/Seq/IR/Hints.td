//===- Hints.td - What passes tell each other ---------------*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_HINTS_TD
#define DIALECT_SEQ_IR_HINTS_TD

include "dialect/Seq/IR/SeqDialect.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// OpaqueIndexOp
//===----------------------------------------------------------------------===//

def Seq_OpaqueIndexOp : Seq_Op<"opaque_index",
    [Pure, SameOperandsAndResultType]> {
  let summary = "An index that no fold looks into";
  let description = [{
    Keeps a loop a loop. A loop of one trip folds away, and with it the level of the
    nest that a longer input needs: the short model would have other code than the
    long one. `seq-tile-products` writes the op as the bound of such a loop, and
    `seq-outline-parallel-loops` removes it, when the bounds of loops have become
    arguments.

    #### Semantics

        result = value

    #### Constraints

    None beyond the types.

    #### Example

    ```mlir
    %rows = seq.opaque_index %c16
    ```
  }];
  let arguments = (ins Index:$value);
  let results = (outs Index:$result);
  let assemblyFormat = "$value attr-dict";
}

#endif // DIALECT_SEQ_IR_HINTS_TD
