//===- Embedding.td - Rows of a table by their numbers ------*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_EMBEDDING_TD
#define DIALECT_SEQ_IR_EMBEDDING_TD

include "dialect/Seq/IR/SeqDialect.td"
include "dialect/Seq/IR/SeqInterfaces.td"
include "dialect/Seq/IR/SeqTypes.td"
include "dialect/Seq/IR/ShapedOps.td"
include "mlir/Interfaces/RuntimeVerifiableOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// EmbeddingOp
//===----------------------------------------------------------------------===//

def Seq_EmbeddingOp : Seq_ShapedOp<"embedding", [
    NoMemoryEffect,
    DeclareOpInterfaceMethods<ConditionallySpeculatable>,
    DeclareOpInterfaceMethods<Seq_RowsOpInterface>,
    DeclareOpInterfaceMethods<RuntimeVerifiableOpInterface>
]> {
  let summary = "Look up a row of a table for each id";
  let description = [{
    An embedding: each id is replaced by the entry of the table that it numbers, so that the
    result has the dimensions of the ids, then those of an entry. With `from_end`, negative ids
    count from the end. Its transpose, which derivatives need, adds rows up by id.

    #### Semantics

        row(i...)          := ids[i...] + (number of entries, if from_end and ids[i...] < 0)
        result[i..., d...] := table[row(i...), d...]

    #### Constraints

    * (C1) `table` has at least one dimension, the number of its entries.
    * (C2) The result has the dimensions of `ids`, then those of an entry, and the table's
      elements.

    #### Checked at run time

    * (R1) Every id is at least 0, or minus the number of entries with `from_end`, and below that
      number.

    #### Example

    ```mlir
    %y = seq.embedding %ids of %table : (tensor<?x?xi32>, tensor<100x8xf32>) -> tensor<?x?x8xf32>
    %l = seq.embedding from_end %at of %rows : (tensor<i64>, tensor<?x8xf32>) -> tensor<8xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[I32, I64]>:$ids,
                       RankedTensorOf<[AnyFloat, AnySignlessInteger]>:$table,
                       UnitProp:$from_end);
  let results = (outs RankedTensorOf<[AnyFloat, AnySignlessInteger]>:$result);
  let assemblyFormat = [{
    (`from_end` $from_end^)? $ids `of` $table attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;                                                     // C1, C2
}

#endif // DIALECT_SEQ_IR_EMBEDDING_TD
