//===- Weights.td - Weight references, packing and products -*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_WEIGHTS_TD
#define DIALECT_SEQ_IR_WEIGHTS_TD

include "dialect/Seq/IR/SeqDialect.td"
include "dialect/Seq/IR/SeqTypes.td"
include "dialect/Seq/IR/ShapedOps.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/RuntimeVerifiableOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// WeightOp
//===----------------------------------------------------------------------===//

def Seq_WeightOp : Seq_Op<"weight", [Pure]> {
  let summary = "Name an entry of the model's weight store";
  let description = [{
    The value of a trained parameter, by reference. The bytes stay in `file`, at byte
    `offset`, row-major and little-endian, and are read when the artefact is written.
    `hash` identifies the content: entries with equal hashes are stored once. `stored` is
    the type of the elements in the file where it is another than that of the result; they
    are converted when the artefact is written, to the nearest value, ties to even.

    #### Semantics

        result := convert(the elements at bytes [offset, offset + n) of file)
        n      := number of elements * size of an element of stored, or else of the result

    #### Constraints

    * (C1) The result has a static shape and holds integers, floats or indices.
    * (C2) `offset` is not negative.
    * (C3) `stored` is f16, bf16 or f64, and the result then holds f16, bf16, f32 or f64.

    #### Example

    ```mlir
    %w = seq.weight "encoder.weight_ih_l0" in "dates.safetensors" at 1024
        hash "9f86d081884c7d65" : tensor<512x128xf32>
    %h = seq.weight "head.weight" in "half.safetensors" at 96 stored bf16 : tensor<8x4xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, StrAttr:$file, I64Attr:$offset,
                       DefaultValuedStrAttr<StrAttr, "">:$hash,
                       OptionalAttr<TypeAttrOf<AnyTypeOf<[F16, BF16, F64]>>>:$stored);  // C3
  let results = (outs StaticShapeTensorOf<[AnyInteger, AnyFloat, Index]>:$result);  // C1
  let assemblyFormat = [{
    $name `in` $file `at` $offset (`hash` $hash^)? (`stored` $stored^)? attr-dict `:` type($result)
  }];
  let extraClassDeclaration = [{
    /// Bytes of one element in the file.
    int64_t getStoredElementBytes();
  }];
  let hasVerifier = 1;                                                     // C2, C3
}

//===----------------------------------------------------------------------===//
// PackOp
//===----------------------------------------------------------------------===//

def Seq_PackOp : Seq_Op<"pack", [Pure]> {
  let summary = "Lay weights out in panels for seq.packed_matmul";
  let description = [{
    Interleaves `G` matrices of equal shape so that a product reads one contiguous
    stream per panel of `W` columns. Instructions that multiply and add along the depth
    take `U` = `unit` of its elements at once, which then lie next to each other.

    #### Semantics

    With `source[g]` of shape `[N, K]`, or `[K, N]` when `transposed` is set:

        result[n, q, g, j*U + u] := element(source[g][n*W + j, q*U + u])  // [q*U + u, n*W + j] if transposed
                                    0 where n*W + j >= N or q*U + u >= K
        element(x) := x, or x - 128 of the unsigned byte x when `excess` is set, or the upper 16
                      bits of x of f32 when the result holds bf16

    #### Constraints

    * (C1) There is at least one source; all have one static rank-2 type.
    * (C2) The result is `[ceil(N / W), ceil(K / U), G, W*U]` of the element type, or of bf16 from
      f32.
    * (C3) `unit` is at least 1.
    * (C4) Elements are i8 when `excess` is set.

    #### Example

    ```mlir
    %p = seq.pack %wi, %wf
        : (tensor<33x8xf32>, tensor<33x8xf32>) -> tensor<3x8x2x16xf32>
    %q = seq.pack %wq transposed excess unit 4 : (tensor<8x33xi8>) -> tensor<3x2x1x64xi8>
    ```
  }];
  let arguments = (ins Variadic<2DTensorOf<[F16, BF16, F32, F64, I8]>>:$sources,  // C1, in part
                       UnitProp:$transposed, UnitProp:$excess,
                       DefaultValuedAttr<I64Attr, "1">:$unit);
  let results = (outs 4DTensorOf<[F16, BF16, F32, F64, I8]>:$result);
  let assemblyFormat = [{
    $sources (`transposed` $transposed^)? (`excess` $excess^)? (`unit` $unit^)? attr-dict
    `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    /// Rows of the product (N) and depth (K) of every source.
    int64_t getNumColumns();
    int64_t getDepth();
    /// Columns of a panel (W).
    int64_t getPanelWidth();
  }];
  let hasVerifier = 1;                                                     // C1-C4
}

//===----------------------------------------------------------------------===//
// ColumnSumsOp
//===----------------------------------------------------------------------===//

