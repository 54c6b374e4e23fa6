//===- DNNOps.td - Calls of the oneDNN library --------------*- tablegen -*-===//

#ifndef DIALECT_DNN_IR_DNNOPS_TD
#define DIALECT_DNN_IR_DNNOPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def DNN_Dialect : Dialect {
  let name = "dnn";
  let cppNamespace = "::seqc::dnn";
  let summary = "Calls of the oneDNN library";
  let description = [{
    What phase `offload` gives to oneDNN. Making a primitive and running it are two ops, so that the first
    can leave loops; the runtime's adapter carries them out (`dnn_matmul_create` and
    `dnn_matmul_execute` of `runtime/abi/ModelAbi.h`).
  }];
  let useDefaultTypePrinterParser = 1;
}

class DNN_Op<string mnemonic, list<Trait> traits = []> : Op<DNN_Dialect, mnemonic, traits>;

def DNN_MatmulType : TypeDef<DNN_Dialect, "Matmul"> {
  let mnemonic = "matmul_primitive";
  let summary = "A matrix product that is ready to run";
}

/// A rank-2 f32 tensor or buffer.
def DNN_Matrix : AnyTypeOf<[2DTensorOf<[F32]>, MemRefRankOf<[F32], [2]>],
                           "rank-2 tensor or memref of f32">;

//===----------------------------------------------------------------------===//
// CreateMatmulOp
//===----------------------------------------------------------------------===//

def DNN_CreateMatmulOp : DNN_Op<"create_matmul", [Pure]> {
  let summary = "Make a product with given weights";
  let description = [{
    The primitive adds to its accumulator. `transposed` says that the weights are stored
    `[N, K]`; `constant` that they never change, so that the library may keep a packed copy.
    Nothing is read here but the address and the strides.

    #### Semantics

        result := the primitive acc[m, n] += sum_k lhs[m, k] * weights[n, k]    // transposed
                                             sum_k lhs[m, k] * weights[k, n]    // otherwise

    #### Constraints

    * (C1) `weights` is of rank 2 with a static shape.

    #### Example

    ```mlir
    %p = dnn.create_matmul %w transposed constant : tensor<2048x512xf32>
    ```
  }];
  let arguments = (ins DNN_Matrix:$weights, UnitProp:$transposed, UnitProp:$constant);
  let results = (outs DNN_MatmulType:$primitive);
  let assemblyFormat = [{
    $weights (`transposed` $transposed^)? (`constant` $constant^)? attr-dict `:` type($weights)
  }];
  let hasVerifier = 1;                                                     // C1
}

//===----------------------------------------------------------------------===//
// MatmulOp
//===----------------------------------------------------------------------===//

def DNN_MatmulOp : DNN_Op<"matmul", [
    DestinationStyleOpInterface, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>
]> {
  let summary = "Run a product of the library";
  let description = [{
    #### Semantics

        result := acc + lhs * weights        // as the primitive says

    On buffers `acc` is updated in place and there is no result.

    #### Constraints

    * (C1) `lhs` is `[M, K]`, `acc` `[M, N]`, `weights` `[N, K]` or `[K, N]`, N and K static.
    * (C2) All operands are tensors and there is one result of the type of `acc`, or all are
      buffers and there is none.

    #### Example

    ```mlir
    %r = dnn.matmul %p, %x, %w outs(%a)
        : (tensor<?x512xf32>, tensor<2048x512xf32>, tensor<?x2048xf32>) -> tensor<?x2048xf32>
    ```
  }];
  let arguments = (ins DNN_MatmulType:$primitive, DNN_Matrix:$lhs, DNN_Matrix:$weights, DNN_Matrix:$acc);
  let results = (outs Optional<2DTensorOf<[F32]>>:$result);
  let assemblyFormat = [{
    $primitive `,` $lhs `,` $weights `outs` `(` $acc `)` attr-dict
    `:` `(` type($lhs) `,` type($weights) `,` type($acc) `)` (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getAccMutable(); }
  }];
  let hasVerifier = 1;                                                     // C1, C2
}

#endif // DIALECT_DNN_IR_DNNOPS_TD
