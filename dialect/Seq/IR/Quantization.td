//===- Quantization.td - Numbers that integers stand for ----*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_QUANTIZATION_TD
#define DIALECT_SEQ_IR_QUANTIZATION_TD

include "dialect/Seq/IR/SeqDialect.td"
include "dialect/Seq/IR/SeqTypes.td"
include "dialect/Seq/IR/ShapedOps.td"
include "mlir/Interfaces/RuntimeVerifiableOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

/// Integers that stand for numbers.
def Seq_QuantizedTensor : RankedTensorOf<[I8, I16, I32]>;
/// Integers that numbers are rounded to.
def Seq_RoundedTensor : RankedTensorOf<[I8, I16]>;

/// What both directions share: `stored` is the tensor of integers, `real` that
/// of floating-point numbers.
class Seq_QuantizationOp<string name> : Seq_ShapedOp<name, [
    Pure,
    DeclareOpInterfaceMethods<RuntimeVerifiableOpInterface>
]> {
  let assemblyFormat = [{
    (`unsigned` $is_unsigned^)? $input `scale` `(` $scale `)` (`zero` `(` $zero^ `)`)?
    (`axis` $axis^ (`block` $block^)?)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;                                                     // C1-C4
}

//===----------------------------------------------------------------------===//
// QuantizeOp
//===----------------------------------------------------------------------===//

def Seq_QuantizeOp : Seq_QuantizationOp<"quantize"> {
  let summary = "Round numbers to integers of a scale";
  let description = [{
    Each number becomes the nearest integer on its scale, to even where two are as near, moved by
    the zero point and limited to what the integers hold. One scale and zero point belong to
    the whole tensor, to each index of `axis`, or to each block of `block` indices of it. The
    quotient is rounded to the wider of f32 and the scale's type. NaN becomes 0.

    #### Semantics

        s(i)      := scale, scale[i_axis], or scale[..., i_axis / block, ...]
        z(i)      := the same of zero, or 0
        result[i] := limit(round_even(input[i] / s(i)) + z(i))

    #### Constraints

    * (C1) The result has the shape of `input`.
    * (C2) `scale` is one number, or, with `axis`, one for each index of it; with `block`, at
      least 1, it has the dimensions of `input`, of which `axis` counts blocks.
    * (C3) `axis` is a dimension of `input`.
    * (C4) `zero` has the shape of `scale` and the elements of the result.

    #### Checked at run time

    Dynamic extents that the constraints call equal (C1, C2, C4).

    #### Example

    ```mlir
    %y = seq.quantize unsigned %x scale(%s) zero(%z)
        : (tensor<?x8xf32>, tensor<f32>, tensor<i8>) -> tensor<?x8xi8>
    ```
  }];
  let arguments = (ins Seq_FloatTensor:$input, Seq_FloatTensor:$scale,
                       Optional<Seq_RoundedTensor>:$zero, OptionalAttr<I64Attr>:$axis,
                       OptionalAttr<I64Attr>:$block, UnitProp:$is_unsigned);
  let results = (outs Seq_RoundedTensor:$result);
}

//===----------------------------------------------------------------------===//
// DequantizeOp
//===----------------------------------------------------------------------===//

def Seq_DequantizeOp : Seq_QuantizationOp<"dequantize"> {
  let summary = "The numbers that integers of a scale stand for";
  let description = [{
    The numbers that rounding by `seq.quantize` with the same scale and zero point comes closest
    to. They are computed in the wider of f32 and the scale's type, and rounded to the result's.
    Products of dequantised factors multiply integers.

    #### Semantics

        result[i] := (input[i] - z(i)) * s(i)        // s and z as of seq.quantize

    #### Constraints

    * (C1) The result has the shape of `input`.
    * (C2) `scale` is one number, or, with `axis`, one for each index of it; with `block`, at
      least 1, it has the dimensions of `input`, of which `axis` counts blocks.
    * (C3) `axis` is a dimension of `input`.
    * (C4) `zero` has the shape of `scale` and the elements of `input`.

    #### Checked at run time

    Dynamic extents that the constraints call equal (C1, C2, C4).

    #### Example

    ```mlir
    %y = seq.dequantize %x scale(%s) zero(%z) axis 1
        : (tensor<?x8xi8>, tensor<8xf32>, tensor<8xi8>) -> tensor<?x8xf32>
    %b = seq.dequantize %w scale(%t) axis 0 block 32
        : (tensor<64x8xi8>, tensor<2x8xf32>) -> tensor<64x8xf32>
    ```
  }];
  let arguments = (ins Seq_QuantizedTensor:$input, Seq_FloatTensor:$scale,
                       Optional<Seq_QuantizedTensor>:$zero, OptionalAttr<I64Attr>:$axis,
                       OptionalAttr<I64Attr>:$block, UnitProp:$is_unsigned);
  let results = (outs Seq_FloatTensor:$result);
}

#endif // DIALECT_SEQ_IR_QUANTIZATION_TD
