//===- Products.td - Products before their layout is chosen -*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_PRODUCTS_TD
#define DIALECT_SEQ_IR_PRODUCTS_TD

include "dialect/Seq/IR/SeqDialect.td"
include "dialect/Seq/IR/SeqTypes.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/RuntimeVerifiableOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// MatmulOp
//===----------------------------------------------------------------------===//

def Seq_MatmulOp : Seq_Op<"matmul", [
    Pure, SameVariadicOperandSize,                                         // C2, in part
    DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<RuntimeVerifiableOpInterface>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                              ["reifyResultShapes", "reifyDimOfResult"]>
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
  let extraClassDeclaration = [{
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

def Seq_QuantizedMatmulOp : Seq_Op<"quantized_matmul", [
    Pure, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<RuntimeVerifiableOpInterface>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                              ["reifyResultShapes", "reifyDimOfResult"]>
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

#endif // DIALECT_SEQ_IR_PRODUCTS_TD
