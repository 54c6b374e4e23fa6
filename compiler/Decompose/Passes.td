//===- Passes.td - Passes that take seq ops apart -----------*- tablegen -*-===//

#ifndef COMPILER_DECOMPOSE_PASSES_TD
#define COMPILER_DECOMPOSE_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// DecomposeCellsPass
//===----------------------------------------------------------------------===//

def DecomposeCellsPass : Pass<"seq-decompose-cells", "::mlir::func::FuncOp"> {
  let summary = "Turn seq.rnn, seq.gru and seq.lstm into recurrences";
  let description = [{
    Each direction of a layer becomes one `seq.recurrence`. In its cell every gate is a
    product with the step's input on top of the bias, then a product with the hidden
    state on top of that; all arithmetic after the products is one elementwise
    `linalg.generic` (two where the reset gate of a GRU comes before its product).

    ```mlir
    %y, %yh = seq.rnn %x, %w, %r
        : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>)
        -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
    ```

    becomes

    ```mlir
    %wi = tensor.extract_slice %w[0, 0, 0] [1, 8, 4] [1, 1, 1] : ...
    %wh = tensor.extract_slice %r[0, 0, 0] [1, 8, 8] [1, 1, 1] : ...
    %out, %last = seq.recurrence scan(%x) init(%zeros) {
    ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x8xf32>):
      %a = linalg.matmul indexing_maps = [...] ins(%xt, %wi) outs(%start)
      %b = linalg.matmul indexing_maps = [...] ins(%h, %wh) outs(%a)
      %h1 = linalg.generic ... ins(%b) outs(%empty) { math.tanh }
      seq.yield %h1, %h1
    }
    %y = tensor.expand_shape %out [[0], [1, 2], [3]] ...
    ```

    Requires: nothing.
    Ensures: no `seq.rnn`, `seq.gru` or `seq.lstm` is left.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"
  ];
  let statistics = [
    Statistic<"numLayers", "layers-decomposed", "Layers turned into recurrences">
  ];
}

//===----------------------------------------------------------------------===//
// DecomposeQuantizedPass
//===----------------------------------------------------------------------===//

def DecomposeAggregatesPass : Pass<"seq-decompose-aggregates", "::mlir::func::FuncOp"> {
  let summary = "Replace ops by what they are made of";
  let description = [{
    Each op of the seq dialect with upstream's `AggregatedOpInterface` (`seq.softmax`,
    `seq.norm`) becomes the ops that its model in `compiler/Decompose` builds: reductions
    and elementwise generics, which fuse with what stands around them. A
    `seq.linear_recurrence` with a matrix, or in a semiring other than the reals, becomes a
    `seq.recurrence`; others stay for `seq-tile-linear-recurrence`.

    ```mlir
    %y = seq.norm rms %x from 1 epsilon 1.0e-6 scale(%s)
        : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
    ```

    becomes a reduction of squares, an op for the factor of each row and one for its
    elements.

    Requires: nothing.
    Ensures: no op of the seq dialect with that interface is left but linear recurrences that
    are tiled later.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numDecomposed", "num-decomposed", "Number of ops decomposed">
  ];
}

def DecomposeQuantizedPass : Pass<"seq-decompose-quantized", "::mlir::func::FuncOp"> {
  let summary = "Turn quantised products into products of bytes";
  let description = [{
    Each `seq.quantized_matmul` whose right side has a static shape becomes a `seq.matmul` of
    unsigned by signed bytes and an elementwise op that accounts for the zero points, from the
    sums of columns (`seq.column_sums`) and of rows. Zero points that are known to be 0 cost
    nothing. Right sides of dynamic shape are multiplied by a generic.

    ```mlir
    %r = seq.quantized_matmul %x, %w lhs_zero(%z) rhs_signed transposed : ...
    ```

    becomes

    ```mlir
    %p = seq.matmul %x, %w transposed init(%zeros) : ...
    %s = seq.column_sums %w transposed : (tensor<8x33xi8>) -> tensor<33xi32>
    %r = linalg.generic ... ins(%p, %z, %s) { %p - %z * %s }
    ```

    Requires: nothing.
    Ensures: no `seq.quantized_matmul` is left.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
  let statistics = [
    Statistic<"numProducts", "products-decomposed", "Quantised products taken apart">
  ];
}

//===----------------------------------------------------------------------===//
// PackRaggedPass
//===----------------------------------------------------------------------===//

def PackRaggedPass : Pass<"seq-pack-ragged", "::mlir::ModuleOp"> {
  let summary = "Store only the living rows of recurrences with lengths";
  let description = [{
    A `seq.recurrence` with lengths becomes one in flat form: rows sorted by falling
    length, the living rows of all steps one after the other, and per step the number of
    rows that take part. A reversed recurrence reads each row from its own last step, so
    that it needs no direction any more. Outputs go back to their place, zeros beyond the
    lengths; final states return to the order of the batch. Where one packed recurrence
    reads what another one wrote with the same lengths and direction, nothing is moved.

    ```mlir
    %out, %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<?x4xf32>)
        lengths(%len : tensor<?xi32>) { ... } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
    ```

    becomes

    ```mlir
    // ... loops that sort the rows and list the living ones
    %packed = linalg.generic ... { tensor.extract %x[%time, %row, %column] }
    %sorted = linalg.generic ... { tensor.extract %h0[%row, %column] }
    %p, %s = seq.recurrence scan(%packed : tensor<?x4xf32>) init(%sorted : tensor<?x4xf32>)
        counts(%counts : tensor<?xindex>) { ... } outputs(tensor<?x4xf32>) states(tensor<?x4xf32>)
    %out = scf.for ... { tensor.insert_slice }
    %last = linalg.generic ... { tensor.extract %s[%place, %column] }
    ```

    Lengths outside [0, T] are taken as the nearest bound.

    Requires: rows are independent in cells of recurrences with lengths; an op that mixes
    them is an error.
    Ensures: no recurrence has lengths.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
  let statistics = [
    Statistic<"numPacked", "recurrences-packed", "Recurrences turned into flat form">
  ];
}

//===----------------------------------------------------------------------===//
// HoistProjectionPass
//===----------------------------------------------------------------------===//

def HoistProjectionPass : Pass<"seq-hoist-projection", "::mlir::func::FuncOp"> {
  let summary = "Compute products that do not depend on the state for all steps at once";
  let description = [{
    A contraction in the cell of a recurrence that depends on step slices and values from
    outside only moves in front of the recurrence, together with what it needs, over the
    rows of all steps; its result is scanned. Elementwise ops that no product needs stay
    in the cell.

    ```mlir
    %y = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<?x8xf32>) {
    ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x8xf32>):
      %a = linalg.matmul ins(%xt, %w) outs(%bias)
      %b = linalg.matmul ins(%h, %r) outs(%a)
      ...
    ```

    becomes

    ```mlir
    %rows = tensor.collapse_shape %x [[0, 1], [2]] : tensor<?x?x4xf32> into tensor<?x4xf32>
    %a = linalg.matmul ins(%rows, %w) outs(%biases)
    %g = tensor.expand_shape %a [[0, 1], [2]] ... : tensor<?x8xf32> into tensor<?x?x8xf32>
    %y = seq.recurrence scan(%g : tensor<?x?x8xf32>) init(%h0 : tensor<?x8xf32>) {
    ^bb0(%gt: tensor<?x8xf32>, %h: tensor<?x8xf32>):
      %b = linalg.matmul ins(%h, %r) outs(%gt)
      ...
    ```

    Requires: nothing; products whose rows are not independent stay.
    Ensures: nothing.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
  let statistics = [
    Statistic<"numProducts", "products-hoisted", "Products moved out of recurrences">
  ];
}

//===----------------------------------------------------------------------===//
// DecomposeAttentionPass
//===----------------------------------------------------------------------===//

def DecomposeAttentionPass : Pass<"seq-decompose-attention", "::mlir::func::FuncOp"> {
  let summary = "Turn seq.attention into generics";
  let description = [{
    Scores are one contraction (with tanh inside for `additive`; on tensors of all pairs
    for a region), then one elementwise op applies scale, softcap, bias and masks, and the
    softmax and the product with the values follow as generics. Keys of another batch row
    (`rows`) are read inside the bodies. Sums carry `fastmath<reassoc,contract>`; scores of
    f16 and bf16 are computed in f32. A query without a live key gives zeros.

    ```mlir
    %o = seq.attention dot %q, %k, %v lengths(%n : tensor<?xi32>)
        : (tensor<?x1x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x1x8xf32>
    ```

    becomes

    ```mlir
    %s = linalg.generic ins(%q, %k) outs(%zeros)          // [b, i, j] += q[b, i, d] * k[b, j, d]
    %t = linalg.generic outs(%s)                          // j < n[b] ? s : -inf
    %m = linalg.generic ins(%t) outs(%lowest)             // maximum over j
    %e = linalg.generic ins(%m) outs(%t)                  // exp(t - m)
    %l = linalg.generic ins(%e) outs(%zeros)              // sum over j
    %p = linalg.generic ins(%e, %v) outs(%zeros)          // [b, i, c] += e[b, i, j] * v[b, j, c]
    %o = linalg.generic ins(%l) outs(%p)                  // p / l
    ```

    An attention of more than a few queries that asks for no probabilities is first put into parallel loops over its
    rows and blocks of 32 queries, of 8 for a region, by upstream's tiling, so that nothing of the size queries x keys is
    stored. One that stands directly in a function, is computed in single precision and has another score is left to `seq-tile-attention`; of it only the product of a `general` score becomes a
    `linalg.matmul` here.

    Requires: static numbers of heads.
    Ensures: no other `seq.attention` is left.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
  let statistics = [
    Statistic<"numAttentions", "attentions-decomposed", "Attention ops turned into generics">,
    Statistic<"numKept", "attentions-kept", "Attention ops left to seq-tile-attention">
  ];
}

//===----------------------------------------------------------------------===//
// TileAttentionPass
//===----------------------------------------------------------------------===//

def TileAttentionPass : Pass<"seq-tile-attention", "::mlir::func::FuncOp"> {
  let summary = "Compute attention of many queries block by block";
  let description = [{
    Keys are laid out in panels of 64, depth outermost. Blocks of 32 queries then meet one panel after the other, in
    tiles of 4 queries and of 1: the product of the scores, scale, softcap, bias and masks, the online softmax, and the
    product with the values. Panels that lengths, causality or a window hide from all queries of a block are not
    computed. Nothing of the extents queries x keys is stored. Elements of f16 and bf16 are computed in f32.

    Where it is open whether there are more than a few queries, or whether an extent of a mask is 1, both this form and
    the generics of `seq-decompose-attention` are written, and the call decides.

    Requires: attention that `seq-decompose-attention` left. Ensures: no `seq.attention` is left.

    Before:
    ```mlir
    %o = seq.attention scaled %q, %k, %v : (tensor<1x8x1024x64xf32>, …) -> tensor<1x8x1024x64xf32>
    ```
    After:
    ```mlir
    %o = scf.for %bh = %c0 to %c8 step %c1 iter_args(%x = %e) -> tensor<1x8x1024x64xf32> {
      scf.for %i = %c0 to %c1024 step %c32 iter_args(…) {
        scf.for %p = %c0 to %c16 step %c1 iter_args(…) {
          scf.for %r = %c0 to %c32 step %c4 iter_args(…) {
            %s:4 = linalg.generic {iterator_types = ["parallel", "reduction", "parallel"]} …
    ```
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "unsigned", /*default=*/"512", "Widest vector of the target, in bits">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
  let statistics = [Statistic<"numTiled", "attentions-tiled", "Attention ops turned into loops over blocks">];
}

//===----------------------------------------------------------------------===//
// TileLinearRecurrencePass
//===----------------------------------------------------------------------===//

def TileLinearRecurrencePass : Pass<"seq-tile-linear-recurrence", "::mlir::func::FuncOp"> {
  let summary = "Compute linear recurrences head by head";
  let description = [{
    Heads of a state, and its columns, never meet: the loops over them stand outside of the one over time, so that a
    block of the state stays in the first cache for a whole sequence. The loop over pairs of rows and heads is made by
    upstream's `TilingInterface`, of which a tile is a linear recurrence of one row and one head. A step goes over the rows of its block once: each
    is scaled, freed of what it held at the step's key, written, stored, and added to what the step's queries read and
    to what the next step will find at its key.

    Requires: linear recurrences that `seq-decompose-aggregates` left: over the reals, without a matrix.
    Ensures: no `seq.linear_recurrence` is left.

    Before:
    ```mlir
    %s, %o = seq.linear_recurrence real init(%s0 : tensor<2x4x64x64xf32>) decay(…) key(…) value(…) query(…)
        -> tensor<2x4x64x64xf32>, tensor<128x2x4x64xf32>
    ```
    After:
    ```mlir
    %r:2 = scf.for %bh = %c0 to %c8 step %c1 iter_args(%s = %s0, %o = %e) -> … {
      %head = tensor.extract_slice %s[%b, %h, 0, 0] [1, 1, 64, 64] [1, 1, 1, 1] : …
      scf.for %v = %c0 to %c64 step %c64 iter_args(…) {
        scf.for %t = %c0 to %c128 step %c1 iter_args(…) {
          scf.for %k = %c0 to %c64 step %c1 iter_args(…) {
            %row = vector.transfer_read %head[%c0, %c0, %k, %v] : …, vector<16xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect", "::mlir::ub::UBDialect", "::mlir::vector::VectorDialect"
  ];
  let statistics = [Statistic<"numTiled", "recurrences-tiled", "Linear recurrences turned into loops">];
}

//===----------------------------------------------------------------------===//
// DecomposeGeneratePass
//===----------------------------------------------------------------------===//

def DecomposeGeneratePass : Pass<"seq-decompose-generate", "::mlir::ModuleOp"> {
  let summary = "Turn seq.generate into a loop over buffers";
  let description = [{
    The loop counts steps, unfinished rows and lanes; everything else lives in buffers that
    are allocated in front of it: the tokens and parents of every lane at every step, the
    scores, the pool, the states, the logits. The step region is inlined; it reads tensors
    of these buffers and its results are materialised in them. Selection, compaction of
    finished rows and the trace back are private functions copied from the compiler's
    library (search.mlir with greedy.mlir or beam.mlir).

    ```mlir
    %tok, %len, %score, %why = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2]
        pad 0 max_new(%n) init(%h0 : tensor<?x8xf32>) {
    ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<?x8xf32>):
      ...
      seq.yield %z, %h1 : tensor<?x50xf32>, tensor<?x8xf32>
    } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
    ```

    becomes

    ```mlir
    %logits = memref.alloc(%lanes) : memref<?x50xf32>
    ...
    scf.while (%s = %c0, %rows = %b, %m = %b) : (index, index, index) -> ... {
      scf.condition(%rows != 0) ...
    } do {
      %id = bufferization.to_tensor %tokens[%s, 0 .. %m) restrict
      %h = bufferization.to_tensor (states of the parents) restrict writable
      ...
      bufferization.materialize_in_destination %z in restrict writable %logits[0 .. %m)
      bufferization.materialize_in_destination %h1 in restrict writable %state[0 .. %m)
      %left:2 = func.call @greedy_select_f32(%logits, ...)
      scf.yield %next, %left#0, %left#1
    }
    func.call @search_results_f32(...)
    ```

    Requires: the extents of traces are static or follow from values outside the region.
    Ensures: no `seq.generate` is left.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect", "::mlir::func::FuncDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
  let statistics = [
    Statistic<"numSearches", "searches-decomposed", "Searches turned into loops">
  ];
}

//===----------------------------------------------------------------------===//
// SplitGeneratePass
//===----------------------------------------------------------------------===//

def SplitGeneratePass : Pass<"seq-split-generate", "::mlir::ModuleOp"> {
  let summary = "Add entries for a search that the host makes";
  let description = [{
    An entry with one `seq.generate` gets two beside it. `encode` takes what the search's surroundings need and gives
    `start`, the initial states and every tensor that the step captures. `step` takes `id`, `row` and
    `position`, the states, one row per lane, and these tensors, and gives the logits, the next states and the traces.
    What is the same in every call, weights above all, is in both.

    Extents that are equal in every call have one name in `seq.signature`, for the runtime to compare. Positions,
    rows and accesses that depend on them are checked. Numbers that the step captures have to follow from
    extents of what it gets; else a remark says why there are no entries.

    Requires: a module as frontends make it. Ensures: the entry itself is not changed.

    ```mlir
    func.func @generate(%x: tensor<?x?xi32>) -> (tensor<?x1x?xi32>, ...)
    ```

    gets

    ```mlir
    func.func @encode(%x: tensor<?x?xi32>) -> (tensor<?xi32>, tensor<?x96xf32>, tensor<?x?x192xf32>)
    func.func @step(%id: tensor<?xi32>, %row: tensor<?xi32>, %position: tensor<i64>,
                    %state_0: tensor<?x96xf32>, %context_0: tensor<?x?x192xf32>)
        -> (tensor<?x14xf32>, tensor<?x96xf32>)
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
  let statistics = [
    Statistic<"numSplit", "searches-split", "Searches with entries of their own">
  ];
}

#endif // COMPILER_DECOMPOSE_PASSES_TD
