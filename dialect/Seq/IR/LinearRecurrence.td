//===- LinearRecurrence.td - Recurrences linear in their state -*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_LINEARRECURRENCE_TD
#define DIALECT_SEQ_IR_LINEARRECURRENCE_TD

include "dialect/Seq/IR/SeqAttributes.td"
include "dialect/Seq/IR/SeqDialect.td"
include "dialect/Seq/IR/SeqTypes.td"
include "dialect/Seq/IR/ShapedOps.td"
include "mlir/Interfaces/RuntimeVerifiableOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// LinearRecurrenceOp
//===----------------------------------------------------------------------===//

def Seq_LinearRecurrenceOp : Seq_ShapedOp<"linear_recurrence", [
    NoMemoryEffect, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<ConditionallySpeculatable>,
    DeclareOpInterfaceMethods<RuntimeVerifiableOpInterface>
]> {
  let summary = "Carry a state that each step changes linearly";
  let description = [{
    State-space models, linear attention and the algorithms of hidden Markov models are
    recurrences whose state, a matrix per row and head, is multiplied, added to and read.
    What a step does is said by operands that hold one slice per step, so that no cell
    region hides it: the state can stay in registers or the first cache for a whole
    sequence, and steps can be computed in blocks.

    The semiring says what the sum (+) and the product (*) are:

    | semiring | a (+) b | a (*) b | zero | one |
    |---|---|---|---|---|
    | `real` | a + b | a * b | 0 | 1 |
    | `log` | log(exp(a) + exp(b)) | a + b | -inf | 0 |
    | `max_plus` | max(a, b) | a + b | -inf | 0 |

    #### Semantics

    With the state `[B, H, K, V]`, for batch row `b`, `n = lengths[b]` if lengths are given
    and `n = T` otherwise. An operand with `G` heads has those of the state in groups:
    `x[h] := x[h / (H / G)]`; an extent of 1 in `T`, `B` and, of `decay`, `K` and `V` is
    repeated.

        S := init[b]
        for t in 0 .. n-1                  // n-1 .. 0 when `reverse` is set
          for each head h, with s := S[h]
            s[k, v] := (+)_j matrix[t, b, h, k, j] (*) s[j, v]           // if given
            s[k, v] := decay[t, b, h, k, v] (*) s[k, v]                  // if given
            s[k, v] := s[k, v] - erase[t, b, h, k] * sum_j lookup[t, b, h, j] * s[j, v]  // if given
            s[k, v] := s[k, v] (+) key[t, b, h, k] (*) value[t, b, h, v] // if given; an absent key is one
          outputs[t, b, q, v] := (+)_k query[t, b, q, k] (*) S[h, k, v]  // h reads for head q
          outputs[t, b] := S                                            // without a query
        outputs[t, b] := 0                 // n <= t < T
        final[b] := S

    A query may also have a multiple of the state's heads: `h := q / (Q / H)`. What `decay`,
    `matrix` and the others are made of (gates, discretisation, norms of keys) is computed
    outside, for all steps at once.

    | model | transition | written |
    |---|---|---|
    | HMM forward, Viterbi (`log`, `max_plus`) | `matrix`, emissions as `decay` | nothing |
    | S4D, Mamba, minGRU, SRU | `decay` | `key`, `value` |
    | RetNet, GLA, Mamba-2 (gated linear attention) | `decay` | `key`, `value` |
    | DeltaNet, Gated DeltaNet, RWKV-7 (Yang et al. 2024) | `decay`, `lookup`, `erase` | `key`, `value` |

    #### Constraints

    * (C1) `init` is `[B, H, K, V]` of f32 or f64, with static `H`, `K` and `V` of at least 1.
    * (C2) `decay` is `[T, B, G, K, V]`, `matrix` `[T, B, G, K, K]`, `value` `[T, B, G, V]`,
      `lookup`, `erase`, `key` and `query` are `[T, B, G, K]`; `T` and `B` may be statically 1, as
      may `K` and `V` of `decay`. `G` is static and divides `H`; that of `query` may be a
      multiple of it instead.
    * (C3) `lookup` and `erase` come together, in the semiring `real`.
    * (C4) `key` and `query` come with something to write and to read: `key` only with
      `value`, `query` only with `outputs`.
    * (C5) `outputs` is `[T, B, max(H, G), V]` with a query of `G` heads, `[T, B, H, K, V]`
      without one; `final` has the type of `init`.
    * (C6) `lengths` has the batch extent.
    * (C7) No operand's elements are wider than the state's.

    #### Checked at run time

    Dynamic extents that the constraints call equal, and:

    * (R1) A length is at least 0 and at most `T`.

    #### Example

    ```mlir
    // Gated linear attention.
    %s, %o = seq.linear_recurrence real init(%s0 : tensor<?x4x8x16xf32>)
        decay(%a : tensor<?x?x4x8x1xf32>) key(%k : tensor<?x?x4x8xf32>)
        value(%v : tensor<?x?x4x16xf32>) query(%q : tensor<?x?x4x8xf32>)
        -> tensor<?x4x8x16xf32>, tensor<?x?x4x16xf32>
    ```
  }];
  let arguments = (ins
    Seq_SemiringAttr:$semiring,
    RankedTensorOf<[F32, F64]>:$init,
    Optional<Seq_FloatTensor>:$matrix, Optional<Seq_FloatTensor>:$decay,
    Optional<Seq_FloatTensor>:$lookup, Optional<Seq_FloatTensor>:$erase,
    Optional<Seq_FloatTensor>:$key, Optional<Seq_FloatTensor>:$value,
    Optional<Seq_FloatTensor>:$query, Optional<Seq_LengthTensor>:$lengths,
    UnitProp:$reverse);
  let results = (outs RankedTensorOf<[F32, F64]>:$final,
                      Optional<Seq_FloatTensor>:$outputs);
  let assemblyFormat = [{
    `` $semiring `init` `(` $init `:` type($init) `)`
    (`matrix` `(` $matrix^ `:` type($matrix) `)`)?
    (`decay` `(` $decay^ `:` type($decay) `)`)?
    (`lookup` `(` $lookup^ `:` type($lookup) `)`)?
    (`erase` `(` $erase^ `:` type($erase) `)`)?
    (`key` `(` $key^ `:` type($key) `)`)?
    (`value` `(` $value^ `:` type($value) `)`)?
    (`query` `(` $query^ `:` type($query) `)`)?
    (`lengths` `(` $lengths^ `:` type($lengths) `)`)?
    (`reverse` $reverse^)?
    attr-dict `->` type($final) (`,` type($outputs)^)?
  }];
  let extraClassDeclaration = shapedDeclaration # [{
    /// The operand that tells the time extent: the first one whose dimension 0
    /// is not statically 1. Null if there is none; T is 1 then.
    ::mlir::Value getTimeOperand();
    /// The operands that hold a slice per step: all but `init` and `lengths`,
    /// those that are given, in their order.
    ::llvm::SmallVector<::mlir::Value> getStepOperands();
    /// Heads of the state and of what is read.
    int64_t getNumHeads();
    int64_t getNumQueryHeads();
  }];
  let hasVerifier = 1;                                                     // C1-C7
  let hasCanonicalizer = 1;
}

#endif // DIALECT_SEQ_IR_LINEARRECURRENCE_TD
