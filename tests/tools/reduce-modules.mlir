// RUN: split-file %s %t
// RUN: seqc-reduce %t/chain.mlir -reduce-signatures='test=%S/Inputs/keeps_products.sh' \
// RUN:   -simplify-attributes='test=%S/Inputs/keeps_products.sh' -shrink-extents='test=%S/Inputs/keeps_products.sh' \
// RUN: | FileCheck %s --check-prefix=CHAIN
// RUN: seqc-reduce %t/gates.mlir -shrink-extents='test=%S/Inputs/keeps_wide_cells.sh' | FileCheck %s --check-prefix=GATES
// RUN: seqc-reduce %t/calls.mlir -reduce-signatures='test=%S/Inputs/keeps_products.sh' | FileCheck %s --check-prefix=CALLS
// RUN: not seqc-reduce %t/plain.mlir -shrink-extents='test=%S/Inputs/keeps_products.sh' 2>&1 | FileCheck %s --check-prefix=PLAIN

/// Every extent of the chain becomes one: of the types, of slices, of constants.
// CHAIN-NOT: author
// CHAIN-NOT: 512
// CHAIN-NOT: 128
// CHAIN: func.func @chain() -> tensor<1x1xf32>
// CHAIN: linalg.matmul {{.*}} tensor<1x1xf32>
// CHAIN: linalg.matmul {{.*}} tensor<1x1xf32>
// CHAIN-NOT: 512

/// Four gates follow the extent of the state.
// GATES: seq.lstm %{{.*}} : (tensor<?x?x1xf32>, tensor<1x12x1xf32>, tensor<1x12x3xf32>) ->

/// Calls follow their function; nothing is passed that is not needed.
// CALLS: func.func private @twice() -> tensor<4x4xf32>
// CALLS: func.func @calls() {
// CALLS-NEXT: call @twice() : () -> tensor<4x4xf32>
// CALLS-NEXT: return

// PLAIN: error: the test script does not find the input interesting

//--- chain.mlir
module attributes {seq.metadata = "author"} {
  func.func @chain(%x: tensor<512x512xf32> {seq.name = "x"}, %unused: tensor<512xf32>) -> (tensor<512x128xf32>, tensor<512xf32>) {
    %c512 = arith.constant 512 : index
    %c0 = arith.constant 0.5 : f32
    %w = arith.constant dense<0.25> : tensor<512x256xf32>
    %v = arith.constant dense<0.125> : tensor<256x128xf32>
    %d = tensor.empty(%c512) : tensor<?x512xf32>
    %s = tensor.insert_slice %x into %d[0, 0] [512, 512] [1, 1] : tensor<512x512xf32> into tensor<?x512xf32>
    %t = tensor.extract_slice %s[0, 0] [512, 512] [1, 1] : tensor<?x512xf32> to tensor<512x512xf32>
    %e = tensor.empty() : tensor<512x256xf32>
    %f = linalg.fill ins(%c0 : f32) outs(%e : tensor<512x256xf32>) -> tensor<512x256xf32>
    %y = linalg.matmul ins(%t, %w : tensor<512x512xf32>, tensor<512x256xf32>) outs(%f : tensor<512x256xf32>) -> tensor<512x256xf32>
    %g = tensor.empty() : tensor<512x128xf32>
    %h = linalg.fill ins(%c0 : f32) outs(%g : tensor<512x128xf32>) -> tensor<512x128xf32>
    %z = linalg.matmul ins(%y, %v : tensor<512x256xf32>, tensor<256x128xf32>) outs(%h : tensor<512x128xf32>) -> tensor<512x128xf32>
    return %z, %unused : tensor<512x128xf32>, tensor<512xf32>
  }
}

//--- gates.mlir
func.func @gates(%x: tensor<?x?x64xf32>, %w: tensor<1x1024x64xf32>, %r: tensor<1x1024x256xf32>) -> tensor<?x1x?x256xf32> {
  %y:3 = seq.lstm %x, %w, %r : (tensor<?x?x64xf32>, tensor<1x1024x64xf32>, tensor<1x1024x256xf32>)
      -> (tensor<?x1x?x256xf32>, tensor<1x?x256xf32>, tensor<1x?x256xf32>)
  return %y#0 : tensor<?x1x?x256xf32>
}

//--- calls.mlir
func.func private @twice(%a: tensor<4x4xf32>, %scale: f32) -> (tensor<4x4xf32>, f32) {
  %y = linalg.matmul ins(%a, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%a : tensor<4x4xf32>) -> tensor<4x4xf32>
  %z = linalg.matmul ins(%y, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%a : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %z, %scale : tensor<4x4xf32>, f32
}
func.func @calls(%x: tensor<4x4xf32>, %f: f32) -> (tensor<4x4xf32>, f32) {
  %z, %g = call @twice(%x, %f) : (tensor<4x4xf32>, f32) -> (tensor<4x4xf32>, f32)
  return %z, %g : tensor<4x4xf32>, f32
}

//--- plain.mlir
func.func @plain(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
