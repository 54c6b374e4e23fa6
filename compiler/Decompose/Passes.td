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

#endif // COMPILER_DECOMPOSE_PASSES_TD
