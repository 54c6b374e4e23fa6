//===- Norms.td - Softmax and normalisation -----------------*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_NORMS_TD
#define DIALECT_SEQ_IR_NORMS_TD

include "dialect/Seq/IR/SeqAttributes.td"
include "dialect/Seq/IR/SeqDialect.td"
include "dialect/Seq/IR/SeqInterfaces.td"
include "dialect/Seq/IR/SeqTypes.td"
include "dialect/Seq/IR/ShapedOps.td"
include "mlir/Interfaces/RuntimeVerifiableOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// SoftmaxOp
//===----------------------------------------------------------------------===//

def Seq_SoftmaxOp : Seq_ShapedOp<"softmax", [
    Pure, SameOperandsAndResultType,
    DeclareOpInterfaceMethods<Seq_RowsOpInterface>
]> {
  let summary = "Turn scores into shares along some dimensions";
  let description = [{
    Elements that differ in `dims` alone share one normalisation. With `log` the result is
    the logarithm of the shares. Elements narrower than f32 are computed in f32 and rounded
    once.

    #### Semantics

    With `max` and `sum` over the elements that share a normalisation:

        result := exp(input - max(input)) / sum(exp(input - max(input)))
        result := input - max(input) - log(sum(exp(input - max(input))))   // with `log`

    NaN or +inf among them, or nothing but -inf, makes all of them NaN.

    #### Constraints

    * (C1) `dims` are dimensions of the input, ascending, and at least one.

    #### Example

    ```mlir
    %p = seq.softmax %scores dims [1] : tensor<?x?xf32>
    %l = seq.softmax log %halves dims [1, 2] : tensor<4x?x8xf16>
    ```
  }];
  let arguments = (ins Seq_FloatTensor:$input, DenseI64ArrayAttr:$dims, UnitProp:$log);  // C1
  let results = (outs Seq_FloatTensor:$result);
  let assemblyFormat = [{
    (`log` $log^)? $input `dims` $dims attr-dict `:` type($input)
  }];
  let hasVerifier = 1;                                                     // C1
}

//===----------------------------------------------------------------------===//
// NormOp
//===----------------------------------------------------------------------===//

def Seq_NormOp : Seq_ShapedOp<"norm", [
    Pure, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<Seq_RowsOpInterface>,
    DeclareOpInterfaceMethods<RuntimeVerifiableOpInterface>
]> {
  let summary = "Normalise by mean and deviation";
  let description = [{
    Layer, RMS and group normalisation. The dimensions from `axis` on are normalised
    together; a `group` norm first splits dimension `axis`, the channels, into `groups`
    equal parts, each of which has a mean and a deviation of its own. An absent scale is 1,
    an absent bias 0. Everything is computed in the wider of f32 and the input's type.

    #### Semantics

    With `mean` over the elements `x` that are normalised together:

        deviation := sqrt(mean((x - mean(x))^2) + epsilon)   // layer, group
        deviation := sqrt(mean(x^2) + epsilon)               // rms
        result    := (x - mean(x)) / deviation * scale + bias
        result    := x / deviation * scale + bias            // rms

    Scale and bias of layer and RMS norms have an element for each place in the dimensions
    from `axis` on, those of a group norm one for each channel. Ba et al. 2016, Zhang and
    Sennrich 2019, Wu and He 2018.

    #### Constraints

    * (C1) `axis` is a dimension of the input.
    * (C2) `groups` is at least 1, divides the channels, and is 1 unless the kind is `group`.
    * (C3) Scale and bias have the shape of the dimensions from `axis` on, or, of a group
      norm, `[channels]`.
    * (C4) The result has the shape of the input.
    * (C5) `epsilon` is not negative.

    #### Checked at run time

    Dynamic extents that the constraints call equal (C3), and channels that `groups` divides
    (C2).

    #### Example

    ```mlir
    %y = seq.norm layer %x from 2 epsilon 1.0e-5 scale(%s) bias(%b)
        : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
    %r = seq.norm rms %x from 2 epsilon 1.0e-6 scale(%s)
        : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
    %g = seq.norm group %z from 1 groups 4 epsilon 1.0e-5
        : (tensor<?x8x?xf32>) -> tensor<?x8x?xf32>
    ```
  }];
  let arguments = (ins Seq_NormKindAttr:$kind, Seq_FloatTensor:$input,
                       Optional<Seq_FloatTensor>:$scale, Optional<Seq_FloatTensor>:$bias,
                       I64Attr:$axis,                                      // C1
                       DefaultValuedAttr<I64Attr, "1">:$groups,            // C2
                       F64Attr:$epsilon);                                  // C5
  let results = (outs Seq_FloatTensor:$result);
  let assemblyFormat = [{
    $kind $input `from` $axis (`groups` $groups^)? `epsilon` $epsilon
    (`scale` `(` $scale^ `)`)? (`bias` `(` $bias^ `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;                                                     // C1-C5
}

#endif // DIALECT_SEQ_IR_NORMS_TD
