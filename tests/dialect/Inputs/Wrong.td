// Ops whose documents do not hold; see op-documents.test.

def Seq_PackOp : Seq_Op<"pack"> {
  let summary = "lay out.";
  let description = [{
    #### Semantics

    #### Example

    ```mlir
    %p = seq.pack %a : (tensor<4x4xf32>) -> tensor<1x4x9x4xf32>
    ```
  }];
}

def Seq_LostOp : Seq_Op<"lost"> {
  let summary = "Be lost";
  let description = [{
    #### Constraints

    * (C1) Nobody tests this.
  }];
}
