//===- Attention.td - Attention of every kind ---------------*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_ATTENTION_TD
#define DIALECT_SEQ_IR_ATTENTION_TD

include "dialect/Seq/IR/SeqAttributes.td"
include "dialect/Seq/IR/SeqInterfaces.td"
include "dialect/Seq/IR/SeqTypes.td"
include "dialect/Seq/IR/ShapedOps.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/RuntimeVerifiableOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// AttentionOp
//===----------------------------------------------------------------------===//

def Seq_AttentionOp : Seq_ShapedOp<"attention", [
    AttrSizedOperandSegments, RecursiveMemoryEffects,
    DeclareOpInterfaceMethods<Seq_RowsOpInterface>,
    DeclareOpInterfaceMethods<ConditionallySpeculatable>,
    DeclareOpInterfaceMethods<RuntimeVerifiableOpInterface>,
    DeclareOpInterfaceMethods<OpAsmOpInterface,
                              ["getAsmBlockArgumentNames", "getAsmResultNames"]>
]> {
  let summary = "Weigh values by how well their keys match a query";
  let description = [{
    One op for every kind of attention: dot (Luong 2015), scaled (Vaswani 2017), additive
    (Bahdanau 2015), general (Luong 2015), distance (Kim et al. 2021, with equal projections of
    queries and keys), and any score written as a region.
    Tensors are batch first; with heads they have rank 4, without heads rank 3.

    #### Semantics

    For batch row `b`, head `h`, query position `i` and key position `j`, with
    `r = rows[b]` if rows are given and `r = b` otherwise, and `g = h / (H / Hkv)`:

        q := query[b, h, i, :]; k := key[r, g, j, :]
        s := sum_d q[d] * k[d]                              // dot
             scale * sum_d q[d] * k[d]                      // scaled; scale defaults to 1/sqrt(D)
             sum_d score_weight[d] * tanh(q[d] + k[d])      // additive
             sum_de q[d] * score_weight[d, e] * k[e]        // general
             - sum_d (q[d] - k[d])^2                        // distance
             region(q, k)                                   // region
        s := softcap * tanh(s / softcap)                    // if softcap is set
        s := masked_score where not mask[b, h, i, j]        // if masked_score is set
        s := s + bias[b, h, i, j]                           // if present
        live := j < lengths[r] and (mask[b, h, i, j] or masked_score is set)
                and (causal: j <= i')
                and (window: i' - left <= j <= i' + right)
        i' := i (top_left or no causality), i + Tk - Tq (bottom_right); plus starts[r] if given
        p := softmax over the live j of s                   // softmax
             softmax over the live j of -s                  // negated_softmax
             1 / (1 + exp(-s))                              // sigmoid
             s                                              // none
        p := 0 where not live
        output[b, h, i, :] := sum_j p[j] * value[r, g, j, :]
        probabilities[b, h, i, j] := p[j]

    A query without a live key gives zeros, whatever the normalizer. A softmax whose live scores
    are all -inf is NaN, as their difference from the greatest is. `lengths`, `starts`,
    `mask` and `bias` belong to the row `r` of the keys in dimension 0 when `rows` is given (their
    dimension 0 is that of the keys); extents 1 are broadcast, but for that of `lengths`.

    The score region works on many pairs at once: its two arguments hold one query and one
    key per row, `[pairs, D]` and `[pairs, E]`, and it yields one score per row, `[pairs]`.
    Its rows must be independent.

    #### Constraints

    * (C1) `query` is `[B, Tq, D]` or `[B, H, Tq, D]`; `key` and `value` have its rank,
      equal dimensions but for the last, and `H` is a multiple of their head count.
    * (C2) Feature dimensions (the last ones) are static. D equals E for dot, scaled,
      additive and distance; `score_weight` is `[D]` (additive) or `[D, E]` (general) and absent otherwise.
    * (C3) The region is present exactly for `region`, takes `tensor<?xD>` and
      `tensor<?xE>` and yields `tensor<?>` of the element type.
    * (C4) `mask` (i1) and `bias` have the rank of the scores (query's rank), each extent 1 or
      that of the scores.
    * (C5) `lengths` has the batch extent of the keys; `rows` that of the queries; `starts` that of
      the keys, or statically 1.
    * (C6) `scale` only with `scaled`; `softcap`, if set, is positive; `window` is two
      numbers, left and right, each at least -1 (-1: unbounded). `starts` only without
      `bottom_right`.
    * (C7) `output` is query's shape with value's last extent; `probabilities`, if
      requested, is query's shape with the key extent last.
    * (C8) All floating-point element types are equal.
    * (C9) `masked_score` only with `mask`; it is not NaN.

    #### Checked at run time

    Dynamic extents that the constraints call equal, and:

    * (R1) A length is at least 0 and at most `Tk`.
    * (R2) `rows` name rows of the keys.
    * (R3) The region yields as many scores as it takes pairs.

    #### Example

    ```mlir
    %o, %p = seq.attention additive %q, %k, %v score_weight(%w : tensor<32xf32>)
        lengths(%len : tensor<?xi32>)
        : (tensor<?x1x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>)
        -> tensor<?x1x64xf32>, tensor<?x1x?xf32>
    ```
  }];
  let arguments = (ins
    Seq_ScoreAttr:$score,
    Seq_FloatTensor:$query, Seq_FloatTensor:$key, Seq_FloatTensor:$value,
    Optional<Seq_FloatTensor>:$score_weight,
    Optional<RankedTensorOf<[I1]>>:$mask, Optional<Seq_FloatTensor>:$bias,
    Optional<Seq_LengthTensor>:$lengths, Optional<Seq_IdTensor>:$rows,
    Optional<Seq_LengthTensor>:$starts,
    OptionalAttr<F64Attr>:$scale, OptionalAttr<F64Attr>:$softcap,
    DefaultValuedAttr<Seq_CausalAttr, "::seqc::seq::Causal::None">:$causal,
    OptionalAttr<DenseI64ArrayAttr>:$window,
    DefaultValuedAttr<Seq_NormalizerAttr, "::seqc::seq::Normalizer::Softmax">:$normalizer,
    OptionalAttr<F64Attr>:$masked_score);
  let results = (outs Seq_FloatTensor:$output, Optional<Seq_FloatTensor>:$probabilities);
  let regions = (region MaxSizedRegion<1>:$score_region);
  let assemblyFormat = [{
    `` $score $query `,` $key `,` $value
    (`score_weight` `(` $score_weight^ `:` type($score_weight) `)`)?
    (`mask` `(` $mask^ `:` type($mask) `)`)?
    (`bias` `(` $bias^ `:` type($bias) `)`)?
    (`lengths` `(` $lengths^ `:` type($lengths) `)`)?
    (`rows` `(` $rows^ `:` type($rows) `)`)?
    (`starts` `(` $starts^ `:` type($starts) `)`)?
    attr-dict
    `:` `(` type($query) `,` type($key) `,` type($value) `)` `->` type($output) (`,` type($probabilities)^)?
    ($score_region^)?
  }];
  let hasVerifier = 1;                                                     // C1, C2, C4-C9
  let hasRegionVerifier = 1;                                               // C3
  let hasCanonicalizer = 1;
}

#endif // DIALECT_SEQ_IR_ATTENTION_TD
