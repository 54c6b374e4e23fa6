//===- Cells.td - The named recurrent layers ----------------*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_CELLS_TD
#define DIALECT_SEQ_IR_CELLS_TD

include "dialect/Seq/IR/SeqAttributes.td"
include "dialect/Seq/IR/SeqInterfaces.td"
include "dialect/Seq/IR/SeqTypes.td"
include "dialect/Seq/IR/ShapedOps.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/RuntimeVerifiableOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

/// What rnn, gru and lstm share: the ONNX attribute set and its shapes.
class Seq_CellOp<string mnemonic, list<Trait> traits = []> : Seq_ShapedOp<mnemonic, !listconcat([
    NoMemoryEffect, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<ConditionallySpeculatable>,
    DeclareOpInterfaceMethods<RuntimeVerifiableOpInterface>,
    InferTypeOpAdaptorWithIsCompatible,
    DeclareOpInterfaceMethods<Seq_CellOpInterface>
  ], traits)> {
  code cellDeclaration = shapedDeclaration # [{
    /// Activation functions of one direction where none are given.
    static ::llvm::ArrayRef<::seqc::seq::Activation> getDefaultActivations();
    /// Activation functions by direction, ONNX defaults filled in.
    ::llvm::SmallVector<::seqc::seq::Activation> getAllActivations();
    /// Number of directions: 2 if bidirectional, else 1.
    int64_t getNumDirections() {
      return getDirection() == ::seqc::seq::Direction::Bidirectional ? 2 : 1;
    }
    /// Size of a gate, from the recurrent weight: of the cell state in an lstm.
    int64_t getHiddenSize();
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

//===----------------------------------------------------------------------===//
// RnnOp
//===----------------------------------------------------------------------===//

def Seq_RnnOp : Seq_CellOp<"rnn"> {
  let summary = "Elman recurrent layer";
  let description = [{
    ONNX `RNN`, opset 14 and 22. `D` is the number of directions, `H` the hidden size.

    #### Semantics

        H[t] := f(X[t] * W^T + Wb + H[t-1] * R^T + Rb)

    The argument of every activation is clipped to [-clip, clip] when `clip` is set.
    Steps at or beyond a row's length give 0 in `Y`; `Y_h` holds the last state of each
    row's own steps (the initial state if its length is 0). Reverse reads each row from its
    own last step.
    Activations (default `tanh`): relu, tanh, sigmoid, affine, leaky_relu,
    thresholded_relu, scaled_tanh, hard_sigmoid, elu, softsign, softplus, as ONNX defines
    them. `activation_alpha` and `activation_beta` are given in the order of the
    activations that take them; missing ones get ONNX's defaults.

    #### Constraints

    * (C1) `input` is `[T, B, I]`, or `[B, T, I]` when `batch_first` (ONNX layout 1) is set.
    * (C2) `weight` is `[D, H, I]`, `recurrent` is `[D, H, H]`, all static.
    * (C3) `bias`, if present, is `[D, 2*H]`: Wb, then Rb.
    * (C4) `lengths`, if present, has the batch extent.
    * (C5) `initial_h`, if present, is `[D, B, H]`, or `[B, D, H]` when `batch_first`.
    * (C6) `activations`, if present, has D entries; `activation_alpha` and
      `activation_beta` have at most one value per activation that takes one.
    * (C7) `clip`, if present, is positive.
    * (C8) Y is `[T, D, B, H]` (`[B, T, D, H]`), Y_h is `[D, B, H]` (`[B, D, H]`).
    * (C9) All floating-point element types are equal.

    #### Checked at run time

    Dynamic extents that the constraints call equal, and:

    * (R1) A length is at least 0 and at most `T`.

    #### Example

    ```mlir
    %y, %yh = seq.rnn %x, %w, %r bias(%b) lengths(%len) {activations = [#seq.activation<relu>]}
        : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>, tensor<1x16xf32>, tensor<?xi32>)
        -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
    ```
  }];
  let arguments = (ins
    3DTensorOf<[F32, F64]>:$input, 3DTensorOf<[F32, F64]>:$weight, 3DTensorOf<[F32, F64]>:$recurrent,
    Optional<2DTensorOf<[F32, F64]>>:$bias, Optional<Seq_LengthTensor>:$lengths,
    Optional<3DTensorOf<[F32, F64]>>:$initial_h,
    DefaultValuedAttr<Seq_DirectionAttr, "::seqc::seq::Direction::Forward">:$direction,
    OptionalAttr<Seq_ActivationArrayAttr>:$activations,
    OptionalAttr<F32ArrayAttr>:$activation_alpha, OptionalAttr<F32ArrayAttr>:$activation_beta,
    OptionalAttr<F32Attr>:$clip, UnitAttr:$batch_first);
  let results = (outs 4DTensorOf<[F32, F64]>:$y, 3DTensorOf<[F32, F64]>:$y_h);
  let assemblyFormat = [{
    $input `,` $weight `,` $recurrent (`bias` `(` $bias^ `)`)? (`lengths` `(` $lengths^ `)`)?
    (`initial_h` `(` $initial_h^ `)`)? attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = cellDeclaration;
}

//===----------------------------------------------------------------------===//
// GruOp
//===----------------------------------------------------------------------===//

def Seq_GruOp : Seq_CellOp<"gru"> {
  let summary = "Gated recurrent unit layer";
  let description = [{
    ONNX `GRU`, opset 14 and 22. Gates in the order z, r, h.

    #### Semantics

        z := f(X[t] * Wz^T + H[t-1] * Rz^T + Wbz + Rbz)
        r := f(X[t] * Wr^T + H[t-1] * Rr^T + Wbr + Rbr)
        h := g(X[t] * Wh^T + (r . H[t-1]) * Rh^T + Rbh + Wbh)       // linear_before_reset unset
        h := g(X[t] * Wh^T + r . (H[t-1] * Rh^T + Rbh) + Wbh)       // linear_before_reset set
        H[t] := (1 - z) . h + z . H[t-1]

    Default activations per direction: sigmoid (f), tanh (g). Clipping, lengths, reverse,
    activation names and `batch_first` as in `seq.rnn`.

    #### Constraints

    * (C1) `input` is `[T, B, I]`, or `[B, T, I]` when `batch_first`.
    * (C2) `weight` is `[D, 3*H, I]`, `recurrent` is `[D, 3*H, H]`, all static.
    * (C3) `bias`, if present, is `[D, 6*H]`: Wb[zrh], then Rb[zrh].
    * (C4) `lengths`, if present, has the batch extent.
    * (C5) `initial_h`, if present, is `[D, B, H]`, or `[B, D, H]` when `batch_first`.
    * (C6) `activations`, if present, has 2*D entries; `activation_alpha` and
      `activation_beta` have at most one value per activation that takes one.
    * (C7) `clip`, if present, is positive.
    * (C8) Y is `[T, D, B, H]` (`[B, T, D, H]`), Y_h is `[D, B, H]` (`[B, D, H]`).
    * (C9) All floating-point element types are equal.

    #### Checked at run time

    Dynamic extents that the constraints call equal, and:

    * (R1) A length is at least 0 and at most `T`.

    #### Example

    ```mlir
    %y, %yh = seq.gru %x, %w, %r {linear_before_reset}
        : (tensor<?x?x4xf32>, tensor<1x24x4xf32>, tensor<1x24x8xf32>)
        -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
    ```
  }];
  let arguments = (ins
    3DTensorOf<[F32, F64]>:$input, 3DTensorOf<[F32, F64]>:$weight, 3DTensorOf<[F32, F64]>:$recurrent,
    Optional<2DTensorOf<[F32, F64]>>:$bias, Optional<Seq_LengthTensor>:$lengths,
    Optional<3DTensorOf<[F32, F64]>>:$initial_h,
    DefaultValuedAttr<Seq_DirectionAttr, "::seqc::seq::Direction::Forward">:$direction,
    OptionalAttr<Seq_ActivationArrayAttr>:$activations,
    OptionalAttr<F32ArrayAttr>:$activation_alpha, OptionalAttr<F32ArrayAttr>:$activation_beta,
    OptionalAttr<F32Attr>:$clip, UnitAttr:$linear_before_reset, UnitAttr:$batch_first);
  let results = (outs 4DTensorOf<[F32, F64]>:$y, 3DTensorOf<[F32, F64]>:$y_h);
  let assemblyFormat = [{
    $input `,` $weight `,` $recurrent (`bias` `(` $bias^ `)`)? (`lengths` `(` $lengths^ `)`)?
    (`initial_h` `(` $initial_h^ `)`)? attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = cellDeclaration;
}

//===----------------------------------------------------------------------===//
// LstmOp
//===----------------------------------------------------------------------===//

def Seq_LstmOp : Seq_CellOp<"lstm"> {
  let summary = "Long short-term memory layer";
  let description = [{
    ONNX `LSTM`, opset 14 and 22, plus the recurrent projection of LSTMP
    (Sak et al. 2014, PyTorch's `proj_size`). Gates in the order i, o, f, c.
    `H` is the size of the cell state, `P` of the hidden state: the rows of `projection`,
    or `H` without one.

    #### Semantics

        i := f(X[t] * Wi^T + H[t-1] * Ri^T + Pi . C[t-1] + Wbi + Rbi)
        f := f(X[t] * Wf^T + H[t-1] * Rf^T + Pf . C[t-1] + Wbf + Rbf)   // 1 - i if input_forget
        c := g(X[t] * Wc^T + H[t-1] * Rc^T + Wbc + Rbc)
        C[t] := f . C[t-1] + i . c
        o := f(X[t] * Wo^T + H[t-1] * Ro^T + Po . C[t] + Wbo + Rbo)
        H[t] := o . h(C[t])                                             // times projection^T

    Default activations per direction: sigmoid (f), tanh (g), tanh (h). `clip` bounds the
    argument of every activation, that of h included. Lengths, reverse, activation names and
    `batch_first` as in `seq.rnn`.

    #### Weights of bytes

    Weights that are bytes (unsigned unless `weight_signed` or `recurrent_signed` is set) stand for
    `(byte - zero) * scale`, with the scale and zero point of their row or of their direction; an
    absent zero point is 0. Inputs and states are rounded to bytes as well, by their own range, and
    sums of products are exact:

        X * W^T      := scale(X) * weight_scale . (bytes(X) * (W - weight_zero)^T)
        H[t-1] * R^T := the same of H[t-1], recurrent_scale and recurrent_zero
        bytes(A)     := clamp(round(A / scale(A)) + zero(A), 0, 255) - zero(A)
        zero(A)      := round(-low / scale(A))
        scale(A)     := (high - low) / 255, or 1 if that is 0
        low, high    := the least and the greatest of 0 and all elements of A

    Ties round to even, quotients to f32 before. X is all of the input, steps at or beyond a row's
    length included; H[t-1] are the states of the rows that take part in one round: each row takes
    part in as many rounds, the first ones, as it has steps of its own.

    #### Constraints

    * (C1) `input` is `[T, B, I]`, or `[B, T, I]` when `batch_first`.
    * (C2) `weight` is `[D, 4*H, I]`, `recurrent` is `[D, 4*H, P]`, all static.
    * (C3) `bias`, if present, is `[D, 8*H]`: Wb[iofc], then Rb[iofc].
    * (C4) `lengths`, if present, has the batch extent.
    * (C5) `initial_h`, if present, is `[D, B, P]` and `initial_c` is `[D, B, H]`; with
      `batch_first` `[B, D, P]` and `[B, D, H]`.
    * (C6) `activations`, if present, has 3*D entries; `activation_alpha` and
      `activation_beta` have at most one value per activation that takes one.
    * (C7) `clip`, if present, is positive.
    * (C8) `peephole`, if present, is `[D, 3*H]`: Pi, Po, Pf.
    * (C9) `projection`, if present, is `[D, P, H]`.
    * (C10) Y is `[T, D, B, P]` (`[B, T, D, P]`), Y_h is `[D, B, P]` (`[B, D, P]`), Y_c is
      `[D, B, H]` (`[B, D, H]`).
    * (C11) All floating-point element types are equal.
    * (C12) Weights are both bytes, with both scales, and the input is f32; or neither are, and
      there are no scales and zero points.
    * (C13) Scales and zero points are `[D, 4*H]` or `[D, 1]`, static.

    #### Checked at run time

    Dynamic extents that the constraints call equal, and:

    * (R1) A length is at least 0 and at most `T`.

    #### Example

    ```mlir
    %y, %yh, %yc = seq.lstm %x, %w, %r bias(%b) lengths(%len) {direction = #seq.direction<reverse>}
        : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>, tensor<1x64xf32>, tensor<?xi32>)
        -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
    %z:3 = seq.lstm %x, %bw, %br weight_scale(%ws) recurrent_scale(%rs) {weight_signed, recurrent_signed}
        : (tensor<?x?x4xf32>, tensor<1x32x4xi8>, tensor<1x32x8xi8>, tensor<1x32xf32>, tensor<1x1xf32>)
        -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
    ```
  }];
  let arguments = (ins
    3DTensorOf<[F32, F64]>:$input, 3DTensorOf<[F32, F64, I8]>:$weight, 3DTensorOf<[F32, F64, I8]>:$recurrent,
    Optional<2DTensorOf<[F32, F64]>>:$bias, Optional<Seq_LengthTensor>:$lengths,
    Optional<3DTensorOf<[F32, F64]>>:$initial_h, Optional<3DTensorOf<[F32, F64]>>:$initial_c,
    Optional<2DTensorOf<[F32, F64]>>:$peephole, Optional<3DTensorOf<[F32, F64]>>:$projection,
    Optional<2DTensorOf<[F32]>>:$weight_scale, Optional<2DTensorOf<[I8]>>:$weight_zero,
    Optional<2DTensorOf<[F32]>>:$recurrent_scale, Optional<2DTensorOf<[I8]>>:$recurrent_zero,
    DefaultValuedAttr<Seq_DirectionAttr, "::seqc::seq::Direction::Forward">:$direction,
    OptionalAttr<Seq_ActivationArrayAttr>:$activations,
    OptionalAttr<F32ArrayAttr>:$activation_alpha, OptionalAttr<F32ArrayAttr>:$activation_beta,
    OptionalAttr<F32Attr>:$clip, UnitAttr:$input_forget, UnitAttr:$batch_first,
    UnitAttr:$weight_signed, UnitAttr:$recurrent_signed);
  let results = (outs 4DTensorOf<[F32, F64]>:$y, 3DTensorOf<[F32, F64]>:$y_h,
                      3DTensorOf<[F32, F64]>:$y_c);
  let assemblyFormat = [{
    $input `,` $weight `,` $recurrent (`bias` `(` $bias^ `)`)? (`lengths` `(` $lengths^ `)`)?
    (`initial_h` `(` $initial_h^ `)`)? (`initial_c` `(` $initial_c^ `)`)?
    (`peephole` `(` $peephole^ `)`)? (`projection` `(` $projection^ `)`)?
    (`weight_scale` `(` $weight_scale^ `)`)? (`weight_zero` `(` $weight_zero^ `)`)?
    (`recurrent_scale` `(` $recurrent_scale^ `)`)? (`recurrent_zero` `(` $recurrent_zero^ `)`)?
    attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = cellDeclaration # [{
    /// Whether weights are bytes.
    bool isQuantized() { return getWeight().getType().getElementType().isInteger(8); }
  }];
}

#endif // DIALECT_SEQ_IR_CELLS_TD
