// RUN: seqc-opt %s --verify-roundtrip | FileCheck %s
// RUN: seqc-opt %s --mlir-print-op-generic | seqc-opt | FileCheck %s
// RUN: seqc-opt %s --emit-bytecode | seqc-opt | FileCheck %s

// CHECK-LABEL: @recurrence_lengths_reverse
func.func @recurrence_lengths_reverse(%x: tensor<?x?x64xf32>, %h0: tensor<?x64xf32>, %len: tensor<?xi64>) {
  // CHECK: %{{output.*}}, %{{final.*}} = seq.recurrence scan(%{{.*}} : tensor<?x?x64xf32>) init(%{{.*}} : tensor<?x64xf32>) lengths(%{{.*}} : tensor<?xi64>) reverse {
  // CHECK-NEXT: ^bb0(%[[X:x_t]]: tensor<?x64xf32>, %[[H:h]]: tensor<?x64xf32>):
  // CHECK-NEXT: %[[N:.*]] = arith.addf %[[X]], %[[H]]
  // CHECK-NEXT: seq.yield %[[N]], %[[N]] : tensor<?x64xf32>, tensor<?x64xf32>
  // CHECK-NEXT: } outputs(tensor<?x?x64xf32>) states(tensor<?x64xf32>)
  %out, %last = seq.recurrence scan(%x : tensor<?x?x64xf32>)
      init(%h0 : tensor<?x64xf32>) lengths(%len : tensor<?xi64>) reverse {
  ^bb0(%xt: tensor<?x64xf32>, %h: tensor<?x64xf32>):
    %h1 = arith.addf %xt, %h : tensor<?x64xf32>
    seq.yield %h1, %h1 : tensor<?x64xf32>, tensor<?x64xf32>
  } outputs(tensor<?x?x64xf32>) states(tensor<?x64xf32>)
  return
}

// CHECK-LABEL: @recurrence_several_of_each
func.func @recurrence_several_of_each(%x: tensor<5x2x3xf32>, %ids: tensor<5x2xi32>, %h0: tensor<2x3xf32>, %c0: tensor<2x4xf64>) {
  // CHECK: %output, %output_0, %final, %final_1 = seq.recurrence scan(%{{.*}}, %{{.*}} : tensor<5x2x3xf32>, tensor<5x2xi32>) init(%{{.*}}, %{{.*}} : tensor<2x3xf32>, tensor<2x4xf64>) attributes {note = 1 : i64} {
  // CHECK: } outputs(tensor<5x2xi32>, tensor<5x2x3xf32>) states(tensor<2x3xf32>, tensor<2x4xf64>)
  %o:4 = seq.recurrence scan(%x, %ids : tensor<5x2x3xf32>, tensor<5x2xi32>)
      init(%h0, %c0 : tensor<2x3xf32>, tensor<2x4xf64>) attributes {note = 1} {
  ^bb0(%xt: tensor<2x3xf32>, %id: tensor<2xi32>, %h: tensor<2x3xf32>, %c: tensor<2x4xf64>):
    %h1 = arith.addf %xt, %h : tensor<2x3xf32>
    seq.yield %h1, %c, %id, %h1 : tensor<2x3xf32>, tensor<2x4xf64>, tensor<2xi32>, tensor<2x3xf32>
  } outputs(tensor<5x2xi32>, tensor<5x2x3xf32>) states(tensor<2x3xf32>, tensor<2x4xf64>)
  return
}

// CHECK-LABEL: @recurrence_steps_only
func.func @recurrence_steps_only(%n: index, %h0: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: seq.recurrence init(%{{.*}} : tensor<4xf32>) steps(%{{.*}}) {
  // CHECK: } states(tensor<4xf32>)
  %last = seq.recurrence init(%h0 : tensor<4xf32>) steps(%n) {
  ^bb0(%h: tensor<4xf32>):
    %h1 = arith.addf %h, %h : tensor<4xf32>
    seq.yield %h1 : tensor<4xf32>
  } states(tensor<4xf32>)
  return %last : tensor<4xf32>
}

// CHECK-LABEL: @recurrence_outputs_only
func.func @recurrence_outputs_only(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  // CHECK: seq.recurrence scan(%{{.*}} : tensor<?x?xf32>) {
  // CHECK: } outputs(tensor<?x?xf32>){{$}}
  %o = seq.recurrence scan(%x : tensor<?x?xf32>) {
  ^bb0(%xt: tensor<?xf32>):
    %y = math.tanh %xt : tensor<?xf32>
    seq.yield %y : tensor<?xf32>
  } outputs(tensor<?x?xf32>)
  return %o : tensor<?x?xf32>
}

// CHECK-LABEL: @recurrence_flat
func.func @recurrence_flat(%x: tensor<?x8xf32>, %h0: tensor<16x8xf32>, %counts: tensor<?xindex>) {
  // CHECK: %{{output.*}}, %{{final.*}} = seq.recurrence scan(%{{.*}} : tensor<?x8xf32>) init(%{{.*}} : tensor<16x8xf32>) counts(%{{.*}} : tensor<?xindex>) {
  // CHECK-NEXT: ^bb0(%{{.*}}: tensor<?x8xf32>, %{{.*}}: tensor<?x8xf32>):
  // CHECK: } outputs(tensor<?x8xf32>) states(tensor<16x8xf32>)
  %o, %last = seq.recurrence scan(%x : tensor<?x8xf32>) init(%h0 : tensor<16x8xf32>)
      counts(%counts : tensor<?xindex>) {
  ^bb0(%xt: tensor<?x8xf32>, %h: tensor<?x8xf32>):
    %h1 = arith.addf %xt, %h : tensor<?x8xf32>
    seq.yield %h1, %h1 : tensor<?x8xf32>, tensor<?x8xf32>
  } outputs(tensor<?x8xf32>) states(tensor<16x8xf32>)
  return
}

/// With counts, scanned inputs of static extent still give slices of dynamic extent.
// CHECK-LABEL: @recurrence_flat_static
func.func @recurrence_flat_static(%x: tensor<9xf32>, %counts: tensor<3xindex>) -> tensor<9xf32> {
  // CHECK: ^bb0(%{{.*}}: tensor<?xf32>):
  %o = seq.recurrence scan(%x : tensor<9xf32>) counts(%counts : tensor<3xindex>) {
  ^bb0(%xt: tensor<?xf32>):
    %y = math.tanh %xt : tensor<?xf32>
    seq.yield %y : tensor<?xf32>
  } outputs(tensor<9xf32>)
  return %o : tensor<9xf32>
}

/// Values from outside may be used inside, and recurrences may nest.
// CHECK-LABEL: @recurrence_nested
func.func @recurrence_nested(%x: tensor<?x?x8xf32>, %z: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK: seq.recurrence
  // CHECK: seq.recurrence
  %last = seq.recurrence scan(%x : tensor<?x?x8xf32>) init(%h0 : tensor<?x8xf32>) {
  ^bb0(%xt: tensor<?x8xf32>, %h: tensor<?x8xf32>):
    %inner = seq.recurrence scan(%z : tensor<?x?x8xf32>) init(%h : tensor<?x8xf32>) {
    ^bb0(%zt: tensor<?x8xf32>, %g: tensor<?x8xf32>):
      %g1 = arith.mulf %zt, %g : tensor<?x8xf32>
      seq.yield %g1 : tensor<?x8xf32>
    } states(tensor<?x8xf32>)
    %h1 = arith.addf %xt, %inner : tensor<?x8xf32>
    seq.yield %h1 : tensor<?x8xf32>
  } states(tensor<?x8xf32>)
  return %last : tensor<?x8xf32>
}
