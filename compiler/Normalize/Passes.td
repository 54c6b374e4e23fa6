//===- Passes.td - Recognising ops of the seq dialect -------*- tablegen -*-===//

#ifndef COMPILER_NORMALIZE_PASSES_TD
#define COMPILER_NORMALIZE_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// RecognizeMasksPass
//===----------------------------------------------------------------------===//

def RecognizeMasksPass : Pass<"seq-recognize-masks", "::mlir::func::FuncOp"> {
  let summary = "State masks of positions as causality and windows";
  let description = [{
    A mask of `seq.attention` whose elements compare the positions of query and key, and nothing else, becomes causality,
    a window and a start. The mask is followed through generics, fills, slices and unit extents to comparisons that are
    linear in both positions; together they have to bound the key by the query's position plus a number, from one side
    or from both. What is only like a mask of positions stays a mask.

    A mask that puts -inf in the place of scores, or adds it, hides keys all the same if every query sees its first key;
    so does a number of at most -1e30. Constants whose true elements, or zeros, lie between two diagonals are followed too.

    Requires: nothing. Ensures: nothing about masks of other forms.

    Before:
    ```mlir
    %m = linalg.generic outs(%e : tensor<1x1x8x8xi1>) {
      %i = linalg.index 2 : index
      %j = linalg.index 3 : index
      %c = arith.cmpi sle, %j, %i : index
      linalg.yield %c : i1
    }
    %o = seq.attention scaled %q, %k, %v mask(%m : tensor<1x1x8x8xi1>) : …
    ```
    After:
    ```mlir
    %o = seq.attention scaled %q, %k, %v {causal = #seq.causal<top_left>} : …
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numStated", "masks-stated", "Masks that became attributes">];
}

//===----------------------------------------------------------------------===//
// RecognizePatternsPass
//===----------------------------------------------------------------------===//

def RecognizePatternsPass : Pass<"seq-recognize-patterns", "::mlir::ModuleOp"> {
  let summary = "Make chains of plain ops that are one operator that operator";
  let description = [{
    A chain is found by its last op, which is replaced; it computes the same function for all inputs, up to rounding.
    Elementwise ops, fills, casts, transpositions and unit extents are looked through, however the chain is cut into ops.

    * `layer_norm`, `rms_norm`: `x / sqrt(mean(x^2) + epsilon)` along the last dimensions, with `x - mean(x)` for `x` in
      a layer norm, becomes `seq.norm`; scale and bias that follow are made its own.
    * `gelu`, `gelu_tanh`: what is GELU as a polynomial in x and erf or tanh becomes one elementwise op.
    * `attention`: `softmax(q k^T * scale + mask) v` becomes `seq.attention`, with keys and values from before their heads
      were repeated.
    * `rotary`: `x cos + turn(x) sin` of four dimensions, where `turn` makes (-b, a) of each pair (a, b) of features and
      both have one angle, becomes `seq.rotary`.
    * `qkv`: attentions whose queries, keys and values are products of one tensor are counted, no more.

    How often each was found stands on the module, by function, as `seq.recognized`.

    Requires: equal values are one value (CSE). Ensures: nothing about chains of other forms.

    Before:
    ```mlir
    %r = linalg.generic ins(%x, %mean_of_squares : tensor<?x8xf32>, tensor<?x1xf32>) outs(%e : tensor<?x8xf32>) {
    ^bb0(%in: f32, %mean: f32, %out: f32):
      %v = arith.addf %mean, %epsilon : f32
      %s = math.sqrt %v : f32
      %y = arith.divf %in, %s : f32
      linalg.yield %y : f32
    } -> tensor<?x8xf32>
    ```
    After:
    ```mlir
    %r = seq.norm rms %x from 1 epsilon 1.0e-5 : (tensor<?x8xf32>) -> tensor<?x8xf32>
    ```
  }];
  let options = [Option<"disabled", "disabled", "std::string", /*default=*/"\"\"",
                        "Patterns that are left alone, with '|' between; 'all' stands for every one">];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::seqc::seq::SeqDialect"];
  let statistics = [Statistic<"numRecognized", "patterns-recognized", "Chains that became one op">];
}

//===----------------------------------------------------------------------===//
// RecognizeQuantizedPass
//===----------------------------------------------------------------------===//

def RecognizeQuantizedPass : Pass<"seq-recognize-quantized", "::mlir::func::FuncOp"> {
  let summary = "Multiply bytes instead of the numbers they stand for";
  let description = [{
    A `linalg.matmul` both of whose operands are bytes behind `seq.dequantize` becomes a `seq.quantized_matmul` whose
    sums are multiplied by both scales. Operands are followed through reshapes, slices, casts and transposes. It is the
    same within the rounding of the product's type under these conditions, without which the product stays:

    * Scale and zero point of the left operand are one number each, or one per row; those of the right operand are one
      number each, or one per column. What changes along the depth, as blocks do, cannot leave the sum. Behind a reshape
      there is one number.
    * The right operand has a static shape, and a depth of at most 33,025: so no sum of products leaves 32 bits.
    * Scales have the product's type.

    Scales are taken to be finite, the left one below 2^96: such a scale times a sum does not overflow.

    Requires: nothing. Ensures: nothing about products of other forms.

    Before:
    ```mlir
    %a = seq.dequantize unsigned %x scale(%s) : (tensor<4x8xi8>, tensor<f32>) -> tensor<4x8xf32>
    %b = seq.dequantize %w scale(%t) axis 1 : (tensor<8x16xi8>, tensor<16xf32>) -> tensor<8x16xf32>
    %r = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x16xf32>) outs(%zero : tensor<4x16xf32>) -> tensor<4x16xf32>
    ```

    After:
    ```mlir
    %n = seq.quantized_matmul %x, %w rhs_signed transposed : (tensor<4x8xi8>, tensor<8x16xi8>) -> tensor<4x16xi32>
    %r = linalg.generic ins(%n, %s, %t : tensor<4x16xi32>, tensor<f32>, tensor<16xf32>) outs(%e : tensor<4x16xf32>) {
    ^bb0(%sum: i32, %left: f32, %right: f32, %out: f32):
      %f = arith.sitofp %sum : i32 to f32
      %p = arith.mulf %f, %left : f32
      %q = arith.mulf %p, %right : f32
      linalg.yield %q : f32
    } -> tensor<4x16xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::seqc::seq::SeqDialect"];
  let statistics = [Statistic<"numProducts", "products-quantized", "Products that became products of bytes">];
}

//===----------------------------------------------------------------------===//
// RecognizeRecurrencesPass
//===----------------------------------------------------------------------===//

def RecognizeRecurrencesPass : Pass<"seq-recognize-recurrences", "::mlir::ModuleOp"> {
  let summary = "Make loops over slices of tensors recurrences";
  let description = [{
    An `scf.for` from 0 by 1 becomes a `seq.recurrence` if its iterations

    * read the slices of tensors at the number of the iteration, or all at that of the iterations behind it, and do
      nothing else with the number,
    * carry tensors that keep their extents, and
    * write one slice each of every other carried tensor, at the same number.

    Slices may lie along any dimension; time becomes the leading one by transpositions. The rows of the recurrence are
    the leading extent of slices and states, if all have the same; without one, the recurrence has one row that holds
    everything. Only the numbers of steps and rows may be known at run time only. What is read is cut to the steps of the
    loop where it is not known to have as many. Checks that hold by the number of the iteration are dropped.

    How many were found stands on the module, by function, as `seq.recognized`.

    Requires: equal values are one value (CSE). Ensures: nothing about other loops.

    Before:
    ```mlir
    %r:2 = scf.for %i = %c0 to %t step %c1 iter_args(%h = %h0, %all = %e) -> (tensor<4x8xf32>, tensor<?x4x8xf32>) {
      %x_t = tensor.extract_slice %x[%i, 0, 0] [1, 4, 8] [1, 1, 1] : tensor<?x4x8xf32> to tensor<4x8xf32>
      %n = linalg.add ins(%x_t, %h : …) outs(%d : …) -> tensor<4x8xf32>
      %s = tensor.insert_slice %n into %all[%i, 0, 0] [1, 4, 8] [1, 1, 1] : tensor<4x8xf32> into tensor<?x4x8xf32>
      scf.yield %n, %s : tensor<4x8xf32>, tensor<?x4x8xf32>
    }
    ```
    After:
    ```mlir
    %all, %last = seq.recurrence scan(%x : tensor<?x4x8xf32>) init(%h0 : tensor<4x8xf32>) {
    ^bb0(%x_t: tensor<4x8xf32>, %h: tensor<4x8xf32>):
      %n = linalg.add ins(%x_t, %h : …) outs(%d : …) -> tensor<4x8xf32>
      seq.yield %n, %n : tensor<4x8xf32>, tensor<4x8xf32>
    } outputs(tensor<?x4x8xf32>) states(tensor<4x8xf32>)
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::seqc::seq::SeqDialect"];
  let statistics = [Statistic<"numRecognized", "recurrences-recognized", "Loops that became recurrences">];
}

//===----------------------------------------------------------------------===//
// RollStepsPass
//===----------------------------------------------------------------------===//

def RollStepsPass : Pass<"seq-roll-steps", "::mlir::func::FuncOp"> {
  let summary = "Make chains of equal steps loops";
  let description = [{
    A loop over time that was unrolled, as exporters trace it, becomes an `scf.for` again, from three steps on. Steps are
    groups of ops that differ in nothing but what they read, found by anchors, equal ops with equal constants of which each
    depends on the one before. In all steps an operand has to be

    * the same value from in front of the chain,
    * what the same op of the step gives,
    * what the same op of the step before gives, which makes it a state, or
    * a slice of one tensor at places that follow each other, or what is made of such slices the same way.

    Only the leading extent of states and slices may be known at run time only, and that of all of them: what grows is no
    recurrence, and weights of layers are none over time. What is used of other steps than the last one is stacked.
    Inserts of all steps next to each other into one tensor become one, or the stack itself.

    A budget bounds how many anchors of a block are tried, so that the cost stays linear in its ops.

    Requires: equal values are one value (CSE). Ensures: nothing about chains of other forms.

    Before:
    ```mlir
    %x0 = tensor.extract_slice %x[0, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<3x2x8xf32> to tensor<2x8xf32>
    %x1 = tensor.extract_slice %x[1, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<3x2x8xf32> to tensor<2x8xf32>
    %x2 = tensor.extract_slice %x[2, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<3x2x8xf32> to tensor<2x8xf32>
    %h1 = linalg.matmul ins(%h0, %w : …) outs(%x0 : tensor<2x8xf32>) -> tensor<2x8xf32>
    %h2 = linalg.matmul ins(%h1, %w : …) outs(%x1 : tensor<2x8xf32>) -> tensor<2x8xf32>
    %h3 = linalg.matmul ins(%h2, %w : …) outs(%x2 : tensor<2x8xf32>) -> tensor<2x8xf32>
    ```
    After:
    ```mlir
    %h3 = scf.for %i = %c0 to %c3 step %c1 iter_args(%h = %h0) -> (tensor<2x8xf32>) {
      %x_t = tensor.extract_slice %x[%i, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<3x2x8xf32> to tensor<2x8xf32>
      %n = linalg.matmul ins(%h, %w : …) outs(%x_t : tensor<2x8xf32>) -> tensor<2x8xf32>
      scf.yield %n : tensor<2x8xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numRolled", "chains-rolled", "Chains of steps that became loops">];
}

#endif // COMPILER_NORMALIZE_PASSES_TD
