//===- Passes.td - Fusing, tiling and vectorising -----------*- tablegen -*-===//

#ifndef COMPILER_TRANSFORMS_PASSES_TD
#define COMPILER_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def GenerateRuntimeChecksPass : Pass<"seq-generate-runtime-checks", "::mlir::ModuleOp"> {
  let summary = "Check in front of ops what only a call can break";
  let description = [{
    Asks every op of `seq` for what it relies on when it runs (`RuntimeVerifiableOpInterface`) and puts it
    in front of the op as `seq.require`, whose message tells the place of the op, what was found and what is
    required. In a module with the attribute `seq.unchecked`, which programs written as IR have, ops of other
    dialects are asked as well; the attribute goes.

    What is known is not checked: what types tell, extents that come from one argument, what the runtime
    checks of the inputs of an entry (`seq.signature`), and what a `seq.require` in front tells. A check that
    does not depend on the loops around it stands in front of them. One that stays in the cell of a recurrence with
    lengths is not made: it would tie rows together that end at different steps.

    Requires: nothing. Ensures: no other op of `seq` reads or writes outside of its tensors, whatever the inputs of a
    call are.

    Before:
    ```mlir
    %y = seq.recurrence scan(%a, %b : tensor<?x?x4xf32>, tensor<?x?x4xf32>) { … } outputs(tensor<?x?x4xf32>)
    ```
    After:
    ```mlir
    %found = tensor.dim %b, %c0 : tensor<?x?x4xf32>
    %required = tensor.dim %a, %c0 : tensor<?x?x4xf32>
    %equal = arith.cmpi eq, %found, %required : index
    seq.require %equal, "m.mlir:3:8: 'seq.recurrence' op scanned input 1 has {0} time steps, but {1} are required [C7]" (%found, %required)
    // … and so for the batch
    %y = seq.recurrence scan(%a, %b : tensor<?x?x4xf32>, tensor<?x?x4xf32>) { … } outputs(tensor<?x?x4xf32>)
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect", "::seqc::seq::SeqDialect"];
  let statistics = [
    Statistic<"numChecks", "num-checks", "Checks that calls make">,
    Statistic<"numKnown", "num-known", "Checks that are known to hold">
  ];
}

def InlineSingleStepPass : Pass<"seq-inline-single-step", "::mlir::func::FuncOp"> {
  let summary = "Replace recurrences of exactly one step by their cell";
  let description = [{
    A decoder applies its cell once per token. A dense recurrence whose time extent is
    statically 1 becomes the cell itself, so that later fusion sees it.

    Requires: nothing. Ensures: no dense recurrence without lengths has a static extent of 1.

    Before:
    ```mlir
    %y, %h1 = seq.recurrence scan(%x : tensor<1x?x4xf32>) init(%h : tensor<?x4xf32>) {
    ^bb0(%xt: tensor<?x4xf32>, %s: tensor<?x4xf32>):
      %n = arith.addf %xt, %s : tensor<?x4xf32>
      seq.yield %n, %n : tensor<?x4xf32>, tensor<?x4xf32>
    } outputs(tensor<1x?x4xf32>) states(tensor<?x4xf32>)
    ```
    After:
    ```mlir
    %xt = tensor.extract_slice %x[0, 0, 0] [1, %b, 4] [1, 1, 1] : tensor<1x?x4xf32> to tensor<?x4xf32>
    %h1 = arith.addf %xt, %h : tensor<?x4xf32>
    %y = tensor.expand_shape %h1 [[0, 1], [2]] output_shape [1, %b, 4] : tensor<?x4xf32> into tensor<1x?x4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numInlined", "num-inlined", "Recurrences replaced by their cell">];
}

def FuseProductsPass : Pass<"seq-fuse-products", "::mlir::func::FuncOp"> {
  let summary = "Merge products that share their rows";
  let description = [{
    Every `linalg.matmul` of f32 whose right operand has a static shape becomes `seq.matmul`; up to four
    `seq.matmul` of one block that share their left operand and shape are merged, those of bytes too. A product onto zeros that is
    only added to another tensor takes that tensor as its init.

    Requires: cells decomposed and input projections hoisted. Ensures: no f32 `linalg.matmul` with a
    static right operand is left.

    Before:
    ```mlir
    %a = linalg.matmul indexing_maps = [#x, #wt, #y] ins(%h, %wi : …) outs(%i0 : tensor<?x64xf32>)
    %b = linalg.matmul indexing_maps = [#x, #wt, #y] ins(%h, %wf : …) outs(%f0 : tensor<?x64xf32>)
    ```
    After:
    ```mlir
    %r:2 = seq.matmul %h, %wi, %wf init(%i0, %f0) : …
    ```
  }];
  let options = [
    Option<"merge", "merge", "bool", /*default=*/"true", "Merge products that share their left operand">
  ];
  let dependentDialects = ["::seqc::seq::SeqDialect"];
  let statistics = [
    Statistic<"numFused", "num-fused", "Products turned into seq.matmul">,
    Statistic<"numMerged", "num-merged", "Products merged into another one">
  ];
}

def SetTargetPass : Pass<"seq-set-target", "::mlir::ModuleOp"> {
  let summary = "Say which CPU a module is compiled for";
  let description = [{
    Sets the module attribute `seq.target`, which decides on kernels and layouts from here on.

    Requires: a module of one CPU level. Ensures: the attribute stands for the options.

    Before:
    ```mlir
    module {…}
    ```
    After:
    ```mlir
    module attributes {seq.target = #seq.target<512, avx2|avx512|vnni>} {…}
    ```
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "unsigned", /*default=*/"512", "Widest vector of the target, in bits">,
    Option<"features", "features", "std::string", /*default=*/"\"avx2|avx512\"",
           "Instruction sets with '|' between: avx2, avx512, vnni, avxvnni, bf16, amx; or none">
  ];
  let dependentDialects = ["::seqc::seq::SeqDialect"];
}

def PackProductsPass : Pass<"seq-pack-products", "::mlir::func::FuncOp"> {
  let summary = "Lay the right operands of products out for the CPU";
  let description = [{
    Each `seq.matmul` becomes `seq.packed_matmul` on a `seq.pack`, with the panels that the kernel for its
    types and the module's `seq.target` reads. So does each `seq.blockwise_matmul`, whose codes, scales and
    zero points get panels of their own. A left operand whose depth is no multiple of the kernel's unit, or
    of a block of codes, is padded by zeros. What does not depend on a loop leaves it.

    Requires: products given to generated code. Ensures: no `seq.matmul` and no `seq.blockwise_matmul` is left.

    Before:
    ```mlir
    %r:2 = seq.matmul %h, %wi, %wf init(%i0, %f0) : …
    ```
    After:
    ```mlir
    %p = seq.pack %wi, %wf : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<2x64x2x32xf32>
    %r:2 = seq.packed_matmul %h, %p init(%i0, %f0) : …
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect", "::seqc::seq::SeqDialect"];
  let statistics = [Statistic<"numPacked", "num-packed", "Products packed">];
}

def FuseElementwisePass : Pass<"seq-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "Fuse elementwise ops into multi-result linalg.generic ops";
  let description = [{
    Arithmetic on tensors becomes `linalg.generic`; producers are fused into their consumers where both are
    elementwise, with all results that are still used kept as results of one op. Products and
    reductions are not fused into each other.

    Requires: arithmetic on ranked tensors. Ensures: no arith or math op works on tensors.

    Before:
    ```mlir
    %a = arith.addf %x, %y : tensor<?x8xf32>
    %b = math.tanh %a : tensor<?x8xf32>
    ```
    After:
    ```mlir
    %b = linalg.generic {…} ins(%x, %y : …) outs(%e : …) {
    ^bb0(%u: f32, %v: f32, %o: f32):
      %s = arith.addf %u, %v : f32
      %t = math.tanh %s : f32
      linalg.yield %t : f32
    } -> tensor<?x8xf32>
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numFused", "num-fused", "Ops fused into their consumer">];
}

def TileProductsPass : Pass<"seq-tile-products", "::mlir::func::FuncOp"> {
  let summary = "Tile packed products together with their elementwise consumer";
  let description = [{
    Each `seq.packed_matmul`, together with the one elementwise op that consumes all its results
    if there is one, becomes loops over panels of columns and tiles of rows. All bodies are static: full panels
    and one tail panel; rows in tiles of 4, then 3, 2 and 1 (with vectors of 512 bits; narrower ones have
    fewer accumulators and get fewer rows at a time). The body of a tile is that of the kernel for the types
    and the module's `seq.target`. Fills and broadcasts that
    feed a tile are recomputed inside it. Rows beyond `row-block` are cut into blocks
    when the product stands outside of loops, so that a block of the left operand stays in the L2 cache.

    Requires: packed products; recurrences converted to loops. Ensures: no `seq.packed_matmul` is left;
    a product of floats is a static `linalg.generic` over (row, k, column), one of bytes a loop over vectors.

    Before:
    ```mlir
    %p:2 = seq.packed_matmul %h, %w init(%a, %b) : …
    %r = linalg.generic {…} ins(%p#0, %p#1 : tensor<?x64xf32>, tensor<?x64xf32>) outs(%e : tensor<?x64xf32>) …
    ```
    After:
    ```mlir
    %r = scf.for %j = %c0 to %c4 step %c1 iter_args(%o = %e) -> tensor<?x64xf32> {
      scf.for %i = %c0 to %m4 step %c4 iter_args(…) {
        %q:2 = linalg.generic {iterator_types = ["parallel", "reduction", "parallel"]} …
        %t = linalg.generic {iterator_types = ["parallel", "parallel"]} ins(%q#0, %q#1 : …) …
    ```
  }];
  let options = [
    Option<"rowBlock", "row-block", "int64_t", /*default=*/"128", "Rows of a cache block outside of loops">
  ];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::ub::UBDialect", "::mlir::vector::VectorDialect",
                           "::seqc::seq::SeqDialect"];
  let statistics = [
    Statistic<"numTiled", "num-tiled", "Products tiled">,
    Statistic<"numWithTail", "num-with-tail", "Products tiled together with an elementwise consumer">
  ];
}

def TileContractionsPass : Pass<"seq-tile-contractions", "::mlir::func::FuncOp"> {
  let summary = "Tile products whose right operand is computed at run time";
  let description = [{
    A contraction of f32 tensors with one reduction, whose result and right operand have the same innermost loop,
    becomes loops over batches, panels of columns (64 and the rest; 64, 16 and 1 if their number is dynamic) and
    tiles of rows. The right operand is read as it is. Bodies are static but for the depth, which the vectoriser
    tiles by one. A filled initial value is filled tile by tile.

    Requires: weights packed. Ensures: nothing about contractions of another form, which become loops.

    Before:
    ```mlir
    %r = linalg.batch_matmul ins(%a, %b : tensor<?x?x?xf32>, tensor<?x?x64xf32>) outs(%z : tensor<?x?x64xf32>) …
    ```
    After:
    ```mlir
    %r = scf.for %b = %c0 to %n step %c1 iter_args(%o = %e) -> tensor<?x?x64xf32> {
      scf.for %i = %c0 to %m4 step %c4 iter_args(…) {
        %q = linalg.generic {iterator_types = ["parallel", "reduction", "parallel"]} …
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect", "::seqc::seq::SeqDialect"];
  let statistics = [Statistic<"numTiled", "num-tiled", "Contractions tiled">];
}

def NumberLoopsPass : Pass<"seq-number-loops", "::mlir::func::FuncOp"> {
  let summary = "Tell loops of equal bounds apart";
  let description = [{
    Each `scf.for` that carries something gets a number as attribute `seq.loop_number`, so that upstream's elimination
    of common subexpressions, which hashes loops without their bodies, does not compare every loop of a deep model
    with every other one. `seq-bufferize` takes the numbers away.

    Requires: equal ops merged. Ensures: nothing else changes.

    Before:
    ```mlir
    %r = scf.for %i = %c0 to %n step %c8 iter_args(%o = %e) -> (tensor<?x8xf32>) {…}
    ```
    After:
    ```mlir
    %r = scf.for %i = %c0 to %n step %c8 iter_args(%o = %e) -> (tensor<?x8xf32>) {…} {seq.loop_number = 0 : i64}
    ```
  }];
  let statistics = [Statistic<"numLoops", "num-loops", "Loops numbered">];
}

def VectorizeTilesPass : Pass<"seq-vectorize-tiles", "::mlir::func::FuncOp"> {
  let summary = "Turn static tiles into vector code with accumulators in registers";
  let description = [{
    Tiles the depth of every static product by one, vectorises static `linalg.generic` ops,
    folds tensor subsets into transfers and hoists loop-invariant subsets, so that accumulators become
    loop-carried vectors and a product's tile is forwarded to its consumer without memory.
    Ops of dynamic or large shape are left for loops.

    Requires: tiles from `seq-tile-products`. Ensures: tiles are vectors.

    Before:
    ```mlir
    %q = linalg.generic {iterator_types = ["parallel", "reduction", "parallel"]} ins(%a, %b : tensor<4x512xf32>, tensor<512x16xf32>) …
    ```
    After:
    ```mlir
    %q = scf.for %k = %c0 to %c512 step %c1 iter_args(%acc = %v) -> vector<4x16xf32> {
      %c = vector.contract {…} %ak, %bk, %acc : vector<4x1xf32>, vector<1x16xf32> into vector<4x16xf32>
    ```
  }];
  let options = [
    Option<"maxElements", "max-elements", "int64_t", /*default=*/"1024", "Largest tile to vectorise, in elements">
  ];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::ub::UBDialect", "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numVectorized", "num-vectorized", "Tiles vectorised">,
    Statistic<"numKept", "num-kept", "Ops left for loops">
  ];
}

def OffloadProductsPass : Pass<"seq-offload-products", "::mlir::ModuleOp"> {
  let summary = "Give products to oneDNN";
  let description = [{
    Decides for every `seq.matmul` who computes it and, where it is the library, writes one
    `dnn.matmul` per right operand, its primitive made outside of loops. `backend` is `llvm`,
    `onednn` or `auto`; `auto` takes the library for products whose row count is known and whose
    work is at least `min-flops`. Every decision is kept in the module attribute `seq.explain`.

    Requires: products merged. Ensures: the attribute lists every product.

    Before:
    ```mlir
    %r = seq.matmul %x, %w init(%a) : …
    ```
    After:
    ```mlir
    %c = dnn.create_matmul %w transposed constant : tensor<2048x512xf32>
    %r = dnn.matmul %c, %x, %w outs(%a) : …
    ```
  }];
  let options = [
    Option<"backend", "backend", "std::string", /*default=*/"\"llvm\"", "Who computes products: llvm, onednn or auto">,
    Option<"minFlops", "min-flops", "int64_t", /*default=*/"1000000000", "Least work, in floating-point operations, that auto offloads">
  ];
  let dependentDialects = ["::seqc::dnn::DNNDialect"];
  let statistics = [Statistic<"numOffloaded", "num-offloaded", "Products given to the library">];
}

#endif // COMPILER_TRANSFORMS_PASSES_TD
