//===- Rotary.td - Rotary embedding -------------------------*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_ROTARY_TD
#define DIALECT_SEQ_IR_ROTARY_TD

include "dialect/Seq/IR/SeqDialect.td"
include "dialect/Seq/IR/SeqInterfaces.td"
include "dialect/Seq/IR/SeqTypes.td"
include "dialect/Seq/IR/ShapedOps.td"
include "mlir/Interfaces/RuntimeVerifiableOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// RotaryOp
//===----------------------------------------------------------------------===//

def Seq_RotaryOp : Seq_ShapedOp<"rotary", [
    Pure, AllTypesMatch<["input", "result"]>,                              // C3
    DeclareOpInterfaceMethods<Seq_RowsOpInterface>,
    DeclareOpInterfaceMethods<RuntimeVerifiableOpInterface>
]> {
  let summary = "Rotate pairs of features by the angles of their step";
  let description = [{
    Rotary embedding. The first `2 n` features of each step are `n` pairs, each turned by an
    angle of its own, whose cosines and sines are given; later features stay. A pair is a
    feature and the one `n` places on, or two neighbours if `interleaved`. Everything is
    computed in the wider of f32 and the input's type and rounded once. Su et al. 2021.

    #### Semantics

    For `p` below `n`, with `i = p, j = p + n`, or `i = 2 p, j = 2 p + 1` if `interleaved`, and
    `c = cosine[b, t, p]`, `s = sine[b, t, p]`; a batch extent of 1 serves all rows:

        result[b, h, t, i] := input[b, h, t, i] * c - input[b, h, t, j] * s
        result[b, h, t, j] := input[b, h, t, j] * c + input[b, h, t, i] * s
        result[b, h, t, d] := input[b, h, t, d]              // d >= 2 n

    #### Constraints

    * (C1) `input` is `[B, H, T, D]`, `cosine` and `sine` are `[B, T, n]`, B statically 1 or the
      input's.
    * (C2) D and n are static, n is at least 1 and `2 n` at most D.
    * (C3) The result has the input's type.

    #### Checked at run time

    Dynamic extents that the constraints call equal (C1).

    #### Example

    ```mlir
    %y = seq.rotary %x cosine(%c) sine(%s)
        : tensor<?x4x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>
    %z = seq.rotary interleaved %x cosine(%u) sine(%v)
        : tensor<?x4x?x8xf32>, tensor<1x?x2xf32>, tensor<1x?x2xf32>
    ```
  }];
  let arguments = (ins Seq_FloatTensor:$input, Seq_FloatTensor:$cosine,
                       Seq_FloatTensor:$sine, UnitProp:$interleaved);      // C1, C2
  let results = (outs Seq_FloatTensor:$result);
  let assemblyFormat = [{
    (`interleaved` $interleaved^)? $input `cosine` `(` $cosine `)` `sine` `(` $sine `)` attr-dict
    `:` type($input) `,` type($cosine) `,` type($sine)
  }];
  let hasVerifier = 1;                                                     // C1, C2
}

#endif // DIALECT_SEQ_IR_ROTARY_TD
