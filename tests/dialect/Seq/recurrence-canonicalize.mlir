// RUN: seqc-opt %s --canonicalize --split-input-file | FileCheck %s
// RUN: seqc-opt %s --loop-invariant-code-motion --split-input-file | FileCheck %s --check-prefix=LICM

// CHECK-LABEL: @drop_unused_output
func.func @drop_unused_output(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK: %[[R:.*]] = seq.recurrence scan
  // CHECK: seq.yield %{{.*}} : tensor<?x8xf32>{{$}}
  // CHECK: } states(tensor<?x8xf32>)
  // CHECK: return %[[R]]
  %o, %last = seq.recurrence scan(%x : tensor<?x?x8xf32>) init(%h0 : tensor<?x8xf32>) attributes {kept} {
  ^bb0(%xt: tensor<?x8xf32>, %h: tensor<?x8xf32>):
    %h1 = arith.addf %xt, %h : tensor<?x8xf32>
    seq.yield %h1, %h1 : tensor<?x8xf32>, tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>) states(tensor<?x8xf32>)
  return %last : tensor<?x8xf32>
}

// -----

/// The second input and the second state feed nothing; lengths, direction and attributes stay.
// CHECK-LABEL: @drop_unused_input_and_state
//  CHECK-SAME:   %[[X:[^:]*]]: tensor<?x?x8xf32>, %{{[^:]*}}: tensor<?x?x4xf32>, %[[H:[^:]*]]: tensor<?x8xf32>
func.func @drop_unused_input_and_state(%x: tensor<?x?x8xf32>, %z: tensor<?x?x4xf32>, %h0: tensor<?x8xf32>, %c0: tensor<?x2xf32>, %len: tensor<?xi32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  // CHECK: seq.recurrence scan(%[[X]] : tensor<?x?x8xf32>) init(%[[H]] : tensor<?x8xf32>) lengths(%{{.*}} : tensor<?xi32>) reverse attributes {kept} {
  // CHECK-NEXT: ^bb0(%[[XT:.*]]: tensor<?x8xf32>, %[[HT:.*]]: tensor<?x8xf32>):
  // CHECK-NEXT: arith.addf %[[XT]], %[[HT]]
  // CHECK-NEXT: seq.yield
  %o, %last, %lastc = seq.recurrence scan(%z, %x : tensor<?x?x4xf32>, tensor<?x?x8xf32>)
      init(%c0, %h0 : tensor<?x2xf32>, tensor<?x8xf32>) lengths(%len : tensor<?xi32>) reverse attributes {kept} {
  ^bb0(%zt: tensor<?x4xf32>, %xt: tensor<?x8xf32>, %c: tensor<?x2xf32>, %h: tensor<?x8xf32>):
    %h1 = arith.addf %xt, %h : tensor<?x8xf32>
    %c1 = math.tanh %h1 : tensor<?x8xf32>
    %c2 = tensor.extract_slice %c1[0, 0] [1, 2] [1, 1] : tensor<?x8xf32> to tensor<1x2xf32>
    %c3 = tensor.cast %c2 : tensor<1x2xf32> to tensor<?x2xf32>
    seq.yield %c3, %h1, %h1 : tensor<?x2xf32>, tensor<?x8xf32>, tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>) states(tensor<?x2xf32>, tensor<?x8xf32>)
  return %o, %lastc : tensor<?x?x8xf32>, tensor<?x8xf32>
}

// -----

/// One scanned input gives the time extent even if no step reads it.
// CHECK-LABEL: @keep_one_input
//  CHECK-SAME:   %[[X:[^:]*]]: tensor<?x?x8xf32>
func.func @keep_one_input(%x: tensor<?x?x8xf32>, %z: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK: seq.recurrence scan(%[[X]] : tensor<?x?x8xf32>)
  %last = seq.recurrence scan(%x, %z : tensor<?x?x8xf32>, tensor<?x?x8xf32>) init(%h0 : tensor<?x8xf32>) {
  ^bb0(%xt: tensor<?x8xf32>, %zt: tensor<?x8xf32>, %h: tensor<?x8xf32>):
    %h1 = math.tanh %h : tensor<?x8xf32>
    seq.yield %h1 : tensor<?x8xf32>
  } states(tensor<?x8xf32>)
  return %last : tensor<?x8xf32>
}