def Seq_ColumnSumsOp : Seq_Op<"column_sums", [Pure]> {
  let summary = "Add up each column of a stored 8-bit matrix";
  let description = [{
    What the zero point of a left operand is multiplied by. Sums over weights are computed
    when the artefact is written.

    #### Semantics

    With `source` of shape `[N, K]`, or `[K, N]` when `transposed` is set:

        result[n] := sum_k element(source[n, k])    // [k, n] if transposed
        element(x) := x, or x - 128 of the unsigned byte x when `excess` is set

    #### Constraints

    * (C1) The source has a static shape; the result is `[N]`.

    #### Example

    ```mlir
    %s = seq.column_sums %w transposed : (tensor<8x33xi8>) -> tensor<33xi32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[I8]>:$source, UnitProp:$transposed, UnitProp:$excess);
  let results = (outs 1DTensorOf<[I32]>:$result);
  let assemblyFormat = [{
    $source (`transposed` $transposed^)? (`excess` $excess^)? attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;                                                     // C1
}

//===----------------------------------------------------------------------===//
// PackedMatmulOp
//===----------------------------------------------------------------------===//

def Seq_PackedMatmulOp : Seq_ShapedOp<"packed_matmul", [
    Pure, AttrSizedOperandSegments, DestinationStyleOpInterface,           // C2, in part
    DeclareOpInterfaceMethods<RuntimeVerifiableOpInterface>
]> {
  let summary = "Multiply rows by several packed matrices at once";
  let description = [{
    A `seq.matmul` whose right operands lie in panels: one left operand, `G` right operands
    packed in panels, one accumulator and one result per right operand. The layout of the
    panels is that of `seq.pack` with the same `unit` `U`.

    #### Semantics

        result[g][b, n*W + j] := init[g][b, n*W + j]
                                 + sum_q sum_u lhs[b, q*U + u] * panels[n, q, g, j*U + u]

    Sums of floats may be reassociated; sums of integers are exact modulo 2^32. Bytes of
    `lhs` are unsigned, those of `panels` signed.

    With `scales`, the panels hold the codes of a `seq.blockwise_matmul`, whose `bits` and
    `signed` they have: the four bytes from `panels[n, q, 0, 4*j]` on are a number of 32 bits,
    lowest byte first, that holds `C = 32 / bits` codes, lowest bits first. Zero points that
    are codes lie likewise. With `K / L` codes to a block:

        result[0][b, n*W + j] := init[0][b, n*W + j]
                                 + sum_k lhs[b, k] * (code(panels, n, k, j) - zero(n, k / (K / L), j))
                                                   * scales[n, k / (K / L), 0, j]

    #### Constraints

    * (C1) `lhs` is `[M, K]`, `panels` is `[ceil(N / W), K / U, G, W*U]`, or, with `scales`,
      `[ceil(N / W), K / C, G, W*U]`; G and W are static.
    * (C2) There are `G` inits, all `[M, N]`; the result types are the init types.
    * (C3) The element types of lhs, panels and inits are one floating-point type, or i8, i8
      and i32, or f32, bf16 and f32, or, with `scales`, f32, i8 and f32.
    * (C4) `scales` is `[ceil(N / W), L, 1, W]`; G is then 1, `unit` 4, `bits` 2, 4 or 8, `K / L`
      a multiple of `C`, and panels, scales and zeros have static shapes. Without `scales`
      there are no `bits`, no `signed` and no `zeros`.
    * (C5) `zeros` is `[ceil(N / W), L, 1, W]` of f32, or `[ceil(N / W), ceil(L / C), 1, W*U]` of
      i8.

    #### Checked at run time

    Dynamic extents that the constraints call equal.

    #### Example

    ```mlir
    %r:2 = seq.packed_matmul %x, %p init(%a, %b)
        : (tensor<?x8xf32>, tensor<3x8x2x16xf32>, tensor<?x33xf32>, tensor<?x33xf32>)
        -> (tensor<?x33xf32>, tensor<?x33xf32>)
    %s = seq.packed_matmul %y, %q unit 4 init(%c)
        : (tensor<?x8xi8>, tensor<3x2x1x64xi8>, tensor<?x33xi32>) -> tensor<?x33xi32>
    %t = seq.packed_matmul %z, %w scales(%l) bits 4 unit 4 init(%a)
        : (tensor<?x64xf32>, tensor<3x8x1x64xi8>, tensor<3x2x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F16, BF16, F32, F64, I8]>:$lhs,
                       4DTensorOf<[F16, BF16, F32, F64, I8]>:$panels,
                       Optional<4DTensorOf<[F32]>>:$scales,
                       Optional<4DTensorOf<[F32, I8]>>:$zeros,
                       DefaultValuedAttr<I64Attr, "0">:$bits, UnitProp:$is_signed,
                       DefaultValuedAttr<I64Attr, "1">:$unit,
                       Variadic<2DTensorOf<[F16, BF16, F32, F64, I32]>>:$inits);
  let results = (outs Variadic<2DTensorOf<[F16, BF16, F32, F64, I32]>>:$results);
  let assemblyFormat = [{
    $lhs `,` $panels (`scales` `(` $scales^ `)`)? (`zeros` `(` $zeros^ `)`)? (`bits` $bits^)?
    (`signed` $is_signed^)? (`unit` $unit^)? `init` `(` $inits `)` attr-dict
    `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = shapedDeclaration # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitsMutable(); }
    /// Extents of the packed operand: G matrices, W columns to a panel.
    int64_t getNumMatrices();
    int64_t getPanelWidth();
    /// K, a multiple of what lies next to each other: the unit, or the codes of four bytes.
    int64_t getDepth();
    int64_t getNumColumns();
    /// Elements of the depth in one row of a panel: U, or C of codes.
    int64_t getDepthUnit();
  }];
  let hasVerifier = 1;                                                     // C1-C5
}

#endif // DIALECT_SEQ_IR_WEIGHTS_TD
