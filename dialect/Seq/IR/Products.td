//===- Products.td - Products before their layout is chosen -*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_PRODUCTS_TD
#define DIALECT_SEQ_IR_PRODUCTS_TD

include "dialect/Seq/IR/SeqDialect.td"
include "dialect/Seq/IR/SeqInterfaces.td"
include "dialect/Seq/IR/SeqTypes.td"
include "dialect/Seq/IR/ShapedOps.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/RuntimeVerifiableOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// MatmulOp
//===----------------------------------------------------------------------===//

def Seq_MatmulOp : Seq_ShapedOp<"matmul", [
    Pure, SameVariadicOperandSize,                                         // C2, in part
    DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<Seq_RowsOpInterface>,
    DeclareOpInterfaceMethods<RuntimeVerifiableOpInterface>
]> {
  let summary = "Multiply rows by several matrices at once";
  let description = [{
    The product every dense layer and every gate becomes: one left operand, `G` right
    operands of one shape, one accumulator and one result per right operand. Which layout
    the right operands get is decided for each CPU (`seq-pack-products`).

    #### Semantics

    With `matrices[g]` of shape `[N, K]`, or `[K, N]` when `transposed` is set:

        result[g][m, n] := init[g][m, n]
                           + sum_k lhs[m, k] * element(matrices[g][n, k])  // [k, n] if transposed
        element(x) := x, or x - 128 of the unsigned byte x when `excess` is set

    Sums of floats may be reassociated; sums of integers are exact modulo 2^32. Bytes of
    `lhs` are unsigned, those of `matrices` signed unless `excess` is set.

    #### Constraints

    * (C1) `lhs` is `[M, K]`; all matrices have one static type.
    * (C2) There is an init for each matrix, at least one, all `[M, N]`; the result types
      are the init types.
    * (C3) The element types of lhs, matrices and inits are one floating-point type, or i8,
      i8 and i32.
    * (C4) Elements are i8 when `excess` is set.

    #### Checked at run time

    Dynamic extents that the constraints call equal.

    #### Example

    ```mlir
    %r:2 = seq.matmul %x, %wi, %wf init(%a, %b)
        : (tensor<?x8xf32>, tensor<33x8xf32>, tensor<33x8xf32>, tensor<?x33xf32>, tensor<?x33xf32>)
        -> (tensor<?x33xf32>, tensor<?x33xf32>)
    %s = seq.matmul %y, %q transposed excess init(%c)
        : (tensor<?x8xi8>, tensor<8x33xi8>, tensor<?x33xi32>) -> tensor<?x33xi32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F16, BF16, F32, F64, I8]>:$lhs,
                       Variadic<2DTensorOf<[F16, BF16, F32, F64, I8]>>:$matrices,
                       UnitProp:$transposed, UnitProp:$excess,
                       Variadic<2DTensorOf<[F16, BF16, F32, F64, I32]>>:$inits);
  let results = (outs Variadic<2DTensorOf<[F16, BF16, F32, F64, I32]>>:$results);
  let assemblyFormat = [{
    $lhs `,` $matrices (`transposed` $transposed^)? (`excess` $excess^)?
    `init` `(` $inits `)` attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = shapedDeclaration # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitsMutable(); }
    /// G, N and K.
    int64_t getNumMatrices();
    int64_t getNumColumns();
    int64_t getDepth();
  }];
  let hasVerifier = 1;                                                     // C1-C4
}

//===----------------------------------------------------------------------===//
// QuantizedMatmulOp
//===----------------------------------------------------------------------===//

def Seq_QuantizedMatmulOp : Seq_ShapedOp<"quantized_matmul", [
    Pure, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<RuntimeVerifiableOpInterface>
]> {
  let summary = "Multiply 8-bit matrices less their zero points";
  let description = [{
    The integer product that quantised layers are made of. Bytes of either side are
    unsigned unless `lhs_signed` or `rhs_signed` is set; a zero point is a number of its
    side's kind, one for the whole side or one per row of `lhs` or column of `rhs`. An absent
    one is 0.

    #### Semantics

    With `rhs` of shape `[N, K]`, or `[K, N]` when `transposed` is set:

        result[m, n] := sum_k (lhs[m, k] - lhs_zero[m]) * (rhs[n, k] - rhs_zero[n])  // rhs[k, n] if transposed

    modulo 2^32, exactly.

    #### Constraints

    * (C1) `lhs` is `[M, K]`, `rhs` is `[N, K]`, or `[K, N]` when `transposed` is set.
    * (C2) `lhs_zero` has rank 0, or is `[1]` or `[M]`.
    * (C3) `rhs_zero` has rank 0, or is `[1]` or `[N]`.
    * (C4) The result is `[M, N]`.

    #### Checked at run time

    Dynamic extents that the constraints call equal.

    #### Example

    ```mlir
    %r = seq.quantized_matmul %x, %w lhs_zero(%z) rhs_signed transposed
        : (tensor<?x8xi8>, tensor<8x33xi8>, tensor<i8>) -> tensor<?x33xi32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[I8]>:$lhs, 2DTensorOf<[I8]>:$rhs,
                       Optional<RankedTensorOf<[I8]>>:$lhs_zero,
                       Optional<RankedTensorOf<[I8]>>:$rhs_zero,
                       UnitProp:$lhs_signed, UnitProp:$rhs_signed, UnitProp:$transposed);
  let results = (outs 2DTensorOf<[I32]>:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs (`lhs_zero` `(` $lhs_zero^ `)`)? (`rhs_zero` `(` $rhs_zero^ `)`)?
    (`lhs_signed` $lhs_signed^)? (`rhs_signed` $rhs_signed^)? (`transposed` $transposed^)?
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;                                                     // C1-C4
}

//===----------------------------------------------------------------------===//
// BlockwiseMatmulOp
//===----------------------------------------------------------------------===//

def Seq_BlockwiseMatmulOp : Seq_ShapedOp<"blockwise_matmul", [
    Pure,
    DeclareOpInterfaceMethods<Seq_RowsOpInterface>
]> {
  let summary = "Multiply rows by a matrix stored as codes in blocks";
  let description = [{
    The product of layers whose weights are stored in 2, 4 or 8 bits. Along the depth, blocks
    of `block` weights share a scale and a zero point. Codes stay as they are stored up to
    the registers of the kernel.

    Codes lie along the depth, the first in the lowest bits of a byte; each column of the
    product has bytes of its own. Codes are unsigned unless `signed` is set. Zero points are
    codes that are stored likewise, or floats on the scale of the codes; absent ones are 0 of
    signed codes and `2^(bits-1)` of unsigned ones.

    #### Semantics

    With `e = 8 / bits` and `number` the unsigned number in the lowest `bits` bits of a byte,
    or their two's complement when `signed` is set:

        code(x, n, i) := number(x[n, i / e] >> (i mod e) * bits)
        zero(n, l)    := zeros[n, l] of floats, or code(zeros, n, l)
        result[m, n]  := sum_k lhs[m, k] * (code(codes, n, k) - zero(n, k / block)) * scales[n, k / block]

    Sums may be reassociated, and scales taken out of the sums of their blocks.

    #### Constraints

    * (C1) `lhs` is `[M, K]` with a static `K` of at least 1; codes, scales and zeros have static
      shapes.
    * (C2) `bits` is 2, 4 or 8, and `block` a multiple of `32 / bits`, at least 1 of them.
    * (C3) With `L = ceil(K / block)`, `codes` is `[N, L * block / e]`, whose padding is
      multiplied by 0, and `scales` is `[N, L]`.
    * (C4) `zeros` is `[N, L]` of f32, or `[N, ceil(L / e)]` of i8.
    * (C5) The result is `[M, N]`.

    #### Example

    ```mlir
    %r = seq.blockwise_matmul %x, %w scales(%s) zeros(%z) bits 4 block 32
        : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x2xf32>, tensor<33x1xi8>) -> tensor<?x33xf32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$lhs, 2DTensorOf<[I8]>:$codes, 2DTensorOf<[F32]>:$scales,
                       Optional<2DTensorOf<[F32, I8]>>:$zeros,
                       I64Attr:$bits, I64Attr:$block, UnitProp:$is_signed);
  let results = (outs 2DTensorOf<[F32]>:$result);
  let assemblyFormat = [{
    $lhs `,` $codes `scales` `(` $scales `)` (`zeros` `(` $zeros^ `)`)? `bits` $bits `block` $block
    (`signed` $is_signed^)? attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = shapedDeclaration # [{
    /// N, and L, the number of blocks of a column.
    int64_t getNumColumns();
    int64_t getNumBlocks();
  }];
  let hasVerifier = 1;                                                     // C1-C5
}

#endif // DIALECT_SEQ_IR_PRODUCTS_TD