// -----

/// A state that two results need and that feeds another state stays.
// CHECK-LABEL: @keep_used_states
func.func @keep_used_states(%n: index, %h0: tensor<?x8xf32>, %c0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK: seq.recurrence init(%{{.*}}, %{{.*}} : tensor<?x8xf32>, tensor<?x8xf32>)
  %h, %c = seq.recurrence init(%h0, %c0 : tensor<?x8xf32>, tensor<?x8xf32>) steps(%n) {
  ^bb0(%h: tensor<?x8xf32>, %c: tensor<?x8xf32>):
    %h1 = arith.addf %h, %c : tensor<?x8xf32>
    %c1 = math.tanh %c : tensor<?x8xf32>
    seq.yield %h1, %c1 : tensor<?x8xf32>, tensor<?x8xf32>
  } states(tensor<?x8xf32>, tensor<?x8xf32>)
  return %h : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: @forward_invariant_state
//  CHECK-SAME:   %{{.*}}: tensor<?x?x8xf32>, %[[H:.*]]: tensor<?x8xf32>
func.func @forward_invariant_state(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  // CHECK: %[[O:.*]] = seq.recurrence scan(%{{.*}} : tensor<?x?x8xf32>) {
  // CHECK-NEXT: ^bb0(%[[XT:.*]]: tensor<?x8xf32>):
  // CHECK-NEXT: arith.addf %[[XT]], %[[H]]
  // CHECK: return %[[O]], %[[H]]
  %o, %last = seq.recurrence scan(%x : tensor<?x?x8xf32>) init(%h0 : tensor<?x8xf32>) {
  ^bb0(%xt: tensor<?x8xf32>, %h: tensor<?x8xf32>):
    %y = arith.addf %xt, %h : tensor<?x8xf32>
    seq.yield %h, %y : tensor<?x8xf32>, tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>) states(tensor<?x8xf32>)
  return %o, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}

// -----

/// The state argument of the flat form holds the living rows, the initial value holds all.
// CHECK-LABEL: @no_forward_flat_state
func.func @no_forward_flat_state(%x: tensor<?x8xf32>, %h0: tensor<?x8xf32>, %counts: tensor<?xindex>) -> tensor<?x8xf32> {
  // CHECK: seq.recurrence {{.*}} init
  %o, %last = seq.recurrence scan(%x : tensor<?x8xf32>) init(%h0 : tensor<?x8xf32>) counts(%counts : tensor<?xindex>) {
  ^bb0(%xt: tensor<?x8xf32>, %h: tensor<?x8xf32>):
    %y = arith.addf %xt, %h : tensor<?x8xf32>
    seq.yield %h, %y : tensor<?x8xf32>, tensor<?x8xf32>
  } outputs(tensor<?x8xf32>) states(tensor<?x8xf32>)
  return %o : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: @merge_equal_inputs_and_outputs
//  CHECK-SAME:   %[[X:.*]]: tensor<?x?x8xf32>
func.func @merge_equal_inputs_and_outputs(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  // CHECK: %[[O:.*]] = seq.recurrence scan(%[[X]] : tensor<?x?x8xf32>) {
  // CHECK-NEXT: ^bb0(%[[XT:.*]]: tensor<?x8xf32>):
  // CHECK-NEXT: arith.mulf %[[XT]], %[[XT]]
  // CHECK: return %[[O]], %[[O]]
  %o:2 = seq.recurrence scan(%x, %x : tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  ^bb0(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>):
    %y = arith.mulf %a, %b : tensor<?x8xf32>
    seq.yield %y, %y : tensor<?x8xf32>, tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>, tensor<?x?x8xf32>)
  return %o#0, %o#1 : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// -----

// CHECK-LABEL: @forward_repeated_input
//  CHECK-SAME:   %[[X:.*]]: tensor<?x?x8xf32>
func.func @forward_repeated_input(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK-NOT: seq.recurrence
  // CHECK: return %[[X]]
  %o = seq.recurrence scan(%x : tensor<?x?x8xf32>) reverse {
  ^bb0(%a: tensor<?x8xf32>):
    seq.yield %a : tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>)
  return %o : tensor<?x?x8xf32>
}

// -----

/// Beyond a row's length the output is zero, the input need not be.
// CHECK-LABEL: @no_forward_input_with_lengths
func.func @no_forward_input_with_lengths(%x: tensor<?x?x8xf32>, %len: tensor<?xi32>) -> tensor<?x?x8xf32> {
  // CHECK: %[[O:.*]] = seq.recurrence
  // CHECK: return %[[O]]
  %o = seq.recurrence scan(%x : tensor<?x?x8xf32>) lengths(%len : tensor<?xi32>) {
  ^bb0(%a: tensor<?x8xf32>):
    seq.yield %a : tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>)
  return %o : tensor<?x?x8xf32>
}

// -----

/// An unused recurrence goes as a whole.
// CHECK-LABEL: @drop_unused_recurrence
func.func @drop_unused_recurrence(%x: tensor<?x?x8xf32>) {
  // CHECK-NEXT: return
  %o = seq.recurrence scan(%x : tensor<?x?x8xf32>) {
  ^bb0(%a: tensor<?x8xf32>):
    %y = math.tanh %a : tensor<?x8xf32>
    seq.yield %y : tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>)
  return
}

// -----

// LICM-LABEL: @hoist_invariant_work
func.func @hoist_invariant_work(%x: tensor<?x?x8xf32>, %w: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // LICM: math.tanh
  // LICM: seq.recurrence
  // LICM-NOT: math.tanh
  %o = seq.recurrence scan(%x : tensor<?x?x8xf32>) {
  ^bb0(%a: tensor<?x8xf32>):
    %t = math.tanh %w : tensor<?x8xf32>
    %y = arith.addf %a, %t : tensor<?x8xf32>
    seq.yield %y : tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>)
  return %o : tensor<?x?x8xf32>
}

// -----

/// A static recurrence without lengths may run once in front of an outer one; with lengths it
/// stays, since a wrong length must not matter where no step runs.
// LICM-LABEL: @hoist_static_recurrence_only
//       LICM:   seq.recurrence scan(%{{.*}} : tensor<3x2x8xf32>) init(%{{[^ ]*}} : tensor<2x8xf32>) {
//       LICM:   seq.recurrence scan(%{{.*}} : tensor<?x2x8xf32>) {
//       LICM:     seq.recurrence scan(%{{.*}} : tensor<3x2x8xf32>) init(%{{[^ ]*}} : tensor<2x8xf32>) lengths
func.func @hoist_static_recurrence_only(%x: tensor<?x2x8xf32>, %z: tensor<3x2x8xf32>, %len: tensor<2xi32>) -> (tensor<?x2x8xf32>, tensor<?x2x8xf32>) {
  %init = arith.constant dense<0.0> : tensor<2x8xf32>
  %o:2 = seq.recurrence scan(%x : tensor<?x2x8xf32>) {
  ^bb0(%a: tensor<2x8xf32>):
    %p, %q = seq.recurrence scan(%z : tensor<3x2x8xf32>) init(%init : tensor<2x8xf32>) {
    ^bb0(%b: tensor<2x8xf32>, %h: tensor<2x8xf32>):
      %h1 = arith.addf %b, %h : tensor<2x8xf32>
      seq.yield %h1, %h1 : tensor<2x8xf32>, tensor<2x8xf32>
    } outputs(tensor<3x2x8xf32>) states(tensor<2x8xf32>)
    %r, %s = seq.recurrence scan(%z : tensor<3x2x8xf32>) init(%init : tensor<2x8xf32>) lengths(%len : tensor<2xi32>) {
    ^bb0(%b: tensor<2x8xf32>, %h: tensor<2x8xf32>):
      %h1 = arith.addf %b, %h : tensor<2x8xf32>
      seq.yield %h1, %h1 : tensor<2x8xf32>, tensor<2x8xf32>
    } outputs(tensor<3x2x8xf32>) states(tensor<2x8xf32>)
    %y = arith.addf %a, %q : tensor<2x8xf32>
    %z1 = arith.addf %a, %s : tensor<2x8xf32>
    seq.yield %y, %z1 : tensor<2x8xf32>, tensor<2x8xf32>
  } outputs(tensor<?x2x8xf32>, tensor<?x2x8xf32>)
  return %o#0, %o#1 : tensor<?x2x8xf32>, tensor<?x2x8xf32>
}

// -----

/// With lengths the rows of a cell come in another order than those outside: a state that no step changes stays one.
// CHECK-LABEL: @keep_invariant_state_of_rows
func.func @keep_invariant_state_of_rows(%x: tensor<?x?x8xf32>, %s0: tensor<?x8xf32>, %len: tensor<?xi32>) -> tensor<?x?x8xf32> {
  // CHECK: ^bb0(%[[XT:.*]]: tensor<?x8xf32>, %[[S:.*]]: tensor<?x8xf32>):
  // CHECK-NEXT: arith.addf %[[XT]], %[[S]]
  %o, %last = seq.recurrence scan(%x : tensor<?x?x8xf32>) init(%s0 : tensor<?x8xf32>) lengths(%len : tensor<?xi32>) {
  ^bb0(%xt: tensor<?x8xf32>, %s: tensor<?x8xf32>):
    %y = arith.addf %xt, %s : tensor<?x8xf32>
    seq.yield %s, %y : tensor<?x8xf32>, tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>) states(tensor<?x8xf32>)
  return %o : tensor<?x?x8xf32>
}

// -----

/// What has no elements is made on the spot; steps and rows are still counted.
// CHECK-LABEL: @drop_empty_parts
func.func @drop_empty_parts(%x: tensor<?x?x0xf32>, %h0: tensor<?x8xf32>, %e0: tensor<?x0xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x0xf32>, tensor<?x0xf32>) {
  // CHECK-DAG: tensor.empty(%{{.*}}, %{{.*}}) : tensor<?x?x0xf32>
  // CHECK-DAG: tensor.empty(%{{.*}}) : tensor<?x0xf32>
  // CHECK-DAG: %[[COUNTED:.*]] = tensor.empty(%{{.*}}, %{{.*}}) : tensor<?x?xf32>
  // CHECK: seq.recurrence scan(%[[COUNTED]] : tensor<?x?xf32>) init(%{{[^,]*}} : tensor<?x8xf32>) {
  // CHECK-NEXT: ^bb0(%{{.*}}: tensor<?xf32>, %[[H:.*]]: tensor<?x8xf32>):
  // CHECK-NEXT: %[[N:.*]] = arith.addf %[[H]], %[[H]]
  // CHECK-NEXT: seq.yield %[[N]], %[[N]]
  %o, %p, %h, %e = seq.recurrence scan(%x : tensor<?x?x0xf32>) init(%h0, %e0 : tensor<?x8xf32>, tensor<?x0xf32>) {
  ^bb0(%xt: tensor<?x0xf32>, %s: tensor<?x8xf32>, %f: tensor<?x0xf32>):
    %n = arith.addf %s, %s : tensor<?x8xf32>
    %g = arith.addf %xt, %f : tensor<?x0xf32>
    seq.yield %n, %g, %n, %g : tensor<?x8xf32>, tensor<?x0xf32>, tensor<?x8xf32>, tensor<?x0xf32>
  } outputs(tensor<?x?x8xf32>, tensor<?x?x0xf32>) states(tensor<?x8xf32>, tensor<?x0xf32>)
  return %o, %p, %e : tensor<?x?x8xf32>, tensor<?x?x0xf32>, tensor<?x0xf32>
}
