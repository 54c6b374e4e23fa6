//===- Generate.td - Search over a decoder step -------------*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_GENERATE_TD
#define DIALECT_SEQ_IR_GENERATE_TD

include "dialect/Seq/IR/SeqAttributes.td"
include "dialect/Seq/IR/SeqTypes.td"
include "dialect/Seq/IR/ShapedOps.td"
include "mlir/Interfaces/LoopLikeInterface.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/RuntimeVerifiableOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// GenerateOp
//===----------------------------------------------------------------------===//

def Seq_GenerateOp : Seq_ShapedOp<"generate", [
    AttrSizedOperandSegments,
    SingleBlockImplicitTerminator<"YieldOp">,
    RecursiveMemoryEffects,                              // never speculated: it may not end soon
    DeclareOpInterfaceMethods<RuntimeVerifiableOpInterface>,
    DeclareOpInterfaceMethods<LoopLikeOpInterface, ["getLoopRegions"]>,
    DeclareOpInterfaceMethods<OpAsmOpInterface,
                              ["getAsmBlockArgumentNames", "getAsmResultNames"]>
]> {
  let summary = "Decode token by token with a step region and a search";
  let description = [{
    The whole decoding loop as one op. A *lane* is one hypothesis of one unfinished row;
    the region maps the last token and the state of every lane to logits and a new state.
    Row `b` is decoded as if it were alone: batch order, the end of other rows and the number of
    threads do not show in its result.

    #### Semantics

    `best(a, b)`: a comes before b if its score is greater, or equal and its
    (beam, token) is lexicographically smaller. NaN compares false everywhere.
    `norm(n) = f32(pow(f64(n), f64(length_penalty)))`, `n` counting the generated tokens,
    the end token included, start and prefix not. With K = width and P = prefix_lengths[b]
    (0 without a prefix):

        live := [(score 0, tokens [], beam 0)]; pool := []
        for s in 0 .. P + max_new - 1:
          z, state := step(last token or start, row b, position s, state of the parent)
          if s < P: live[0] += prefix[b, s]; continue       // score unchanged, no end test
          if z of a live hypothesis holds NaN or +inf: the row fails
          n := s - P + 1
          lp := (z - max z) - log(sum(exp(z - max z)))
          cand := all (live[r].score + lp[r][t], r, t) above -inf,
                  end tokens only if n > min_new, sorted by best
          for c in the first K of cand, in order:
            if c.t in end or n == max_new: insert (c.score / norm(n), c) into pool
          live := the first K of cand whose token is not an end token, in order
          stop if n == max_new, or live is empty, or stop(): see #seq.beam
        return the first n_best of pool

    The pool is sorted by normalised score, ties in order of arrival, and holds K
    entries; an entry enters a full pool only if strictly better than the last.
    `#seq.greedy` takes the arg max of the logits, lowest id on ties, ends at the first end
    token after `min_new`, and reports its score as sum of log-probabilities / norm(n).

    `#seq.sample` draws one token at a step, and ends and scores as `#seq.greedy` does. The
    temperature T, k = top_k, p = top_p, the seed and the first row (0) are those of the attribute
    or of the operands. For row b, with z the logits in double precision:

        cand := tokens above -inf, end tokens only if n > min_new
        rank cand by z, greatest first, ties by the smaller token
        if T == 0: take the first
        if 0 < k: keep the first k of cand
        w[t] := exp((z[t] - greatest z of cand) / T)
        if p < 1: keep the first of cand, and every further one as long as the sum of the w
                  before it, added in the order of ranks, is below
                  p * sum of all w kept so far, added in rising order of tokens
        x := philox4x32-10(counter = (n - 1, r mod 2^32, r div 2^32, 0),
                           key = (seed mod 2^32, seed div 2^32)), r = first_row + b
        u := (x[0] >> 8) * 2^-24
        take the first kept t, in rising order of tokens, at which the sum of the w up to t is
             above u * sum of all w kept; both added in rising order of tokens

    `n` counts from 1, so the prefix draws nothing. Philox is that of Salmon et al. (Random123), words of 32 bits, low word first. What
    is drawn depends on the seed, the row's number and the position alone: rows, lanes and
    threads that share the call do not show.

    `length_penalty`, `temperature`, `top_p`, `top_k` and `seed` as operands stand for the
    attribute's. `first_row` is what row 0 is called: who splits rows over several calls
    counts on, and gets what one call would have given.

    Every search fails where the logits that it reads are NaN or +inf: the row ends, and what it
    had finished counts no more, since nothing tells how far the model was wrong before. A logit of
    -inf is a token that cannot be taken; a row whose logits all are is dead.

    `why` says how a hypothesis ended: 0 by an end token, 1 by `max_new`, 2 dead (no
    candidate above -inf), 3 failed. Missing hypotheses of an n-best list have length 0,
    score -inf and `why` 2, all those of a row that failed length 0, score NaN and `why` 3.
    Tokens beyond a length are `pad`.
    A trace is a value per lane that the region yields besides the states; the op returns it
    for every token of every returned hypothesis, zeros beyond its length.

    #### Region

    Arguments: `id` (tensor<?xi32>, the last token of each lane), `row` (tensor<?xi32>, the
    original row of each lane), `pos` (index), then one value per state, lanes first.
    `seq.yield` gives the logits `[lanes, V]`, then one value per state, then one value per
    trace. What belongs to a row is captured and indexed by `row`. Lanes must be independent.

    #### Constraints

    * (C1) The region takes id, row, pos, then the states with a dynamic dimension 0.
    * (C2) It yields logits of rank 2 with a static vocabulary, states of the types of
      their arguments, then traces of rank 1 or more with a dynamic dimension 0.
    * (C3) `1 <= n_best <= width`; greedy and sampling have one result per row.
    * (C4) End ids are distinct, at most 16, each inside the vocabulary.
    * (C5) `prefix` and `prefix_lengths` come together and have one entry per row of `start`.
    * (C6) tokens is `[rows, n_best, ?]` i32, lengths `[rows, n_best]` i32, scores
      `[rows, n_best]` of the logits' type, why `[rows, n_best]` i8; a trace result is
      `[rows, n_best, ?, ...]`, `...` the trace's extents after the lanes; `?` is one extent
      in tokens and traces.
    * (C7) `min_new` is not negative.
    * (C8) `temperature`, `top_p`, `top_k`, `seed` and `first_row` come with `#seq.sample`, whose
      temperature is finite and at least 0, top_k at least 0, top_p above 0 and at most 1.
    * (C9) Every state in `init` has one row per row of `start`.

    #### Checked at run time

    Dynamic extents that the constraints call equal, and:

    * (R1) `max_new` is at least 1.
    * (R2) A prefix length is at least 0 and at most the extent of `prefix`.
    * (R3) Ids of the prefix, within their row's length, are inside the vocabulary.
    * (R4) The operands `temperature`, `top_p` and `top_k` are as C8 asks of the attribute.
    * (R5) What the step yields has one row per lane, states and traces with extents that stay
      the same.

    #### Example

    ```mlir
    %tok, %len, %score, %why = seq.generate #seq.beam<width = 4, n_best = 2>
        start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) init(%h0 : tensor<?x32xf32>) {
    ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<?x32xf32>):
      %z, %h1 = func.call @step(%id, %h)
          : (tensor<?xi32>, tensor<?x32xf32>) -> (tensor<?x50xf32>, tensor<?x32xf32>)
      seq.yield %z, %h1 : tensor<?x50xf32>, tensor<?x32xf32>
    } -> tensor<?x2x?xi32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi8>
    ```
  }];
  let arguments = (ins
    AnyAttrOf<[Seq_GreedyAttr, Seq_BeamAttr, Seq_SampleAttr]>:$search,
    Seq_IdTensor:$start, Index:$max_new,
    Optional<2DTensorOf<[I32]>>:$prefix, Optional<Seq_LengthTensor>:$prefix_lengths,
    Optional<F64>:$penalty, Optional<F32>:$temperature, Optional<F32>:$top_p,
    Optional<Index>:$top_k, Optional<I64>:$seed, Optional<I64>:$first_row,
    Variadic<AnyRankedTensor>:$init,
    DenseI32ArrayAttr:$end, I32Attr:$pad,
    DefaultValuedAttr<I64Attr, "0">:$min_new);
  let results = (outs 3DTensorOf<[I32]>:$tokens, 2DTensorOf<[I32]>:$lengths,
                      2DTensorOf<[F32, F64]>:$scores, 2DTensorOf<[I8]>:$why,
                      Variadic<AnyRankedTensor>:$traces);
  let regions = (region SizedRegion<1>:$step);
  let assemblyFormat = [{
    $search `start` `(` $start `:` type($start) `)` `end` $end `pad` $pad
    `max_new` `(` $max_new `)`
    (`prefix` `(` $prefix^ `:` type($prefix) `)`)?
    (`prefix_lengths` `(` $prefix_lengths^ `:` type($prefix_lengths) `)`)?
    (`length_penalty` `(` $penalty^ `)`)?
    (`temperature` `(` $temperature^ `)`)?
    (`top_k` `(` $top_k^ `)`)?
    (`top_p` `(` $top_p^ `)`)?
    (`seed` `(` $seed^ `)`)?
    (`first_row` `(` $first_row^ `)`)?
    (`init` `(` $init^ `:` type($init) `)`)?
    attr-dict-with-keyword $step
    `->` type($tokens) `,` type($lengths) `,` type($scores) `,` type($why)
    (`traces` `(` type($traces)^ `)`)?
  }];
  let extraClassDeclaration = shapedDeclaration # [{
    /// Initial states, one row per row of `start`; the region sees them by lanes.
    ::mlir::OperandRange getInits() { return getInit(); }
    /// Hypotheses per row that stay alive: 1 for greedy search and sampling.
    int64_t getWidth();
    /// Hypotheses per row that are returned.
    int64_t getNumBest();
    /// Exponent of the length normalisation; an operand may replace it.
    double getLengthPenalty();
    /// The operands that only sampling has, absent ones as null.
    ::llvm::SmallVector<::mlir::Value> getSamplingOperands();
    /// Block arguments that hold the states.
    ::mlir::Block::BlockArgListType getStateArguments();
  }];
  let hasVerifier = 1;                                 // C4-C9; C3: #seq.beam, C8: #seq.sample
  let hasRegionVerifier = 1;                                               // C1, C2, C4, C6
  let hasCanonicalizer = 1;
}

#endif // DIALECT_SEQ_IR_GENERATE_TD
